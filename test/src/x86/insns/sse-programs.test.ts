// Loops of SSE insns on numbers as programs have them, under interpreter and translator: what blocks and regions do inline
// needs an MXCSR and operands that insns at random seldom have.

import type { Random } from "../../../oracle/random.ts";
import type { FloatProgram } from "../../../support/float-programs.ts";
import { DATA, goAsInterpreted, OUT, word32 } from "../../../support/float-programs.ts";
import { textSeed } from "../../../support/seed.ts";

const seed = textSeed("sse-programs");
const PROGRAMS = Number(process.env["ROUNDS"] ?? 24), INSNS = 18, LOOPS = 14;
/** Vectors of singles, of doubles and of integers, then where stores go; the last dword holds MXCSR. */
const VECTORS = 8, VECTOR_BYTES = 16, KINDS = 3, OUT_BYTES = 0x100, CONTROL = OUT + 0x1f0;
const CR4_OSFXSR = 0x200;

type Kind = "single" | "double" | "integer";

/** Opcodes behind 0f, by mandatory prefix (0: none). What takes an immediate is marked by it. */
const ARITHMETIC = [0x51, 0x58, 0x58, 0x59, 0x59, 0x5c, 0x5c, 0x5d, 0x5e, 0x5f];
const MOVES = [0x28, 0x28, 0x10, 0x14, 0x15, 0xc6, 0x54, 0x57, 0x16, 0x12];
const INTEGERS = [
  0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6f, 0x70, 0x74, 0x75, 0x76, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd8, 0xd9, 0xda, 0xdb, 0xdc,
  0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe,
];
const SHIFTS: readonly (readonly [number, readonly number[]])[] = [[0x71, [2, 4, 6]], [0x72, [2, 4, 6]], [0x73, [2, 3, 6, 7]]];
/** Behind 0f 38 and 0f 3a, with 66h. */
const LATER = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x1c, 0x1d, 0x1e, 0x20, 0x23, 0x25, 0x30, 0x33, 0x35, 0x28, 0x29, 0x2b, 0x38, 0x39, 0x3a, 0x3b, 0x3c,
  0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x10, 0x14, 0x15, 0x37];
const LATER_IMMEDIATE = [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x21, 0x40, 0x41, 0x42];
const TAKES_IMMEDIATE: ReadonlySet<number> = new Set([0x70, 0xc2, 0xc6]);

class Program {
  private readonly random: Random;
  /** What most of it is about. */
  private readonly main: Kind;
  private readonly registers: number;

  constructor(random: Random) {
    this.random = random;
    this.main = random.pick(["single", "single", "double", "integer"] as const);
    this.registers = random.between(3, 8);
  }

  make(): number[] {
    const { random } = this, body: number[] = [], mxcsr = random.weighted([[7, 0x1fa0], [2, 0x1f80], [1, 0x1fa1], [1, random.pick([0x3fa0, 0x9fe0, 0x5f80, 0x7fbf])]]);
    const start = [0xc7, 0x05, ...word32(CONTROL), ...word32(mxcsr), 0x0f, 0xae, 0x15, ...word32(CONTROL)];
    for (let r = 0; r < 8; r++) start.push(0x0f, 0x28, ...this.inMemory(r, this.main));
    start.push(0xb9, ...word32(LOOPS));
    for (let i = 0; i < INSNS; i++) {
      const insn = this.insn();
      // Now and then one is skipped by a comparison, so that there are several blocks: jbe, ja, jp, jb.
      if (random.chance(0.15)) body.push(...(this.main === "double" ? [0x66] : []), 0x0f, 0x2f, ...this.inRegister(this.register(), this.register()), random.pick([0x76, 0x77, 0x7a, 0x72]), insn.length);
      body.push(...insn);
    }
    // dec ecx; jnz back; hlt
    return [...start, ...body, 0x49, 0x0f, 0x85, ...word32(-(body.length + 7)), 0xf4];
  }

  private register(): number {
    return this.random.below(this.registers);
  }

  private inRegister(reg: number, rm: number): number[] {
    return [0xc0 | (reg << 3) | rm];
  }

  private inMemory(reg: number, kind: Kind, base = DATA): number[] {
    const { random } = this, vector = random.below(VECTORS) * KINDS + ["single", "double", "integer"].indexOf(kind);
    return [(reg << 3) | 5, ...word32(base + VECTOR_BYTES * (base === OUT ? vector % (OUT_BYTES / VECTOR_BYTES) : vector))];
  }

  private operands(kind: Kind): number[] {
    return this.random.chance(0.7) ? this.inRegister(this.register(), this.register()) : this.inMemory(this.register(), kind);
  }

  private store(): number[] {
    const memory = this.inMemory(this.register(), "single", OUT);
    return [...this.random.pick([[0x0f, 0x29], [0x66, 0x0f, 0x29], [0xf3, 0x0f, 0x11], [0xf2, 0x0f, 0x11], [0x0f, 0x11], [0x66, 0x0f, 0x7f], [0x0f, 0x13], [0x0f, 0x17], [0x66, 0x0f, 0xd6]]), ...memory];
  }

  private insn(): number[] {
    const { random } = this, kind = random.chance(0.8) ? this.main : random.pick(["single", "double", "integer"] as const);
    if (random.chance(0.12)) return this.store();
    return kind === "integer" ? this.integer() : this.float(kind);
  }

  private float(kind: "single" | "double"): number[] {
    const { random } = this, isPacked = random.chance(0.4), prefix = kind === "single" ? (isPacked ? [] : [0xf3]) : [isPacked ? 0x66 : 0xf2];
    const wide = kind === "single" ? [] : [0x66], what = random.below(20);
    if (what < 9) return [...prefix, 0x0f, random.pick(ARITHMETIC), ...this.operands(kind)];
    if (what < 10) return [...prefix, 0x0f, 0xc2, ...this.operands(kind), random.below(8)];
    if (what < 14) return this.move(kind, wide);
    if (what < 15) return [...prefix, 0x0f, 0x10, ...this.operands(kind)];
    if (what < 16) return [...wide, 0x0f, random.pick([0x2e, 0x2f]), ...this.operands(kind), 0x83, 0xd2, 0x00];
    // Conversions: within the registers, from EDX, into EAX.
    if (what < 18) return random.pick([[], [0x66], [0xf3], [0xf2]]).concat(0x0f, 0x5a, ...this.operands(kind));
    if (what < 19) return random.pick([[0x0f, 0x5b], [0x66, 0x0f, 0x5b], [0xf3, 0x0f, 0x5b], [0x66, 0x0f, 0xe6], [0xf3, 0x0f, 0xe6], [0xf2, 0x0f, 0xe6]]).concat(this.operands(kind));
    const scalar = kind === "single" ? 0xf3 : 0xf2;
    return random.chance(0.5) ? [scalar, 0x0f, 0x2a, ...this.inRegister(this.register(), 2)] : [scalar, 0x0f, random.pick([0x2c, 0x2d]), ...this.inRegister(0, this.register())];
  }

  private move(kind: Kind, wide: number[]): number[] {
    const { random } = this, opcode = random.pick(MOVES);
    // 0f 12 and 16 with a prefix are of memory only.
    if (opcode === 0x12 || opcode === 0x16) return random.pick([[0x0f, opcode, ...this.operands(kind)], [0xf3, 0x0f, opcode, ...this.operands(kind)], [0xf2, 0x0f, 0x12, ...this.operands(kind)]]);
    return [...wide, 0x0f, opcode, ...this.operands(kind), ...(TAKES_IMMEDIATE.has(opcode) ? [random.below(256)] : [])];
  }

  private integer(): number[] {
    const { random } = this, what = random.below(12);
    if (what < 8) {
      const opcode = random.pick(INTEGERS), prefix = opcode === 0x70 ? random.pick([0x66, 0xf2, 0xf3]) : 0x66;
      return [prefix, 0x0f, opcode, ...this.operands("integer"), ...(TAKES_IMMEDIATE.has(opcode) ? [random.below(256)] : [])];
    }
    if (what < 9) {
      const [opcode, digits] = random.pick(SHIFTS);
      return [0x66, 0x0f, opcode, ...this.inRegister(random.pick(digits), this.register()), random.chance(0.9) ? random.below(33) : random.below(256)];
    }
    if (what < 10) return [0x66, 0x0f, 0x38, random.pick(LATER), ...this.operands("integer")];
    if (what < 11) return [0x66, 0x0f, 0x3a, random.pick(LATER_IMMEDIATE), ...this.inRegister(this.register(), this.register()), random.below(256)];
    return random.pick([[0x66, 0x0f, 0x6e, ...this.inRegister(this.register(), 2)], [0x66, 0x0f, 0x7e, ...this.inRegister(this.register(), 0)], [0x66, 0x0f, 0xd7, ...this.inRegister(2, this.register())]]);
  }
}

/** Numbers of like magnitude, small integers, zeros; seldom anything else. */
function fill(random: Random): Uint8Array {
  const bytes = new Uint8Array(VECTORS * KINDS * VECTOR_BYTES), view = new DataView(bytes.buffer), strange = random.chance(0.3) ? 0.3 : 0.02, fractional = random.chance(0.3) ? 0 : 8;
  const number = (): number => random.weighted([
    [fractional, (random.u32() + 1) * 2 ** random.between(-36, -28) * random.pick([1, -1])], [3, random.between(-20, 20)], [1, random.pick([0, -0, 1, 0.5])],
    [strange, random.pick([Infinity, -Infinity, NaN, 1e-320, 5e-324, 1e-40, 1e-45, 1.2e-38, 3e38, 1e300, 1e-300, 2 ** -126, 2 ** 31])],
  ]);
  for (let v = 0; v < VECTORS; v++) {
    const at = v * KINDS * VECTOR_BYTES;
    for (let i = 0; i < 4; i++) {
      view.setFloat32(at + 4 * i, number(), true);
      view.setInt32(at + 2 * VECTOR_BYTES + 4 * i, random.chance(0.5) ? random.u32() : random.below(70), true);
    }
    for (let i = 0; i < 2; i++) view.setFloat64(at + VECTOR_BYTES + 8 * i, number(), true);
  }
  return bytes;
}

describe("SSE programs", () => {
  const make = (random: Random): FloatProgram => ({ code: new Program(random).make(), data: fill(random) });
  goAsInterpreted({ seed, count: PROGRAMS, make, dataAt: DATA, out: { at: OUT, bytes: OUT_BYTES }, cr4: CR4_OSFXSR }, [
    ["translated at once", { engine: "jit", threshold: 1, checked: true }], ["translated after a while", { engine: "jit", threshold: 4, regionThreshold: 0 }],
    ["in regions at once", { engine: "jit", threshold: 1, regionThreshold: 1, checked: true }],
    ["in regions of short blocks", { engine: "jit", threshold: 2, regionThreshold: 2, maxBlockInsns: 3 }],
  ]);
});
