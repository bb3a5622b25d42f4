/** v86 (npm package `v86`), which translates x86 to WebAssembly; each run is a node process of its own (v86-child.ts). */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { VmError } from "../tcg/support/errors.ts";
import type { BenchGuest } from "./guests.ts";
import type { Peer, PeerRun } from "./peer.ts";
import { buildStubs, makeRom } from "./peer.ts";

const CHILD = fileURLToPath(new URL("./v86-child.js", import.meta.url));
const TIMEOUT_MS = 300_000;

/** A run, as the child wants it: its only argument, in JSON. */
export interface V86Job {
  /** Folder of the package. */
  readonly v86: string;
  readonly imageFile: string;
  readonly romFile: string;
  readonly load: number;
  readonly memoryBytes: number;
}

/** What the child prints, in JSON. */
export interface V86Result {
  readonly seconds: number;
  /** Bytes the guest has printed. */
  readonly output: readonly number[];
}

/**
 * v86 if it is installed, else null.
 * @param root    the project's folder
 * @param folder  of the package; null for node_modules
 * @throws VmError ENOENT if it is not in the folder named
 */
export function findV86(root: string, folder: string | null): Peer | null {
  const v86 = folder ?? join(root, "node_modules/v86"), note = join(v86, "package.json");
  if (!existsSync(join(v86, "build/libv86.mjs")) || !existsSync(note)) {
    if (folder !== null) throw new VmError("ENOENT", `--v86 ${folder}: there is no package v86 (npm install v86 puts it into node_modules/v86)`);
    return null;
  }
  buildStubs(root);
  const { version } = JSON.parse(readFileSync(note, "utf8")) as { version: string };
  return { name: "v86", version, run: (guest) => runInV86(root, v86, guest) };
}

async function runInV86(root: string, v86: string, guest: BenchGuest): Promise<PeerRun> {
  const folder = mkdtempSync(join(tmpdir(), "guest-"));
  try {
    const job: V86Job = { v86, imageFile: join(folder, "image"), romFile: join(folder, "rom"), load: guest.load, memoryBytes: guest.memoryBytes };
    writeFileSync(job.imageFile, guest.image);
    writeFileSync(job.romFile, await makeRom(root, guest));
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, JSON.stringify(job)], { timeout: TIMEOUT_MS });
    const { seconds, output } = JSON.parse(stdout) as V86Result;
    return { seconds, output: Buffer.from(output) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
