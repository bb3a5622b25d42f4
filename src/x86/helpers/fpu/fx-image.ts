/**
 * The 512-byte image of FXSAVE and FXRSTOR in its 32-bit form (SDM 1 §10.5.1), without alignment and privilege checks, which
 * are the insns'. Also what the VM API and tests exchange.
 */
import type { Cpu } from "../../cpu.ts";
import { FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_TAGS, FPU_TOP, MXCSR, XMM } from "../../state.ts";
import { fpuOf } from "./fpu.ts";

export const FX_BYTES = 512;
/** The first bytes of it hold everything; the others are reserved or the system's. */
export const FX_STATE_BYTES = 288;
const FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FCS = 12, FDP = 16, FDS = 20, MXCSR_AT = 24, MXCSR_MASK_AT = 28, ST = 32, XMM_AT = 160;
const SLOT_BYTES = 16, XMM_REGISTERS = 8;
/** MXCSR bits that exist. */
const MXCSR_MASK = 0xffff;
/** Where the x87 part is: around MXCSR, from the first byte to before the second. */
export const FPU_PARTS = [[FCW, MXCSR_AT], [ST, XMM_AT]] as const;

/** The image of the current state. Bytes that FXSAVE leaves alone are 0. */
export function readFxImage(cpu: Cpu): Uint8Array {
  const { R } = cpu, bytes = new Uint8Array(FX_BYTES), view = new DataView(bytes.buffer);
  fpuOf(cpu).pairs.flush();
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

/** MXCSR of an image; FXRSTOR raises #GP(0) if it has bits outside of `MXCSR_MASK`. */
export function mxcsrOfImage(bytes: Uint8Array): number {
  return viewOf(bytes).getInt32(MXCSR_AT, true);
}

export function isValidMxcsr(value: number): boolean {
  return (value & ~MXCSR_MASK) === 0;
}

/** Loads the whole state from the first `FX_STATE_BYTES` of an image. */
export function writeFxImage(cpu: Cpu, bytes: Uint8Array): void {
  writeFpuImage(cpu, bytes);
  writeSseImage(cpu, bytes);
}

/** Loads the x87 part. */
export function writeFpuImage(cpu: Cpu, bytes: Uint8Array): void {
  const { R } = cpu, f = fpuOf(cpu), view = viewOf(bytes);
  f.pairs.flush();
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
}

/** Loads MXCSR and the XMM registers. */
export function writeSseImage(cpu: Cpu, bytes: Uint8Array): void {
  const { R } = cpu, view = viewOf(bytes);
  R[MXCSR] = view.getInt32(MXCSR_AT, true) & MXCSR_MASK;
  for (let w = 0; w < 4 * XMM_REGISTERS; w++) R[XMM + w] = view.getInt32(XMM_AT + 4 * w, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
