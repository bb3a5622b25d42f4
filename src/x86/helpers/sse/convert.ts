/** Conversions between singles, doubles and int32, and rounding to integral values. */
import { exact, ROUND_DOWN, ROUND_UP, ROUND_ZERO } from "./exact.ts";
import { DENORMAL, FloatUnit, IE, INFINITE, PE, QUIET, SIGNALING, ZERO } from "./float-unit.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper, TEMP_SLOT } from "./vector-helper.ts";

/** "Integer indefinite": the result of an invalid conversion to int32 (SDM 1 table 4-6). */
const INDEFINITE = 0x80000000 | 0;
const MIN_32 = -2147483648, MAX_32 = 2147483647;

/** `v`, finite, rounded to an integral value. */
export function roundToIntegral(v: number, mode: number): number {
  switch (mode) {
    case ROUND_DOWN: return Math.floor(v);
    case ROUND_UP: return Math.ceil(v);
    case ROUND_ZERO: return Math.trunc(v);
    default: {
      const floor = Math.floor(v), rest = v - floor;
      if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
      return floor % 2 === 0 ? floor : floor + 1;
    }
  }
}

/** An element to int32. A denormal is no exception of its own here, only inexact, unless DAZ makes it a zero. */
function toInt32(unit: FloatUnit, y: number, isSingle: boolean, mode: number): number {
  const c = unit.classOf(y, isSingle);
  if (c >= QUIET || c === INFINITE) {
    unit.raised |= IE;
    return INDEFINITE;
  }
  if (c === DENORMAL && unit.daz) return 0;
  const v = unit.valueOf(y, isSingle), r = roundToIntegral(v, mode);
  if (r < MIN_32 || r > MAX_32) {
    unit.raised |= IE;
    return INDEFINITE;
  }
  if (r !== v) unit.raised |= PE;
  return r | 0;
}

function singleToDouble(unit: FloatUnit, y: number, out: number): void {
  const { R } = unit, c = unit.class32(y), word = R[y];
  if (c >= QUIET) {
    if (c === SIGNALING) unit.raised |= IE;
    R[out] = word << 29;
    R[out + 1] = (word & 0x80000000) | 0x7ff80000 | ((word & 0x7fffff) >> 3);
  } else if (unit.operandClass(y, true) === ZERO) unit.putZero(out, unit.signOf(y, true), false);
  else unit.putDouble(out, unit.valueOf(y, true));
}

function doubleToSingle(unit: FloatUnit, y: number, out: number): void {
  const { R } = unit, c = unit.class64(y), low = R[y], high = R[y + 1], sign = unit.signOf(y, false);
  if (c >= QUIET) {
    if (c === SIGNALING) unit.raised |= IE;
    R[out] = (high & 0x80000000) | 0x7fc00000 | ((high & 0x7ffff) << 3) | (low >>> 29);
  } else if (c === INFINITE) unit.putInfinity(out, sign, true);
  else if (unit.operandClass(y, false) === ZERO) unit.putZero(out, sign, true);
  else unit.putRounded(out, unit.unpack(y, false), true);
}

function int32ToSingle(unit: FloatUnit, y: number, out: number): void {
  const v = unit.R[y];
  if (v === 0 || Math.fround(v) === v) unit.putSingle(out, v);
  else unit.putRounded(out, exact(v < 0 ? 1 : 0, BigInt(Math.abs(v)), 0), true);
}

function int32ToDouble(unit: FloatUnit, y: number, out: number): void {
  unit.putDouble(out, unit.R[y]);
}

/** What an insn converts: element sizes in words, how many, and what the rest of an XMM destination becomes. */
interface Conversion {
  readonly from: 1 | 2;
  readonly to: 1 | 2;
  readonly count: number;
  /** Words written; those behind the elements become 0. */
  readonly written: number;
  readonly convert: (unit: FloatUnit, y: number, out: number) => void;
}

function conversion(name: string, { from, to, count, written, convert }: Conversion): VectorHelper {
  return defVectorHelper(name, {
    doc: `${name.toUpperCase()}.`, isFloat: true,
    bind(cpu) {
      const unit = new FloatUnit(cpu), { R } = cpu;
      return (dst, src) => {
        unit.begin();
        for (let i = 0; i < count; i++) convert(unit, src + i * from, TEMP_SLOT + i * to);
        unit.end();
        for (let i = 0; i < written; i++) R[dst + i] = i < count * to ? R[TEMP_SLOT + i] : 0;
      };
    },
  });
}

const toInteger = (isSingle: boolean, truncates: boolean) => (unit: FloatUnit, y: number, out: number): void => {
  unit.R[out] = toInt32(unit, y, isSingle, truncates ? ROUND_ZERO : unit.mode);
};

export const CONVERSIONS = {
  cvtps2pd: conversion("cvtps2pd", { from: 1, to: 2, count: 2, written: 4, convert: singleToDouble }),
  cvtss2sd: conversion("cvtss2sd", { from: 1, to: 2, count: 1, written: 2, convert: singleToDouble }),
  cvtpd2ps: conversion("cvtpd2ps", { from: 2, to: 1, count: 2, written: 4, convert: doubleToSingle }),
  cvtsd2ss: conversion("cvtsd2ss", { from: 2, to: 1, count: 1, written: 1, convert: doubleToSingle }),
  cvtdq2ps: conversion("cvtdq2ps", { from: 1, to: 1, count: 4, written: 4, convert: int32ToSingle }),
  cvtdq2pd: conversion("cvtdq2pd", { from: 1, to: 2, count: 2, written: 4, convert: int32ToDouble }),
  cvtpi2ps: conversion("cvtpi2ps", { from: 1, to: 1, count: 2, written: 2, convert: int32ToSingle }),
  cvtpi2pd: conversion("cvtpi2pd", { from: 1, to: 2, count: 2, written: 4, convert: int32ToDouble }),
  cvtsi2ss: conversion("cvtsi2ss", { from: 1, to: 1, count: 1, written: 1, convert: int32ToSingle }),
  cvtsi2sd: conversion("cvtsi2sd", { from: 1, to: 2, count: 1, written: 2, convert: int32ToDouble }),
  cvtps2dq: conversion("cvtps2dq", { from: 1, to: 1, count: 4, written: 4, convert: toInteger(true, false) }),
  cvttps2dq: conversion("cvttps2dq", { from: 1, to: 1, count: 4, written: 4, convert: toInteger(true, true) }),
  cvtpd2dq: conversion("cvtpd2dq", { from: 2, to: 1, count: 2, written: 4, convert: toInteger(false, false) }),
  cvttpd2dq: conversion("cvttpd2dq", { from: 2, to: 1, count: 2, written: 4, convert: toInteger(false, true) }),
  cvtps2pi: conversion("cvtps2pi", { from: 1, to: 1, count: 2, written: 2, convert: toInteger(true, false) }),
  cvttps2pi: conversion("cvttps2pi", { from: 1, to: 1, count: 2, written: 2, convert: toInteger(true, true) }),
  cvtpd2pi: conversion("cvtpd2pi", { from: 2, to: 1, count: 2, written: 2, convert: toInteger(false, false) }),
  cvttpd2pi: conversion("cvttpd2pi", { from: 2, to: 1, count: 2, written: 2, convert: toInteger(false, true) }),
};

/** CVTSS2SI and its like: returns the int32. */
const scalarToInteger = (name: string, isSingle: boolean, truncates: boolean): VectorHelper => defVectorHelper(name, {
  doc: `${name.toUpperCase()}: returns the integer.`, isFloat: true, hasResult: true,
  bind(cpu) {
    const unit = new FloatUnit(cpu);
    return (_dst, src) => {
      unit.begin();
      const r = toInt32(unit, src, isSingle, truncates ? ROUND_ZERO : unit.mode);
      unit.end();
      return r;
    };
  },
});

export const SCALAR_TO_INTEGER = {
  cvtss2si: scalarToInteger("cvtss2si", true, false), cvttss2si: scalarToInteger("cvttss2si", true, true),
  cvtsd2si: scalarToInteger("cvtsd2si", false, false), cvttsd2si: scalarToInteger("cvttsd2si", false, true),
};

/** ROUNDPS and its like: imm[1:0] is the mode, imm[2] takes MXCSR's instead, imm[3] keeps quiet about inexactness. */
export function roundElement(unit: FloatUnit, y: number, out: number, imm: number, isSingle: boolean): void {
  const c = unit.classOf(y, isSingle), sign = unit.signOf(y, isSingle);
  if (c >= QUIET) {
    if (c === SIGNALING) unit.raised |= IE;
    return unit.putQuieted(out, y, isSingle);
  }
  if (c === ZERO || (c === DENORMAL && unit.daz)) return unit.putZero(out, sign, isSingle);
  if (c === INFINITE) return unit.putInfinity(out, sign, isSingle);
  const v = unit.valueOf(y, isSingle), r = roundToIntegral(v, (imm & 4) !== 0 ? unit.mode : imm & 3);
  if (r !== v && (imm & 8) === 0) unit.raised |= PE;
  if (r === 0) unit.putZero(out, sign, isSingle);
  else if (isSingle) unit.putSingle(out, r);
  else unit.putDouble(out, r);
}

