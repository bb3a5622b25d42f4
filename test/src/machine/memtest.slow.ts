// Debian's memtest86+, unmodified, started as a kernel: a pass of all its tests over 16 MiB, twenty thousand million insns.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";

const MEMTEST = "/boot/memtest86+ia32.bin";
/** Time goes fast, for it waits minutes to see whether bits fade. */
const NS_PER_INSN = 128;
const MEMORY_BYTES = 16 * 2 ** 20, MAX_INSNS = 60e9, SLICE = 50e6;
const PASS = /Pass: {2}1 +Errors: (\d+) /;
const OPTIONS = "console=ttyS0,115200 nosmp nobench nosm nopause keyboard=legacy";

describe("memtest86+", () => {
  if (!existsSync(MEMTEST)) {
    it.skip(`runs a pass (there is no ${MEMTEST}; Debian's package memtest86+ has it)`);
    return;
  }

  it("runs a pass over 16 MiB without an error", () => {
    let screen = "", outcome: PcOutcome = { kind: "budget" };
    const pc = new Pc({
      boot: { kernel: readFileSync(MEMTEST), cmdline: OPTIONS }, memoryBytes: MEMORY_BYTES, clock: { kind: "virtual", nsPerInsn: NS_PER_INSN }, vm: { threshold: 200 },
    });
    pc.chips.uarts[0].connect({ transmit: (byte) => { screen = (screen + String.fromCharCode(byte)).slice(-4096); }, roomAgain: () => undefined });
    while (outcome.kind === "budget" && pc.insns < MAX_INSNS && !PASS.test(screen)) outcome = pc.run({ maxInsns: SLICE });
    expect(PASS.exec(screen)?.[1], `errors after ${pc.insns} insns`).to.equal("0");
  });
});
