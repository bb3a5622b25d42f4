/** The guest's screen as a PNG file. */
import { pictureOf } from "../../devices/vga/picture.ts";
import type { Vga } from "../../devices/vga/vga.ts";
import { writeFile } from "../../host/files.ts";
import { encodePng } from "../../host/png.ts";

/** @throws VmError if the file cannot be written */
export function writeScreenshot(vga: Vga, path: string): void {
  const { width, height, rgb } = pictureOf(vga);
  writeFile(path, encodePng(width, height, rgb));
}
