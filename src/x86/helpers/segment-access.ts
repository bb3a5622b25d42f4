/** The run-time check of an access through a segment that is neither flat nor a plain 64 KiB one. */
import { defHelper } from "./define.ts";

export const segLinear = defHelper("seg_linear", {
  params: 4,
  result: "i32",
  writes: [],
  doc: "Linear address of `size` bytes at `offset` in a segment, for reading or writing; #GP(0) or #SS(0) (SDM 3A §5.3).",
  bind: (cpu) => (seg, offset, size, write) => cpu.segLinear(seg, offset, size, write !== 0),
});
