// The exits that are not I/O: HLT, triple fault, budget, invalid state, and what is impossible here.

import { expect } from "chai";
import type { KvmExit, KvmSregsUpdate } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { bytesOf, CODE, Device, ENGINES, guest16, guest32, poke } from "./guest.ts";

for (const [name, options] of ENGINES) {
  describe(`Vcpu.run with ${name}`, () => {
    it("leaves with KVM_EXIT_HLT behind the insn, and goes on from there", () => {
      const { vcpu } = guest32("40 f4 40 f4   ; inc eax; hlt; inc eax; hlt", options);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(vcpu.getRegs()).to.include({ rax: 1, rip: 0x1002 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(vcpu.getRegs()).to.include({ rax: 2, rip: 0x1004 });
    });

    it("leaves with KVM_EXIT_SHUTDOWN at a triple fault", () => {
      const { vcpu } = guest32("40 0f 0b   ; inc eax; ud2, and there is no IDT", options);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_SHUTDOWN", insns: 1 });
      expect(vcpu.run().reason, "and again").to.equal("KVM_EXIT_SHUTDOWN");
    });

    it("leaves with KVM_EXIT_INTR when the budget is used up, exactly", () => {
      const { vcpu } = guest32("40 eb fd   ; inc eax; jmp to it", options);
      for (const n of [1, 2, 3, 1000, 99_999]) {
        const before = vcpu.getRegs().rax;
        expect(vcpu.run({ maxInsns: 2 * n })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 2 * n });
        expect(vcpu.getRegs().rax).to.equal(before + n);
      }
      expect(vcpu.run({ maxInsns: 0 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 0 });
    });

    it("bounds steps that retire nothing", () => {
      // Vector 6 leads to an undefined opcode: faults for ever.
      const { vm, vcpu } = guest16("0f 0b   ; ud2", options);
      poke(vm, 6 * 4, 4, CODE);
      expect(vcpu.run({ maxInsns: 1000, maxSteps: 100 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 0 });
      expect(vcpu.getRegs().rsp, "a hundred frames of three words").to.equal(0x10000 - 600);
    });

    it("leaves with KVM_EXIT_INTERNAL_ERROR where there is no code, with the state as before the insn", () => {
      const { vm, vcpu } = guest32("e9 00 00 10 00   ; jmp 0x101005", options);
      const exit: KvmExit = { reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: 0x101005, insns: 1 };
      expect(vcpu.run()).to.deep.equal(exit);
      expect(vcpu.getRegs().rip).to.equal(0x101005);
      expect(vcpu.run()).to.deep.equal({ ...exit, insns: 0 });
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x101000, memorySize: 0x1000 });
      vm.writePhys(0x101005, bytesOf("f4"));
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("says where the missing half of an insn would be", () => {
      const { vm, vcpu } = guest32("", options);
      vm.writePhys(0xfffe, bytesOf("b8 01   ; mov eax, 0x??????01"));
      vcpu.setRegs({ rip: 0xfffe });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: 0x10000, insns: 0 });
    });

    it("leaves with KVM_EXIT_INTERNAL_ERROR when a fault cannot be delivered for lack of memory", () => {
      const { vm, vcpu } = guest16("0f 0b   ; ud2", options);
      vcpu.setSregs({ ss: { base: 0x200000 } });
      const exit = vcpu.run();
      expect(exit.reason === "KVM_EXIT_INTERNAL_ERROR" && [exit.suberror, exit.address >= 0x200000]).to.deep.equal([3, true]);
      vcpu.setSregs({ ss: { base: 0 }, idt: { base: 0x300000, limit: 0x3ff } });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 3, address: 0x300018, insns: 0 });
      vcpu.setSregs({ idt: { base: 0, limit: 0x3ff } });
      poke(vm, 6 * 4, 4, 0x2000);
      poke(vm, 0x2000, 1, 0xf4);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("leaves with KVM_EXIT_INTERNAL_ERROR when an interrupt cannot be delivered for lack of memory", () => {
      const { vcpu } = guest16("90 f4   ; nop; hlt", options);
      vcpu.setSregs({ ss: { base: 0x200000 } });
      vcpu.setRegs({ rflags: 0x202 });
      vcpu.interrupt(0x20);
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 3 });
    });

    it("lets INT n push to a device like any other insn", () => {
      const { vm, vcpu } = guest16("cd 21   ; int 0x21", options);
      poke(vm, 0x21 * 4, 4, 0x2000);
      poke(vm, 0x2000, 1, 0xf4);
      vcpu.setSregs({ ss: { base: 0x200000 } });
      vcpu.setRegs({ rsp: 0x100 });
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["w2 2000fe=2", "w2 2000fc=0", "w2 2000fa=1002"]);
      expect(vcpu.getRegs()).to.include({ rip: 0x2001, rsp: 0xfa });
    });

    it("leaves with KVM_EXIT_FAIL_ENTRY for states no CPU can be in, until they are mended", () => {
      const { vcpu } = guest32("40 f4   ; inc eax; hlt", options), good = vcpu.getSregs();
      const bad: readonly [RegExp, KvmSregsUpdate][] = [
        [/PG\) without protection/, { cr0: 0x80000010 }],
        [/NW without CD/, { cr0: 0x20000011 }],
        [/cs has s 0/, { cs: { s: 0 } }],
        [/cs has s 1, type 2/, { cs: { type: 2 } }],
        [/ss has s 1, type 1/, { ss: { type: 1 } }],
        [/tr has .*not a busy TSS/, { tr: { type: 9 } }],
        [/ldt has .*not an LDT/, { ldt: { type: 3 } }],
        [/ds has limit 0xffffffff with g 0/, { ds: { g: 0 } }],
        [/es has limit 0x1000 with g 1/, { es: { limit: 0x1000 } }],
        [/cs has .*present 0/, { cs: { present: 0 } }],
      ];
      for (const [detail, update] of bad) {
        vcpu.setSregs(update);
        const exit = vcpu.run();
        expect(exit).to.include({ reason: "KVM_EXIT_FAIL_ENTRY", hardwareEntryFailureReason: 0x80000021, insns: 0 });
        expect(exit.reason === "KVM_EXIT_FAIL_ENTRY" && exit.detail).to.match(detail);
        expect(vcpu.run().reason, "again").to.equal("KVM_EXIT_FAIL_ENTRY");
        vcpu.setSregs(good);
      }
      vcpu.setRegs({ rflags: 0x20002 });
      expect(vcpu.run(), "V86 with segments of another mode").to.include({ reason: "KVM_EXIT_FAIL_ENTRY" });
      vcpu.setSregs({ cr0: 0x10 });
      expect(vcpu.run(), "V86 without protection").to.include({ reason: "KVM_EXIT_FAIL_ENTRY" });
      vcpu.setRegs({ rflags: 2 });
      vcpu.setSregs(good);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
    });

    it("leaves as soon as it can when a port handler asks, and at once when asked before", () => {
      const { vm, vcpu } = guest32("e6 10 eb fc   ; out 0x10, al; jmp to it", options);
      let calls = 0;
      vm.handlePorts({ first: 0x10, count: 1, write: () => (++calls === 5 ? vcpu.requestExit() : undefined) });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 9 });
      vcpu.requestExit();
      expect(vcpu.run({ maxInsns: 10 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 0 });
      expect(vcpu.run({ maxInsns: 10 }), "once").to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 10 });
    });
  });
}

describe("Vcpu.run", () => {
  it("refuses limits that are not counts", () => {
    const { vcpu } = guest32("f4");
    expectErrno("EINVAL", /maxInsns is -1/, () => vcpu.run({ maxInsns: -1 }));
    expectErrno("EINVAL", /maxInsns is 0\.5/, () => vcpu.run({ maxInsns: 0.5 }));
    expectErrno("EINVAL", /maxSteps is NaN/, () => vcpu.run({ maxSteps: NaN }));
    expect(vcpu.run({ maxInsns: Infinity, maxSteps: Infinity }).reason).to.equal("KVM_EXIT_HLT");
  });

  it("refuses to be entered again, or changed, from within", () => {
    const { vm, vcpu } = guest32("e6 10 e6 10 f4   ; out 0x10, al twice; hlt");
    const refused: string[] = [];
    vm.handlePorts({
      first: 0x10, count: 1,
      write: () => {
        for (const action of [() => vcpu.run(), () => vcpu.setRegs({ rax: 1 }), () => vcpu.setSregs({}), () => vcpu.setGuestDebug({}), () => vcpu.setCpuid2([])]) {
          expectErrno("EBUSY", /the vCPU is running/, action);
          refused.push("EBUSY");
        }
      },
    });
    expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 3 });
    expect(refused).to.have.length(10);
  });

  it("starts at the reset vector, where a VM without memory has no code", () => {
    expect(openKvm().createVm().createVcpu(0).run()).to.deep.equal({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: 0xfffffff0, insns: 0 });
  });
});
