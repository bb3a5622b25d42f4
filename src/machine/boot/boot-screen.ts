/** What a loader leaves on the screen for a kernel: text, or points in memory one after the other, as near as can be to what the kernel would like. */
import type { Vga } from "../../devices/vga/vga.ts";
import { bytesOf, VBE_BPP, VBE_ENABLE, VBE_ENABLED, VBE_XRES, VBE_YRES } from "../../devices/vga/vbe.ts";
import type { MultibootVideo } from "./multiboot-header.ts";
import { startTextMode } from "./text-mode.ts";

/** `address`: physical, of the first character or point. */
export type BootScreen =
  /** Characters and attributes. */
  | { readonly kind: "text"; readonly address: number; readonly width: number; readonly height: number }
  /** Points of `depth` bits: 15, 16, 24 or 32. */
  | { readonly kind: "linear"; readonly address: number; readonly width: number; readonly height: number; readonly depth: number };

const TEXT_SCREEN: BootScreen = { kind: "text", address: 0xb8000, width: 80, height: 25 };
const TEXT_CELL_BYTES = 2;
/** What there is: widths in steps, depths with colours by themselves; and what is taken where there is no preference. */
const WIDTH_STEP = 8, MIN_WIDTH = 320, MAX_WIDTH = 2560, MIN_HEIGHT = 200, MAX_HEIGHT = 1600, DEPTHS = [15, 16, 24, 32] as const, WIDTH = 1024, HEIGHT = 768, DEPTH = 32;

/** @param linearAddress  where video memory lies; @param wish  null for none */
export function bootScreen(wish: MultibootVideo | null, linearAddress: number): BootScreen {
  if (wish === null || wish.isText) return TEXT_SCREEN;
  const width = Math.floor(within(wish.width || WIDTH, MIN_WIDTH, MAX_WIDTH) / WIDTH_STEP) * WIDTH_STEP, height = within(wish.height || HEIGHT, MIN_HEIGHT, MAX_HEIGHT);
  const wanted = wish.depth || DEPTH;
  return { kind: "linear", address: linearAddress, width, height, depth: DEPTHS.find((depth) => depth >= wanted) ?? DEPTH };
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** From one line to the next. */
export function bytesOfLine(screen: BootScreen): number {
  return screen.width * (screen.kind === "text" ? TEXT_CELL_BYTES : bytesOf(screen.depth));
}

/** First bit and number of bits of red, green and blue. */
export function colourFields(depth: number): readonly number[] {
  if (depth === 15) return [10, 5, 5, 5, 0, 5];
  return depth === 16 ? [11, 5, 5, 6, 0, 5] : [16, 8, 8, 8, 0, 8];
}

export function showBootScreen(vga: Vga, screen: BootScreen): void {
  startTextMode(vga);
  if (screen.kind === "text") return;
  vga.writeVbe(VBE_XRES, screen.width);
  vga.writeVbe(VBE_YRES, screen.height);
  vga.writeVbe(VBE_BPP, screen.depth);
  vga.writeVbe(VBE_ENABLE, VBE_ENABLED);
}
