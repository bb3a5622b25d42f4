// MSI-X by the PCI Local Bus Specification 3.0, §6.8.2; what its messages mean by SDM 3A §10.11; and a virtio function that sends them.

import { expect } from "chai";
import { messageOf } from "../../../src/bus/interrupt-message.ts";
import { BASE_ADDRESS, CAPABILITIES, COMMAND, PciFunction } from "../../../src/devices/pci/pci-function.ts";
import { Msix } from "../../../src/devices/pci/msix.ts";
import { StateError } from "../../../src/devices/saveable.ts";
import { SeededEntropy } from "../../../src/devices/virtio/entropy.ts";
import { VirtioPci } from "../../../src/devices/virtio/virtio-pci.ts";
import { VirtioRng } from "../../../src/devices/virtio/virtio-rng.ts";
import { ManualWork } from "../../support/manual-work.ts";
import { COMMON, TestMemory } from "../../support/virtio-bench.ts";
import { Random } from "../../tcg/support/random.ts";

const AT = 0x40, CONTROL = AT + 3, ON = 0x80, ALL_MASKED = 0x40, PENDING = 0x800;

function bench(count = 3) {
  const sent: [number, number][] = [], msix = new Msix(AT, count, (address, data) => sent.push([address, data]));
  const pci = new PciFunction({ vendor: 1, device: 2, classCode: 0, registers: msix.capability(1, 0x60) });
  msix.connect(pci);
  pci.onChange = () => msix.changed();
  const set = (message: number, address: number, data: number, control = 0): void => {
    for (const [i, value] of [address, 0, data, control].entries()) msix.memory.write(16 * message + 4 * i, 4, value);
  };
  return { msix, pci, set, sent: () => sent.splice(0) };
}

describe("MSI-X", () => {
  it("shows how many messages there are, and where", () => {
    const { pci } = bench();
    pci.writeByte(CONTROL, 0xff);
    expect(Array.from({ length: 12 }, (_, i) => pci.readByte(AT + i))).to.deep.equal([0x11, 0x60, 2, ON | ALL_MASKED, 1, 0, 0, 0, 1, 8, 0, 0]);
  });

  it("has its messages masked at first, and keeps what is written to them", () => {
    const { msix, set } = bench();
    expect([msix.memory.read(12, 4), msix.memory.read(28, 1)]).to.deep.equal([1, 1]);
    set(1, 0xffffffff, 0xffffffff, 0xffffffff);
    expect([16, 20, 24, 28].map((at) => msix.memory.read(at, 4))).to.deep.equal([0xfffffffc, 0, 0xffffffff, 1]);
    expect([msix.memory.read(26, 2), msix.memory.read(48, 4), msix.memory.read(0xffc, 4)]).to.deep.equal([0xffff, 0, 0]);
    msix.memory.write(16, 2, 0);
    msix.memory.write(PENDING, 4, 0xffffffff);
    expect([msix.memory.read(16, 4), msix.memory.read(PENDING, 4)]).to.deep.equal([0xfffffffc, 0]);
  });

  it("sends them while it is on", () => {
    const { msix, pci, set, sent } = bench();
    set(2, 0xfee00000, 0x41);
    msix.raise(2);
    expect([msix.isOn, sent()]).to.deep.equal([false, []]);
    pci.writeByte(CONTROL, ON);
    for (const message of [2, 3, 0xffff]) msix.raise(message);
    expect([msix.isOn, sent()]).to.deep.equal([true, [[0xfee00000, 0x41]]]);
  });

  it("lets them wait while they are masked, each or all", () => {
    const { msix, pci, set, sent } = bench();
    pci.writeByte(CONTROL, ON);
    set(0, 0xfee00000, 0x50, 1);
    set(1, 0xfee00000, 0x51);
    msix.raise(0);
    msix.raise(0);
    expect([msix.memory.read(PENDING, 4), sent()]).to.deep.equal([1, []]);
    msix.memory.write(12, 4, 0);
    expect([msix.memory.read(PENDING, 4), sent()]).to.deep.equal([0, [[0xfee00000, 0x50]]]);
    pci.writeByte(CONTROL, ON | ALL_MASKED);
    msix.raise(1);
    expect([msix.memory.read(PENDING, 4), sent()]).to.deep.equal([2, []]);
    pci.writeByte(CONTROL, ON);
    expect([msix.memory.read(PENDING, 4), sent()]).to.deep.equal([0, [[0xfee00000, 0x51]]]);
  });

  it("stands random accesses, and goes on from its saved states", () => {
    const random = new Random(47), one = bench(), two = bench();
    for (let i = 0; i < 5000; i++) {
      const offset = random.below(4096), size = [1, 2, 4][random.below(3)];
      if (random.below(2) === 0) one.msix.memory.write(offset, size, random.below(2 ** 32) % 2 ** (8 * size));
      else expect(one.msix.memory.read(offset & ~(size - 1), size)).to.be.within(0, 2 ** (8 * size) - 1);
      if (random.below(4) === 0) one.pci.writeByte(CONTROL, random.below(256));
      one.msix.raise(random.below(5));
    }
    two.msix.restore(structuredClone(one.msix.save()));
    expect(two.msix.save()).to.deep.equal(one.msix.save());
    expect(() => bench(2).msix.restore(one.msix.save())).to.throw(StateError);
  });

  it("sends what the local APIC understands", () => {
    expect(messageOf(0xfee05004, 0xc131)).to.deep.equal({ mode: 1, vector: 0x31, isLevel: true, destination: 5, isLogical: true });
    expect(messageOf(0xfeeff000, 0x0041)).to.deep.equal({ mode: 0, vector: 0x41, isLevel: false, destination: 0xff, isLogical: false });
    expect(messageOf(0xfed00000, 0x41)).to.equal(null);
  });
});

describe("virtio with MSI-X", () => {
  const CONFIG_VECTOR = COMMON + 16, QUEUE_SELECT = COMMON + 22, QUEUE_VECTOR = COMMON + 26, MSIX = 0xb0;

  function virtio() {
    const regions = new Map<number, { read(offset: number, size: number): number; write(offset: number, size: number, value: number): void }>();
    const mapper = { map: (first: number, _count: number, registers: Parameters<typeof regions.set>[1]) => void regions.set(first, registers), unmap: () => undefined, mapBytes: () => undefined };
    const levels: boolean[] = [], sent: number[] = [];
    const device = new VirtioPci({
      device: new VirtioRng(new SeededEntropy(1)), memory: new TestMemory(), work: new ManualWork(), interrupt: (isHigh) => levels.push(isHigh), sendMessage: (_address, data) => sent.push(data),
    });
    device.pci.connect(mapper, mapper);
    for (const [bar, byte] of [[0, 0], [1, 0xe1], [4, 0xe4]] as const) device.pci.writeByte(BASE_ADDRESS + 4 * bar + 3, byte);
    device.pci.writeByte(BASE_ADDRESS + 1, 0xc0);
    device.pci.writeByte(COMMAND, 7);
    const at = (address: number) => regions.get(address) ?? { read: () => -1, write: () => undefined };
    return { device, table: at(0xe1000000), common: at(0xe4000000), legacy: at(0xc000), levels, sent };
  }

  it("has the capability before its own", () => {
    const { device: { pci } } = virtio();
    expect([pci.readByte(CAPABILITIES), pci.readByte(MSIX), pci.readByte(MSIX + 1), pci.readByte(MSIX + 2)]).to.deep.equal([MSIX, 0x11, 0x40, 1]);
  });

  it("takes vectors that are in the table, for each queue and for the configuration", () => {
    const { common } = virtio();
    expect([common.read(CONFIG_VECTOR, 2), common.read(QUEUE_VECTOR, 2)]).to.deep.equal([0xffff, 0xffff]);
    common.write(CONFIG_VECTOR, 2, 0);
    common.write(QUEUE_VECTOR, 2, 1);
    expect([common.read(CONFIG_VECTOR, 2), common.read(QUEUE_VECTOR, 2)]).to.deep.equal([0, 1]);
    common.write(QUEUE_VECTOR, 2, 2);
    expect(common.read(QUEUE_VECTOR, 2)).to.equal(0xffff);
    common.write(QUEUE_SELECT, 2, 7);
    common.write(QUEUE_VECTOR, 2, 1);
    expect(common.read(QUEUE_VECTOR, 2)).to.equal(0xffff);
  });

  it("sends a message for a change of the configuration, and lets INTA# rest", () => {
    const { device, table, common, levels, sent } = virtio();
    for (const [i, value] of [0xfee00000, 0, 0x61, 0].entries()) table.write(4 * i, 4, value);
    device.pci.writeByte(MSIX + 3, ON);
    common.write(CONFIG_VECTOR, 2, 0);
    common.write(8, 4, 1);
    common.write(12, 4, 1);
    for (const status of [3, 11, 15]) common.write(20, 1, status);
    levels.length = 0;
    device.core.configChanged();
    expect([sent, levels.includes(true)]).to.deep.equal([[0x61], false]);
  });

  it("shows legacy drivers the vectors behind the header, while it is on", () => {
    const { device, legacy } = virtio();
    device.pci.writeByte(MSIX + 3, ON);
    legacy.write(20, 2, 1);
    expect([legacy.read(20, 2), legacy.read(22, 2)]).to.deep.equal([1, 0xffff]);
  });
});
