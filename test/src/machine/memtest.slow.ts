// Debian's memtest86+, unmodified: a pass of all its tests over 16 MiB, which is twenty thousand million insns, or a part of it; and ISOLINUX,
// which starts it from a CD.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { PcOptions } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { isolinuxCd, missingIsolinux } from "../../support/boot-media.ts";
import { MemoryImage } from "../../support/memory-image.ts";
import { isWhole, slowCount } from "../../support/slow.ts";

const BIOS = "/usr/share/seabios/bios.bin";
const MEMTEST = "/boot/memtest86+ia32.bin";
/** Time goes fast, for it waits minutes to see whether bits fade. */
const NS_PER_INSN = 128;
/** A pass that takes longer hangs. */
const MAX_INSNS = 60e9, SLICE = 50e6, MEMORY_BYTES = 16 * 2 ** 20;
const OPTIONS = "console=ttyS0,115200 nosmp nobench nosm nopause keyboard=legacy";

describe("memtest86+", () => {
  if (!existsSync(MEMTEST)) {
    it.skip(`runs a pass (there is no ${MEMTEST}; Debian's package memtest86+ has it)`);
    return;
  }

  /** Runs until something stands on the screen, as it comes over the serial line, but not for ever; what came last. */
  async function runUntil(wanted: RegExp, maxInsns: number, options: Omit<PcOptions, "memoryBytes">): Promise<string> {
    const pc = new Pc({ ...options, memoryBytes: MEMORY_BYTES, vm: { threshold: 200 } });
    let screen = "";
    pc.chips.uarts[0].connect({ transmit: (byte) => { screen = (screen + String.fromCharCode(byte)).slice(-4096); }, roomAgain: () => undefined });
    while (pc.insns < maxInsns && !wanted.test(screen)) {
      const outcome = pc.run({ maxInsns: SLICE });
      if (outcome.kind === "blocked") await outcome.until;
      else if (outcome.kind !== "budget") break;
    }
    return screen;
  }

  it(`runs ${isWhole ? "a pass" : "into a pass"} over 16 MiB without an error`, async () => {
    const clock = { kind: "virtual", nsPerInsn: NS_PER_INSN } as const, kernel = readFileSync(MEMTEST);
    const screen = await runUntil(/Pass: {2}1 +Errors: \d/, slowCount(MAX_INSNS), { boot: { kernel, cmdline: OPTIONS }, clock });
    const [, passes, errors] = [...screen.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)].at(-1) ?? [];
    expect([passes, errors]).to.deep.equal([isWhole ? "1" : "0", "0"]);
  });

  const missing = existsSync(BIOS) ? missingIsolinux() : `there is no ${BIOS}; Debian's package seabios has it`;
  if (missing !== null) {
    it.skip(`is started by SeaBIOS and ISOLINUX from a CD (${missing})`);
    return;
  }

  it("is started by SeaBIOS and ISOLINUX from a CD", async () => {
    const cdrom = new MemoryImage(isolinuxCd(readFileSync(MEMTEST), OPTIONS), true);
    const wanted = /Address test, walking ones/;
    expect(await runUntil(wanted, 2e9, { boot: { bios: readFileSync(BIOS), order: "d" }, cdrom })).to.match(wanted);
  });
});
