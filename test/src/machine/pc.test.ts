// The PC: its loop, its clock, and the chips as its own software sees them, under every engine.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import type { PcOptions, PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { bytesOf, ENGINES } from "../kvm/guest.ts";
import { linuxImage } from "./linux-image.ts";
import { TICKING } from "./ticking.ts";

const MIB = 2 ** 20, NS_PER_INSN = 8;

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
    it(`ends by ${what}`, () => expect(runToEnd(pcWith(bytesOf(code), {}, { isaDebugExit: true, noReboot: true }).pc)).to.deep.equal(outcome));
  }

  const RESETS = {
    "reset control, port 0xcf9": "66 ba f9 0c  b0 06  ee", "port 0x92": "b0 03  e6 92", "the keyboard controller": "b0 fe  e6 64",
    "the keyboard controller's output port": "b0 d1  e6 64  b0 00  e6 60", "a triple fault": "0f 01 1d 00 60 00 00  0f 0b",
  };

  for (const [what, code] of Object.entries(RESETS)) {
    it(`starts again after ${what}, with what memory holds, chips and processor as new, and time going on`, () => {
      const again = `
        8b 35 00 30 00 00                          ; mov esi, [0x3000]
        e4 21  88 86 10 30 00 00                   ; in al, 0x21; mov [esi + 0x3010], al
        e4 92  88 86 20 30 00 00                   ; in al, 0x92; mov [esi + 0x3020], al
        0f 31  89 04 b5 30 30 00 00                ; rdtsc; mov [esi * 4 + 0x3030], eax
        8b 15 00 80 10 00  89 14 b5 40 30 00 00    ; mov edx, [0x108000]; mov [esi * 4 + 0x3040], edx
        ff 05 00 30 00 00                          ; inc dword [0x3000]
        83 3d 00 30 00 00 03                       ; cmp dword [0x3000], 3
        72 0c                                      ; jb reset
        66 ba 04 06  66 b8 00 20  66 ef  eb fe     ; soft-off
        b0 a5  e6 21  b0 00  e6 92                 ; reset: mask interrupts, close A20
      `;
      for (const [, vm] of ENGINES) {
        // At 2 MiB, where bit 20 of its addresses is 0.
        const kernel = linuxImage(bytesOf(`${again} ${code} eb fe`), { pref_address: 2 * MIB, relocatable_kernel: 0 }), { pc } = pcWith(bytesOf(""), vm, { boot: { kernel } });
        pc.vm.writePhys(0x108000, Uint8Array.of(1, 2, 3, 4));
        expect(runToEnd(pc)).to.deep.equal({ kind: "power-off" });
        const [masks, controlA] = [0x3010, 0x3020].map((at) => [...pc.vm.readPhys(at, 3)]), view = new DataView(pc.vm.readPhys(0x3030, 32).buffer);
        expect(masks).to.deep.equal([0, 0, 0]);
        expect(controlA).to.deep.equal([2, 2, 2]);
        expect([0, 1, 2].map((i) => view.getUint32(4 * i, true))).to.satisfy((tsc: number[]) => tsc.every((t) => t < 10));
        expect([0, 1, 2].map((i) => view.getUint32(16 + 4 * i, true)), "A20 is open").to.deep.equal([0x04030201, 0x04030201, 0x04030201]);
        expect(pc.clock.nowNs()).to.equal(pc.insns * NS_PER_INSN);
      }
    });
  }

  it("is idle when nothing but the outside can wake it, and goes on when that does", () => {
    // COM1's received-data interrupt (IRQ 4, vector 0x24) is all there is; its handler is left out, so it ends in a triple fault.
    const { pc } = pcWith(bytesOf(`
      b0 11 e6 20 b0 20 e6 21 b0 04 e6 21 b0 01 e6 21 b0 ef e6 21   ; 8259: IRQ 4 alone
      66 ba f9 03 b0 01 ee  66 ba fc 03 b0 08 ee                    ; IER = 1, MCR = OUT2
      fb f4 eb fd                                                   ; sti; hlt
    `), {}, { noReboot: true });
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
