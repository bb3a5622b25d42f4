// Emitted blocks against the reference evaluator on random blocks: the same state, effects and ending.

import { expect } from "chai";
import type { EvalEnv } from "../../../tcg/eval/evaluate.ts";
import { evaluate, LEAVE } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import { globalOf, isGet, isSet } from "../../../tcg/ir/block.ts";
import type { Helper, MemOp } from "../../../tcg/ir/types.ts";
import { emitBlock } from "../../../tcg/js/block-emitter.ts";
import type { Environment } from "../../../tcg/js/compile.ts";
import { compile } from "../../../tcg/js/compile.ts";
import { RUNTIME } from "../../../tcg/js/runtime.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { hash, Random, testSeed } from "../support/random.ts";
import { randomBlock } from "../support/random-block.ts";
import { GLOBALS } from "../support/guest.ts";

const BLOCKS = 1000, STATES = 3;
/** Where blocks put their pc and count: behind the globals. */
const PC = 16, LEFT = 17, STATE_SLOTS = 18;
const MEMORY_BYTES = 0x3000, PAGE_BYTES = 4096;
/** Pages where stores need more than the store. */
const SPECIAL_PAGES = [1];

/** A guest with real memory, in which blocks run both ways. */
class Guest implements EvalEnv {
  readonly state = new Int32Array(STATE_SLOTS);
  readonly doubles = new Float64Array(this.state.buffer);
  readonly registers = new Uint8Array(this.state.buffer, 0, 32);
  readonly bytes = new Uint8Array(MEMORY_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  readonly pageFlags = new Uint8Array(2 ** 20).fill(1);
  readonly log: string[] = [];
  /** Whether a helper throws. */
  private readonly faults: boolean;

  constructor(seed: number, faults: boolean) {
    const random = new Random(seed);
    this.faults = faults;
    // Mostly addresses within memory, so that accesses succeed.
    for (let i = 0; i < PC; i++) this.state[i] = random.chance(70) ? random.below(MEMORY_BYTES) : random.value();
    for (let i = 0; i < MEMORY_BYTES; i++) this.bytes[i] = hash(seed, i);
    this.pageFlags.fill(0, 0, MEMORY_BYTES / PAGE_BYTES);
    for (const page of SPECIAL_PAGES) this.pageFlags[page] = 1;
  }

  load(address: number, { bits, probe }: MemOp): number | typeof LEAVE {
    const at = address >>> 0, size = bits / 8;
    if (probe === "write" ? this.isSpecial(at, size) : at + size > MEMORY_BYTES) return LEAVE;
    if (bits === 64) return this.view.getFloat64(at, true);
    return bits === 32 ? this.view.getInt32(at, true) : bits === 16 ? this.view.getUint16(at, true) : this.bytes[at];
  }

  store(address: number, { bits }: MemOp, value: number): typeof LEAVE | void {
    const at = address >>> 0, size = bits / 8;
    if (this.isSpecial(at, size)) return LEAVE;
    if (bits === 64) this.view.setFloat64(at, value, true);
    else for (let i = 0; i < size; i++) this.bytes[at + i] = value >> (8 * i);
    return undefined;
  }

  private isSpecial(at: number, size: number): boolean {
    return (this.pageFlags[at >>> 12] | this.pageFlags[((at + size - 1) | 0) >>> 12]) !== 0;
  }

  call(h: Helper, args: readonly number[]): number | typeof LEAVE {
    const seen = h.reads === "all" ? [...this.state.subarray(0, PC)] : h.reads.map((g) => this.state[g.index]);
    if (!h.pure) this.log.push(`${h.name}(${args.join(", ")}) saw ${seen.join(" ")}`);
    const value = hash(h.name.length, h.name.charCodeAt(1), ...args, ...seen);
    if (h.mayFault && this.faults) return LEAVE;
    for (const { index } of h.writes === "all" ? GLOBALS : h.writes) this.state[index] = hash(value, index);
    return value;
  }

  summary(ending: string): string {
    return [ending, ...this.state.subarray(0, PC), this.bytes.reduce((sum, b, i) => hash(sum, b, i), 0), ...this.log].join("\n");
  }
}

/** Thrown by a helper where the evaluator leaves. */
class Left extends Error {}

function environment(guest: Guest, helpers: Iterable<Helper>): Environment {
  const env: Environment = {
    ...RUNTIME, R: guest.state, R8: guest.registers, F64: guest.doubles, u8: guest.bytes, dv: guest.view, pf: guest.pageFlags,
    side: (_tb: unknown, at: number) => `left in insn ${at}`, jump: (pc: number) => `jump ${pc}`, EXIT_TB: "exit",
  };
  for (const h of helpers) {
    env[h.name] = (...args: number[]) => {
      const value = guest.call(h, args);
      if (value === LEAVE) throw new Left();
      return value;
    };
  }
  return env;
}

/** Only what translated blocks may have: globals by name, accesses after a check, and no test function's parts. */
function isTranslatable(block: Block): boolean {
  return block.params === 0 && block.ops.every((op) => {
    const { name } = op;
    if (/^(div|rem)[us]/.test(name)) return false;   // unspecified for some operands
    if (name.startsWith("env_") || name === "field" || name === "ret" || name === "param") return false;
    if (isGet(op) || isSet(op)) return globalOf(op).index < PC;
    return !(op.def.effect === "access" && (op.ref as MemOp).probe === "none");
  });
}

/** How the evaluator says what emitted code returns. */
function evaluated(block: Block, guest: Guest): string {
  const insns = block.ops.filter((op) => op.name === "insn_start").map((op) => op.imm);
  const outcome = evaluate(block, guest);
  switch (outcome.end) {
    case "goto_tb": return outcome.target === 0 ? "next" : "taken";
    case "lookup_and_goto_ptr": return `jump ${outcome.pc}`;
    case "exit_tb": return "exit";
    case "ret": return "ret";
    default: return `left in insn ${insns.indexOf(outcome.pc ?? -1)}`;
  }
}

function emitted(block: Block, guest: Guest, sourceUrl: string): string {
  const insns = block.ops.filter((op) => op.name === "insn_start").length;
  const text = emitBlock(block, {
    memory: { kind: "flat", base: 0, size: MEMORY_BYTES }, state: { pc: PC, left: LEFT }, packed: null, frames: [],
  }, insns);
  const tb = { next: "next", taken: "taken" };
  const { fn } = compile(text, environment(guest, text.helpers), {
    name: "block", params: [], sourceUrl, bound: { tb }, checked: true,
  });
  try {
    return String((fn)());
  } catch (e) {
    if (!(e instanceof Left)) throw e;
    return `left in insn ${insns - guest.state[LEFT]}`;
  }
}

describe("emitted blocks", () => {
  const seed = testSeed(1);

  for (const isOptimised of [true, false]) {
    it(`do what the evaluator does, ${isOptimised ? "" : "not "}optimised (TCGJS_SEED=${seed})`, () => {
      let compared = 0;
      for (let i = 0; i < BLOCKS; i++) {
        const block = randomBlock(seed + i);
        if (!isTranslatable(block)) continue;
        if (isOptimised) optimize(block);
        for (let n = 0; n < STATES; n++) {
          const left = new Guest(n, n === 1), right = new Guest(n, n === 1);
          const expected = left.summary(evaluated(block, left));
          const got = right.summary(emitted(block, right, `random/${isOptimised}.${seed + i}.${n}`));
          if (got !== expected) expect.fail(`TCGJS_SEED=${seed + i}\n${printBlock(block)}\nexpected\n${expected}\ngot\n${got}`);
          compared++;
        }
      }
      expect(compared).to.be.above(BLOCKS / 4);
    }).timeout(120_000);
  }
});
