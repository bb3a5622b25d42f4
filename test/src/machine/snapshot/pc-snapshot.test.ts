// A whole PC, saved and restored: it goes on to the same end, whenever that is; states that nobody saved are refused or harmless.

import { createHash } from "node:crypto";
import { expect } from "chai";
import type { SavedState, SavedValue } from "../../../../src/devices/saveable.ts";
import { isState } from "../../../../src/devices/saveable.ts";
import type { PcOptions } from "../../../../src/machine/pc.ts";
import { openKvm } from "../../../../src/kvm/system.ts";
import { Pc } from "../../../../src/machine/pc.ts";
import { readStart, saveStart } from "../../../../src/machine/snapshot/boot-state.ts";
import { restorePc, savePc, stateHash } from "../../../../src/machine/snapshot/pc-snapshot.ts";
import { packSnapshot, SnapshotFile } from "../../../../src/machine/snapshot/snapshot-file.ts";
import { decodeState, encodeState } from "../../../../src/machine/snapshot/state-codec.ts";
import { VmError } from "../../../../tcg/support/errors.ts";
import { testSeed } from "../../../support/seed.ts";
import { ZLIB } from "../../../support/zlib-codec.ts";
import { Random } from "../../../tcg/support/random.ts";
import { bytesOf, ENGINES } from "../../kvm/guest.ts";
import { linuxImage } from "../linux-image.ts";
import { TICKING } from "../ticking.ts";

const MIB = 2 ** 20, MEMORY = 2 * MIB;
/** What TICKING takes, and more. */
const MANY_INSNS = 100_000;

function made(code: Uint8Array, options: Partial<PcOptions> = {}): Pc {
  return new Pc({ boot: { kernel: linuxImage(code) }, memoryBytes: MEMORY, noReboot: true, ...options });
}

function hashOf(pc: Pc): string {
  const sha = createHash("sha256");
  return stateHash(pc, { update: (bytes) => { sha.update(bytes); }, hex: () => sha.digest("hex") });
}

const fileOf = async (pc: Pc): Promise<SnapshotFile> => new SnapshotFile(await savePc(pc, new Map(), ZLIB), ZLIB);

/** A machine like it, in the same state. */
async function copyOf(pc: Pc, code: Uint8Array, options: Partial<PcOptions> = {}): Promise<Pc> {
  const copy = made(code, { ...options, awaitsState: true });
  await restorePc(copy, await fileOf(pc), []);
  return copy;
}

/** IN and OUT to the ports of a PC, in no order, but to those that end it; interrupts stay off. */
function pokingCode(random: Random, insns: number): Uint8Array {
  const code: number[] = [];
  const ranges: readonly (readonly [number, number])[] = [
    [0x20, 2], [0xa0, 2], [0x4d0, 2], [0x40, 4], [0x60, 1], [0x61, 1], [0x64, 1], [0x70, 2], [0x3f8, 8], [0x2f8, 8], [0xcf8, 8], [0x1f0, 8], [0x3f6, 1], [0x510, 2], [0x600, 4], [0xc000, 16],
  ];
  for (let i = 0; i < insns; i++) {
    const [first, count] = random.pick(ranges), port = first + random.below(count);
    const value = port === 0x64 ? random.below(0xd0) : random.below(256);
    code.push(0x66, 0xba, port & 0xff, port >> 8, 0xb8, value, random.below(256), random.below(256), random.below(256));
    code.push(...random.pick([[0xee], [0xee], [0xec], [0xef], [0xed]]));
  }
  return Uint8Array.from([...code, 0xfa, 0xf4]);
}

describe("A saved PC", () => {
  for (const [name, vm] of ENGINES) {
    it(`goes on to the same end from wherever it was saved, with ${name}`, async () => {
      const whole = made(TICKING, { vm });
      expect(whole.run({ maxInsns: MANY_INSNS })).to.deep.equal({ kind: "power-off" });
      const end = hashOf(whole);
      for (const at of [1, 41, 60]) {
        const pc = made(TICKING, { vm });
        pc.run({ maxInsns: at });
        expect(await pc.settle()).to.equal(true);
        const copy = await copyOf(pc, TICKING, { vm });
        expect(hashOf(copy), `after ${at} insns`).to.equal(hashOf(pc));
        expect(copy.run({ maxInsns: MANY_INSNS })).to.deep.equal({ kind: "power-off" });
        expect(hashOf(copy), `saved after ${at} insns`).to.equal(end);
      }
    });
  }

  it("has the same hash under each engine after every insn", () => {
    const pcs = ENGINES.map(([, vm]) => made(TICKING, { vm }));
    for (let i = 0; i < 10; i++) {
      for (const pc of pcs) pc.run({ maxInsns: 1 });
      for (const pc of pcs) expect(hashOf(pc), `after ${i} insns`).to.equal(hashOf(pcs[0]));
    }
  });

  it("has another hash where anything is different", () => {
    const one = made(TICKING), hash = hashOf(one);
    const differs = (change: (pc: Pc) => void): void => {
      const other = made(TICKING);
      change(other);
      expect(hashOf(other)).to.not.equal(hash);
    };
    differs((pc) => pc.vm.writePhys(MEMORY - 16, Uint8Array.of(1)));
    differs((pc) => pc.vcpu.setRegs({ rax: 1 }));
    differs((pc) => pc.chips.keyboard.type([0x1c]));
    differs((pc) => { pc.vcpu.a20 = false; });
    expect(hashOf(made(TICKING))).to.equal(hash);
  });

  it("goes on alike from what random software has made of its chips", async () => {
    const random = new Random(testSeed(0x5a7e));
    for (let round = 0; round < 10; round++) {
      const code = pokingCode(random, 400), pc = made(code);
      pc.run({ maxInsns: random.below(1100) });
      if (!await pc.settle()) continue;
      const copy = await copyOf(pc, code);
      for (const machine of [pc, copy]) {
        machine.chips.keyboard.type([0x1c]);
        machine.run({ maxInsns: 1200, maxSteps: 5000 });
      }
      expect(hashOf(copy), `round ${round}`).to.equal(hashOf(pc));
    }
  });

  it("is saved in the middle of nothing: an insn that waits for its last answer ends first", async () => {
    // rep insb from a port without a device to memory without memory: many accesses an element.
    const code = bytesOf("b9 40 00 00 00  ba 34 12 00 00  bf 00 00 00 f0  f3 6c  f4");
    const pc = made(code, { onUnhandled: () => pc.requestExit() });
    for (let i = 0; i < 8; i++) {
      pc.run({ maxInsns: 4 - pc.insns, maxSteps: 3 });
      expect(await pc.settle()).to.equal(true);
      expect(hashOf(await copyOf(pc, code))).to.equal(hashOf(pc));
    }
  });

  it("is refused by a machine of other parts, which names what differs", async () => {
    const whole = made(TICKING, { memoryBytes: 4 * MIB });
    whole.vm.writePhys(3 * MIB, Uint8Array.of(1));
    const file = await fileOf(whole);
    const complaint = async (options: Partial<PcOptions>): Promise<string> => restorePc(made(TICKING, { memoryBytes: 4 * MIB, ...options, awaitsState: true }), file, []).then(() => "none", (e: unknown) => String(e));
    expect(await complaint({})).to.equal("none");
    expect(await complaint({ memoryBytes: 32 * MIB })).to.match(/it has no memory\/0x010c0000, and this machine has/);
    expect(await complaint({ memoryBytes: 2 * MIB })).to.match(/memory\/0x000c0000 has a run of pages that cannot be/);
    expect(await complaint({ cpuid: openKvm().getModelCpuid("pentium3,+apic") })).to.match(/cpu.cpuid is another processor's/);
    const more = new SnapshotFile(await savePc(made(TICKING), new Map([["device/toaster", {}]]), ZLIB), ZLIB);
    expect(await restorePc(made(TICKING, { awaitsState: true }), more, []).then(() => "none", String)).to.match(/it has device\/toaster, and this machine has not/);
  });

  it("starts again after a reset with what it was started with", async () => {
    // Counts its starts in memory; after the second it switches the machine off, before that it resets it.
    const code = bytesOf("ff 05 00 30 00 00  83 3d 00 30 00 00 02  73 06  b0 01  e6 92  eb fe  66 ba 04 06  66 b8 00 20  66 ef  eb fe");
    const pc = made(code, { noReboot: false }), boot = { kernel: linuxImage(code), cmdline: "quiet", initrd: Uint8Array.of(1, 2, 3), modules: [{ bytes: Uint8Array.of(4), text: "told" }] };
    pc.run({ maxInsns: 2 });
    expect(readStart(saveStart({ boot, vgaRom: Uint8Array.of(0x55, 0xaa) }))).to.deep.equal({ boot, vgaRom: Uint8Array.of(0x55, 0xaa) });
    const copy = await copyOf(pc, code, { noReboot: false, ...readStart(saveStart({ boot: { kernel: linuxImage(code) } })) });
    expect(copy.run({ maxInsns: 1000 })).to.deep.equal({ kind: "power-off" });
    expect([...copy.vm.readPhys(0x3000, 1)]).to.deep.equal([2]);
  });
});

describe("States that nobody saved", () => {
  /** One of its values, however deep, replaced by something else. */
  function mutated(state: SavedValue, random: Random): SavedValue {
    if (Array.isArray(state) && state.length > 0) {
      const at = random.below(state.length);
      return state.map((each: SavedValue, i) => (i === at ? mutated(each, random) : each));
    }
    if (isState(state) && Object.keys(state).length > 0) {
      const name = random.pick(Object.keys(state));
      return { ...state, [name]: mutated(state[name], random) };
    }
    if (state instanceof Uint8Array) return state.map((byte) => (random.below(4) === 0 ? random.below(256) : byte));
    if (typeof state === "boolean") return !state;
    if (typeof state === "bigint") return BigInt(random.next() >>> 0) << BigInt(random.below(34));
    return random.pick([0, 1, 2, -1, 3, 7, 255, 256, 65_535, 2 ** 31, 2 ** 32 - 1, 2 ** 40, random.below(256), random.next() >>> 0, 0.5, NaN]);
  }

  it("are refused, or make a machine that runs or says why it cannot", async () => {
    const random = new Random(testSeed(0xf0225)), code = pokingCode(random, 300);
    let refused = 0, ran = 0;
    const pc = made(code, { noReboot: false });
    pc.run({ maxInsns: 500 });
    const good = await fileOf(pc), sections = await Promise.all(good.names.map(async (name) => [name, await good.read(name)] as const));
    for (let round = 0; round < 40; round++) {
      const names = sections.filter(([name]) => !name.startsWith("memory/")), [victim] = random.pick(random.below(4) === 0 ? names.slice(0, 3) : names);
      const bytes = sections.map(([name, content]) => [name, name === victim ? encodeState(mutated(decodeState(name, content), random) as SavedState) : content] as const);
      const copy = made(code, { noReboot: false, awaitsState: true });
      try {
        await restorePc(copy, new SnapshotFile(await packSnapshot(bytes, ZLIB), ZLIB), []);
        for (let slices = 0; slices < 5; slices++) copy.run({ maxInsns: 500, maxSteps: 2000 });
        ran++;
      } catch (e) {
        if (!(e instanceof VmError)) throw new Error(`${victim}: ${String(e)}`, { cause: e });
        refused++;
      }
    }
    expect(refused).to.be.above(5);
    expect(ran).to.be.above(5);
  });
});
