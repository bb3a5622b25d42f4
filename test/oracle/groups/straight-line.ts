// Writes straight-line integer code, one random instruction after another, that never consumes an undefined flag and
// keeps away from unmapped memory. The stuff of the groups seq and hot.

import { le } from "../bytes.ts";
import { SIZES, WORD_SIZES, type Case, type Size } from "../case.ts";
import { AF, CF, DATA, EAX, EBP, EBX, ECX, EDI, EDX, ESI, OF, PF, SF, ZF } from "../machine-model.ts";
import { registerOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { undefinedByAlu, wide } from "./alu.ts";
import { undefinedByShift } from "./shift.ts";

/** Memory that the code works on; EBP points to it throughout, if the code may use EBP as a base. */
const SCRATCH = DATA.base + 0x800;
/** Operands begin in the first bytes; table look-ups reach further, where a pattern is that compresses. */
const OPERAND_BYTES = 48, SCRATCH_BYTES = 0x110;
const TABLE = Array.from({ length: SCRATCH_BYTES - OPERAND_BYTES - 4 }, (_, i) => (37 * i) & 0xff);

/** Flags that the sixteen conditions read (SDM 1 appendix B). */
const CONDITION_READS = [
  OF, OF, CF, CF, ZF, ZF, CF | ZF, CF | ZF, SF, SF, PF, PF, SF | OF, SF | OF, SF | OF | ZF, SF | OF | ZF,
];
const ADC = 2, SBB = 3, CMP = 7;
const RCL = 2, RCR = 3, SHL = 4;
const MAX_PUSHED = 8;
/** LEA ESP, [ESP + disp8], up to the displacement. */
const LEA_ESP_ESP_DISP8 = [0x8d, 0x64, 0x24];

/** Registers that memory addressing leaves to the code. */
export const GENERAL_REGISTERS = [EAX, ECX, EDX, EBX, ESI, EDI];

export class StraightLine {
  readonly bytes: number[] = [];
  /** Flags that are undefined where the code ends. */
  undefinedFlags: number;
  readonly #random: Random;
  readonly #registers: readonly number[];
  #pushed = 0;

  /**
   * @param registers       that the code may change; not ESP, not EBP
   * @param undefinedFlags  where the code starts
   */
  constructor(random: Random, registers: readonly number[], undefinedFlags: number) {
    this.#random = random;
    this.#registers = registers;
    this.undefinedFlags = undefinedFlags;
  }

  /** Gives the case the memory and the base register that code of this class needs. */
  static prepare(c: Case): void {
    c.set(EBP, SCRATCH);
    c.place(SCRATCH, [...c.random.bytes(OPERAND_BYTES + 4), ...TABLE]);
    c.undefinedFlags = 0;
    c.isSingleInsn = false;
  }

  /** Appends so many random instructions (some steps are two). */
  append(count: number): this {
    for (let i = 0; i < count; i++) this.#random.weighted(StraightLine.#steps)(this);
    return this;
  }

  /** Drops what is still pushed; flags stay. */
  balanceStack(): this {
    if (this.#pushed > 0) this.#emit(4, LEA_ESP_ESP_DISP8, 4 * this.#pushed);
    this.#pushed = 0;
    return this;
  }

  static readonly #steps: readonly (readonly [number, (code: StraightLine) => void])[] = [
    [8, (code) => code.#alu()],
    [4, (code) => code.#aluImmediate()],
    [3, (code) => code.#incDec()],
    [4, (code) => code.#shift()],
    [2, (code) => code.#shiftByCl()],
    [1, (code) => code.#doubleShift()],
    [2, (code) => code.#multiply()],
    [2, (code) => code.#negNot()],
    [2, (code) => code.#move()],
    [2, (code) => code.#extend()],
    [2, (code) => code.#lea()],
    [3, (code) => code.#setOrMoveOnCondition()],
    [3, (code) => code.#skipOnCondition()],
    [1, (code) => code.#bitTest()],
    [1, (code) => code.#bitScan()],
    [1, (code) => code.#exchange()],
    [1, (code) => code.#accumulatorOrFlags()],
    [2, (code) => code.#tableLookup()],
    [3, (code) => code.#pushPop()],
  ];

  #emit(size: Size, ...parts: readonly (number | readonly number[])[]): void {
    if (size === 2) this.bytes.push(0x66);
    this.bytes.push(...parts.flat());
  }

  #register(size: Size): number {
    return size === 1 ? this.#byteRegister() : this.#random.pick(this.#registers);
  }

  /** A low or high byte of one of the code's own registers. */
  #byteRegister(): number {
    return this.#random.pick(this.#registers.filter((register) => register < 4)) | this.#random.pick([0, 4]);
  }

  /** Register, `[disp32]` or `[ebp+disp8]`. */
  #operand(reg: number, size: Size): number[] {
    const offset = this.#random.below(OPERAND_BYTES);
    if (this.#random.chance(0.65)) return [registerOperand(reg, this.#register(size))];
    return this.#random.bool() ? [(reg << 3) | 5, ...le(SCRATCH + offset, 4)] : [0x45 | (reg << 3), offset];
  }

  #alu(): void {
    const size = this.#random.pick(SIZES);
    const operation = this.#aluOperation();
    this.#emit(size, (operation << 3) | this.#random.pick([0, 2]) | wide(size), this.#operand(this.#register(size), size));
    this.undefinedFlags = undefinedByAlu(operation);
  }

  #aluImmediate(): void {
    const size = this.#random.pick(SIZES);
    const operation = this.#aluOperation();
    this.#emit(size, 0x80 | wide(size), this.#operand(operation, size), le(this.#random.value(), size));
    this.undefinedFlags = undefinedByAlu(operation);
  }

  #aluOperation(): number {
    const operation = this.#random.below(8);
    const needsCarry = operation === ADC || operation === SBB;
    return needsCarry && this.undefinedFlags & CF ? CMP : operation;
  }

  #incDec(): void {
    const size = this.#random.pick(SIZES);
    const decrement = this.#random.below(2);
    if (size > 1 && this.#random.bool()) this.#emit(size, (decrement ? 0x48 : 0x40) | this.#register(size));
    else this.#emit(size, 0xfe | wide(size), this.#operand(decrement, size));
    this.undefinedFlags &= CF;
  }

  #shift(): void {
    const size = this.#random.pick(SIZES);
    const operation = this.#shiftOperation();
    const count = this.#random.below(32);
    this.#emit(size, 0xc0 | wide(size), this.#operand(operation, size), count);
    if (count === 0) return;
    const kept = operation < SHL ? this.undefinedFlags & ~(CF | OF) : 0;
    this.undefinedFlags = kept | undefinedByShift(operation, size, count);
  }

  /** The count is not known here, so whatever some count leaves undefined is. */
  #shiftByCl(): void {
    const size = this.#random.pick(SIZES);
    const operation = this.#shiftOperation();
    this.#emit(size, 0xd2 | wide(size), this.#operand(operation, size));
    this.undefinedFlags |= undefinedByShift(operation, size, 31);
  }

  #shiftOperation(): number {
    const operation = this.#random.below(8);
    const needsCarry = operation === RCL || operation === RCR;
    return needsCarry && this.undefinedFlags & CF ? SHL : operation;
  }

  #doubleShift(): void {
    const count = this.#random.between(2, 31);
    this.#emit(4, 0x0f, this.#random.pick([0xa4, 0xac]), this.#operand(this.#register(4), 4), count);
    this.undefinedFlags = AF | OF;
  }

  #multiply(): void {
    const size = this.#random.pick(WORD_SIZES);
    if (this.#random.chance(0.7)) this.#emit(size, 0x0f, 0xaf, this.#operand(this.#register(size), size));
    else this.#emit(size, 0xf7, this.#operand(this.#random.pick([4, 5]), size));
    this.undefinedFlags = SF | ZF | AF | PF;
  }

  #negNot(): void {
    const size = this.#random.pick(SIZES);
    const negate = this.#random.bool();
    this.#emit(size, 0xf6 | wide(size), this.#operand(negate ? 3 : 2, size));
    if (negate) this.undefinedFlags = 0;
  }

  #move(): void {
    const size = this.#random.pick(SIZES);
    this.#emit(size, 0x88 | this.#random.pick([0, 2]) | wide(size), this.#operand(this.#register(size), size));
  }

  #extend(): void {
    const from = this.#random.pick([1, 2] as const);
    this.#emit(4, 0x0f, this.#random.pick([0xb6, 0xbe]) | wide(from), this.#operand(this.#register(4), from));
  }

  #lea(): void {
    this.#emit(4, 0x8d, 0x80 | (this.#register(4) << 3) | this.#register(4), this.#random.bytes(4));
  }

  /** A condition whose flags are all defined. */
  #condition(): number | undefined {
    const known = CONDITION_READS.flatMap((reads, condition) => (reads & this.undefinedFlags ? [] : [condition]));
    return known.length > 0 ? this.#random.pick(known) : undefined;
  }

  #setOrMoveOnCondition(): void {
    const condition = this.#condition();
    if (condition === undefined) return this.#alu();
    if (this.#random.bool()) this.#emit(1, 0x0f, 0x90 | condition, this.#operand(0, 1));
    else this.#emit(4, 0x0f, 0x40 | condition, this.#operand(this.#register(4), 4));
  }

  /** Jcc over INC or MOV. Where it is taken the flags stay as they were, and INC makes no flag undefined either. */
  #skipOnCondition(): void {
    const condition = this.#condition();
    if (condition === undefined) return this.#alu();
    const skipped = this.#random.pick([[0x40 | this.#register(4)], [0x89, registerOperand(this.#register(4), this.#register(4))]]);
    this.#emit(4, 0x70 | condition, skipped.length, skipped);
  }

  #bitTest(): void {
    this.#emit(4, 0x0f, 0xba, this.#operand(this.#random.between(4, 7), 4), this.#random.byte());
    this.undefinedFlags = (this.undefinedFlags & ZF) | OF | SF | AF | PF;
  }

  /** BSF or BSR of a register made odd. */
  #bitScan(): void {
    const source = this.#register(4);
    this.#emit(4, 0x83, registerOperand(1, source), 1); // or source, 1
    this.#emit(4, 0x0f, this.#random.pick([0xbc, 0xbd]), registerOperand(this.#register(4), source));
    this.undefinedFlags = CF | OF | SF | AF | PF;
  }

  #exchange(): void {
    const size = this.#random.pick(SIZES);
    this.#random.pick([
      () => this.#emit(size, 0x86 | wide(size), registerOperand(this.#register(size), this.#register(size))),
      () => this.#emit(4, 0x0f, 0xc8 | this.#register(4)), // bswap
      () => {
        this.#emit(size, 0x0f, this.#random.pick([0xb0, 0xc0]) | wide(size), this.#operand(this.#register(size), size)); // cmpxchg, xadd
        this.undefinedFlags = 0;
      },
    ])();
  }

  #accumulatorOrFlags(): void {
    const plain = [0x98, 0x99, 0xfc]; // cwde, cdq, cld
    const carry = [0xf8, 0xf9]; // clc, stc
    if (this.undefinedFlags === 0 && this.#random.bool()) {
      this.#emit(4, this.#random.pick([0x9f, 0x9e])); // lahf, sahf
    } else if (this.#random.bool()) {
      this.#emit(4, this.#random.pick(carry));
      this.undefinedFlags &= ~CF;
    } else {
      this.#emit(4, this.#random.pick(plain));
    }
  }

  /** MOVZX index, byte register; MOV or XOR r32, [ebp+index]. */
  #tableLookup(): void {
    const index = this.#register(4);
    const isXor = this.#random.bool();
    this.#emit(4, 0x0f, 0xb6, registerOperand(index, this.#byteRegister()));
    this.#emit(4, isXor ? 0x33 : 0x8b, 0x44 | (this.#register(4) << 3), (index << 3) | EBP, 0);
    if (isXor) this.undefinedFlags = AF;
  }

  #pushPop(): void {
    const pop = this.#pushed > 0 && (this.#pushed === MAX_PUSHED || this.#random.bool());
    this.#emit(4, (pop ? 0x58 : 0x50) | this.#register(4));
    this.#pushed += pop ? -1 : 1;
  }
}
