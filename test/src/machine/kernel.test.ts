// guests/kernel: the same as in QEMU where nothing is preempted, and preempted at the same insns under every engine.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { toKvmEntries } from "../../../src/kvm/cpuid.ts";
import { Lockstep } from "../../../src/machine/lockstep.ts";
import { cpuidOfModel } from "../../../src/x86/cpu-models.ts";
import { readFixture } from "../../support/project.ts";
import { linesOf, makeKernel, preemptions, programs, runKernel } from "./kernel-run.ts";

const text = (path: string): string => new TextDecoder().decode(readFixture(path));
const PROCESSES = text("guests/kernel/processes.txt").trim().split("\n");
const EXPECTED = text("guests/kernel/expected.txt");
const WAYS = [["int", "INT 0x80"], ["sysenter", "SYSENTER"]] as const;

const ENGINES: readonly (readonly [string, VmOptions])[] = [
  ["the interpreter", { engine: "interp" }], ["the translator", { engine: "jit" }], ["blocks translated at once", { engine: "jit", threshold: 1 }],
];

describe("guests/kernel", () => {
  for (const [name, vm] of ENGINES) {
    for (const [way, wayName] of WAYS) {
      it(`prints what it prints in QEMU, with ${name} and ${wayName}`, () => {
        const { outcome, output } = runKernel(programs(PROCESSES), `timer=0 syscall=${way}`, { vm });
        expect(output).to.equal(EXPECTED.replace("INT 0x80", wayName));
        expect(outcome).to.equal("halt");
      });
    }
  }

  it("preempts processes at the same insns under every engine, and none of them notices", () => {
    for (const quantum of [500, 20_000]) {
      const runs = ENGINES.map(([, vm]) => runKernel(programs(PROCESSES), `timer=${quantum}`, { vm })), [{ output, outcome, insns }] = runs;
      for (const run of runs) expect(run).to.deep.equal({ output, outcome: "halt", insns });
      expect(outcome).to.equal("halt");
      // Choosing the next one takes the kernel some hundred insns, and processes that end early leave a part of their quantum.
      expect(preemptions(output)).to.be.within(insns / quantum * 0.5, insns / quantum);
      PROCESSES.forEach((_, i) => expect(linesOf(output, i + 1)).to.deep.equal(linesOf(EXPECTED, i + 1)));
      expect(output).to.match(/; pages still in use 0\n$/);
    }
  });

  it("passes in lockstep", () => {
    const make = (engine: VmOptions, listener: object) => makeKernel(programs(["primes 1000", "turns 10", "registers 50000", "stack 20"]), "timer=700", { vm: engine, ...listener });
    const lockstep = new Lockstep(make, { threshold: 2 }, Infinity, { onOutput: () => undefined, onUnhandled: () => undefined });
    expect(lockstep.run({ maxInsns: 1e8 })).to.deep.equal({ kind: "halt" });
  });

  it("chooses the system call by CPUID, and says so where it has no choice", () => {
    const without = (cmdline: string) => runKernel(programs(["calls"]), cmdline, { cpuid: toKvmEntries(cpuidOfModel("pentium")) }).output;
    expect(without("timer=0")).to.match(/^kernel: system calls by INT 0x80\n/);
    expect(without("timer=0 syscall=sysenter")).to.equal("kernel panic: this processor has no SYSENTER\n");
    expect(runKernel(programs(["calls"]), "timer=0").output).to.match(/^kernel: system calls by SYSENTER\n/);
    expect(runKernel(programs(["calls"]), "syscall=maybe").output).to.equal("kernel panic: syscall= wants auto, int or sysenter\n");
    expect(runKernel([], "").output).to.equal("kernel panic: no modules: there is nothing to run\n");
  });
});
