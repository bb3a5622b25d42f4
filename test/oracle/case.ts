// A vector under construction: code, registers, flags and memory that a group's maker fills in, and what it knows about
// the result that no run can tell (undefined flags, faults that are meant).

import { le, toHex } from "./bytes.ts";
import { ARITHMETIC_FLAGS, CODE, DATA, EFLAGS_BASE, ESP, STACK } from "./machine-model.ts";
import type { Random } from "./random.ts";
import type { Notes, Placed, VectorInput } from "./vector.ts";

/** Operand size in bytes of an integer instruction. */
export type Size = 1 | 2 | 4;
/** 32 bits twice, because that is what 32-bit code mostly uses. */
export const SIZES: readonly Size[] = [1, 2, 4, 4];
export const WORD_SIZES: readonly (2 | 4)[] = [2, 4];

/** Writable notes. */
export type CaseNotes = { -readonly [K in keyof Notes]: Notes[K] };

const PAGE_BYTES = 0x1000;
const OPERAND_SIZE = 0x66;
const LOCK = 0xf0;

export class Case {
  readonly random: Random;
  /** Group of the vector. */
  readonly group: string;
  /** What is tested, for people. */
  name = "";
  ip: number;
  /** Prefixes, in any order. Kept apart so that more can be added when the operand is known. */
  prefixes: number[] = [];
  /** Opcode and all that follows. */
  code: number[] = [];
  readonly regs: number[];
  eflags: number;
  readonly memory: { readonly address: number; readonly bytes: number[] }[] = [];
  /** FXSAVE image; absent where the group is not about it. */
  fx: Uint8Array | undefined;
  /** EFLAGS bits that the manual leaves undefined after this case. */
  undefinedFlags = 0;
  /** Exceptions that are a fair end besides INT3; any other end drops the case. */
  expectedFaults: readonly number[] = [];
  readonly notes: CaseNotes = {};
  /** One instruction, not a program: prefixes that change nothing may be added. */
  isSingleInsn = true;
  /** No memory is written through the ModRM operand, so that a CS override is legal. */
  isReadOnly = false;
  /** The ModRM operand is in memory. */
  hasMemoryOperand = false;
  /** Linear address of the ModRM memory operand. */
  operandAddress = 0;
  /** An address-size prefix would change nothing. */
  ignoresAddressSize = false;
  /** BSF, BSR: the case is dropped if the CPU found the source zero. */
  dropsIfZero = false;
  readonly #reserved = new Set<number>();

  constructor(random: Random, group: string) {
    this.random = random;
    this.group = group;
    this.regs = Array.from({ length: 8 }, () => random.value());
    this.regs[ESP] = STACK.base + 0x800 + 4 * random.below(16);
    this.eflags = EFLAGS_BASE | (random.u32() & ARITHMETIC_FLAGS);
    this.ip = random.chance(0.04) ? CODE.base + PAGE_BYTES - random.between(1, 6) : CODE.base + random.below(0xe00);
  }

  /** Gives a register its value and keeps later operands from changing it. */
  set(register: number, value: number): this {
    this.regs[register] = value >>> 0;
    this.#reserved.add(register);
    return this;
  }

  /** Sets an 8, 16 or 32-bit register by its ModRM number; the rest of a 32-bit register stays. */
  setSized(register: number, size: Size, value: number): this {
    if (size === 4) return this.set(register, value);
    if (size === 2) return this.set(register, (this.regs[register] & ~0xffff) | (value & 0xffff));
    const shift = register & 4 ? 8 : 0;
    const full = register & 3;
    return this.set(full, (this.regs[full] & ~(0xff << shift)) | ((value & 0xff) << shift));
  }

  /** Keeps operands from changing a register. */
  reserve(...registers: readonly number[]): this {
    for (const register of registers) this.#reserved.add(register);
    return this;
  }

  isReserved(register: number): boolean {
    return this.#reserved.has(register);
  }

  /** Puts bytes, if there are any, into memory and returns their address. */
  place(address: number, bytes: readonly number[]): number {
    if (bytes.length > 0) this.memory.push({ address, bytes: [...bytes] });
    return address;
  }

  placeValue(address: number, size: number, value: number): number {
    return this.place(address, le(value, size));
  }

  /** Appends opcode, ModRM, displacement or immediate bytes. */
  emit(...parts: readonly (number | readonly number[])[]): this {
    this.code.push(...parts.flat());
    return this;
  }

  prefix(byte: number): this {
    this.prefixes.push(byte);
    return this;
  }

  /** The operand-size prefix, if 16 bits need it. Byte instructions ignore it, so they have it now and then. */
  operandSize(size: Size): this {
    if (size === 2 || (size === 1 && this.random.chance(0.04))) this.prefix(OPERAND_SIZE);
    return this;
  }

  lock(): this {
    return this.prefix(LOCK);
  }

  /** Where a memory operand of so many bytes may lie; now and then across a page boundary. */
  dataAddress(sizeBytes: number, align: number): number {
    const acrossPages = this.random.chance(0.1);
    const address = acrossPages
      ? DATA.base + PAGE_BYTES - sizeBytes + this.random.below(sizeBytes + 4)
      : DATA.base + 0x100 + this.random.below(0xd00);
    return address - (address % align);
  }

  get bytes(): number[] {
    return [...this.prefixes, ...this.code];
  }

  /** What an executor gets. */
  input(id: number): VectorInput {
    const m = this.memory.map(({ address, bytes }): Placed => [address, toHex(bytes)]);
    return {
      id,
      c: toHex(this.bytes),
      ip: this.ip,
      r: this.regs.map((value) => value >>> 0),
      f: this.eflags,
      ...(this.fx ? { fx: toHex(this.fx) } : {}),
      ...(m.length > 0 ? { m } : {}),
    };
  }
}
