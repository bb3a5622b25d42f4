// VME and PVI (SDM 3B chapter 21): VIF and VIP in V86 and at level 3, and the redirection of INT n, in every engine.

import { expect } from "chai";
import type { Guest } from "./guest.ts";
import { ENGINES, peek, poke } from "./guest.ts";
import { enterUser, enterV86, outcomeOf, protectedGuest, REDIRECTIONS, runToHalt, TSS_SELECTOR, USER_STACK } from "./protected.ts";

const VME = 1, PVI = 2;
const IF = 0x200, TF = 0x100, NT = 0x4000, VIF = 0x80000, VIP = 0x100000, IOPL0 = 0, IOPL3 = 0x3000;
/** What every guest below ends with: HLT is #GP(0) outside level 0. */
const END = "\nf4";

for (const [name, options] of ENGINES) {
  /** Runs V86 code up to its HLT; the flags there, and where it came to. */
  const v86 = (code: string, rflags: number, cr4: number, prepare: (guest: Guest) => void = () => undefined) => {
    const made = protectedGuest(`${code}${END}`, options);
    made.vcpu.setSregs({ cr4 });
    enterV86(made.vcpu, rflags);
    prepare(made);
    return { ...made, caught: runToHalt(made) };
  };
  const eflagsAfter = (...args: Parameters<typeof v86>): string => {
    const { caught } = v86(...args);
    const size = (args[0].split(";")[0].trim().match(/[0-9a-f]{2}/g) ?? []).length;
    if (caught === null) return "halted";
    const at = caught.vector === 13 && caught.error === 0 && caught.eip === 0x1000 + size ? "" : `#${caught.vector} at ${caught.eip.toString(16)} `;
    return at + [[IF, "IF"], [VIF, "VIF"], [VIP, "VIP"], [NT, "NT"]].filter(([bit]) => (caught.eflags & (bit as number)) !== 0).map(([, text]) => text).join(" ");
  };
  const CLI = "fa   ; cli", STI = "fb   ; sti";

  describe(`virtual interrupts with ${name}`, () => {
    it("CLI and STI of V86 act on VIF with VME, on IF with IOPL 3, else they are #GP(0)", () => {
      expect(eflagsAfter(CLI, IF | VIF | IOPL0, VME)).to.equal("IF");
      expect(eflagsAfter(STI, IOPL0, VME)).to.equal("VIF");
      expect(eflagsAfter(CLI, IF | VIF | IOPL3, VME)).to.equal("VIF");
      expect(eflagsAfter(STI, IOPL3, VME)).to.equal("IF");
      expect(eflagsAfter(CLI, IF | IOPL0, 0)).to.equal("#13 at 1000 IF");
      expect(eflagsAfter(STI, IOPL0, 0)).to.equal("#13 at 1000 ");
      expect(eflagsAfter(STI, IOPL0, PVI), "PVI is not for V86").to.equal("#13 at 1000 ");
    });

    it("STI of V86 with VIP waiting is #GP(0)", () => {
      expect(eflagsAfter(STI, VIP | IOPL0, VME)).to.equal("#13 at 1000 VIP");
      expect(eflagsAfter(STI, VIP | IOPL3, VME)).to.equal("IF VIP");
      expect(eflagsAfter(CLI, VIP | IOPL0, VME)).to.equal("VIP");
    });

    it("PUSHF of V86 shows VIF as IF, and IOPL 3", () => {
      const pushed = (rflags: number, cr4: number) => peek(v86("9c   ; pushf", rflags, cr4).vm, USER_STACK - 2, 2);
      expect(pushed(IF | NT | IOPL0, VME)).to.equal(NT | IOPL3 | 2);
      expect(pushed(VIF | IOPL0, VME)).to.equal(IF | IOPL3 | 2);
      expect(pushed(VIF | IOPL3, VME)).to.equal(IOPL3 | 2);
      expect(eflagsAfter("9c   ; pushf", IOPL0, 0)).to.equal("#13 at 1000 ");
      expect(eflagsAfter("66 9c   ; pushfd", IOPL0, VME)).to.equal("#13 at 1000 ");
      expect(peek(v86("66 9c   ; pushfd", IOPL3 | VIF, VME).vm, USER_STACK - 4, 4)).to.equal(VIF | IOPL3 | 2);
    });

    it("POPF of V86 loads VIF from IF; with TF, or IF while VIP waits, it is #GP(0)", () => {
      const popped = (value: number, rflags: number, cr4 = VME) => eflagsAfter("9d   ; popf", rflags, cr4, ({ vm }) => poke(vm, USER_STACK, 2, value));
      expect(popped(IF | NT, IOPL0)).to.equal("VIF NT");
      expect(popped(0, IF | VIF | IOPL0)).to.equal("IF");
      expect(popped(IF, VIP | IOPL0)).to.equal("#13 at 1000 VIP");
      expect(popped(0, VIP | IOPL0)).to.equal("VIP");
      expect(popped(TF, IOPL0)).to.equal("#13 at 1000 ");
      expect(popped(IF, VIF | IOPL3)).to.equal("IF VIF");
      expect(popped(IF, IOPL0, 0)).to.equal("#13 at 1000 ");
      expect(eflagsAfter("66 9d   ; popfd", IOPL0, VME)).to.equal("#13 at 1000 ");
      const { vcpu } = v86("9d   ; popf", IOPL0, VME, ({ vm }) => poke(vm, USER_STACK, 2, TF));
      expect(vcpu.getRegs().rsp, "nothing was popped: the level-0 frame holds it").to.equal(0x8000 - 40);
    });

    it("IRET of V86 does the same with the flags it pops", () => {
      const returned = (value: number, rflags: number, cr4: number) => eflagsAfter("cf   ; iret", rflags, cr4, ({ vm }) => {
        poke(vm, USER_STACK, 2, 0x1001);
        poke(vm, USER_STACK + 2, 2, 0);
        poke(vm, USER_STACK + 4, 2, value);
      });
      expect(returned(IF | NT, IOPL0, VME)).to.equal("VIF NT");
      expect(returned(IF, VIP | IOPL0, VME)).to.equal("#13 at 1000 VIP");
      expect(returned(TF, IOPL0, VME)).to.equal("#13 at 1000 ");
      expect(returned(IF, IOPL3, VME)).to.equal("IF");
      expect(returned(IF, IOPL0, 0)).to.equal("#13 at 1000 ");
      expect(eflagsAfter("66 cf   ; iretd", IOPL0, VME)).to.equal("#13 at 1000 ");
    });

    describe("INT n of V86", () => {
      const VECTOR = 0x21, HANDLER = 0x1800;
      const int = (rflags: number, cr4: number, isDirected: boolean) => v86("cd 21   ; int 0x21", rflags, cr4, ({ vm }) => {
        poke(vm, 4 * VECTOR, 2, HANDLER & 15);
        poke(vm, 4 * VECTOR + 2, 2, HANDLER >> 4);
        poke(vm, HANDLER, 1, 0xf4);
        poke(vm, REDIRECTIONS + (VECTOR >> 3), 1, isDirected ? 1 << (VECTOR & 7) : ~(1 << (VECTOR & 7)));
      });
      const frame = ({ vm }: Guest) => [0, 2, 4].map((n) => peek(vm, USER_STACK - 6 + n, 2));

      it("goes to the program's own handler where the map says so, with VIF as IF", () => {
        const made = int(VIF | NT | IOPL0, VME, false);
        expect(made.caught).to.include({ vector: 13, eip: HANDLER & 15, cs: HANDLER >> 4 });
        expect((made.caught?.eflags ?? 0) & (IF | VIF | TF | NT)).to.equal(NT);
        expect(frame(made)).to.deep.equal([0x1002, 0, IF | NT | IOPL3 | 2]);
      });

      it("with IOPL 3 the handler has IF off", () => {
        const made = int(IF | VIF | IOPL3, VME, false);
        expect(made.caught).to.include({ vector: 13, eip: HANDLER & 15, cs: HANDLER >> 4 });
        expect((made.caught?.eflags ?? 0) & (IF | VIF)).to.equal(VIF);
        expect(frame(made)).to.deep.equal([0x1002, 0, IF | IOPL3 | 2]);
      });

      it("goes through the IDT where the map says so, if IOPL is 3", () => {
        expect(int(IOPL3, VME, true).caught).to.include({ vector: VECTOR, eip: 0x1002 });
        expect(int(IOPL0, VME, true).caught).to.include({ vector: 13, error: 0, eip: 0x1000 });
        expect(int(IOPL3, 0, false).caught, "without VME").to.include({ vector: VECTOR, eip: 0x1002 });
        expect(int(IOPL0, 0, false).caught).to.include({ vector: 13, error: 0, eip: 0x1000 });
      });

      it("is #GP(0) where the task has no map", () => {
        for (const limit of [0x66, 0x68 + 3]) {
          const made = protectedGuest("cd 21   ; int 0x21", options);
          const tr = { selector: TSS_SELECTOR, limit };
          made.vcpu.setSregs({ cr4: VME, tr });
          enterV86(made.vcpu, IOPL3);
          expect(outcomeOf(made)).to.equal("#13(0) at 1000");
        }
      });

      it("INT3 and INTO always go through the IDT", () => {
        expect(v86("cc   ; int3", IOPL0, VME).caught).to.include({ vector: 3, eip: 0x1001 });
        expect(v86("ce   ; into", IOPL0 | 0x800, VME).caught).to.include({ vector: 4, eip: 0x1001 });
      });
    });

    it("with PVI, CLI and STI of level 3 act on VIF, and PUSHF and POPF are as ever", () => {
      const user = (code: string, rflags: number, cr4: number): string => {
        const made = protectedGuest(`${code}${END}`, options);
        made.vcpu.setSregs({ cr4 });
        enterUser(made.vcpu);
        made.vcpu.setRegs({ rflags: rflags | 2 });
        const caught = runToHalt(made);
        if (caught === null) return "halted";
        const flags = [[IF, "IF"], [VIF, "VIF"], [VIP, "VIP"]].filter(([bit]) => (caught.eflags & (bit as number)) !== 0).map(([, text]) => text).join(" ");
        return caught.eip === 0x1000 ? `#${caught.vector} ${flags}` : flags;
      };
      expect(user(STI, 0, PVI)).to.equal("VIF");
      expect(user(CLI, IF | VIF, PVI)).to.equal("IF");
      expect(user(STI, VIP, PVI)).to.equal("#13 VIP");
      expect(user(STI, 0, 0)).to.equal("#13 ");
      expect(user(STI, 0, VME), "VME is for V86").to.equal("#13 ");
      expect(user(STI, IOPL3, PVI)).to.equal("IF");
      expect(user("9c 81 0c 24 00 02 00 00 9d   ; pushf; or dword [esp], IF; popf", VIF, PVI), "POPF leaves both alone").to.equal("VIF");
    });

    it("a program that is entered with VIF and VIP set is stopped in front of its first insn", () => {
      const entered = (frame: readonly number[], cr4: number) => {
        const made = protectedGuest("cf   ; iretd", options), { vm, vcpu } = made;
        frame.forEach((word, i) => poke(vm, 0x7f00 + 4 * i, 4, word));
        vcpu.setSregs({ cr4 });
        vcpu.setRegs({ rsp: 0x7f00 });
        poke(vm, 0x1200, 2, 0xf440);
        return outcomeOf(made);
      };
      const toUser = (flags: number) => [0x1200, 0x1b, flags, USER_STACK, 0x23], toV86 = (flags: number) => [0x1200, 0, flags | 0x20000, USER_STACK, 0, 0, 0, 0, 0];
      expect(entered(toUser(VIF | VIP), PVI)).to.equal("#13(0) at 1200");
      expect(entered(toUser(VIF | VIP), VME)).to.equal("#13(0) at 1201");
      expect(entered(toUser(VIF), PVI)).to.equal("#13(0) at 1201");
      expect(entered(toV86(VIF | VIP), VME)).to.equal("#13(0) at 1200");
      expect(entered(toV86(VIP), VME)).to.equal("#13(0) at 1201");
    });

    it("IRETD of level 0 loads VIF and VIP only on a processor with VME", () => {
      for (const [cpu, expected] of [["max", VIF | VIP], ["max,-vme", 0]] as const) {
        const made = protectedGuest("68 02 00 18 00 6a 08 68 0d 10 00 00 cf f4   ; push VIF | VIP | 2; push 8; push next; iretd; hlt", options, cpu);
        expect(runToHalt(made)).to.equal(null);
        expect(made.vcpu.getRegs().rflags & (VIF | VIP)).to.equal(expected);
      }
    });
  });
}
