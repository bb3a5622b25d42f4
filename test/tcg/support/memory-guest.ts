// A guest with real memory in which the same block runs both ways: by the evaluator and as emitted code.

import type { EvalEnv } from "../../../tcg/eval/evaluate.ts";
import { LEAVE } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import { globalOf, isGet, isSet } from "../../../tcg/ir/block.ts";
import type { Helper, MemOp } from "../../../tcg/ir/types.ts";
import type { Environment } from "../../../tcg/js/compile.ts";
import { RUNTIME } from "../../../tcg/js/runtime.ts";
import type { EmitTarget } from "../../../tcg/js/target.ts";
import { GLOBALS } from "./guest.ts";
import { hash, Random } from "./random.ts";
import { TestArena } from "./test-arena.ts";

/** Where blocks put their pc and count: behind the globals. */
export const PC = 16, LEFT = 17, BUDGET = 18, WAY = 19, WAY_PC = 20;
const STATE_SLOTS = 22;
const MEMORY_BYTES = 0x3000, PAGE_BYTES = 4096;
/** Pages where stores need more than the store. */
const SPECIAL_PAGES = [1];

/** How emitted code reaches it. */
export const TARGET: EmitTarget = {
  memory: { kind: "flat", base: 0, size: MEMORY_BYTES, hasHoles: false }, state: { pc: PC, left: LEFT, budget: BUDGET, way: WAY, wayPc: WAY_PC }, packed: null, frames: [],
};

/** A guest with real memory, in which blocks run both ways. */
export class Guest implements EvalEnv {
  readonly state: Int32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
  readonly registers: Uint8Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly pageFlags: Uint8Array;
  readonly log: string[] = [];
  /** Whether a helper throws. */
  private readonly faults: boolean;

  /** @param arena  where its memory is taken from */
  constructor(seed: number, faults: boolean, arena: TestArena = new TestArena(null)) {
    const random = new Random(seed), state = arena.allocate(4 * STATE_SLOTS), { buffer, byteOffset } = state;
    this.state = new Int32Array(buffer, byteOffset, STATE_SLOTS);
    this.singles = new Float32Array(buffer, byteOffset, STATE_SLOTS);
    this.doubles = new Float64Array(buffer, byteOffset, STATE_SLOTS / 2);
    this.registers = state.subarray(0, 32);
    this.bytes = arena.allocate(MEMORY_BYTES);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, MEMORY_BYTES);
    this.pageFlags = arena.allocate(2 ** 20).fill(1);
    this.faults = faults;
    // Mostly addresses within memory, so that accesses succeed.
    for (let i = 0; i < PC; i++) this.state[i] = random.chance(70) ? random.below(MEMORY_BYTES) : random.value();
    for (let i = 0; i < MEMORY_BYTES; i++) this.bytes[i] = hash(seed, i);
    this.pageFlags.fill(0, 0, MEMORY_BYTES / PAGE_BYTES);
    for (const page of SPECIAL_PAGES) this.pageFlags[page] = 1;
  }

  /** One in the same state. */
  clone(): Guest {
    const copy = new Guest(0, this.faults);
    copy.state.set(this.state);
    copy.bytes.set(this.bytes);
    copy.log.push(...this.log);
    return copy;
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
export class Left extends Error {}

/** The names that emitted code uses, for one guest; `more` of them, or others. */
export function environment(guest: Guest, helpers: Iterable<Helper>, more: Environment = {}): Environment {
  const env: Environment = {
    ...RUNTIME, R: guest.state, R8: guest.registers, F32: guest.singles, F64: guest.doubles, u8: guest.bytes, dv: guest.view, pf: guest.pageFlags,
    side: (_tb: unknown, at: number) => `left in insn ${at}`, jump: (pc: number) => `jump ${pc}`, ANEW_TB: "anew", ...more,
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
export function isTranslatable(block: Block): boolean {
  return block.params === 0 && block.ops.every((op) => {
    const { name } = op;
    if (/^(div|rem)[us]/.test(name)) return false;   // unspecified for some operands
    if (name.startsWith("env_") || name === "field" || name === "ret" || name === "param") return false;
    if (isGet(op) || isSet(op)) return globalOf(op).index < PC;
    return !(op.def.effect === "access" && (op.ref as MemOp).probe === "none");
  });
}
