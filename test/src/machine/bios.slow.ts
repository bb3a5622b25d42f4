// Our BIOS beside SeaBIOS: the same answers to guests/boot-sector, in our machine and in QEMU.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { bootCd, bootDisk, bootSectorDisk, bootSectorExpected, CD_ANSWERS, FLOPPY_ANSWERS, FLOPPY_BYTES, OWN_BIOS, runBootSector } from "../../support/boot-sector.ts";
import { MemoryImage } from "../../support/memory-image.ts";

const SEABIOS = "/usr/share/seabios/bios.bin", VIDEO_BIOS = "/usr/share/seabios/vgabios-stdvga.bin", QEMU = "/usr/bin/qemu-system-i386";
const LIMIT_MS = 300_000;

describe("our BIOS and SeaBIOS", () => {
  if (existsSync(SEABIOS) && existsSync(VIDEO_BIOS)) {
    it("give the same answers in our machine", async () => {
      const { outcome, text } = await runBootSector(readFileSync(SEABIOS), { vgaRom: readFileSync(VIDEO_BIOS) });
      expect(text).to.equal(bootSectorExpected());
      expect(outcome).to.deep.equal({ kind: "debug-exit", status: 1 });
      const bios = readFileSync(SEABIOS), options = { vgaRom: readFileSync(VIDEO_BIOS), disks: [] };
      const floppy = await runBootSector(bios, { ...options, boot: { bios, order: "a" }, floppies: [new MemoryImage(bootDisk("floppy", FLOPPY_BYTES))] });
      expect(floppy.text).to.equal(FLOPPY_ANSWERS);
      const cd = await runBootSector(bios, { ...options, boot: { bios, order: "d" }, cdrom: new MemoryImage(bootCd(), true) });
      expect(cd.text).to.equal(CD_ANSWERS);
    });
  } else {
    it.skip(`give the same answers in our machine (there is no ${SEABIOS}; Debian's package seabios has it)`);
  }

  if (!existsSync(QEMU)) {
    it.skip(`give the same answers in QEMU (there is no ${QEMU}; Debian's package qemu-system-x86 has it)`);
    return;
  }
  it("give the same answers in QEMU", () => {
    const run = (...bios: string[]): string => {
      const folder = mkdtempSync(join(tmpdir(), "tcgjs-bios-")), disk = join(folder, "disk"), printed = join(folder, "printed");
      try {
        writeFileSync(disk, bootSectorDisk());
        // The debug exit's status is 1, which execFileSync would throw for.
        // Time by insns, so that nothing depends on how busy the host is.
        execFileSync("sh", ["-c", '"$0" "$@" || [ $? = 1 ]', QEMU, ...bios, "-icount", "shift=4,sleep=off", "-drive", `file=${disk},format=raw`, "-net", "none", "-display", "none", "-monitor", "none", "-serial", "null",
          "-serial", "null", "-serial", `file:${printed}`, "-rtc", "base=2000-01-01,clock=vm", "-device", "isa-debug-exit,iobase=0xf4"], { timeout: LIMIT_MS, stdio: "ignore" });
        return readFileSync(printed, "latin1");
      } finally {
        rmSync(folder, { recursive: true });
      }
    };
    const ours = run("-bios", OWN_BIOS);
    expect(ours).to.include("done");
    expect(ours).to.equal(run());
  });
});
