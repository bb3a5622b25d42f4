// An initial RAM disk with Debian's busybox and a script, for tests that boot Debian's kernel.

import type { CpioEntry } from "./cpio.ts";
import { cpioArchive } from "./cpio.ts";
import type { KernelModule } from "./debian.ts";

/** Prints on the first serial line; starts the same way each time, and soon. */
export const DEBIAN_CMDLINE = "console=ttyS0 nokaslr cryptomgr.notests quiet";

export interface RamDisk {
  readonly busybox: Uint8Array;
  /** What the first process does, once modules are loaded: a shell's commands. */
  readonly script: string;
  /** Loaded in their order; they are in /modules. */
  readonly modules?: readonly KernelModule[];
  /** Besides /bin, /dev, /proc and /modules. */
  readonly folders?: readonly string[];
  readonly files?: readonly CpioEntry[];
}

export function ramDisk({ busybox, script, modules = [], folders = [], files = [] }: RamDisk): Uint8Array {
  const init = ["#!/bin/busybox sh", "/bin/busybox --install -s /bin", "export PATH=/bin", ...modules.map(({ name }) => `insmod /modules/${name}.ko`), script].join("\n");
  return cpioArchive([
    ...["bin", "dev", "proc", "modules", ...folders].map((path): CpioEntry => ({ kind: "folder", path })),
    { kind: "file", path: "bin/busybox", bytes: busybox, isExecutable: true }, { kind: "file", path: "init", bytes: new TextEncoder().encode(init), isExecutable: true },
    ...modules.map(({ name, bytes }): CpioEntry => ({ kind: "file", path: `modules/${name}.ko`, bytes })), ...files,
  ]);
}
