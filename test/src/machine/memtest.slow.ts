// Debian's memtest86+, unmodified: a pass of all its tests over 16 MiB, which is twenty thousand million insns; and ISOLINUX, which starts it
// from a CD.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { PcOptions } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { isolinuxCd, missingIsolinux } from "../../support/boot-media.ts";
import { MemoryImage } from "../../support/memory-image.ts";

const BIOS = "/usr/share/seabios/bios.bin";
const MEMTEST = "/boot/memtest86+ia32.bin";
/** Time goes fast, for it waits minutes to see whether bits fade. */
const NS_PER_INSN = 128;
const MEMORY_BYTES = 16 * 2 ** 20, SLICE = 50e6;
const OPTIONS = "console=ttyS0,115200 nosmp nobench nosm nopause keyboard=legacy";

describe("memtest86+", () => {
  if (!existsSync(MEMTEST)) {
    it.skip(`runs a pass (there is no ${MEMTEST}; Debian's package memtest86+ has it)`);
    return;
  }

  /** Runs until something stands on the screen, as it comes over the serial line; what was found. */
  async function runUntil(wanted: RegExp, maxInsns: number, options: Omit<PcOptions, "memoryBytes">): Promise<RegExpExecArray | null> {
    const pc = new Pc({ ...options, memoryBytes: MEMORY_BYTES, vm: { threshold: 200 } });
    let screen = "";
    pc.chips.uarts[0].connect({ transmit: (byte) => { screen = (screen + String.fromCharCode(byte)).slice(-4096); }, roomAgain: () => undefined });
    while (pc.insns < maxInsns && !wanted.test(screen)) {
      const outcome = pc.run({ maxInsns: SLICE });
      if (outcome.kind === "blocked") await outcome.until;
      else if (outcome.kind !== "budget") break;
    }
    return wanted.exec(screen);
  }

  it("runs a pass over 16 MiB without an error", async () => {
    const clock = { kind: "virtual", nsPerInsn: NS_PER_INSN } as const, kernel = readFileSync(MEMTEST);
    expect((await runUntil(/Pass: {2}1 +Errors: (\d+) /, 60e9, { boot: { kernel, cmdline: OPTIONS }, clock }))?.[1]).to.equal("0");
  });

  const missing = existsSync(BIOS) ? missingIsolinux() : `there is no ${BIOS}; Debian's package seabios has it`;
  if (missing !== null) {
    it.skip(`is started by SeaBIOS and ISOLINUX from a CD (${missing})`);
    return;
  }

  it("is started by SeaBIOS and ISOLINUX from a CD", async () => {
    const cdrom = new MemoryImage(isolinuxCd(readFileSync(MEMTEST), OPTIONS), true);
    expect(await runUntil(/Address test, walking ones/, 2e9, { boot: { bios: readFileSync(BIOS), order: "d" }, cdrom })).to.not.equal(null);
  });
});
