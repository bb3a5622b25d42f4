// Budgets are exact in every engine: stopped after any number of insns, all are in the same state.

import { expect } from "chai";
import { CODE, Device, ENGINES, guest32, poke } from "./guest.ts";
import { enterUser, protectedGuest, putGate, USER_CS } from "./protected.ts";

/** Loops, calls, string insns, I/O, a store over code that has run, and a fault that is handled. */
const PROGRAM = `
  b9 04 00 00 00                  ; 1000 mov ecx, 4
  01 c8                           ; 1005 add eax, ecx
  e8 16 00 00 00                  ; 1007 call 0x1022
  e2 f7                           ; 100c loop 0x1005
  b9 06 00 00 00                  ; 100e mov ecx, 6
  be 00 10 00 00                  ; 1013 mov esi, 0x1000
  bf 00 30 00 00                  ; 1018 mov edi, 0x3000
  f3 a4                           ; 101d rep movsb
  eb 11                           ; 101f jmp 0x1032
  90                              ; 1021 nop
  f6 c1 01                        ; 1022 test cl, 1
  75 08                           ; 1025 jnz 0x102f
  83 c3 07                        ; 1027 add ebx, 7
  fe 05 29 10 00 00               ; 102a inc byte [0x1029]: the add's immediate
  c3                              ; 1030 ret
  90                              ; 1031 nop
  e6 80                           ; 1032 out 0x80, al
  e4 81                           ; 1034 in al, 0x81
  f7 35 00 40 00 00               ; 1036 div dword [0x4000]: 0 the first time, which the handler mends
  03 05 00 00 10 00               ; 103c add eax, [0x100000]
  a3 04 00 10 00                  ; 1042 mov [0x100004], eax
  60                              ; 1047 pusha
  61                              ; 1048 popa
  0f 31                           ; 1049 rdtsc
  f4                              ; 104b hlt
`;

/** Runs the program in pieces of `n` insns up to `total`; the state after each. */
function states(n: number, total: number, options: (typeof ENGINES)[number][1]): string[] {
  const { vm, vcpu } = guest32(PROGRAM.replace("75 08 ", "75 09 "), options);
  // Vector 0: a gate to a handler that sets the divisor.
  poke(vm, 0x5000, 4, (0x08 << 16) | 0x2000);
  poke(vm, 0x5004, 4, 0x8e00);
  poke(vm, 0x6008, 4, 0x0000ffff);
  poke(vm, 0x600c, 4, 0x00cf9b00);
  poke(vm, 0x6010, 4, 0x0000ffff);
  poke(vm, 0x6014, 4, 0x00cf9300);
  vm.writePhys(0x2000, Uint8Array.of(0xff, 0x05, 0x00, 0x40, 0x00, 0x00, 0xcf)); // inc dword [0x4000]; iret
  vcpu.setSregs({ idt: { base: 0x5000, limit: 7 }, gdt: { base: 0x6000, limit: 0x17 } });
  vcpu.setRegs({ rsp: 0x8000 });
  const device = new Device().set(0x81, 1, 0x33, "port").set(0x100000, 4, 1000);
  const seen: string[] = [];
  for (let done = 0; done < total;) {
    const exit = device.run(vcpu, Math.min(n, total - done));
    if (exit.reason === "KVM_EXIT_HLT") {
      seen.push(`HLT ${JSON.stringify(vcpu.getRegs())} ${device.diary.join(", ")}`);
      break;
    }
    expect(exit.reason).to.equal("KVM_EXIT_INTR");
    done += n;
    seen.push(`${JSON.stringify(vcpu.getRegs())} ${device.diary.join(", ")} ${Buffer.from(vm.readPhys(0x1000, 0x50)).toString("hex")}`);
  }
  return seen;
}

describe("budgets", () => {
  const one = states(1, 1000, ENGINES[0][1]);

  it("see the whole program insn by insn", () => {
    expect(one.at(-1)).to.match(/^HLT .*out1 80=[0-9a-f]+, in1 81, r4 100000, w4 100004=/);
    expect(one.length).to.be.within(40, 60);
  });

  for (const [name, options] of ENGINES) {
    it(`stop at every count in the same state with ${name}`, () => {
      expect(states(1, 1000, options)).to.deep.equal(one);
      for (let n = 2; n <= one.length; n++) {
        const [first] = states(n, n, options);
        expect(first.replace(/ [0-9a-f]+$/, ""), `after ${n}`).to.equal(one[n - 1].replace(/ [0-9a-f]+$/, ""));
      }
    });

    it(`make no difference when used up again and again with ${name}`, () => {
      for (const n of [2, 3, 5, 7, 11]) expect(states(n, 1000, options).at(-1)).to.equal(one.at(-1));
    });
  }
});

describe("steps", () => {
  for (const [name, options] of ENGINES) {
    it(`end a delivery that raises the same exception for ever with ${name}`, () => {
      // #AC is handled at level 3, on the stack that is not aligned.
      const made = protectedGuest("50   ; push eax", options), { vcpu } = made;
      putGate(made, 17, USER_CS, CODE);
      enterUser(vcpu);
      vcpu.setSregs({ cr0: 0x40011 });
      vcpu.setRegs({ rip: CODE, rsp: 0x7001, rflags: 0x40002 });
      expect(vcpu.run({ maxInsns: 10, maxSteps: 100 })).to.include({ reason: "KVM_EXIT_INTR", insns: 0 });
      expect(vcpu.getRegs()).to.include({ rip: CODE, rsp: 0x7001 });
    });
  }
});
