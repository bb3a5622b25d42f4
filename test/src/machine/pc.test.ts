// The PC: its loop, its clock, and the chips as its own software sees them, under every engine.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import type { PcOptions, PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { bytesOf, ENGINES } from "../kvm/guest.ts";
import { linuxImage } from "./linux-image.ts";

const MIB = 2 ** 20, NS_PER_INSN = 8;

/** Waits for five interrupts of the timer, 10 ms apart, notes the TSC at each, prints a line and switches the machine off. */
const TICKING = bytesOf(`
  bc 00 00 09 00                ; mov esp, 0x90000
  b0 11                         ; mov al, 0x11      first 8259: vectors from 0x20, timer alone
  e6 20                         ; out 0x20, al
  b0 20                         ; mov al, 0x20
  e6 21                         ; out 0x21, al
  b0 04                         ; mov al, 4
  e6 21                         ; out 0x21, al
  b0 01                         ; mov al, 1
  e6 21                         ; out 0x21, al
  b0 fe                         ; mov al, 0xfe
  e6 21                         ; out 0x21, al
  b8 7d 00 10 00                ; mov eax, handler
  66 a3 00 21 00 00             ; mov word [0x2100], ax
  66 c7 05 02 21 00 00 10 00    ; mov word [0x2102], 0x10
  66 c7 05 04 21 00 00 00 8e    ; mov word [0x2104], 0x8e00
  c1 e8 10                      ; shr eax, 16
  66 a3 06 21 00 00             ; mov word [0x2106], ax
  0f 01 1d 8c 00 10 00          ; lidt [idtr]
  b0 34                         ; mov al, 0x34      counter 0, mode 2, 11932 ticks
  e6 43                         ; out 0x43, al
  b0 9c                         ; mov al, 0x9c
  e6 40                         ; out 0x40, al
  b0 2e                         ; mov al, 0x2e
  e6 40                         ; out 0x40, al
  bf 00 30 00 00                ; mov edi, 0x3000
  fb                            ; sti
  f4                            ; again: hlt
  81 ff 28 30 00 00             ; cmp edi, 0x3028
  72 f7                         ; jb again
  fa                            ; cli
  be 92 00 10 00                ; mov esi, text
  66 ba f8 03                   ; mov dx, 0x3f8
  ac                            ; next: lodsb
  ee                            ; out dx, al
  3c 0a                         ; cmp al, 10
  75 fa                         ; jne next
  66 ba 04 06                   ; mov dx, 0x604
  66 b8 00 20                   ; mov ax, 0x2000
  66 ef                         ; out dx, ax
  eb fe                         ; hang: jmp hang
  0f 31                         ; handler: rdtsc
  89 07                         ; mov [edi], eax
  89 57 04                      ; mov [edi+4], edx
  83 c7 08                      ; add edi, 8
  b0 20                         ; mov al, 0x20
  e6 20                         ; out 0x20, al
  cf                            ; iret
  ff 01                         ; idtr: dw 0x1ff
  00 20 00 00                   ; dd 0x2000
  74 69 63 6b 65 64 0a          ; text: db "ticked", 10
`);

interface Made {
  readonly pc: Pc;
  readonly printed: () => string;
}

function pcWith(code: Uint8Array, vm: VmOptions = {}, options: Partial<PcOptions> = {}): Made {
  let text = "";
  const pc = new Pc({ boot: { kernel: linuxImage(code) }, memoryBytes: 4 * MIB, clock: { kind: "virtual", nsPerInsn: NS_PER_INSN }, vm, ...options });
  pc.chips.uarts[0].connect({ transmit: (byte) => { text += String.fromCharCode(byte); }, roomAgain: () => undefined });
  return { pc, printed: () => text };
}

/** Runs in slices of so many insns. */
function runToEnd(pc: Pc, sliceInsns = Infinity): PcOutcome {
  for (let slices = 0; slices < 100_000; slices++) {
    const outcome = pc.run({ maxInsns: sliceInsns, maxSteps: 100_000 });
    if (outcome.kind !== "budget") return outcome;
  }
  throw new Error("the guest does not end");
}

/** The TSC at each interrupt of TICKING. */
function stamps(pc: Pc): number[] {
  const view = new DataView(pc.vm.readPhys(0x3000, 40).buffer);
  return Array.from({ length: 5 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

describe("Pc", () => {
  for (const [name, vm] of ENGINES) {
    it(`wakes its guest by the timer, prints what it sends, and is switched off, with ${name}`, () => {
      const { pc, printed } = pcWith(TICKING, vm);
      expect(runToEnd(pc)).to.deep.equal({ kind: "power-off" });
      expect(printed()).to.equal("ticked\n");
      const tsc = stamps(pc), gaps = tsc.slice(1).map((t, i) => (t - tsc[i]) * NS_PER_INSN);
      for (const gap of gaps) expect(gap).to.be.closeTo((11_932 * 1e9) / 1_193_182, 20 * NS_PER_INSN);
    });
  }

  it("does everything at the same insn under every engine, in slices of any length", () => {
    const runs = ENGINES.flatMap(([, vm]) => [Infinity, 1, 7].map((slice) => {
      const { pc } = pcWith(TICKING, vm);
      runToEnd(pc, slice);
      return [pc.insns, pc.clock.nowNs(), ...stamps(pc)];
    }));
    for (const run of runs) expect(run).to.deep.equal(runs[0]);
  });

  const ENDS: readonly (readonly [string, string, PcOutcome])[] = [
    ["HLT with interrupts off", "fa f4", { kind: "halt" }],
    ["reset control, port 0xcf9", "66 ba f9 0c  b0 06  ee  eb fe", { kind: "reset" }],
    ["port 0x92", "b0 03  e6 92  eb fe", { kind: "reset" }],
    ["the keyboard controller", "b0 fe  e6 64  eb fe", { kind: "reset" }],
    ["a triple fault", "0f 0b", { kind: "shutdown" }],
    ["the debug exit", "b0 15  e6 f4  eb fe", { kind: "debug-exit", status: 0x2b }],
    ["a jump to nowhere", "b8 00 00 00 f0  ff e0", { kind: "no-code", address: 0xf0000000 }],
  ];

  for (const [what, code, outcome] of ENDS) {
    it(`ends by ${what}`, () => expect(runToEnd(pcWith(bytesOf(code), {}, { isaDebugExit: true }).pc)).to.deep.equal(outcome));
  }

  it("is idle when nothing but the outside can wake it, and goes on when that does", () => {
    // COM1's received-data interrupt (IRQ 4, vector 0x24) is all there is; its handler is left out, so it ends in a triple fault.
    const { pc } = pcWith(bytesOf(`
      b0 11 e6 20 b0 20 e6 21 b0 04 e6 21 b0 01 e6 21 b0 ef e6 21   ; 8259: IRQ 4 alone
      66 ba f9 03 b0 01 ee  66 ba fc 03 b0 08 ee                    ; IER = 1, MCR = OUT2
      fb f4 eb fd                                                   ; sti; hlt
    `));
    expect(runToEnd(pc)).to.deep.equal({ kind: "idle", untilNs: Infinity });
    expect(runToEnd(pc)).to.deep.equal({ kind: "idle", untilNs: Infinity });
    expect(pc.chips.uarts[0].receive([0x41])).to.equal(1);
    expect(runToEnd(pc)).to.deep.equal({ kind: "shutdown" });
  });

  it("answers accesses that reach nothing with ones, and tells of them", () => {
    const seen: string[] = [];
    const { pc } = pcWith(bytesOf("66 ba 34 12  ed  a3 00 30 00 00  a1 00 00 00 e0  a3 04 30 00 00  ee  fa f4"), {}, {
      onUnhandled: ({ kind, isWrite, address }) => seen.push(`${kind} ${isWrite ? "write" : "read"} ${address.toString(16)}`),
    });
    runToEnd(pc);
    expect([...pc.vm.readPhys(0x3000, 8)]).to.deep.equal(new Array<number>(8).fill(0xff));
    expect(seen).to.deep.equal(["port read 1234", "memory read e0000000", "port write 1234"]);
  });

  it("splits a wide access to byte registers", () => {
    // in ax, 0x20 reads the first 8259's IRR and IMR.
    const { pc } = pcWith(bytesOf("b0 5a  e6 21  66 e5 20  66 a3 00 30 00 00  fa f4"));
    runToEnd(pc);
    expect([...pc.vm.readPhys(0x3000, 2)]).to.deep.equal([0, 0x5a]);
  });

  it("takes the bytes of the debug console", () => {
    const bytes: number[] = [];
    runToEnd(pcWith(bytesOf("b0 41  e6 e9  b0 42  e6 e9  fa f4"), {}, { onDebugByte: (byte) => bytes.push(byte) }).pc);
    expect(bytes).to.deep.equal([0x41, 0x42]);
  });

  it("follows the host's clock in real time, and says until when it waits", () => {
    let ns = 1000;
    const { pc } = pcWith(TICKING, {}, { clock: { kind: "real", hostNs: () => ns } });
    let waits = 0;
    for (let outcome = pc.run({ maxSteps: 1000 }); outcome.kind !== "power-off"; outcome = pc.run({ maxSteps: 1000 })) {
      if (outcome.kind !== "idle") throw new Error(outcome.kind);
      expect(outcome.untilNs - pc.clock.nowNs()).to.be.within(0, 10_000_100);
      ns += outcome.untilNs - pc.clock.nowNs();
      waits++;
    }
    expect(waits).to.be.within(5, 20);
  });

  it("refuses memory sizes that no PC has", () => {
    for (const memoryBytes of [0, 4096, 0x200001, 2 ** 32]) expect(() => pcWith(TICKING, {}, { memoryBytes })).to.throw(/a PC's memory is a multiple of 4096/);
  });
});
