/** Where the beam of a VGA is: what polls of input status 1 see. Follows from the time; nothing counts. */
import type { VgaRegisters } from "./vga-registers.ts";
import { CLOCKING_8_DOTS, CLOCKING_HALF, CRTC_HORIZONTAL_TOTAL, CRTC_RETRACE_END, MISC_CLOCK_MASK, MISC_CLOCK_SHIFT, retraceLine, SEQ_CLOCKING, shownCharacters, shownLines, totalLines } from "./vga-registers.ts";

/** Dot clocks, Hz, by the clock select bits; the last two are not connected. */
const DOT_CLOCKS = [25_175_000, 28_322_000, 25_175_000, 25_175_000] as const;
/** The CRT controller counts five characters less than a line has. */
const EXTRA_CHARACTERS = 5;
const SECOND_NS = 1e9;

export interface BeamPosition {
  /** Nothing is drawn: the beam is beside the picture, or on its way back. */
  readonly isBlank: boolean;
  /** It is on its way to the top. */
  readonly isInVerticalRetrace: boolean;
}

/** @param nowNs  time since the machine was made */
export function beamAt(r: VgaRegisters, nowNs: number): BeamPosition {
  const clocking = r.sequencer[SEQ_CLOCKING], dots = (clocking & CLOCKING_8_DOTS) !== 0 ? 8 : 9;
  const dotNs = SECOND_NS / DOT_CLOCKS[(r.misc >>> MISC_CLOCK_SHIFT) & MISC_CLOCK_MASK] * ((clocking & CLOCKING_HALF) !== 0 ? 2 : 1);
  const lineNs = (r.crtc[CRTC_HORIZONTAL_TOTAL] + EXTRA_CHARACTERS) * dots * dotNs, lines = totalLines(r);
  const inFrame = nowNs % (lineNs * lines), line = Math.floor(inFrame / lineNs), character = (inFrame - line * lineNs) / (dots * dotNs);
  // The end of the retrace has four bits: it is less than 16 lines behind its start.
  const start = retraceLine(r), length = (r.crtc[CRTC_RETRACE_END] - start) & 15;
  return { isBlank: line >= shownLines(r) || character >= shownCharacters(r), isInVerticalRetrace: line >= start && line < start + length };
}
