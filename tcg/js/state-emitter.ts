/**
 * What the emitters of blocks and regions share: guest-state slots live in local variables of the same name, and an access
 * that fails leaves the function in front of its insn. Nothing of the insn has been committed then (invariant I5), so the
 * variables are the state to be written back.
 *
 * Where a slot is used as words and as floats, there is a variable for each (views.ts).
 */
import type { Expression, Statement } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { helperOf, isConst, isGet, isSet, memOpOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global, GlobalSet, MemOp } from "../ir/types.ts";
import { overlaps } from "../ir/types.ts";
import { InternalError } from "../support/errors.ts";
import { assign, block as blockOf, id, int, when, yes } from "./estree.ts";
import { Emitter, MEMORY_HAZARD, NO_HAZARDS, slotHazard } from "./emitter.ts";
import type { Hazards, Naming } from "./emitter.ts";
import type { AccessGroup } from "./access-groups.ts";
import { covers, extentOf, groupAccesses, isInFrame, splitAddress } from "./access-groups.ts";
import type { TlbAccess } from "./memory-access.ts";
import { checkAccess, checkPageLocal, checkTlbSpan, failsFlat, flatIndex, liesWithin, loadAt, storeAt } from "./memory-access.ts";
import type { PageLocal } from "./page-locals.ts";
import { alignmentOf } from "./page-locals.ts";
import type { EmitTarget, TlbMemory } from "./target.ts";
import { instantiate, template } from "./templates.ts";
import type { Variable, Views } from "./views.ts";
import { placesOf } from "./views.ts";

export abstract class StateEmitter extends Emitter {
  protected readonly variables: Map<Global, Variable>;
  /** Indices of the current insn's checked accesses, by address: an op, or a constant. */
  private readonly probed = new Map<Op | number, Expression>();
  private probedInsn = -1;
  /** It needs its parameter, what is left of the budget. */
  protected countsInsns = false;

  /** Accesses that share their checks. */
  private readonly groups: ReadonlyMap<Op, AccessGroup>;
  /** Accesses that remember their page. */
  private readonly pages: ReadonlyMap<Op, PageLocal>;
  private readonly nameIt = (e: Expression): Expression => this.nameExpression(e);

  constructor(block: Block, target: EmitTarget, variables: Map<Global, Variable>, naming?: Naming, pages: ReadonlyMap<Op, PageLocal> = new Map<Op, PageLocal>()) {
    super(block, target, naming);
    this.pages = pages;
    this.variables = variables;
    this.groups = this.findGroups();
  }

  /** In one piece of memory every access is grouped; with pages only where they are likely to be one. */
  private findGroups(): ReadonlyMap<Op, AccessGroup> {
    const { memory, frames } = this.target;
    if (memory.kind === "none") return new Map();
    const groups = groupAccesses(this.block);
    if (memory.kind === "flat") return groups;
    return new Map([...groups].filter(([, group]) => isInFrame(group, frames)));
  }

  /** Leaves in front of the current insn if the condition holds. */
  protected abstract leaveIf(test: Expression): void;
  /** What R[left] has to be while the current insn calls a helper that may fault. */
  protected abstract notRetired(): Expression;

  protected variable(global: Global): Variable {
    return variableOf(this.variables, global);
  }

  protected writeBack(global: Global): Statement {
    return assign(this.slot(global), id(global.name));
  }

  /** Brings the state file up to date with variables that are views. */
  private file(views: Views, unfiled: readonly Variable[]): void {
    for (const v of unfiled) {
      this.out.push(this.writeBack(v.global));
      views.hasFiled(v);
    }
  }

  /** Makes a variable up to date. */
  protected refresh(v: Variable): void {
    const { views } = v;
    if (views === null || views.isCurrent(v)) return;
    this.file(views, views.unfiled(v));
    this.load(v);
    views.hasLoaded(v);
  }

  /** Reads a variable from the state file. */
  private load(v: Variable): void {
    this.pinSlot(v.global);
    this.out.push(assign(id(v.global.name), this.slot(v.global)));
    v.isSet = true;
  }

  /** Views of a place that is 0 now are all 0. */
  private clearViews(v: Variable, views: Views): void {
    for (const other of views.variables) {
      if (other === v || !placesOf(other.global).every((place) => placesOf(v.global).includes(place))) continue;
      this.pinSlot(other.global);
      this.out.push(assign(id(other.global.name), int(0)));
      other.isSet = true;
      views.hasLoaded(other);
    }
  }

  protected emitGet(op: Op, global: Global): void {
    const v = this.variable(global);
    this.refresh(v);
    if (!v.isSet) v.needsLoad = true;
    this.hold(op, id(global.name), slotHazard(global), true);
  }

  protected emitSet(op: Op, global: Global): void {
    const value = op.args[0], variable = this.variable(global), { views } = variable;
    if (views !== null) {
      this.file(views, views.unfiledBeside(variable));
      views.hasSet(variable);
      if (isZero(value)) this.clearViews(variable, views);
    }
    if (this.constantOf(value) === null) {
      const e = this.emitted(value);
      if (!e.isAtom && e.remaining > 1) {
        // The variable is as good a name for the value as any.
        const { expression } = e, { remaining } = e;
        e.remaining = 0;
        this.pinSlot(global);
        e.remaining = remaining - 1;
        this.out.push(assign(id(global.name), expression));
        this.becomeVariable(value, e, global.name, global);
        variable.isSet = true;
        return;
      }
    }
    const expression = this.use(value);
    this.pinSlot(global);
    if (expression.type !== "Identifier" || expression.name !== global.name) this.out.push(assign(id(global.name), expression));
    variable.isSet = true;
  }

  protected emitAccess(op: Op): void {
    const mem = memOpOf(op), place = op.args[0], index = this.indexOf(op, place, mem);
    if (op.def.result !== "void") {
      if (op.uses > 0) this.hold(op, loadAt(mem, index), this.loadHazards(place, index), false);
      return;
    }
    const value = this.use(op.args[1]);
    this.pin((h) => h.memory);
    this.out.push(storeAt(mem, index, value));
  }

  /** The index into memory of an access, after its check; an access without one relies on an earlier of the same insn. */
  private indexOf(op: Op, place: Op, mem: MemOp): Expression {
    const { memory } = this.target, key = this.constantOf(place) ?? place;
    if (mem.probe === "none") {
      const probed = this.probed.get(key);
      if (probed === undefined || this.probedInsn !== this.insnIndex) throw new InternalError("an access without probe follows none");
      // A flat index is made from the address anew: its variable may have changed, and the address been named, since.
      const address = this.useAtom(place);
      return memory.kind === "flat" ? flatIndex(memory, address) : probed;
    }
    const group = this.groups.get(op), index = group === undefined ? this.checkAlone(op, place, mem, mem.probe) : this.checkGroup(group, op, place, mem.probe);
    if (this.probedInsn !== this.insnIndex) this.probed.clear();
    this.probedInsn = this.insnIndex;
    this.probed.set(key, index);
    return index;
  }

  private checkAlone(op: Op, place: Op, mem: MemOp, kind: "read" | "write"): Expression {
    const { memory } = this.target, local = this.pages.get(op);
    if (memory.kind === "tlb" && local !== undefined) return this.checkPlace(memory, local, place, mem, kind);
    const access = checkAccess(memory, mem, kind, this.useAtom(place), this.nameIt);
    for (const name of access.names) this.names.add(name);
    this.leaveIf(access.failed);
    return access.index;
  }

  /** Checks all of an access's group, unless an earlier access has. */
  private checkGroup(group: AccessGroup, op: Op, place: Op, kind: "read" | "write"): Expression {
    const { memory } = this.target;
    this.names.add("u8").add("dv");
    if (memory.kind === "tlb") return this.checkTlbGroup(memory, group, op, place);
    if (memory.kind === "none") throw new InternalError("accesses without memory are not grouped");
    const { reads, writes } = group, span = kind === "read" ? reads : writes;
    if (span === null) throw new InternalError("an access is not of its group");
    const isChecked = kind === "write" ? group.writesChecked
      : group.readsChecked || (group.writesChecked && writes !== null && covers(writes, span)) || (group.base === null && liesWithin(memory, span));
    if (isChecked) return flatIndex(memory, this.use(place));
    if (kind === "write" || memory.hasHoles) this.names.add("pf");
    if (kind === "write") group.writesChecked = true;
    else group.readsChecked = true;
    const address = this.useAtom(place), { offset } = splitAddress(place);
    this.leaveIf(failsFlat(memory, span.high - span.low, kind, group.base === null ? int(span.low) : shifted(address, span.low - offset)));
    return flatIndex(memory, address);
  }

  /** The index of an access that remembers its page. The constant part of its address need not be added first. */
  private checkPlace(memory: TlbMemory, local: PageLocal, place: Op, { bits }: MemOp, kind: "read" | "write"): Expression {
    const { base, offset } = splitAddress(place), isSplit = base !== null && place !== base && place.uses === 1 && !this.values.has(place);
    const access = { bytes: bits / 8, kind, isAligned: alignmentOf(place) >= bits / 8 };
    return isSplit ? this.checkPage(memory, local, access, this.useAtom(base), offset) : this.checkPage(memory, local, access, this.useAtom(place), 0);
  }

  /** Makes sure that the remembered page is that of the bytes at `start + offset`, and gives their index. */
  private checkPage(memory: TlbMemory, { page, delta, folded }: PageLocal, access: TlbAccess, start: Expression, offset: number): Expression {
    const address = offset === 0 ? start : this.nameExpression(shifted(start, offset));
    const check = checkPageLocal(memory, access, address, id(page)), further = offset - folded, { out } = this;
    for (const name of check.names) this.names.add(name);
    this.out = [];
    const index = this.nameExpression(check.found);
    this.leaveIf(check.fails(index));
    this.out.push(assign(id(page), check.page), assign(id(delta), shifted(instantiate(template("$0 - $1 | 0").expression, [index, start]), -further)));
    out.push(when(check.isElsewhere, blockOf(this.out)));
    this.out = out;
    return this.nameExpression(shifted(instantiate(template("$0 + $1 | 0").expression, [start, id(delta)]), further));
  }

  private checkTlbGroup(memory: TlbMemory, group: AccessGroup, op: Op, place: Op): Expression {
    const { offset } = splitAddress(place), { low, high } = extentOf(group), kind = group.writes === null ? "read" : "write";
    if (group.index === null) {
      const first = this.nameExpression(shifted(this.useAtom(place), low - offset)), local = this.pages.get(op);
      if (local === undefined) {
        const access = checkTlbSpan(memory, high - low, kind, first, this.nameIt);
        for (const name of access.names) this.names.add(name);
        this.leaveIf(access.failed);
        group.index = access.index;
      } else {
        group.index = this.checkPage(memory, local, { bytes: high - low, kind, isAligned: high - low === 1 }, first, 0);
      }
    } else {
      this.discard(place);
    }
    return shifted(group.index, offset - low);
  }

  /** A load may be printed later than its place: what its index depends on must not have changed by then. */
  private loadHazards(place: Op, index: Expression): Hazards {
    const isAddress = this.target.memory.kind === "flat" && this.constantOf(place) === null && index.type !== "Literal";
    return isAddress ? { ...this.emitted(place).hazards, memory: true } : MEMORY_HAZARD;
  }

  protected emitFaultIf(op: Op): void {
    if (this.constantOf(op.args[0]) !== null) this.leaveIf(yes);
    else this.leaveIf(this.conditionOf(op.args[0]));
  }

  protected emitLeaveIf(op: Op): void {
    this.leaveIf(this.conditionOf(op.args[0]));
  }

  protected emitCall(op: Op): void {
    const helper = helperOf(op);
    const expression = this.callHelper(op);
    if (helper.pure) {
      this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
      return;
    }
    this.pinAll();
    this.commit(helper.mayFault ? "all" : helper.reads, helper.writes);
    if (helper.mayFault) {
      const { pc, left, budget } = this.target.state;
      this.out.push(assign(this.itemOf("R", int(pc)), int(this.insnPc)), assign(this.itemOf("R", int(left)), this.notRetired()));
      if (helper.counts === true) {
        this.countsInsns = true;
        this.out.push(assign(this.itemOf("R", int(budget)), id("left")));
      }
    }
    if (op.uses > 0) this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
    else this.out.push({ type: "ExpressionStatement", expression });
    this.reload(helper.writes);
  }

  /** Writes variables back to the state file before somebody else reads `read` and writes (parts of) `written` there. */
  protected commit(read: GlobalSet, written: GlobalSet = []): void {
    for (const v of this.variables.values()) {
      // Of what spans several places, one may be written by the call and the others must last.
      const isWide = v.views !== null || v.global.type === "f64";
      if (!touches(read, v.global) && !(isWide && touches(written, v.global))) continue;
      if (v.views !== null) this.file(v.views, v.views.unfiled());
      else if (v.isSet && !v.isPart) this.out.push(this.writeBack(v.global));
    }
  }

  /** Reads variables that a helper may have changed. */
  protected reload(which: GlobalSet): void {
    for (const v of this.variables.values()) {
      if (v.isPart || !touches(which, v.global)) continue;
      if (v.views !== null) {
        v.views.hasChanged((global) => touches(which, global));
        continue;
      }
      this.out.push(assign(id(v.global.name), this.slot(v.global)));
      v.isSet = true;
    }
  }
}

const shifted = (address: Expression, by: number): Expression => (by === 0 ? address : instantiate(template("$0 + $1 | 0").expression, [address, int(by)]));

/** The variable of a slot, made when it is first asked for. */
export function variableOf(variables: Map<Global, Variable>, global: Global): Variable {
  let v = variables.get(global);
  if (v === undefined) {
    v = { global, needsLoad: false, isSet: false, views: null, isPart: false };
    variables.set(global, v);
  }
  return v;
}

/** The slots that a block's ops name. */
export function globalsOf(block: Block): Global[] {
  return block.ops.filter((op) => isGet(op) || isSet(op)).map((op) => op.ref as Global);
}

/** 0 as an int32 or a float. */
export function isZero(value: Op): boolean {
  const n = value.def === OPS.f64_from_i32 ? value.args[0] : value;
  return isConst(n) && n.imm === 0;
}

export const touches = (set: GlobalSet, global: Global): boolean => set === "all" || set.some((g) => overlaps(g, global));
