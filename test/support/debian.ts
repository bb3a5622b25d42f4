// Debian's i386 kernel and its busybox, unmodified, for tests that boot them: fetched by apt into a folder that is kept, or not
// to be had, with a reason that the test's skip message gives.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./project.ts";

/** Where they are kept; TCGJS_DEBIAN_CACHE names another folder. */
const CACHE = process.env["TCGJS_DEBIAN_CACHE"] ?? join(projectRoot, "node_modules/.cache/debian");
const KERNEL = "vmlinuz-i386", BUSYBOX = "busybox-i386";
const LIMIT_MS = 120_000;

export type DebianFiles =
  | { readonly kernel: Uint8Array; readonly busybox: Uint8Array }
  /** Why there are none. */
  | { readonly missing: string };

/** From the cache, or by `apt-get download`, which needs `dpkg --add-architecture i386` and `apt-get update` once. */
export function debianFiles(): DebianFiles {
  try {
    mkdirSync(CACHE, { recursive: true });
    if (!existsSync(join(CACHE, KERNEL))) fetch(newestKernel(), "boot", /^vmlinuz-/, KERNEL);
    if (!existsSync(join(CACHE, BUSYBOX))) fetch("busybox-static", "bin", /^busybox$/, BUSYBOX);
    return { kernel: readFileSync(join(CACHE, KERNEL)), busybox: readFileSync(join(CACHE, BUSYBOX)) };
  } catch (e) {
    return { missing: `Debian's i386 packages cannot be had (${(e instanceof Error ? e.message : String(e)).split("\n")[0]}); they are kept in ${CACHE}` };
  }
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

/** Keeps the file of a package's folder whose name matches. */
function fetch(name: string, folder: string, file: RegExp, as: string): void {
  const work = mkdtempSync(join(tmpdir(), "tcgjs-debian-"));
  try {
    run("apt-get", ["download", `${name}:i386`], work);
    const archive = readdirSync(work).find((f) => f.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt has not downloaded ${name}:i386`);
    run("dpkg-deb", ["-x", archive, "files"], work);
    const found = readdirSync(join(work, "files", folder)).find((f) => file.test(f));
    if (found === undefined) throw new Error(`there is no ${String(file)} in ${name}`);
    copyFileSync(join(work, "files", folder, found), join(CACHE, as));
  } finally {
    rmSync(work, { recursive: true });
  }
}
