/** Loads, stores and moves: FLD FILD FBLD FST FIST FISTTP FBSTP FXCH FCMOV and the constants. */
import type { Cpu } from "../../cpu.ts";
import { isNan } from "../../float80/classify.ts";
import { loadDouble, loadSingle, toDouble, toSingle } from "../../float80/formats.ts";
import { loadDecimal, loadInt32, loadInt64, toDecimal, toInt, toInt64, TRUNCATE } from "../../float80/integer.ts";
import type { FloatUnit } from "../../float80/unit.ts";
import { IE, RC_NEAREST, RC_UP } from "../../float80/unit.ts";
import type { HelperDef } from "../define.ts";
import { defFpuHelper } from "./define.ts";
import type { Fpu } from "./fpu.ts";

/** Pushes operand b as a load does it: a signaling NaN is invalid and becomes quiet. */
function pushB(f: Fpu, u: FloatUnit): void {
  const { bSe, bHi, bLo } = u;
  if (isNan(bSe, bHi, bLo) && (bHi & 0x40000000) === 0) {
    u.flags |= IE;
    u.set(bSe, bHi | 0x40000000, bLo);
  } else {
    u.set(bSe, bHi, bLo);
  }
  f.push();
}

export const loadM32 = defFpuHelper("fld_m32", {
  params: 1,
  doc: "Pushes a single.",
  bind: (f) => (bits) => {
    if (f.pairs.setSingle(bits) && f.pairs.push()) return;
    const u = f.begin();
    loadSingle(u, bits);
    pushB(f, u);
  },
});

export const loadM64 = defFpuHelper("fld_m64", {
  params: 2,
  doc: "Pushes a double (lo, hi).",
  bind: (f) => (lo, hi) => {
    if (f.pairs.setDouble(lo, hi) && f.pairs.push()) return;
    const u = f.begin();
    loadDouble(u, lo, hi);
    pushB(f, u);
  },
});

export const loadM80 = defFpuHelper("fld_m80", {
  params: 3,
  doc: "Pushes an extended value as it is (lo, hi, sign and exponent).",
  bind: (f) => (lo, hi, se) => {
    f.begin().set(se, hi, lo);
    f.push();
  },
});

export const loadI32 = defFpuHelper("fild", {
  params: 1,
  doc: "Pushes an int32.",
  bind: (f) => (value) => {
    f.pairs.setInteger(value);
    if (f.pairs.push()) return;
    const u = f.begin();
    loadInt32(u, value);
    pushB(f, u);
  },
});

export const loadI64 = defFpuHelper("fild_m64", {
  params: 2,
  doc: "Pushes an int64 (lo, hi).",
  bind: (f) => (lo, hi) => {
    const u = f.begin();
    loadInt64(u, lo, hi);
    pushB(f, u);
  },
});

export const loadBcd = defFpuHelper("fbld", {
  params: 3,
  doc: "Pushes a packed decimal (lo, hi, top).",
  bind: (f) => (lo, hi, top) => {
    const u = f.begin();
    loadDecimal(u, lo, hi, top);
    pushB(f, u);
  },
});

export const loadRegister = defFpuHelper("fld_st", {
  params: 1,
  doc: "Pushes ST(i).",
  bind: (f) => (i) => {
    if (f.pairs.pushRegister(i)) return;
    const u = f.begin();
    if (f.loadA(i)) u.set(u.aSe, u.aHi, u.aLo);
    f.push();
  },
});

/** Constants by ModRM byte minus 0xe8: sign and exponent, significand truncated, and whether it rounds up to nearest. */
const CONSTANTS = [
  { se: 0x3fff, hi: 0x80000000, lo: 0, up: null },
  { se: 0x4000, hi: 0xd49a784b, lo: 0xcd1b8afe, up: false },
  { se: 0x3fff, hi: 0xb8aa3b29, lo: 0x5c17f0bb, up: true },
  { se: 0x4000, hi: 0xc90fdaa2, lo: 0x2168c234, up: true },
  { se: 0x3ffd, hi: 0x9a209a84, lo: 0xfbcff798, up: true },
  { se: 0x3ffe, hi: 0xb17217f7, lo: 0xd1cf79ab, up: true },
  { se: 0, hi: 0, lo: 0, up: null },
] as const;

export const loadConstant = defFpuHelper("fldconst", {
  params: 1,
  doc: "Pushes constant n: 1, log2 10, log2 e, pi, log10 2, ln 2, 0, rounded as the rounding control says, without flags.",
  bind: (f) => (n) => {
    const u = f.begin(), { se, hi, lo, up } = CONSTANTS[n], { rounding } = u;
    const increment = up !== null && (rounding === RC_UP || (rounding === RC_NEAREST && up)) ? 1 : 0;
    u.set(se, hi | 0, (lo + increment) | 0);
    f.push();
  },
});

// ---- stores

/** Settles a store and pops; false if memory stays as it is. */
function finishStore(f: Fpu, pops: number): boolean {
  if (!f.settleStore()) return false;
  if (pops !== 0) f.pop();
  return true;
}

export const storeM32 = defFpuHelper("fst_m32", {
  params: 2,
  result: "i32",
  doc: "ST(0) as a single, then pops; what is at `at` already if an unmasked exception keeps it back (at, pops).",
  bind: (f) => (at, pops) => {
    const single = f.pairs.storeSingle(pops);
    if (single !== null) return single;
    const u = f.begin();
    const bits = f.loadA(0) ? toSingle(u) : 0xffc00000 | 0;
    return finishStore(f, pops) ? bits : f.cpu.load32(at);
  },
});

/** Puts what memory holds at `at` where a 64-bit result would be. */
function keep64(u: FloatUnit, cpu: Cpu, at: number): void {
  u.lo = cpu.load32(at);
  u.hi = cpu.load32((at + 4) | 0);
}

export const storeM64 = defFpuHelper("fst_m64", {
  params: 2,
  result: "i32",
  doc: "Low word of ST(0) as a double, then pops (at, pops); the upper word is `fpu_hi`.",
  bind: (f) => (at, pops) => {
    const { u } = f;
    if (f.pairs.canStore()) {
      f.pairs.store(pops);
      u.hi = f.pairs.operandHigh;
      return f.pairs.operandLow;
    }
    f.begin();
    if (f.loadA(0)) toDouble(u);
    else u.set(0, 0xfff80000 | 0, 0);
    if (!finishStore(f, pops)) keep64(u, f.cpu, at);
    return u.lo;
  },
});

export const storeM80 = defFpuHelper("fstp_m80", {
  params: 1,
  result: "i32",
  doc: "Low word of ST(0) as it is, then pops (at); the others are `fpu_hi` and `fpu_se`.",
  bind: (f) => (at) => {
    const u = f.begin();
    if (f.loadA(0)) u.set(u.aSe, u.aHi, u.aLo);
    if (!finishStore(f, 1)) keep80(u, f.cpu, at);
    return u.lo;
  },
});

function keep80(u: FloatUnit, cpu: Cpu, at: number): void {
  keep64(u, cpu, at);
  u.se = cpu.load16((at + 8) | 0);
}

function storeInteger(name: string, bits: 16 | 32): HelperDef {
  const indefinite = -(2 ** (bits - 1));
  return defFpuHelper(name, {
    params: 2,
    result: "i32",
    doc: `ST(0) as an int${bits}, then pops (at, pops).`,
    bind: (f) => (at, pops) => {
      const whole = f.pairs.storeInteger(bits, pops);
      if (whole !== null) return whole;
      const u = f.begin();
      const value = f.loadA(0) ? toInt(u, bits, u.rounding) : indefinite;
      return finishStore(f, pops) ? value : f.cpu.load(at, bits / 8);
    },
  });
}

function storeTruncated(name: string, bits: 16 | 32): HelperDef {
  const indefinite = -(2 ** (bits - 1));
  return defFpuHelper(name, {
    params: 1,
    result: "i32",
    doc: `ST(0) truncated to an int${bits}, then pops (at).`,
    bind: (f) => (at) => {
      const u = f.begin();
      const value = f.loadA(0) ? toInt(u, bits, TRUNCATE) : indefinite;
      return finishStore(f, 1) ? value : f.cpu.load(at, bits / 8);
    },
  });
}

export const storeI16 = storeInteger("fist_m16", 16), storeI32 = storeInteger("fist_m32", 32);
export const truncateI16 = storeTruncated("fisttp_m16", 16), truncateI32 = storeTruncated("fisttp_m32", 32);

/** Both 64-bit stores; the integer indefinite if ST(0) is empty. */
function store64(f: Fpu, at: number, rounding: number): number {
  const { u } = f;
  if (f.loadA(0)) toInt64(u, rounding);
  else u.set(0, 0x80000000 | 0, 0);
  if (!finishStore(f, 1)) keep64(u, f.cpu, at);
  return u.lo;
}

export const storeI64 = defFpuHelper("fistp_m64", {
  params: 1,
  result: "i32",
  doc: "Low word of ST(0) as an int64, then pops (at); the upper word is `fpu_hi`.",
  bind: (f) => (at) => store64(f, at, f.begin().rounding),
});

export const truncateI64 = defFpuHelper("fisttp_m64", {
  params: 1,
  result: "i32",
  doc: "Low word of ST(0) truncated to an int64, then pops (at); the upper word is `fpu_hi`.",
  bind: (f) => (at) => {
    f.begin();
    return store64(f, at, TRUNCATE);
  },
});

export const storeBcd = defFpuHelper("fbstp", {
  params: 1,
  result: "i32",
  doc: "Low word of ST(0) as a packed decimal, then pops (at); the others are `fpu_hi` and `fpu_se`.",
  bind: (f) => (at) => {
    const u = f.begin();
    if (f.loadA(0)) toDecimal(u);
    if (!finishStore(f, 1)) keep80(u, f.cpu, at);
    return u.lo;
  },
});

export const resultHigh = defFpuHelper("fpu_hi", {
  result: "i32",
  readsOnly: true,
  doc: "Second word of the value that a store has just returned the first of.",
  bind: (f) => () => f.u.hi,
});

export const resultTop = defFpuHelper("fpu_se", {
  result: "i32",
  readsOnly: true,
  doc: "Third word (16 bits) of the same.",
  bind: (f) => () => f.u.se,
});

// ---- between registers

export const storeRegister = defFpuHelper("fst_st", {
  params: 2,
  doc: "ST(i) = ST(0), then pops (i, pops).",
  bind: (f) => (i, pops) => {
    if (f.pairs.copyTop(i, pops)) return;
    const u = f.begin();
    if (f.loadA(0)) u.set(u.aSe, u.aHi, u.aLo);
    f.deliver(i, pops);
  },
});

export const exchange = defFpuHelper("fxch", {
  params: 1,
  doc: "Exchanges ST(0) and ST(i); an empty one counts as the default NaN if stack faults are masked.",
  bind: (f) => (i) => {
    if (f.pairs.exchange(i)) return;
    const u = f.begin();
    if (f.isEmpty(0) || f.isEmpty(i)) return exchangeEmpty(f, i);
    f.loadA(0);
    f.loadB(i);
    u.set(u.bSe, u.bHi, u.bLo);
    f.write(0);
    u.set(u.aSe, u.aHi, u.aLo);
    f.write(i);
    f.clearC1();
  },
});

function exchangeEmpty(f: Fpu, i: number): void {
  const { u } = f;
  f.underflow();
  if (!f.settle()) return;
  const { se, hi, lo } = u;
  if (f.isEmpty(0)) u.setA(se, hi, lo);
  else f.loadA(0);
  if (f.isEmpty(i)) u.setB(se, hi, lo);
  else f.loadB(i);
  u.set(u.bSe, u.bHi, u.bLo);
  f.write(0);
  u.set(u.aSe, u.aHi, u.aLo);
  f.write(i);
}

export const conditionalMove = defFpuHelper("fcmov", {
  params: 2,
  doc: "ST(0) = ST(i) if c is not 0; an empty one of them is a stack underflow in any case (i, c).",
  bind: (f) => (i, c) => {
    const u = f.begin();
    if (f.loadA(0) && f.loadB(i)) {
      if (c === 0) return;
      u.set(u.bSe, u.bHi, u.bLo);
    }
    f.keepC1();
    f.deliver(0, 0);
  },
});

