// Runs guests/kernel with processes, as `tcgjs run --module … guests/kernel/kernel.elf` does.

import type { BareOptions } from "../../../src/index.ts";
import { BareMachine } from "../../../src/index.ts";
import type { BootModule } from "../../../src/machine/boot/multiboot.ts";
import { readFixture } from "../../support/project.ts";

/** More than the processes of any test retire. */
const MAX_INSNS = 5e9;

/** The kernel's own programs, one process for each line of arguments. */
export function programs(lines: readonly string[]): BootModule[] {
  const bytes = readFixture("guests/kernel/programs.bin");
  return lines.map((text) => ({ bytes, text }));
}

/** Guests of the bare machine as processes. */
export function flatProcesses(names: readonly string[]): BootModule[] {
  return names.map((text) => ({ bytes: readFixture(`guests/${text}/${text}.bin`), text }));
}

export function makeKernel(modules: readonly BootModule[], cmdline: string, options: BareOptions = {}): BareMachine {
  return new BareMachine(readFixture("guests/kernel/kernel.elf"), { modules, cmdline, ...options });
}

/** Runs to the end. */
export function runKernel(modules: readonly BootModule[], cmdline: string, options: BareOptions = {}) {
  let output = "";
  const machine = makeKernel(modules, cmdline, { onOutput: (byte) => (output += String.fromCharCode(byte)), ...options });
  const outcome = machine.run({ maxInsns: MAX_INSNS });
  return { outcome: outcome.kind, insns: machine.insns, output };
}

/** What process number `pid` has printed, without the kernel's counts at the end. */
export function linesOf(output: string, pid: number): string[] {
  const tag = `[${pid}] `;
  return output.split("\n").filter((line) => line.startsWith(tag) && !line.includes("resumed")).map((line) => line.slice(tag.length));
}

/** How often processes were preempted, all together. */
export function preemptions(output: string): number {
  return Number(/^kernel: processes resumed \d+, preempted (\d+)/m.exec(output)?.[1]);
}
