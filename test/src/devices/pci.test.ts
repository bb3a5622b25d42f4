// PCI configuration by mechanism #1, base addresses, and the routing of interrupts by the 82371SB.

import { expect } from "chai";
import { PciBus } from "../../../src/devices/pci/pci-bus.ts";
import type { MemoryMapper } from "../../../src/devices/pci/pci-function.ts";
import { BASE_ADDRESS, COMMAND, PciFunction, ROM_ADDRESS } from "../../../src/devices/pci/pci-function.ts";
import { hostBridge, IsaBridge, PIRQ_ROUTING } from "../../../src/devices/pci/piix.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";

function bench() {
  const mapped: string[] = [], inMemory: string[] = [];
  const noting = (into: string[]): MemoryMapper => ({
    map: (first, count) => into.push(`+${first.toString(16)},${count}`), unmap: (first, count) => into.push(`-${first.toString(16)},${count}`),
    mapBytes: (first, { length }, isReadOnly) => into.push(`${isReadOnly ? "rom" : "ram"} ${first.toString(16)},${length}`),
  });
  const bus = new PciBus(noting(mapped), noting(inMemory)), registers = { read: () => 0, write: () => undefined };
  const one = new PciFunction({ vendor: 0x1234, device: 0x5678, classCode: 0x010203, interruptPin: 1, bars: [{ index: 1, sizeBytes: 16, ports: registers }, { index: 2, sizeBytes: 0x4000, memory: registers }] });
  bus.add(0, 0, hostBridge());
  bus.add(3, 0, one);
  const select = (slot: number, register: number): void => bus.write(0, 4, (0x80000000 | (slot << 11) | register) >>> 0);
  return { bus, one, mapped, inMemory, select };
}

describe("PciFunction", () => {
  it("shows memory of its own and its ROM, lengthened to a power of two, where their base addresses say", () => {
    const { bus, inMemory, select } = bench();
    bus.add(4, 0, new PciFunction({ vendor: 1, device: 2, classCode: 0x030000, rom: new Uint8Array(5000), bars: [{ index: 0, sizeBytes: 0x100000, memory: new Uint8Array(0x100000) }] }));
    const write = (register: number, value: number): void => {
      select(4, register);
      bus.write(4, 4, value);
    };
    write(BASE_ADDRESS, 0xffffffff);
    write(ROM_ADDRESS, 0xffffffff);
    expect([BASE_ADDRESS, ROM_ADDRESS].map((register) => {
      select(4, register);
      return bus.read(4, 4);
    })).to.deep.equal([0xfff00000, 0xffffe001]);
    write(BASE_ADDRESS, 0xfd000000);
    write(ROM_ADDRESS, 0xfebe0000);
    write(COMMAND, 2);
    expect(inMemory).to.deep.equal(["ram fd000000,1048576"]);
    write(ROM_ADDRESS, 0xfebe0001);
    write(COMMAND, 0);
    expect(inMemory.slice(1)).to.deep.equal(["rom febe0000,8192", "-fd000000,1048576", "-febe0000,8192"]);
  });
});

describe("PciBus", () => {
  it("shows the functions' configuration by bytes, words and double words", () => {
    const { bus, select } = bench();
    select(0, 0);
    expect([bus.read(4, 4), bus.read(4, 2), bus.read(6, 2), bus.read(7, 1)]).to.deep.equal([0x12378086, 0x8086, 0x1237, 0x12]);
    select(3, 8);
    expect(bus.read(4, 4)).to.equal(0x01020300);
  });

  it("gives ones where there is no function, on other buses, and while it is not enabled", () => {
    const { bus, select } = bench();
    select(5, 0);
    expect(bus.read(4, 4)).to.equal(0xffffffff);
    bus.write(0, 4, 0x80010000);
    expect(bus.read(4, 4)).to.equal(0xffffffff);
    bus.write(0, 4, 0);
    expect(bus.read(4, 2)).to.equal(0xffff);
  });

  it("keeps the address, without its lowest bits, and takes it as a double word only", () => {
    const { bus } = bench();
    bus.write(0, 4, 0xffffffff);
    expect(bus.read(0, 4)).to.equal(0x80fffffc);
    bus.write(0, 1, 0);
    bus.write(1, 2, 0);
    expect([bus.read(0, 4), bus.read(0, 2)]).to.deep.equal([0x80fffffc, 0xffff]);
  });

  it("lets the size of a base address be found out, and maps it as the command register says", () => {
    const { bus, select, mapped } = bench();
    select(3, BASE_ADDRESS + 4);
    bus.write(4, 4, 0xffffffff);
    expect(bus.read(4, 4)).to.equal(0xfffffff1);
    bus.write(4, 4, 0xc000);
    select(3, COMMAND);
    bus.write(4, 2, 1);
    select(3, BASE_ADDRESS + 4);
    bus.write(4, 4, 0xd010);
    select(3, COMMAND);
    bus.write(4, 2, 0);
    // A base address is written byte by byte.
    expect(mapped).to.deep.equal(["+c000,16", "-c000,16", "+c010,16", "-c010,16", "+d010,16", "-d010,16"]);
  });

  it("maps base addresses in memory by their own bit of the command register", () => {
    const { bus, select, inMemory } = bench();
    select(3, BASE_ADDRESS + 8);
    bus.write(4, 4, 0xffffffff);
    expect(bus.read(4, 4)).to.equal(0xffffc000);
    bus.write(4, 4, 0xfe004000);
    select(3, COMMAND);
    bus.write(4, 2, 1);
    expect(inMemory).to.deep.equal([]);
    bus.write(4, 2, 2);
    bus.write(4, 2, 0);
    expect(inMemory).to.deep.equal(["+fe004000,16384", "-fe004000,16384"]);
  });

  it("keeps read-only bits as they are", () => {
    const { bus, select } = bench();
    select(3, 0);
    bus.write(4, 4, 0);
    expect(bus.read(4, 4)).to.equal(0x56781234);
    select(3, 0x3c);
    bus.write(4, 4, 0xffffffff);
    expect(bus.read(4, 4)).to.equal(0x000001ff);
  });

  it("stands random accesses, and functions go on from saved states", () => {
    const random = new Random(testSeed(0xcf8)), { bus, one } = bench();
    for (let i = 0; i < 20_000; i++) {
      const offset = random.below(8), size = Math.min([1, 2, 4][random.below(3)], 8 - offset);
      if (random.below(2) === 0) bus.write(offset, size, random.below(3) === 0 ? (0x80001800 | random.below(256)) >>> 0 : random.next() >>> 0);
      else expect(bus.read(offset, size)).to.be.within(0, 2 ** (8 * size) - 1);
    }
    const other = bench().one;
    other.restore(one.save());
    expect(other.save()).to.deep.equal(one.save());
    const config = one.save()["config"] as number[];
    expect(() => other.restore({ config: config.with(0, 0) })).to.throw(/fixed bits/);
  });
});

describe("IsaBridge", () => {
  function routed() {
    const levels = new Map<number, boolean>(), held = new Map<number, boolean>(), bridge = new IsaBridge((irq, isHigh) => void levels.set(irq, isHigh), (line, isHeld) => void held.set(line, isHeld));
    [10, 10, 11, 0x80].forEach((value, i) => bridge.pci.writeByte(PIRQ_ROUTING + i, value));
    return { bridge, held: () => [...held].filter(([, isHeld]) => isHeld).map(([line]) => line), high: () => [...levels].filter(([, isHigh]) => isHigh).map(([irq]) => irq).sort((a, b) => a - b) };
  }

  it("turns the pins by slot, and routes four lines to requests", () => {
    const { bridge, high } = routed();
    bridge.line(1, 1)(true); // PIRQA
    expect(high()).to.deep.equal([10]);
    bridge.line(1, 1)(false);
    bridge.line(2, 2)(true); // PIRQC
    expect(high()).to.deep.equal([11]);
    bridge.line(3, 2)(true); // PIRQD, which is off
    expect(high()).to.deep.equal([11]);
  });

  it("keeps a request high while anyone holds it", () => {
    const { bridge, high } = routed(), [a, b, c] = [bridge.line(1, 1), bridge.line(5, 1), bridge.line(2, 1)];
    for (const line of [a, b, c]) line(true);
    a(false);
    b(false);
    expect(high()).to.deep.equal([10]);
    c(false);
    expect(high()).to.deep.equal([]);
  });

  it("tells who holds its four lines, wherever they lead", () => {
    const { bridge, held } = routed(), [a, d, other] = [bridge.line(1, 1), bridge.line(3, 2), bridge.line(7, 2)];
    for (const line of [a, d, other]) line(true);
    expect(held()).to.deep.equal([0, 3]);
    d(false);
    expect(held()).to.deep.equal([0, 3]);
    other(false);
    expect(held()).to.deep.equal([0]);
  });

  it("follows its registers", () => {
    const { bridge, high } = routed();
    bridge.line(1, 1)(true);
    bridge.pci.writeByte(PIRQ_ROUTING, 5);
    expect(high()).to.deep.equal([5]);
    bridge.pci.writeByte(PIRQ_ROUTING, 0x85);
    expect(high()).to.deep.equal([]);
  });
});
