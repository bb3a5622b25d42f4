/** From the values of points to colours: attribute controller and DAC. */
import type { Vga } from "./vga.ts";
import { ATTR_COLOUR_SELECT, ATTR_MODE, ATTR_MODE_COLOUR_SELECT, ATTR_PLANES, DAC_COLOURS, DAC_ENTRIES } from "./vga-registers.ts";

const WIDE_MAX = 255, NARROW_MAX = 63;

/** Colours as 0xrrggbb. */
export type Palette = Uint32Array;

/** The DAC's 256 entries, as its mask lets them be chosen. */
export function dacPalette({ registers: { dac, dacMask }, vbe }: Vga): Palette {
  const max = vbe.hasWideDac ? WIDE_MAX : NARROW_MAX;
  const level = (at: number): number => Math.round(Math.min(dac[at], max) * WIDE_MAX / max);
  return Uint32Array.from({ length: DAC_ENTRIES }, (_, entry) => {
    const at = (entry & dacMask) * DAC_COLOURS;
    return (level(at) << 16) | (level(at + 1) << 8) | level(at + 2);
  });
}

/** The sixteen colours that four bits stand for. */
export function attributePalette(vga: Vga): Palette {
  const { attribute } = vga.registers, dac = dacPalette(vga), select = attribute[ATTR_COLOUR_SELECT], replaces = (attribute[ATTR_MODE] & ATTR_MODE_COLOUR_SELECT) !== 0;
  return Uint32Array.from({ length: 16 }, (_, value) => {
    const entry = attribute[value & attribute[ATTR_PLANES] & 15];
    return dac[((select & 0x0c) << 4) | (replaces ? ((select & 3) << 4) | (entry & 15) : entry)];
  });
}
