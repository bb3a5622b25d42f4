// Images of random bytes, run by both engines: whatever they are, nothing of ours may fail, and both must come to the same end.

import type { BareOutcome, UnhandledAccess, VmOptions } from "../../../src/index.ts";
import { BareMachine } from "../../../src/index.ts";
import { X86_OPCODES } from "../../../src/x86/insns/table.ts";
import { Random } from "../../oracle/random.ts";
import { randomEncoding } from "../x86/isa/random-encodings.ts";

/** What a machine gets: enough to go astray in, little enough to compare. */
const MEMORY_BYTES = 2 ** 20, MAX_IMAGE_BYTES = 4096;
/** Insns; and faults and the like that retire nothing, of which a guest may do as many as it likes. */
const MAX_INSNS = 3_000, MAX_STEPS = 1_000;
const MAX_ACCESSES = 20;

interface Setting {
  readonly vm: VmOptions;
  readonly maxInsns: number;
}

/** What the translating engine is made with. Many insns run once, so that a block at once is much work for little. */
const SETTINGS: readonly Setting[] = [
  { vm: { threshold: 1, maxBlockInsns: 4, checked: true }, maxInsns: 200 },
  { vm: { threshold: 2 }, maxInsns: MAX_INSNS },
  { vm: { threshold: 2, maxBlockInsns: 5, chaining: false }, maxInsns: MAX_INSNS },
  { vm: { threshold: 3, checked: true }, maxInsns: MAX_INSNS },
];

/** Half of the images are any bytes, which soon come to a fault; the others are insns of all kinds, one after the other. */
function randomImage(random: Random): Uint8Array {
  const length = 16 + random.below(MAX_IMAGE_BYTES - 16);
  if (random.bool()) return Uint8Array.from({ length }, () => random.below(256));
  const bytes: number[] = [];
  while (bytes.length < length) bytes.push(...randomEncoding(random.pick(X86_OPCODES.forms), random));
  return Uint8Array.from(bytes);
}

/**
 * Runs the image of a seed under both engines.
 * @returns how it ended, or what differs
 */
export function runRandomImage(seed: string, bits: 16 | 32): { readonly outcome: BareOutcome["kind"]; readonly differences: readonly string[] } {
  const random = new Random(seed), image = randomImage(random), { vm, maxInsns } = random.pick(SETTINGS);
  const interp = new ImageRun(image, bits, { engine: "interp" }, maxInsns), jit = new ImageRun(image, bits, { engine: "jit", ...vm }, maxInsns);
  return { outcome: interp.outcome.kind, differences: interp.differencesFrom(jit) };
}

class ImageRun {
  readonly outcome: BareOutcome;
  private readonly machine: BareMachine;
  private readonly accesses: UnhandledAccess[] = [];
  private output = "";

  constructor(image: Uint8Array, bits: 16 | 32, vm: VmOptions, maxInsns: number) {
    this.machine = new BareMachine(image, {
      bits, memoryBytes: MEMORY_BYTES, isaDebugExit: true, vm,
      onOutput: (byte) => { this.output += String.fromCharCode(byte); },
      onUnhandled: (access) => { if (this.accesses.length < MAX_ACCESSES) this.accesses.push(access); },
    });
    this.outcome = this.machine.run({ maxInsns, maxSteps: MAX_STEPS });
  }

  private get fields(): Map<string, string> {
    const { machine, outcome, output, accesses } = this;
    return new Map([...machine.vcpu.describeState(), ["insns", String(machine.insns)], ["outcome", JSON.stringify(outcome)], ["output", output], ["accesses", JSON.stringify(accesses)]]);
  }

  differencesFrom(other: ImageRun): string[] {
    const mine = this.fields, theirs = other.fields;
    const found = [...mine.keys()].filter((name) => mine.get(name) !== theirs.get(name)).map((name) => `${name}: ${mine.get(name)}, jit ${theirs.get(name)}`);
    const a = Buffer.from(this.machine.vm.readPhys(0, MEMORY_BYTES)), b = Buffer.from(other.machine.vm.readPhys(0, MEMORY_BYTES));
    if (!a.equals(b)) found.push(`memory at 0x${a.findIndex((byte, i) => byte !== b[i]).toString(16)}`);
    return found;
  }
}
