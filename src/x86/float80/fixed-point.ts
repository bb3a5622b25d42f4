/**
 * Fixed-point numbers for the transcendental functions: BigInt in units of 2^-bits, in two precisions, with the constants and
 * series that the functions are made of. The narrow precision decides the rounding of nearly every result; the wide one
 * is for what comes too close to a boundary (big-round.ts).
 */

/** Units of 2^-256, truncated. */
const PI_256 = 0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;
const LN2_256 = 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2bn;

/** Arguments of the series stay below these: (pi/4)^2, ln 2, (3 - 2 sqrt 2)^2, 2^-8. */
const SINE_RANGE = 0.617, EXPONENTIAL_RANGE = 0.694, LOGARITHM_RANGE = 0.0295, ARCTANGENT_RANGE = 1 / 256;
/** Arctangents are tabulated in steps of 1/8. */
export const ARCTANGENT_STEPS = 8;

/** What depends on the precision; made when the first function is evaluated in it. */
class Tables {
  readonly pi: bigint;
  readonly ln2: bigint;
  /** 1 / ln 2 = log2 e. */
  readonly log2e: bigint;
  /** Coefficients of z^n, by n: sin(r) / r and cos(r) in z = -r^2, (e^z - 1) / z, atanh(s) / s in z = s^2, atan(s) / s in z = -s^2. */
  readonly sine: readonly bigint[];
  readonly cosine: readonly bigint[];
  readonly exponential: readonly bigint[];
  readonly logarithm: readonly bigint[];
  readonly arctangent: readonly bigint[];
  /** atan(k / 8), k = 0 … 8. */
  readonly arctangents: readonly bigint[];

  constructor(p: Precision) {
    const { bits, one, shift } = p, excess = BigInt(256 - bits);
    this.pi = PI_256 >> excess;
    this.ln2 = LN2_256 >> excess;
    this.log2e = (one << shift) / this.ln2;
    const inverseFactorials = [one];
    for (let n = 1; inverseFactorials[n - 1] !== 0n; n++) inverseFactorials.push(inverseFactorials[n - 1] / BigInt(n));
    const inverseOdd = (n: number): bigint => one / BigInt(2 * n + 1);
    this.sine = coefficients(SINE_RANGE, (n) => inverseFactorials[2 * n + 1]);
    this.cosine = coefficients(SINE_RANGE, (n) => inverseFactorials[2 * n]);
    this.exponential = coefficients(EXPONENTIAL_RANGE, (n) => inverseFactorials[n + 1]);
    this.logarithm = coefficients(LOGARITHM_RANGE, inverseOdd);
    this.arctangent = coefficients(ARCTANGENT_RANGE, inverseOdd);
    // From one to the next: atan(k/8) - atan((k-1)/8) = atan(8 / (64 + k (k-1))).
    const arctangents = [0n];
    for (let k = 1; k <= ARCTANGENT_STEPS; k++) {
      const s = (8n << shift) / BigInt(64 + k * (k - 1));
      arctangents.push(arctangents[k - 1] + p.times(s, p.sum(this.arctangent, -p.times(s, s))));
    }
    this.arctangents = arctangents;
  }
}

/** As many coefficients as count for arguments up to `range`. */
function coefficients(range: number, coefficient: (n: number) => bigint): bigint[] {
  const list: bigint[] = [];
  for (let n = 0, power = 1; ; n++, power *= range) {
    const c = coefficient(n);
    if (Number(c) * power < 1) return list;
    list.push(c);
  }
}

export class Precision {
  /** Fraction bits, at most 256; and as a shift count. */
  readonly bits: number;
  readonly shift: bigint;
  readonly one: bigint;
  #tables: Tables | undefined;

  constructor(bits: number) {
    this.bits = bits;
    this.shift = BigInt(bits);
    this.one = 1n << this.shift;
  }

  get tables(): Tables {
    return (this.#tables ??= new Tables(this));
  }

  times(x: bigint, y: bigint): bigint {
    return (x * y) >> this.shift;
  }

  /** The polynomial with these coefficients at z. */
  sum(list: readonly bigint[], z: bigint): bigint {
    const { shift } = this;
    let sum = 0n;
    for (let n = list.length - 1; n >= 0; n--) sum = list[n] + ((sum * z) >> shift);
    return sum;
  }
}

/** Numbers of the narrow precision fit two 64-bit digits of a BigInt. */
export const NARROW = new Precision(120), WIDE = new Precision(248);
