/**
 * The least machine that runs a system ROM: memory, the ROM below 1 MiB and below 4 GiB, and a text console on port 0xe9.
 * What the ROM prints is what it saw; bochs and QEMU run the same image (see README.md).
 */
import type { IoSpace } from "../../../../src/bus/io.ts";
import { Engine } from "../../../../src/exec/engine.ts";
import type { EngineOptions } from "../../../../src/exec/options.ts";
import { DEFAULT_OPTIONS } from "../../../../src/exec/options.ts";
import { PhysicalMemory } from "../../../../src/mem/physical-memory.ts";
import { Cpu } from "../../../../src/x86/cpu.ts";
import { defaultCpuid } from "../../../../src/x86/cpu-models.ts";
import { CpuidTable } from "../../../../src/x86/cpuid.ts";

export const ROM_BYTES = 0x10000;
const CONSOLE_PORT = 0xe9;
/** More than any ROM retires. */
const MAX_INSNS = 50_000_000;

/** Collects what is written to the console port; nothing else is there. */
class Console implements IoSpace {
  text = "";

  portRead(_port: number, size: number): number { return size === 4 ? -1 : (1 << (8 * size)) - 1; }
  portWrite(port: number, size: number, value: number): void {
    if (port === CONSOLE_PORT && size === 1) this.text += String.fromCharCode(value);
  }
  mmioRead(_phys: number, size: number): number { return this.portRead(0, size); }
  mmioWrite(): void {}
}

/**
 * Runs a ROM of at most 64 KiB, from its reset vector to HLT.
 * @returns the console's text, with the way it ended appended where that is not HLT
 */
export function runRom(rom: Uint8Array, options: Partial<EngineOptions>): string {
  const memory = new PhysicalMemory(), console = new Console(), cpuid = new CpuidTable();
  const image = new Uint8Array(ROM_BYTES).fill(0xff);
  image.set(rom, ROM_BYTES - rom.length);
  memory.setRegion(0, 0, new Uint8Array(0xa0000));
  memory.setRegion(1, 0xf0000, image, { readOnly: true });
  memory.setRegion(2, 0x100000, new Uint8Array(0x300000));
  memory.setRegion(3, 0xffff0000, image, { readOnly: true });
  cpuid.setEntries(defaultCpuid());
  const engine = new Engine(new Cpu(memory, console, cpuid), { ...DEFAULT_OPTIONS, ...options });
  const exit = engine.run(MAX_INSNS);
  return exit.kind === "halt" ? console.text : `${console.text}\n(ended with ${exit.kind})`;
}
