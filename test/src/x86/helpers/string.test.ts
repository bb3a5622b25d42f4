// The repeated string helpers, whose runs are bulk operations, against one element at a time.

import { expect } from "chai";
import type { IoSpace } from "../../../../src/bus/io.ts";
import { PhysicalMemory } from "../../../../src/mem/physical-memory.ts";
import { Cpu } from "../../../../src/x86/cpu.ts";
import { CpuidTable } from "../../../../src/x86/cpuid.ts";
import { GP, GuestFault, PF } from "../../../../src/x86/fault.ts";
import { readArithFlags, writeArithFlags } from "../../../../src/x86/flags.ts";
import type { HelperDef } from "../../../../src/x86/helpers/define.ts";
import { repCmps, repLods, repMovs, repScas, repStos } from "../../../../src/x86/helpers/string.ts";
import { CR0, CR0_PE, CR0_PG, CR2, CR3, DF, DS, EAX, ECX, EDI, EIP, ES, ESI, SEG_ATTR, SEG_BASE, SEG_LIMIT } from "../../../../src/x86/state.ts";
import { Random } from "../../../oracle/random.ts";
import { textSeed } from "../../../support/seed.ts";

const RAM_BYTES = 0x30000;
/** The first address with a device behind it. */
const DEVICE = RAM_BYTES;

class Device implements IoSpace {
  /** What was asked of it, in order. */
  readonly log: string[] = [];
  /** Leaves the CPU at this many accesses from now; 0 never. */
  leaveAfter = 0;

  private note(text: string): void {
    if (this.leaveAfter > 0 && --this.leaveAfter === 0) throw new Error("leave");
    this.log.push(text);
  }

  portRead(): number { return 0; }
  portWrite(): void {}
  mmioRead(phys: number, size: number): number {
    this.note(`r${phys.toString(16)}/${size}`);
    return 0x5a;
  }
  mmioWrite(phys: number, size: number, value: number): void {
    this.note(`w${phys.toString(16)}/${size}=${value.toString(16)}`);
  }
}

interface Machine {
  readonly cpu: Cpu;
  readonly ram: Uint8Array;
  readonly device: Device;
}

function machine(): Machine {
  const memory = new PhysicalMemory(), ram = new Uint8Array(RAM_BYTES), device = new Device();
  memory.setRegion(0, 0, ram);
  const cpu = new Cpu(memory, device, new CpuidTable());
  return { cpu, ram, device };
}

function setSegment(cpu: Cpu, seg: number, base: number, limit: number): void {
  const { R } = cpu.state;
  R[SEG_BASE + seg] = base;
  R[SEG_LIMIT + seg] = limit;
  R[SEG_ATTR + seg] = 0x93;
}

interface Case {
  readonly helper: HelperDef;
  readonly shift: number;
  readonly mask: number;
  /** 1 repeats while equal, 2 while different; for comparisons only. */
  readonly rep: number;
}

function argumentsOf({ helper, shift, mask, rep }: Case): number[] {
  if (helper === repStos) return [shift, mask];
  if (helper === repScas) return [shift, mask, rep];
  return helper === repCmps ? [shift, mask, DS, rep] : [shift, mask, DS];
}

/** Calls the helper until nothing is left; returns how often. A fault is returned as -1 - vector. */
function repeat(cpu: Cpu, c: Case): number {
  const helper = c.helper.bind(cpu), args = argumentsOf(c);
  try {
    for (let calls = 1; ; calls++) if (helper(...args) === 0) return calls;
  } catch (e) {
    if (e instanceof GuestFault) return -1 - e.vector;
    throw e;
  }
}

/** The same one element at a time, as the manual has it: flags are as before when it faults. */
function repeatByElements({ cpu }: Machine, c: Case): void {
  const flags = readArithFlags(cpu.state.R);
  try {
    elements(cpu, c);
  } catch (e) {
    writeArithFlags(cpu.state.R, flags);
    throw e;
  }
}

function elements(cpu: Cpu, c: Case): void {
  const { R } = cpu.state, size = 1 << c.shift, { mask, helper } = c;
  const move = (reg: number, delta: number): void => { R[reg] = (R[reg] & ~mask) | ((R[reg] + delta) & mask); };
  const at = (seg: number, reg: number): number => cpu.segLinear(seg, R[reg] & mask, size, false);
  const bits = 8 * size, accumulator = (): number => (size === 4 ? R[EAX] : R[EAX] & ((1 << bits) - 1));
  while ((R[ECX] & mask) !== 0) {
    let isEqual: boolean | null = null;
    if (helper === repMovs) cpu.store(at(ES, EDI), size, cpu.load(at(DS, ESI), size));
    else if (helper === repStos) cpu.store(at(ES, EDI), size, R[EAX]);
    else if (helper === repLods) R[EAX] = size === 4 ? cpu.load(at(DS, ESI), 4) : (R[EAX] & (-1 << bits)) | cpu.load(at(DS, ESI), size);
    else {
      const x = helper === repCmps ? cpu.load(at(DS, ESI), size) : accumulator(), y = cpu.load(at(ES, EDI), size);
      writeArithFlags(R, subtractionFlags(x, y, bits));
      isEqual = x === y;
    }
    if (helper === repMovs || helper === repLods || helper === repCmps) move(ESI, R[DF] * size);
    if (helper !== repLods) move(EDI, R[DF] * size);
    move(ECX, -1);
    if (isEqual !== null && isEqual !== (c.rep === 1)) return;
  }
}

/** EFLAGS of x - y, from the definition of each flag. */
function subtractionFlags(x: number, y: number, bits: number): number {
  const all = BigInt.asUintN(bits, -1n), a = BigInt(x) & all, b = BigInt(y) & all, r = (a - b) & all;
  const sign = (v: bigint): bigint => (v >> BigInt(bits - 1)) & 1n;
  const ones = r.toString(2).padStart(8, "0").slice(-8).replaceAll("0", "").length;
  const overflow = sign(a) !== sign(b) && sign(r) !== sign(a);
  return (a < b ? 1 : 0) | (ones % 2 === 0 ? 4 : 0) | ((a & 15n) < (b & 15n) ? 16 : 0) | (r === 0n ? 64 : 0)
    | (sign(r) === 1n ? 128 : 0) | (overflow ? 0x800 : 0);
}

function randomCase(random: Random): Case {
  return {
    helper: random.pick([repMovs, repMovs, repStos, repLods, repCmps, repScas]),
    shift: random.below(3), mask: random.bool() ? -1 : 0xffff, rep: random.between(1, 2),
  };
}

/** Segments, registers and memory for `c`, both sides close to each other and to page and segment ends. */
function prepare(m: Machine, c: Case, random: Random): void {
  const { cpu, ram } = m, { R } = cpu.state, edge = random.pick([0x2000, 0xffff, 0x1000, 0x8765]);
  const base = random.pick([0, 0x10, 0x12340]);
  setSegment(cpu, DS, base, c.mask === -1 && base === 0 ? -1 : 0xffff);
  if (random.bool()) setSegment(cpu, ES, random.bool() ? base : 0x10000, 0xffff);
  else setSegment(cpu, ES, 0, -1);
  const few = random.bool() ? 1 : 4;
  if (random.chance(0.03)) for (let i = 0; i < ram.length; i++) ram[i] = random.below(few);
  const near = (n: number): number => n + random.between(-40, 40) * random.pick([1, 1, 100]);
  const si = near(edge), di = random.bool() ? si + random.between(-20, 20) : near(edge), high = random.u32() & ~0xffff;
  const merge = (n: number): number => (c.mask === -1 ? Math.max(0, n) & 0x1ffff : high | (n & 0xffff));
  R[ESI] = merge(si);
  R[EDI] = merge(di) % 0xfff8;
  R[ECX] = c.mask === -1 ? random.below(5000) : high | random.below(random.pick([5, 100, 9000]));
  R[EAX] = random.below(few);
  R[DF] = random.bool() ? 1 : -1;
  R[EIP] = 0x100;
}

describe("repeated string insns", () => {
  const seed = textSeed("strings");

  it(`do in runs what they do one element at a time, seed ${seed}`, () => {
    const random = new Random(seed), fast = machine(), slow = machine();
    let manyCalls = 0, faults = 0;
    for (let round = 0; round < 1500; round++) {
      const c = randomCase(random);
      prepare(fast, c, random);
      slow.ram.set(fast.ram);
      slow.cpu.state.R.set(fast.cpu.state.R);
      const calls = repeat(fast.cpu, c);
      if (calls > 1) manyCalls++;
      try {
        repeatByElements(slow, c);
      } catch (e) {
        expect(e).to.be.instanceOf(GuestFault);
        faults++;
        expect(calls).to.equal(-1 - (e as GuestFault).vector);
      }
      const what = `round ${round}: ${c.helper.name} ${c.shift} ${c.mask}`;
      expect([...fast.cpu.state.R.subarray(0, 9)], what).to.deep.equal([...slow.cpu.state.R.subarray(0, 9)]);
      expect(readArithFlags(fast.cpu.state.R), what).to.equal(readArithFlags(slow.cpu.state.R));
      expect(Buffer.compare(fast.ram, slow.ram), what).to.equal(0);
    }
    expect(manyCalls).to.be.above(5);
    expect(faults).to.be.above(50);
  });

  it("do the same in each call whether or not a page holds code", () => {
    const calls = [false, true].map((hasCode) => {
      const { cpu } = machine();
      setSegment(cpu, DS, 0, -1);
      setSegment(cpu, ES, 0, -1);
      cpu.state.R.set([0x1234, 9000, 0, 0, 0, 0, 0x1ffe, 0x6003]);
      if (hasCode) for (let page = 6; page < 16; page++) cpu.memory.setHasCode(page << 12);
      repMovs.bind(cpu)(2, -1, DS);
      return [cpu.state.R[ECX], repeat(cpu, { helper: repMovs, shift: 2, mask: -1, rep: 1 })];
    });
    expect(calls[0][0]).to.be.above(0);
    expect(calls[1]).to.deep.equal(calls[0]);
  });

  it("tell of every store into a page with code", () => {
    const { cpu } = machine(), told: number[] = [];
    setSegment(cpu, ES, 0, -1);
    cpu.memory.setHasCode(0x1000);
    cpu.memory.addListener({ codeWritten: (phys) => told.push(phys), layoutChanged: () => {} });
    cpu.state.R.set([0, 4, 0, 0, 0, 0, 0, 0xff8]);
    expect(repeat(cpu, { helper: repStos, shift: 2, mask: -1, rep: 1 })).to.equal(1);
    expect(told).to.deep.equal([0x1000, 0x1004]);
  });

  it("commit what is done when a device leaves in the middle, and go on from there", () => {
    const { cpu, device } = machine(), { R } = cpu.state;
    setSegment(cpu, DS, 0, -1);
    setSegment(cpu, ES, 0, -1);
    R.set([0, 5, 0, 0, 0, 0, 0x100, DEVICE]);
    device.leaveAfter = 3;
    const c: Case = { helper: repMovs, shift: 1, mask: -1, rep: 1 };
    expect(() => repeat(cpu, c)).to.throw("leave");
    expect([R[ECX], R[ESI], R[EDI]]).to.deep.equal([3, 0x104, DEVICE + 4]);
    expect(repeat(cpu, c)).to.equal(1);
    expect([R[ECX], R[ESI], R[EDI]]).to.deep.equal([0, 0x10a, DEVICE + 10]);
    expect(device.log).to.have.length(5);
  });

  it("leave the flags alone until a comparison is done", () => {
    const { cpu, device, ram } = machine(), { R } = cpu.state;
    setSegment(cpu, DS, 0, -1);
    setSegment(cpu, ES, 0, -1);
    ram.fill(0x5a, 0x100, 0x110);
    R.set([0, 5, 0, 0, 0, 0, 0x100, DEVICE]);
    device.leaveAfter = 3;
    writeArithFlags(R, 0x891);
    const c: Case = { helper: repCmps, shift: 0, mask: -1, rep: 1 };
    expect(() => repeat(cpu, c)).to.throw("leave");
    expect(R[ECX]).to.equal(3);
    expect(readArithFlags(R)).to.equal(0x891);
    expect(repeat(cpu, c)).to.equal(1);
    expect(readArithFlags(R)).to.equal(0x44);
  });

  it("follow the page tables, and stop at a page fault with everything before it done", () => {
    const { cpu, ram } = machine(), { R } = cpu.state, view = new DataView(ram.buffer);
    setSegment(cpu, ES, 0, -1);
    // Linear 40000000: two pages in reverse order, then one that is not present.
    view.setUint32(0x10000 + 4 * 0x100, 0x11007, true);
    view.setUint32(0x11000, 0x5007, true);
    view.setUint32(0x11004, 0x3007, true);
    R[CR3] = 0x10000;
    R[CR0] |= CR0_PE | CR0_PG;
    cpu.mmu.controlChanged();
    R.set([0x11223344, 0x1000, 0, 0, 0, 0, 0, 0x40000ff0]);
    expect(repeat(cpu, { helper: repStos, shift: 2, mask: -1, rep: 1 })).to.equal(-1 - PF);
    expect([R[ECX], R[EDI], R[CR2]]).to.deep.equal([0x1000 - 0x404, 0x40002000, 0x40002000]);
    expect(view.getUint32(0x5ff0, true)).to.equal(0x11223344);
    expect(ram[0x5fef]).to.equal(0);
    expect(ram.subarray(0x3000, 0x4000).every((byte, i) => byte === [0x44, 0x33, 0x22, 0x11][i & 3])).to.equal(true);
    expect([ram[0x2fff], ram[0x4000], ram[0x6000]]).to.deep.equal([0, 0, 0]);
  });

  it("report the element that faults, also when they go down", () => {
    const { cpu, ram } = machine(), { R } = cpu.state;
    setSegment(cpu, DS, 0, -1);
    setSegment(cpu, ES, 0, -1);
    new DataView(ram.buffer).setUint32(0x10000, 0x11007, true);
    R[CR3] = 0x10000;
    R[CR0] |= CR0_PE | CR0_PG;
    cpu.mmu.controlChanged();
    R.set([0, 9, 0, 0, 0, 0, 0x1ff0, 0x2ff0]);
    R[DF] = -1;
    expect(repeat(cpu, { helper: repMovs, shift: 1, mask: -1, rep: 1 })).to.equal(-1 - PF);
    expect([R[ECX], R[ESI], R[EDI], R[CR2]]).to.deep.equal([9, 0x1ff0, 0x2ff0, 0x1ff0]);
  });

  it("do nothing for a count of 0, not even check segments", () => {
    const { cpu } = machine(), { R } = cpu.state;
    setSegment(cpu, DS, 0, 0);
    setSegment(cpu, ES, 0, 0);
    R.set([0, 0x50000, 0, 0, 0, 0, 0x100, 0x200]);
    writeArithFlags(R, 0x8d5);
    const before = [...R];
    for (const helper of [repMovs, repStos, repLods, repCmps, repScas]) {
      expect(repeat(cpu, { helper, shift: 0, mask: 0xffff, rep: 1 })).to.equal(1);
    }
    expect([...R]).to.deep.equal(before);
    expect(repeat(cpu, { helper: repMovs, shift: 0, mask: -1, rep: 1 })).to.equal(-1 - GP);
  });
});
