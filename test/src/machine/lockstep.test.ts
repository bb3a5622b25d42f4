// Lockstep: two machines that differ are caught, at the very insn, and the report says what there is to know. A translating
// machine whose CPUID answers otherwise stands for an engine that errs.

import { expect } from "chai";
import { differenceText } from "../../../src/cli/run/lockstep-report.ts";
import { BareMachine } from "../../../src/index.ts";
import type { LockstepOutcome, MakeMachine } from "../../../src/machine/lockstep.ts";
import { Lockstep } from "../../../src/machine/lockstep.ts";
import { parseFiletests } from "../../support/filetest.ts";
import { parseCase } from "../../support/x86-case.ts";
import { bytesOf } from "../kvm/guest.ts";

interface Pair {
  readonly run: Lockstep;
  readonly make: MakeMachine;
  readonly output: readonly string[];
}

/** Leaf 0 of CPUID with a value in EBX. */
const leaf0 = (ebx: number) => [{ function: 0, index: 0, flags: 0, eax: 0, ebx, ecx: 0, edx: 0 }];

/** Two machines with the same code. @param change  what the translating one has otherwise */
function pairOf(code: string, change: (machine: BareMachine) => void, maxInsns = 100_000): Pair {
  const output: string[] = [];
  const make: MakeMachine = (vm, listener) => {
    const machine = new BareMachine(bytesOf(code), { bits: 32, memoryBytes: 0x10000, vm, cpuid: leaf0(1), ...listener });
    if (vm.engine === "jit") change(machine);
    return machine;
  };
  const run = new Lockstep(make, { threshold: 1, inspect: true }, maxInsns, { onOutput: (byte) => output.push(String.fromCharCode(byte)), onUnhandled: () => undefined });
  return { run, make, output };
}

const same = (): void => undefined;
const otherCpuid = ({ vcpu }: BareMachine): void => vcpu.setCpuid2(leaf0(2));
const runToEnd = ({ run }: Pair): LockstepOutcome => run.run({ maxInsns: Infinity });

/** A loop of `turns` times four insns, then CPUID. */
const cpuidAfter = (turns: number): string => `
  b9 ${(turns & 0xff).toString(16).padStart(2, "0")} ${(turns >> 8).toString(16).padStart(2, "0")} 00 00   ; mov ecx, turns
  46 49 85 c9 75 fa         ; inc esi; dec ecx; test ecx, ecx; jnz to the inc
  31 c0 0f a2               ; xor eax, eax; cpuid
  47 f4                     ; inc edi; hlt
`;

describe("lockstep", () => {
  it("ends as the guest does when both agree", () => {
    const pair = pairOf(`b0 41 e6 e9 ${cpuidAfter(10)}`, same);
    expect(runToEnd(pair)).to.deep.equal({ kind: "halt" });
    expect(pair.output).to.deep.equal(["A"]);
    expect(pair.run.insns).to.equal(2 + 1 + 40 + 4);
  });

  it("stops at exactly the limit", () => {
    const pair = pairOf("eb fe   ; jmp $", same, 12_345);
    expect(runToEnd(pair)).to.deep.equal({ kind: "budget" });
    expect(pair.run.insns).to.equal(12_345);
  });

  for (const turns of [3, 5000]) {
    it(`finds the first insn after which a register differs, behind ${turns} turns of a loop`, () => {
      const pair = pairOf(cpuidAfter(turns), otherCpuid);
      expect(runToEnd(pair)).to.deep.equal({ kind: "difference" });
      const found = pair.run.findFirst({});
      expect(found?.insns).to.equal(1 + 4 * turns + 2);
      expect(found?.fields).to.deep.equal([{ name: "ebx", interp: "0x1", jit: "0x2" }]);
      expect(found?.bytes).to.deep.equal([]);
    });
  }

  it("finds a difference in what is printed, though the registers agree afterwards", () => {
    const pair = pairOf("31 c0 0f a2 88 d8 e6 e9 31 c0 31 db f4   ; xor eax, eax; cpuid; mov al, bl; out 0xe9, al; xor eax, eax; xor ebx, ebx; hlt", otherCpuid);
    expect(runToEnd(pair)).to.deep.equal({ kind: "difference" });
    expect(pair.run.findFirst({})?.insns).to.equal(2);
  });

  it("finds a difference in how the run ends", () => {
    const pair = pairOf("31 c0 0f a2 4b 75 02 90 f4 0f 0b   ; xor eax, eax; cpuid; dec ebx; jnz to the ud2; nop; hlt; ud2", otherCpuid);
    expect(runToEnd(pair)).to.deep.equal({ kind: "difference" });
    expect(pair.run.machines.jit.vcpu.getRegs().rip).to.equal(0x1009);
  });

  it("finds a difference in memory alone, with its address", () => {
    const pair = pairOf("90 90 f4   ; nop; nop; hlt", ({ vm }) => vm.writePhys(0x3001, Uint8Array.of(7)));
    expect(runToEnd(pair)).to.deep.equal({ kind: "difference" });
    expect(pair.run.findFirst({})?.bytes).to.deep.equal([{ address: 0x3001, interp: 0, jit: 7 }]);
  });

  it("says so when the difference does not come back", () => {
    let isFirst = true;
    const pair = pairOf(cpuidAfter(3), (machine) => {
      if (isFirst) otherCpuid(machine);
      isFirst = false;
    });
    expect(runToEnd(pair)).to.deep.equal({ kind: "difference" });
    expect(differenceText(pair.run, pair.make, 32)).to.match(/^the difference does not come back when the run is repeated/);
  });

  it("reports the insn, both states, and a filetest that can be read", () => {
    const pair = pairOf(cpuidAfter(100), otherCpuid);
    runToEnd(pair);
    const text = differenceText(pair.run, pair.make, 32);
    expect(text).to.match(/^The engines agree after 402 insns and differ after 403, which is\n {2}0008:0000100d {2}0x0000100d {2}0f a2 +cpuid\n/);
    expect(text).to.match(/^ {2}ebx +0x0 +0x1 +0x2 {2}<- differs$/m).and.to.match(/^ {2}esi +0x64 +0x64 +0x64$/m);
    expect(text).to.include("With blocks of one insn the first difference is after 403 insns, the same: this insn goes wrong");
    const [test] = parseFiletests("report", text.slice(text.indexOf("; test")));
    expect(parseCase(test).code.map(({ text: insn }) => insn)).to.deep.equal(["cpuid"]);
  });
});
