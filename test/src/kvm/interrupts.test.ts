// External interrupts: queued, delivered when the guest takes them, and the window that tells when that is.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { KVM_X86_SHADOW_INT_STI } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { bytesOf, Device, ENGINES, guest16, peek, poke } from "./guest.ts";

const HANDLER = 0x2000;

/** A real-mode guest whose vector 0x20 counts in BX. */
function guestWithHandler(code: string, options: VmOptions) {
  const made = guest16(code, options);
  poke(made.vm, 0x20 * 4, 4, HANDLER);
  made.vm.writePhys(HANDLER, bytesOf(`
    43                            ; inc bx
    cf                            ; iret
  `));
  return made;
}

for (const [name, options] of ENGINES) {
  describe(`Vcpu.interrupt with ${name}`, () => {
    it("is delivered before the next insn while IF is 1", () => {
      const { vm, vcpu } = guestWithHandler("40 f4   ; inc ax; hlt", options);
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000 });
      expect(vcpu.readyForInterruptInjection).to.equal(true);
      vcpu.interrupt(0x20);
      expect(vcpu.readyForInterruptInjection).to.equal(false);
      expect(vcpu.run({ maxInsns: 1 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 1 });
      expect(vcpu.getRegs()).to.include({ rip: HANDLER + 1, rbx: 1, rax: 0, rflags: 2, rsp: 0x7ffa });
      expect([peek(vm, 0x7ffa, 2), peek(vm, 0x7ffc, 2), peek(vm, 0x7ffe, 2)]).to.deep.equal([0x1000, 0, 0x202]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 3 });
      expect(vcpu.getRegs()).to.include({ rax: 1, rbx: 1, rsp: 0x8000 });
    });

    it("waits while IF is 0, and one insn longer after STI", () => {
      const { vcpu } = guestWithHandler(`
        40                        ; inc ax
        fb                        ; sti
        40                        ; inc ax: in the shadow of STI
        40                        ; inc ax
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rsp: 0x8000 });
      vcpu.interrupt(0x20);
      expect(vcpu.ifFlag).to.equal(false);
      expect(vcpu.run({ maxInsns: 3 }).insns).to.equal(3);
      expect(vcpu.getRegs()).to.include({ rip: 0x1003, rax: 2, rbx: 0 });
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: HANDLER + 1, rax: 2, rbx: 1 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rax: 3, rbx: 1 });
    });

    it("comes between STI and CLI never, and wakes HLT after STI", () => {
      const { vcpu } = guestWithHandler(`
        fb                        ; sti
        fa                        ; cli
        40                        ; inc ax
        fb                        ; sti
        f4                        ; hlt
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rsp: 0x8000 });
      vcpu.interrupt(0x20);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 5 });
      expect(vcpu.getRegs(), "HLT is in the shadow of STI").to.include({ rip: 0x1005, rbx: 0 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 3 });
      expect(vcpu.getRegs()).to.include({ rip: 0x1006, rbx: 1 });
    });

    it("finds the shadow of STI wherever a budget ends, and the window behind it", () => {
      const { vcpu } = guestWithHandler(`
        fb                        ; sti
        40                        ; inc ax
        fa                        ; cli
        43                        ; inc bx
        eb fa                     ; jmp 0x1000
      `, options);
      vcpu.setRegs({ rsp: 0x8000 });
      for (let retired = 0; retired < 240; retired += 8) {
        vcpu.run({ maxInsns: 8 });
        const { rip } = vcpu.getRegs();
        expect(vcpu.getVcpuEvents().interrupt.shadow, `at ${rip}`).to.equal(rip === 0x1001 ? KVM_X86_SHADOW_INT_STI : 0);
      }
      vcpu.requestInterruptWindow = true;
      for (let windows = 0; windows < 20; windows++) {
        expect(vcpu.run().reason).to.equal("KVM_EXIT_IRQ_WINDOW_OPEN");
        expect(vcpu.getRegs().rip).to.equal(0x1002);
        vcpu.requestInterruptWindow = false;
        vcpu.run({ maxInsns: 3 });
        vcpu.requestInterruptWindow = true;
      }
    });

    it("waits in the shadow of MOV SS and POP SS", () => {
      const { vcpu } = guestWithHandler(`
        fb                        ; sti
        8e d0                     ; mov ss, ax
        bc 00 80                  ; mov sp, 0x8000
        16                        ; push ss
        17                        ; pop ss
        90                        ; nop
        90                        ; nop
        f4                        ; hlt
      `, options);
      vcpu.interrupt(0x20);
      vcpu.run({ maxInsns: 3 });
      expect(vcpu.getRegs(), "after MOV SP").to.include({ rip: 0x1006, rbx: 0 });
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: HANDLER + 1, rbx: 1 });
      vcpu.run({ maxInsns: 2 });
      expect(vcpu.getRegs(), "after PUSH").to.include({ rip: 0x1007 });
      vcpu.interrupt(0x20);
      vcpu.setRegs({ rflags: 0x002 });
      vcpu.run({ maxInsns: 1 });
      vcpu.setRegs({ rflags: 0x202 });
      expect(vcpu.readyForInterruptInjection).to.equal(false);
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs(), "after the NOP that follows POP SS").to.include({ rip: 0x1009, rbx: 1 });
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs().rbx).to.equal(2);
    });

    it("is queued one at a time", () => {
      const { vcpu } = guestWithHandler("90 f4   ; nop; hlt", options);
      vcpu.interrupt(0x20);
      expectErrno("EEXIST", /vector 32 is waiting/, () => vcpu.interrupt(0x21));
      expectErrno("EINVAL", /vector is 256/, () => vcpu.interrupt(256));
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000 });
      vcpu.run({ maxInsns: 1 });
      vcpu.interrupt(0x20);
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs().rbx).to.equal(2);
    });

    it("opens the window when the guest takes interrupts, and not before", () => {
      const { vcpu } = guestWithHandler(`
        40                        ; inc ax
        fb                        ; sti
        40                        ; inc ax
        40                        ; inc ax
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rsp: 0x8000 });
      vcpu.requestInterruptWindow = true;
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_IRQ_WINDOW_OPEN", insns: 3 });
      expect([vcpu.readyForInterruptInjection, vcpu.ifFlag, vcpu.getRegs().rip]).to.deep.equal([true, true, 0x1003]);
      expect(vcpu.run(), "as long as it is requested").to.deep.equal({ reason: "KVM_EXIT_IRQ_WINDOW_OPEN", insns: 0 });
      vcpu.requestInterruptWindow = false;
      vcpu.interrupt(0x20);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 4 });
      expect(vcpu.getRegs().rbx).to.equal(1);
    });

    it("opens the window again after what was queued has been delivered", () => {
      const { vcpu } = guestWithHandler("40 40 f4   ; inc ax twice; hlt", options);
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000 });
      vcpu.interrupt(0x20);
      vcpu.requestInterruptWindow = true;
      expect(vcpu.run(), "INC and IRET of the handler").to.deep.equal({ reason: "KVM_EXIT_IRQ_WINDOW_OPEN", insns: 2 });
      expect(vcpu.getRegs()).to.include({ rip: 0x1000, rbx: 1 });
    });

    it("waits until an IN has its data, whatever comes between", () => {
      const { vcpu } = guestWithHandler("ec f4   ; in al, dx; hlt", options);
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000, rdx: 0x60 });
      const exit = vcpu.run();
      if (exit.reason !== "KVM_EXIT_IO") throw new Error(exit.reason);
      exit.data[0] = 0x5a;
      vcpu.interrupt(0x20);
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: 0x1001, rax: 0x5a, rbx: 0 });
      expect(vcpu.run({ maxInsns: 1 }).insns).to.equal(1);
      expect(vcpu.getRegs()).to.include({ rip: HANDLER + 1, rbx: 1 });
    });

    it("comes between the elements of a repeated string insn, whose accesses are still made once each", () => {
      const { vcpu } = guestWithHandler(`
        f3 6c                     ; rep insb
        f4                        ; hlt
      `, options);
      vcpu.setSregs({ es: { base: 0x100000 } });
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000, rdx: 0x60, rcx: 4, rdi: 0 });
      const device = new Device();
      let interrupts = 0;
      for (let exit = vcpu.run(); exit.reason !== "KVM_EXIT_HLT"; exit = vcpu.run()) {
        expect(device.answers(exit)).to.equal(true);
        // In the middle of an element, each time.
        if (exit.reason === "KVM_EXIT_IO" && interrupts < 2) {
          vcpu.interrupt(0x20);
          interrupts++;
        }
      }
      expect(vcpu.getRegs()).to.include({ rbx: 2, rcx: 0, rdi: 4 });
      expect(device.diary).to.deep.equal([
        "in1 60", "w1 100000=0", "in1 60", "w1 100001=0", "in1 60", "w1 100002=0", "in1 60", "w1 100003=0",
      ]);
    });

    it("finds RF set between the elements of a repeated string insn, and as it was behind the last", () => {
      const { vcpu } = guestWithHandler("f3 aa f4   ; rep stosb; hlt", options), RF = 0x10000, seen: number[] = [];
      vcpu.setSregs({ es: { base: 0x100000 } });
      vcpu.setRegs({ rflags: 2, rsp: 0x8000, rcx: 3, rdi: 0 });
      const device = new Device();
      for (let exit = vcpu.run(); device.answers(exit); exit = vcpu.run()) seen.push(vcpu.getRegs().rflags & RF);
      expect(seen).to.deep.equal([RF, RF, 0]);
      expect(vcpu.getRegs()).to.include({ rcx: 0, rflags: 2 });
    });

    it("is raised by a port handler in the middle of a run", () => {
      const { vm, vcpu } = guestWithHandler(`
        e6 10                     ; out 0x10, al
        40                        ; inc ax
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rflags: 0x202, rsp: 0x8000 });
      vm.handlePorts({ first: 0x10, count: 1, write: () => vcpu.interrupt(0x20) });
      expect(vcpu.run({ maxInsns: 2 }).insns).to.equal(2);
      expect(vcpu.getRegs(), "before the INC").to.include({ rip: HANDLER + 1, rax: 0, rbx: 1 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
    });
  });
}
