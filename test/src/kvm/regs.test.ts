// Registers, segments, control registers and CPUID: what is read is what was set, and what is refused.

import { expect } from "chai";
import type { KvmRegs, KvmSregsUpdate } from "../../../src/index.ts";
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX, openKvm } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { ENGINES, guest32 } from "./guest.ts";

const newVcpu = () => openKvm().createVm().createVcpu(0);

describe("a new vCPU", () => {
  it("is in the state after RESET", () => {
    const vcpu = newVcpu(), { rip, rflags, rdx, rax, rsp } = vcpu.getRegs(), sregs = vcpu.getSregs();
    expect({ rip, rflags, rdx, rax, rsp }).to.deep.equal({ rip: 0xfff0, rflags: 2, rdx: 0x600, rax: 0, rsp: 0 });
    expect(sregs.cs).to.deep.equal({
      base: 0xffff0000, limit: 0xffff, selector: 0xf000, type: 11, present: 1, dpl: 0, db: 0, s: 1, l: 0, g: 0, avl: 0, unusable: 0,
    });
    expect(sregs.ds).to.include({ base: 0, limit: 0xffff, selector: 0, type: 3, present: 1 });
    expect(sregs).to.include({ cr0: 0x60000010, cr2: 0, cr3: 0, cr4: 0, cr8: 0, efer: 0, apicBase: 0xfee00900 });
    expect(sregs.idt).to.deep.equal({ base: 0, limit: 0xffff });
    expect(vcpu.getCpuid2()).to.deep.equal([]);
  });
});

describe("setRegs", () => {
  it("sets all registers, unsigned", () => {
    const vcpu = newVcpu();
    const regs: KvmRegs = {
      rax: 0xffffffff, rbx: 2, rcx: 3, rdx: 4, rsi: 5, rdi: 6, rsp: 0x80000000, rbp: 8, r8: 0, r9: 0, r10: 0, r11: 0, r12: 0, r13: 0, r14: 0, r15: 0,
      rip: 0xfffffff0, rflags: 0xcd7,
    };
    vcpu.setRegs(regs);
    expect(vcpu.getRegs()).to.deep.equal(regs);
  });

  it("sets only what is given", () => {
    const vcpu = newVcpu();
    vcpu.setRegs({ rax: 1, rbx: 2 });
    vcpu.setRegs({ rbx: 3 });
    expect(vcpu.getRegs()).to.include({ rax: 1, rbx: 3, rip: 0xfff0 });
  });

  it("keeps every flag there is", () => {
    const vcpu = newVcpu();
    for (let bit = 0; bit < 22; bit++) {
      vcpu.setRegs({ rflags: 2 ** bit });
      const isDefined = ((0x3f7fd5 >>> bit) & 1) !== 0;
      expect(vcpu.getRegs().rflags, `bit ${bit}`).to.equal(isDefined ? 2 ** bit | 2 : 2);
    }
  });

  it("refuses values that are not unsigned 32-bit integers, and changes nothing then", () => {
    const vcpu = newVcpu();
    expectErrno("EINVAL", /rbx is -1; allowed are integers from 0 to 0xffffffff/, () => vcpu.setRegs({ rax: 5, rbx: -1 }));
    expectErrno("EINVAL", /rip is 4294967296/, () => vcpu.setRegs({ rip: 2 ** 32 }));
    expectErrno("EINVAL", /rax is 1\.5/, () => vcpu.setRegs({ rax: 1.5 }));
    expectErrno("EINVAL", /no register eax/, () => vcpu.setRegs({ eax: 1 } as Partial<KvmRegs>));
    expectErrno("EINVAL", /r8 is 0x1/, () => vcpu.setRegs({ r8: 1 }));
    expect(vcpu.getRegs()).to.include({ rax: 0, rbx: 0 });
  });
});

describe("setSregs", () => {
  it("sets what getSregs reads, also from a part of a segment", () => {
    const vcpu = newVcpu(), sregs = vcpu.getSregs();
    sregs.fs = { base: 0xfffff000, limit: 0xffffffff, selector: 0x2b, type: 7, present: 1, dpl: 3, db: 1, s: 1, l: 0, g: 1, avl: 1, unusable: 0 };
    sregs.tr = { base: 0x5000, limit: 0x67, selector: 0x30, type: 11, present: 1, dpl: 0, db: 0, s: 0, l: 0, g: 0, avl: 0, unusable: 0 };
    sregs.gdt = { base: 0xfff00000, limit: 0x37 };
    sregs.cr0 = 0x11;
    sregs.cr2 = 0xdeadbeef;
    sregs.cr8 = 7;
    vcpu.setSregs(sregs);
    expect(vcpu.getSregs()).to.deep.equal(sregs);
    vcpu.setSregs({ fs: { base: 0x1000 } });
    expect(vcpu.getSregs().fs).to.deep.equal({ ...sregs.fs, base: 0x1000 });
  });

  it("makes a segment unusable and usable again", () => {
    const vcpu = newVcpu();
    vcpu.setSregs({ gs: { unusable: 1 } });
    expect(vcpu.getSregs().gs).to.include({ unusable: 1, present: 0 });
    vcpu.setSregs({ gs: { present: 1 } });
    expect(vcpu.getSregs().gs).to.include({ unusable: 0, present: 1 });
  });

  it("refuses what is out of range and what this CPU does not have, and changes nothing then", () => {
    const vcpu = newVcpu(), before = vcpu.getSregs();
    const refused: readonly [RegExp, KvmSregsUpdate][] = [
      [/cs\.base is -1/, { cs: { base: -1 } }],
      [/ss\.dpl is 4; allowed are integers from 0 to 3/, { ds: { base: 0x10 }, ss: { dpl: 4 } }],
      [/cs\.l is 1/, { cs: { l: 1 } }],
      [/cs has no bas/, { cs: { bas: 0 } } as KvmSregsUpdate],
      [/no cr1/, { cr1: 0 } as KvmSregsUpdate],
      [/cr4 is 0x2000/, { cr4: 0x2000 }],
      [/efer is 0x100; this CPU has only the bits 0x800/, { efer: 0x100 }],
      [/gdt\.limit is 65536/, { gdt: { base: 0, limit: 0x10000 } }],
      [/cr8 is 16/, { cr8: 16 }],
    ];
    for (const [message, update] of refused) expectErrno("EINVAL", message, () => vcpu.setSregs(update));
    expect(vcpu.getSregs()).to.deep.equal(before);
  });
});

describe("setCpuid2", () => {
  it("keeps leaves and subleaves", () => {
    const vcpu = newVcpu(), entries = [
      { function: 0, index: 0, flags: 0, eax: 4, ebx: 0xffffffff, ecx: 1, edx: 2 },
      { function: 4, index: 1, flags: KVM_CPUID_FLAG_SIGNIFCANT_INDEX, eax: 9, ebx: 8, ecx: 7, edx: 6 },
    ];
    vcpu.setCpuid2(entries);
    expect(vcpu.getCpuid2()).to.deep.equal(entries);
  });

  it("refuses too many entries, and values that are not 32 bits", () => {
    const vcpu = newVcpu(), entry = { function: 0, index: 0, flags: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 };
    expectErrno("E2BIG", /257 entries; at most 256/, () => vcpu.setCpuid2(Array(257).fill(entry)));
    expectErrno("EINVAL", /entry 1: ecx is -1/, () => vcpu.setCpuid2([entry, { ...entry, ecx: -1 }]));
  });

  for (const [name, options] of ENGINES) {
    it(`is what CPUID answers, by subleaf too, with ${name}`, () => {
      const { vcpu } = guest32(`
        0f a2                     ; cpuid
        f4                        ; hlt
      `, options);
      const flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
      vcpu.setCpuid2([
        { function: 0, index: 0, flags: 0, eax: 4, ebx: 0, ecx: 0, edx: 0 },
        { function: 4, index: 0, flags, eax: 1, ebx: 1, ecx: 1, edx: 1 },
        { function: 4, index: 1, flags, eax: 0xfffffffe, ebx: 2, ecx: 3, edx: 4 },
      ]);
      vcpu.setRegs({ rax: 4, rcx: 1 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rax: 0xfffffffe, rbx: 2, rcx: 3, rdx: 4 });
    });
  }
});
