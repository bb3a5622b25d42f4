// A made-up guest for tests of the code generator: globals, fields and helpers with every combination of effects, and
// memory and helpers whose behaviour is a function of a seed, so that a block can be run twice under equal conditions.

import type { EvalEnv } from "../../../tcg/eval/evaluate.ts";
import { LEAVE } from "../../../tcg/eval/evaluate.ts";
import type { Field, Global, Helper, MemOp, Type } from "../../../tcg/ir/types.ts";
import { memOpName } from "../../../tcg/ir/types.ts";
import { parseEnv } from "../../../tcg/text/parse.ts";
import { hash, Random } from "./random.ts";

const NAMES = [
  "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "cc_op", "cc_dst", "cc_src", "cc_src2", "df",
] as const;

/** Two of the words are a double besides; one double stands by itself. */
export const DOUBLES: readonly Global[] = [{ name: "acc", index: 8, type: "f64" }, { name: "fst", index: 14, type: "f64" }];

/** Singles: halves of a double, and words that are nothing else. */
export const SINGLES: readonly Global[] = [
  { name: "acc_low", index: 8, type: "f32" }, { name: "acc_high", index: 9, type: "f32" }, { name: "single", index: 11, type: "f32" }, { name: "edif", index: 7, type: "f32" },
];

export const GLOBALS: readonly Global[] = NAMES.map((name, index) => ({ name, index, type: "i32" }));

/** The global of this name. */
export function global(name: (typeof NAMES)[number]): Global {
  return GLOBALS[NAMES.indexOf(name)];
}

export const FIELDS: readonly Field[] = ["imm", "disp", "rm"].map((name) => ({ name }));

const I: Type = "i32";
const helper = (name: string, h: Partial<Helper>): Helper => ({
  name, params: [], result: "void", pure: false, reads: [], writes: [], mayFault: false, doc: "For tests.", ...h,
});

const HELPERS: readonly Helper[] = [
  helper("mix", { params: [I, I], result: I, pure: true }),
  helper("read_df", { result: I, reads: [global("df")] }),
  helper("write_cc_op", { params: [I], writes: [global("cc_op")] }),
  helper("write_edx", { params: [I], writes: [global("edx")] }),
  helper("restate_edx", { writes: [global("edx")], restates: true }),
  helper("flags", { params: [I], result: I, reads: [global("cc_op"), global("cc_dst")], writes: [global("cc_src")] }),
  helper("look", { result: I, reads: "all" }),
  helper("clobber", { params: [I], writes: "all" }),
  helper("may_fault", { params: [I], mayFault: true }),
  helper("port", { params: [I, I], result: I, reads: "all", writes: [global("eax")], mayFault: true }),
];

/** The helper of this name. */
export function helperNamed(name: string): Helper {
  const found = HELPERS.find((h) => h.name === name);
  if (found === undefined) throw new Error(`the test guest has no helper ${name}`);
  return found;
}

export const PARSE_ENV = parseEnv([...GLOBALS, ...SINGLES, ...DOUBLES], HELPERS, FIELDS);

/**
 * One run's surroundings. Guests with equal seeds behave alike; `log` holds all that the block did to the outside, in
 * order, and `state` what it left.
 */
export class TestGuest implements EvalEnv {
  readonly state = new Int32Array(16);
  readonly registers = new Uint8Array(this.state.buffer, 0, 32);
  readonly args: number[];
  readonly log: string[] = [];
  readonly #seed: number;
  readonly #leaveMask: number;
  readonly #memory = new Map<number, number>();

  /** @param leaveMask  one access in leaveMask + 1 leaves (a power of two, minus one); -1: none */
  constructor(seed: number, leaveMask = 15) {
    this.#seed = seed;
    this.#leaveMask = leaveMask;
    const random = new Random(seed);
    for (let i = 0; i < this.state.length; i++) this.state[i] = random.value();
    this.args = [random.value(), random.value(), random.value(), random.value()];
  }

  /** State and log as text, for comparison. */
  summary(): string {
    return [...this.state].join(" ") + "\n" + this.log.join("\n");
  }

  field({ name }: Field): number {
    return hash(this.#seed, name.length, name.charCodeAt(0)) >> 8;
  }

  load(address: number, mem: MemOp): number | typeof LEAVE {
    if (this.#leaves(mem, address)) return LEAVE;
    let value = 0;
    for (let i = 0; i < mem.bits / 8; i++) value |= this.#byte(address + i | 0) << 8 * i;
    this.log.push(`load ${memOpName(mem)} ${address} = ${value}`);
    return value;
  }

  store(address: number, mem: MemOp, value: number): typeof LEAVE | void {
    if (this.#leaves(mem, address)) return LEAVE;
    for (let i = 0; i < mem.bits / 8; i++) this.#memory.set(address + i | 0, value >>> 8 * i & 0xff);
    this.log.push(`store ${memOpName(mem)} ${address} = ${value}`);
    return undefined;
  }

  call(h: Helper, args: readonly number[]): number | typeof LEAVE | void {
    const seen = h.reads === "all" ? [...this.state] : h.reads.map((g) => this.state[g.index]);
    const value = hash(h.name.length, h.name.charCodeAt(1), ...args, ...seen);
    if (!h.pure) this.log.push(`${h.name}(${args.join(", ")}) saw ${seen.join(" ")}`);
    if (h.mayFault && (value & this.#leaveMask) === this.#leaveMask) return LEAVE;
    const written = h.writes === "all" ? GLOBALS : h.writes;
    for (const { index } of written) this.state[index] = hash(value, index);
    return value;
  }

  #leaves({ probe }: MemOp, address: number): boolean {
    return probe !== "none" && (hash(this.#seed, address) & this.#leaveMask) === this.#leaveMask;
  }

  #byte(address: number): number {
    return this.#memory.get(address) ?? hash(this.#seed, address, 1) & 0xff;
  }
}
