// SYSENTER and SYSEXIT (SDM 2B), in every engine.

import { expect } from "chai";
import { ENGINES } from "./guest.ts";
import { enterUser, enterV86, KERNEL_CS, KERNEL_SS, outcomeOf, protectedGuest, USER_CS, USER_SS } from "./protected.ts";

const ENTRY = 0x1100, ENTRY_STACK = 0x7800;

/** Level 0 sets the three MSRs. */
const SET_MSRS = `
  31 d2                     ; xor edx, edx
  b9 74 01 00 00            ; mov ecx, IA32_SYSENTER_CS
  b8 08 00 00 00 0f 30      ; mov eax, 8; wrmsr
  41 b8 00 78 00 00 0f 30   ; inc ecx; mov eax, ENTRY_STACK; wrmsr
  41 b8 00 11 00 00 0f 30   ; inc ecx; mov eax, ENTRY; wrmsr
`;

for (const [name, options] of ENGINES) {
  describe(`SYSENTER and SYSEXIT with ${name}`, () => {
    const prepared = (code: string) => {
      const made = protectedGuest(`${SET_MSRS} f4 ${code}`, options);
      expect(made.vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      return made;
    };

    it("SYSENTER goes to level 0 with flat segments, its own stack and interrupts off", () => {
      const made = prepared("0f 34   ; sysenter"), { vm, vcpu } = made;
      vm.writePhys(ENTRY, Uint8Array.of(0xf4));
      enterUser(vcpu);
      vcpu.setRegs({ rflags: 0x10202 });
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rip: ENTRY + 1, rsp: ENTRY_STACK, rflags: 2 });
      const { cs, ss, ds } = vcpu.getSregs();
      const flat = { base: 0, limit: 0xffffffff, present: 1, dpl: 0, db: 1, s: 1, g: 1 };
      expect(cs).to.include({ ...flat, selector: KERNEL_CS, type: 11 });
      expect(ss).to.include({ ...flat, selector: KERNEL_SS, type: 3 });
      expect(ds.selector, "the others stay").to.equal(USER_SS);
    });

    it("SYSEXIT goes back to level 3 at EDX with ECX as its stack", () => {
      const made = prepared("b9 00 70 00 00 ba 00 12 00 00 0f 35   ; mov ecx, USER_STACK; mov edx, 0x1200; sysexit"), { vm, vcpu } = made;
      vm.writePhys(0x1200, Uint8Array.of(0xf4));
      expect(outcomeOf(made), "HLT is for level 0").to.equal("#13(0) at 1200");
      const stack = vcpu.getRegs().rsp;
      expect(Array.from({ length: 5 }, (_, i) => vm.readPhys(stack + 4 + 4 * i, 2)[0])).to.deep.equal([0, USER_CS, 2, 0, USER_SS]);
    });

    it("SYSENTER leaves V86", () => {
      const made = prepared(""), { vm, vcpu } = made;
      vm.writePhys(0x1000, Uint8Array.of(0x0f, 0x34));
      vm.writePhys(ENTRY, Uint8Array.of(0xf4));
      enterV86(vcpu, 0x200);
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rip: ENTRY + 1, rflags: 2 });
    });

    it("SYSEXIT is for level 0", () => {
      const made = prepared("0f 35   ; sysexit");
      enterUser(made.vcpu);
      expect(outcomeOf(made)).to.match(/^#13\(0\)/);
    });

    it("both are #GP(0) until there is a code segment, and undefined without SEP", () => {
      for (const code of ["0f 34", "0f 35"]) {
        expect(outcomeOf(protectedGuest(code, options))).to.equal("#13(0) at 1000");
        expect(outcomeOf(protectedGuest(code, options, "max,-sep"))).to.equal("#6 at 1000");
      }
      const made = protectedGuest("b9 74 01 00 00 b8 03 00 00 00 99 0f 30 0f 34   ; IA32_SYSENTER_CS = 3; sysenter", options);
      expect(outcomeOf(made), "a null selector").to.equal("#13(0) at 100d");
    });
  });
}
