/**
 * The registers of a VGA, by group, and what single bits of them mean (IBM PS/2 Hardware Interface Technical Reference, "Video
 * Subsystem"). The parts of the chip share one object of them.
 */
import type { Shape } from "../saveable.ts";
import { array, BYTE, bytes, DWORD, FLAG, upTo, WORD } from "../saveable.ts";

export const SEQUENCER_REGISTERS = 5, CRTC_REGISTERS = 25, GRAPHICS_REGISTERS = 9, ATTRIBUTE_REGISTERS = 21;
export const DAC_ENTRIES = 256, DAC_COLOURS = 3;
/** Words of the Bochs extension (vbe.ts). */
const VBE_REGISTERS = 11;

export interface VgaRegisters {
  /** Miscellaneous output. */
  misc: number;
  feature: number;
  sequencerIndex: number;
  sequencer: Uint8Array;
  graphicsIndex: number;
  graphics: Uint8Array;
  crtcIndex: number;
  crtc: Uint8Array;
  /** With bit 5, which lets the picture through and locks the palette. */
  attributeIndex: number;
  attribute: Uint8Array;
  /** The next byte for the attribute controller is data, not an index. */
  attributeTakesData: boolean;
  dacMask: number;
  /** Red, green and blue by entry: 6 bits each, or 8 if the extension says so. */
  dac: Uint8Array;
  dacReadEntry: number;
  dacWriteEntry: number;
  /** Which colour of an entry comes next, 0..2. */
  dacColour: number;
  /** The last choice of an entry was for reading. */
  dacIsReading: boolean;
  /** Colours that wait for the third. */
  dacPending: Uint8Array;
  /** What the last read by the processor has fetched of the four planes: plane n in bits 8n to 8n + 7. */
  latches: number;
  vbeIndex: number;
  vbe: readonly number[];
}

export const VGA_SHAPE: Shape<VgaRegisters> = {
  misc: BYTE, feature: BYTE, sequencerIndex: BYTE, sequencer: bytes(SEQUENCER_REGISTERS), graphicsIndex: BYTE, graphics: bytes(GRAPHICS_REGISTERS), crtcIndex: BYTE,
  crtc: bytes(CRTC_REGISTERS), attributeIndex: BYTE, attribute: bytes(ATTRIBUTE_REGISTERS), attributeTakesData: FLAG, dacMask: BYTE, dac: bytes(DAC_ENTRIES * DAC_COLOURS),
  dacReadEntry: BYTE, dacWriteEntry: BYTE, dacColour: upTo(DAC_COLOURS - 1), dacIsReading: FLAG, dacPending: bytes(DAC_COLOURS), latches: DWORD, vbeIndex: WORD,
  vbe: array(VBE_REGISTERS, WORD),
};

/** As after power-on: nothing is shown. */
export function powerOnRegisters(): VgaRegisters {
  return {
    misc: 0, feature: 0, sequencerIndex: 0, sequencer: new Uint8Array(SEQUENCER_REGISTERS), graphicsIndex: 0, graphics: new Uint8Array(GRAPHICS_REGISTERS), crtcIndex: 0,
    crtc: new Uint8Array(CRTC_REGISTERS), attributeIndex: 0, attribute: new Uint8Array(ATTRIBUTE_REGISTERS), attributeTakesData: false, dacMask: 0xff,
    dac: new Uint8Array(DAC_ENTRIES * DAC_COLOURS), dacReadEntry: 0, dacWriteEntry: 0, dacColour: 0, dacIsReading: false, dacPending: new Uint8Array(DAC_COLOURS), latches: 0,
    vbeIndex: 0, vbe: new Array<number>(VBE_REGISTERS).fill(0),
  };
}

/** Miscellaneous output: CRTC at 0x3d4 instead of 0x3b4; the processor reaches video memory; the clock, bits 2 and 3. */
export const MISC_COLOUR = 1, MISC_MEMORY = 2, MISC_CLOCK_SHIFT = 2, MISC_CLOCK_MASK = 3;

/** Sequencer. */
export const SEQ_RESET = 0, SEQ_CLOCKING = 1, SEQ_MAP_MASK = 2, SEQ_FONT = 3, SEQ_MEMORY_MODE = 4;
export const CLOCKING_8_DOTS = 1, CLOCKING_HALF = 8, CLOCKING_SCREEN_OFF = 0x20;
export const MEMORY_SEQUENTIAL = 4, MEMORY_CHAIN_4 = 8;

/** Graphics controller. */
export const GFX_SET_RESET = 0, GFX_ENABLE_SET_RESET = 1, GFX_COMPARE = 2, GFX_ROTATE = 3, GFX_READ_PLANE = 4, GFX_MODE = 5, GFX_MISC = 6, GFX_DONT_CARE = 7, GFX_BIT_MASK = 8;
export const MODE_READ_COMPARE = 8, MODE_ODD_EVEN = 0x10, MODE_INTERLEAVED = 0x20, MODE_256_COLOURS = 0x40;
const GFX_MISC_GRAPHICS = 1;

/** CRT controller. */
export const CRTC_HORIZONTAL_TOTAL = 0, CRTC_HORIZONTAL_END = 1, CRTC_BLANK_START = 2, CRTC_VERTICAL_TOTAL = 6, CRTC_OVERFLOW = 7, CRTC_BYTE_PAN = 8, CRTC_MAX_SCAN = 9,
  CRTC_CURSOR_START = 10, CRTC_CURSOR_END = 11, CRTC_START = 12, CRTC_CURSOR = 14, CRTC_RETRACE_START = 16, CRTC_RETRACE_END = 17, CRTC_VERTICAL_END = 18, CRTC_OFFSET = 19,
  CRTC_UNDERLINE = 20, CRTC_MODE = 23, CRTC_LINE_COMPARE = 24;
export const MAX_SCAN_LINE = 31, MAX_SCAN_DOUBLE = 0x80, CURSOR_OFF = 0x20, CURSOR_LINE = 31, UNDERLINE_DWORD = 0x40, CRTC_PROTECT = 0x80;
export const CRTC_MODE_SCAN_13 = 1, CRTC_MODE_SCAN_14 = 2, CRTC_MODE_WRAP = 0x20, CRTC_MODE_BYTE = 0x40, CRTC_MODE_ON = 0x80;

/** Attribute controller. */
export const ATTR_MODE = 16, ATTR_PLANES = 18, ATTR_PAN = 19, ATTR_COLOUR_SELECT = 20;
export const ATTR_INDEX = 31, ATTR_PICTURE_ON = 0x20;
export const ATTR_MODE_GRAPHICS = 1, ATTR_MODE_LINE_GRAPHICS = 4, ATTR_MODE_BLINK = 8, ATTR_MODE_PAN_TOP = 0x20, ATTR_MODE_COLOUR_SELECT = 0x80;

/** A number of ten bits: the lower eight in a register, two in the overflow register. */
function tenBits(crtc: Uint8Array, low: number, bit8: number, bit9: number): number {
  const overflow = crtc[CRTC_OVERFLOW];
  return crtc[low] | (((overflow >>> bit8) & 1) << 8) | (((overflow >>> bit9) & 1) << 9);
}

/** Scan lines that are shown. */
export function shownLines({ crtc }: VgaRegisters): number {
  return tenBits(crtc, CRTC_VERTICAL_END, 1, 6) + 1;
}

/** Scan lines of a frame. */
export function totalLines({ crtc }: VgaRegisters): number {
  return tenBits(crtc, CRTC_VERTICAL_TOTAL, 0, 5) + 2;
}

/** The scan line at which vertical retrace begins. */
export function retraceLine({ crtc }: VgaRegisters): number {
  return tenBits(crtc, CRTC_RETRACE_START, 2, 7);
}

/** Behind this scan line the picture begins again at address 0. */
export function lineCompare({ crtc }: VgaRegisters): number {
  return crtc[CRTC_LINE_COMPARE] | (((crtc[CRTC_OVERFLOW] >>> 4) & 1) << 8) | (((crtc[CRTC_MAX_SCAN] >>> 6) & 1) << 9);
}

/** Characters of a line that are shown. */
export function shownCharacters({ crtc }: VgaRegisters): number {
  return crtc[CRTC_HORIZONTAL_END] + 1;
}

/** A pair of registers, high byte first. */
export function pair(crtc: Uint8Array, first: number): number {
  return (crtc[first] << 8) | crtc[first + 1];
}

/** Character clocks from one line to the next, as the address counter counts them. */
export function linePitch({ crtc }: VgaRegisters): number {
  return crtc[CRTC_OFFSET] * 2;
}

/**
 * Place in a plane that the CRT controller fetches for a value of its address counter ("Mode Control", "Underline Location"):
 * by bytes, words or dwords, with the counter's upper bits in the lowest.
 */
export function fetchAddress({ crtc }: VgaRegisters, counter: number): number {
  if ((crtc[CRTC_UNDERLINE] & UNDERLINE_DWORD) !== 0) return ((counter << 2) | ((counter >>> 14) & 3)) & 0xffff;
  if ((crtc[CRTC_MODE] & CRTC_MODE_BYTE) !== 0) return counter & 0xffff;
  return ((counter << 1) | ((counter >>> ((crtc[CRTC_MODE] & CRTC_MODE_WRAP) !== 0 ? 15 : 13)) & 1)) & 0xffff;
}

/** True if characters are shown, not points. */
export function isTextMode({ graphics }: VgaRegisters): boolean {
  return (graphics[GFX_MISC] & GFX_MISC_GRAPHICS) === 0;
}
