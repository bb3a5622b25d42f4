/** Where virtio-rng has its numbers from. */

export interface EntropySource {
  fill(bytes: Uint8Array): void;
  /** What makes the numbers to come, if that can be said: dwords. Empty for a source that nobody can foresee. */
  state: readonly number[];
}

const WORDS = 4;

/** Numbers that are the same in each run: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019). */
export class SeededEntropy implements EntropySource {
  private words: number[];

  /** @param seed  any dword */
  constructor(seed: number) {
    // The words must not all be 0: a Weyl sequence, mixed.
    this.words = Array.from({ length: WORDS }, (_, i) => {
      const weyl = Math.imul(seed + i + 1, 0x9e3779b9), mixed = Math.imul(weyl ^ (weyl >>> 16), 0x85ebca6b);
      return (mixed ^ (mixed >>> 13)) >>> 0 || i + 1;
    });
  }

  get state(): readonly number[] {
    return this.words;
  }

  set state(words: readonly number[]) {
    if (words.length === WORDS) this.words = [...words];
  }

  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.next();
      for (let i = 0; i < 4 && at + i < bytes.length; i++) bytes[at + i] = word >>> (8 * i);
    }
  }

  private next(): number {
    const [a, b, c, d] = this.words, result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0, shifted = b << 9;
    const e = c ^ a, f = d ^ b;
    this.words = [(a ^ f) >>> 0, (b ^ e) >>> 0, (e ^ shifted) >>> 0, rotate(f, 11) >>> 0];
    return result;
  }
}

function rotate(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}
