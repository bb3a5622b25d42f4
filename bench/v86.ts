/** v86 (npm package `v86`), which translates x86 to WebAssembly; each run is a node process of its own (v86-child.ts). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VmError } from "../tcg/support/errors.ts";
import type { Contender } from "./contender.ts";
import { importScript, makeInGuests } from "./contender.ts";
import type { ChildJob } from "./guest-child.ts";
import { runChild } from "./guest-child.ts";

/** A run, as the child wants it. */
export interface V86Job extends ChildJob {
  /** Folder of the package. */
  readonly v86: string;
  /** File of the ROM that enters the guest. */
  readonly rom: string;
  /** Memory besides the guest's, for page tables. */
  readonly tablesBytes: number;
}

/** How guests/lib/qemu starts a guest on a machine that is not ours. */
interface StubsModule {
  readonly PAGED_TABLES_BYTES: number;
  makeRom(image: Buffer, how: { bits: 16 | 32; load: number; pagedBytes: number }): Buffer;
}

/**
 * v86 if it is installed, else null.
 * @param root    the project's folder
 * @param folder  of the package; null to look where `npm ci --prefix bench` puts it
 * @throws VmError ENOENT if it is not in the folder named
 */
export async function findV86(root: string, folder: string | null): Promise<Contender | null> {
  const v86 = folder ?? join(root, "bench/node_modules/v86"), note = join(v86, "package.json");
  if (!existsSync(join(v86, "build/libv86.mjs")) || !existsSync(note)) {
    if (folder !== null) throw new VmError("ENOENT", `--v86 ${folder}: there is no package v86 (npm ci --prefix bench installs it into bench/node_modules/v86)`);
    return null;
  }
  if (!makeInGuests(root, "qemu-stubs")) return null;
  const { makeRom, PAGED_TABLES_BYTES } = await importScript<StubsModule>(root, "make-disk.mjs");
  const { version } = JSON.parse(readFileSync(note, "utf8")) as { version: string };
  return {
    name: "v86", version,
    canRun: ({ bits, hasPaging }, paging) => !paging || (bits === 32 && !hasPaging),
    run(guest, paging) {
      const { image, bits, load, memoryBytes } = guest, rom = makeRom(image, { bits, load, pagedBytes: paging ? memoryBytes : 0 });
      return runChild<V86Job>("v86-child.js", guest, { v86, rom, tablesBytes: paging ? PAGED_TABLES_BYTES : 0 });
    },
  };
}
