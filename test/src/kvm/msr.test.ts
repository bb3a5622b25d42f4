// RDMSR and WRMSR (SDM 4): what there is on which processor, what may be written, what follows.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { ENGINES } from "./guest.ts";
import { enterUser, enterV86, outcomeOf, protectedGuest, runToHalt } from "./protected.ts";

const TSC = 0x10, APIC_BASE = 0x1b, MTRR_CAP = 0xfe, MCG_CAP = 0x179, MISC_ENABLE = 0x1a0, PHYS_BASE0 = 0x200, PHYS_MASK0 = 0x201, FIX64K = 0x250, PAT = 0x277,
  DEF_TYPE = 0x2ff, TSC_DEADLINE = 0x6e0, EFER = 0xc0000080, TSC_AUX = 0xc0000103;

/** A guest that reads or writes MSRs, one a call, whatever happens. */
function machine(options: VmOptions, cpu = "max") {
  const made = protectedGuest("0f 30 f4 0f 32 f4   ; wrmsr; hlt; rdmsr; hlt", options, cpu), { vcpu } = made;
  const run = (rip: number, index: number, value: bigint): string => {
    vcpu.setRegs({ rip, rsp: 0x8000, rcx: index >>> 0, rax: Number(value & 0xffffffffn), rdx: Number(value >> 32n) });
    const caught = runToHalt(made);
    return caught === null ? "ok" : `#${caught.vector}(${caught.error})`;
  };
  const write = (index: number, value: bigint): string => run(0x1000, index, value);
  const read = (index: number): bigint | string => {
    const outcome = run(0x1003, index, 0n), { rax, rdx } = vcpu.getRegs();
    return outcome === "ok" ? (BigInt(rdx) << 32n) | BigInt(rax) : outcome;
  };
  return { made, vcpu, read, write };
}

for (const [name, options] of ENGINES) {
  describe(`MSRs with ${name}`, () => {
    it("are #GP(0) at other levels than 0, and where there is none", () => {
      const { read, write } = machine(options);
      expect(read(0x12345)).to.equal("#13(0)");
      expect(write(0x12345, 0n)).to.equal("#13(0)");
      for (const code of ["b9 10 00 00 00 0f 32   ; rdmsr", "b9 10 00 00 00 0f 30   ; wrmsr"]) {
        const made = protectedGuest(code, options);
        enterUser(made.vcpu);
        expect(outcomeOf(made)).to.equal("#13(0) at 1005");
        enterV86(made.vcpu, 0x3000);
        expect(outcomeOf(made)).to.match(/^#13\(0\)/);
      }
    });

    it("the time stamp can be set, all 64 bits of it", () => {
      const { read, write } = machine(options);
      expect(write(TSC, 0x123456789n << 20n)).to.equal("ok");
      expect(Number(read(TSC) as bigint - (0x123456789n << 20n))).to.be.within(1, 4);
    });

    it("the time stamp counts every insn, in loops and past 32 bits", () => {
      const turns = 1000, start = 0x7ffffff00n;
      const made = protectedGuest(`
        0f 30                 ; wrmsr
        0f 31                 ; rdtsc
        89 c6                 ; mov esi, eax
        89 d7                 ; mov edi, edx
        31 db                 ; xor ebx, ebx
        31 ed                 ; xor ebp, ebp
        b9 e8 03 00 00        ; mov ecx, 1000
        0f 31                 ; rdtsc
        01 c3                 ; add ebx, eax
        11 d5                 ; adc ebp, edx
        49                    ; dec ecx
        75 f7                 ; jnz rdtsc
        f4                    ; hlt`, options), { vcpu } = made;
      vcpu.setRegs({ rcx: TSC, rax: Number(start & 0xffffffffn), rdx: Number(start >> 32n) });
      expect(runToHalt(made)).to.equal(null);
      const { rbx, rbp, rsi, rdi } = vcpu.getRegs(), first = (BigInt(rdi) << 32n) | BigInt(rsi);
      const n = BigInt(turns);
      expect((BigInt(rbp) << 32n) | BigInt(rbx)).to.equal(n * (first + 6n) + 5n * n * (n - 1n) / 2n);
    });
  });
}

describe("MSRs", () => {
  const options: VmOptions = { engine: "interp" };
  const on = (cpu: string) => machine(options, cpu);
  /** A write that must be kept as it is; one that must be refused and change nothing. */
  const keeps = ({ read, write }: ReturnType<typeof machine>, index: number, value: bigint): void => {
    expect(write(index, value), `${index.toString(16)} = ${value.toString(16)}`).to.equal("ok");
    expect(read(index)).to.equal(value);
  };
  const refuses = ({ read, write }: ReturnType<typeof machine>, index: number, value: bigint): void => {
    const before = read(index);
    expect(write(index, value), `${index.toString(16)} = ${value.toString(16)}`).to.equal("#13(0)");
    expect(read(index)).to.equal(before);
  };

  it("come with features", () => {
    const present = (cpu: string, indices: number[]): boolean[] => indices.map((index) => typeof on(cpu).read(index) === "bigint");
    const some = [TSC, 0x0, 0x174, MTRR_CAP, PAT, EFER, TSC_AUX, MISC_ENABLE, APIC_BASE];
    expect(present("max", some)).to.deep.equal(some.map(() => true));
    expect(present("pentium", some)).to.deep.equal([true, true, false, false, false, false, false, false, false]);
    expect(present("pentium3", some)).to.deep.equal([true, true, true, true, true, false, false, true, true]);
    expect(present("max,-sep,-pat,-nx,-mtrr", some)).to.deep.equal([true, true, false, false, false, false, true, true, true]);
  });

  it("the PAT takes the memory types there are", () => {
    const m = on("max");
    expect(m.read(PAT)).to.equal(0x0007040600070406n);
    keeps(m, PAT, 0x0001040506070100n);
    refuses(m, PAT, 0x02n);
    refuses(m, PAT, 0x0300000000000000n);
    refuses(m, PAT, 0x08n);
  });

  it("MTRRs: eight ranges, the first MiB, a default type; no reserved bit and no unknown type", () => {
    const m = on("max");
    expect(m.read(MTRR_CAP)).to.equal(0x508n);
    refuses(m, MTRR_CAP, 0x508n);
    keeps(m, DEF_TYPE, 0xc06n);
    refuses(m, DEF_TYPE, 0x1000n);
    refuses(m, DEF_TYPE, 0x02n);
    keeps(m, FIX64K, 0x0606060606060606n);
    refuses(m, FIX64K, 0x0606060606060602n);
    keeps(m, 0x26f, 0x0504010006050401n);
    for (let n = 0; n < 16; n += 2) keeps(m, PHYS_BASE0 + n, 0x80000006n + BigInt(n) * 0x1000n);
    for (let n = 0; n < 16; n += 2) keeps(m, PHYS_MASK0 + n, 0xff0000800n);
    refuses(m, PHYS_BASE0, 0x106n);
    refuses(m, PHYS_BASE0, 0x7n);
    refuses(m, PHYS_BASE0, 0x1000000006n | (1n << 40n));
    refuses(m, PHYS_MASK0, 0x400n);
    expect(m.read(0x210)).to.equal("#13(0)");
  });

  it("IA32_APIC_BASE has an address of 32 bits and cannot enable what is not there", () => {
    const m = on("max,+apic");
    expect(m.read(APIC_BASE)).to.equal(0xfee00900n);
    keeps(m, APIC_BASE, 0xfed00900n);
    for (const bit of [0n, 7n, 9n, 10n, 32n, 35n]) refuses(m, APIC_BASE, 0xfee00900n | (1n << bit));
    expect(on("max").read(APIC_BASE)).to.equal(0xfee00100n);
  });

  it("disabling the APIC takes it out of CPUID", () => {
    const m = protectedGuest("0f 30 b8 01 00 00 00 0f a2 f4   ; wrmsr; mov eax, 1; cpuid; hlt", options, "max,+apic");
    for (const [value, expected] of [[0xfee00900, 1], [0xfee00100, 0]] as const) {
      m.vcpu.setRegs({ rip: 0x1000, rax: value, rdx: 0, rcx: APIC_BASE });
      expect(outcomeOf(m)).to.equal("ok");
      expect((m.vcpu.getRegs().rdx >>> 9) & 1).to.equal(expected);
    }
  });

  it("IA32_MISC_ENABLE says what is missing, limits CPUID, and takes execute-disable away", () => {
    const m = on("max"), initial = 0x1801n;
    expect(m.read(MISC_ENABLE)).to.equal(initial);
    expect(m.write(MISC_ENABLE, 0n)).to.equal("ok");
    expect(m.read(MISC_ENABLE), "what tells of absence stays").to.equal(0x1800n);
    refuses(m, MISC_ENABLE, initial | (1n << 18n));
    keeps(m, EFER, 0x800n);
    keeps(m, EFER, 0n);
    keeps(m, MISC_ENABLE, initial | (1n << 34n));
    refuses(m, EFER, 0x800n);
    refuses(on("max,-nx"), MISC_ENABLE, initial | (1n << 34n));

    const asked = protectedGuest("0f 30 b8 00 00 00 00 0f a2 f4   ; wrmsr; mov eax, 0; cpuid; hlt", options);
    asked.vcpu.setRegs({ rcx: MISC_ENABLE, rax: 1 << 22, rdx: 0 });
    expect(outcomeOf(asked)).to.equal("ok");
    expect(asked.vcpu.getRegs().rax).to.equal(2);
    asked.vcpu.setRegs({ rip: 0x1007, rax: 7 });
    expect(outcomeOf(asked)).to.equal("ok");
    expect(asked.vcpu.getRegs().rax, "the answer of leaf 2").to.equal(0x02b3b001);
    asked.vcpu.setRegs({ rip: 0x1000, rcx: MISC_ENABLE, rax: 0, rdx: 4 });
    expect(outcomeOf(asked)).to.equal("ok");
    asked.vcpu.setRegs({ rip: 0x1007, rax: 0x80000001 });
    expect(outcomeOf(asked)).to.equal("ok");
    expect(asked.vcpu.getRegs().rdx & (1 << 20), "no NX").to.equal(0);
  });

  it("EFER has NXE and nothing else", () => {
    const m = on("max");
    for (const bit of [0n, 8n, 10n, 32n]) refuses(m, EFER, 1n << bit);
    keeps(m, EFER, 0x800n);
  });

  it("machine checks have no banks, and their status three bits", () => {
    const m = on("max");
    expect(m.read(MCG_CAP)).to.equal(0n);
    keeps(m, 0x17a, 7n);
    refuses(m, 0x17a, 8n);
    expect(m.read(0x400)).to.equal("#13(0)");
  });

  it("the time-stamp counter's companion has 32 bits", () => {
    const m = on("max");
    keeps(m, TSC_AUX, 0xdeadbeefn);
    refuses(m, TSC_AUX, 1n << 32n);
  });

  it("IA32_TSC_DEADLINE is whoever's the local APIC is, who hears of a written counter, too", () => {
    const { vcpu, read, write } = on("max,+apic"), heard: (bigint | string)[] = [];
    expect([write(TSC_DEADLINE, 5n), read(TSC_DEADLINE)]).to.deep.equal(["ok", 0n]);
    vcpu.tscDeadline = { read: () => 1n << 40n, write: (deadline) => void heard.push(deadline), counterMoved: () => void heard.push("moved") };
    expect([write(TSC_DEADLINE, 1n << 63n), write(TSC, 7n), read(TSC_DEADLINE)]).to.deep.equal(["ok", "ok", 1n << 40n]);
    expect(heard).to.deep.equal([1n << 63n, "moved"]);
    expect([on("max").read(TSC_DEADLINE), on("max,+apic,-tsc-deadline").write(TSC_DEADLINE, 1n)]).to.deep.equal(["#13(0)", "#13(0)"]);
  });
});
