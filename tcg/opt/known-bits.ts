/**
 * What is known of each value's bits: a mask of bits that are surely 0 and one of bits that are surely 1. Foundation of
 * `fold.ts`; filled op by op as its walk goes forward.
 */
import type { Op } from "../ir/block.ts";
import { isConst, memOpOf } from "../ir/block.ts";
import type { OpName } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";

const CONST = OPS.const;

/** The mask of the sign bit. */
export const SIGN = -2147483648;

export class KnownBits {
  /** By value number. A bit is never in both. */
  readonly #zeros: number[] = [];
  readonly #ones: number[] = [];
  /** Result of the transfer function that ran last: fields, because returning a pair would allocate. */
  z = 0;
  o = 0;

  /** Bits of the value that are surely 0. */
  zeros(value: Op): number {
    return value.def === CONST ? ~value.imm : (this.#zeros[value.id] ?? 0);
  }

  /** Bits of the value that are surely 1. */
  ones(value: Op): number {
    return value.def === CONST ? value.imm : (this.#ones[value.id] ?? 0);
  }

  /** Works out what is known of an op's result from its operands; true if that is every bit, so that `o` is its value. */
  compute(op: Op): boolean {
    this.z = 0;
    this.o = 0;
    const transfer = TRANSFER_BY_CODE[op.def.code];
    if (transfer === null) return false;
    transfer(op, this);
    return (this.z | this.o) === -1;
  }

  /** Keeps what `compute` found, for the op's later users. */
  keep(op: Op): void {
    this.#zeros[op.id] = this.z;
    this.#ones[op.id] = this.o;
  }

  /** The largest number it may be, unsigned. */
  umax(value: Op): number {
    return ~this.zeros(value) >>> 0;
  }

  /** The smallest number it may be, unsigned. */
  umin(value: Op): number {
    return this.ones(value) >>> 0;
  }

  /** The largest number it may be, signed. */
  smax(value: Op): number {
    const maybe = ~this.zeros(value);
    return (this.ones(value) & SIGN) !== 0 ? maybe : maybe & ~SIGN;
  }

  /** The smallest number it may be, signed. */
  smin(value: Op): number {
    const sure = this.ones(value);
    return (this.zeros(value) & SIGN) !== 0 ? sure : sure | SIGN;
  }

  /** True if it can only be 0 or 1. */
  isBoolean(value: Op): boolean {
    return (this.zeros(value) | 1) === -1;
  }

  /** The number of low bits of which the value is a sign extension: 8 for a sign-extended byte; 32 if nothing is known. */
  signedWidth(value: Op): number {
    const known = this.zeros(value) & SIGN ? this.zeros(value) : this.ones(value);
    const byBits = 33 - Math.max(1, Math.clz32(~known));
    return Math.min(byBits, signedWidthByForm(value));
  }
}

function signedWidthByForm(value: Op): number {
  switch (value.def) {
    case OPS.sextract:
      return value.imm2;
    case OPS.sar: {
      const [, n] = value.args;
      return n !== undefined && isConst(n) ? 32 - (n.imm & 31) : 32;
    }
    case OPS.guest_ld:
      return memOpOf(value).signed ? memOpOf(value).bits : 32;
    default:
      return 32;
  }
}

/** The mask of the `len` low bits, 1 to 32. */
export function lowMask(len: number): number {
  return -1 >>> (32 - len) | 0;
}

type Transfer = (op: Op, known: KnownBits) => void;

/** Zeros above the highest bit of `max`, an unsigned bound. */
const bound = (max: number): Transfer => {
  const zeros = ~lowMask(32 - Math.clz32(max));
  return (_op, k) => { k.z = zeros; };
};

/** A result that is no larger than the first operand, unsigned. */
const noLargerThanX: Transfer = (op, k) => {
  const clear = Math.clz32(~k.zeros(op.args[0]));
  k.z = clear === 0 ? 0 : ~(-1 >>> clear);
};

/** Low bits of a sum or difference up to the first unknown one, by plain arithmetic on what is known. */
function knownLowBits(op: Op, k: KnownBits, isSub: boolean): void {
  const [x, y] = op.args;
  const unknown = ~(k.zeros(x) | k.ones(x)) | ~(k.zeros(y) | k.ones(y));
  const sum = isSub ? k.ones(x) - k.ones(y) | 0 : k.ones(x) + k.ones(y) | 0;
  const mask = (unknown & -unknown) - 1 | 0;   // all bits below the lowest unknown; all 32 when there is none
  k.z = ~sum & mask;
  k.o = sum & mask;
}

/** Transfer functions, for ops where something can be known. */
const TRANSFER: { readonly [K in OpName]?: Transfer } = {
  add(op, k) {
    knownLowBits(op, k, false);
    const max = k.umax(op.args[0]) + k.umax(op.args[1]);
    if (max < 4294967296) k.z |= ~lowMask(Math.max(1, 32 - Math.clz32(max)));
  },
  sub(op, k) {
    knownLowBits(op, k, true);
  },
  mul(op, k) {
    const [x, y] = op.args;
    const low = trailingZeros(k.zeros(x)) + trailingZeros(k.zeros(y));
    k.z = low >= 32 ? -1 : (1 << low) - 1;
    const max = k.umax(x) * k.umax(y);
    if (max < 4294967296) k.z |= ~lowMask(Math.max(1, 32 - Math.clz32(max)));
  },
  neg(op, k) {
    const low = trailingZeros(k.zeros(op.args[0]));
    k.z = low >= 32 ? -1 : (1 << low) - 1;
  },
  not(op, k) {
    k.z = k.ones(op.args[0]);
    k.o = k.zeros(op.args[0]);
  },
  and(op, k) {
    const [x, y] = op.args;
    k.z = k.zeros(x) | k.zeros(y);
    k.o = k.ones(x) & k.ones(y);
  },
  or(op, k) {
    const [x, y] = op.args;
    k.z = k.zeros(x) & k.zeros(y);
    k.o = k.ones(x) | k.ones(y);
  },
  xor(op, k) {
    const [x, y] = op.args;
    k.z = k.zeros(x) & k.zeros(y) | k.ones(x) & k.ones(y);
    k.o = k.zeros(x) & k.ones(y) | k.ones(x) & k.zeros(y);
  },
  shl(op, k) {
    const [x, y] = op.args;
    if (!isConst(y)) return;
    k.z = k.zeros(x) << y.imm | ~(-1 << y.imm);
    k.o = k.ones(x) << y.imm;
  },
  shr(op, k) {
    const [x, y] = op.args;
    if (!isConst(y)) {
      noLargerThanX(op, k);
      return;
    }
    k.z = k.zeros(x) >>> y.imm | ~(-1 >>> y.imm);
    k.o = k.ones(x) >>> y.imm | 0;
  },
  sar(op, k) {
    const [x, y] = op.args;
    if (!isConst(y)) return;
    k.z = k.zeros(x) >> y.imm;
    k.o = k.ones(x) >> y.imm;
  },
  rotl(op, k) {
    const [x, y] = op.args;
    if (!isConst(y)) return;
    k.z = rotl(k.zeros(x), y.imm & 31);
    k.o = rotl(k.ones(x), y.imm & 31);
  },
  rotr(op, k) {
    const [x, y] = op.args;
    if (!isConst(y)) return;
    k.z = rotl(k.zeros(x), -y.imm & 31);
    k.o = rotl(k.ones(x), -y.imm & 31);
  },
  clz: bound(32),
  ctz: bound(32),
  ctpop: bound(32),
  bswap(op, k) {
    k.z = bswap(k.zeros(op.args[0]));
    k.o = bswap(k.ones(op.args[0]));
  },
  divu: noLargerThanX,
  remu: noLargerThanX,
  extract(op, k) {
    const mask = lowMask(op.imm2);
    k.z = k.zeros(op.args[0]) >>> op.imm & mask | ~mask;
    k.o = k.ones(op.args[0]) >>> op.imm & mask;
  },
  sextract(op, k) {
    const up = 32 - op.imm - op.imm2;
    k.z = k.zeros(op.args[0]) << up >> 32 - op.imm2;
    k.o = k.ones(op.args[0]) << up >> 32 - op.imm2;
  },
  deposit(op, k) {
    const [x, y] = op.args;
    const mask = lowMask(op.imm2) << op.imm;
    k.z = k.zeros(x) & ~mask | k.zeros(y) << op.imm & mask;
    k.o = k.ones(x) & ~mask | k.ones(y) << op.imm & mask;
  },
  mulso: bound(1),
  setcond: bound(1),
  setcond_f64: bound(1),
  abnormal_f64: bound(1),
  abnormal_f32: bound(1),
  tiny_f64: bound(1),
  tiny_f32: bound(1),
  movcond(op, k) {
    const [, , t, f] = op.args;
    k.z = k.zeros(t) & k.zeros(f);
    k.o = k.ones(t) & k.ones(f);
  },
  env_ld8: bound(0xff),
  env_ld16: bound(0xffff),
  guest_ld(op, k) {
    const { bits, signed } = memOpOf(op);
    k.z = signed ? 0 : ~lowMask(bits);
  },
};

const TRANSFER_BY_CODE: readonly (Transfer | null)[] = Object.values(OPS).map((def) => TRANSFER[def.name] ?? null);

function rotl(x: number, n: number): number {
  return n === 0 ? x : x << n | x >>> 32 - n;
}

function bswap(x: number): number {
  return x << 24 | (x & 0xff00) << 8 | x >> 8 & 0xff00 | x >>> 24;
}

/** How many low bits are surely 0, given the mask of known zeros. */
function trailingZeros(zeros: number): number {
  const maybe = ~zeros;
  return maybe === 0 ? 32 : 31 - Math.clz32(maybe & -maybe);
}
