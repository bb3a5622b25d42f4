// guests/boot-sector, programs that ask the BIOS they are started by for its services: disks with them, and runs on a PC.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { textScreenOf } from "../../src/devices/vga/text-screen.ts";
import type { PcOptions, PcOutcome } from "../../src/machine/pc.ts";
import { Pc } from "../../src/machine/pc.ts";
import { MemoryImage } from "./memory-image.ts";
import { runWithStates } from "./pc-states.ts";
import { projectRoot } from "./project.ts";

const FOLDER = join(projectRoot, "guests/boot-sector"), SECTOR = 512, CD_BLOCK = 2048;
export const DISK_BYTES = 4 << 20, FLOPPY_BYTES = 1_474_560;
const MAX_INSNS = 2e9;
/** What the program prints goes over the third. */
const SERIAL_LINE = 2;

export const OWN_BIOS = join(projectRoot, "guests/bios/bios.bin");

/** A program, and behind it sectors that hold their numbers. */
export function bootDisk(name: string, sizeBytes: number): Uint8Array {
  const disk = new Uint8Array(sizeBytes), words = new Uint16Array(disk.buffer), program = readFileSync(join(FOLDER, `${name}.bin`));
  disk.set(program);
  for (let sector = program.length / SECTOR; sector < sizeBytes / SECTOR; sector++) words.fill(sector, (sector * SECTOR) / 2, ((sector + 1) * SECTOR) / 2);
  return disk;
}

export const bootSectorDisk = (): Uint8Array => bootDisk("boot-sector", DISK_BYTES);

/** A disc that `cd.bin` starts from ("El Torito" 1.0, figures 1 to 3): boot record in block 17, catalog in 19, the program in 20. */
export function bootCd(): Uint8Array {
  const disc = new Uint8Array(64 * CD_BLOCK), view = new DataView(disc.buffer), block = (n: number): number => n * CD_BLOCK, catalog = block(19);
  const put = (at: number, text: string): void => disc.set(new TextEncoder().encode(text), at);
  put(block(16), "\x01CD001\x01");
  put(block(17), "\0CD001\x01EL TORITO SPECIFICATION");
  view.setUint32(block(17) + 0x47, 19, true);
  put(block(18) + 1, "CD001\x01");
  disc[block(18)] = 0xff;
  view.setUint8(catalog, 1);
  view.setUint16(catalog + 0x1e, 0xaa55, true);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += view.getUint16(catalog + at, true);
  view.setUint16(catalog + 0x1c, -sum, true);
  // Bootable, no emulation, the usual segment, four sectors from block 20.
  view.setUint8(catalog + 32, 0x88);
  view.setUint16(catalog + 38, 4, true);
  view.setUint32(catalog + 40, 20, true);
  disc.set(readFileSync(join(FOLDER, "cd.bin")), block(20));
  put(block(21), "block 21");
  return disc;
}

export function bootSectorExpected(): string {
  return readFileSync(join(FOLDER, "expected.txt"), "utf8");
}

/** What `floppy.bin` and `cd.bin` print. */
export const FLOPPY_ANSWERS = "0000 0038 003F 0000 0000 0000 0101 0000 4F12 0101 0001 ",
  CD_ANSWERS = "0000 00E0 0000 0013 01E0 0014 07C0 0004 0000 AA55 0000 0800 0000 block 21 0001 ";

export interface BootSectorRun {
  readonly outcome: PcOutcome;
  readonly text: string;
  /** Rows of the screen at the end. */
  readonly screen: readonly string[];
  /** A line of the processor's state at every millionth insn. */
  readonly states: readonly string[];
}

/** Starts `boot-sector.bin`, or what the options say. */
export async function runBootSector(bios: Uint8Array, options: Partial<PcOptions> = {}): Promise<BootSectorRun> {
  let text = "";
  const pc = new Pc({ boot: { bios }, disks: [new MemoryImage(bootSectorDisk())], isaDebugExit: true, ...options });
  pc.chips.uarts[SERIAL_LINE].connect({ transmit: (byte) => { text += String.fromCharCode(byte); }, roomAgain: () => undefined });
  const { outcome, states } = await runWithStates(pc, MAX_INSNS);
  return { outcome, text: text.replaceAll("\r", ""), screen: screenRows(pc), states };
}

/** Rows of characters, none in a graphics mode. */
function screenRows(pc: Pc): string[] {
  const screen = textScreenOf(pc.chips.vga);
  if (screen === null) return [];
  return Array.from({ length: screen.rows }, (_, row) => [...screen.cells.subarray(row * screen.columns, (row + 1) * screen.columns)]
    .map((cell) => ((cell & 0xff) < 0x20 ? " " : String.fromCharCode(cell & 0xff))).join(""));
}
