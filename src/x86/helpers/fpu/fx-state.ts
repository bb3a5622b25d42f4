/**
 * FXSAVE and FXRSTOR: the image of fx-image.ts in guest memory. Neither waits for a pending x87 exception. Without CR4.OSFXSR
 * MXCSR and the XMM registers are left out, which SDM 2A FXSAVE leaves to the implementation.
 */
import type { Cpu } from "../../cpu.ts";
import { GP } from "../../fault.ts";
import { CR4, CR4_OSFXSR } from "../../state.ts";
import { defHelper } from "../define.ts";
import { FPU_PARTS, FX_BYTES, FX_STATE_BYTES, isValidMxcsr, mxcsrOfImage, readFxImage, writeFpuImage, writeSseImage } from "./fx-image.ts";

const ALIGNMENT = 16;

function requireAlignment(cpu: Cpu, at: number): void {
  if ((at & (ALIGNMENT - 1)) !== 0) cpu.fault(GP, 0);
}

const savesSse = (cpu: Cpu): boolean => (cpu.R[CR4] & CR4_OSFXSR) !== 0;

export const saveFxState = defHelper("fxsave", {
  params: 1,
  doc: "Stores x87, MXCSR and XMM state (linear address); #GP(0) if it is not aligned, #PF.",
  bind: (cpu) => (at) => {
    requireAlignment(cpu, at);
    cpu.probeWrite(at, FX_BYTES);
    const image = new DataView(readFxImage(cpu).buffer), parts = savesSse(cpu) ? [[0, FX_STATE_BYTES]] : FPU_PARTS;
    for (const [from, to] of parts) {
      for (let i = from; i < to; i += 4) cpu.store32((at + i) | 0, image.getInt32(i, true));
    }
  },
});

export const restoreFxState = defHelper("fxrstor", {
  params: 1,
  doc: "Loads the same; #GP(0) if it is not aligned or sets reserved bits of MXCSR, #PF.",
  bind: (cpu) => (at) => {
    requireAlignment(cpu, at);
    const image = new DataView(new ArrayBuffer(FX_STATE_BYTES)), bytes = new Uint8Array(image.buffer);
    for (let i = 0; i < FX_STATE_BYTES; i += 4) image.setInt32(i, cpu.load32((at + i) | 0), true);
    if (savesSse(cpu)) {
      if (!isValidMxcsr(mxcsrOfImage(bytes))) cpu.fault(GP, 0);
      writeSseImage(cpu, bytes);
    }
    writeFpuImage(cpu, bytes);
  },
});
