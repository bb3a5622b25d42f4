// What a CPU does not have: its insns are undefined, its control bits reserved; in every engine, and from the moment that CPUID says so.

import { expect } from "chai";
import type { Vcpu } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { bytesOf, ENGINES, guest32, poke } from "./guest.ts";

/** Where the handlers of an exception table lie: HLT at HANDLERS + vector. */
const IDT = 0x2000, GDT = 0x2800, HANDLERS = 0x3000, STACK = 0x8000;

/** A flat GDT, and an IDT whose gates lead to one HLT each. */
function catchExceptions(made: ReturnType<typeof guest32>): void {
  const { vm, vcpu } = made;
  vm.writePhys(GDT, bytesOf("00 00 00 00 00 00 00 00  ff ff 00 00 00 9b cf 00  ff ff 00 00 00 93 cf 00"));
  for (let vector = 0; vector < 32; vector++) {
    poke(vm, IDT + 8 * vector, 4, (0x08 << 16) | (HANDLERS + vector));
    poke(vm, IDT + 8 * vector + 4, 4, 0x8e00);
    poke(vm, HANDLERS + vector, 1, 0xf4);
  }
  vcpu.setSregs({ gdt: { base: GDT, limit: 0x17 }, idt: { base: IDT, limit: 0xff }, cr4: 0x600 });
  vcpu.setRegs({ rsp: STACK });
}

/** The exception that running `code` ends with; -1 if it comes to its own HLT. */
function outcome(code: string, cpu: string, options: (typeof ENGINES)[number][1]): number {
  const made = guest32(`${code}\nf4`, options);
  catchExceptions(made);
  made.vcpu.setCpuid2(openKvm().getModelCpuid(cpu));
  return vectorOf(made.vcpu);
}

function vectorOf(vcpu: Vcpu): number {
  expect(vcpu.run({ maxInsns: 1000 }).reason).to.equal("KVM_EXIT_HLT");
  const at = vcpu.getRegs().rip - 1 - HANDLERS;
  return at >= 0 && at < 32 ? at : -1;
}

/** An insn of each feature, and the newest model without it. */
const SAMPLES: readonly (readonly [feature: string, code: string])[] = [
  ["fpu", "d9 e8              ; fld1"],
  ["tsc", "0f 31              ; rdtsc"],
  ["msr", "b9 8b 00 00 00 0f 32 ; mov ecx, IA32_BIOS_SIGN_ID; rdmsr"],
  ["cx8", "0f c7 0d 00 40 00 00 ; cmpxchg8b [0x4000]"],
  ["cmov", "0f 42 c1          ; cmovb eax, ecx"],
  ["cmov", "db f1             ; fcomi st, st(1)"],
  ["mmx", "0f fc c1           ; paddb mm0, mm1"],
  ["sse", "0f 58 c1           ; addps xmm0, xmm1"],
  ["sse", "0f e0 c1           ; pavgb mm0, mm1"],
  ["sse2", "66 0f 58 c1       ; addpd xmm0, xmm1"],
  ["sse2", "0f ae f0          ; mfence"],
  ["sse3", "f2 0f 7c c1       ; haddps xmm0, xmm1"],
  ["ssse3", "0f 38 00 c1      ; pshufb mm0, mm1"],
  ["sse4.1", "66 0f 38 40 c1  ; pmulld xmm0, xmm1"],
  ["sse4.2", "f2 0f 38 f1 c1  ; crc32 eax, ecx"],
  ["popcnt", "f3 0f b8 c1     ; popcnt eax, ecx"],
  ["clflush", "0f ae 3d 00 40 00 00 ; clflush [0x4000]"],
];

for (const [name, options] of ENGINES) {
  describe(`features with ${name}`, () => {
    for (const [feature, code] of SAMPLES) {
      it(`${code.split(";")[1].trim()} is there with ${feature} and undefined without`, () => {
        expect(outcome(code, "max", options)).to.equal(-1);
        expect(outcome(code, `max,-${feature}`, options)).to.equal(6);
      });
    }

    it("the multi-byte NOP came with the P6", () => {
      expect(outcome("0f 1f 40 00   ; nop [eax]", "pentium3", options)).to.equal(-1);
      expect(outcome("0f 1f 40 00   ; nop [eax]", "pentium", options)).to.equal(6);
    });

    it("setCpuid2 takes insns away that have been decoded and translated", () => {
      const made = guest32("0f 42 c1 40 75 fa f4   ; l: cmovb eax, ecx; inc eax; jnz l; hlt", options);
      catchExceptions(made);
      made.vcpu.setRegs({ rax: -100 >>> 0 });
      expect(vectorOf(made.vcpu)).to.equal(-1);
      made.vcpu.setCpuid2(openKvm().getModelCpuid("pentium"));
      made.vcpu.setRegs({ rip: 0x1000 });
      expect(vectorOf(made.vcpu)).to.equal(6);
      made.vcpu.setCpuid2(openKvm().getModelCpuid("max"));
      made.vcpu.setRegs({ rip: 0x1000, rax: -100 >>> 0 });
      expect(vectorOf(made.vcpu)).to.equal(-1);
    });

    it("CR4 has the bits of the features", () => {
      const made = guest32("0f 22 e0 f4   ; mov cr4, eax; hlt", options);
      catchExceptions(made);
      const setsCr4 = (value: number) => {
        made.vcpu.setRegs({ rip: 0x1000, rsp: STACK, rax: value });
        return vectorOf(made.vcpu) === -1;
      };
      const allowed = (cpu: string) => {
        made.vcpu.setCpuid2(openKvm().getModelCpuid(cpu));
        return Array.from({ length: 32 }, (_, n) => n).filter((n) => setsCr4((1 << n) >>> 0));
      };
      expect(allowed("486")).to.deep.equal([0, 1, 4]);
      expect(allowed("pentium")).to.deep.equal([0, 1, 2, 3, 4, 6]);
      expect(allowed("pentium3")).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(allowed("max,-smep,-smap,-umip")).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(allowed("max")).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21]);
      expect(setsCr4(0x300fff), "all of them").to.equal(true);
    });
  });
}
