/**
 * The 512-byte image of FXSAVE and FXRSTOR in its 32-bit form (SDM 1 §10.5.1), without alignment and privilege checks, which
 * are the insns'. Also what the VM API and tests exchange.
 */
import type { Cpu } from "../../cpu.ts";
import { CR4, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_TAGS, FPU_TOP, MXCSR, XMM } from "../../state.ts";
import { fpuOf } from "./fpu.ts";

export const FX_BYTES = 512;
const FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FCS = 12, FDP = 16, FDS = 20, MXCSR_AT = 24, MXCSR_MASK_AT = 28, ST = 32, XMM_AT = 160;
const SLOT_BYTES = 16, XMM_REGISTERS = 8;
/** MXCSR bits that can be written: all but DAZ's absence on the oldest CPUs. */
const MXCSR_MASK = 0xffff;
const CR4_OSFXSR = 0x200;

/** The image of the current state. Bytes that FXSAVE leaves alone are 0. */
export function readFxImage(cpu: Cpu): Uint8Array {
  const { R } = cpu, bytes = new Uint8Array(FX_BYTES), view = new DataView(bytes.buffer);
  view.setUint16(FCW, R[FPU_CONTROL], true);
  view.setUint16(FSW, fpuOf(cpu).statusWord, true);
  view.setUint8(FTW, R[FPU_TAGS]);
  view.setUint16(FOP, R[FPU_OPCODE], true);
  view.setInt32(FIP, R[FPU_IP], true);
  view.setUint16(FCS, R[FPU_CS], true);
  view.setInt32(FDP, R[FPU_DP], true);
  view.setUint16(FDS, R[FPU_DS], true);
  view.setInt32(MXCSR_AT, R[MXCSR], true);
  view.setInt32(MXCSR_MASK_AT, MXCSR_MASK, true);
  for (let i = 0; i < 8; i++) {
    const n = (R[FPU_TOP] + i) & 7, at = ST + SLOT_BYTES * i;
    view.setInt32(at, R[FPU_SIGNIFICAND + 2 * n], true);
    view.setInt32(at + 4, R[FPU_SIGNIFICAND + 1 + 2 * n], true);
    view.setUint16(at + 8, R[FPU_SIGN_EXP + n], true);
  }
  for (let w = 0; w < 4 * XMM_REGISTERS; w++) view.setInt32(XMM_AT + 4 * w, R[XMM + w], true);
  return bytes;
}

/** How many bytes at the start of the image FXSAVE stores: without CR4.OSFXSR no XMM registers (SDM 2A FXSAVE). */
export function fxImageLength(cpu: Cpu): number {
  return (cpu.R[CR4] & CR4_OSFXSR) !== 0 ? XMM_AT + SLOT_BYTES * XMM_REGISTERS : XMM_AT;
}

/** MXCSR of an image; FXRSTOR raises #GP(0) if it has bits outside of `MXCSR_MASK`. */
export function mxcsrOfImage(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(MXCSR_AT, true);
}

export function isValidMxcsr(value: number): boolean {
  return (value & ~MXCSR_MASK) === 0;
}

/** Loads the x87 part, MXCSR and as many XMM registers as `bytes` holds (288 bytes hold all). */
export function writeFxImage(cpu: Cpu, bytes: Uint8Array): void {
  const { R } = cpu, f = fpuOf(cpu), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  f.control = view.getUint16(FCW, true);
  f.statusWord = view.getUint16(FSW, true);
  R[FPU_TAGS] = view.getUint8(FTW);
  R[FPU_OPCODE] = view.getUint16(FOP, true) & 0x7ff;
  R[FPU_IP] = view.getInt32(FIP, true);
  R[FPU_CS] = view.getUint16(FCS, true);
  R[FPU_DP] = view.getInt32(FDP, true);
  R[FPU_DS] = view.getUint16(FDS, true);
  for (let i = 0; i < 8; i++) {
    const n = (R[FPU_TOP] + i) & 7, at = ST + SLOT_BYTES * i;
    R[FPU_SIGNIFICAND + 2 * n] = view.getInt32(at, true);
    R[FPU_SIGNIFICAND + 1 + 2 * n] = view.getInt32(at + 4, true);
    R[FPU_SIGN_EXP + n] = view.getUint16(at + 8, true);
  }
  f.summarize();
  R[MXCSR] = view.getInt32(MXCSR_AT, true) & MXCSR_MASK;
  const words = Math.min(4 * XMM_REGISTERS, (bytes.byteLength - XMM_AT) >> 2);
  for (let w = 0; w < words; w++) R[XMM + w] = view.getInt32(XMM_AT + 4 * w, true);
}
