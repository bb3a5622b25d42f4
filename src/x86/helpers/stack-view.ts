/**
 * A stack while a far transfer is being made: pushes and pops move a private pointer, so that a fault leaves ESP alone,
 * and the segment need not be loaded yet.
 */
import type { Cpu } from "../cpu.ts";
import { isWithinSegment } from "../cpu.ts";
import { SSF } from "../fault.ts";
import { READ, WRITE } from "../mmu/page-walk.ts";
import { ATTR_DB, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ESP, SEG_ATTR, SEG_BASE, SEG_LIMIT, SS } from "../state.ts";
import type { Descriptor } from "../descriptor.ts";
import { selectorError } from "./descriptors.ts";
import { readStack, writeStack } from "./system-memory.ts";

export class StackView {
  private readonly cpu: Cpu;
  private readonly base: number;
  private readonly limit: number;
  private readonly attr: number;
  private readonly mask: number;
  /** Error code of the #SS an access beyond the segment raises. */
  private readonly error: number;
  /** Accessed at level 3. */
  private readonly isUser: boolean;
  private pointer: number;

  private constructor(cpu: Cpu, base: number, limit: number, attr: number, pointer: number, error: number, isUser: boolean) {
    this.cpu = cpu;
    this.base = base;
    this.limit = limit;
    this.attr = attr;
    this.mask = (attr & ATTR_DB) !== 0 ? -1 : 0xffff;
    this.pointer = pointer & this.mask;
    this.error = error;
    this.isUser = isUser;
  }

  /** The stack SS:ESP points at. */
  static current(cpu: Cpu): StackView {
    const { R } = cpu;
    return new StackView(cpu, R[SEG_BASE + SS], R[SEG_LIMIT + SS], R[SEG_ATTR + SS], R[ESP], 0, cpu.cpl === 3);
  }

  /** A stack that will be switched to: its faults name its selector (SDM 2A CALL, INT n). */
  static at(cpu: Cpu, selector: number, d: Descriptor, esp: number): StackView {
    return new StackView(cpu, d.base, d.limit, d.attr, esp, selectorError(selector), ((d.attr >> ATTR_DPL_SHIFT) & 3) === 3);
  }

  private linear(offset: number, size: number): number {
    if (!isWithinSegment(this.attr, this.limit, offset, size)) this.cpu.fault(SSF, this.error);
    const linear = (this.base + offset) | 0;
    if (this.isUser) this.cpu.checkAlignment(linear, size);
    return linear;
  }

  /** Pushes `bits` (16 or 32) of a value. */
  push(bits: number, value: number): void {
    const at = (this.pointer - bits / 8) & this.mask;
    writeStack(this.cpu, this.linear(at, bits / 8), bits / 8, value, this.isUser);
    this.pointer = at;
  }

  /**
   * Makes room for so many words, or takes so many off, if all of them are known to lie in one page of the window, where nothing but the
   * access is to be done: the index of the lowest. Else it does nothing and gives a negative number.
   */
  reserve(words: number): number {
    const start = (this.pointer - 4 * words) | 0, at = this.find(start, words, WRITE);
    if (at >= 0) this.pointer = start;
    return at;
  }

  take(words: number): number {
    const at = this.find(this.pointer, words, READ);
    if (at >= 0) this.skip(4 * words);
    return at;
  }

  private find(offset: number, words: number, kind: 0 | 1): number {
    const { cpu } = this, linear = (this.base + offset) | 0;
    if (this.mask !== -1 || this.limit !== -1 || (this.attr & ATTR_EXPAND_DOWN) !== 0 || cpu.watches) return -1;
    return (linear & 4095) > 4096 - 4 * words ? -1 : cpu.mmu.find(linear, 4, kind, this.isUser);
  }

  /** Pops `bits`, zero extended, as int32. */
  pop(bits: number): number {
    const value = readStack(this.cpu, this.linear(this.pointer, bits / 8), bits / 8, this.isUser);
    this.skip(bits / 8);
    return value;
  }

  /** What `depth` bytes above the top hold. */
  peek(bits: number, depth: number): number {
    const at = (this.pointer + depth) & this.mask;
    return readStack(this.cpu, this.linear(at, bits / 8), bits / 8, this.isUser);
  }

  skip(bytes: number): void {
    this.pointer = (this.pointer + bytes) & this.mask;
  }

  /** Sets ESP, of which a 16-bit stack keeps the upper half. */
  commit(): void {
    const { R } = this.cpu;
    R[ESP] = (R[ESP] & ~this.mask) | this.pointer;
  }
}
