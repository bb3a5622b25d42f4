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
/** A block with REP MOVSB of 48 pages, which at last starts with the block's own and leaves it in the middle. It is copied as it is. */
const COPIES_ITSELF = [
  0xba, 20, 0, 0, 0,                    // 1000: mov edx, 20
  0xbe, 0, 0, 0x05, 0,                  // 1005: mov esi, 0x50000
  0x89, 0xdf,                           // 100a: mov edi, ebx
  0xb9, 0, 0, 0x03, 0,                  // 100c: mov ecx, 0x30000
  0xf3, 0xa4,                           // 1011: rep movsb
  0x4a,                                 // 1013: dec edx
  0x83, 0xfa, 4,                        // 1014: cmp edx, 4
  0x77, 0xec,                           // 1017: ja 0x1005
  0xbb, 0, 0x10, 0, 0,                  // 1019: mov ebx, 0x1000
  0x85, 0xd2,                           // 101e: test edx, edx
  0x75, 0xe3,                           // 1020: jnz 0x1005
  0xf4,                                 // 1022: hlt
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

  it("leaves a block that has written over itself", () => {
    const image = new Uint8Array(0x60000), among: VmOptions = { threshold: 3, threadThreshold: 1, regionThreshold: 0 };
    image.set(COPIES_ITSELF);
    image.set(COPIES_ITSELF, 0x50000 - 0x1000);
    const run = (vm: VmOptions): GuestRun => {
      const one = new GuestRun({ image, bits: 32 }, vm);
      one.machine.vcpu.setRegs({ ...one.machine.vcpu.getRegs(), rbx: 0x90000 });
      expect(one.runTo(100_000).kind).to.equal("halt");
      return one;
    };
    const threaded = run(among);
    expect(threaded.differencesFrom(run(NEVER))).to.deep.equal([]);
    expect(threaded.machine.vcpu.engine.stats.invalidations).to.be.above(0);
  });
});
