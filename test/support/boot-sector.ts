// guests/boot-sector, a program that asks the BIOS it is started by for its services: its disk, and a run of it on a PC.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { textScreenOf } from "../../src/devices/vga/text-screen.ts";
import type { PcOptions, PcOutcome } from "../../src/machine/pc.ts";
import { Pc } from "../../src/machine/pc.ts";
import { MemoryImage } from "./memory-image.ts";
import { projectRoot } from "./project.ts";

const FOLDER = join(projectRoot, "guests/boot-sector"), DISK_BYTES = 4 << 20, SECTOR = 512;
const SLICE = 1e6, MAX_INSNS = 400e6;
/** What the program prints goes over the third. */
const SERIAL_LINE = 2;

export const OWN_BIOS = join(projectRoot, "guests/bios/bios.bin");

/** The program, and behind it sectors that hold their numbers. */
export function bootSectorDisk(): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES), words = new Uint16Array(disk.buffer), program = readFileSync(join(FOLDER, "boot-sector.bin"));
  disk.set(program);
  for (let sector = program.length / SECTOR; sector < DISK_BYTES / SECTOR; sector++) words.fill(sector, (sector * SECTOR) / 2, ((sector + 1) * SECTOR) / 2);
  return disk;
}

export function bootSectorExpected(): string {
  return readFileSync(join(FOLDER, "expected.txt"), "utf8");
}

export interface BootSectorRun {
  readonly outcome: PcOutcome;
  readonly text: string;
  /** Rows of the screen at the end. */
  readonly screen: readonly string[];
  /** A line of the processor's state at every millionth insn. */
  readonly states: readonly string[];
}

export async function runBootSector(bios: Uint8Array, options: Partial<PcOptions> = {}): Promise<BootSectorRun> {
  let text = "";
  const pc = new Pc({ boot: { bios }, disks: [new MemoryImage(bootSectorDisk())], isaDebugExit: true, ...options });
  pc.chips.uarts[SERIAL_LINE].connect({ transmit: (byte) => { text += String.fromCharCode(byte); }, roomAgain: () => undefined });
  const states: string[] = [];
  for (;;) {
    const outcome = pc.run({ maxInsns: Math.ceil((pc.insns + 1) / SLICE) * SLICE - pc.insns });
    if (outcome.kind === "blocked") {
      await outcome.until;
      continue;
    }
    states.push([pc.insns, pc.clock.nowNs(), ...[...pc.vcpu.describeState()].flat()].join(" "));
    if (outcome.kind !== "budget" || pc.insns > MAX_INSNS) return { outcome, text: text.replaceAll("\r", ""), screen: screenRows(pc), states };
  }
}

function screenRows(pc: Pc): string[] {
  const screen = textScreenOf(pc.chips.vga);
  if (screen === null) return [];
  return Array.from({ length: screen.rows }, (_, row) => [...screen.cells.subarray(row * screen.columns, (row + 1) * screen.columns)]
    .map((cell) => ((cell & 0xff) < 0x20 ? " " : String.fromCharCode(cell & 0xff))).join(""));
}
