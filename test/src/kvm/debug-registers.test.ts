// The guest's own debugging (SDM 3B chapter 17): debug registers, single steps, RF, and who may touch what; in every engine.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import type { Guest } from "./guest.ts";
import { bytesOf, Device, ENGINES, peek, poke } from "./guest.ts";
import { enterUser, FREE_DESCRIPTOR, HANDLERS, KERNEL_CS, KERNEL_SS, outcomeOf, protectedGuest, putDescriptor, putGate, runToHalt } from "./protected.ts";

const CR4_DE = 8, TF = 0x100, RF = 0x10000;
const DR6_BD = 0x2000, DR6_BS = 0x4000, DR6_BT = 0x8000, DR6_FIXED = 0xffff0ff0, DR7_GD = 0x2000;
const EXECUTE = 0, WRITE = 1, IO = 2, ACCESS = 3;

/** DR7 with breakpoint `n` enabled for the current task. */
const dr7 = (n: number, condition: number, length = 1): number => (1 << (2 * n)) | (condition << (16 + 4 * n)) | ((length - 1) << (18 + 4 * n)) | 0;
const breakpoint = (made: Guest, n: number, address: number, condition: number, length = 1): void => {
  const { db, dr7: old } = made.vcpu.getDebugregs();
  db[n] = address;
  made.vcpu.setDebugregs({ db, dr7: (old | dr7(n, condition, length)) >>> 0 });
};
const dr6Of = ({ vcpu }: Guest): number => vcpu.getDebugregs().dr6 & ~DR6_FIXED;

for (const [name, options] of ENGINES) {
  const guest = (code: string): Guest => protectedGuest(`${code}\nf4`, options);

  describe(`debug registers with ${name}`, () => {
    it("a code breakpoint stops in front of its insn, which RF lets pass", () => {
      const made = guest("40 43 41   ; inc eax; inc ebx; inc ecx");
      breakpoint(made, 2, 0x1001, EXECUTE);
      const caught = runToHalt(made);
      expect(caught).to.include({ vector: 1, eip: 0x1001 });
      expect((caught?.eflags ?? 0) & RF, "pushed with RF as it was").to.equal(0);
      expect(dr6Of(made)).to.equal(1 << 2);
      expect(made.vcpu.getRegs()).to.include({ rax: 1, rbx: 0 });
      made.vcpu.setRegs({ rip: 0x1001, rflags: RF | 2, rsp: 0x8000 });
      expect(outcomeOf(made)).to.equal("ok");
      expect(made.vcpu.getRegs()).to.include({ rbx: 1, rcx: 1, rflags: 2 });
    });

    it("a fault pushes RF, so that its insn is not stopped at again", () => {
      const made = guest("0f 0b   ; ud2");
      expect((runToHalt(made)?.eflags ?? 0) & RF).to.equal(RF);
    });

    it("a data breakpoint traps behind the insn, at any byte of it", () => {
      for (const [condition, code, hits] of [
        [WRITE, "88 05 03 40 00 00   ; mov [0x4003], al", true], [WRITE, "8a 05 03 40 00 00   ; mov al, [0x4003]", false],
        [ACCESS, "8a 05 03 40 00 00   ; mov al, [0x4003]", true], [WRITE, "a3 fd 3f 00 00   ; mov [0x3ffd], eax", true],
        [WRITE, "a3 fc 3f 00 00   ; mov [0x3ffc], eax", false], [WRITE, "a3 04 40 00 00   ; mov [0x4004], eax", false],
        [ACCESS, "ff 05 00 40 00 00   ; inc dword [0x4000]", true],
      ] as const) {
        const made = guest(code), size = (code.split(";")[0].match(/[0-9a-f]{2}/g) ?? []).length;
        breakpoint(made, 1, 0x4000, condition, 4);
        expect(outcomeOf(made), code).to.equal(hits ? `#1 at ${(0x1000 + size).toString(16)}` : "ok");
        expect(dr6Of(made), code).to.equal(hits ? 2 : 0);
      }
    });

    it("a repeated string insn traps after the element, with RF to go on", () => {
      const made = guest("f3 aa   ; rep stosb"), { vcpu } = made;
      breakpoint(made, 0, 0x4002, WRITE);
      vcpu.setRegs({ rcx: 5, rdi: 0x4000 });
      const caught = runToHalt(made);
      expect(caught).to.include({ vector: 1, eip: 0x1000 });
      expect((caught?.eflags ?? 0) & RF).to.equal(RF);
      expect(vcpu.getRegs()).to.include({ rcx: 2, rdi: 0x4003 });
    });

    it("a port breakpoint needs CR4.DE, and traps behind IN, OUT and each element of OUTS", () => {
      for (const [code, cr4, expected] of [
        ["e6 21   ; out 0x21, al", CR4_DE, "#1 at 1002"], ["e4 20   ; in al, 0x20", CR4_DE, "#1 at 1002"], ["66 e7 1f   ; out 0x1f, ax", CR4_DE, "#1 at 1003"],
        ["e6 22   ; out 0x22, al", CR4_DE, "ok"], ["e6 21   ; out 0x21, al", 0, "ok"], ["f3 6e   ; rep outsb", CR4_DE, "#1 at 1000"],
      ] as const) {
        const made = guest(code), { vcpu } = made, device = new Device();
        vcpu.setSregs({ cr4 });
        vcpu.setRegs({ rdx: 0x20, rcx: 3, rsi: 0x4000 });
        breakpoint(made, 3, 0x20, IO, 2);
        expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
        const { rip, rsp } = vcpu.getRegs();
        expect(rip === HANDLERS + 2 ? `#1 at ${peek(made.vm, rsp, 4).toString(16)}` : "ok", code).to.equal(expected);
        expect(dr6Of(made), code).to.equal(expected === "ok" ? 0 : 8);
        expect(device.diary.length, code).to.equal(1 + Number(code.includes("outsb") && expected === "ok") * 2);
      }
    });

    it("TF traps behind each insn, repeated ones after each element, and not behind MOV SS and POP SS", () => {
      const made = protectedGuest(`
        40                        ; inc eax
        8e d0                     ; mov ss, ax
        43                        ; inc ebx: in the shadow
        16 17                     ; push ss; pop ss
        43                        ; inc ebx: in the shadow
        f3 a4                     ; rep movsb
        9c                        ; pushf
      `, options), { vm, vcpu } = made;
      const trace: string[] = [];
      putGate(made, 1, KERNEL_CS, 0x1800);
      // The handler tells where it was called from.
      vm.writePhys(0x1800, bytesOf("50 8b 44 24 04 e7 10 58 cf   ; push eax; mov eax, [esp + 4]; out 0x10, eax; pop eax; iret"));
      vcpu.setRegs({ rax: KERNEL_SS - 1, rcx: 2, rsi: 0x4000, rdi: 0x4100, rflags: TF | 2 });
      while (trace.length < 7) {
        const exit = vcpu.run();
        if (exit.reason !== "KVM_EXIT_IO") throw new Error(exit.reason);
        trace.push((exit.data[0] | (exit.data[1] << 8)).toString(16));
      }
      expect(trace).to.deep.equal(["1001", "1004", "1005", "1007", "1007", "1009", "100a"]);
      expect(peek(vm, 0x7ffc, 4) & TF, "PUSHF sees it").to.equal(TF);
      expect(dr6Of(made)).to.equal(DR6_BS);
    });

    it("TF traps behind OUT and IN that leave for a device, once", () => {
      const made = guest("e6 10 e4 10   ; out 0x10, al; in al, 0x10"), { vcpu } = made, device = new Device();
      vcpu.setRegs({ rflags: TF | 2 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect([vcpu.getRegs().rip - 1, peek(made.vm, 0x8000 - 12, 4)]).to.deep.equal([HANDLERS + 1, 0x1002]);
      vcpu.setRegs({ rip: 0x1002, rsp: 0x8000, rflags: TF | 2 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect([vcpu.getRegs().rip - 1, peek(made.vm, 0x8000 - 12, 4)]).to.deep.equal([HANDLERS + 1, 0x1004]);
      expect(device.diary).to.deep.equal(["out1 10=0", "in1 10"]);
    });

    it("an insn that leaves for a device is not stopped at again when it goes on", () => {
      const made = guest("e4 10   ; in al, 0x10"), { vcpu } = made, device = new Device();
      breakpoint(made, 0, 0x1000, EXECUTE);
      vcpu.setRegs({ rflags: RF | 2 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs().rip).to.equal(0x1003);
      expect(device.diary).to.deep.equal(["in1 10"]);
    });

    it("MOV SS puts a data breakpoint off until the next insn, even if that enters a handler", () => {
      const made = guest("8e 15 00 40 00 00 90   ; mov ss, [0x4000]; nop"), { vm } = made;
      poke(vm, 0x4000, 2, KERNEL_SS);
      breakpoint(made, 0, 0x4000, ACCESS, 2);
      expect(outcomeOf(made)).to.equal("#1 at 1007");
      const other = guest("8e 15 00 40 00 00 cd 21   ; mov ss, [0x4000]; int 0x21");
      poke(other.vm, 0x4000, 2, KERNEL_SS);
      breakpoint(other, 0, 0x4000, ACCESS, 2);
      expect(outcomeOf(other)).to.equal(`#1 at ${(HANDLERS + 0x21).toString(16)}`);
    });

    it("a code breakpoint behind MOV SS is not seen", () => {
      const made = guest("8e d0 40   ; mov ss, ax; inc eax");
      made.vcpu.setRegs({ rax: KERNEL_SS });
      breakpoint(made, 0, 0x1002, EXECUTE);
      expect(outcomeOf(made)).to.equal("ok");
    });

    it("INT n enters its handler with TF off, which the return restores", () => {
      const made = guest("cd 21 40   ; int 0x21; inc eax"), { vm, vcpu } = made;
      putGate(made, 0x21, KERNEL_CS, 0x1800);
      vm.writePhys(0x1800, bytesOf("43 cf   ; inc ebx; iret"));
      vcpu.setRegs({ rflags: TF | 2 });
      expect(outcomeOf(made), "IRET loads TF, which traps one insn later").to.equal("#1 at 1003");
      expect(vcpu.getRegs()).to.include({ rbx: 1, rax: 1 });
    });

    it("TF traps behind HLT, which ends it", () => {
      const made = protectedGuest("f4 40   ; hlt; inc eax", options);
      made.vcpu.setRegs({ rflags: TF | 2 });
      expect(outcomeOf(made)).to.equal("#1 at 1001");
    });

    it("DR7.GD guards the registers: #DB in front of the MOV, and off in the handler", () => {
      for (const code of ["0f 21 c0   ; mov eax, dr0", "0f 23 f8   ; mov dr7, eax"]) {
        const made = guest(code);
        made.vcpu.setDebugregs({ dr7: DR7_GD });
        const caught = runToHalt(made);
        expect(caught, code).to.include({ vector: 1, eip: 0x1000 });
        expect((caught?.eflags ?? 0) & RF, "it is a fault").to.equal(RF);
        expect(dr6Of(made)).to.equal(DR6_BD);
        expect(made.vcpu.getDebugregs().dr7).to.equal(0x400);
        const user = guest(code);
        user.vcpu.setDebugregs({ dr7: DR7_GD });
        enterUser(user.vcpu);
        expect(outcomeOf(user), "privilege comes first").to.equal("#13(0) at 1000");
      }
    });

    it("DR4 and DR5 are DR6 and DR7, unless CR4.DE is set", () => {
      const code = "0f 23 e8 0f 21 fb 0f 21 e1   ; mov dr5, eax; mov ebx, dr7; mov ecx, dr4", made = guest(code);
      made.vcpu.setRegs({ rax: 0xf0000 });
      expect(outcomeOf(made)).to.equal("ok");
      expect(made.vcpu.getRegs()).to.include({ rbx: 0xf0400, rcx: 0xffff0ff0 });
      const extended = guest(code);
      extended.vcpu.setSregs({ cr4: CR4_DE });
      expect(outcomeOf(extended)).to.equal("#6 at 1000");
    });

    it("fixed bits of DR6 and DR7 cannot be written", () => {
      const made = guest("0f 23 f0 0f 21 f3 31 c0 0f 23 f0 0f 21 f1   ; mov dr6, eax; mov ebx, dr6; xor eax, eax; mov dr6, eax; mov ecx, dr6");
      made.vcpu.setRegs({ rax: 0xffffffff });
      expect(outcomeOf(made)).to.equal("ok");
      expect(made.vcpu.getRegs()).to.include({ rbx: 0xffffefff, rcx: 0xffff0ff0 });
    });

    it("INT1 enters the handler of #DB, whatever its gate's DPL, and leaves DR6 alone", () => {
      const made = guest("f1   ; int1");
      putGate(made, 1, KERNEL_CS, HANDLERS + 1, 0x8e);
      made.vcpu.setDebugregs({ dr7: DR7_GD });
      enterUser(made.vcpu);
      const caught = runToHalt(made);
      expect(caught).to.include({ vector: 1, eip: 0x1001 });
      expect((caught?.eflags ?? 0) & RF).to.equal(0);
      expect(dr6Of(made)).to.equal(0);
      expect(made.vcpu.getDebugregs().dr7, "GD off").to.equal(0x400);
    });

    describe("a task switch", () => {
      const TASK = 0x5000, SELECTOR = FREE_DESCRIPTOR;
      function withTask(code: string, given: VmOptions, trap: number): Guest {
        const made = protectedGuest(code, given), { vm } = made;
        putDescriptor(made, SELECTOR, TASK, 0x67, 0x89);
        for (const [at, value] of [[0x20, 0x1200], [0x24, 2], [0x38, 0x7800], [0x48, KERNEL_SS], [0x4c, KERNEL_CS], [0x50, KERNEL_SS], [0x54, KERNEL_SS]] as const) poke(vm, TASK + at, 4, value);
        poke(vm, TASK + 0x64, 2, trap);
        vm.writePhys(0x1200, bytesOf("40 f4   ; inc eax; hlt"));
        return made;
      }

      it("traps in front of the new task's first insn if its T bit is set", () => {
        const made = withTask(`ea 00 00 00 00 ${SELECTOR.toString(16)} 00   ; jmp far`, options, 1);
        expect(outcomeOf(made)).to.equal("#1 at 1200");
        expect(dr6Of(made)).to.equal(DR6_BT);
        expect(outcomeOf(withTask(`ea 00 00 00 00 ${SELECTOR.toString(16)} 00   ; jmp far`, options, 0))).to.equal("ok");
      });

      it("does so by a task gate too, and the interrupted task goes on", () => {
        const made = withTask("cd 21 f4   ; int 0x21; hlt", options, 1);
        putGate(made, 0x21, SELECTOR, 0, 0xe5);
        expect(outcomeOf(made)).to.equal("#1 at 1200");
      });

      it("switches the task's own breakpoints off", () => {
        const made = withTask(`ea 00 00 00 00 ${SELECTOR.toString(16)} 00   ; jmp far`, options, 0);
        made.vcpu.setDebugregs({ db: [0x1200, 0x4000, 0, 0], dr7: 0x30b + (WRITE << 20) });
        expect(outcomeOf(made)).to.equal("#1 at 1200");
        expect(dr6Of(made), "by the global enable of breakpoint 0").to.equal(1);
        expect(made.vcpu.getDebugregs().dr7).to.equal(0x60a + (WRITE << 20) + 0);
      });

      it("loads RF from the new task", () => {
        const made = withTask(`ea 00 00 00 00 ${SELECTOR.toString(16)} 00   ; jmp far`, options, 0);
        poke(made.vm, TASK + 0x24, 4, RF | 2);
        made.vcpu.setDebugregs({ db: [0x1200, 0, 0, 0], dr7: 2 });
        expect(outcomeOf(made)).to.equal("ok");
      });
    });
  });
}
