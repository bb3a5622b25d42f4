/**
 * The guests' code as Linux programs (guests/lib/linux): on the processor itself, and in qemu-i386, which translates the code
 * of a process and leaves memory and system calls to the host. Each program says on stderr how many nanoseconds it took, on the wall and of the
 * processor's time.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { VmError } from "../tcg/support/errors.ts";
import type { Contender, ContenderRun } from "./contender.ts";
import { makeInGuests } from "./contender.ts";
import type { BenchGuest } from "./guests.ts";
import { versionIn } from "./qemu.ts";

/** The processor, if the host runs 32-bit Linux programs and can make them; else null. @param root  the project's folder */
export function findNative(root: string): Contender | null {
  if (!makeInGuests(root, "linux")) return null;
  const probe = spawnSync(programOf(root, "fib"));
  return probe.status === 0 ? contender(root, "native", cpus()[0]?.model ?? "unknown", null) : null;
}

/** qemu-i386, if it is installed and the programs can be made; else null. */
export function findQemuUser(root: string): Contender | null {
  const { stdout, error } = spawnSync("qemu-i386", ["--version"], { encoding: "utf8" });
  return error !== undefined || !makeInGuests(root, "linux") ? null : contender(root, "qemu-user", versionIn(stdout), "qemu-i386");
}

function contender(root: string, name: string, version: string, emulator: string | null): Contender {
  return {
    name, version,
    canRun: (guest, paging) => !paging && existsSync(programOf(root, guest.name)),
    run: (guest) => runProgram(programOf(root, guest.name), emulator, guest),
  };
}

function programOf(root: string, name: string): string {
  return join(root, "guests/build/linux", name);
}

async function runProgram(program: string, emulator: string | null, { name }: BenchGuest): Promise<ContenderRun> {
  const [command, args] = emulator === null ? [program, []] : [emulator, [program]];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }), output: Buffer[] = [], notes: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => notes.push(bytes));
  const status = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  const [wallNs, cpuNs] = Buffer.concat(notes).toString().split(" ").map(Number);
  if (status !== 0 || !(wallNs > 0)) throw new VmError("EINVAL", `${name} failed as a Linux program (${command}, status ${String(status)})`);
  return { seconds: wallNs / 1e9, cpuSeconds: cpuNs / 1e9, output: Buffer.concat(output) };
}
