/** Functions that emitted code calls for ops JavaScript has no operator for. Those here take int32 numbers and return them, or a condition. */

/** High 32 bits of the unsigned product, from exact doubles. */
export function muluh(x: number, y: number): number {
  const low = Math.imul(x, y) >>> 0;
  // The product is below 2^64: its double is off by less than 2^11, so that (product - low) / 2^32 rounds to the integer.
  return ((((x >>> 0) * (y >>> 0) - low) / 4294967296 + 0.5) >>> 0) | 0;
}

/** High 32 bits of the signed product. Signs are as good as random: masks instead of choices. */
function mulsh(x: number, y: number): number {
  return (muluh(x, y) - (x >> 31 & y) - (y >> 31 & x)) | 0;
}

/** True if the signed product needs more than 32 bits. One that a double does not hold exactly is far from any that fits. */
function mulso(x: number, y: number): boolean {
  return x * y !== Math.imul(x, y);
}

/** Count of trailing zeros; 32 for 0. */
function ctz32(x: number): number {
  return x === 0 ? 32 : 31 - Math.clz32(x & -x);
}

/** Count of one bits. */
function ctpop(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The four bytes in reverse order. */
function bswap32(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >> 8) & 0xff00) | (x >>> 24);
}

/**
 * One digit of a long division in base 2^16: (rem * 2^16 + digit) / d, exact since the dividend is below 2^48.
 * rem < d <= 2^32.
 */
function quotientDigit(rem: number, digit: number, d: number): number {
  return Math.floor((rem * 65536 + digit) / d);
}

/** Unsigned quotient of hi:lo by d, which fits into 32 bits (hi < d). */
function divu2(lo: number, hi: number, d: number): number {
  const divisor = d >>> 0, high = hi >>> 0;
  const q1 = quotientDigit(high, lo >>> 16, divisor);
  const r1 = high * 65536 + (lo >>> 16) - q1 * divisor;
  return (q1 * 65536 + quotientDigit(r1, lo & 0xffff, divisor)) | 0;
}

/** Unsigned remainder of hi:lo by d (hi < d). */
function remu2(lo: number, hi: number, d: number): number {
  return (lo - Math.imul(divu2(lo, hi, d), d)) | 0;
}

/** Signed quotient of hi:lo by d, which fits into 32 bits. */
function divs2(lo: number, hi: number, d: number): number {
  const isNegative = (hi ^ d) < 0;
  const magnitude = divu2(hi < 0 ? -lo | 0 : lo, hi < 0 ? (lo === 0 ? -hi | 0 : ~hi) : hi, d < 0 ? -d | 0 : d);
  return isNegative ? -magnitude | 0 : magnitude;
}

/** Signed remainder of hi:lo by d; has the dividend's sign. */
function rems2(lo: number, hi: number, d: number): number {
  return (lo - Math.imul(divs2(lo, hi, d), d)) | 0;
}

/*
 * Where a float lies, by its square, which is made sooner than `Math.abs`: V8 makes a call and two constants of that.
 * WebAssembly looks at the exponent (tcg/wasm/intrinsics.ts).
 */
function isAbnormal64(x: number): boolean { return !(x * x >= 2 ** -1000 && x * x < 2 ** 1000); }
function isTiny64(x: number): boolean { return !(x * x >= 2 ** -1000); }
function isAbnormal32(x: number): boolean { return !(x * x > 2 ** -252 && x * x < 2 ** 256); }
function isTiny32(x: number): boolean { return !(x * x > 2 ** -252); }

// V8 compiles for the numbers it has seen. These have seen large ones before anything is compiled that they are part of.
for (const n of [3, 0x12345678, -0x6789abcd, -1]) {
  muluh(n, n);
  mulso(n, n);
  divs2(n, 1, -0x70000001);
}

/** What emitted code may call by these names. */
export const RUNTIME = {
  muluh, mulsh, mulso, ctz32, ctpop, bswap32, divu2, remu2, divs2, rems2, isAbnormal64, isTiny64, isAbnormal32, isTiny32,
  imul: Math.imul, clz32: Math.clz32, abs: Math.abs, sqrt: Math.sqrt, fround: Math.fround, floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc,
};
