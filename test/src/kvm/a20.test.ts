// The A20 gate: with and without paging, in each engine; changed by a port handler in the middle of a run.

import { expect } from "chai";
import type { Vm, Vcpu, VmOptions } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { enterFlatProtectedMode } from "../../../src/machine/bare-entry.ts";
import { bytesOf, CODE, ENGINES, peek, poke } from "./guest.ts";

const MIB = 2 ** 20, GATE_PORT = 0x92, LOW = 0x8000, HIGH = MIB + LOW;
/** A page directory whose first entry maps 4 MiB to themselves. */
const DIRECTORY = 0x4000, PRESENT_WRITABLE_LARGE = 0x83;

function guest(code: string, options: VmOptions): { readonly vm: Vm; readonly vcpu: Vcpu } {
  const vm = openKvm().createVm(options);
  vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 4 * MIB });
  vm.writePhys(CODE, bytesOf(code));
  const vcpu = vm.createVcpu(0);
  vm.handlePorts({ first: GATE_PORT, count: 1, read: () => 0, write: (_port, _size, value) => { vcpu.a20 = (value & 2) !== 0; } });
  enterFlatProtectedMode(vcpu, CODE);
  poke(vm, DIRECTORY, 4, PRESENT_WRITABLE_LARGE);
  poke(vm, LOW, 4, 0x11111111);
  poke(vm, HIGH, 4, 0x22222222);
  return { vm, vcpu };
}

/** Reads HIGH with the gate open, closed and open again, and writes it while it is closed; three times, so that it is translated. */
const TOGGLES = `
  b9 03 00 00 00                ; mov ecx, 3
  8b 1d 00 80 10 00             ; again: mov ebx, [HIGH]
  b0 00                         ; mov al, 0
  e6 92                         ; out 0x92, al
  8b 15 00 80 10 00             ; mov edx, [HIGH]
  c7 05 04 80 10 00 44 44 44 44 ; mov dword [HIGH + 4], 0x44444444
  b0 02                         ; mov al, 2
  e6 92                         ; out 0x92, al
  8b 35 00 80 10 00             ; mov esi, [HIGH]
  49                            ; dec ecx
  75 d9                         ; jnz again
  f4                            ; hlt
`;

describe("The A20 gate", () => {
  for (const [name, options] of ENGINES) {
    for (const isPaging of [false, true]) {
      it(`clears address bit 20 while it is closed, ${isPaging ? "with" : "without"} paging, with ${name}`, () => {
        const { vm, vcpu } = guest(TOGGLES, options);
        if (isPaging) vcpu.setSregs({ cr3: DIRECTORY, cr4: 0x10, cr0: 0x80000011 });
        expect(vcpu.run({ maxInsns: 100 }).reason).to.equal("KVM_EXIT_HLT");
        const { rbx, rdx, rsi } = vcpu.getRegs();
        expect([rbx, rdx, rsi]).to.deep.equal([0x22222222, 0x11111111, 0x22222222]);
        expect([peek(vm, LOW + 4, 4), peek(vm, HIGH + 4, 4)]).to.deep.equal([0x44444444, 0]);
      });
    }

    it(`lets page tables be found behind it, with ${name}`, () => {
      const { vm, vcpu } = guest("f4", options);
      poke(vm, DIRECTORY, 4, 0);
      poke(vm, DIRECTORY + 4, 4, PRESENT_WRITABLE_LARGE);
      poke(vm, CODE + 8, 1, 0xf4);
      vcpu.a20 = false;
      vcpu.setRegs({ rip: 0x400000 + CODE + 8 });
      vcpu.setSregs({ cr3: MIB + DIRECTORY, cr4: 0x10, cr0: 0x80000011 });
      expect(vcpu.translate(0x400000 + HIGH)).to.include({ valid: true, physicalAddress: LOW });
      expect(vcpu.run({ maxInsns: 10 }).reason).to.equal("KVM_EXIT_HLT");
    });
  }

  it("is open after RESET, and where the vCPU begins", () => {
    const { vcpu } = guest("f4", {});
    expect(vcpu.a20).to.equal(true);
    vcpu.a20 = false;
    vcpu.reset();
    expect(vcpu.a20).to.equal(true);
  });
});

describe("Vcpu.reset", () => {
  it("leaves the state that a new vCPU has, with its CPUID, its time-stamp counter at 0, and the count of insns going on", () => {
    const { vcpu } = guest("90 90 90 f4", {}), fresh = openKvm().createVm().createVcpu(0);
    vcpu.setCpuid2(openKvm().getModelCpuid("pentium3"));
    fresh.setCpuid2(openKvm().getModelCpuid("pentium3"));
    vcpu.run();
    vcpu.interrupt(0x20);
    vcpu.nmi();
    vcpu.reset();
    const ownTsc = ([name]: [string, string]): boolean => name !== "tsc_offset";
    expect([...vcpu.describeState()].filter(ownTsc)).to.deep.equal([...fresh.describeState()].filter(ownTsc));
    expect(vcpu.getVcpuEvents()).to.deep.equal(fresh.getVcpuEvents());
    expect([vcpu.retiredInsns, vcpu.getMsrs([0x10])[0].data]).to.deep.equal([4, 0n]);
  });
});

describe("Vcpu.getSregs2 and setSregs2", () => {
  const PAE = { cr3: DIRECTORY, cr4: 0x20, cr0: 0x80000011 };

  it("exchange the page-directory pointers that the CPU holds, whatever memory says by now", () => {
    const { vm, vcpu } = guest("eb fe", {});
    expect(vcpu.getSregs2().pdptrs).to.equal(null);
    poke(vm, DIRECTORY, 4, 0x5001);
    poke(vm, 0x5000, 4, 0x83);
    vcpu.setSregs(PAE);
    vcpu.run({ maxInsns: 1 });
    poke(vm, DIRECTORY, 4, 0);
    const saved = vcpu.getSregs2();
    expect(saved.pdptrs).to.deep.equal([0x5001, 0, 0, 0]);
    const other = guest("eb fe", {});
    poke(other.vm, DIRECTORY, 4, 0);
    poke(other.vm, 0x5000, 4, 0x83);
    other.vcpu.setSregs2(saved);
    other.vcpu.setRegs(vcpu.getRegs());
    expect(other.vcpu.run({ maxInsns: 5 }).reason).to.equal("KVM_EXIT_INTR");
    expect(other.vcpu.getSregs2()).to.deep.equal(saved);
  });

  it("refuse pointers that no CPU holds", () => {
    const { vcpu } = guest("f4", {});
    expect(() => vcpu.setSregs2({ ...PAE, pdptrs: [1, 2, 3] })).to.throw(/pdptrs is an object; it must be 4 entries/);
    expect(() => vcpu.setSregs2({ ...PAE, pdptrs: [1, 0, 0, -1] })).to.throw(/pdptrs\[3\] is -1/);
    expect(() => vcpu.setSregs2({ ...PAE, pdptrs: [7, 0, 0, 0] })).to.throw(/pdptrs\[0\] is 0x7, which has reserved bits/);
  });
});
