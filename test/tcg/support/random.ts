// Repeatable randomness for tests.

/** A well mixed int32 of the given numbers. */
export function hash(...numbers: readonly number[]): number {
  let h = 0x9e3779b9 | 0;
  for (const n of numbers) {
    h = Math.imul(h ^ n, 0x85ebca6b);
    h = Math.imul(h ^ h >>> 15, 0xc2b2ae35 | 0);
    h ^= h >>> 13;
  }
  return h;
}

/** Numbers near which arithmetic goes wrong. */
const CORNERS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 24, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xff00, 0xffff, 0x10000,
  0x7fffffff, -0x80000000, -1, -2, -4, -8, -16, -0x80, -0x100, -0x8000, -0x10000,
];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = hash(seed);
  }

  /** Any int32. */
  next(): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    return hash(this.#state);
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return (this.next() >>> 0) % n;
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** An int32, mostly an interesting one. */
  value(): number {
    if (this.chance(15)) return this.below(3) - 1;
    return this.chance(60) ? this.pick(CORNERS) : this.chance(50) ? this.next() & 0xff : this.next();
  }
}
