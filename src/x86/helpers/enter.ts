/** The nested frames of ENTER (SDM 2A ENTER): their number is an operand, so they are not the lowering's. */
import { isWithinSegment } from "../cpu.ts";
import { SSF } from "../fault.ts";
import { EBP, SEG_ATTR, SEG_BASE, SEG_LIMIT, SS } from "../state.ts";
import { defHelper } from "./define.ts";

export const enterFrames = defHelper("enter_frames", {
  params: 4,
  result: "i32",
  writes: [],
  doc: "Pushes the `level` - 1 outer frame pointers and the new one (`frame`); returns the stack pointer after it, within its size. #SS(0).",
  bind: (cpu) => (frame, level, opsize, stackBits) => {
    const { R } = cpu, mask = stackBits === 32 ? -1 : 0xffff, size = opsize / 8;
    const linear = (offset: number): number => {
      if (!isWithinSegment(R[SEG_ATTR + SS], R[SEG_LIMIT + SS], offset, size)) cpu.fault(SSF, 0);
      return (R[SEG_BASE + SS] + offset) | 0;
    };
    let sp = frame & mask, bp = R[EBP] & mask;
    for (let i = 1; i < level; i++) {
      bp = (bp - size) & mask;
      const outer = cpu.load(linear(bp), size);
      sp = (sp - size) & mask;
      cpu.store(linear(sp), size, outer);
    }
    if (level > 0) {
      sp = (sp - size) & mask;
      cpu.store(linear(sp), size, frame);
    }
    return sp;
  },
});
