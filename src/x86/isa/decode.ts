/**
 * Turns code bytes into an `Insn`. Called by the engine the first time an address is executed in a mode, and by the
 * disassembler. Everything an encoding alone can get wrong is decided here: undefined opcodes, LOCK, the 15-byte limit.
 */
import type { Feature } from "../features.ts";
import type { InsnDef } from "./define.ts";
import { defInsn } from "./define.ts";
import type { Form, OperandSpec } from "./forms.ts";
import { parseForm } from "./forms.ts";
import type { Insn, Rep, Shape } from "./insn.ts";
import { SHAPE_B, SHAPE_BI, SHAPE_D, SHAPE_I, SHAPE_REG } from "./insn.ts";
import type { OpcodeMap } from "./opcode-map.ts";
import { GP, UD } from "../fault.ts";
import { CS, DS, ES, FPU_SIGNIFICAND, FS, GS, SEG_BASE, SS, XMM } from "../state.ts";

/** The longest insn (SDM 2A §2.3.11). */
export const MAX_INSN_BYTES = 15;

/** Code bytes at an insn: `bytes[0..available)` may be read; what follows is beyond a limit or unmapped. */
export interface CodeWindow {
  readonly bytes: Uint8Array;
  available: number;
}

/** How decoding ended. */
export type DecodeResult = "ok" | "short";

const pseudo = (name: string, vector: number, error: number | undefined): Form => {
  const def: InsnDef = defInsn(name, { ref: "SDM 3A §6.15", forms: [], branch: "always", lower: (b) => b.fault(vector, error) });
  return { ...parseForm(def, "0f", 0), id: vector === UD ? 4094 : 4095 };
};
/** An encoding that raises #UD, and one that raises #GP(0) (too long). */
export const UNDEFINED_FORM = pseudo("(bad)", UD, undefined);
export const TOO_LONG_FORM = pseudo("(too long)", GP, 0);

/** Base and index registers of the 16-bit forms (SDM 2A table 2-1); -1 for none. */
const BASE16 = [3, 3, 5, 5, -1, -1, 5, 3], INDEX16 = [6, 7, 6, 7, 6, 7, -1, -1];

/** Reads forward through the window; past its end it returns 0 and `short` becomes true. */
class Reader {
  bytes: Uint8Array = new Uint8Array(0);
  available = 0;
  position = 0;
  short = false;

  start(window: CodeWindow): void {
    this.bytes = window.bytes;
    this.available = window.available;
    this.position = 0;
    this.short = false;
  }

  u8(): number {
    if (this.position >= this.available) {
      this.short = true;
      this.position++;
      return 0;
    }
    return this.bytes[this.position++];
  }

  s8(): number { return (this.u8() << 24) >> 24; }
  u16(): number { const low = this.u8(); return low | (this.u8() << 8); }
  s16(): number { return (this.u16() << 16) >> 16; }
  i32(): number { const low = this.u16(); return low | (this.u16() << 16); }
}

const regIndex = (width: number, n: number): number => (width === 32 ? n : width === 16 ? n * 2 : n < 4 ? n * 4 : (n - 4) * 4 + 1);

export class Decoder {
  private readonly map: OpcodeMap;
  private readonly hasFeature: (feature: Feature) => boolean;
  private readonly reader = new Reader();
  /** Immediates of the current insn read so far. */
  private immediates = 0;

  /** @param hasFeature  which of the processor's features there are; insns of the others are undefined. Default: all */
  constructor(map: OpcodeMap, hasFeature: (feature: Feature) => boolean = () => true) {
    this.map = map;
    this.hasFeature = hasFeature;
  }

  /**
   * Decodes the insn at `insn.eip` in `insn.mode` into `insn`. Returns "short" if the bytes end before the insn does
   * (fewer than 15 were available): the fetch of the byte after them faults. Longer insns decode as TOO_LONG_FORM.
   */
  decode(window: CodeWindow, insn: Insn): DecodeResult {
    const { reader } = this, { mode } = insn;
    reader.start(window);
    let opsizeToggle = false, adsizeToggle = false, rep: Rep = 0, lock = false, segOverride = -1, opcode = 0;
    for (;;) {
      opcode = reader.u8();
      if (opcode === 0x66) opsizeToggle = true;
      else if (opcode === 0x67) adsizeToggle = true;
      else if (opcode === 0xf3) rep = 1;
      else if (opcode === 0xf2) rep = 2;
      else if (opcode === 0xf0) lock = true;
      else if (opcode === 0x26) segOverride = ES;
      else if (opcode === 0x2e) segOverride = CS;
      else if (opcode === 0x36) segOverride = SS;
      else if (opcode === 0x3e) segOverride = DS;
      else if (opcode === 0x64) segOverride = FS;
      else if (opcode === 0x65) segOverride = GS;
      else break;
    }
    insn.clear();
    insn.opsize = mode.code32 !== opsizeToggle ? 32 : 16;
    insn.adsize = mode.code32 !== adsizeToggle ? 32 : 16;
    insn.lock = lock;
    insn.segOverride = segOverride;
    const form = this.operation(insn, opcode, rep, opsizeToggle);
    return this.finish(insn, form, rep);
  }

  /** Reads opcode map bytes, ModRM, displacement and immediates. Returns null for an undefined encoding. */
  private operation(insn: Insn, firstOpcode: number, rep: Rep, opsizeToggle: boolean): Form | null {
    const { reader } = this;
    let map = 0, opcode = firstOpcode;
    if (opcode === 0x0f) {
      opcode = reader.u8();
      map = 1;
      if (opcode === 0x38 || opcode === 0x3a) {
        map = opcode === 0x38 ? 2 : 3;
        opcode = reader.u8();
      }
    }
    const entry = this.map.entry(map, opcode);
    if (entry === null) return null;
    let modrm = 0xc0;
    const prefix = rep === 1 ? 2 : rep === 2 ? 3 : opsizeToggle ? 1 : 0;
    if (entry.modrm) modrm = reader.u8();
    const form = entry.find(prefix, modrm);
    if (form === null || (form.def.feature !== undefined && !this.hasFeature(form.def.feature))) return null;
    if (entry.modrm) {
      if (modrm >= 0xc0 || entry.modIgnored) insn.shape = SHAPE_REG;
      else if (insn.adsize === 32) this.address32(insn, modrm);
      else this.address16(insn, modrm);
    }
    this.immediates = 0;
    // An x87 opcode as the FPU keeps it: 11 bits (SDM 1 §8.1.9). There is no immediate.
    if (map === 0 && opcode >= 0xd8 && opcode <= 0xdf) insn.imm = ((opcode & 7) << 8) | modrm;
    for (const spec of form.operands) if (!this.operand(insn, spec, opcode, modrm)) return null;
    if (form.def.sreg !== undefined) insn.sreg = form.def.sreg;
    this.chooseSegment(insn, form);
    return form;
  }

  private operand(insn: Insn, spec: OperandSpec, opcode: number, modrm: number): boolean {
    const { reader } = this, reg = (modrm >> 3) & 7;
    const width = spec.width === "v" ? insn.opsize : spec.width;
    switch (spec.kind) {
      case "E":
      case "R":
        if (insn.shape === SHAPE_REG) insn.a = regIndex(width, modrm & 7);
        return true;
      case "G":
        insn.b = regIndex(width, reg);
        return true;
      case "Z":
        insn.a = regIndex(width, opcode & 7);
        return true;
      case "T":
        if (spec.fixed < 0) insn.a = modrm & 7;
        return true;
      case "V":
        insn.b = XMM + 4 * reg;
        return true;
      case "W":
      case "U":
        if (insn.shape === SHAPE_REG) insn.a = XMM + 4 * (modrm & 7);
        return true;
      case "P":
        insn.b = FPU_SIGNIFICAND + 2 * reg;
        return true;
      case "Q":
      case "N":
        if (insn.shape === SHAPE_REG) insn.a = FPU_SIGNIFICAND + 2 * (modrm & 7);
        return true;
      case "S":
        insn.sreg = spec.fixed >= 0 ? spec.fixed : reg;
        return insn.sreg < 6;
      case "C":
      case "D":
        insn.sreg = reg;
        return true;
      case "I": {
        if (spec.fixed >= 0) return true;
        let value: number;
        if (width === 8) value = spec.signExtend ? reader.s8() : reader.u8();
        else value = width === 16 ? reader.u16() : reader.i32();
        if (spec.signExtend && insn.opsize === 16) value &= 0xffff;
        if (this.immediates++ === 0) insn.imm = value;
        else insn.imm2 = value;
        return true;
      }
      case "J": {
        const displacement = width === 8 ? reader.s8() : width === 16 ? reader.s16() : reader.i32();
        const target = (insn.eip + reader.position + displacement) | 0;
        insn.teip = insn.opsize === 16 ? target & 0xffff : target;
        return true;
      }
      case "O":
        insn.disp = insn.adsize === 32 ? reader.i32() : reader.u16();
        insn.shape = SHAPE_D;
        return true;
      case "A":
        insn.imm = insn.opsize === 32 ? reader.i32() : reader.u16();
        insn.imm2 = reader.u16();
        return true;
      default:
        return true;
    }
  }

  private address32(insn: Insn, modrm: number): void {
    const { reader } = this, mod = modrm >> 6, rm = modrm & 7;
    let base = rm, hasIndex = false;
    if (rm === 4) {
      const sib = reader.u8();
      base = sib & 7;
      const index = (sib >> 3) & 7;
      if (index !== 4) {
        hasIndex = true;
        insn.idx = index;
        insn.sc = sib >> 6;
      }
    }
    const hasBase = !(base === 5 && mod === 0);
    if (hasBase) insn.base = base;
    insn.disp = mod === 1 ? reader.s8() : mod === 2 || !hasBase ? reader.i32() : 0;
    insn.shape = shapeOf(hasBase, hasIndex);
    insn.baseIsEsp = hasBase && base === 4;
    insn.segIsSs = hasBase && (base === 4 || base === 5);
  }

  private address16(insn: Insn, modrm: number): void {
    const { reader } = this, mod = modrm >> 6, rm = modrm & 7;
    let base = BASE16[rm], index = INDEX16[rm];
    if (rm === 6 && mod === 0) base = -1;
    // SI or DI alone is a base.
    if (base < 0 && index >= 0) {
      base = index;
      index = -1;
    }
    if (base >= 0) insn.base = regIndex(16, base);
    if (index >= 0) insn.idx = regIndex(16, index);
    insn.disp = mod === 1 ? reader.s8() & 0xffff : mod === 2 || base < 0 ? reader.u16() : 0;
    insn.shape = shapeOf(base >= 0, index >= 0);
    insn.segIsSs = base === 5;
  }

  /** Settles which segment the memory operand uses; until here `segIsSs` says what the base register asks for. */
  private chooseSegment(insn: Insn, form: Form): void {
    const isImplicit = form.operands.some((o) => o.kind === "X" || o.kind === "B" || o.kind === "K");
    const hasMemory = insn.shape >= SHAPE_D || isImplicit;
    let seg = insn.segIsSs ? SS : DS;
    if (insn.segOverride >= 0) seg = insn.segOverride;
    insn.segIsSs = hasMemory && seg === SS;
    insn.seg = hasMemory ? SEG_BASE + seg : 0;
    insn.segClass = hasMemory ? insn.mode.segClass[seg] : 0;
    // Writes through CS fault in protected mode whatever its limit: let the run-time check see them.
    if (hasMemory && seg === CS && insn.mode.protectedMode && !insn.mode.v86) insn.segClass = 2;
  }

  private finish(insn: Insn, decoded: Form | null, rep: Rep): DecodeResult {
    const { reader } = this;
    let form = decoded;
    if (reader.short && reader.available < MAX_INSN_BYTES) return "short";
    if (reader.short || reader.position > MAX_INSN_BYTES) form = TOO_LONG_FORM;
    else if (form === null || (insn.lock && !(form.def.lock === true && insn.shape >= SHAPE_D && isMemoryFirst(form)))) {
      form = UNDEFINED_FORM;
    }
    const { def } = form;
    insn.form = form;
    if (def.rep !== undefined) insn.rep = def.rep === "rep" && rep === 2 ? 1 : rep;
    insn.length = Math.min(reader.position, MAX_INSN_BYTES);
    const next = (insn.eip + reader.position) | 0;
    insn.neip = next;
    const solo = typeof def.solo === "function" ? def.solo(insn) : def.solo ?? false;
    insn.solo = solo !== false && solo !== "conditional";
    insn.inBlock = solo !== true;
    insn.ends = def.branch !== undefined || solo === true || solo === "last" || solo === "conditional" || insn.rep !== 0;
    return "ok";
  }
}

function isMemoryFirst(form: Form): boolean {
  const kind = form.operands[0]?.kind;
  return kind === "E" || kind === "M";
}

function shapeOf(hasBase: boolean, hasIndex: boolean): Shape {
  return hasBase ? (hasIndex ? SHAPE_BI : SHAPE_B) : hasIndex ? SHAPE_I : SHAPE_D;
}
