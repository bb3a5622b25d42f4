// The guests of guests/, as their guest.json describes them, and running them on a bare machine.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BareOutcome, VmOptions } from "../../src/index.ts";
import { BareMachine } from "../../src/index.ts";
import { projectRoot } from "./project.ts";

export interface Guest {
  readonly name: string;
  /** Absolute path of the image. */
  readonly path: string;
  readonly image: Uint8Array;
  readonly bits: 16 | 32;
  /** `compute` guests retire some hundred million insns, the others a few thousand at most. */
  readonly kind: "tutorial" | "system" | "compute";
  /** All that it prints; each character is a byte. */
  readonly expected: string;
  /** Insns from the first to HLT, where that is known from elsewhere; or null. */
  readonly retiredInsns: number | null;
}

/** All flat guests, by name. Throws when there are none. */
export function flatGuests(): Guest[] {
  const folder = join(projectRoot, "guests");
  const names = readdirSync(folder).filter((name) => ["guest.json", `${name}.bin`, "expected.txt"].every((file) => existsSync(join(folder, name, file))));
  if (names.length === 0) throw new Error(`no guests in ${folder}`);
  return names.map((name) => {
    const path = join(folder, name, `${name}.bin`);
    const { bits, kind, retiredInsns } = JSON.parse(readFileSync(join(folder, name, "guest.json"), "utf8")) as Pick<Guest, "bits" | "kind"> & { retiredInsns?: number };
    const expected = readFileSync(join(folder, name, "expected.txt"), "latin1");
    return { name, path, image: readFileSync(path), bits, kind, expected, retiredInsns: retiredInsns ?? null };
  });
}

/** A machine with a guest in it, and what it has printed. */
export class GuestRun {
  readonly machine: BareMachine;
  output = "";

  constructor(guest: Pick<Guest, "image" | "bits">, vm: VmOptions) {
    this.machine = new BareMachine(guest.image, { bits: guest.bits, vm, onOutput: (byte) => { this.output += String.fromCharCode(byte); } });
  }

  /**
   * Runs up to `goal` insns from the start, or to the end.
   * @param stride  most insns between two exits
   */
  runTo(goal: number, stride = Infinity): BareOutcome {
    const { machine } = this;
    for (;;) {
      const outcome = machine.run({ maxInsns: Math.min(stride, goal - machine.insns), maxSteps: MAX_STEPS });
      if (outcome.kind !== "budget" || machine.insns >= goal) return outcome;
    }
  }

  /** What differs from another run: registers and the like by name, the output, the first byte of memory. */
  differencesFrom(other: GuestRun): string[] {
    const mine = this.fields(), theirs = other.fields();
    const names = [...mine.keys()].filter((name) => mine.get(name) !== theirs.get(name)).map((name) => `${name}: ${mine.get(name)}, not ${theirs.get(name)}`);
    const ours = this.memory, others = other.memory, at = ours.equals(others) ? -1 : ours.findIndex((byte, i) => byte !== others[i]);
    return at < 0 ? names : [...names, `memory at 0x${at.toString(16)}: ${ours[at]}, not ${others[at]}`];
  }

  private fields(): Map<string, string> {
    return new Map([...this.machine.vcpu.describeState(), ["insns", String(this.machine.insns)], ["output", this.output]]);
  }

  private get memory(): Buffer {
    const [{ bytes }] = this.machine.vcpu.engine.cpu.memory.all;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** No guest here does so much without retiring an insn; one that does is stuck, and its test should fail soon. */
const MAX_STEPS = 1_000_000;
