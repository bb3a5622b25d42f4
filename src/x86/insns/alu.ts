/**
 * Addition, subtraction and logic, in the eight-row pattern of the one-byte map (SDM 2D table A-2) and the insns around
 * it. A memory destination is written before registers and flags, so that a device behind it may still leave.
 */
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val, Width } from "../lowering.ts";
import type { Operand } from "../operands.ts";
import { EAX, EBX, ECX, EDX } from "../state.ts";

/** Computes the result and, when called, sets the flags from it. */
type Arithmetic = (b: Lowering, width: Width, x: Val, y: Val) => { r: Val; setFlags: () => void };

const add: Arithmetic = (b, width, x, y) => {
  const r = b.add(x, y);
  return { r, setFlags: () => b.flags.add(width, r, x, y) };
};
const adc: Arithmetic = (b, width, x, y) => {
  const r = b.add(b.add(x, y), b.flags.carry());
  return { r, setFlags: () => b.flags.add(width, r, x, y, true) };
};
const sub: Arithmetic = (b, width, x, y) => {
  const r = b.sub(x, y);
  return { r, setFlags: () => b.flags.sub(width, r, x, y) };
};
const sbb: Arithmetic = (b, width, x, y) => {
  const r = b.sub(b.sub(x, y), b.flags.carry());
  return { r, setFlags: () => b.flags.sub(width, r, x, y, true) };
};
const logic = (op: "and" | "or" | "xor"): Arithmetic => (b, width, x, y) => {
  const r = b[op](x, y);
  return { r, setFlags: () => b.flags.logic(width, r) };
};

const hex = (n: number): string => n.toString(16).padStart(2, "0");

/** The encodings of row `n` of the pattern: ModRM both ways, accumulator and immediate, group 1. 82 is an alias of 80. */
function rowForms(n: number): string[] {
  const at = n * 8;
  return [
    `${hex(at)} /r  Eb,Gb`, `${hex(at + 1)} /r  Ev,Gv`, `${hex(at + 2)} /r  Gb,Eb`, `${hex(at + 3)} /r  Gv,Ev`,
    `${hex(at + 4)} ib  AL,Ib`, `${hex(at + 5)} iz  rAX,Iz`,
    `80 /${n} ib  Eb,Ib`, `81 /${n} iz  Ev,Iz`, `82 /${n} ib  Eb,Ib`, `83 /${n} ib  Ev,Ibs`,
  ];
}

function row(n: number, name: string, compute: Arithmetic): InsnDef {
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, lock: true, forms: rowForms(n),
    lower(b, [dst, src]) {
      const x = dst.readForWrite(), { r, setFlags } = compute(b, dst.width, x, src.read());
      dst.write(r);
      setFlags();
    },
  });
}

/** A row whose result only sets the flags. */
function compare(name: string, forms: readonly string[], compute: Arithmetic): InsnDef {
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms,
    lower(b, [dst, src]) {
      const x = dst.read();
      compute(b, dst.width, x, src.read()).setFlags();
    },
  });
}

/** Writes two operands of which the first may be memory: memory first, but of two registers the first last, so that it wins. */
function writeBoth(first: Operand, v: Val, second: () => void): void {
  if (first.isMemory) first.write(v);
  second();
  if (!first.isMemory) first.write(v);
}

export const ALU: readonly InsnDef[] = [
  row(0, "add", add),
  row(1, "or", logic("or")),
  row(2, "adc", adc),
  row(3, "sbb", sbb),
  row(4, "and", logic("and")),
  row(5, "sub", sub),
  row(6, "xor", logic("xor")),
  compare("cmp", rowForms(7), sub),
  compare("test", [
    "84 /r  Eb,Gb", "85 /r  Ev,Gv", "a8 ib  AL,Ib", "a9 iz  rAX,Iz",
    "f6 /0 ib  Eb,Ib", "f7 /0 iz  Ev,Iz", "f6 /1 ib  Eb,Ib", "f7 /1 iz  Ev,Iz",
  ], logic("and")),

  defInsn("inc", {
    ref: "SDM 2A INC", lock: true, forms: ["40+r  Zv", "fe /0  Eb", "ff /0  Ev"],
    lower(b, [dst]) {
      const x = dst.readForWrite(), r = b.add(x, b.imm(1));
      dst.write(r);
      b.flags.inc(dst.width, r, x);
    },
  }),

  defInsn("dec", {
    ref: "SDM 2A DEC", lock: true, forms: ["48+r  Zv", "fe /1  Eb", "ff /1  Ev"],
    lower(b, [dst]) {
      const x = dst.readForWrite(), r = b.sub(x, b.imm(1));
      dst.write(r);
      b.flags.dec(dst.width, r, x);
    },
  }),

  defInsn("neg", {
    ref: "SDM 2B NEG", lock: true, forms: ["f6 /3  Eb", "f7 /3  Ev"],
    lower(b, [dst]) {
      const x = dst.readForWrite(), r = b.neg(x);
      dst.write(r);
      b.flags.sub(dst.width, r, b.imm(0), x);
    },
  }),

  defInsn("not", {
    ref: "SDM 2B NOT", lock: true, forms: ["f6 /2  Eb", "f7 /2  Ev"],
    lower(b, [dst]) {
      dst.write(b.not(dst.readForWrite()));
    },
  }),

  defInsn("xadd", {
    ref: "SDM 2C XADD", lock: true, forms: ["0f c0 /r  Eb,Gb", "0f c1 /r  Ev,Gv"],
    lower(b, [dst, src]) {
      const x = dst.readForWrite(), y = src.read(), r = b.add(x, y);
      writeBoth(dst, r, () => src.write(x));
      b.flags.add(dst.width, r, x, y);
    },
  }),

  // The destination is written whatever the comparison says; the accumulator gets its old value, which in the equal case
  // it has already.
  defInsn("cmpxchg", {
    ref: "SDM 2A CMPXCHG", lock: true, forms: ["0f b0 /r  Eb,Gb", "0f b1 /r  Ev,Gv"],
    lower(b, [dst, src]) {
      const { width } = dst, old = dst.readForWrite(), acc = b.reg(width, EAX);
      const stored = b.movcond("eq", acc, old, src.read(), old);
      writeBoth(dst, stored, () => b.setReg(width, EAX, old));
      b.flags.sub(width, b.sub(acc, old), acc, old);
    },
  }),

  defInsn("cmpxchg8b", {
    ref: "SDM 2A CMPXCHG8B", feature: "cx8", lock: true, forms: ["0f c7 /1  Mq"],
    lower(b, [dst]) {
      const at = dst.linear(8, true), at4 = b.add(at, b.imm(4));
      const lo = b.load(32, at, "write"), hi = b.load(32, at4, "write");
      const differs = b.or(b.xor(lo, b.reg(32, EAX)), b.xor(hi, b.reg(32, EDX)));
      b.store(32, at, b.select(differs, lo, b.reg(32, EBX)), "none");
      b.store(32, at4, b.select(differs, hi, b.reg(32, ECX)), "none");
      b.setReg(32, EAX, lo);
      b.setReg(32, EDX, hi);
      b.flags.setZero(b.setcond("eq", differs, b.imm(0)));
    },
  }),
];
