// Makes a failing case small: fewer insns, fewer events, state and memory as they are by default.

import type { CaseInsn, X86Case } from "../../src/machine/x86-case.ts";

const NOP = 0x90;
/** Fields whose bits are tried one by one. */
const BIT_FIELDS = ["eflags", "cr0", "cr4", "dr7", "mxcsr", "fcw"];

export type Fails = (c: X86Case) => boolean;

/**
 * @param fails  true for cases that fail in the way looked for
 * @param tries  how often it may be asked
 * @returns a case that fails, as small as could be found
 */
export function reduce(c: X86Case, fails: Fails, tries: number): X86Case {
  return new Reducer(c, fails, tries).reduce();
}

class Reducer {
  private best: X86Case;
  private readonly fails: Fails;
  private triesLeft: number;

  constructor(c: X86Case, fails: Fails, tries: number) {
    this.best = c;
    this.fails = fails;
    this.triesLeft = tries;
  }

  reduce(): X86Case {
    for (let round = 0, size = Infinity; round < 4 && this.triesLeft > 0 && sizeOf(this.best) < size; round++) {
      size = sizeOf(this.best);
      this.shorten();
      this.thin(this.best.events, (events) => ({ events }));
      this.dropCode();
      this.thin([...this.best.state], (fields) => ({ state: new Map(fields) }));
      this.thin(this.best.memory, (memory) => ({ memory }));
      this.clearBits();
      this.clearBytes();
    }
    return this.best;
  }

  /** Keeps a smaller case if it still fails. */
  private keep(changes: Partial<X86Case>): boolean {
    if (this.triesLeft <= 0) return false;
    this.triesLeft--;
    const candidate = { ...this.best, ...changes };
    if (!this.fails(candidate)) return false;
    this.best = candidate;
    return true;
  }

  /** Ends the case where the difference first shows; later differences need not be the same. */
  private shorten(): void {
    let low = 0, high = this.best.insns;
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      if (this.keep({ insns: middle })) high = middle;
      else low = middle;
    }
    for (const fewer of [1, 2]) if (this.best.insns > fewer) this.keep({ insns: this.best.insns - fewer });
  }

  /** Leaves out items, many at a time at first. */
  private thin<T>(all: readonly T[], change: (items: readonly T[]) => Partial<X86Case>): void {
    let items = all;
    for (let size = items.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = Math.max(0, items.length - size); ; at = Math.max(0, at - size)) {
        const fewer = items.toSpliced(at, size);
        if (fewer.length < items.length && this.keep(change(fewer))) items = fewer;
        if (at === 0) break;
      }
    }
  }

  /** Leaves out code: as if it had never been there, or with NOPs in its place. */
  private dropCode(): void {
    // The first insn says where the machine starts.
    const [first, ...others] = this.best.code;
    this.thin(others, (rest) => ({ code: [first, ...rest] }));
    for (let i = this.best.code.length - 1; i >= 0; i--) {
      const insn = this.best.code[i];
      if (insn.bytes.some((byte) => byte !== NOP)) this.keep({ code: this.best.code.with(i, withBytes(insn, insn.bytes.map(() => NOP))) });
    }
  }

  private clearBits(): void {
    for (const name of BIT_FIELDS) {
      for (let bit = 31; bit >= 0; bit--) {
        const value = Number(this.best.state.get(name) ?? 0);
        if (((value >>> bit) & 1) !== 0) this.keep({ state: new Map(this.best.state).set(name, `0x${((value & ~(1 << bit)) >>> 0).toString(16)}`) });
      }
    }
    for (const [name, value] of this.best.state) {
      const zero = value.split(":").map(() => "0x0").join(":");
      if (value !== zero) this.keep({ state: new Map(this.best.state).set(name, zero) });
    }
  }

  /** Clears memory by single bytes, once little is left. */
  private clearBytes(): void {
    this.best.memory.forEach(({ bytes }, line) => {
      for (let i = 0; i < bytes.length; i++) {
        const { memory } = this.best, piece = memory[line];
        if (piece.bytes[i] !== 0) this.keep({ memory: memory.with(line, { ...piece, bytes: piece.bytes.with(i, 0) }) });
      }
    });
  }
}

const withBytes = (insn: CaseInsn, bytes: Uint8Array): CaseInsn => ({ ...insn, bytes, text: "" });

/** Nonzero bytes and fields: what a reader has to look at. */
function sizeOf(c: X86Case): number {
  const bytes = [...c.memory, ...c.code].reduce((sum, piece) => sum + piece.bytes.reduce((n, byte) => n + (byte === 0 || byte === NOP ? 0 : 1), 0), 0);
  return bytes + c.code.length + c.state.size + 10 * c.events.length + c.insns;
}
