/**
 * Operands as lowerings see them: read, write and address, with widths, effective addresses, segment checks and
 * sub-registers dealt with here and nowhere else.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import type { OperandSpec } from "./isa/forms.ts";
import type { Facts, Insn } from "./isa/insn.ts";
import { SHAPE_B, SHAPE_BI, SHAPE_D, SHAPE_I, SHAPE_REG } from "./isa/insn.ts";
import type { Lowering, Val, Width } from "./lowering.ts";
import { registerIndex } from "./lowering.ts";
import { EAX, EBX, EDI, ES, ESI } from "./state.ts";
import { VectorMemory, VectorRegister } from "./vector-operands.ts";

/** One operand of the insn being lowered. Values are zero extended from `width`. */
export interface Operand {
  readonly width: Width;
  readonly isMemory: boolean;
  read(): Val;
  /** Reads with the check for the write that follows: once this succeeds, `write` cannot fail. */
  readForWrite(): Val;
  /** Writes the low `width` bits of `v`. */
  write(v: Val): void;
  /** Offset within the segment (memory operands). */
  offset(): Val;
  /** Linear address after the segment's checks for `size` bytes (memory operands). */
  linear(size: number, write: boolean): Val;
  /** A memory operand `bytes` further on (far pointers, BOUND, CMPXCHG8B, bit strings). */
  at(displacement: Val, width: Width): Operand;
}

class RegisterOperand implements Operand {
  readonly width: Width;
  readonly isMemory = false;
  private readonly b: Lowering;
  private readonly index: Val;

  constructor(b: Lowering, width: Width, index: Val) {
    this.b = b;
    this.width = width;
    this.index = index;
  }

  read(): Val { return this.b.regAt(this.width, this.index); }
  readForWrite(): Val { return this.read(); }
  write(v: Val): void { this.b.setRegAt(this.width, this.index, v); }
  offset(): Val { throw new InternalError("a register operand has no address"); }
  linear(): Val { return this.offset(); }
  at(): Operand { throw new InternalError("a register operand has no address"); }
}

class ImmediateOperand implements Operand {
  readonly width: Width;
  readonly isMemory = false;
  private readonly value: Val;

  constructor(width: Width, value: Val) {
    this.width = width;
    this.value = value;
  }

  read(): Val { return this.value; }
  readForWrite(): Val { return this.value; }
  write(): void { throw new InternalError("an immediate operand cannot be written"); }
  offset(): Val { throw new InternalError("an immediate operand has no address"); }
  linear(): Val { return this.offset(); }
  at(): Operand { throw new InternalError("an immediate operand has no address"); }
}

class MemoryOperand implements Operand {
  readonly width: Width;
  readonly isMemory = true;
  private readonly b: Lowering;
  private readonly offsetOf: () => Val;
  private cachedOffset: Val | null = null;
  private probed: Val | null = null;

  constructor(b: Lowering, width: Width, offsetOf: () => Val) {
    this.b = b;
    this.width = width;
    this.offsetOf = offsetOf;
  }

  offset(): Val {
    this.cachedOffset ??= this.offsetOf();
    return this.cachedOffset;
  }

  linear(size: number, write: boolean): Val {
    return this.b.linear(this.offset(), size, write);
  }

  read(): Val {
    return this.b.load(this.width, this.linear(this.width / 8, false));
  }

  readForWrite(): Val {
    this.probed = this.linear(this.width / 8, true);
    return this.b.load(this.width, this.probed, "write");
  }

  write(v: Val): void {
    if (this.probed !== null) this.b.store(this.width, this.probed, v, "none");
    else this.b.store(this.width, this.linear(this.width / 8, true), v);
  }

  at(displacement: Val, width: Width): Operand {
    const { b } = this;
    return new MemoryOperand(b, width, () => b.zext(b.facts.adsize, b.add(this.offset(), displacement)));
  }
}

/**
 * Offset of the ModRM memory operand. `esp` replaces the value of ESP: POP with an ESP-based destination computes the
 * address after the increment (SDM 2B POP).
 */
function effectiveAddress(b: Lowering, insn: Facts, esp: Val | null): Val {
  const { shape, adsize } = insn;
  const base = (): Val => (esp !== null && insn.baseIsEsp ? esp : b.regAt(adsize, b.operand("base")));
  const index = (): Val => {
    const value = b.regAt(adsize, b.operand("idx"));
    return adsize === 32 ? b.shl(value, b.operand("sc")) : value;
  };
  const disp = b.field("disp");
  switch (shape) {
    case SHAPE_D: return disp;
    case SHAPE_B: return b.zext(adsize, b.add(base(), disp));
    case SHAPE_I: return b.zext(adsize, b.add(index(), disp));
    case SHAPE_BI: return b.zext(adsize, b.add(b.add(base(), index()), disp));
    default: throw new InternalError("no memory operand");
  }
}

function widthOf(spec: OperandSpec, insn: Insn): Width {
  const { width } = spec;
  if (width === "v") return insn.opsize;
  return width === 64 || width === 128 || width === 0 ? insn.opsize : width;
}

/** The POP r/m destination, whose address may depend on the incremented ESP. */
export function popDestination(b: Lowering, insn: Facts, width: Width, esp: Val): Operand {
  return new MemoryOperand(b, width, () => effectiveAddress(b, insn, esp));
}

/** The operand objects of `insn`, in the order of its form. */
export function operandsOf(b: Lowering, insn: Insn): Operand[] {
  const { form } = insn;
  if (form === null) return [];
  return form.operands.map((spec): Operand => {
    const width = widthOf(spec, insn);
    switch (spec.kind) {
      case "fixed": return new RegisterOperand(b, width, b.imm(registerIndex(width, spec.fixed)));
      case "G": return new RegisterOperand(b, width, b.operand("b"));
      case "Z": return new RegisterOperand(b, width, b.operand("a"));
      case "E":
      case "M":
      case "R":
        if (insn.shape === SHAPE_REG) return new RegisterOperand(b, width, b.operand("a"));
        return new MemoryOperand(b, width, () => effectiveAddress(b, insn, null));
      case "O": return new MemoryOperand(b, width, () => b.field("disp"));
      case "T": return new ImmediateOperand(width, spec.fixed >= 0 ? b.imm(spec.fixed) : b.operand("a"));
      case "I": return new ImmediateOperand(width, spec.fixed >= 0 ? b.imm(spec.fixed) : b.field(isSecondImmediate(insn, spec) ? "imm2" : "imm"));
      case "A": return new ImmediateOperand(width, b.field("imm"));
      case "J": return new ImmediateOperand(32, b.field("teip"));
      case "B": return new MemoryOperand(b, width, () => b.zext(insn.adsize, b.add(b.reg(insn.adsize, EBX), b.reg(8, EAX))));
      case "X": return new MemoryOperand(b, width, () => b.reg(insn.adsize, ESI));
      case "K": return new MemoryOperand(b, width, () => b.reg(insn.adsize, EDI));
      case "V":
      case "P": return new VectorRegister(b, spec.kind === "V" ? 4 : 2, b.operand("b"));
      case "W":
      case "U":
      case "Q":
      case "N":
        if (insn.shape === SHAPE_REG) return new VectorRegister(b, spec.kind === "W" || spec.kind === "U" ? 4 : 2, b.operand("a"));
        return new VectorMemory(b, spec.width === "v" ? 32 : spec.width, new MemoryOperand(b, 32, () => effectiveAddress(b, insn, null)));
      case "Y": return new StringDestination(b, width);
      case "S":
      case "C":
      case "D": return new ImmediateOperand(16, b.imm(insn.sreg));
    }
  });
}

/** ENTER has two immediates; the second in the form's order is `imm2`. */
function isSecondImmediate(insn: Insn, spec: OperandSpec): boolean {
  const immediates = insn.form?.operands.filter((o) => o.kind === "I") ?? [];
  return immediates.length > 1 && immediates[1] === spec;
}

/** ES:rDI, which no prefix overrides. */
class StringDestination implements Operand {
  readonly width: Width;
  readonly isMemory = true;
  private readonly b: Lowering;
  private probed: Val | null = null;

  constructor(b: Lowering, width: Width) {
    this.b = b;
    this.width = width;
  }

  offset(): Val { return this.b.reg(this.b.facts.adsize, EDI); }
  linear(size: number, write: boolean): Val { return this.b.linearIn(ES, this.offset(), this.b.facts.adsize, size, write); }
  read(): Val { return this.b.load(this.width, this.linear(this.width / 8, false)); }
  readForWrite(): Val {
    this.probed = this.linear(this.width / 8, true);
    return this.b.load(this.width, this.probed, "write");
  }
  write(v: Val): void {
    if (this.probed !== null) this.b.store(this.width, this.probed, v, "none");
    else this.b.store(this.width, this.linear(this.width / 8, true), v);
  }
  at(): Operand { throw new InternalError("a string destination has no parts"); }
}
