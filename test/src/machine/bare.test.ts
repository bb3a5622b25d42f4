// The bare machine: what it loads, the state a guest starts in, its ports, how a run ends, and what it refuses.

import { expect } from "chai";
import type { BareOptions, KvmExit, UnhandledAccess } from "../../../src/index.ts";
import { BareMachine } from "../../../src/index.ts";
import { readFixture } from "../../support/project.ts";
import { expectErrno } from "../kvm/errno.ts";
import { bytesOf, ENGINES } from "../kvm/guest.ts";

/** Runs code to its end; what it printed and what nobody answered. */
function run(code: string, options: BareOptions = {}) {
  const unhandled: UnhandledAccess[] = [];
  let output = "";
  const machine = new BareMachine(bytesOf(code), {
    onOutput: (byte) => {
      output += String.fromCharCode(byte);
    },
    onUnhandled: (access) => unhandled.push(access),
    ...options,
  });
  const outcome = machine.run({ maxInsns: 100_000, maxSteps: 1000 });
  return { machine, outcome, output, unhandled, regs: machine.vcpu.getRegs() };
}

describe("BareMachine", () => {
  it("starts a 16-bit guest in real mode with nothing but CS:IP set", () => {
    const { regs, machine } = run("f4"), { cs, ss, cr0 } = machine.vcpu.getSregs();
    expect(Object.values({ ...regs, rip: 0, rflags: 0 }).every((value) => value === 0)).to.equal(true);
    expect([regs.rip, regs.rflags, cs.selector, cs.base, ss.selector, cr0 & 1]).to.deep.equal([0x1001, 2, 0, 0, 0, 0]);
  });

  it("makes CS:IP from the entry", () => {
    for (const [entry, selector, ip] of [[0x1000, 0, 0x1000], [0xffff, 0, 0xffff], [0x10000, 0x1000, 0], [0xfffff, 0xffff, 15], [0x12345, 0x1234, 5]]) {
      const { vcpu } = new BareMachine(bytesOf("f4"), { loadAddress: entry }), { cs } = vcpu.getSregs();
      expect([cs.selector, cs.base, vcpu.getRegs().rip]).to.deep.equal([selector, selector * 16, ip]);
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
    }
  });

  it("starts a 32-bit guest in flat protected mode without tables", () => {
    const { machine, outcome } = run("f4", { bits: 32 }), { cs, ds, gdt, idt, cr0 } = machine.vcpu.getSregs();
    expect(outcome).to.deep.equal({ kind: "halt" });
    expect([cs.selector, cs.base, cs.limit, cs.db, ds.selector, ds.limit]).to.deep.equal([8, 0, 0xffffffff, 1, 16, 0xffffffff]);
    expect([gdt, idt, cr0]).to.deep.equal([{ base: 0, limit: 0 }, { base: 0, limit: 0 }, 0x11]);
  });

  it("loads and enters where it is told", () => {
    const { outcome, regs, machine } = run("40 40 f4   ; inc ax twice; hlt", { loadAddress: 0x7c00, entry: 0x7c01 });
    expect([outcome.kind, regs.rax, machine.insns]).to.deep.equal(["halt", 1, 2]);
    expect([...machine.vm.readPhys(0x7bff, 5)]).to.deep.equal([0, 0x40, 0x40, 0xf4, 0]);
  });

  for (const [name, vm] of ENGINES) {
    for (const isTraced of [false, true]) {
      const mode = `with ${name}${isTraced ? ", every exit reported" : ""}`;
      const exits: KvmExit[] = [];
      const options: BareOptions = { vm, bits: 32, ...(isTraced ? { onExit: (exit) => void exits.push(exit) } : {}) };

      it(`prints what goes to the console ports, ${mode}`, () => {
        exits.length = 0;
        const { output, outcome, unhandled } = run(`
          b0 41 e6 e9             ; mov al, 'A'; out 0xe9, al
          b0 42 e6 f1             ; mov al, 'B'; out 0xf1, al
          ba f8 03 00 00          ; mov edx, 0x3f8
          b0 43 ee                ; mov al, 'C'; out dx, al
          ba e9 00 00 00          ; mov edx, 0xe9
          be 00 10 00 00          ; mov esi, 0x1000
          b9 02 00 00 00          ; mov ecx, 2
          f3 6e                   ; rep outsb: the first two bytes of this program
          f4                      ; hlt
        `, options);
        expect([output, outcome.kind, unhandled]).to.deep.equal(["ABC\xb0A", "halt", []]);
        expect(exits.map((exit) => exit.reason === "KVM_EXIT_IO" ? `${exit.port.toString(16)} ${exit.count}` : exit.reason))
          .to.deep.equal(isTraced ? ["e9 1", "f1 1", "3f8 1", "e9 2", "KVM_EXIT_HLT"] : []);
      });

      it(`reports other ports and addresses, which read as ones, ${mode}`, () => {
        const { unhandled, regs, outcome } = run(`
          b8 44 33 22 11          ; mov eax, 0x11223344
          66 e7 80                ; out 0x80, ax
          66 e7 e9                ; out 0xe9, ax: the console takes bytes only
          e5 60                   ; in eax, 0x60
          89 c3                   ; mov ebx, eax
          a0 00 00 00 80          ; mov al, [0x80000000]
          c6 05 01 00 00 80 07    ; mov byte [0x80000001], 7
          e4 e9                   ; in al, 0xe9
          f4                      ; hlt
        `, options);
        expect(unhandled).to.deep.equal([
          { kind: "port", isWrite: true, address: 0x80, size: 2, value: 0x3344 },
          { kind: "port", isWrite: true, address: 0xe9, size: 2, value: 0x3344 },
          { kind: "port", isWrite: false, address: 0x60, size: 4, value: 0xffffffff },
          { kind: "memory", isWrite: false, address: 0x80000000, size: 1, value: 0xff },
          { kind: "memory", isWrite: true, address: 0x80000001, size: 1, value: 7 },
          { kind: "port", isWrite: false, address: 0xe9, size: 1, value: 0xff },
        ]);
        expect([regs.rbx, regs.rax, outcome.kind]).to.deep.equal([0xffffffff, 0xffffffff, "halt"]);
      });

      it(`ends at the debug-exit port if asked to, ${mode}`, () => {
        const code = "b0 2a e6 f4 40 f4   ; mov al, 42; out 0xf4, al; inc eax; hlt";
        expect(run(code, { ...options, isaDebugExit: true })).to.deep.include({ outcome: { kind: "debug-exit", status: 85 }, unhandled: [] });
        const without = run(code, options);
        expect([without.outcome.kind, without.unhandled.length]).to.deep.equal(["halt", 1]);
        const { machine } = run(code, { ...options, isaDebugExit: true });
        expect([machine.run(), machine.insns], "and goes on if run again").to.deep.equal([{ kind: "halt" }, 4]);
      });

      it(`says how a run ended, ${mode}`, () => {
        expect(run("0f 0b   ; ud2", options).outcome).to.deep.equal({ kind: "shutdown" });
        expect(run("e9 fb ff ff 0f   ; jmp 0x10001000", options).outcome).to.deep.equal({ kind: "no-code", address: 0x10001000 });
        expect(run("eb fe   ; jmp to itself", options)).to.deep.include({ outcome: { kind: "budget" } });
        expect(run("0f 0b   ; ud2", { ...options, bits: 16, memoryBytes: 0x2000 }).outcome).to.deep.equal({ kind: "no-delivery", address: 0xfffe });
      });
    }

    it(`runs in slices as in one go, with ${name}`, () => {
      const image = readFixture("guests/irq16/irq16.bin"), outputs: string[] = [];
      for (const slice of [1, 7, 1000, Infinity]) {
        let output = "";
        const machine = new BareMachine(image, { vm, onOutput: (byte) => (output += String.fromCharCode(byte)) });
        let outcome = machine.run({ maxInsns: slice });
        for (let i = 0; outcome.kind === "budget" && i < 10_000; i++) outcome = machine.run({ maxInsns: slice });
        outputs.push(`${outcome.kind} ${machine.insns} ${output}`);
      }
      expect(new Set(outputs).size).to.equal(1);
      expect(outputs[0]).to.match(/^halt 3799 /);
    });

    it(`ends a slice of a guest that retires nothing, with ${name}`, () => {
      // Vector 6 leads back to the undefined opcode.
      const machine = new BareMachine(bytesOf("0f 0b"), { vm });
      machine.vm.writePhys(6 * 4, bytesOf("00 10 00 00"));
      expect([machine.run({ maxInsns: 1e9, maxSteps: 1000 }), machine.insns]).to.deep.equal([{ kind: "budget" }, 0]);
    });
  }

  it("stops at breakpoints set on its vCPU", () => {
    const machine = new BareMachine(bytesOf("40 40 f4   ; inc ax twice; hlt"));
    machine.vcpu.setGuestDebug({ breakpoints: [0x1001] });
    expect(machine.run()).to.deep.equal({ kind: "debug", pc: 0x1001 });
    expect(machine.run()).to.deep.equal({ kind: "halt" });
  });

  it("answers CPUID as the library's CPU does, or as told", () => {
    const code = "66 b8 02 00 00 80 0f a2 f4   ; mov eax, 0x80000002; cpuid; hlt";
    expect(run(code).regs.rax).to.equal(0x6a676374);
    const cpuid = [{ function: 0x80000002, index: 0, flags: 0, eax: 0x12345678, ebx: 0, ecx: 0, edx: 0 }];
    expect(run(code, { cpuid }).regs.rax).to.equal(0x12345678);
  });

  it("refuses images and addresses that do not fit, in the caller's terms", () => {
    const image = new Uint8Array(0x2000).fill(0xf4);
    const refused: readonly [RegExp, Uint8Array, BareOptions][] = [
      [/the image is empty/, new Uint8Array(0), {}],
      [/the image has 0x2000 bytes, the machine 0x1000 bytes of memory/, image, { memoryBytes: 0x1000 }],
      [/an image of 0x2000 bytes at 0x3000 ends at 0x4fff, beyond memory, which ends at 0x3fff/, image, { memoryBytes: 0x4000, loadAddress: 0x3000 }],
      [/the load address is 0x1000000; memory is from 0 to 0xffffff/, image, { loadAddress: 0x1000000 }],
      [/the load address is -0x1/, image, { loadAddress: -1 }],
      [/the entry is 0x1000000/, image, { entry: 0x1000000 }],
      [/the entry is 0x100000; real mode reaches 0xfffff/, image, { entry: 0x100000 }],
      [/the memory size is 100 bytes/, image, { memoryBytes: 100 }],
      [/the memory size is 8589934592 bytes/, image, { memoryBytes: 2 ** 33 }],
      [/bits is 64/, image, { bits: 64 as 32 }],
    ];
    for (const [message, bytes, options] of refused) expectErrno("EINVAL", message, () => new BareMachine(bytes, options));
  });

  it("counts accesses of an insn that does not end as steps", () => {
    // rep stosb of 4 GiB to where there is no memory: an exit each.
    const code = "bf 00 00 00 80 31 c9 49 f3 aa f4   ; mov edi, 2G; xor ecx, ecx; dec ecx; rep stosb; hlt";
    const { machine, outcome, unhandled } = run(code, { bits: 32 });
    expect([outcome, machine.insns]).to.deep.equal([{ kind: "budget" }, 3]);
    expect(unhandled.length).to.be.within(1000, 1002);
    // A later run goes on where it was.
    expect(machine.run({ maxSteps: 10 })).to.deep.equal({ kind: "budget" });
    expect(unhandled.length).to.be.within(1010, 1013);
    expect(unhandled.map(({ address }) => address)).to.deep.equal(unhandled.map((_, i) => 2 ** 31 + i));
  });

  it("copies the image", () => {
    const image = bytesOf("40 f4   ; inc ax; hlt"), machine = new BareMachine(image);
    image.fill(0);
    expect(machine.run()).to.deep.equal({ kind: "halt" });
  });
});
