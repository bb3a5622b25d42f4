// Debian's GRUB, unmodified, starts Debian's kernel from a CD and from disks, by SeaBIOS and by our BIOS; the kernel's floppy driver.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { Image } from "../../../src/block/device.ts";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { VirtioBlk } from "../../../src/devices/virtio/virtio-blk.ts";
import type { Media } from "../../../src/machine/media.ts";
import type { PcOptions, PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { OWN_BIOS } from "../../support/boot-sector.ts";
import { grubCd, grubDisk, missingTools } from "../../support/boot-media.ts";
import { debianFiles } from "../../support/debian.ts";
import { MemoryImage } from "../../support/memory-image.ts";
import { DEBIAN_CMDLINE, ramDisk } from "../../support/ram-disk.ts";
import { slowCount } from "../../support/slow.ts";
import { MemoryHost } from "../block/memory-host.ts";

const SEABIOS = "/usr/share/seabios/bios.bin", FIRMWARE = { SeaBIOS: SEABIOS, "our BIOS": OWN_BIOS };
/** A share of the slow tests does the first ones: together they have both firmwares, and a disk and a CD. */
const STARTS = [
  ["SeaBIOS", "a CD, which it mounts"], ["our BIOS", "a qcow2 disk on IDE, which it reads and writes"], ["SeaBIOS", "a qcow2 disk on virtio, which it reads and writes"],
  ["our BIOS", "a CD, which it mounts"], ["SeaBIOS", "a qcow2 disk on IDE, which it reads and writes"], ["our BIOS", "a qcow2 disk on virtio, which it reads and writes"],
] as const, LEAST_STARTS = 2;
/** A run that takes longer hangs. */
const MAX_INSNS = 20e9, SLICE = 50e6;
const MEMORY_BYTES = 128 * 2 ** 20, DATA_BYTES = 3_000_000, READ_BYTES = 4 * 2 ** 20, FLOPPY_BYTES = 1_474_560;

/** Does what the command line says, and switches the machine off. */
const SCRIPT = `mount -t proc proc /proc
mount -t devtmpfs dev /dev
appears() { i=0; while [ ! -b $1 ] && [ $i -lt 60 ]; do sleep 1; i=$((i+1)); done; }
echo "kernel: $(uname -s) $(uname -m)"
case "$(cat /proc/cmdline)" in
*from=cd*) appears /dev/sr0; mount -t iso9660 -o ro /dev/sr0 /mnt && md5sum < /mnt/data;;
*from=disk*) [ -b /dev/vda ] && disk=/dev/vda || disk=/dev/sda; appears $disk; dd if=$disk bs=64k count=${READ_BYTES / 65_536} 2>/dev/null | md5sum
  echo written > /note; dd if=/note of=$disk bs=512 seek=2 count=1 conv=sync 2>/dev/null; sync;;
*from=floppy*) appears /dev/fd0; dd if=/dev/fd0 bs=1k count=${FLOPPY_BYTES / 1024} 2>/dev/null | md5sum
  echo written > /note; dd if=/note of=/dev/fd0 bs=512 seek=100 count=1 conv=sync 2>/dev/null; sync;;
esac
poweroff -f
`;

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

describe("Debian's kernel and its media", () => {
  const files = debianFiles(), missing = "missing" in files ? files.missing : existsSync(SEABIOS) ? missingTools() : `there is no ${SEABIOS}; Debian's package seabios has it`;
  if ("missing" in files || missing !== null) {
    it.skip(`is started by GRUB (${missing})`);
    return;
  }
  const { kernel, busybox } = files, modules = files.modules("floppy", "ata_piix", "sr_mod", "sd_mod", "isofs", "virtio_pci", "virtio_blk");
  const initrd = ramDisk({ busybox, script: SCRIPT, modules, folders: ["mnt"] });

  /** From power-on to the end, with what came over the serial line. */
  async function boot(what: PcOptions["boot"], media: Media & Pick<PcOptions, "virtio">): Promise<{ readonly end: PcOutcome["kind"]; readonly lines: readonly string[] }> {
    let output = "", outcome: PcOutcome = { kind: "budget" };
    const pc = new Pc({ boot: what, memoryBytes: MEMORY_BYTES, ...media, vm: { threshold: 200 } });
    pc.chips.uarts[0].connect({ transmit: (byte) => { output += String.fromCharCode(byte); }, roomAgain: () => undefined });
    while ((outcome.kind === "budget" || outcome.kind === "blocked") && pc.insns < MAX_INSNS) {
      outcome = pc.run({ maxInsns: SLICE });
      if (outcome.kind === "blocked") await outcome.until;
    }
    return { end: outcome.kind, lines: output.replaceAll("\r", "").split("\n") };
  }

  const startedFrom: Readonly<Record<(typeof STARTS)[number][1], (bios: Uint8Array) => Promise<void>>> = {
    "a CD, which it mounts": async (bios) => {
      const data = Uint8Array.from({ length: DATA_BYTES }, (_, i) => (i * i) >>> 7);
      const cdrom = new MemoryImage(grubCd({ kernel, initrd, cmdline: `${DEBIAN_CMDLINE} from=cd` }, { data }), true);
      const { end, lines } = await boot({ bios, order: "d" }, { cdrom });
      expect(end, lines.join("\n")).to.equal("power-off");
      expect(lines).to.include.members(["kernel: Linux i686", `${md5(data)}  -`]);
    },
    "a qcow2 disk on IDE, which it reads and writes": (bios) => startsFromDisk(bios, (image) => ({ disks: [image] })),
    "a qcow2 disk on virtio, which it reads and writes": (bios) => startsFromDisk(bios, (image) => ({ virtio: [new VirtioBlk(image, "disk")] })),
  };

  async function startsFromDisk(bios: Uint8Array, mediaOf: (image: Image) => Media & Pick<PcOptions, "virtio">): Promise<void> {
    const bytes = grubDisk({ kernel, initrd, cmdline: `${DEBIAN_CMDLINE} from=disk` }), image = await qcow2Of(bytes), sector = new Uint8Array(8);
    const { end, lines } = await boot({ bios, order: "c" }, mediaOf(image));
    expect(end, lines.join("\n")).to.equal("power-off");
    expect(lines).to.include.members(["kernel: Linux i686", `${md5(bytes.subarray(0, READ_BYTES))}  -`]);
    await image.read(1024, sector);
    expect(new TextDecoder().decode(sector)).to.equal("written\n");
    expect(await image.check?.("none")).to.include({ corruptions: 0, leaks: 0 });
    await image.close();
  }

  for (const [firmware, medium] of STARTS.slice(0, slowCount(STARTS.length, LEAST_STARTS))) {
    it(`is started by ${firmware} and GRUB from ${medium}`, () => startedFrom[medium](readFileSync(FIRMWARE[firmware])));
  }

  it("reads and writes a floppy disk", async () => {
    const bytes = Uint8Array.from({ length: FLOPPY_BYTES }, (_, i) => (i * i) >>> 9), before = md5(bytes);
    const { end, lines } = await boot({ kernel, initrd, cmdline: `${DEBIAN_CMDLINE} from=floppy` }, { floppies: [new MemoryImage(bytes)] });
    expect(end, lines.join("\n")).to.equal("power-off");
    expect(lines).to.include(`${before}  -`);
    expect(new TextDecoder().decode(bytes.subarray(51_200, 51_208))).to.equal("written\n");
  });
});

async function qcow2Of(bytes: Uint8Array): Promise<Image> {
  const host = new MemoryHost();
  await createImage(host, "disk.qcow2", { format: "qcow2", sizeBytes: bytes.length });
  const image = await openImage(host, "disk.qcow2", { format: null, isReadOnly: false });
  await image.write(0, bytes);
  await image.flush();
  return image;
}
