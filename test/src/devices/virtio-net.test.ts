// The network card by its specification (Virtual I/O Device 1.2, §5.1); and drivers that break the rules.

import { expect } from "chai";
import type { EthernetCard, EthernetFrame, EthernetNetwork } from "../../../src/bus/ethernet.ts";
import { VirtioNet } from "../../../src/devices/virtio/virtio-net.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { testSeed } from "../../support/seed.ts";
import { VirtioBench } from "../../support/virtio-bench.ts";
import { Random } from "../../tcg/support/random.ts";

const CSUM = 0, GUEST_CSUM = 1, MAC = 5, GUEST_TSO4 = 7, HOST_TSO4 = 11, MRG_RXBUF = 15, STATUS = 16, CTRL_VQ = 17, CTRL_RX = 18, CTRL_MAC_ADDR = 23;
const ALL = [CSUM, GUEST_CSUM, MAC, GUEST_TSO4, HOST_TSO4, MRG_RXBUF, STATUS, CTRL_VQ, CTRL_RX, CTRL_MAC_ADDR];
const RECEIVE = 0, TRANSMIT = 1, CONTROL = 2, HEADER = 12;
const ADDRESS = 0x525400123456, MAC_BYTES = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

/** Keeps what the card sends. */
class Cable implements EthernetNetwork {
  card: EthernetCard | null = null;
  frames: EthernetFrame[] = [];
  bursts = 0;
  rooms = 0;

  attach(card: EthernetCard): void {
    this.card = card;
  }

  send(frame: EthernetFrame): void {
    this.frames.push(frame);
  }

  endBurst(): void {
    this.bursts++;
  }

  roomAgain(): void {
    this.rooms++;
  }
}

function made(features: readonly number[] = [], queueSize = 8) {
  const cable = new Cable(), card = new VirtioNet(cable, ADDRESS), bench = new VirtioBench(card);
  bench.start(features, queueSize);
  return { cable, card, bench };
}

function plain(bytes: Uint8Array): EthernetFrame {
  return { bytes, isSummed: true, segmentBytes: 0 };
}

/** A frame for a card, with data. */
function frameTo(mac: readonly number[], ...data: readonly number[]): Uint8Array {
  return Uint8Array.of(...mac, 2, 0, 0, 0, 0, 1, 8, 0, ...data);
}

/** An IPv4 packet with 20 bytes of header, TCP, 24 bytes of header. */
function tcpFrame(length: number): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set(frameTo(MAC_BYTES));
  frame[14] = 0x45;
  frame[23] = 6;
  frame[34 + 12] = 0x60;
  return frame;
}

describe("VirtioNet", () => {
  it("offers its features, and says its address and that the link is up", () => {
    const { bench } = made(ALL);
    expect(bench.offered() & 0xfffffffn).to.equal(ALL.reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n));
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => bench.read(0x2000 + i, 1))).to.deep.equal([...MAC_BYTES, 1, 0]);
  });

  describe("frames from the driver", () => {
    it("go out behind a header of 12 bytes, wherever buffers are cut; the burst ends with the queue", () => {
      const { bench, cable } = made(ALL), frame = frameTo([1, 2, 3, 4, 5, 6], 7, 8);
      bench.add(TRANSMIT, [Uint8Array.of(...new Uint8Array(HEADER), ...frame.subarray(0, 3)), frame.subarray(3)], []);
      bench.add(TRANSMIT, [new Uint8Array(HEADER), frame], []);
      cable.bursts = 0;
      bench.kick(TRANSMIT);
      expect(cable.frames).to.deep.equal([plain(frame), plain(frame)]);
      expect([bench.used(TRANSMIT), cable.bursts]).to.deep.equal([[{ head: 0, length: 0 }, { head: 2, length: 0 }], 1]);
    });

    it("tell of checksums that are to be made, and of segments that are to be cut", () => {
      const { bench, cable } = made(ALL), header = Uint8Array.of(1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0), frame = tcpFrame(60_000);
      bench.add(TRANSMIT, [header, frame], []);
      bench.kick(TRANSMIT);
      expect(cable.frames).to.deep.equal([{ bytes: frame, isSummed: false, segmentBytes: 1460 }]);
    });

    it("that are too short or too long are dropped", () => {
      const { bench, cable } = made(ALL);
      for (const length of [0, 5, HEADER + 13, HEADER + 65_550]) {
        bench.add(TRANSMIT, [new Uint8Array(length)], []);
        bench.kick(TRANSMIT);
      }
      expect([cable.frames, bench.used(TRANSMIT).length]).to.deep.equal([[], 4]);
    });
  });

  describe("frames for the driver", () => {
    it("come with a header that counts one buffer", () => {
      const { bench, card } = made([]), frame = frameTo(MAC_BYTES, 1, 2, 3);
      const { head, written } = bench.add(RECEIVE, [], [4, 100]);
      expect(card.receive(plain(frame))).to.equal(true);
      expect(bench.used(RECEIVE)).to.deep.equal([{ head, length: HEADER + frame.length }]);
      const all = Uint8Array.of(...bench.bytes(written[0], 4), ...bench.bytes(written[1], 100));
      expect([all.subarray(0, HEADER), all.subarray(HEADER, HEADER + frame.length)]).to.deep.equal([Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0), frame]);
      expect(bench.isInterrupting).to.equal(true);
    });

    it("take several buffers where driver and card have agreed on that", () => {
      const { bench, card } = made([MRG_RXBUF]), frame = frameTo(MAC_BYTES, ...new Uint8Array(200).map((_, i) => i));
      const buffers = [64, 64, 64, 64, 64].map((length) => bench.add(RECEIVE, [], [length]));
      expect(card.receive(plain(frame))).to.equal(true);
      const used = bench.used(RECEIVE);
      expect(used.map(({ length }) => length)).to.deep.equal([64, 64, 64, HEADER + 214 - 192]);
      const all = buffers.flatMap(({ written }, i) => [...bench.bytes(written[0], used[i]?.length ?? 0)]);
      expect([all[10], all.slice(HEADER)]).to.deep.equal([4, [...frame]]);
    });

    it("wait while there are too few buffers, which stay the driver's", () => {
      const { bench, card, cable } = made([MRG_RXBUF]), frame = frameTo(MAC_BYTES, ...new Uint8Array(100));
      expect(card.receive(plain(frame))).to.equal(false);
      for (let i = 0; i < 2; i++) bench.add(RECEIVE, [], [50]);
      expect(card.receive(plain(frame))).to.equal(false);
      expect(bench.used(RECEIVE)).to.be.empty;
      bench.add(RECEIVE, [], [50]);
      const before = cable.rooms;
      bench.kick(RECEIVE);
      expect([cable.rooms - before, card.receive(plain(frame))]).to.deep.equal([1, true]);
      expect(bench.used(RECEIVE)).to.have.length(3);
    });

    it("that no buffers can hold are dropped", () => {
      const one = made([]), many = made([MRG_RXBUF], 4), frame = plain(frameTo(MAC_BYTES, ...new Uint8Array(300)));
      one.bench.add(RECEIVE, [], [100]);
      expect([one.card.receive(frame), one.bench.used(RECEIVE)]).to.deep.equal([true, [{ head: 0, length: 0 }]]);
      for (let i = 0; i < 4; i++) many.bench.add(RECEIVE, [], [50]);
      expect([many.card.receive(frame), many.bench.used(RECEIVE).length]).to.deep.equal([true, 4]);
    });

    it("are said to have a good checksum, or to want one, or to be long segments", () => {
      const { bench, card } = made([GUEST_CSUM, GUEST_TSO4, MRG_RXBUF]), header = (frame: EthernetFrame): Uint8Array => {
        const { written } = bench.add(RECEIVE, [], [8000]);
        card.receive(frame);
        bench.used(RECEIVE);
        return bench.bytes(written[0], HEADER);
      };
      expect(header(plain(tcpFrame(100)))).to.deep.equal(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0));
      expect(header({ bytes: tcpFrame(100), isSummed: false, segmentBytes: 0 })).to.deep.equal(Uint8Array.of(1, 0, 58, 0, 0, 0, 34, 0, 16, 0, 1, 0));
      expect(header({ bytes: tcpFrame(4000), isSummed: false, segmentBytes: 1460 })).to.deep.equal(Uint8Array.of(1, 1, 58, 0, 0xb4, 5, 34, 0, 16, 0, 1, 0));
    });

    it("are those that driver and card have agreed on", () => {
      const taken = (features: readonly number[], size = 256): readonly unknown[] => {
        const { card } = made(features, size);
        return [card.takesUnsummed, card.largestFrame];
      };
      expect(taken([])).to.deep.equal([false, 0]);
      expect(taken([GUEST_CSUM])).to.deep.equal([true, 0]);
      expect(taken([GUEST_CSUM, GUEST_TSO4])).to.deep.equal([true, 65_549]);
      expect(taken([GUEST_CSUM, GUEST_TSO4, MRG_RXBUF])).to.deep.equal([true, 65_549]);
      expect(taken([GUEST_CSUM, GUEST_TSO4, MRG_RXBUF], 16)).to.deep.equal([true, 12_000]);
    });

    it("are lost while there is no driver", () => {
      const cable = new Cable(), card = new VirtioNet(cable, ADDRESS), bench = new VirtioBench(card);
      expect(card.receive(plain(frameTo(MAC_BYTES)))).to.equal(true);
      bench.start();
      bench.add(RECEIVE, [], [100]);
      expect(bench.used(RECEIVE)).to.be.empty;
    });

    it("have no count of buffers for a legacy driver that does not merge them", () => {
      const { bench, card, cable } = made(), page = 0x20000, frame = frameTo(MAC_BYTES, 9);
      bench.writeLegacy(18, 1, 0);
      bench.writeLegacy(18, 1, 7);
      for (const [queue, at] of [[RECEIVE, page], [TRANSMIT, page + 0x8000]]) {
        bench.writeLegacy(14, 2, queue);
        bench.writeLegacy(8, 4, at >>> 12);
      }
      bench.ram.bytes.set(frame, 0x4000 + 10);
      bench.putDescriptor(page + 0x8000, 0, 0x4000, 10 + frame.length, 0, 0);
      bench.putDescriptor(page, 0, 0x5000, 100, 2, 0);
      for (const at of [page, page + 0x8000]) bench.ram.view.setUint16(at + 16 * 256 + 2, 1, true);
      bench.writeLegacy(16, 2, TRANSMIT);
      expect(cable.frames.map(({ bytes }) => bytes)).to.deep.equal([frame]);
      card.receive(plain(frame));
      expect([...bench.bytes(0x5000 + 10, frame.length)]).to.deep.equal([...frame]);
      for (let i = 0; i < 6; i++) bench.writeLegacy(20 + i, 1, i + 2);
      expect(bench.readLegacy(20, 4)).to.equal(0x05040302);
    });
  });

  describe("control", () => {
    function commanding(features: readonly number[] = ALL) {
      const it = made(features);
      const command = (...data: readonly number[]): number => {
        const { written } = it.bench.add(CONTROL, [Uint8Array.from(data)], [1]);
        it.bench.ram.bytes[written[0]] = 0x99;
        it.bench.kick(CONTROL);
        expect(it.bench.used(CONTROL)).to.have.length(1);
        return it.bench.bytes(written[0], 1)[0];
      };
      /** Whether a frame for an address comes through. */
      const takes = (mac: readonly number[]): boolean => {
        it.bench.add(RECEIVE, [], [100]);
        it.card.receive(plain(frameTo(mac)));
        return it.bench.used(RECEIVE).length === 1;
      };
      return { ...it, command, takes };
    }

    const OTHER = [2, 0, 0, 0, 0, 9];

    it("says which frames are taken: its own, all groups, those of a table, or all", () => {
      const { command, takes } = commanding();
      expect([takes(MAC_BYTES), takes([255, 255, 255, 255, 255, 255]), takes([1, 0, 94, 0, 0, 1]), takes(OTHER)]).to.deep.equal([true, true, true, false]);
      expect([command(0, 0, 1), takes(OTHER)]).to.deep.equal([0, true]);
      expect([command(0, 0, 0), takes(OTHER)]).to.deep.equal([0, false]);
      expect([command(1, 0, 1, 0, 0, 0, ...OTHER, 0, 0, 0, 0), takes(OTHER)]).to.deep.equal([0, true]);
      expect([command(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), takes(OTHER)]).to.deep.equal([0, false]);
      expect([command(1, 0, 100, 0, 0, 0, ...new Uint8Array(604)), takes(OTHER)]).to.deep.equal([0, true]);
      expect([command(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), takes(OTHER)]).to.deep.equal([0, false]);
      expect(command(0, 1, 1)).to.equal(0);
    });

    it("gives the card another address", () => {
      const { command, takes, bench } = commanding();
      expect([command(1, 1, ...OTHER), takes(OTHER), takes(MAC_BYTES), bench.read(0x2005, 1)]).to.deep.equal([0, true, false, 9]);
      bench.start();
      expect(bench.read(0x2005, 1)).to.equal(0x56);
    });

    it("refuses what it does not know, and what is cut short", () => {
      const { command } = commanding();
      for (const bad of [[], [0], [0, 0], [0, 9, 1], [1, 1, 1, 2, 3], [1, 0], [1, 0, 1, 0], [1, 0, 255, 255, 255, 255], [2, 0, 0, 0], [4, 0, 1, 0]]) expect(command(...bad), bad.join(" ")).to.equal(1);
    });
  });

  it("goes on from a saved state, and refuses broken ones", () => {
    const { bench, card } = made(ALL), other = new VirtioNet(new Cable(), 0x020000000001);
    bench.add(CONTROL, [Uint8Array.of(1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0)], [1]);
    bench.add(CONTROL, [Uint8Array.of(0, 0, 1)], [1]);
    bench.kick(CONTROL);
    expect(card.save()).to.deep.include({ isPromiscuous: true, addresses: [0x020000000009] });
    other.restore(structuredClone(card.save()));
    expect([other.save(), other.config]).to.deep.equal([card.save(), card.config]);
    refusesBrokenStates(() => ({ device: card }));
  });

  it("stands random queues, random registers and frames at any time", () => {
    const random = new Random(testSeed(0x1000)), { bench, card } = made(ALL);
    for (let i = 0; i < 20_000; i++) {
      if (random.below(50) === 0) bench.start(ALL.filter(() => random.below(3) > 0), 2 ** random.below(6));
      if (random.below(3) === 0) bench.ram.bytes[0x10000 + random.below(0x18000)] = random.below(random.below(2) === 0 ? 8 : 256);
      if (random.below(2) === 0) bench.write(random.below(4) * 0x1000 + random.below(64), [1, 2, 4][random.below(3)], random.below(random.below(2) === 0 ? 4 : 256));
      else bench.kick(random.below(3));
      if (random.below(4) === 0) card.receive({ bytes: tcpFrame(14 + 40 + random.below(5000)), isSummed: random.below(2) === 0, segmentBytes: random.below(2) * 1460 });
    }
  });
});
