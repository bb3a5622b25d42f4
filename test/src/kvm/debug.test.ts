// KVM_EXIT_DEBUG: single steps and breakpoints, which the guest does not notice.

import { expect } from "chai";
import type { Vcpu } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { bytesOf, Device, ENGINES, guest16, guest32, poke } from "./guest.ts";

const STEP = 0xffff4ff0, breakpoint = (n: number) => (0xffff0ff0 | (1 << n)) >>> 0;

function pcs(vcpu: Vcpu, count: number): number[] {
  return Array.from({ length: count }, () => {
    const exit = vcpu.run();
    if (exit.reason !== "KVM_EXIT_DEBUG") throw new Error(`expected KVM_EXIT_DEBUG, not ${exit.reason}`);
    return exit.pc;
  });
}

for (const [name, options] of ENGINES) {
  describe(`setGuestDebug with ${name}`, () => {
    it("stops after each insn, jumps and string insns included", () => {
      const { vcpu } = guest32(`
        40                        ; inc eax
        eb 01                     ; jmp over the next
        90                        ; nop
        f3 aa                     ; rep stosb
        e2 f8                     ; loop to the jmp
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rcx: 3, rdi: 0x3000 });
      vcpu.setGuestDebug({ singleStep: true });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_DEBUG", exception: 1, pc: 0x1001, dr6: STEP, dr7: 0x400, insns: 1 });
      expect(pcs(vcpu, 2)).to.deep.equal([0x1004, 0x1006]);
      expect(vcpu.getRegs()).to.include({ rcx: 0, rdi: 0x3003 });
      vcpu.setRegs({ rcx: 1 });
      expect(pcs(vcpu, 1)).to.deep.equal([0x1008]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
      vcpu.setGuestDebug({});
      vcpu.setRegs({ rip: 0x1006, rcx: 1 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
    });

    it("stops in front of a breakpoint, once each time it is reached", () => {
      const { vcpu } = guest32(`
        b9 03 00 00 00            ; mov ecx, 3
        40                        ; inc eax
        e2 fd                     ; loop to the inc
        f4                        ; hlt
      `, options);
      vcpu.setGuestDebug({ breakpoints: [0x1008, 0x1005] });
      for (let i = 0; i < 3; i++) {
        expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_DEBUG", exception: 1, pc: 0x1005, dr6: breakpoint(1), dr7: 0x70a, insns: i === 0 ? 1 : 2 });
        expect(vcpu.getRegs().rax).to.equal(i);
      }
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1008, dr6: breakpoint(0), insns: 2 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("stops at a breakpoint on the first insn, also in real mode by linear address", () => {
      const { vcpu } = guest16("40 f4   ; inc ax; hlt", options);
      vcpu.setSregs({ cs: { base: 0xf00, selector: 0xf0 } });
      vcpu.setRegs({ rip: 0x100 });
      vcpu.setGuestDebug({ breakpoints: [0x1000] });
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1000, insns: 0 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      vcpu.setRegs({ rip: 0x100 });
      expect(vcpu.run(), "and whenever it comes there again").to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1000, insns: 0 });
    });

    it("stops at an insn that jumps to itself each time round", () => {
      const { vcpu } = guest32("eb fe   ; jmp to itself", options);
      vcpu.setGuestDebug({ breakpoints: [0x1000] });
      expect([0, 1, 1, 1]).to.deep.equal([1, 2, 3, 4].map(() => vcpu.run().insns));
    });

    it("does not stop again at an insn that needs several runs", () => {
      const { vcpu } = guest32("f3 a4 f4   ; rep movsb; hlt", options);
      vcpu.setRegs({ rcx: 2, rsi: 0x100000, rdi: 0x200000 });
      vcpu.setGuestDebug({ breakpoints: [0x1000] });
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_DEBUG");
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.have.length(4);
    });

    it("steps over insns that leave for a device: the device first, then the step", () => {
      const { vcpu } = guest32(`
        a3 00 00 10 00            ; mov [0x100000], eax
        a1 00 00 10 00            ; mov eax, [0x100000]
        e6 10                     ; out 0x10, al
        e4 10                     ; in al, 0x10
        f4                        ; hlt
      `, options);
      vcpu.setGuestDebug({ singleStep: true });
      const trace: string[] = [], device = new Device();
      for (let exit = vcpu.run(); exit.reason !== "KVM_EXIT_HLT"; exit = vcpu.run()) {
        device.answers(exit);
        trace.push(`${exit.reason.slice(9)} ${vcpu.getRegs().rip.toString(16)} ${exit.insns}`);
      }
      expect(trace).to.deep.equal([
        "MMIO 1005 1", "DEBUG 1005 0", "MMIO 1005 0", "DEBUG 100a 1", "IO 100c 1", "DEBUG 100c 0", "IO 100c 0", "DEBUG 100e 1",
      ]);
    });

    it("steps into fault and interrupt handlers", () => {
      const { vm, vcpu } = guest16("0f 0b   ; ud2", options);
      poke(vm, 6 * 4, 4, 0x2000);
      poke(vm, 0x20 * 4, 4, 0x2100);
      vm.writePhys(0x2000, bytesOf("40 fb 90 90   ; inc ax; sti; nop; nop"));
      vm.writePhys(0x2100, bytesOf("43 cf   ; inc bx; iret"));
      vcpu.setRegs({ rsp: 0x8000 });
      vcpu.setGuestDebug({ singleStep: true });
      vcpu.interrupt(0x20);
      expect(pcs(vcpu, 5)).to.deep.equal([0x2001, 0x2002, 0x2003, 0x2101, 0x2003]);
    });

    it("leaves EFLAGS.TF and what is pushed alone", () => {
      const { vcpu } = guest32("9c 58 f4   ; pushf; pop eax; hlt", options);
      vcpu.setRegs({ rsp: 0x8000 });
      vcpu.setGuestDebug({ singleStep: true, breakpoints: [0x1001] });
      expect(pcs(vcpu, 1)).to.deep.equal([0x1001]);
      expect(vcpu.run(), "the breakpoint after the step").to.include({ pc: 0x1001, dr6: breakpoint(0), insns: 0 });
      expect(pcs(vcpu, 1)).to.deep.equal([0x1002]);
      expect(vcpu.getRegs().rax).to.equal(2);
    });

    it("can be set in mid-run of a warm loop, and taken away", () => {
      const { vcpu } = guest32("40 eb fd   ; inc eax; jmp to it", options);
      vcpu.run({ maxInsns: 10_000 });
      vcpu.setGuestDebug({ breakpoints: [0x1001] });
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1001, insns: 1 });
      vcpu.setGuestDebug({});
      expect(vcpu.run({ maxInsns: 10_000 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 10_000 });
    });
  });
}

describe("setGuestDebug", () => {
  it("takes at most four breakpoints, which are linear addresses", () => {
    const { vcpu } = guest32("f4");
    vcpu.setGuestDebug({ breakpoints: [1, 2, 3, 0xffffffff] });
    expectErrno("EINVAL", /5 breakpoints; the CPU has 4/, () => vcpu.setGuestDebug({ breakpoints: [1, 2, 3, 4, 5] }));
    expectErrno("EINVAL", /breakpoint 1 is -1/, () => vcpu.setGuestDebug({ breakpoints: [1, -1] }));
  });
});
