// Debian's i386 kernel, modules of it, and its busybox, unmodified, for tests that boot them: fetched by apt into a folder that is kept,
// or not to be had, with a reason that the test's skip message gives.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { projectRoot } from "./project.ts";

/** Where they are kept; TCGJS_DEBIAN_CACHE names another folder. */
const CACHE = process.env["TCGJS_DEBIAN_CACHE"] ?? join(projectRoot, "node_modules/.cache/debian");
const KERNEL = "vmlinuz-i386", BUSYBOX = "busybox-i386", MODULES = "modules-i386";
/** Modules that tests load; those that they need are kept with them. */
const WANTED_MODULES = [
  "floppy", "ata_piix", "sd_mod", "sr_mod", "isofs", "virtio_pci", "virtio_net", "virtio_blk", "virtio-rng", "virtio_console", "9pnet_virtio", "9p", "crc32c_generic", "ext4",
];
const LIMIT_MS = 120_000;

/** A module of the kernel: its name is that of its file, without `.ko`. */
export interface KernelModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type DebianFiles =
  | {
    readonly kernel: Uint8Array;
    readonly busybox: Uint8Array;
    /** Modules with all that they need, in the order in which they can be loaded. @param names  some of `WANTED_MODULES` */
    readonly modules: (...names: readonly string[]) => KernelModule[];
  }
  /** Why there are none. */
  | { readonly missing: string };

/** From the cache, or by `apt-get download`, which needs `dpkg --add-architecture i386` and `apt-get update` once. */
export function debianFiles(): DebianFiles {
  try {
    mkdirSync(join(CACHE, MODULES), { recursive: true });
    if ([KERNEL, ...WANTED_MODULES.map(moduleFile)].some((file) => !existsSync(join(CACHE, file)))) fetch(newestKernel(), keepKernel);
    if (!existsSync(join(CACHE, BUSYBOX))) fetch("busybox-static", (folder) => keep(folder, "bin/busybox", BUSYBOX));
    return { kernel: readFileSync(join(CACHE, KERNEL)), busybox: readFileSync(join(CACHE, BUSYBOX)), modules: (...names) => withNeeds(names, (name) => readFileSync(join(CACHE, moduleFile(name)))) };
  } catch (e) {
    return { missing: `Debian's i386 packages cannot be had (${(e instanceof Error ? e.message : String(e)).split("\n")[0]}); they are kept in ${CACHE}` };
  }
}

function moduleFile(name: string): string {
  return join(MODULES, `${name}.ko`);
}

function run(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", timeout: LIMIT_MS, stdio: ["ignore", "pipe", "ignore"] });
}

/** The kernel for processors without PAE; its unsigned package holds the same image. */
function newestKernel(): string {
  const names = run("apt-cache", ["search", "--names-only", "^linux-image-[0-9.]+-[0-9]+-686-unsigned$"]).split("\n").map((line) => line.split(" ")[0]);
  const newest = names.filter((name) => name !== "").sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (newest === undefined) throw new Error("apt knows no linux-image-…-686");
  return newest;
}

/** Lets `keepFiles` take what it wants from a package's files. */
function fetch(name: string, keepFiles: (folder: string) => void): void {
  const work = mkdtempSync(join(tmpdir(), "tcgjs-debian-"));
  try {
    run("apt-get", ["download", `${name}:i386`], work);
    const archive = readdirSync(work).find((f) => f.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt has not downloaded ${name}:i386`);
    run("dpkg-deb", ["-x", archive, "files"], work);
    keepFiles(join(work, "files"));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function keep(folder: string, path: string, as: string): void {
  copyFileSync(join(folder, path), join(CACHE, as));
}

function keepKernel(folder: string): void {
  const kernel = readdirSync(join(folder, "boot")).find((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new Error("there is no kernel in its package");
  const files = new Map(readdirSync(join(folder, "lib/modules"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ko")).map((path) => [basename(path, ".ko"), path]));
  const pathOf = (name: string): string => join("lib/modules", files.get(name) ?? `${name}.ko`);
  for (const { name } of withNeeds(WANTED_MODULES, (wanted) => readFileSync(join(folder, pathOf(wanted))))) keep(folder, pathOf(name), moduleFile(name));
  keep(folder, join("boot", kernel), KERNEL);
}

/** Modules, each behind those that it needs. */
function withNeeds(names: readonly string[], read: (name: string) => Uint8Array): KernelModule[] {
  const found = new Map<string, KernelModule>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    const bytes = read(name);
    needsOf(bytes).forEach(add);
    found.set(name, { name, bytes });
  };
  names.forEach(add);
  return [...found.values()];
}

/** What a module says in its section .modinfo: `depends=a,b`, ended by 0. */
function needsOf(bytes: Uint8Array): string[] {
  const all = Buffer.from(bytes), key = "\0depends=", at = all.indexOf(key);
  if (at < 0) return [];
  return all.toString("latin1", at + key.length, all.indexOf(0, at + key.length)).split(",").filter((name) => name !== "");
}
