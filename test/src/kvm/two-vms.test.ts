// Two VMs in one process, run in turn, know nothing of each other.

import { expect } from "chai";
import { ENGINES, guest32, peek } from "./guest.ts";

describe("two VMs in one process", () => {
  for (const [name, options] of ENGINES) {
    it(`run in turn do not disturb each other, with ${name}`, () => {
      // The same code with another step each, which it counts in memory; every 256 rounds it writes over itself.
      const code = (step: number): string => `
        83 05 00 30 00 00 0${step} ; add dword [0x3000], step
        40                        ; inc eax
        84 c0                     ; test al, al
        75 f4                     ; jnz to the add
        fe 05 06 10 00 00         ; inc byte [0x1006]: the step
        eb ec                     ; jmp to the add
      `;
      const a = guest32(code(1), options), b = guest32(code(5), options);
      for (let i = 0; i < 50; i++) {
        expect(a.vcpu.run({ maxInsns: 97 }).insns).to.equal(97);
        expect(b.vcpu.run({ maxInsns: 101 }).insns).to.equal(101);
      }
      const alone = guest32(code(5), options);
      expect(alone.vcpu.run({ maxInsns: 5050 }).insns).to.equal(5050);
      expect(b.vcpu.getRegs()).to.deep.equal(alone.vcpu.getRegs());
      expect(peek(b.vm, 0x3000, 4)).to.equal(peek(alone.vm, 0x3000, 4));
      expect(peek(b.vm, 0x1006, 1)).to.equal(9);
      expect(peek(a.vm, 0x1006, 1)).to.equal(5);
    });
  }
});
