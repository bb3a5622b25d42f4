// x87 and SSE state in memory, and the control bits that decide whether an insn may run: what the vectors, which run at
// CPL 3 with the unit on and wipe its pointers, cannot reach.

import { expect } from "chai";
import type { Vm } from "../../../../src/index.ts";
import { bytesOf, ENGINES, guest32, peek } from "../../kvm/guest.ts";
import { CR0_EM, CR0_MP, CR0_NE, CR0_TS, GP, guestWithHandlers, MF, NM, UD, vectorOf } from "./fpu-guest.ts";

/** Where images go. */
const FIRST = 0x9000, SECOND = 0xa000;

const hexOf = (vm: Vm, at: number, count: number, size: 2 | 4): string =>
  Array.from({ length: count }, (_, i) => peek(vm, at + size * i, size).toString(16)).join(" ");

/** ES and B, pending exceptions. */
const PENDING = 0x8080;

for (const [name, options] of ENGINES) {
  describe(`x87 and SSE state with ${name}`, () => {
    const guest = (code: string, controls = {}) => guestWithHandlers(code, controls, options);
    /** Which exception a guest of one insn raises. */
    const vectorFor = (code: string, controls: Parameters<typeof guest>[1] = {}): number | null => vectorOf(guest(`${code} f4`, controls));

    it("a denormal divided by 0 is just that: no denormal operand (SDM 1 §4.9.2)", () => {
      const { vm, vcpu } = guest32(`
        db e3 d9 ee                         ; fninit; fldz
        db 2d 00 80 00 00                   ; fld tbyte [0x8000]
        d8 f1 dd 3d 00 90 00 00             ; fdiv st0, st1; fnstsw [0x9000]
        db e3 d9 ee                         ; fninit; fldz
        dc 3d 00 80 00 00                   ; fdivr qword [0x8000]
        dd 3d 02 90 00 00                   ; fnstsw [0x9002]
        f4                                  ; hlt
      `, options);
      vm.writePhys(0x8000, bytesOf("01"));
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(hexOf(vm, FIRST, 2, 2)).to.equal("3004 3804");
    });

    it("FCOMI leaves C1 alone, also with an unmasked exception; FPREM clears C2", () => {
      const { vm, vcpu } = guest32(`
        db e3 d9 2d 00 80 00 00             ; fninit; fldcw [0x8000]: invalid unmasked
        dd 05 08 80 00 00                   ; fld qword [0x8008]: a NaN
        d9 e5                               ; fxam: C0 and, of its sign, C1
        db f0 dd 3d 00 90 00 00             ; fcomi st0, st0; fnstsw [0x9000]
        db e2 d9 ee d9 e8                   ; fnclex; fldz; fld1
        d9 e5 d9 f8                         ; fxam: C2; fprem: 1 by 0
        dd 3d 02 90 00 00                   ; fnstsw [0x9002]
        f4                                  ; hlt
      `, options);
      vm.writePhys(0x8000, bytesOf("7e 03"));
      vm.writePhys(0x800e, bytesOf("f8 ff"));
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(hexOf(vm, FIRST, 2, 2)).to.equal("bb81 a881");
    });

    it("an overflow of SSE is inexact, an unmasked one only if the significand is (SDM 1 §4.9.1.4)", () => {
      const OE = 8, PE = 0x20;
      for (const [mxcsr, flags, reason] of [["80 1f", OE | PE, "KVM_EXIT_HLT"], ["80 1b", OE, "KVM_EXIT_SHUTDOWN"]] as const) {
        const { vm, vcpu } = guest32(`
          0f ae 15 00 80 00 00              ; ldmxcsr [0x8000]
          f2 0f 10 05 08 80 00 00           ; movsd xmm0, [0x8008]: the largest
          f2 0f 58 c0 f4                    ; addsd xmm0, xmm0; hlt
        `, options);
        vm.writePhys(0x8000, bytesOf(mxcsr));
        vm.writePhys(0x8008, bytesOf("ff ff ff ff ff ff ef 7f"));
        vcpu.setSregs({ cr4: 0x600 });
        expect(vcpu.run().reason).to.equal(reason);
        expect(vcpu.getFpu()[24] & 0x3f).to.equal(flags);
      }
    });

    describe("environments (SDM 1 §8.1.10)", () => {
      it("have 32-bit fields and selectors in protected mode, 14 bytes with 66h", () => {
        const { vm, vcpu } = guest32(`
          d9 e8                               ; fld1
          d9 ee                               ; fldz
          dc 05 08 80 00 00                   ; fadd qword [0x8008]
          d9 35 00 90 00 00                   ; fnstenv [0x9000]
          66 d9 35 00 a0 00 00                ; fnstenvw [0xa000]
          f4                                  ; hlt
        `, options);
        vcpu.run();
        expect(hexOf(vm, FIRST, 8, 4)).to.equal("ffff037f ffff3000 ffff1fff 1004 4050008 8008 ffff0010 0");
        // Storing it masks all exceptions, which they are already.
        expect(hexOf(vm, SECOND, 8, 2)).to.equal("37f 3000 1fff 1004 8 8008 10 0");
      });

      it("have linear addresses and the opcode in real mode, 28 bytes with 66h", () => {
        const { vm, vcpu } = guest(`
          d9 e8                               ; fld1
          dd 46 10                            ; fld qword [bp+0x10]
          d9 37                               ; fnstenv [bx]
          66 d9 34                            ; fnstenvd [si]
          f4                                  ; hlt
        `);
        const { cs, ds, ss } = vcpu.getSregs();
        vcpu.setSregs({ cs: { ...cs, selector: 0x80, base: 0x800 }, ds: { ...ds, selector: 0x100, base: 0x1000 }, ss: { ...ss, selector: 0x345, base: 0x3450 } });
        vcpu.setRegs({ rip: 0x800, rbx: FIRST - 0x1000, rsi: SECOND - 0x1000, rbp: 0x1234 });
        vcpu.run();
        // IP 80:802, opcode 5_46h, DP 345:1244.
        expect(hexOf(vm, FIRST, 8, 2)).to.equal("37f 3000 1fff 1002 546 4694 0 0");
        expect(hexOf(vm, SECOND, 8, 4)).to.equal("ffff037f ffff3000 ffff1fff ffff1002 546 ffff4694 0 0");
      });

      it("keep 20 bits of an address in the 16-bit format and 32 in the other", () => {
        const { vm, vcpu } = guest(`
          d9 47 10                            ; fld dword [bx+0x10]
          d9 37                               ; fnstenv [bx]
          66 d9 34                            ; fnstenvd [si]
          f4                                  ; hlt
        `);
        const { ds } = vcpu.getSregs();
        vcpu.setSregs({ ds: { ...ds, selector: 0xfedc, base: 0 } });
        vcpu.setRegs({ rbx: FIRST, rsi: SECOND });
        vcpu.run();
        expect(hexOf(vm, FIRST + 10, 2, 2)).to.equal("7dd0 0");
        expect(hexOf(vm, SECOND + 20, 2, 4)).to.equal("ffff7dd0 10000");
      });

      it("raise what they unmask at the next waiting insn", () => {
        const { vm, vcpu } = guest(`
          d9 27                               ; fldenv [bx]
          df e0                               ; fnstsw ax
          9b                                  ; fwait
          f4                                  ; hlt
        `, { cr0: CR0_NE });
        vm.writePhys(FIRST, bytesOf("7b 03 04 00 ff ff 00 00 00 00 00 00 00 00"));
        vcpu.setRegs({ rbx: FIRST });
        expect(vectorOf({ vm, vcpu })).to.equal(MF);
        expect(vcpu.getRegs().rax).to.equal(PENDING | 4);
        expect(peek(vm, 0x7ffa, 2)).to.equal(0x1004);
      });

      for (const [mode, prefix, isReal, bytes] of [["protected", "", false, 28], ["protected", "66", false, 14], ["real", "", true, 14], ["real", "66", true, 28]] as const) {
        it(`are the head of what FNSAVE stores and FRSTOR loads: ${bytes} bytes in ${mode} mode`, () => {
          // FLD1, FLDPI, FLDZ; FNSAVE [(E)BX], FNSTENV [(E)DI], FRSTOR [(E)BX], FNSAVE [(E)SI]
          const modrms = isReal ? ["37", "35", "27", "34"] : ["33", "37", "23", "36"];
          const code = `d9 e8 d9 eb d9 ee ${prefix} dd ${modrms[0]} d9 ${modrms[1]} ${prefix} dd ${modrms[2]} ${prefix} dd ${modrms[3]} f4`;
          const { vm, vcpu } = isReal ? guest(code) : guest32(code, options);
          vcpu.setRegs({ rbx: FIRST, rsi: SECOND, rdi: 0xb000 });
          vcpu.run();
          const size = bytes === 28 ? 4 : 2, first = vm.readPhys(FIRST, bytes + 80), second = vm.readPhys(SECOND, bytes + 80);
          expect(peek(vm, FIRST + 2 * size, 2)).to.equal(0x7ff);
          expect(hexOf(vm, FIRST + bytes, 15, 2)).to.equal("0 0 0 0 0 c235 2168 daa2 c90f 4000 0 0 0 8000 3fff");
          // FNSAVE initializes.
          expect(hexOf(vm, 0xb000, 3, isReal ? 2 : 4)).to.equal(isReal ? "37f 0 ffff" : "ffff037f ffff0000 ffffffff");
          // Pointers come back but for what the format does not keep.
          const pointers = 3 * size;
          expect(second.subarray(0, pointers)).to.deep.equal(first.subarray(0, pointers));
          expect(second.subarray(bytes)).to.deep.equal(first.subarray(bytes));
        });
      }
    });

    describe("control registers (SDM 3A table 2-2 and 13-1)", () => {
      const FLD1 = "d9 e8", FWAIT = "9b", FXSAVE = "0f ae 07", PADDB = "0f fc c1", ADDPS = "0f 58 c1", LDMXCSR = "0f ae 17", EMMS = "0f 77";

      for (const em of [0, CR0_EM]) {
        for (const mp of [0, CR0_MP]) {
          for (const ts of [0, CR0_TS]) {
            it(`decide: EM ${em === 0 ? 0 : 1}, MP ${mp === 0 ? 0 : 1}, TS ${ts === 0 ? 0 : 1}`, () => {
              const controls = { cr0: em | mp | ts }, x87 = em !== 0 || ts !== 0 ? NM : null, simd = em !== 0 ? UD : ts !== 0 ? NM : null;
              for (const code of [FLD1, FXSAVE]) expect(vectorFor(code, controls), code).to.equal(x87);
              for (const code of [PADDB, ADDPS]) expect(vectorFor(code, controls), code).to.equal(simd);
              expect(vectorFor(FWAIT, controls)).to.equal(mp !== 0 && ts !== 0 ? NM : null);
            });
          }
        }
      }

      it("let SSE but not MMX insns depend on CR4.OSFXSR", () => {
        for (const code of [ADDPS, LDMXCSR]) expect(vectorFor(code, { cr4: 0 }), code).to.equal(UD);
        for (const code of [PADDB, FXSAVE]) expect(vectorFor(code, { cr4: 0 }), code).to.equal(null);
      });

      const DIVIDE = `
        d9 2f                               ; fldcw [bx]
        d9 e8 d9 ee de f9                   ; fld1; fldz; fdivp
        df e0                               ; fnstsw ax
      `;
      const pendingGuest = (code: string, cr0: number) => {
        const made = guest(`${DIVIDE} ${code} f4`, { cr0 });
        made.vm.writePhys(FIRST, bytesOf("7b 03"));
        made.vcpu.setRegs({ rbx: FIRST });
        return made;
      };

      it("deliver a pending exception as #MF with CR0.NE only", () => {
        for (const code of [FLD1, FWAIT, PADDB, EMMS]) {
          expect(vectorOf(pendingGuest(code, CR0_NE)), code).to.equal(MF);
          const made = pendingGuest(code, 0);
          expect(vectorOf(made), code).to.equal(null);
          expect(made.vcpu.getRegs().rax & PENDING).to.equal(PENDING);
        }
      });

      it("do not make control insns wait", () => {
        for (const code of ["db e2", "db e3", "d9 3f", "df e0", FXSAVE, "dd 37"]) expect(vectorOf(pendingGuest(code, CR0_NE)), code).to.equal(null);
      });
    });

    describe("FXSAVE and FXRSTOR", () => {
      it("store and load everything", () => {
        const { vm, vcpu } = guest(`
          d9 e8                               ; fld1
          d9 eb                               ; fldpi
          0f 10 3e 00 70                      ; movups xmm7,[0x7000]
          0f ae 07                            ; fxsave [bx]
          db e3                               ; fninit
          0f 57 ff                            ; xorps xmm7,xmm7
          0f ae 0f                            ; fxrstor [bx]
          0f ae 04                            ; fxsave [si]
          f4                                  ; hlt
        `);
        vm.writePhys(0x7000, Uint8Array.from({ length: 16 }, (_, i) => i + 1));
        vm.writePhys(FIRST, new Uint8Array(512).fill(0xaa));
        vm.writePhys(SECOND, new Uint8Array(512).fill(0xaa));
        vcpu.setRegs({ rbx: FIRST, rsi: SECOND });
        vcpu.run();
        expect(hexOf(vm, FIRST, 8, 4)).to.equal("3000037f 1eb00c0 1002 0 0 0 1f80 ffff");
        expect(hexOf(vm, FIRST + 32, 8, 4)).to.equal("2168c235 c90fdaa2 4000 0 0 80000000 3fff 0");
        expect(hexOf(vm, FIRST + 160 + 7 * 16, 4, 4)).to.equal("4030201 8070605 c0b0a09 100f0e0d");
        expect(vm.readPhys(SECOND, 512)).to.deep.equal(vm.readPhys(FIRST, 512));
        // What belongs to 64-bit mode and to the system stays.
        expect(new Set(vm.readPhys(FIRST + 288, 224))).to.deep.equal(new Set([0xaa]));
      });

      it("leave MXCSR and XMM registers out without CR4.OSFXSR", () => {
        const { vm, vcpu } = guest("0f ae 07 0f ae 0c f4   ; fxsave [bx]; fxrstor [si]; hlt", { cr4: 0 });
        vm.writePhys(FIRST, new Uint8Array(512).fill(0xaa));
        vm.writePhys(SECOND, new Uint8Array(512).fill(0xff));
        vcpu.setRegs({ rbx: FIRST, rsi: SECOND });
        expect(vectorOf({ vm, vcpu })).to.equal(null);
        expect(hexOf(vm, FIRST, 8, 4)).to.equal("37f 0 0 0 0 0 aaaaaaaa aaaaaaaa");
        expect(hexOf(vm, FIRST + 152, 3, 4)).to.equal("0 0 aaaaaaaa");
      });

      it("raise #GP for an operand that is not aligned", () => {
        for (const code of ["0f ae 47 08", "0f ae 4f 08"]) {
          const made = guest(`${code} f4`);
          made.vcpu.setRegs({ rbx: FIRST });
          expect(vectorOf(made), code).to.equal(GP);
        }
      });

      it("raise #GP for reserved bits of MXCSR, and change nothing", () => {
        const { vm, vcpu } = guest("0f ae 0f f4   ; fxrstor [bx]; hlt");
        vm.writePhys(FIRST, bytesOf("7f 0c 00 38"));
        vm.writePhys(FIRST + 24, bytesOf("80 1f 01 00"));
        vcpu.setRegs({ rbx: FIRST });
        expect(vectorOf({ vm, vcpu })).to.equal(GP);
        vm.writePhys(0x2000, bytesOf("db e2 d9 3f f4   ; fnclex; fnstcw [bx]; hlt"));
        vcpu.setRegs({ rip: 0x2000 });
        vcpu.run();
        expect(peek(vm, FIRST, 2)).to.equal(0x37f);
      });

      it("let an exception that a loaded image has pending wait for the next insn", () => {
        const { vm, vcpu } = guest("0f ae 0f df e0 d9 e8 f4   ; fxrstor [bx]; fnstsw ax; fld1; hlt", { cr0: CR0_NE });
        vm.writePhys(FIRST, bytesOf("7b 03 04 00"));
        vm.writePhys(FIRST + 24, bytesOf("80 1f 00 00"));
        vcpu.setRegs({ rbx: FIRST });
        expect(vectorOf({ vm, vcpu })).to.equal(MF);
        expect(vcpu.getRegs().rax).to.equal(PENDING | 4);
      });
    });

    it("LDMXCSR raises #GP for reserved bits and STMXCSR stores what it loaded", () => {
      const run = (value: string) => {
        const made = guest("0f ae 17 0f ae 1c f4   ; ldmxcsr [bx]; stmxcsr [si]; hlt");
        made.vm.writePhys(FIRST, bytesOf(value));
        made.vcpu.setRegs({ rbx: FIRST, rsi: SECOND });
        return { vector: vectorOf(made), stored: peek(made.vm, SECOND, 4) };
      };
      expect(run("c0 ff 00 00")).to.deep.equal({ vector: null, stored: 0xffc0 });
      expect(run("80 1f 01 00")).to.deep.equal({ vector: GP, stored: 0 });
      expect(run("80 1f 00 80")).to.deep.equal({ vector: GP, stored: 0 });
    });
  });
}
