// CD images and disks with GRUB or ISOLINUX and a kernel on them, made by Debian's tools: grub-pc-bin, grub-common, isolinux,
// syslinux-common, xorriso, mtools.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const GRUB = "/usr/lib/grub/i386-pc", ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin", LDLINUX = "/usr/lib/syslinux/modules/bios/ldlinux.c32";
const LIMIT_MS = 300_000, MIB = 2 ** 20, SECTOR = 512;

export interface BootFiles {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly cmdline: string;
}

/** Why they cannot be made, or null. */
export function missingTools(): string | null {
  const missing = [["grub-mkrescue", "grub-common"], ["grub-mkimage", "grub-common"], ["xorriso", "xorriso"], ["mformat", "mtools"]].find(([tool]) => !has(tool));
  if (missing !== undefined) return `there is no ${missing[0]}; Debian's package ${missing[1]} has it`;
  return existsSync(GRUB) ? null : `there is no ${GRUB}; Debian's package grub-pc-bin has it`;
}

function has(tool: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, tool)));
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { timeout: LIMIT_MS, stdio: "ignore" });
}

/** GRUB talks to the first serial line, and starts the kernel at once. */
function grubConfig(cmdline: string): string {
  return ["serial --unit=0 --speed=115200", "terminal_input serial", "terminal_output serial", `linux /boot/vmlinuz ${cmdline}`, "initrd /boot/initrd", "boot", ""].join("\n");
}

function inFolder(make: (folder: string) => Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "tcgjs-media-"));
  try {
    return make(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A CD image (El Torito) with those files and others: by path, in folders that exist. */
export function grubCd({ kernel, initrd, cmdline }: BootFiles, others: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  return inFolder((folder) => {
    const root = join(folder, "root");
    mkdirSync(join(root, "boot/grub"), { recursive: true });
    for (const [path, bytes] of Object.entries({ "boot/vmlinuz": kernel, "boot/initrd": initrd, ...others })) writeFileSync(join(root, path), bytes);
    writeFileSync(join(root, "boot/grub/grub.cfg"), grubConfig(cmdline));
    run("grub-mkrescue", "-d", GRUB, "-o", join(folder, "cd.iso"), root);
    return readFileSync(join(folder, "cd.iso"));
  });
}

/** Why there can be no image with ISOLINUX, or null. */
export function missingIsolinux(): string | null {
  const missing = [[ISOLINUX, "isolinux"], [LDLINUX, "syslinux-common"]].find(([path]) => !existsSync(path));
  if (missing !== undefined) return `there is no ${missing[0]}; Debian's package ${missing[1]} has it`;
  return has("xorriso") ? null : "there is no xorriso; Debian's package xorriso has it";
}

/** A CD image with ISOLINUX, which starts a kernel at once. */
export function isolinuxCd(kernel: Uint8Array, cmdline: string): Uint8Array {
  return inFolder((folder) => {
    const root = join(folder, "root"), image = join(folder, "cd.iso");
    mkdirSync(root);
    copyFileSync(ISOLINUX, join(root, "isolinux.bin"));
    copyFileSync(LDLINUX, join(root, "ldlinux.c32"));
    writeFileSync(join(root, "kernel"), kernel);
    writeFileSync(join(root, "isolinux.cfg"), ["serial 0 115200", "default kernel", "prompt 0", "label kernel", "linux kernel", `append ${cmdline}`, ""].join("\n"));
    run("xorriso", "-as", "mkisofs", "-o", image, "-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", root);
    return readFileSync(image);
  });
}

const PARTITION_START = MIB, PARTITION_FAT32 = 0x0c, MAX_CODE = 440;

/** A disk with GRUB in its master boot record and behind it, and the files in a FAT partition. */
export function grubDisk({ kernel, initrd, cmdline }: BootFiles): Uint8Array {
  return inFolder((folder) => {
    const path = join(folder, "disk.img"), config = join(folder, "grub.cfg"), core = join(folder, "core.img");
    const disk = new Uint8Array(PARTITION_START + Math.ceil((kernel.length + initrd.length) / MIB + 36) * MIB), view = new DataView(disk.buffer);
    run("grub-mkimage", "-d", GRUB, "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", core, "biosdisk", "part_msdos", "fat", "normal", "linux", "serial", "terminal");
    disk.set(readFileSync(join(GRUB, "boot.img")).subarray(0, MAX_CODE));
    disk.set(readFileSync(core), SECTOR);
    disk[446] = 0x80;
    disk[450] = PARTITION_FAT32;
    view.setUint32(454, PARTITION_START / SECTOR, true);
    view.setUint32(458, (disk.length - PARTITION_START) / SECTOR, true);
    disk.set([0x55, 0xaa], SECTOR - 2);
    writeFileSync(path, disk);
    const partition = `${path}@@${PARTITION_START}`;
    run("mformat", "-i", partition, "-F", "-T", String((disk.length - PARTITION_START) / SECTOR), "-h", "16", "-s", "63", "::");
    writeFileSync(config, grubConfig(cmdline));
    run("mmd", "-i", partition, "::/boot", "::/boot/grub");
    for (const [name, bytes] of Object.entries({ vmlinuz: kernel, initrd })) {
      writeFileSync(join(folder, name), bytes);
      run("mcopy", "-i", partition, join(folder, name), `::/boot/${name}`);
    }
    run("mcopy", "-i", partition, config, "::/boot/grub/grub.cfg");
    return readFileSync(path);
  });
}
