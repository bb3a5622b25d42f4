/**
 * Emits a region: `function region_1108(left) { … }`, run as a method of the TB it is entered at, with the insns that are
 * left of the budget once that TB's block has been counted.
 *
 *   if (left < this.reach) return short(this, left);
 *   let at = this.entry, n = left + this.size | 0, used = 0, pc = 0, way = -1, eax = R[0], …;
 *   leave: {
 *     L2: for (;;) {
 *       if (esi >>> 0 > 16777212) { used = 3; pc = 0x1110; break leave; }
 *       …
 *       if (ecx !== 0) {
 *         if ((n = n - 5 | 0) < 5) { way = 10; break leave; }
 *         continue L2;
 *       }
 *       used = 5; way = 8; break leave;
 *     }
 *   }
 *   R[0] = eax; …
 *   return leave(tbs, way, pc, (n - used | 0) - left | 0);
 *
 * Guest-state slots are local variables throughout; whatever any block sets is written back at the one way out. Of a float
 * and its words one is what is up to date between blocks (homes.ts). The region is not entered with a NaN where that is the
 * float, as a JavaScript number need not keep what it carries; nor, where the float is to be tame, while it is not; nor while
 * state that it does not change would have it left (guards.ts).
 *
 * A way out does nothing but assign constants. V8 compiles what has not run yet to a deoptimisation, and most ways out have
 * not run when the region becomes hot; constants need no feedback.
 */
import type { Expression, MemberExpression, Statement } from "estree";
import type { Op } from "../ir/block.ts";
import { globalOf, helperOf, isGet, isSet } from "../ir/block.ts";
import type { Budget } from "../ir/budget.ts";
import { budgetOf } from "../ir/budget.ts";
import type { Flow, FlowNode } from "../ir/flow.ts";
import { analyzeFlow, isBackEdge } from "../ir/flow.ts";
import { OPS } from "../ir/ops.ts";
import type { Region } from "../ir/region.ts";
import type { Global, GlobalSet, Helper } from "../ir/types.ts";
import { overlaps } from "../ir/types.ts";
import { assign, block as blockOf, call, id, int, item, when } from "./estree.ts";
import type { Naming } from "./emitter.ts";
import { guardExpression, takeGuards } from "./guards.ts";
import type { PageLocal } from "./page-locals.ts";
import { choosePageLocals } from "./page-locals.ts";
import { StateEmitter, touches, variableOf } from "./state-emitter.ts";
import { structure } from "./structure.ts";
import type { EmitTarget } from "./target.ts";
import { instantiate, PREDICATES, template } from "./templates.ts";
import { chooseHomes, isOnlyWriter, Usage } from "./homes.ts";
import { trustTame } from "./tame.ts";
import type { Variable } from "./views.ts";
import { findViews } from "./views.ts";

/** A variable of a region's function, and what it starts as. */
export interface RegionVariable {
  readonly name: string;
  readonly type: Global["type"];
  readonly init: Expression;
}

/** A region, before somebody makes a function of it: JavaScript (region-function.ts) or WebAssembly (tcg/wasm). */
export interface EmittedRegion {
  /** Conditions, of the state file only, under which it is not entered. */
  readonly guards: readonly Expression[];
  /** Run-time functions that they call. */
  readonly guardNames: ReadonlySet<string>;
  /** All but `at n used pc way left`. */
  readonly variables: readonly RegionVariable[];
  /** What it does; ways out break to its label, `leave`. */
  readonly body: Statement;
  /** Writes back what has changed. */
  readonly writeBack: readonly Statement[];
  /** Free names of `body` and `writeBack`, of `variables` and `guards`. */
  readonly names: ReadonlySet<string>;
  readonly helpers: ReadonlySet<Helper>;
  /** Where it may be entered, by number of the entry: a block, and the insns that must be left there. */
  readonly entries: readonly { readonly block: number; readonly reach: number }[];
}

/** Writes a region of optimised blocks. */
export function emitRegion(region: Region, target: EmitTarget): EmittedRegion {
  return new RegionEmitter(region, target).emit();
}

/** Ways out that are not by an exit of a block: in front of an insn, to a pc, to wherever pc and mode say. */
export const WAY_ASIDE = -1, WAY_JUMP = -2, WAY_ANEW = -3;
/** Ways out by a block: number of the block times 4, plus its link, or this to run the block itself. */
export const WAY_SELF = 2;

const make = (source: string, ...operands: Expression[]): Expression => instantiate(template(source).expression, operands);

/** `n = n - cost | 0` */
const count = (cost: number): Expression => make(cost < 0 ? "n + $0 | 0" : "n - $0 | 0", int(Math.abs(cost)));
const counted = (cost: number): Statement[] => (cost === 0 ? [] : [assign(id("n"), count(cost))]);

/** Leaves the region; `used` insns have not been counted. */
function wayOut(way: number, used: number): Statement[] {
  return [
    ...(used === 0 ? [] : [assign(id("used"), int(used))]),
    ...(way === WAY_ASIDE ? [] : [assign(id("way"), int(way))]),
    { type: "BreakStatement", label: id("leave") },
  ];
}

class RegionEmitter {
  readonly target: EmitTarget;
  readonly region: Region;
  readonly flow: Flow;
  readonly budget: Budget;
  readonly variables = new Map<Global, Variable>();
  readonly naming: Naming = { used: 0 };
  readonly pages: ReadonlyMap<Op, PageLocal>;
  private readonly names = new Set<string>();
  private readonly helpers = new Set<Helper>();
  /** Conditions that keep it from being entered, by what they look like. */
  private readonly guards = new Map<string, Expression>();
  /** Run-time functions that they call. */
  private readonly guardNames = new Set<string>();

  constructor(region: Region, target: EmitTarget) {
    this.region = region;
    this.target = target;
    this.flow = analyzeFlow(region);
    this.budget = budgetOf(region, this.flow);
    this.pages = target.memory.kind === "tlb" ? choosePageLocals(region, this.flow, target.frames) : new Map();
  }

  emit(): EmittedRegion {
    this.takeGuards();
    this.findVariables();
    const body = structure(this.flow, {
      node: (node, follow) => (node.dispatch === null ? this.blockOf(node, follow) : dispatch(node, follow)),
      edge: (from, to) => this.edge(from, to),
    });
    const { flow, budget } = this, variables = this.declarations(), writeBack = this.writeBack();
    return {
      guards: [...this.guards.values(), ...this.lasting().filter((v) => v.global.type !== "i32").map(({ global }) => this.isUnfit(global))],
      guardNames: this.guardNames, variables, body: { type: "LabeledStatement", label: id("leave"), body: blockOf(body) }, writeBack,
      names: this.names, helpers: this.helpers,
      entries: flow.entries.map((block) => ({ block, reach: budget.reachOf(flow.nodeOf[block]) })),
    };
  }

  private takeGuards(): void {
    const blocks = this.flow.nodes.map(({ block }) => this.region.blocks[block].block), ops = blocks.flatMap((block) => block.ops);
    const written: GlobalSet[] = ops.map((op) => (isSet(op) ? [globalOf(op)] : op.def === OPS.call ? helperOf(op).writes : []));
    const changing = written.includes("all") ? "all" : written.flat() as readonly Global[];
    const isConstant = (global: Global): boolean => !touches(changing, global);
    for (const condition of blocks.flatMap((block) => takeGuards(block, isConstant))) {
      const guard = guardExpression(condition, (global) => this.slot(global), this.guardNames);
      this.guards.set(JSON.stringify(guard), guard);
    }
  }

  // ---- variables

  private findVariables(): void {
    const { variables } = this, written: GlobalSet[] = [];
    for (const { block } of this.flow.nodes) {
      for (const op of this.region.blocks[block].block.ops) {
        if (isGet(op)) variableOf(variables, op.ref as Global);
        else if (isSet(op)) variableOf(variables, op.ref as Global).isSet = true;
        else if (op.def === OPS.call) written.push(helperOf(op).writes);
      }
    }
    const { packed } = this.target;
    if (packed !== null) {
      for (const { global } of packed.parts) variableOf(variables, global).isPart = true;
      for (const global of packed.also) variableOf(variables, global);
    }
    for (const v of variables.values()) if (written.some((set) => touches(set, v.global))) v.isSet = true;
    const usage = new Usage(this.flow.nodes.map(({ block }) => this.region.blocks[block].block));
    for (const views of findViews(variables)) {
      chooseHomes(views, usage, written, (global) => variableOf(variables, global));
      for (const home of views.homes) home.isSet = views.variables.some((v) => v.isSet && overlaps(v.global, home.global));
    }
    const tame = this.lasting().filter((v) => v.global.isTame === true && isOnlyWriter(v, v.views?.variables ?? [], usage, written));
    for (const { block } of this.flow.nodes) trustTame(this.region.blocks[block].block, new Set(tame.map((v) => v.global)));
  }

  /** Variables that hold the state between blocks. */
  private lasting(): Variable[] {
    return [...this.variables.values()].filter((v) => !v.isPart && (v.views === null || v.views.homes.includes(v)));
  }

  /** True where a float on entry keeps the region from being entered. */
  private isUnfit(global: Global): Expression {
    if (global.isTame !== true) return make("$0 !== $1", this.slot(global), this.slot(global));
    const source = `${PREDICATES[global.type === "f32" ? "tiny_f32" : "tiny_f64"]} && $0 !== 0`;
    for (const name of template(source).names) this.guardNames.add(name);
    return make(source, this.slot(global));
  }

  private slot({ type, index }: Global): MemberExpression {
    const [array, at] = type === "f64" ? ["F64", index >> 1] : [type === "f32" ? "F32" : "R", index];
    this.names.add(array);
    return item(array, int(at));
  }

  private declarations(): RegionVariable[] {
    const lasting = this.lasting(), { packed } = this.target;
    const word = (name: string, init: Expression): RegionVariable => ({ name, type: "i32", init });
    return [
      ...lasting.map(({ global }) => ({ name: global.name, type: global.type, init: this.slot(global) })),
      ...[...this.variables.values()].filter((v) => v.views?.homes.includes(v) === false).map(({ global: { name, type } }) => ({ name, type, init: int(0) })),
      ...[...new Set(this.pages.values())].flatMap(({ page, delta }) => [word(page, int(-1)), word(delta, int(0))]),
      ...(packed?.parts.map(({ global, unpack }) => word(global.name, make(unpack, this.slot(packed.slot)))) ?? []),
    ];
  }

  private writeBack(): Statement[] {
    return [...this.lasting().filter((v) => v.isSet).map((v) => assign(this.slot(v.global), id(v.global.name))), ...this.pack()];
  }

  /** Translations may have changed. */
  forgetPages(): Statement[] {
    return [...new Set(this.pages.values())].map(({ page }) => assign(id(page), int(-1)));
  }

  /** Writes the packed slot. */
  pack(): Statement[] {
    const { packed } = this.target;
    if (packed?.parts.some((p) => this.variables.get(p.global)?.isSet) !== true) return [];
    this.names.add(packed.pack.name);
    this.helpers.add(packed.pack);
    const args = [...packed.parts.map((p) => p.global), ...packed.also].map((g) => id(g.name));
    return [assign(this.slot(packed.slot), call(id(packed.pack.name), args))];
  }

  /** Takes the packed slot apart again. */
  unpack(): Statement[] {
    const { packed } = this.target;
    return packed === null ? [] : packed.parts.map(({ global, unpack }) => assign(id(global.name), make(unpack, this.slot(packed.slot))));
  }

  // ---- flow

  private blockOf(node: FlowNode, follow: (to: FlowNode) => Statement[]): Statement[] {
    const emitter = new RegionBlockEmitter(this, node, follow), out = emitter.emit();
    for (const name of emitter.freeNames) this.names.add(name);
    for (const helper of emitter.calledHelpers) this.helpers.add(helper);
    return out;
  }

  private edge(from: FlowNode, to: FlowNode): Statement[] {
    const { budget } = this, cost = budget.costOf(from, to);
    if (!isBackEdge(from, to)) return counted(cost);
    const potential = budget.potentialOf(to);
    const exhausted = make("($0) < $1", { type: "AssignmentExpression", operator: "=", left: id("n"), right: count(cost) }, int(budget.reachOf(to) + potential));
    return [when(exhausted, blockOf(wayOut(to.block * 4 + WAY_SELF, potential)))];
  }
}

/** Leads to the entry that is meant. */
function dispatch(node: FlowNode, follow: (to: FlowNode) => Statement[]): Statement[] {
  const targets = node.dispatch ?? [];
  return targets.flatMap(({ to, last, arrives }, i) => {
    const way = [...(arrives ? [assign(id("at"), int(0))] : []), ...follow(to)];
    return i === targets.length - 1 ? way : [when(make("at <= $0", int(last)), blockOf(way))];
  });
}

/** Emits one block within the region's function. */
class RegionBlockEmitter extends StateEmitter {
  private readonly owner: RegionEmitter;
  private readonly node: FlowNode;
  private readonly follow: (to: FlowNode) => Statement[];
  /** Insns before this block that the region has not counted yet. */
  private readonly potential: number;

  constructor(owner: RegionEmitter, node: FlowNode, follow: (to: FlowNode) => Statement[]) {
    super(owner.region.blocks[node.block].block, owner.target, owner.variables, owner.naming, owner.pages);
    this.owner = owner;
    this.node = node;
    this.follow = follow;
    this.potential = owner.budget.potentialOf(node);
  }

  get freeNames(): ReadonlySet<string> {
    return this.names;
  }

  get calledHelpers(): ReadonlySet<Helper> {
    return this.helpers;
  }

  emit(): Statement[] {
    for (const v of this.variables.values()) v.views?.startAtHome();
    this.emitOps();
    return this.out;
  }

  protected leaveIf(test: Expression): void {
    const here: Statement[] = [];
    for (const v of this.variables.values()) {
      // The way out writes those at home.
      if (v.views?.homes.includes(v) !== true || v.views.isCurrent(v)) continue;
      here.push(...v.views.unfiled(v).map((w) => this.writeBack(w.global)), assign(id(v.global.name), this.slot(v.global)));
    }
    this.out.push(when(test, blockOf([...here, assign(id("pc"), int(this.insnPc)), ...wayOut(WAY_ASIDE, this.potential + this.insnIndex)])));
  }

  protected notRetired(): Expression {
    return make("(n - $0 | 0) - left | 0", int(this.potential + this.insnIndex));
  }

  protected override commit(read: GlobalSet, written: GlobalSet = []): void {
    super.commit(read, written);
    const { packed } = this.target;
    if (packed !== null && touches(read, packed.slot)) this.out.push(...this.owner.pack());
  }

  protected override reload(which: GlobalSet): void {
    super.reload(which);
    const { packed } = this.target;
    if (packed !== null && touches(which, packed.slot)) this.out.push(...this.owner.unpack());
  }

  protected override emitCall(op: Op): void {
    super.emitCall(op);
    if (helperOf(op).mayFault) this.out.push(...this.owner.forgetPages());
  }

  protected emitExit(op: Op): void {
    const { next, taken, indirect, insnCount } = this.owner.region.blocks[this.node.block], used = this.potential + insnCount;
    for (const v of this.variables.values()) if (v.views?.homes.includes(v) === true) this.refresh(v);
    const goDirect = (slot: 0 | 1): Statement[] => {
      const to = slot === 0 ? next : taken;
      if (this.isInside(to)) return this.follow(this.owner.flow.targetOf[to]);
      return wayOut(this.node.block * 4 + slot, used);
    };
    if (op.def === OPS.goto_tb) {
      this.out.push(...goDirect(op.imm === 0 ? 0 : 1));
    } else if (op.def === OPS.goto_tb_if) {
      const test = this.conditionOf(op.args[0]);
      if (next === taken && this.isInside(next)) this.out.push(...goDirect(0));
      else this.out.push(when(test, blockOf(goDirect(1))), ...goDirect(0));
    } else if (op.def === OPS.lookup_and_goto_ptr) {
      const pc = this.useAtom(op.args[0]);
      for (const target of indirect) {
        if (this.isInside(target.to)) this.out.push(when(make("$0 === $1", pc, int(target.pc)), blockOf(this.follow(this.owner.flow.targetOf[target.to]))));
      }
      this.out.push(assign(id("pc"), pc), ...wayOut(WAY_JUMP, used));
    } else if (op.def === OPS.exit_tb_if) {
      this.out.push(when(this.conditionOf(op.args[0]), blockOf(wayOut(WAY_ANEW, used))), ...goDirect(0));
    } else {
      this.out.push(...wayOut(WAY_ANEW, used));
    }
  }

  private isInside(to: number): boolean {
    return to >= 0 && !this.owner.flow.isCut(this.node.block, to);
  }
}
