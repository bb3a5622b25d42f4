// ROM images: where they are mapped, the state they start in, that they are read-only, and which are refused.

import { expect } from "chai";
import type { BareOptions, UnhandledAccess } from "../../../../src/index.ts";
import { BareMachine } from "../../../../src/index.ts";
import { expectErrno } from "../../kvm/errno.ts";
import { bytesOf, ENGINES, peek } from "../../kvm/guest.ts";

const KIB = 0x400, SEGMENT = 0x10000;

/** A ROM with code at offset 0 of its last 64 KiB and a jump to it at the reset vector. */
function romOf(code: string, size = SEGMENT): Uint8Array {
  const rom = new Uint8Array(size).fill(0xff);
  rom.set(bytesOf(code), size - SEGMENT);
  rom.set(bytesOf("ea 00 00 00 f0   ; jmp 0xf000:0"), size - 16);
  return rom;
}

function run(rom: Uint8Array, options: BareOptions = {}) {
  const unhandled: UnhandledAccess[] = [], postCodes: number[] = [];
  const machine = new BareMachine(rom, {
    format: "rom", onUnhandled: (access) => unhandled.push(access), onPostCode: (code) => postCodes.push(code), ...options,
  });
  return { machine, outcome: machine.run({ maxInsns: 10_000 }), unhandled, postCodes };
}

describe("ROM images", () => {
  it("start in the state after RESET", () => {
    const { vcpu, boot } = new BareMachine(romOf("f4"), { format: "rom" }), { cs, ds, ss, gdt, idt, cr0 } = vcpu.getSregs(), regs = vcpu.getRegs();
    expect([cs.selector, cs.base, cs.limit, regs.rip, regs.rflags]).to.deep.equal([0xf000, 0xffff0000, 0xffff, 0xfff0, 2]);
    expect([ds.selector, ds.base, ds.limit, ss.base]).to.deep.equal([0, 0, 0xffff, 0]);
    expect([gdt, idt, cr0]).to.deep.equal([{ base: 0, limit: 0xffff }, { base: 0, limit: 0xffff }, 0x60000010]);
    expect(regs.rdx, "EDX tells the processor as CPUID does").to.equal(vcpu.getCpuid2().find((leaf) => leaf.function === 1)?.eax);
    expect([regs.rax, regs.rbx, regs.rcx, regs.rsi, regs.rdi, regs.rbp, regs.rsp].every((value) => value === 0)).to.equal(true);
    expect(boot.format).to.equal("rom");
  });

  for (const [name, vm] of ENGINES) {
    it(`run from 4 GiB and from 1 MiB, read-only, between memory on both sides, with ${name}`, () => {
      const { machine, outcome, unhandled } = run(romOf(`
        2e c7 06 00 80 34 12        ; mov word cs:[0x8000], 0x1234: the ROM
        b8 00 20                    ; mov ax, 0x2000
        8e d8                       ; mov ds, ax
        c7 06 ff 7f 78 56           ; mov word [0x7fff], 0x5678: memory
        b8 ff ff                    ; mov ax, 0xffff
        8e d8                       ; mov ds, ax
        c7 06 10 00 bc 9a           ; mov word [0x10], 0x9abc: memory above 1 MiB
        2e a1 00 80                 ; mov ax, cs:[0x8000]
        f4                          ; hlt
      `), { vm });
      expect([outcome.kind, machine.vcpu.getRegs().rax, machine.vcpu.getSregs().cs.base]).to.deep.equal(["halt", 0xffff, 0xf0000]);
      expect(unhandled).to.deep.equal([{ kind: "memory", isWrite: true, address: 0xf8000, size: 2, value: 0x1234 }]);
      expect([peek(machine.vm, 0x27fff, 2), peek(machine.vm, 0x100000, 2), peek(machine.vm, 0xffff8000, 2)]).to.deep.equal([0x5678, 0x9abc, 0xffff]);
    });

    it(`tell how far they have come on the POST port, with ${name}`, () => {
      const rom = romOf("b0 5a ba 90 01 ee 40 ee ef f4   ; mov al, 0x5a; mov dx, 0x190; out dx, al; inc ax; out dx, al; out dx, ax; hlt");
      const { postCodes, unhandled } = run(rom, { vm, postPort: 0x190 });
      expect(postCodes).to.deep.equal([0x5a, 0x5b]);
      expect(unhandled.map((u) => [u.address, u.size]), "a POST code is a byte").to.deep.equal([[0x190, 2]]);
      expect(run(rom, { vm }).unhandled).to.have.length(3);
    });
  }

  it("show their last 128 KiB below 1 MiB, or all they have", () => {
    for (const [size, low] of [[64 * KIB, 64 * KIB], [128 * KIB, 128 * KIB], [256 * KIB, 128 * KIB], [0x1000000, 128 * KIB]]) {
      const rom = romOf("f4", size);
      rom[size - low] = 0x77;
      const { vm } = new BareMachine(rom, { format: "rom" });
      expect([peek(vm, 0x100000 - low, 1), peek(vm, 0x100000 - low - 1, 1), peek(vm, 2 ** 32 - low, 1)]).to.deep.equal([0x77, 0, 0x77]);
      expect(peek(vm, 2 ** 32 - size, 1)).to.equal(rom[0]);
    }
  });

  it("run with memory that ends below them, within them and at 1 MiB", () => {
    for (const memoryBytes of [0x1000, 0xe0000, 0xf0000, 0xf8000, 0x100000, 0x101000]) {
      const { outcome, machine } = run(romOf("f4", 128 * KIB), { memoryBytes });
      expect(outcome.kind).to.equal("halt");
      expect(machine.vcpu.engine.cpu.memory.all.filter((r) => !r.isReadOnly).reduce((sum, r) => sum + r.size, 0), "writable")
        .to.equal(memoryBytes - Math.min(0x20000, Math.max(0, memoryBytes - 0xe0000)));
    }
  });

  it("are refused if their size cannot be, or memory is in the way", () => {
    const load = (size: number, options: BareOptions = {}) => () => new BareMachine(new Uint8Array(size), { format: "rom", ...options });
    expectErrno("EINVAL", /the image is empty/, load(0));
    for (const size of [1, 0x1000, SEGMENT - 1, SEGMENT + 1, 0x18000, 0x1010000]) {
      expectErrno("EINVAL", new RegExp(`has ${size} bytes \\(0x[0-9a-f]+\\); it must be a multiple of 64 KiB up to 16 MiB`), load(size));
    }
    expectErrno("EINVAL", /the ROM is at 0xffff0000\.\.0xffffffff, where there is memory, which ends at 0xffffffff/, load(SEGMENT, { memoryBytes: 2 ** 32 }));
    expectErrno("EINVAL", /a load address .* goes with flat images; this one is loaded as rom/, load(SEGMENT, { loadAddress: 0 }));
    expectErrno("EINVAL", /a mode to start in/, load(SEGMENT, { bits: 32 }));
    expectErrno("EINVAL", /a command line/, load(SEGMENT, { cmdline: "x" }));
    expectErrno("EINVAL", /POST port is 65536/, load(SEGMENT, { postPort: 0x10000 }));
    expectErrno("EINVAL", /POST port is 0xe9, which is the port of the console/, load(SEGMENT, { postPort: 0xe9 }));
    expectErrno("EINVAL", /POST port is 0x5a4, which is the port of the timer/, load(SEGMENT, { postPort: 0x5a4 }));
    expectErrno("EINVAL", /POST port is 0xf4, which is the port of the debug exit/, load(SEGMENT, { postPort: 0xf4, isaDebugExit: true }));
  });
});
