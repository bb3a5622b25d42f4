// Emitted regions, as JavaScript and as WebAssembly, against the reference evaluator, block by block, on random graphs of random
// blocks: the same state and effects, an exact count of insns, and a way out that is one.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import { Block, Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import { analyzeFlow } from "../../../tcg/ir/flow.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import type { Region, RegionBlock } from "../../../tcg/ir/region.ts";
import { CONDS } from "../../../tcg/ir/types.ts";
import type { Compiled, Environment } from "../../../tcg/js/compile.ts";
import { compile } from "../../../tcg/js/compile.ts";
import type { EmittedRegion } from "../../../tcg/js/region-emitter.ts";
import { emitRegion, WAY_ASIDE as ASIDE, WAY_ANEW as ANEW, WAY_JUMP as JUMP, WAY_SELF as SELF } from "../../../tcg/js/region-emitter.ts";
import { REGION_PARAMS, regionEntrance, regionFunction } from "../../../tcg/js/region-function.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import type { WasmMemory } from "../../../tcg/support/webassembly.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { compileRegion } from "../../../tcg/wasm/compile-region.ts";
import { testSeed } from "../../support/seed.ts";
import { GLOBALS } from "../support/guest.ts";
import { environment, Guest, isTranslatable, Left, LEFT, PC, TARGET, WAY, WAY_PC } from "../support/memory-guest.ts";
import { PAGED_TARGET, PagedWindow } from "../support/paged-window.ts";
import { randomBlock } from "../support/random-block.ts";
import { Random } from "../support/random.ts";
import { TestArena } from "../support/test-arena.ts";

const REGIONS = 100, STATES = 3, MAX_BLOCKS = 9;

const startOf = (block: number): number => 0x10000 * (block + 1);

/** A random block with pcs of its own, which ends in one of the ways that lead on. */
function randomRegionBlock(random: Random, number: number, count: number): RegionBlock {
  let source = randomBlock(random.next());
  while (!isTranslatable(source)) source = randomBlock(random.next());
  const block = new Block(`b${number}`);
  let insnCount = 0;
  for (const op of source.ops) {
    if (op.def.effect === "exit") continue;
    if (op.name === "insn_start") op.imm = startOf(number) + insnCount++;
    // A tenth of what could leave is enough.
    if (["fault_if", "leave_if", "retry_if"].includes(op.name) && random.chance(90)) continue;
    block.ops.push(op);
  }
  const add = (op: Op): Op => {
    block.ops.push(op);
    return op;
  };
  const target = (): number => (random.chance(80) ? random.below(count) : -1);
  const get = (): Op => add(new Op(OPS.get, [], 0, 0, random.pick(GLOBALS)));
  const kind = random.below(10);
  let next = -1, taken = -1, indirect: RegionBlock["indirect"] = [];
  if (kind < 3) {
    next = target();
    add(new Op(OPS.goto_tb, [], 0));
  } else if (kind < 8) {
    [next, taken] = [target(), target()];
    const test = add(new Op(OPS.setcond, [get(), get()], random.below(CONDS.length)));
    add(new Op(OPS.goto_tb_if, [test]));
  } else if (kind < 9) {
    const blocks = [random.below(count), random.below(count)];
    indirect = [...new Set(blocks)].map((to) => ({ pc: startOf(to), to }));
    const pc = add(new Op(OPS.movcond, [get(), get(), constant(startOf(blocks[0])), constant(startOf(blocks[1]))], random.below(CONDS.length)));
    add(new Op(OPS.lookup_and_goto_ptr, [pc]));
  } else if (random.chance(50)) {
    next = target();
    add(new Op(OPS.exit_tb_if, [get()]));
  } else {
    add(new Op(OPS.exit_tb, []));
  }
  const heat = new Map([next, taken, ...indirect.map((t) => t.to)].map((to) => [to, random.below(100)]));
  return { block, insnCount, next, taken, indirect, heat };
}

function randomRegion(seed: number): Region {
  const random = new Random(seed), count = 1 + random.below(MAX_BLOCKS);
  return { blocks: Array.from({ length: count }, (_, i) => randomRegionBlock(random, i, count)) };
}

/** How a region was left: the way, the pc that goes with it, and what is given back of the budget. */
interface Left3 {
  readonly way: number;
  readonly pc: number;
  readonly rest: number;
}

/** The function of an emitted region: all of it JavaScript, or what enters it in WebAssembly. */
function functionOf(emitted: EmittedRegion, names: Environment, memory: WasmMemory | null, sourceUrl: string): Compiled {
  const request = { name: "region", params: REGION_PARAMS, sourceUrl, checked: true }, whole = compile(regionFunction(emitted), names, { ...request, bound: { tbs: null } });
  if (memory === null) return whole;
  const compiled = compileRegion(emitted, TARGET.state, "region", names, memory);
  if (compiled === null) throw new Error(`there is no WebAssembly for ${whole.text}`);
  const { fn } = compile(regionEntrance(emitted, WAY, WAY_PC), names, { ...request, bound: { tbs: null, code: compiled.code } });
  return { fn, text: whole.text };
}

/** Runs the emitted region from an entry; null where it does not want to be entered so. */
function runEmitted(region: Region, guest: Guest, window: PagedWindow | null, memory: WasmMemory | null, entry: number, left: number, sourceUrl: string): { end: Left3 | null; block: number; text: string } {
  const emitted = emitRegion(region, window === null ? TARGET : PAGED_TARGET), { block, reach } = emitted.entries[entry % emitted.entries.length];
  const size = region.blocks[block].insnCount;
  const ends = { short: () => null, plain: () => null, leave: (_tbs: unknown, way: number, pc: number, rest: number): Left3 => ({ way, pc, rest }) };
  const { fn, text } = functionOf(emitted, window?.environment(emitted.helpers, ends) ?? environment(guest, emitted.helpers, ends), memory, sourceUrl);
  const self = { entry: entry % emitted.entries.length, size, reach: reach - size };
  try {
    return { end: (fn as (this: object, left: number) => Left3 | null).call(self, left), block, text };
  } catch (e) {
    if (!(e instanceof Left)) throw e;
    return { end: { way: ASIDE, pc: guest.state[PC], rest: guest.state[LEFT] }, block, text };
  } finally {
    window?.moveOut();
  }
}

/** The block as far as the insn at a pc, where it leaves. */
function truncated({ name, ops }: Block, pc: number): Block {
  const block = new Block(name), end = ops.findIndex((op) => op.name === "insn_start" && op.imm === pc);
  block.ops = [...ops.slice(0, end + 1), new Op(OPS.leave_if, [constant(1)])];
  return block;
}

/**
 * Runs blocks one by one for so many insns; says where that ends, in terms of ways out. A region may leave in front of any
 * insn, since accesses share checks; and stop in front of any block.
 */
function runEvaluated(region: Region, guest: Guest, start: number, insns: number, end: Left3, isCut: (from: number, to: number) => boolean): string {
  let at = start, done = 0;
  for (;;) {
    const { block, next, taken, indirect, insnCount } = region.blocks[at];
    if (end.way >= 0 && (end.way & 3) === SELF && done === insns) return `way ${at * 4 + SELF}`;
    const endsHere = end.way === ASIDE && done + end.pc - startOf(at) === insns && insns - done < insnCount;
    const leavesItself = (): boolean => {
      const outcome = evaluate(block, guest.clone());
      return "pc" in outcome && outcome.pc === end.pc;
    };
    const outcome = evaluate(endsHere && !leavesItself() ? truncated(block, end.pc) : block, guest);
    if (outcome.end === "leave" || outcome.end === "retry" || outcome.end === "fault") {
      return `aside ${outcome.pc} after ${done + (outcome.pc ?? 0) - startOf(at)}`;
    }
    done += insnCount;
    if (done > insns) return `more than ${insns} insns`;
    let to = -1, way = `way ${ANEW}`;
    if (outcome.end === "goto_tb") {
      to = outcome.target === 0 ? next : taken;
      way = `way ${at * 4 + outcome.target}`;
    } else if (outcome.end === "lookup_and_goto_ptr") {
      to = indirect.find((t) => t.pc === outcome.pc)?.to ?? -1;
      way = `jump ${outcome.pc}`;
    }
    if (to < 0 || isCut(at, to)) return `${way} after ${done}`;
    at = to;
  }
}

function describeEnd({ way, pc }: Left3, insns: number): string {
  if (way === ASIDE) return `aside ${pc} after ${insns}`;
  if (way === JUMP) return `jump ${pc} after ${insns}`;
  return way >= 0 && (way & 3) === SELF ? `way ${way}` : `way ${way} after ${insns}`;
}

describe("emitted regions", () => {
  const seed = testSeed(1);

  for (const [isOptimised, isPaged, isInWasm] of [[true, false, false], [false, false, false], [true, true, false], [false, true, false], [true, false, true], [false, false, true], [true, true, true], [false, true, true]]) {
    const how = `${isOptimised ? "" : "not "}optimised, paging ${isPaged ? "on" : "off"}, ${isInWasm ? "WebAssembly" : "JavaScript"}`;
    it(`do what the evaluator does block by block, ${how} (SEED=${seed})`, () => {
      const ways = new Set<string>(), arena = isInWasm ? TestArena.ofWebAssembly() : new TestArena(null), window = isPaged ? new PagedWindow(new Guest(0, false), arena) : null;
      let remembering = 0;
      for (let i = 0; i < REGIONS; i++) {
        const region = randomRegion(seed + i);
        if (isOptimised) for (const { block } of region.blocks) optimize(block);
        const { isCut } = analyzeFlow(region);
        for (let n = 0; n < STATES; n++) {
          const one = arena.again(() => new Guest(n, n === 1, arena)), other = new Guest(n, n === 1), budget = [3, 40, 400][n];
          const { end, block, text } = runEmitted(region, one, window?.hold(one) ?? null, arena.memory, i + n, budget, `region/${how}.${seed + i}.${n}`);
          if (text.includes("page0")) remembering++;
          if (end === null) continue;
          const { insnCount } = region.blocks[block], insns = insnCount - end.rest;
          expect(insns, "insns").to.be.within(0, insnCount + budget);
          const expected = other.summary(runEvaluated(region, other, block, insns, end, isCut));
          const got = one.summary(describeEnd(end, insns));
          ways.add(end.way >= 0 ? `link ${end.way & 3}` : String(end.way));
          if (got !== expected) {
            const blocks = region.blocks.map((b) => `${printBlock(b.block)} -> ${b.next} ${b.taken} ${JSON.stringify(b.indirect)}`).join("\n");
            expect.fail(`SEED=${seed + i}, state ${n}\n${blocks}\n${text}\nexpected\n${expected}\ngot\n${got}`);
          }
        }
      }
      expect([...ways], "ways out that were taken").to.include.members(["-1", "-3", "link 0", "link 1", "link 2"]);
      expect(remembering, "regions that remember pages").to.be.above(isPaged ? REGIONS / 4 : -1);
    });
  }
});
