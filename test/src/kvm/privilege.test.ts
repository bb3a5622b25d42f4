// Insns that depend on level, mode and CR4: performance counters, time stamps, caches, UMIP, SMAP, and those that no processor here knows.

import { expect } from "chai";
import { ENGINES, poke } from "./guest.ts";
import { enterUser, enterV86, outcomeOf, protectedGuest, runToHalt } from "./protected.ts";

const CR4_TSD = 4, CR4_PCE = 0x100, CR4_UMIP = 0x800, CR4_SMAP = 0x200000, CR0_PG = 0x80000000, AC = 0x40000;

for (const [name, options] of ENGINES) {
  const at = (level: 0 | 3 | "v86", code: string, cr4 = 0, cpu = "max"): string => {
    const made = protectedGuest(`${code}\n f4`, options, cpu);
    made.vcpu.setSregs({ cr4 });
    if (level === 3) enterUser(made.vcpu);
    if (level === "v86") enterV86(made.vcpu, 0);
    const outcome = outcomeOf(made);
    // The HLT behind the insn is for level 0 only.
    return level !== 0 && /^#13\(0\) at (?!1000$)/.test(outcome) ? "ok" : outcome;
  };

  describe(`privileges with ${name}`, () => {
    it("what no processor here knows is undefined", () => {
      for (const code of ["0f aa", "0f 01 d0", "0f 01 d1", "0f 01 c8", "0f 01 c9", "0f 01 c1", "0f 05", "0f 07", "0f 77 0f ff c0".slice(6)]) {
        expect(at(0, `${code}   ; rsm, xgetbv, xsetbv, monitor, mwait, vmcall, syscall, sysret, ud0`), code).to.equal("#6 at 1000");
      }
    });

    it("RDPMC finds no counter, and is undefined before the P6", () => {
      for (const cr4 of [0, CR4_PCE]) {
        expect(at(0, "0f 33   ; rdpmc", cr4)).to.equal("#13(0) at 1000");
        expect(at(3, "0f 33   ; rdpmc", cr4)).to.equal("#13(0) at 1000");
      }
      expect(at(0, "0f 33   ; rdpmc", 0, "pentium")).to.equal("#6 at 1000");
    });

    it("RDTSC and RDTSCP are for everybody unless CR4.TSD is set", () => {
      for (const code of ["0f 31   ; rdtsc", "0f 01 f9   ; rdtscp"]) {
        expect(at(3, code)).to.equal("ok");
        expect(at("v86", code)).to.equal("ok");
        expect(at(3, code, CR4_TSD)).to.equal("#13(0) at 1000");
        expect(at(0, code, CR4_TSD)).to.equal("ok");
      }
      expect(at(0, "0f 01 f9   ; rdtscp", 0, "core")).to.equal("#6 at 1000");
    });

    it("RDTSCP reads the counter as RDTSC does, and IA32_TSC_AUX", () => {
      const made = protectedGuest(`
        b9 03 01 00 c0 b8 67 45 23 01 31 d2 0f 30 ; IA32_TSC_AUX = 0x1234567
        0f 31 89 c3 0f 01 f9 f4                   ; rdtsc; mov ebx, eax; rdtscp; hlt
      `, options);
      expect(runToHalt(made)).to.equal(null);
      const { rax, rbx, rcx, rdx } = made.vcpu.getRegs();
      expect([rax - rbx, rdx, rcx]).to.deep.equal([2, 0, 0x1234567]);
    });

    it("INVD, WBINVD, INVLPG, CLTS, LMSW, LGDT and HLT are for level 0", () => {
      for (const code of ["0f 08", "0f 09", "0f 01 38", "0f 06", "0f 01 f0", "0f 01 10", "f4", "0f 20 c0", "0f 22 c0", "0f 21 c0", "0f 23 c0"]) {
        expect(at(3, `${code}   ; …`), code).to.equal("#13(0) at 1000");
      }
      for (const code of ["0f 08", "0f 09", "0f 06"]) expect(at(0, `${code}   ; …`), code).to.equal("ok");
    });

    it("UMIP keeps SGDT, SIDT, SLDT, STR and SMSW for level 0", () => {
      const asks = ["0f 01 05 00 40 00 00", "0f 01 0d 00 40 00 00", "0f 00 c0", "0f 00 c8", "0f 01 e0"];
      for (const code of asks) {
        expect(at(3, `${code}   ; …`), code).to.equal("ok");
        expect(at(3, `${code}   ; …`, CR4_UMIP), code).to.equal("#13(0) at 1000");
        expect(at(0, `${code}   ; …`, CR4_UMIP), code).to.equal("ok");
      }
      for (const code of ["0f 01 06 00 40", "0f 01 0e 00 40", "0f 01 e0"]) {
        expect(at("v86", `${code}   ; …`), code).to.equal("ok");
        expect(at("v86", `${code}   ; …`, CR4_UMIP), code).to.equal("#13(0) at 1000");
      }
      for (const code of ["0f 00 c0", "0f 00 c8"]) expect(at("v86", `${code}   ; …`, CR4_UMIP), code).to.equal("#6 at 1000");
    });

    it("alignment is checked at level 3 and in V86, with CR0.AM and EFLAGS.AC", () => {
      const at = (level: 0 | 3 | "v86", code: string, cr0: number, rflags: number): string => {
        const made = protectedGuest(`${code}\nf4`, options);
        made.vcpu.setSregs({ cr0 });
        if (level === 3) enterUser(made.vcpu);
        if (level === "v86") enterV86(made.vcpu, 0);
        made.vcpu.setRegs({ rflags: made.vcpu.getRegs().rflags | rflags });
        return outcomeOf(made).replace(/^#13\(0\).*/, "ok");
      };
      const LOAD = "a1 02 40 00 00   ; mov eax, [0x4002]", AM = 0x40011;
      expect(at(3, LOAD, AM, AC)).to.equal("#17(0) at 1000");
      expect(at(3, LOAD, AM, 0)).to.equal("ok");
      expect(at(3, LOAD, 0x11, AC)).to.equal("ok");
      expect(at(0, LOAD, AM, AC)).to.equal("ok");
      expect(at("v86", "a1 01 40   ; mov ax, [0x4001]", AM, AC)).to.equal("#17(0) at 1000");
      expect(at("v86", "a1 02 40   ; mov ax, [0x4002]", AM, AC)).to.equal("ok");
      expect(at(3, "0f 10 05 01 40 00 00   ; movups xmm0, [0x4001]", AM, AC), "SSE without CR4.OSFXSR").to.equal("#6 at 1000");
    });

    it("CLAC and STAC are for level 0 and need SMAP", () => {
      for (const code of ["0f 01 ca   ; clac", "0f 01 cb   ; stac"]) {
        expect(at(0, code)).to.equal("ok");
        expect(at(3, code)).to.equal("#6 at 1000");
        expect(at("v86", code)).to.equal("#6 at 1000");
        expect(at(0, code, 0, "max,-smap")).to.equal("#6 at 1000");
      }
    });

    it("under SMAP level 0 reaches user pages exactly while EFLAGS.AC is set", () => {
      const made = protectedGuest(`
        0f 01 cb a1 00 40 00 00 89 0d 04 40 00 00 ; stac; mov eax, [0x4000]; mov [0x4004], ecx
        f3 a4                                     ; rep movsb
        ff 05 00 60 00 00                         ; inc dword [0x6000]
        9c 0f 01 ca                               ; pushf; clac
        a1 00 60 00 00                            ; mov eax, [0x6000]: a page of level 0
        9d a1 00 40 00 00 0f 01 ca                ; popf; mov eax, [0x4000]; clac
        8b 15 00 40 00 00                         ; mov edx, [0x4000]
      `, options), { vm, vcpu } = made;
      const directory = 0x9000, table = 0xa000;
      poke(vm, directory, 4, table | 7);
      for (let page = 0; page < 16; page++) poke(vm, table + 4 * page, 4, (page << 12) | (page === 4 ? 7 : 3));
      poke(vm, 0x4000, 4, 0x55667788);
      vcpu.setSregs({ cr3: directory, cr0: 0x11 + CR0_PG, cr4: CR4_SMAP });
      vcpu.setRegs({ rcx: 2, rsi: 0x4000, rdi: 0x4010 });
      expect(outcomeOf(made)).to.equal("#14(1) at 1028");
      expect(vcpu.getSregs().cr2).to.equal(0x4000);
      expect(vcpu.getRegs().rax).to.equal(0x55667788);
      expect(vcpu.getRegs().rflags & AC).to.equal(0);
      expect(vm.readPhys(0x4010, 2)).to.deep.equal(Uint8Array.of(0x88, 0x77));
    });
  });
}
