// Non-maskable interrupts, their block until IRET, priorities of events, and what comes of faults during delivery (SDM 3A chapter 6).

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import type { Guest } from "./guest.ts";
import { bytesOf, Device, ENGINES, peek, poke } from "./guest.ts";
import { enterUser, enterV86, HANDLERS, IDT, KERNEL_CS, KERNEL_SS, outcomeOf, protectedGuest, putGate, runToHalt, TSS } from "./protected.ts";

const IF = 0x200;

/** Vector 2 counts in EBX and returns; 0x21 counts in ECX. */
function guestWithHandlers(code: string, options: VmOptions): Guest {
  const made = protectedGuest(`${code}\nf4`, options), { vm } = made;
  putGate(made, 2, KERNEL_CS, 0x1800, 0x8e);
  vm.writePhys(0x1800, bytesOf("43 cf   ; inc ebx; iret"));
  putGate(made, 0x21, KERNEL_CS, 0x1900, 0x8e);
  vm.writePhys(0x1900, bytesOf("41 cf   ; inc ecx; iret"));
  return made;
}

for (const [name, options] of ENGINES) {
  describe(`Vcpu.nmi with ${name}`, () => {
    it("comes before the next insn whatever IF is, with no error code", () => {
      const { vm, vcpu } = guestWithHandlers("40   ; inc eax", options);
      vcpu.nmi();
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: 0x1801, rax: 0, rbx: 1, rsp: 0x8000 - 12 });
      expect([0, 4, 8].map((n) => peek(vm, 0x8000 - 12 + n, 4))).to.deep.equal([0x1000, KERNEL_CS, 2]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 3 });
    });

    it("a second one waits until the first has returned; a third is lost", () => {
      const { vcpu } = guestWithHandlers("40   ; inc eax", options);
      vcpu.nmi();
      vcpu.run({ maxInsns: 1 });
      vcpu.nmi();
      vcpu.nmi();
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs(), "IRET").to.include({ rip: 0x1000, rbx: 1 });
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: 0x1801, rbx: 2 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rax: 1, rbx: 2 });
    });

    it("an IRET that faults ends the block as well; INT 2 never begins one", () => {
      const made = guestWithHandlers("cd 02 40   ; int 2; inc eax", options), { vm, vcpu } = made;
      vm.writePhys(0x1800, bytesOf("43 c7 44 24 04 00 00 00 00 cf   ; inc ebx; mov dword [esp + 4], 0; iret"));
      vcpu.nmi();
      expect(outcomeOf(made)).to.equal("#13(0) at 1809");
      expect(vcpu.getVcpuEvents().nmi).to.deep.equal({ pending: 0, masked: 0 });
      vcpu.setRegs({ rip: 0x1000, rsp: 0x8000 });
      vcpu.run({ maxInsns: 2 });
      expect(vcpu.getRegs().rip).to.equal(0x1801);
      expect(vcpu.getVcpuEvents().nmi.masked).to.equal(0);
    });

    it("waits behind MOV SS, not behind STI", () => {
      const { vcpu } = guestWithHandlers("8e d0 fb 40 40   ; mov ss, ax; sti; inc eax; inc eax", options);
      vcpu.setRegs({ rax: KERNEL_SS });
      vcpu.run({ maxInsns: 1 });
      vcpu.nmi();
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs(), "STI was in the shadow").to.include({ rip: 0x1003, rbx: 0 });
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs()).to.include({ rip: 0x1801, rax: KERNEL_SS });
    });

    it("comes before an interrupt that waits", () => {
      const made = guestWithHandlers("40   ; inc eax", options), { vm, vcpu } = made;
      vcpu.setRegs({ rflags: IF | 2 });
      vcpu.interrupt(0x21);
      vcpu.nmi();
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs()).to.include({ rip: 0x1801, rbx: 1, rcx: 0 });
      expect(vcpu.run({ maxInsns: 2 }).insns).to.equal(2);
      expect(vcpu.getRegs()).to.include({ rip: 0x1901, rcx: 1, rax: 0 });
      expect(peek(vm, 0x8000 - 12, 4)).to.equal(0x1000);
    });

    it("comes after the single-step trap of the insn before", () => {
      const made = guestWithHandlers("40 40   ; inc eax; inc eax", options), { vm, vcpu } = made;
      vm.writePhys(HANDLERS + 1, bytesOf("cf"));
      vcpu.setRegs({ rflags: 0x102 });
      vcpu.run({ maxInsns: 0 });
      vcpu.nmi();
      vcpu.setRegs({ rflags: 2 });
      vcpu.run({ maxInsns: 2 });
      expect(vcpu.getRegs(), "no trap yet").to.include({ rip: 0x1000, rbx: 1 });
      vcpu.setRegs({ rflags: 0x102 });
      vcpu.nmi();
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs().rip).to.equal(0x1801);
      expect(peek(vm, 0x8000 - 4, 4), "the NMI keeps TF for the return").to.equal(0x102);
      vcpu.run({ maxInsns: 2 });
      expect(vcpu.getRegs(), "the trap of the insn after the return").to.include({ rip: HANDLERS + 1, rax: 1 });
    });

    it("does not come between the accesses of an insn, but between the elements of a repeated one", () => {
      const { vcpu } = guestWithHandlers("f3 a4   ; rep movsb", options), device = new Device();
      vcpu.setRegs({ rcx: 2, rsi: 0x100000, rdi: 0x200000 });
      device.answers(vcpu.run());
      vcpu.nmi();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["r1 100000", "w1 200000=0", "r1 100001", "w1 200001=0"]);
      expect(vcpu.getRegs()).to.include({ rbx: 1, rcx: 0 });
    });

    it("goes on behind HLT", () => {
      const { vcpu } = guestWithHandlers("f4 40   ; hlt; inc eax", options);
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      vcpu.nmi();
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rax: 1, rbx: 1 });
    });
  });

  describe(`delivery with ${name}`, () => {
    const NOT_PRESENT = 0x0e;
    const guest = (code: string): Guest => protectedGuest(`${code}\nf4`, options);

    it("faults met on the way have EXT set, unless INT n, INT3 or INTO is delivered", () => {
      const made = guest("f1   ; int1");
      putGate(made, 1, KERNEL_CS, HANDLERS, NOT_PRESENT);
      expect(outcomeOf(made), "#NP of vector 1, in the IDT, external").to.equal(`#11(${(8 + 2 + 1).toString(16)}) at 1000`);
      for (const [code, vector] of [["cd 22", 0x22], ["cc", 3]] as const) {
        const soft = guest(`${code}   ; int`);
        putGate(soft, vector, KERNEL_CS, HANDLERS, 0x6e);
        expect(outcomeOf(soft)).to.equal(`#11(${(vector * 8 + 2).toString(16)}) at 1000`);
      }
      const interrupted = guest("90   ; nop");
      putGate(interrupted, 0x22, 0x70, HANDLERS);
      interrupted.vcpu.setRegs({ rflags: IF | 2 });
      interrupted.vcpu.interrupt(0x22);
      expect(outcomeOf(interrupted), "the gate's selector, external").to.equal("#13(71) at 1000");
      const faulting = guest("0f 0b   ; ud2");
      putGate(faulting, 6, 0x70, HANDLERS);
      expect(outcomeOf(faulting)).to.equal("#13(71) at 1000");
    });

    /** Makes the delivery of a vector raise a fault: by a gate that is not present (#NP), or whose code is not mapped. */
    const breakGate = (made: Guest, vector: number): void => putGate(made, vector, KERNEL_CS, HANDLERS, NOT_PRESENT);

    it("a contributory fault on the way to a contributory one makes a double fault; on the way to a benign one it does not", () => {
      const divide = guest("f7 f0   ; div eax");
      breakGate(divide, 0);
      expect(outcomeOf(divide)).to.equal("#8(0) at 1000");
      const undefined_ = guest("0f 0b   ; ud2");
      breakGate(undefined_, 6);
      expect(outcomeOf(undefined_)).to.equal(`#11(${(6 * 8 + 3).toString(16)}) at 1000`);
      const general = guest("b8 78 00 00 00 8e d8   ; mov eax, 0x78; mov ds, ax");
      breakGate(general, 13);
      expect(outcomeOf(general)).to.equal("#8(0) at 1005");
      const both = guest("0f 0b   ; ud2");
      breakGate(both, 6);
      breakGate(both, 11);
      expect(outcomeOf(both), "#UD, #NP, then #NP again").to.equal("#8(0) at 1000");
    });

    it("a fault on the way to a double fault shuts the processor down", () => {
      const made = guest("f7 f0   ; div eax");
      breakGate(made, 0);
      breakGate(made, 8);
      expect(made.vcpu.run().reason).to.equal("KVM_EXIT_SHUTDOWN");
    });

    it("external interrupts and NMIs are benign whatever their vector", () => {
      for (const vector of [0, 13, 14]) {
        const made = guest("90   ; nop");
        breakGate(made, vector);
        made.vcpu.setRegs({ rflags: IF | 2 });
        made.vcpu.interrupt(vector);
        expect(outcomeOf(made)).to.equal(`#11(${(vector * 8 + 3).toString(16)}) at 1000`);
      }
      const made = guest("90   ; nop");
      breakGate(made, 2);
      made.vcpu.nmi();
      expect(outcomeOf(made)).to.equal("#11(13) at 1000");
    });

    describe("with paging", () => {
      const DIRECTORY = 0x9000, TABLE = 0xa000, CR0_PG = 0x80000000;
      function paged(code: string, absent: readonly number[]): Guest {
        const made = guest(code), { vm, vcpu } = made;
        poke(vm, DIRECTORY, 4, TABLE | 7);
        for (let page = 0; page < 16; page++) poke(vm, TABLE + 4 * page, 4, absent.includes(page) ? 0 : (page << 12) | 7);
        vcpu.setSregs({ cr3: DIRECTORY, cr0: 0x11 + CR0_PG });
        return made;
      }
      const LOAD = "a1 00 40 00 00   ; mov eax, [0x4000]";

      it("a contributory fault on the way to a page fault makes a double fault", () => {
        const made = paged(LOAD, [4]);
        breakGate(made, 14);
        expect(outcomeOf(made)).to.equal("#8(0) at 1000");
        expect(made.vcpu.getSregs().cr2).to.equal(0x4000);
      });

      it("a page fault on the way to a page fault makes a double fault", () => {
        const made = paged(LOAD, [4, 5]);
        // The handler's stack is not there for level 3; the double fault has a task of its own.
        poke(made.vm, TSS + 4, 4, 0x6000);
        enterUser(made.vcpu);
        expect(made.vcpu.run().reason, "nor is it for #DF").to.equal("KVM_EXIT_SHUTDOWN");
        expect(made.vcpu.getSregs().cr2).to.equal(0x5ffc);
      });

      it("a page fault on the way to a contributory fault is just that", () => {
        const made = paged("f7 f0   ; div eax", [4]);
        made.vcpu.setSregs({ idt: { base: IDT, limit: 48 * 8 - 1 } });
        poke(made.vm, IDT, 4, (KERNEL_CS << 16) | HANDLERS);
        // The descriptor of vector 0's code segment lies in a page that is not there.
        made.vcpu.setSregs({ gdt: { base: 0x4000 - 0x10, limit: 0x7f } });
        made.vm.writePhys(0x3ff0, made.vm.readPhys(0x2800, 0x10));
        putGate(made, 0, KERNEL_SS, HANDLERS);
        expect(outcomeOf(made)).to.equal("#14(0) at 1000");
        expect(made.vcpu.getSregs().cr2).to.equal(0x4000);
      });
    });

    it("from V86 handlers run at level 0 only", () => {
      const made = guest("0f 0b   ; ud2");
      enterV86(made.vcpu, 0);
      const caught = runToHalt(made);
      expect(caught).to.include({ vector: 6, eip: 0x1000, cs: 0 });
      expect((caught?.eflags ?? 0) & 0x20000).to.equal(0x20000);
    });
  });
}
