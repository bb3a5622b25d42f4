// The BIOS of guests/bios, by what it answers to guests/boot-sector. bios.slow.ts compares it with SeaBIOS.

import { readFileSync } from "node:fs";
import { expect } from "chai";
import { SeededEntropy } from "../../../src/devices/virtio/entropy.ts";
import { VirtioBlk } from "../../../src/devices/virtio/virtio-blk.ts";
import { VirtioRng } from "../../../src/devices/virtio/virtio-rng.ts";
import type { BootSectorRun } from "../../support/boot-sector.ts";
import { MemoryImage } from "../../support/memory-image.ts";
import { bootCd, bootDisk, bootSectorDisk, bootSectorExpected, CD_ANSWERS, DISK_BYTES, FLOPPY_ANSWERS, FLOPPY_BYTES, OWN_BIOS, runBootSector } from "../../support/boot-sector.ts";

const ROWS = 25, COLUMNS = 80;

describe("the BIOS", () => {
  const bios = readFileSync(OWN_BIOS);
  let jit: BootSectorRun;

  before(async () => { jit = await runBootSector(bios); });

  it("answers a program from a disk", () => {
    expect(jit.text).to.equal(bootSectorExpected());
    expect(jit.outcome).to.deep.equal({ kind: "debug-exit", status: 1 });
  });

  it("shows on the screen what the program reads from there", () => {
    const rows = jit.text.trimEnd().split("\n").slice(-ROWS).map((row) => row.slice(0, COLUMNS));
    expect(jit.screen).to.deep.equal(rows);
    expect(rows.join("\n")).to.include("done");
  });

  it("does the same at the same insns when it is interpreted", async () => {
    const interp = await runBootSector(bios, { vm: { engine: "interp" } });
    expect(interp.states).to.deep.equal(jit.states);
    expect(interp.text).to.equal(jit.text);
  });

  it("answers the same from a disk on virtio, whichever comes first", async () => {
    const disk = (): VirtioBlk => new VirtioBlk(new MemoryImage(bootSectorDisk()), "disk"), none = { disks: [] };
    expect((await runBootSector(bios, { ...none, virtio: [disk()] })).text).to.equal(bootSectorExpected());
    expect((await runBootSector(bios, { ...none, virtio: [new VirtioRng(new SeededEntropy(1)), disk(), disk()] })).text).to.equal(bootSectorExpected().replaceAll("063F 0F 01", "063F 0F 02"));
  });

  it("starts a floppy, and reads and writes it", async () => {
    const { text } = await runBootSector(bios, { boot: { bios, order: "a" }, disks: [], floppies: [new MemoryImage(bootDisk("floppy", FLOPPY_BYTES))] });
    expect(text).to.equal(FLOPPY_ANSWERS);
  });

  it("starts a CD, and reads from it", async () => {
    const { text } = await runBootSector(bios, { boot: { bios, order: "d" }, disks: [], cdrom: new MemoryImage(bootCd(), true) });
    expect(text).to.equal(CD_ANSWERS);
  });

  it("comes back from every function, whatever the registers are", async () => {
    const { text, outcome } = await runBootSector(bios, { disks: [new MemoryImage(bootDisk("every-function", DISK_BYTES))] });
    expect(text).to.equal(".");
    expect(outcome).to.deep.equal({ kind: "debug-exit", status: 1 });
  });

  it("goes on to the next in the boot order", async () => {
    const blank = new MemoryImage(new Uint8Array(DISK_BYTES)), disc = new MemoryImage(bootCd(), true);
    const { text } = await runBootSector(bios, { boot: { bios, order: "cd" }, disks: [blank], cdrom: disc });
    expect(text).to.equal(CD_ANSWERS);
  });
});
