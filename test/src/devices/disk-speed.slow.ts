// How fast sectors get from an image into guest memory, by the processor's time: what the host adds to each byte that a guest reads.
// Requests are those of Linux: half a MiB, in pages.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Image } from "../../../src/block/device.ts";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { AtaDisk } from "../../../src/devices/ide/ata-disk.ts";
import { BusMaster } from "../../../src/devices/ide/bus-master.ts";
import { IdeChannel } from "../../../src/devices/ide/ide-channel.ts";
import { VirtioBlk } from "../../../src/devices/virtio/virtio-blk.ts";
import { FILE_HOST } from "../../../src/host/storage.ts";
import type { Vm } from "../../../src/kvm/vm.ts";
import { openKvm } from "../../../src/kvm/system.ts";
import { ManualWork } from "../../support/manual-work.ts";
import { isWhole } from "../../support/slow.ts";
import { BUFFERS_AT, RAM_BYTES, TestMemory, VirtioBench } from "../../support/virtio-bench.ts";

const MB = 1e6, MIB = 2 ** 20, DISK_BYTES = 64 * MIB, ROUNDS = 2;
const PAGE = 4096, SECTOR = 512;
/** The first round is for the compilers. A share of the slow tests, on machines of whatever speed, only tells. */
const VIRTIO_MB_A_SECOND = 100, IDE_MB_A_SECOND = 50;

/** Memory of a VM, which looks after code in it. */
class VmMemory extends TestMemory {
  private readonly vm: Vm;

  constructor() {
    super();
    this.vm = openKvm().createVm();
    this.vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: this.bytes });
    this.vm.createVcpu(0);
  }

  override read(address: number, length: number): Uint8Array | null {
    return this.has(address, length) ? this.vm.readPhys(address, length) : null;
  }

  override write(address: number, bytes: Uint8Array): boolean {
    if (!this.has(address, bytes.length)) return false;
    this.vm.writePhys(address, bytes);
    return true;
  }
}

for (const format of ["raw", "qcow2"]) {
  describe(`A ${format} image's sectors in guest memory`, () => {
    let folder: string, image: Image;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "tcgjs-speed-"));
      await createImage(FILE_HOST, join(folder, "disk"), { format, sizeBytes: DISK_BYTES });
      image = await openImage(FILE_HOST, join(folder, "disk"), { format, isReadOnly: false });
      for (let at = 0; at < DISK_BYTES; at += MIB) await image.write(at, new Uint8Array(MIB).fill(at / MIB + 1));
    });
    after(async () => {
      await image.close();
      rmSync(folder, { recursive: true });
    });

    it(`come at ${VIRTIO_MB_A_SECOND} MB a second of the processor's time by virtio-blk`, async () => {
      const bench = new VirtioBench(new VirtioBlk(image, "S"), new VmMemory()), pages = 126, count = DISK_BYTES / (pages * PAGE);
      bench.start([9, 28], 128);
      const { head, written } = bench.add(0, [new Uint8Array(16)], [...new Array<number>(pages).fill(PAGE), 1], true);
      // `add` has made it available, too.
      bench.kick(0);
      await bench.work.finish();
      const speed = await megabytesASecond(Math.floor(count), pages * PAGE, async (i) => {
        bench.makeAvailable(0, head);
        bench.ram.view.setUint32(BUFFERS_AT + 8, (i * pages * PAGE) / SECTOR, true);
        bench.kick(0);
        await bench.work.finish();
        if (bench.ram.bytes[written[0]] !== Math.floor((i * pages * PAGE) / MIB) + 1) throw new Error(`request ${i} has read something else`);
      });
      expect(speed).to.be.greaterThan(isWhole ? VIRTIO_MB_A_SECOND : 0);
    });

    it(`come at ${IDE_MB_A_SECOND} MB a second of the processor's time by the bus master of IDE`, async () => {
      const ram = new VmMemory(), busMaster = new BusMaster(ram), work = new ManualWork(), pages = 120, sectors = (pages * PAGE) / SECTOR, table = 0x1000;
      const channel = new IdeChannel({ drives: [new AtaDisk(image, "S"), null], busMaster, work, interrupt: () => undefined });
      for (let i = 0; i < pages; i++) {
        ram.view.setUint32(table + 8 * i, 0x10000 + i * PAGE, true);
        ram.view.setUint32(table + 8 * i + 4, PAGE + (i === pages - 1 ? 0x80000000 : 0), true);
      }
      [0, table >>> 8, 0, 0].forEach((byte, i) => busMaster.writeByte(4 + i, byte));
      const speed = await megabytesASecond(Math.floor(DISK_BYTES / (pages * PAGE)), pages * PAGE, async (i) => {
        const first = i * sectors;
        // READ DMA EXT: the upper halves first.
        for (const [register, value] of [[2, sectors >>> 8], [3, first >>> 24], [4, 0], [5, 0], [2, sectors], [3, first], [4, first >>> 8], [5, first >>> 16], [6, 0x40], [7, 0x25]]) {
          channel.write(register, 1, value & 0xff);
        }
        busMaster.writeByte(0, 9);
        await work.finish();
        busMaster.writeByte(0, 8);
        if ((channel.read(7, 1) & 0x89) !== 0 || ram.bytes[0x10000] !== Math.floor((first * SECTOR) / MIB) + 1) throw new Error(`command ${i} has read something else`);
      });
      expect(speed).to.be.greaterThan(isWhole ? IDE_MB_A_SECOND : 0);
    });
  });
}

/** Of the processor's time, by the best of some rounds of `count` requests. */
async function megabytesASecond(count: number, bytes: number, request: (i: number) => Promise<void>): Promise<number> {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { user, system } = process.cpuUsage();
    for (let i = 0; i < count; i++) await request(i);
    const spent = process.cpuUsage({ user, system });
    best = Math.max(best, (count * bytes) / MB / ((spent.user + spent.system) / 1e6));
  }
  process.stdout.write(`      ${Math.round(best)} MB/s\n`);
  return best;
}
