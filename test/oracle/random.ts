// The generator's source of chance: a seeded sfc32, so that a seed names a vector file for good.

/** Values where carries, signs and widths change. */
const EDGE_VALUES = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
  0x55555555, 0xaaaaaaaa, 0x0f0f0f0f,
];
const EDGE_BYTES = [0, 0xff, 0x80, 0x7f, 1];

export class Random {
  #a = 0x9e3779b9 | 0;
  #b = 0x243f6a88;
  #c = 0xb7e15162 | 0;
  #counter = 1;

  /** @param seed  any text; equal texts give equal sequences */
  constructor(seed: string) {
    for (const char of seed) {
      this.#a = Math.imul(this.#a ^ char.charCodeAt(0), 0x85ebca6b);
      this.#b = (this.#b + this.#a) | 0;
    }
    for (let i = 0; i < 20; i++) this.u32();
  }

  /** 0 .. 2^32 - 1, uniform. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 .. n - 1. */
  below(n: number): number {
    return this.u32() % n;
  }

  /** low .. high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.u32() / 2 ** 32 < probability;
  }

  bool(): boolean {
    return this.chance(0.5);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** One of several, each as likely as its weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    throw new RangeError("weights must be whole numbers, not all zero");
  }

  byte(): number {
    return this.below(256);
  }

  /** A 32-bit operand: uniform, an edge, a short one, or a sign-extended 16-bit one. */
  value(): number {
    if (this.chance(0.45)) return this.u32();
    if (this.chance(0.6)) return this.pick(EDGE_VALUES);
    if (this.bool()) return this.u32() >>> this.below(32);
    return ((this.u32() & 0xffff) | this.pick([0, 0xff000000, 0xffff0000])) >>> 0;
  }

  /** Bytes of memory operands, with more edges than chance would give. */
  bytes(count: number): number[] {
    return Array.from({ length: count }, () => (this.chance(0.2) ? this.pick(EDGE_BYTES) : this.byte()));
  }

  /** Bytes without preference. */
  uniformBytes(count: number): number[] {
    return Array.from({ length: count }, () => this.byte());
  }
}
