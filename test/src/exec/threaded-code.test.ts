// The interpreter in WebAssembly: it runs, and does what the one in JavaScript does where that is told from nothing else.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { GuestRun } from "../../support/guests.ts";

const AT_ONCE: VmOptions = { threshold: 1_000_000, threadThreshold: 1 };
/** Nothing threaded. */
const NEVER: VmOptions = { threshold: 1_000_000, threadThreshold: 0 };

/** mov ecx, 1000; each turn writes ECX's low byte into the imm8 of `add al, 0`, two insns ahead; then hlt. */
const PATCHES_ITSELF = [
  0xb9, 0xe8, 0x03, 0, 0,               // 1000: mov ecx, 1000
  0x88, 0x0d, 0x0d, 0x10, 0, 0,         // 1005: mov [0x100d], cl
  0x90, 0x04, 0x00,                     // 100b: nop; add al, 0
  0x01, 0xc2,                           // 100e: add edx, eax
  0xe2, 0xf3,                           // 1010: loop 0x1005
  0xf4,                                 // 1012: hlt
];
/** 5000 calls through a register. */
const JUMPS_ABOUT = [
  0xb9, 0x88, 0x13, 0, 0,               // 1000: mov ecx, 5000
  0xbc, 0, 0, 0x09, 0,                  // 1005: mov esp, 0x90000
  0xb8, 0x14, 0x10, 0, 0,               // 100a: mov eax, 0x1014
  0xff, 0xd0,                           // 100f: call eax
  0xe2, 0xfc,                           // 1011: loop 0x100f
  0xf4,                                 // 1013: hlt
  0x42, 0xc2, 0, 0,                     // 1014: inc edx; ret 0
];
describe("threaded code", () => {
  for (const [name, code] of [["patches itself", PATCHES_ITSELF], ["jumps about", JUMPS_ABOUT]] as const) {
    it(`${name}, and is in the same state after any number of insns`, () => {
      const guest = { image: Uint8Array.from(code), bits: 32 as const };
      const threaded = new GuestRun(guest, AT_ONCE), plain = new GuestRun(guest, NEVER), stepped = new GuestRun(guest, AT_ONCE);
      for (const goal of [7, 100, 101, 1234, 4000, 100_000]) {
        const outcome = plain.runTo(goal).kind;
        expect(threaded.runTo(goal).kind).to.equal(outcome);
        expect(stepped.runTo(goal, 13).kind).to.equal(outcome);
        expect(threaded.differencesFrom(plain)).to.deep.equal([]);
        expect(stepped.differencesFrom(plain)).to.deep.equal([]);
      }
      expect(threaded.machine.vcpu.engine.stats.threadedHandlers).to.be.above(3);
      expect(plain.machine.vcpu.engine.stats.threadedHandlers).to.equal(0);
    });
  }
});
