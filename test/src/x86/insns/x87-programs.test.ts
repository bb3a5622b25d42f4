// Loops of x87 insns that keep the stack in order, on numbers as programs have them, under interpreter and translator: what
// blocks do inline (insns/x87/inline.ts) is seldom met by insns at random.

import { expect } from "chai";
import type { Random } from "../../../oracle/random.ts";
import type { FloatProgram } from "../../../support/float-programs.ts";
import { DATA, goAsInterpreted, hexOf, OUT, word32 } from "../../../support/float-programs.ts";
import { textSeed } from "../../../support/seed.ts";
import { CODE, guest32 } from "../../kvm/guest.ts";

const seed = textSeed("x87-programs");
const PROGRAMS = Number(process.env["ROUNDS"] ?? 16), INSNS = 24, LOOPS = 12;
/** Behind doubles: singles, integers, extended numbers. */
const SINGLES = 0x9100, INTEGERS = 0x9180, EXTENDED = 0x9200, BYTES = 0x2c0;
/** Where FLDCW reads: the control word that the program starts with, and one that truncates. */
const CONTROL = OUT + 0x2d0, TRUNCATION = OUT + 0x2e0, STACK_SLOTS = 8;

/** opcode /digit with an absolute address. */
const memory = (opcode: number, digit: number, at: number): number[] => [opcode, (digit << 3) | 5, ...word32(at)];

/** A loop whose body leaves as many values on the stack as it finds. */
class Program {
  private readonly random: Random;
  private depth = 0;

  constructor(random: Random) {
    this.random = random;
  }

  make(): number[] {
    const { random } = this, body: number[] = [], start: number[] = [0xdb, 0xe3], control = random.pick([0x37f, 0x37f, 0x27f, 0x27f, 0x33f, 0x7f, 0xb7f, 0x35f]);
    // fldcw through memory: mov word [CONTROL], control.
    for (const [at, word] of [[TRUNCATION, control | 0xc00], [CONTROL, control]]) start.push(0x66, 0xc7, 0x05, ...word32(at), word & 255, word >> 8);
    start.push(...memory(0xd9, 5, CONTROL));
    const kept = random.below(4);
    while (this.depth < kept) start.push(...this.load());
    start.push(0xb9, ...word32(LOOPS));
    for (let i = 0; i < INSNS; i++) body.push(...this.insn());
    while (this.depth > kept) body.push(...this.store(1));
    while (this.depth < kept) body.push(...this.load());
    // dec ecx; jnz back; hlt
    return [...start, ...body, 0x49, 0x0f, 0x85, ...word32(-(body.length + 7)), 0xf4];
  }

  private at(base: number, size: number, count = 16): number {
    return base + size * this.random.below(count);
  }

  private load(): number[] {
    this.depth++;
    return this.random.pick([
      memory(0xdd, 0, this.at(DATA, 8)), memory(0xdd, 0, this.at(DATA, 8)), memory(0xd9, 0, this.at(SINGLES, 4)), memory(0xdb, 0, this.at(INTEGERS, 4)),
      memory(0xdf, 0, this.at(INTEGERS, 2)), memory(0xdd, 0, this.at(OUT, 8)), [0xd9, 0xe8], [0xd9, 0xee], [0xd9, 0xeb],
      memory(0xdb, 5, this.at(EXTENDED, 12)), memory(0xdb, 5, this.at(OUT + 0x180, 12)), memory(0xdf, 5, this.at(INTEGERS, 8, 8)),
    ]);
  }

  private store(pops: 0 | 1): number[] {
    const { random } = this;
    this.depth -= pops;
    if (pops === 1 && random.chance(0.4)) {
      return random.pick([memory(0xdb, 7, this.at(OUT + 0x180, 12)), memory(0xdf, 7, this.at(OUT + 0x100, 8)), memory(0xdb, 1, this.at(OUT + 0x100, 4)), memory(0xdf, 1, this.at(OUT + 0x100, 2)), memory(0xdd, 1, this.at(OUT + 0x100, 8))]);
    }
    if (random.chance(0.2)) return [...memory(0xd9, 5, TRUNCATION), ...memory(random.pick([0xdb, 0xdf]), 2 + pops, this.at(OUT + 0x100, 4)), ...memory(0xd9, 5, CONTROL)];
    return random.weighted([
      [4, memory(0xdd, 2 + pops, this.at(OUT, 8))], [2, memory(0xd9, 2 + pops, this.at(OUT + 0x80, 4))], [1, memory(random.pick([0xdb, 0xdf]), 2 + pops, this.at(OUT + 0x100, 4))],
    ]);
  }

  private insn(): number[] {
    const { random, depth } = this, i = random.below(Math.max(depth, 1)), operation = random.pick([0, 0, 1, 1, 4, 5, 6, 7]);
    if (depth === 0) return this.load();
    const kind = random.below(16);
    if (depth < STACK_SLOTS - 1 && kind < 4) return this.load();
    if (kind < 6) return this.store(random.below(2) as 0 | 1);
    if (depth < STACK_SLOTS - 1 && kind < 7) {
      this.depth++;
      return [0xd9, 0xc0 | i];
    }
    if (depth > 1 && kind < 9) {
      this.depth--;
      return [0xde, 0xc0 | (operation << 3) | Math.max(i, 1)];
    }
    return random.pick([
      [0xd8, 0xc0 | (operation << 3) | i], [0xdc, 0xc0 | (operation << 3) | i], memory(0xdc, operation, this.at(DATA, 8)), memory(0xdc, operation, this.at(DATA, 8)),
      memory(0xd8, operation, this.at(SINGLES, 4)), memory(0xda, operation, this.at(INTEGERS, 4)), memory(0xde, operation, this.at(INTEGERS, 2)),
      [0xd9, 0xc8 | i], [0xd9, 0xe0], [0xd9, 0xe1], [0xd9, 0xe1, 0xd9, 0xfa],
      // Comparisons, and their outcome into EAX or EFLAGS.
      [0xd8, 0xd0 | i, 0xdf, 0xe0, 0x01, 0xc2], [0xdb, 0xf0 | i, 0x83, 0xd2, 0x00], [0xd9, 0xe4, 0xdd, 0x3d, ...word32(OUT + 0x1c0)],
      memory(0xdc, 2, this.at(DATA, 8)), [0xd9, 0xfc], [random.pick([0xda, 0xdb]), 0xc0 | (random.below(4) << 3) | i],
    ]);
  }
}

/** Numbers of like magnitude, small integers, powers of two, zeros; seldom anything else. */
function fill(random: Random): Uint8Array {
  const bytes = new Uint8Array(BYTES), view = new DataView(bytes.buffer);
  const any = (): number => (random.u32() + 1) * 2 ** random.between(-40, -20) * (random.below(2) === 0 ? 1 : -1);
  const number = (): number => random.weighted([
    [8, any() + any() * 2 ** -30], [3, random.between(-20, 20)], [2, 2 ** random.between(-20, 20)], [1, random.pick([0, -0])],
    [0.15, random.pick([Infinity, NaN, 5e-324, 1e300, 1e-300])],
  ]);
  for (let i = 0; i < 16; i++) {
    view.setFloat64(8 * i, number(), true);
    view.setFloat32(SINGLES - DATA + 4 * i, number(), true);
    view.setInt32(INTEGERS - DATA + 4 * i, random.u32() >> random.below(31), true);
    const at = EXTENDED - DATA + 12 * i, isNormal = random.chance(0.97);
    view.setUint32(at, random.pick([0, random.u32(), random.u32()]), true);
    view.setUint32(at + 4, isNormal ? random.u32() | 0x80000000 : random.pick([0, random.u32()]), true);
    view.setUint16(at + 8, isNormal ? random.between(0x3fe0, 0x4020) | random.pick([0, 0x8000]) : random.pick([0, 0x7fff, 0x8000, random.below(0x10000)]), true);
  }
  return bytes;
}

describe("x87 programs", () => {
  const make = (random: Random): FloatProgram => ({ code: new Program(random).make(), data: fill(random) });
  goAsInterpreted({ seed, count: PROGRAMS, make, dataAt: DATA, out: { at: OUT, bytes: BYTES }, cr4: 0 }, [
    ["translated at once", { engine: "jit", threshold: 1, checked: true }], ["translated after a while", { engine: "jit", threshold: 4, regionThreshold: 0 }],
  ]);

  it("are made anew for another depth of the stack", () => {
    // fninit; call x (many times at depth 0); fld1; call x (many times at depth 1); hlt. x: fld1; fadd st0, st0; fstp qword [OUT]; ret
    const times = (n: number): number[] => [0xb9, ...word32(n)], call = (to: number, at: number): number[] => [0xe8, ...word32(to - at - 5)];
    const loop = (at: number, x: number): number[] => [...call(x, at), 0x49, 0x75, 0xf8], x = CODE + 0x100;
    const start = [0xdb, 0xe3, ...times(2000)], first = loop(CODE + start.length, x);
    const between = [0xd9, 0xe8, ...times(20_000)], second = loop(CODE + start.length + first.length + between.length, x);
    const code = [...start, ...first, ...between, ...second, 0xf4], body = [0xd9, 0xe8, 0xd8, 0xc0, ...memory(0xdd, 3, OUT), 0xc3];
    const padded = [...code, ...Array.from({ length: 0x100 - code.length }, () => 0x90), ...body];
    const { vm, vcpu } = guest32(hexOf(padded), { engine: "jit", threshold: 4 });
    vcpu.setRegs({ rsp: 0x8000 });
    vcpu.run();
    expect(new DataView(vm.readPhys(OUT, 8).buffer).getFloat64(0, true)).to.equal(2);
    expect(vcpu.engine.stats.sideExits).to.be.within(1, 500);
    expect([...vcpu.engine.translator.allBlocks()].some(({ eip, text }) => eip === x && !text.includes("fadd("))).to.equal(true);
  });
});
