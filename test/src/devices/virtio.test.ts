// Virtio over PCI by its specification: capabilities, negotiation, queues, interrupts, legacy registers; and drivers that break the rules.

import { expect } from "chai";
import type { DescriptorChain } from "../../../src/devices/virtio/descriptor-chain.ts";
import { SeededEntropy } from "../../../src/devices/virtio/entropy.ts";
import type { VirtioDevice, VirtioTransport } from "../../../src/devices/virtio/virtio-device.ts";
import type { SavedState } from "../../../src/devices/saveable.ts";
import { bytes, restoreFields } from "../../../src/devices/saveable.ts";
import { VirtioRng } from "../../../src/devices/virtio/virtio-rng.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { testSeed } from "../../support/seed.ts";
import { F_INDIRECT, F_NEXT, F_WRITE, ISR, QUEUE_ENABLE, QUEUE_SELECT, QUEUE_SIZE, RAM_BYTES, STATUS, VirtioBench } from "../../support/virtio-bench.ts";
import { Random } from "../../tcg/support/random.ts";

const F_INDIRECT_DESC = 28, F_EVENT_IDX = 29;
const NEEDS_RESET = 64;

/** Writes what it has read, with each byte one more; keeps chains while it is told to wait. */
class Echo implements VirtioDevice {
  readonly name = "echo";
  readonly type = 2;
  readonly classCode = 0x010000;
  readonly features = [3, 40];
  readonly queueSizes = [16, 4];
  readonly config: Uint8Array = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  transport: VirtioTransport | null = null;
  isWaiting = false;
  resets = 0;
  readonly waiting: DescriptorChain[] = [];

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  writeConfig(offset: number, value: number): void {
    if (offset < 4) this.config[offset] = value;
  }

  notify(index: number): void {
    const queue = this.transport?.queues[index];
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      if (this.isWaiting) this.waiting.push(chain);
      else this.answer(chain, index);
    }
  }

  answer(chain: DescriptorChain, index = 0): void {
    chain.write(0, chain.read(0, 1000).map((byte) => byte + 1));
    this.transport?.queues[index].complete(chain);
  }

  reset(): void {
    this.resets++;
  }

  save(): SavedState {
    return { config: this.config.slice() };
  }

  restore(state: SavedState): void {
    const fields = { config: this.config };
    restoreFields("echo", fields, { config: bytes(8) }, state);
    this.config.set(fields.config);
  }
}

function made() {
  const device = new Echo(), bench = new VirtioBench(device);
  return { device, bench };
}

describe("virtio-pci", () => {
  it("says by its capabilities where its registers are", () => {
    const { bench: { pci: { pci } } } = made(), found: number[][] = [];
    const dword = (at: number): number => [3, 2, 1, 0].reduce((sum, i) => sum * 256 + pci.byteAt(at + i), 0);
    expect([dword(0), dword(44) >>> 16, pci.byteAt(6) & 0x10]).to.deep.equal([0x10011af4, 2, 0x10]);
    for (let at = pci.byteAt(0x34); at !== 0; at = pci.byteAt(at + 1)) found.push([pci.byteAt(at), pci.byteAt(at + 3), pci.byteAt(at + 4), dword(at + 8), dword(at + 12)]);
    expect(found).to.deep.equal([[9, 5, 0, 0, 0], [9, 1, 4, 0, 56], [9, 2, 4, 0x3000, 8], [9, 3, 4, 0x1000, 1], [9, 4, 4, 0x2000, 8]]);
  });

  it("lets its registers be reached through configuration space", () => {
    const { bench, bench: { pci: { pci } } } = made(), set = (at: number, ...bytes: number[]): void => bytes.forEach((byte, i) => pci.writeByte(at + i, byte));
    set(0x44, 4);
    set(0x48, 0x03, 0x20, 0, 0);
    set(0x4c, 1, 0, 0, 0);
    expect(pci.readByte(0x50)).to.equal(4);
    set(0x50, 0x99);
    expect(bench.read(0x2003, 1)).to.equal(0x99);
    set(0x44, 5);
    set(0x50, 0x11);
    expect(bench.read(0x2003, 1)).to.equal(0x99);
  });

  it("agrees on features, and refuses those it does not offer", () => {
    const { bench } = made();
    expect(bench.offered()).to.equal((1n << 3n) | (1n << 40n) | (1n << 28n) | (1n << 29n) | (1n << 32n));
    expect(bench.start([3, 5]) & 8).to.equal(0);
    expect(bench.start([3])).to.equal(0xf);
    bench.write(8, 4, 0);
    bench.write(12, 4, 0);
    expect(bench.read(12, 4)).to.equal(8);
  });

  it("has no queues but its own, and takes sizes that are powers of two", () => {
    const { bench } = made();
    expect([0, 1, 2].map((i) => {
      bench.write(QUEUE_SELECT, 2, i);
      return bench.read(QUEUE_SIZE, 2);
    })).to.deep.equal([16, 4, 0]);
    bench.write(QUEUE_SELECT, 2, 0);
    for (const size of [0, 3, 32]) bench.write(QUEUE_SIZE, 2, size);
    expect(bench.read(QUEUE_SIZE, 2)).to.equal(16);
    bench.write(QUEUE_SIZE, 2, 8);
    bench.write(QUEUE_ENABLE, 2, 1);
    bench.write(QUEUE_SIZE, 2, 4);
    expect(bench.read(QUEUE_SIZE, 2)).to.equal(8);
  });

  for (const isIndirect of [false, true]) {
    it(`moves buffers in pieces, ${isIndirect ? "by an indirect table" : "chained"}, and interrupts`, () => {
      const { bench } = made();
      bench.start([F_INDIRECT_DESC]);
      const { head, written } = bench.add(0, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)], [2, 5], isIndirect);
      bench.kick(0);
      expect(bench.used(0)).to.deep.equal([{ head, length: 4 }]);
      expect([...bench.bytes(written[0], 2), ...bench.bytes(written[1], 3)]).to.deep.equal([2, 3, 4, 5, 0]);
      expect([bench.isInterrupting, bench.read(ISR, 1), bench.isInterrupting, bench.read(ISR, 1)]).to.deep.equal([true, 1, false, 0]);
    });
  }

  it("takes normal descriptors that end in an indirect table", () => {
    const { bench } = made(), { descriptors } = bench.queueAt(0);
    bench.start([F_INDIRECT_DESC]);
    bench.ram.bytes.set([10, 11], 0x1000);
    bench.putDescriptor(descriptors, 0, 0x1000, 2, F_NEXT, 5);
    bench.putDescriptor(descriptors, 5, 0x2000, 16, F_INDIRECT, 0);
    bench.putDescriptor(0x2000, 0, 0x3000, 2, F_WRITE, 0);
    bench.makeAvailable(0, 0);
    bench.kick(0);
    expect([...bench.bytes(0x3000, 2)]).to.deep.equal([11, 12]);
  });

  it("goes round the rings", () => {
    const { bench } = made();
    bench.start([], 4);
    for (let i = 0; i < 100; i++) {
      const { head, written } = bench.add(1, [Uint8Array.of(i)], [1]);
      bench.kick(1);
      expect(bench.used(1)).to.deep.equal([{ head, length: 1 }]);
      expect(bench.bytes(written[0], 1)[0]).to.equal(i + 1);
    }
  });

  it("does not interrupt where the driver does not want it", () => {
    const { bench } = made();
    bench.start();
    bench.ram.view.setUint16(bench.queueAt(0).available, 1, true);
    bench.add(0, [Uint8Array.of(1)], [1]);
    bench.kick(0);
    expect([bench.used(0).length, bench.isInterrupting]).to.deep.equal([1, false]);
  });

  it("interrupts by the event index, and says which buffer it wants to hear of", () => {
    const { bench } = made(), { available, used } = bench.queueAt(0);
    bench.start([F_EVENT_IDX]);
    // used_event: after the third buffer.
    bench.ram.view.setUint16(available + 4 + 2 * 8, 2, true);
    const levels = [1, 2, 3, 4].map(() => {
      bench.add(0, [Uint8Array.of(1)], [1]);
      bench.kick(0);
      const level = bench.isInterrupting;
      bench.read(ISR, 1);
      return level;
    });
    expect(levels).to.deep.equal([false, false, true, false]);
    expect(bench.ram.view.getUint16(used + 4 + 8 * 8, true)).to.equal(4);
  });

  it("leaves buffers alone before DRIVER_OK, and looks for them then", () => {
    const { bench } = made();
    bench.start();
    bench.write(STATUS, 1, 0xb);
    bench.add(0, [Uint8Array.of(1)], [1]);
    bench.kick(0);
    expect(bench.used(0)).to.deep.equal([]);
    bench.write(STATUS, 1, 0xf);
    expect(bench.used(0)).to.have.length(1);
  });

  it("drops buffers that are out when it is reset", () => {
    const { bench, device } = made();
    bench.start();
    device.isWaiting = true;
    const { written } = bench.add(0, [Uint8Array.of(1)], [1]);
    bench.kick(0);
    expect(device.waiting).to.have.length(1);
    bench.start();
    device.answer(device.waiting[0]);
    expect([bench.bytes(written[0], 1)[0], bench.used(0), bench.isInterrupting, bench.read(STATUS, 1)]).to.deep.equal([0, [], false, 0xf]);
  });

  it("tells of a new configuration", () => {
    const { bench, device } = made();
    bench.start();
    const before = bench.read(21, 1);
    device.config[7] = 99;
    device.transport?.configChanged();
    expect([bench.read(0x2007, 1), bench.read(21, 1) - before, bench.read(ISR, 1)]).to.deep.equal([99, 1, 2]);
  });

  it("serves a legacy driver", () => {
    const { bench } = made(), page = 0x20000, used = page + 0x1000;
    expect(bench.readLegacy(0, 4)).to.equal((8 | (1 << 28) | (1 << 29)) >>> 0);
    bench.writeLegacy(18, 1, 0);
    bench.writeLegacy(18, 1, 3);
    bench.writeLegacy(4, 4, 0xffffffff);
    expect(bench.readLegacy(4, 4)).to.equal(bench.readLegacy(0, 4));
    bench.writeLegacy(4, 4, 0);
    bench.writeLegacy(14, 2, 0);
    expect([bench.readLegacy(12, 2), bench.readLegacy(8, 4), bench.readLegacy(20, 4)]).to.deep.equal([16, 0, 0x04030201]);
    bench.writeLegacy(8, 4, page >>> 12);
    expect(bench.readLegacy(8, 4)).to.equal(page >>> 12);
    bench.ram.bytes[0x4000] = 7;
    bench.putDescriptor(page, 3, 0x4000, 1, F_NEXT, 4);
    bench.putDescriptor(page, 4, 0x5000, 1, F_WRITE, 0);
    bench.ram.view.setUint16(page + 16 * 16 + 4, 3, true);
    bench.ram.view.setUint16(page + 16 * 16 + 2, 1, true);
    bench.writeLegacy(16, 2, 0);
    expect([bench.ram.bytes[0x5000], bench.ram.view.getUint16(used + 2, true), bench.ram.view.getUint32(used + 4, true), bench.readLegacy(19, 1)]).to.deep.equal([8, 1, 3, 1]);
    bench.writeLegacy(8, 4, 0);
    expect(bench.readLegacy(8, 4)).to.equal(0);
  });

  type Break = (bench: VirtioBench, descriptors: number) => void;
  const BREAKS: readonly (readonly [string, Break])[] = [
    ["a chain that goes round", (b, d) => [0, 1, 2].forEach((i) => b.putDescriptor(d, i, 0x1000, 4, F_NEXT, (i + 1) % 3))],
    ["a descriptor that follows itself", (b, d) => b.putDescriptor(d, 0, 0x1000, 4, F_NEXT, 0)],
    ["an index beyond the table", (b, d) => b.putDescriptor(d, 0, 0x1000, 4, F_NEXT, 8)],
    ["a buffer outside memory", (b, d) => b.putDescriptor(d, 0, RAM_BYTES - 2, 4, 0, 0)],
    ["a buffer at the end of all addresses", (b, d) => b.putDescriptor(d, 0, 2 ** 63, 4, 0, 0)],
    ["4 GiB at once", (b, d) => b.putDescriptor(d, 0, 0, 0xffffffff, 0, 0)],
    ["buffers to be read behind one to be written", (b, d) => [F_WRITE | F_NEXT, 0].forEach((flags, i) => b.putDescriptor(d, i, 0x1000, 4, flags, i + 1))],
    ["an indirect table of odd size", (b, d) => b.putDescriptor(d, 0, 0x1000, 17, F_INDIRECT, 0)],
    ["an indirect table without entries", (b, d) => b.putDescriptor(d, 0, 0x1000, 0, F_INDIRECT, 0)],
    ["an indirect table outside memory", (b, d) => b.putDescriptor(d, 0, RAM_BYTES, 32, F_INDIRECT, 0)],
    ["an indirect table that goes on", (b, d) => b.putDescriptor(d, 0, 0x1000, 16, F_INDIRECT | F_NEXT, 1)],
    ["an indirect table in another", (b, d) => [d, 0x1000].forEach((table) => b.putDescriptor(table, 0, 0x1000, 16, F_INDIRECT, 0))],
    ["an indirect table that goes round", (b, d) => {
      b.putDescriptor(d, 0, 0x1000, 0x10000, F_INDIRECT, 0);
      b.putDescriptor(0x1000, 0, 0x1000, 1, F_NEXT, 0);
    }],
  ];

  for (const [what, breakIt] of BREAKS) {
    it(`wants to be reset after ${what}`, () => {
      const { bench, device } = made();
      bench.start([F_INDIRECT_DESC]);
      breakIt(bench, bench.queueAt(0).descriptors);
      bench.makeAvailable(0, 0);
      bench.kick(0);
      expect([bench.read(STATUS, 1), bench.read(ISR, 1), bench.used(0)]).to.deep.equal([0xf | NEEDS_RESET, 2, []]);
      bench.kick(0);
      expect(bench.start()).to.equal(0xf);
      bench.add(0, [Uint8Array.of(1)], [1]);
      bench.kick(0);
      expect([bench.used(0).length, device.resets]).to.deep.equal([1, 2]);
    });
  }

  it("wants to be reset when a ring has more than it can hold, or a head that is none, or lies nowhere", () => {
    const breaks: ((bench: VirtioBench) => void)[] = [
      (b) => b.ram.view.setUint16(b.queueAt(0).available + 2, 9, true),
      (b) => b.makeAvailable(0, 8),
      (b) => {
        b.write(STATUS, 1, 0);
        b.start();
        b.pci.core.queues[0].reset();
        b.write(QUEUE_SELECT, 2, 0);
        for (let i = 0; i < 3; i++) b.write(32 + 8 * i + 4, 4, 0xffffffff);
        b.write(QUEUE_ENABLE, 2, 1);
      },
    ];
    for (const breakIt of breaks) {
      const { bench } = made();
      bench.start();
      breakIt(bench);
      bench.kick(0);
      expect(bench.read(STATUS, 1) & NEEDS_RESET).to.equal(NEEDS_RESET);
    }
  });

  it("does without indirect tables and event indices that were not agreed on", () => {
    const { bench } = made();
    bench.start();
    bench.putDescriptor(bench.queueAt(0).descriptors, 0, 0x1000, 16, F_INDIRECT, 0);
    bench.makeAvailable(0, 0);
    bench.kick(0);
    expect(bench.read(STATUS, 1) & NEEDS_RESET).to.equal(NEEDS_RESET);
  });

  it("stands random accesses to its registers, and random queues", () => {
    const random = new Random(testSeed(0x1af4)), { bench } = made();
    for (let i = 0; i < 30_000; i++) {
      const size = [1, 2, 4][random.below(3)];
      if (random.below(50) === 0) bench.start(random.below(2) === 0 ? [F_INDIRECT_DESC, F_EVENT_IDX] : []);
      if (random.below(4) === 0) bench.ram.bytes[0x10000 + random.below(0x10000)] = random.below(random.below(2) === 0 ? 8 : 256);
      const isLegacy = random.below(2) === 0, offset = isLegacy ? random.below(64) : random.below(4) * 0x1000 + random.below(64), value = random.below(3) === 0 ? random.below(32) : random.next() >>> 0;
      const trimmed = value % 2 ** (8 * size);
      if (random.below(2) === 0) (isLegacy ? bench.writeLegacy.bind(bench) : bench.write.bind(bench))(offset, size, trimmed);
      else expect((isLegacy ? bench.readLegacy.bind(bench) : bench.read.bind(bench))(offset, size)).to.be.within(0, 2 ** (8 * size) - 1);
    }
  });

  it("goes on from a saved state", () => {
    const { bench } = made(), other = made().bench;
    bench.start([F_EVENT_IDX]);
    for (let i = 0; i < 3; i++) bench.add(0, [Uint8Array.of(i)], [1]);
    bench.kick(0);
    other.ram.bytes.set(bench.ram.bytes);
    other.pci.restore(structuredClone(bench.pci.save()));
    expect(other.pci.save()).to.deep.equal(bench.pci.save());
    expect([other.isInterrupting, other.read(STATUS, 1)]).to.deep.equal([true, 0xf]);
    for (const one of [bench, other]) {
      one.putDescriptor(one.queueAt(0).descriptors, 0, 0x1000, 4, F_WRITE, 0);
      const { available } = one.queueAt(0);
      one.ram.view.setUint16(available + 2, 4, true);
      one.kick(0);
    }
    expect(other.ram.bytes).to.deep.equal(bench.ram.bytes);
    refusesBrokenStates(() => ({ device: other.pci }));
  });
});

describe("VirtioRng", () => {
  it("fills buffers with numbers that a seed gives", () => {
    const made = [1, 1, 2].map((seed) => {
      const bench = new VirtioBench(new VirtioRng(new SeededEntropy(seed)));
      bench.start();
      const { written } = bench.add(0, [], [10, 100]);
      bench.kick(0);
      expect(bench.used(0)).to.deep.equal([{ head: 0, length: 110 }]);
      return Buffer.from([...bench.bytes(written[0], 10), ...bench.bytes(written[1], 100)]).toString("hex");
    });
    expect(made[0]).to.equal(made[1]);
    expect(made[0]).not.to.equal(made[2]);
  });

  it("goes on with the same numbers from a saved state", () => {
    const [one, two] = [new SeededEntropy(5), new SeededEntropy(6)], rngs = [new VirtioRng(one), new VirtioRng(two)], bytes = [new Uint8Array(64), new Uint8Array(64)];
    one.fill(new Uint8Array(12));
    rngs[1].restore(rngs[0].save());
    one.fill(bytes[0]);
    two.fill(bytes[1]);
    expect(bytes[1]).to.deep.equal(bytes[0]);
    expect(new Set(bytes[0]).size).to.be.greaterThan(40);
  });
});
