// An unmodified Debian kernel on virtio: its root is a qcow2 disk on virtio-blk, which it reads and writes; it mounts a folder of the host
// by 9P, talks over a virtio console, and has random numbers. The disk is made by e2fsprogs and our own image code.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Image } from "../../../src/block/device.ts";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { SeededEntropy } from "../../../src/devices/virtio/entropy.ts";
import { Virtio9p } from "../../../src/devices/virtio/virtio-9p.ts";
import { VirtioBlk } from "../../../src/devices/virtio/virtio-blk.ts";
import { VirtioConsole } from "../../../src/devices/virtio/virtio-console.ts";
import type { VirtioDevice } from "../../../src/devices/virtio/virtio-device.ts";
import { VirtioRng } from "../../../src/devices/virtio/virtio-rng.ts";
import { SharedFolder } from "../../../src/host/shared-folder.ts";
import { FILE_HOST } from "../../../src/host/storage.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { debianFiles } from "../../support/debian.ts";
import { DEBIAN_CMDLINE, ramDisk } from "../../support/ram-disk.ts";

const MIB = 2 ** 20, DISK_BYTES = 32 * MIB, FILE_BYTES = 3 * MIB;
/** A run that takes longer hangs. */
const MAX_INSNS = 8e9, SLICE = 50e6;

/** Goes on from the disk. */
const FIRST = `mount -t devtmpfs dev /dev
mount -t ext4 /dev/vda /new && exec switch_root /new /start
echo "no root"; poweroff -f
`;

/** On the disk. */
const START = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
grep -q "^/dev/vda / ext4 rw" /proc/mounts && echo "root: on virtio"
md5sum /file
cat /file > /copy && sync && echo 3 > /proc/sys/vm/drop_caches && cmp /file /copy && echo "copy: same"
mount -t 9p -o trans=virtio,version=9p2000.L host /mnt && echo "9p: mounted"
cat /mnt/hello
md5sum /mnt/file
mkdir /mnt/made; cp /file /mnt/made/; mv /mnt/made/file /mnt/made/moved; ln -s moved /mnt/made/link; cmp /mnt/made/link /file && echo "9p: same"
i=0; while [ $i -lt 100 ]; do echo $i > /mnt/made/$i; i=$((i+1)); done; ls /mnt/made | wc -l; rm /mnt/made/[0-9]*
cat /mnt/way-out/secret 2>/dev/null || echo "9p: no way out"
umount /mnt
head -c 8 /dev/hwrng | wc -c
echo "on hvc0" > /dev/hvc0
echo done > /ended; sync; mount -o remount,ro /
poweroff -f
`;

describe("Debian's i386 kernel on virtio", function () {
  const files = debianFiles(), hasMke2fs = canRun("mke2fs");
  if ("missing" in files || !hasMke2fs) {
    it.skip(`boots (${"missing" in files ? files.missing : "mke2fs, of e2fsprogs, is not installed"})`);
    return;
  }
  const { kernel, busybox } = files, modules = files.modules("virtio_pci", "virtio_blk", "virtio-rng", "virtio_console", "9pnet_virtio", "9p", "crc32c_generic", "ext4");
  const file = new Uint8Array(FILE_BYTES);
  new SeededEntropy(2).fill(file);
  const md5 = createHash("md5").update(file).digest("hex");
  let base: string, disk: Image;

  before(async () => {
    base = mkdtempSync(join(tmpdir(), "tcgjs-virtio-"));
    const tree = join(base, "tree");
    for (const folder of ["bin", "proc", "dev", "mnt"]) mkdirSync(join(tree, folder), { recursive: true });
    writeFileSync(join(tree, "bin/busybox"), busybox, { mode: 0o755 });
    writeFileSync(join(tree, "start"), START, { mode: 0o755 });
    writeFileSync(join(tree, "file"), file);
    execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", tree, join(base, "raw"), `${DISK_BYTES / MIB}M`], { stdio: "ignore" });
    disk = await qcow2Of(readFileSync(join(base, "raw")), join(base, "disk.qcow2"));
    mkdirSync(join(base, "shared"));
    writeFileSync(join(base, "shared/hello"), "hello from the host\n");
    writeFileSync(join(base, "shared/file"), file);
    writeFileSync(join(base, "secret"), "secret");
    execFileSync("ln", ["-s", "..", join(base, "shared/way-out")]);
  });
  after(async () => {
    await disk.close();
    rmSync(base, { recursive: true, force: true });
  });

  it("has its root on virtio-blk, and works in a folder of the host", async () => {
    const initrd = ramDisk({ busybox, script: FIRST, modules, folders: ["new"] });
    const console = new VirtioConsole(), shared = new SharedFolder(join(base, "shared"), false);
    let onHvc0 = "";
    console.connectPeer({ transmit: (bytes) => { onHvc0 += Buffer.from(bytes).toString(); }, roomAgain: () => undefined });
    const { end, text } = await boot(initrd, [new VirtioBlk(disk, "ROOT"), new Virtio9p(shared, "host"), console, new VirtioRng(new SeededEntropy(1))]);
    expect(end, text).to.equal("power-off");
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("["))).to.deep.equal([
      "root: on virtio", `${md5}  /file`, "copy: same", "9p: mounted", "hello from the host", `${md5}  /mnt/file`, "9p: same", "102", "9p: no way out", "8",
    ]);
    expect(onHvc0.trim()).to.equal("on hvc0");
    expect(Buffer.compare(readFileSync(join(base, "shared/made/moved")), file)).to.equal(0);
    await disk.flush();
    expect(await disk.check?.("none")).to.include({ corruptions: 0, leaks: 0 });
    shared.close();
    // What it wrote is on the disk.
    const raw = new Uint8Array(disk.sizeBytes);
    await disk.read(0, raw);
    writeFileSync(join(base, "raw"), raw);
    expect(execFileSync("debugfs", ["-R", "cat /ended", join(base, "raw")], { stdio: ["ignore", "pipe", "ignore"] }).toString()).to.equal("done\n");
  });

  /** What comes over the first serial line up to the end. */
  async function boot(initrd: Uint8Array, virtio: readonly VirtioDevice[]): Promise<{ readonly end: string; readonly text: string }> {
    let text = "";
    const pc = new Pc({ boot: { kernel, initrd, cmdline: DEBIAN_CMDLINE }, virtio });
    pc.chips.uarts[0].connect({ transmit: (byte) => { text += String.fromCharCode(byte); }, roomAgain: () => undefined });
    for (;;) {
      const outcome = pc.run({ maxInsns: SLICE });
      if (outcome.kind === "blocked") await outcome.until;
      else if (outcome.kind !== "budget" || pc.insns > MAX_INSNS) return { end: outcome.kind, text: text.replaceAll("\r", "") };
    }
  }
});

function canRun(command: string): boolean {
  try {
    execFileSync(command, ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A qcow2 image of a disk, open. */
async function qcow2Of(bytes: Uint8Array, path: string): Promise<Image> {
  await createImage(FILE_HOST, path, { format: "qcow2", sizeBytes: bytes.length });
  const image = await openImage(FILE_HOST, path, { format: "qcow2", isReadOnly: false });
  for (let at = 0; at < bytes.length; at += MIB) {
    const piece = bytes.subarray(at, at + MIB);
    if (piece.some((byte) => byte !== 0)) await image.write(at, piece);
  }
  return image;
}
