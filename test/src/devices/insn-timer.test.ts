// The timer that counts insns: its ports, and that it interrupts at exactly the same insn under every engine.

import { expect } from "chai";
import { InsnTimer, TIMER_COUNT, TIMER_VECTOR } from "../../../src/devices/insn-timer.ts";
import type { BareOptions } from "../../../src/index.ts";
import { BareMachine } from "../../../src/index.ts";
import { bytesOf, ENGINES } from "../kvm/guest.ts";

describe("InsnTimer", () => {
  it("goes off once, so many insns after it was written", () => {
    const timer = new InsnTimer();
    expect([timer.isArmed, timer.deadline, timer.read(TIMER_COUNT, 4, 50)]).to.deep.equal([false, Infinity, 0]);
    timer.write(TIMER_COUNT, 4, 100, 1000);
    expect([timer.isArmed, timer.deadline, timer.read(TIMER_COUNT, 4, 1030)]).to.deep.equal([true, 1100, 70]);
    timer.advance(1099);
    expect(timer.isRaised).to.equal(false);
    timer.advance(1100);
    expect([timer.isRaised, timer.deadline, timer.isArmed, timer.read(TIMER_COUNT, 4, 1100)]).to.deep.equal([true, Infinity, true, 0]);
  });

  it("is switched off by 0, which takes back what has not been taken", () => {
    const timer = new InsnTimer();
    timer.write(TIMER_COUNT, 4, 1, 0);
    timer.advance(1);
    timer.write(TIMER_COUNT, 4, 0, 2);
    expect([timer.isRaised, timer.isArmed]).to.deep.equal([false, false]);
  });

  it("has a vector, 0x20 at first", () => {
    const timer = new InsnTimer();
    expect([timer.read(TIMER_VECTOR, 1, 0), timer.write(TIMER_VECTOR, 1, 0x81, 0), timer.vector]).to.deep.equal([0x20, true, 0x81]);
  });

  it("answers no other port and size", () => {
    const timer = new InsnTimer();
    for (const [offset, size] of [[0, 1], [0, 2], [1, 1], [4, 2], [4, 4], [5, 1]]) {
      expect([timer.read(offset, size, 0), timer.write(offset, size, 1, 0)]).to.deep.equal([null, false]);
    }
  });
});

/** Real mode: counts in CX until DX, the number of interrupts, is 5; each is stored with CX at [0x500]. */
const COUNTING = `
  c7 06 84 00 40 10       ; mov word [0x21 * 4], handler
  c7 06 86 00 00 00       ; mov word [0x21 * 4 + 2], 0
  b0 21                   ; mov al, 0x21
  ba a4 05                ; mov dx, 0x5a4
  ee                      ; out dx, al
  66 b8 64 00 00 00       ; mov eax, 100
  ba a0 05                ; mov dx, 0x5a0
  66 ef                   ; out dx, eax
  bf 00 05                ; mov di, 0x500
  fb                      ; sti
  41                      ; loop: inc cx
  f7 c1 03 00             ; test cx, 3
  75 f9                   ; jnz loop
  81 ff 0a 05             ; cmp di, 0x50a
  75 f3                   ; jne loop
  fa f4                   ; cli; hlt
`;
const HANDLER_AT = 0x40;
const HANDLER = `
  89 0d                   ; mov [di], cx
  47 47                   ; inc di; inc di
  66 ef                   ; out dx, eax: again
  cf                      ; iret
`;

function program(main: string, handler = HANDLER): Uint8Array {
  const image = new Uint8Array(0x80);
  image.set(bytesOf(main));
  image.set(bytesOf(handler), HANDLER_AT);
  return image;
}

/** Runs in slices; when each interrupt was taken, and how it ended. */
function run(image: Uint8Array, options: BareOptions = {}, slice = Infinity) {
  const unhandled: string[] = [];
  const machine = new BareMachine(image, { onUnhandled: (u) => unhandled.push(`${u.address} ${u.size}`), ...options });
  let outcome = machine.run({ maxInsns: slice });
  for (let i = 0; outcome.kind === "budget" && i < 100_000 && machine.insns < 100_000; i++) outcome = machine.run({ maxInsns: slice });
  const words = new Uint16Array(machine.vm.readPhys(0x500, 10).buffer);
  return { outcome: outcome.kind, insns: machine.insns, cx: machine.vcpu.getRegs().rcx, seen: [...words], unhandled };
}

describe("the bare machine's timer", () => {
  it("interrupts so many insns after the OUT", () => {
    // 100 insns: mov, sti, then 98 of the loop. A turn of it is 3 insns, every fourth 5: 14 in four.
    const { seen, outcome, unhandled } = run(program(COUNTING));
    expect([seen[0], outcome, unhandled]).to.deep.equal([28, "halt", []]);
  });

  it("interrupts at the same insns under every engine and in slices of any length", () => {
    const expected = run(program(COUNTING), { vm: { engine: "interp" } });
    expect(new Set(expected.seen).size).to.equal(5);
    for (const [, vm] of ENGINES) {
      for (const slice of [Infinity, 1, 7, 50]) expect(run(program(COUNTING), { vm }, slice)).to.deep.equal(expected);
      expect(run(program(COUNTING), { vm: { ...vm, sliceInsns: 1 } })).to.deep.equal(expected);
      expect(run(program(COUNTING), { vm, onExit: () => undefined }), "with every exit reported").to.deep.equal(expected);
    }
  });

  for (const [name, vm] of ENGINES) {
    it(`waits while interrupts are off, and is taken back by a write, with ${name}`, () => {
      const main = (beforeSti: string): string => `
        c7 06 80 00 40 10       ; mov word [0x20 * 4], handler
        66 b8 03 00 00 00       ; mov eax, 3
        ba a0 05                ; mov dx, 0x5a0
        bf 00 05                ; mov di, 0x500
        66 ef                   ; out dx, eax
        41 41 41 41 41 41       ; inc cx six times
        ${beforeSti}
        fb 41 41                ; sti; inc cx, behind which interrupts are taken; inc cx
        fa f4                   ; cli; hlt
      `;
      const handler = "89 0d 66 ed 66 a3 02 05 cf    ; mov [di], cx; in eax, dx; mov [0x502], eax; iret";
      expect(run(program(main(""), handler), { vm })).to.deep.include({ seen: [7, 0, 0, 0, 0], cx: 8, outcome: "halt" });
      expect(run(program(main("66 31 c0 66 ef   ; xor eax, eax; out dx, eax"), handler), { vm })).to.deep.include({ seen: [0, 0, 0, 0, 0], cx: 8 });
    });

    it(`wakes the CPU from HLT at once, if interrupts are on, with ${name}`, () => {
      const main = (flag: string): string => `
        c7 06 80 00 40 10       ; mov word [0x20 * 4], handler
        66 b8 40 42 0f 00       ; mov eax, 1,000,000
        ba a0 05                ; mov dx, 0x5a0
        bf 00 05                ; mov di, 0x500
        66 ef                   ; out dx, eax
        ${flag} f4              ; sti or cli; hlt
        41                      ; inc cx
        fa f4                   ; cli; hlt
      `;
      const woken = run(program(main("fb"), "ff 05 cf   ; inc word [di]; iret"), { vm });
      expect(woken).to.deep.include({ outcome: "halt", insns: 12, seen: [1, 0, 0, 0, 0], cx: 1 });
      expect(run(program(main("fa")), { vm })).to.deep.include({ outcome: "halt", insns: 7, cx: 0 });
    });
  }

  it("is no port of another size", () => {
    expect(run(bytesOf("ba a0 05 ed ee 42 ec f4   ; mov dx, 0x5a0; in ax, dx; out dx, al; inc dx; in al, dx; hlt")).unhandled).to.deep.equal(["1440 2", "1440 1", "1441 1"]);
  });
});
