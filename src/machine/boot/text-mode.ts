/**
 * What a video BIOS does before anything is started: text mode 3 (80 columns, 25 rows, 9 by 16 points, 16 colours), a font, a clear screen.
 * Values of the registers: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", mode 3.
 */
import type { BytePorts } from "../../bus/device.ts";
import { VGA_PORTS } from "../../devices/vga/vga.ts";
import { FONT_CHARACTERS, FONT_LINES, textFont } from "./text-font.ts";

const MISC = 0x67, SEQUENCER = [0x03, 0x00, 0x03, 0x00, 0x02], GRAPHICS = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff];
const CRTC = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
];
/** The palette: brown is not dark yellow; bright colours are entries 0x38 on. Then mode, overscan, planes, panning, colour select. */
const ATTRIBUTE = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00];
const PICTURE_ON = 0x20, DAC_ENTRIES = 64, CRTC_UNLOCKED = 0x11;
/** Registers to reach plane 2 by itself: sequencer 2 and 4, graphics controller 4, 5 and 6. */
const FONT_SEQUENCER = [[2, 0x04], [4, 0x07]] as const, FONT_GRAPHICS = [[4, 0x02], [5, 0x00], [6, 0x04]] as const;
const FONT_PLACE_BYTES = 32, TEXT_WINDOW = 0x18000, TEXT_BYTES = 0x8000;
const SPACE = 0x20, LIGHT_GREY = 0x07;

/** As much of a VGA as this needs. */
interface TextCard extends BytePorts {
  readonly memory: { write(address: number, value: number): void };
}

/** Ports of a VGA, as offsets. */
const port = (number: number): number => number - VGA_PORTS;
const ATTRIBUTE_PORT = port(0x3c0), MISC_PORT = port(0x3c2), SEQUENCER_PORT = port(0x3c4), DAC_WRITE_PORT = port(0x3c8), DAC_DATA_PORT = port(0x3c9), GRAPHICS_PORT = port(0x3ce), CRTC_PORT = port(0x3d4),
  STATUS_PORT = port(0x3da);

export function startTextMode(card: TextCard): void {
  const set = (at: number, register: number, value: number): void => {
    card.writeByte(at, register);
    card.writeByte(at + 1, value);
  };
  card.writeByte(MISC_PORT, MISC);
  SEQUENCER.forEach((value, i) => set(SEQUENCER_PORT, i, value));
  set(CRTC_PORT, CRTC_UNLOCKED, 0);
  CRTC.forEach((value, i) => set(CRTC_PORT, i, value));
  GRAPHICS.forEach((value, i) => set(GRAPHICS_PORT, i, value));
  card.readByte(STATUS_PORT);
  ATTRIBUTE.forEach((value, i) => {
    card.writeByte(ATTRIBUTE_PORT, i);
    card.writeByte(ATTRIBUTE_PORT, value);
  });
  card.writeByte(DAC_WRITE_PORT, 0);
  for (let entry = 0; entry < DAC_ENTRIES; entry++) for (const level of dacLevels(entry)) card.writeByte(DAC_DATA_PORT, level);
  loadFont(card, set);
  for (let at = 0; at < TEXT_BYTES; at += 2) {
    card.memory.write(TEXT_WINDOW + at, SPACE);
    card.memory.write(TEXT_WINDOW + at + 1, LIGHT_GREY);
  }
  card.writeByte(ATTRIBUTE_PORT, PICTURE_ON);
}

/** Of each of the 64 colours two bits: the stronger in bits 0 to 2 (blue, green, red), the weaker in bits 3 to 5. */
function dacLevels(entry: number): readonly number[] {
  const level = (colour: number): number => ((entry >>> colour) & 1) * STRONG + ((entry >>> (colour + 3)) & 1) * WEAK;
  return [level(2), level(1), level(0)];
}

const STRONG = 0x2a, WEAK = 0x15;

function loadFont(card: TextCard, set: (at: number, register: number, value: number) => void): void {
  const font = textFont();
  for (const [register, value] of FONT_SEQUENCER) set(SEQUENCER_PORT, register, value);
  for (const [register, value] of FONT_GRAPHICS) set(GRAPHICS_PORT, register, value);
  for (let code = 0; code < FONT_CHARACTERS; code++) {
    for (let line = 0; line < FONT_LINES; line++) card.memory.write(code * FONT_PLACE_BYTES + line, font[code * FONT_LINES + line]);
  }
  for (const [register] of FONT_SEQUENCER) set(SEQUENCER_PORT, register, SEQUENCER[register]);
  for (const [register] of FONT_GRAPHICS) set(GRAPHICS_PORT, register, GRAPHICS[register]);
}
