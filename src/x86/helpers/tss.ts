/** What interrupts and I/O find in the current task's TSS: stacks for inner privilege levels (SDM 3A §7.2.1). */
import type { Cpu } from "../cpu.ts";
import { TS } from "../fault.ts";
import { TR } from "../state.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_386 } from "../descriptor.ts";
import { selectorError } from "./descriptors.ts";
import { requireStackSegment } from "./segments.ts";
import { StackView } from "./stack-view.ts";
import { readSystem16, readSystem32 } from "./system-memory.ts";

/** Where a 386 TSS keeps the offset of its I/O permission bitmap. */
export const TSS_IO_MAP_BASE = 0x66;

/** A stack of an inner level: checked, not loaded. */
export interface InnerStack {
  readonly selector: number;
  readonly descriptor: Descriptor;
  readonly view: StackView;
}

/** The stack the TSS names for `level` (0..2); #TS(TR) if the TSS is too short, #TS or #SS for a bad selector. */
export function innerStack(cpu: Cpu, level: number): InnerStack {
  const { R } = cpu, base = R[TR + 1], is386 = (R[TR + 3] & TYPE_386) !== 0;
  const at = is386 ? level * 8 + 4 : level * 4 + 2;
  if (at + (is386 ? 5 : 3) > R[TR + 2] >>> 0) cpu.fault(TS, selectorError(R[TR]));
  const esp = is386 ? readSystem32(cpu, (base + at) | 0) : readSystem16(cpu, (base + at) | 0);
  const selector = readSystem16(cpu, (base + at + (is386 ? 4 : 2)) | 0);
  const descriptor = requireStackSegment(cpu, selector, level, TS);
  return { selector, descriptor, view: StackView.at(cpu, selector, descriptor, esp) };
}
