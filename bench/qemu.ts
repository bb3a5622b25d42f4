/** qemu-system-i386 with its own translator, TCG. */
import { spawnSync } from "node:child_process";
import { VmError } from "../tcg/support/errors.ts";
import type { BenchGuest } from "./guests.ts";
import type { Peer, PeerRun } from "./peer.ts";
import { buildStubs, importScript } from "./peer.ts";

/** guests/lib/qemu/run.mjs, as far as it is used here. */
interface RunModule {
  runInQemu(image: Buffer, how: object): Promise<{ output: Buffer; seconds: number; halted: boolean }>;
}

/** QEMU if it is installed, else null. @param root  the project's folder */
export async function findQemu(root: string): Promise<Peer | null> {
  const { stdout, error } = spawnSync("qemu-system-i386", ["--version"], { encoding: "utf8" });
  if (error !== undefined) return null;
  buildStubs(root);
  const { runInQemu } = await importScript<RunModule>(root, "run.mjs");
  const run = async ({ name, image, bits, load, memoryBytes }: BenchGuest): Promise<PeerRun> => {
    const { output, seconds, halted } = await runInQemu(image, { bits, load, memory: `${memoryBytes / 2 ** 20}M`, boot: "rom", cpu: "max" });
    if (!halted) throw new VmError("EINVAL", `${name} did not halt in QEMU`);
    return { output, seconds };
  };
  return { name: "qemu", version: /version (\S+)/.exec(stdout)?.[1] ?? "unknown", run };
}
