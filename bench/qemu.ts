/** qemu-system-i386 with its own translator, TCG. */
import { spawnSync } from "node:child_process";
import { VmError } from "../tcg/support/errors.ts";
import type { Contender } from "./contender.ts";
import { importScript, makeInGuests } from "./contender.ts";

/** guests/lib/qemu/run.mjs, as far as it is used here. */
interface RunModule {
  runInQemu(image: Buffer, how: object): Promise<{ output: Buffer; seconds: number; cpuSeconds: number; halted: boolean }>;
}

/** QEMU if it is installed, else null. @param root  the project's folder */
export async function findQemu(root: string): Promise<Contender | null> {
  const { stdout, error } = spawnSync("qemu-system-i386", ["--version"], { encoding: "utf8" });
  if (error !== undefined || !makeInGuests(root, "qemu-stubs")) return null;
  const { runInQemu } = await importScript<RunModule>(root, "run.mjs");
  return {
    name: "qemu", version: versionIn(stdout),
    canRun: ({ bits, hasPaging }, paging) => !paging || (bits === 32 && !hasPaging),
    async run({ name, image, bits, load, memoryBytes }, paging) {
      const how = { bits, load, memory: `${memoryBytes / 2 ** 20}M`, boot: "rom", cpu: "max", pagedBytes: paging ? memoryBytes : 0 };
      const { output, seconds, cpuSeconds, halted } = await runInQemu(image, how);
      if (!halted) throw new VmError("EINVAL", `${name} did not halt in QEMU`);
      return { output, seconds, cpuSeconds };
    },
  };
}

/** `7.2.22` of what QEMU's programs say about themselves. */
export function versionIn(text: string): string {
  return /version (\S+)/.exec(text)?.[1] ?? "unknown";
}
