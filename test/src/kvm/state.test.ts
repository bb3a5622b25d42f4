// The rest of a vCPU's state by the VM API: FPU, debug registers, MSRs, pending events; and address translation.

import { expect } from "chai";
import { expectErrno } from "./errno.ts";
import type { Guest } from "./guest.ts";
import { ENGINES, guest32, peek, poke } from "./guest.ts";
import { HANDLERS, KERNEL_CS, outcomeOf, protectedGuest, putGate } from "./protected.ts";

describe("Vcpu.getFpu and setFpu", () => {
  it("exchange FXSAVE's image", () => {
    const { vcpu } = protectedGuest("d9 e8 66 0f 6e c8 f4   ; fld1; movd xmm1, eax; hlt", { engine: "interp" });
    vcpu.setSregs({ cr4: 0x600 });
    vcpu.setRegs({ rax: 0x12345678 });
    vcpu.run();
    const image = vcpu.getFpu(), view = new DataView(image.buffer);
    expect(image.length).to.equal(512);
    expect(view.getUint8(4), "one register in use").to.equal(0x80);
    expect([view.getUint16(40, true), view.getUint32(36, true), view.getUint32(32, true)]).to.deep.equal([0x3fff, 0x80000000, 0]);
    expect(view.getUint32(160 + 16, true)).to.equal(0x12345678);
    view.setUint16(0, 0x27f, true);
    view.setUint32(24, 0x1f40, true);
    view.setUint32(160 + 16, 0x9abcdef0, true);
    vcpu.setFpu(image);
    const again = new DataView(vcpu.getFpu().buffer);
    expect([again.getUint16(0, true), again.getUint32(24, true), again.getUint32(176, true)]).to.deep.equal([0x27f, 0x1f40, 0x9abcdef0]);
  });

  it("refuses what is not such an image", () => {
    const { vcpu } = guest32("f4"), image = vcpu.getFpu();
    expectErrno("EINVAL", /511 bytes; it must be a Uint8Array of 512/, () => vcpu.setFpu(image.subarray(1)));
    expectErrno("EINVAL", /the image is an object/, () => vcpu.setFpu([] as unknown as Uint8Array));
    image[26] = 1;
    expectErrno("EINVAL", /mxcsr is 0x11f80; only the bits 0xffff exist/, () => vcpu.setFpu(image));
  });
});

describe("Vcpu.getDebugregs and setDebugregs", () => {
  it("set what is given and keep what is fixed", () => {
    const { vcpu } = guest32("f4");
    expect(vcpu.getDebugregs()).to.deep.equal({ db: [0, 0, 0, 0], dr6: 0xffff0ff0, dr7: 0x400 });
    vcpu.setDebugregs({ db: [1, 2, 3, 0xffffffff] });
    vcpu.setDebugregs({ dr7: 0xffffffff });
    vcpu.setDebugregs({ dr6: 0 });
    expect(vcpu.getDebugregs()).to.deep.equal({ db: [1, 2, 3, 0xffffffff], dr6: 0xffff0ff0, dr7: 0xffff27ff });
  });

  it("refuse what is not there, and change nothing then", () => {
    const { vcpu } = guest32("f4");
    expectErrno("EINVAL", /db is an object; it must be 4 addresses/, () => vcpu.setDebugregs({ db: [1] }));
    expectErrno("EINVAL", /db\[1\] is -1/, () => vcpu.setDebugregs({ db: [7, -1, 0, 0] }));
    expectErrno("EINVAL", /dr7 is 0\.5/, () => vcpu.setDebugregs({ db: [7, 0, 0, 0], dr7: 0.5 }));
    expect(vcpu.getDebugregs().db[0]).to.equal(0);
  });
});

describe("Vcpu.getMsrs and setMsrs", () => {
  it("list the registers of the CPU, which can all be read and written back", () => {
    for (const [cpu, count] of [["max", 45], ["pentium3", 43], ["pentium", 3], ["486", 0]] as const) {
      const { vcpu } = protectedGuest("f4", {}, cpu), list = vcpu.getMsrIndexList();
      expect(list.length, cpu).to.equal(count);
      expect(list).to.deep.equal([...list].sort((a, b) => a - b));
      const entries = vcpu.getMsrs(list);
      expect(entries.map((e) => e.index)).to.deep.equal(list);
      expect(vcpu.setMsrs(entries)).to.equal(count);
    }
  });

  it("stop at the first that is not there or cannot hold the value", () => {
    const { vcpu } = protectedGuest("f4", {});
    expect(vcpu.getMsrs([0x174, 0x999, 0x175])).to.deep.equal([{ index: 0x174, data: 0n }]);
    expect(vcpu.setMsrs([{ index: 0x175, data: 5n }, { index: 0xfe, data: 0n }, { index: 0x176, data: 6n }])).to.equal(1);
    expect(vcpu.getMsrs([0x175, 0x176])).to.deep.equal([{ index: 0x175, data: 5n }, { index: 0x176, data: 0n }]);
  });

  it("know how many insns have retired", () => {
    const { vcpu } = protectedGuest("90 90 90 f4", {}), tsc = () => vcpu.getMsrs([0x10])[0].data;
    vcpu.setMsrs([{ index: 0x10, data: 1n << 60n }]);
    expect(tsc()).to.equal(1n << 60n);
    vcpu.run();
    expect(tsc()).to.equal((1n << 60n) + 4n);
  });

  it("refuse what is no index and no value", () => {
    const { vcpu } = guest32("f4");
    expectErrno("EINVAL", /index 1 is -1/, () => vcpu.getMsrs([0x10, -1]));
    expectErrno("EINVAL", /entry 0: data is 5; allowed are bigints/, () => vcpu.setMsrs([{ index: 0x10, data: 5 as unknown as bigint }]));
    expectErrno("EINVAL", /entry 0: data is -1; allowed are bigints/, () => vcpu.setMsrs([{ index: 0x10, data: -1n }]));
  });
});

for (const [name, options] of ENGINES) {
  describe(`Vcpu.getVcpuEvents and setVcpuEvents with ${name}`, () => {
    const nothing = {
      exception: { injected: 0, nr: 0, hasErrorCode: 0, errorCode: 0, payload: 0 }, interrupt: { injected: 0, nr: 0, shadow: 0 }, nmi: { pending: 0, masked: 0 },
    };

    it("tell what waits", () => {
      const { vcpu } = protectedGuest("fb 16 17 f4   ; sti; push ss; pop ss; hlt", options);
      expect(vcpu.getVcpuEvents()).to.deep.equal(nothing);
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getVcpuEvents().interrupt.shadow).to.equal(2);
      vcpu.run({ maxInsns: 2 });
      expect(vcpu.getVcpuEvents().interrupt.shadow).to.equal(1);
      vcpu.interrupt(0x21);
      vcpu.nmi();
      expect(vcpu.getVcpuEvents()).to.deep.equal({ ...nothing, interrupt: { injected: 1, nr: 0x21, shadow: 1 }, nmi: { pending: 1, masked: 0 } });
    });

    it("inject exceptions with their error codes", () => {
      const made = protectedGuest("40 f4   ; inc eax; hlt", options), { vcpu } = made;
      vcpu.setVcpuEvents({ exception: { injected: 1, nr: 13, hasErrorCode: 1, errorCode: 0x1234 } });
      expect(vcpu.getVcpuEvents().exception).to.include({ injected: 1, nr: 13, errorCode: 0x1234 });
      expect(outcomeOf(made)).to.equal("#13(1234) at 1000");
      vcpu.setRegs({ rip: 0x1000 });
      vcpu.setVcpuEvents({ exception: { injected: 1, nr: 3 } });
      expect(outcomeOf(made)).to.equal("#3 at 1000");
      vcpu.setRegs({ rip: 0x1000 });
      vcpu.setVcpuEvents({ exception: { injected: 1, nr: 1, payload: 0x4000 } });
      expect(outcomeOf(made)).to.equal("#1 at 1000");
      expect(vcpu.getDebugregs().dr6).to.equal(0xffff4ff0);
      vcpu.setRegs({ rip: 0x1000 });
      vcpu.setVcpuEvents({ exception: { injected: 1, nr: 6 } });
      vcpu.setVcpuEvents({ exception: { injected: 0 } });
      expect(outcomeOf(made), "taken back").to.equal("ok");
    });

    it("set and take back interrupts, NMIs and their block", () => {
      const made = protectedGuest("40 f4   ; inc eax; hlt", options), { vcpu } = made;
      putGate(made, 2, KERNEL_CS, HANDLERS + 2);
      vcpu.setVcpuEvents({ nmi: { pending: 1, masked: 1 }, interrupt: { injected: 1, nr: 0x22 } });
      expect(outcomeOf(made), "both are kept out").to.equal("ok");
      vcpu.setRegs({ rip: 0x1000 });
      vcpu.setVcpuEvents({ nmi: { masked: 0 }, interrupt: { injected: 0 } });
      expect(outcomeOf(made)).to.equal("#2 at 1000");
      expect(vcpu.getVcpuEvents()).to.deep.equal({ ...nothing, nmi: { pending: 0, masked: 1 } });
      vcpu.setRegs({ rip: 0x1000, rflags: 0x202 });
      vcpu.setVcpuEvents({ interrupt: { injected: 1, nr: 0x21, shadow: 2 } });
      vcpu.run({ maxInsns: 1 });
      expect(vcpu.getRegs().rip, "the shadow of STI").to.equal(0x1001);
      expect(outcomeOf(made)).to.equal("#33 at 1001");
    });
  });

  describe(`breakpoints for data with ${name}`, () => {
    it("leave behind the insn that writes, or reads, and the guest does not notice", () => {
      const { vcpu } = guest32(`
        a3 02 40 00 00            ; mov [0x4002], eax
        a1 00 40 00 00            ; mov eax, [0x4000]
        66 a3 10 40 00 00         ; mov [0x4010], ax
        f4                        ; hlt
      `, options);
      vcpu.setGuestDebug({ breakpoints: [{ address: 0x4000, on: "write", length: 4 }, 0x1005, { address: 0x4000, on: "access", length: 2 }] });
      const dr7 = 0x72a | (1 << 16) | (3 << 18) | (3 << 24) | (1 << 26);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_DEBUG", exception: 1, pc: 0x1005, dr6: 0xffff0ff1, dr7, insns: 1 });
      expect(vcpu.run(), "in front of the insn").to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1005, dr6: 0xffff0ff2, insns: 0 });
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x100a, dr6: 0xffff0ff4, insns: 1 });
      expect(vcpu.getDebugregs()).to.deep.equal({ db: [0, 0, 0, 0], dr6: 0xffff0ff0, dr7: 0x400 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      vcpu.setGuestDebug({});
      vcpu.setRegs({ rip: 0x1000 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 4 });
    });

    it("leave in the middle of a repeated insn, and only once for each hit", () => {
      const { vcpu } = guest32("f3 aa f4   ; rep stosb; hlt", options);
      vcpu.setRegs({ rcx: 5, rdi: 0x4000 });
      vcpu.setGuestDebug({ breakpoints: [{ address: 0x4002, on: "write" }] });
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: 0x1000, insns: 0 });
      expect(vcpu.getRegs().rcx).to.equal(2);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
    });

    it("can be set while a loop is warm, beside the guest's own", () => {
      const made = protectedGuest("ff 05 00 40 00 00 e2 f8 f4   ; l: inc dword [0x4000]; loop l; hlt", options), { vcpu } = made;
      vcpu.setRegs({ rcx: 1000 });
      vcpu.run({ maxInsns: 100 });
      vcpu.setDebugregs({ db: [0x4000, 0, 0, 0], dr7: 1 | (1 << 16) });
      vcpu.setGuestDebug({ breakpoints: [{ address: 0x4000, on: "write" }] });
      expect(vcpu.run()).to.include({ reason: "KVM_EXIT_DEBUG", pc: HANDLERS + 1, insns: 1 });
      expect(peek(made.vm, vcpu.getRegs().rsp, 4), "the guest's trap has been delivered").to.equal(0x1006);
    });
  });
}

describe("setGuestDebug", () => {
  it("refuses breakpoints that debug registers cannot express", () => {
    const { vcpu } = guest32("f4"), set = (breakpoint: object) => () => vcpu.setGuestDebug({ breakpoints: [breakpoint as { address: number }] });
    expectErrno("EINVAL", /on is "io"; allowed are execute write access/, set({ address: 0, on: "io" }));
    expectErrno("EINVAL", /length is 8; allowed are 1 2 4/, set({ address: 0, on: "write", length: 8 }));
    expectErrno("EINVAL", /length is 2; a breakpoint for an insn has 1/, set({ address: 0, length: 2 }));
    expectErrno("EINVAL", /address is 0x4001; it must be a multiple of its length 4/, set({ address: 0x4001, on: "access", length: 4 }));
    expectErrno("EINVAL", /breakpoint 0 is undefined/, set({}));
  });
});

describe("Vcpu.setVcpuEvents", () => {
  it("refuses what cannot be", () => {
    const { vcpu } = guest32("f4");
    expectErrno("EINVAL", /exception\.nr is 32/, () => vcpu.setVcpuEvents({ exception: { injected: 1, nr: 32 } }));
    expectErrno("EINVAL", /exception 13 has error code/, () => vcpu.setVcpuEvents({ exception: { injected: 1, nr: 13 } }));
    expectErrno("EINVAL", /exception 6 has no error code/, () => vcpu.setVcpuEvents({ exception: { injected: 1, nr: 6, hasErrorCode: 1 } }));
    expectErrno("EINVAL", /exception\.payload is 0/, () => vcpu.setVcpuEvents({ exception: { injected: 1, nr: 1 } }));
    expectErrno("EINVAL", /shadow is 3; allowed are 0 1 2/, () => vcpu.setVcpuEvents({ interrupt: { shadow: 3 } }));
    expectErrno("EINVAL", /nmi\.masked is 2/, () => vcpu.setVcpuEvents({ nmi: { masked: 2 } }));
    expectErrno("EINVAL", /there is no smi/, () => vcpu.setVcpuEvents({ smi: {} } as object));
    expect(vcpu.getVcpuEvents().exception.injected).to.equal(0);
  });
});

describe("Vcpu.translate", () => {
  const DIRECTORY = 0x9000, TABLE = 0xa000, CR0_PG = 0x80000000, CR4_PSE = 0x10, CR4_PAE = 0x20;
  const none = { physicalAddress: 0, valid: false, writeable: false, usermode: false };

  function paged(cr4: number, prepare: (guest: Guest) => void): Guest {
    const made = guest32("f4"), { vm, vcpu } = made;
    poke(vm, DIRECTORY, 4, TABLE | 7);
    poke(vm, TABLE + 4, 4, 0x1000 | 7);
    prepare(made);
    vcpu.setSregs({ cr3: DIRECTORY, cr0: 0x11 + CR0_PG, cr4 });
    return made;
  }

  it("is the identity without paging", () => {
    expect(guest32("f4").vcpu.translate(0xfffffff0)).to.deep.equal({ physicalAddress: 0xfffffff0, valid: true, writeable: true, usermode: true });
  });

  it("follows the tables, and leaves their bits alone", () => {
    const { vm, vcpu } = paged(CR4_PSE, (made) => {
      poke(made.vm, TABLE, 4, 0x8000 | 5);
      poke(made.vm, TABLE + 8, 4, 0x3000 | 3);
      poke(made.vm, DIRECTORY + 4, 4, 0x80000000 | 0x81);
    }), before = vm.readPhys(DIRECTORY, 0x2000);
    expect(vcpu.translate(0x123)).to.deep.equal({ physicalAddress: 0x8123, valid: true, writeable: false, usermode: true });
    expect(vcpu.translate(0x2fff)).to.deep.equal({ physicalAddress: 0x3fff, valid: true, writeable: true, usermode: false });
    expect(vcpu.translate(0x456789)).to.deep.equal({ physicalAddress: 0x80056789, valid: true, writeable: false, usermode: false });
    expect(vcpu.translate(0x3000)).to.deep.equal(none);
    expect(vcpu.translate(0x800000)).to.deep.equal(none);
    expect(vm.readPhys(DIRECTORY, 0x2000)).to.deep.equal(before);
  });

  it("follows PAE tables, and says no where there is no memory for them", () => {
    const { vcpu } = paged(CR4_PAE, ({ vm }) => {
      poke(vm, DIRECTORY, 4, 0xb000 | 1);
      poke(vm, DIRECTORY + 4, 4, 0);
      vm.writePhys(DIRECTORY + 8, new Uint8Array(24));
      poke(vm, 0xb000, 4, 0x200000 | 0x87);
      poke(vm, 0xb008, 4, 0x7000000 | 7);
    });
    expect(vcpu.translate(0x1234), "the CPU reads the pointers when it runs").to.deep.equal(none);
    vcpu.run({ maxInsns: 0 });
    expect(vcpu.translate(0x1234)).to.deep.equal({ physicalAddress: 0x201234, valid: true, writeable: true, usermode: true });
    expect(vcpu.translate(0x200000)).to.deep.equal(none);
    expectErrno("EINVAL", /translate: address is -1/, () => vcpu.translate(-1));
  });
});
