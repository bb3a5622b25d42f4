/** Another emulator that runs the same guests. Each runs in a process of its own and is timed by its own clock, from the guest's first insn to `hlt`. */
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { VmError } from "../tcg/support/errors.ts";
import { median } from "../src/cli/statistics.ts";
import type { BenchGuest } from "./guests.ts";

export interface Peer {
  /** A word for the head of a column. */
  readonly name: string;
  readonly version: string;
  /** Runs a guest from start to end. */
  readonly run: (guest: BenchGuest) => Promise<PeerRun>;
}

export interface PeerRun {
  /** From the guest's first insn to `hlt`. */
  readonly seconds: number;
  readonly output: Buffer;
}

/**
 * Median seconds of some runs.
 * @throws VmError if the guest does not print what it should
 */
export async function timePeer(peer: Peer, guest: BenchGuest, runs: number): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < runs; i++) {
    const run = await peer.run(guest);
    if (!guest.expected.equals(run.output)) throw new VmError("EINVAL", `${guest.name} did not print its expected.txt in ${peer.name}`);
    seconds.push(run.seconds);
  }
  return median(seconds);
}

/** How guests/lib/qemu starts a guest on a machine that is not ours. */
interface StubsModule {
  makeRom(image: Buffer, how: { bits: 16 | 32; load: number }): Buffer;
}

/** A ROM of 64 KiB that enters the guest, whose image is in memory already. @param root  the project's folder */
export async function makeRom(root: string, { image, bits, load }: BenchGuest): Promise<Buffer> {
  buildStubs(root);
  const stubs = await importScript<StubsModule>(root, "make-disk.mjs");
  return stubs.makeRom(image, { bits, load });
}

/** Builds what guests/lib/qemu is assembled from, unless that has been done. */
export function buildStubs(root: string): void {
  execFileSync("make", ["-s", "-C", join(root, "guests"), "qemu-stubs"]);
}

/** A script of guests/lib/qemu, which tsc does not know. */
export async function importScript<Module>(root: string, name: string): Promise<Module> {
  return await import(pathToFileURL(join(root, "guests/lib/qemu", name)).href) as Module;
}
