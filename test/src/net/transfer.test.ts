// Ten megabytes each way at the same time, over cables that lose, repeat and reorder.

import { expect } from "chai";
import type { TcpUser } from "../../../src/net/tcp-connection.ts";
import { UserNetwork } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";
import { FakeSockets } from "./fake-sockets.ts";
import type { Weather } from "./lossy-cable.ts";
import { PeerGuest } from "./lossy-cable.ts";

/** Bytes that say where they belong. */
class Pattern {
  private at = 0;
  private readonly step: number;

  constructor(step: number) {
    this.step = step;
  }

  get position(): number {
    return this.at;
  }

  next(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = byteAt(this.at + i, this.step);
    this.at += count;
    return bytes;
  }

  /** Throws where they are not the next ones. */
  check(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== byteAt(this.at + i, this.step)) throw new Error(`wrong byte ${this.at + i}`);
    this.at += bytes.length;
  }
}

function byteAt(at: number, step: number): number {
  return Math.imul(at, step) >>> 11 & 0xff;
}

const CHUNK = 40_000, WANTED = 200_000;

function transfer(total: number, weather: Weather, seed: number): { readonly ms: number } {
  const clock = new FakeClock(), random = new Random(seed), sockets = new FakeSockets(), network = new UserNetwork(clock, { sockets });
  const down = { sent: new Pattern(0x9e3779b1), got: new Pattern(0x9e3779b1) }, up = { sent: new Pattern(0x85ebca77), got: new Pattern(0x85ebca77) }, ends: string[] = [];
  const guest = new PeerGuest(network, clock, random, weather, () => { throw new Error("nobody calls"); });
  const connection = guest.call(80, (made): TcpUser => ({
    established: () => undefined,
    data: (bytes) => {
      down.got.check(bytes);
      made.consumed(bytes.length);
    },
    ended: () => ends.push("host"), acknowledged: () => undefined, closed: (isOrderly) => ends.push(`closed ${isOrderly}`),
  }));
  for (let turn = 0; sockets.tcp.length === 0 && turn < 100; turn++) clock.advance(1e8);
  const [socket] = sockets.tcp;
  socket.isQuick = false;
  socket.write = (bytes) => {
    up.got.check(bytes);
    socket.written.push(bytes);
  };
  socket.end = () => ends.push("guest");
  socket.hears.socketOpen();
  for (let turn = 0; turn < 1e5 && ends.length < 3; turn++) {
    if (!socket.isPaused && down.sent.position < total) {
      socket.hears.socketData(down.sent.next(Math.min(CHUNK, total - down.sent.position)));
      if (down.sent.position === total) socket.hears.socketEnd();
    }
    while (connection.queued < WANTED && up.sent.position < total) {
      connection.send(up.sent.next(Math.min(CHUNK, total - up.sent.position)));
      if (up.sent.position === total) connection.close();
    }
    if (random.chance(70)) socket.flush();
    clock.advance(300_000);
  }
  expect([down.got.position, up.got.position]).to.deep.equal([total, total]);
  expect(ends.sort()).to.deep.equal(["closed true", "guest", "host"]);
  clock.advance(10e9);
  expect(network.isOpen).to.equal(false);
  return { ms: clock.nowNs() / 1e6 };
}

describe("a transfer over TCP", () => {
  it("brings ten megabytes each way over a good cable", () => {
    transfer(10e6, { loss: 0, repetition: 0, lateness: 0 }, 1);
  });

  it("brings ten megabytes each way over a cable that loses, repeats and reorders", () => {
    transfer(10e6, { loss: 1, repetition: 2, lateness: 5 }, testSeed(2));
  });

  it("brings all, later, over one that loses a frame in ten", () => {
    for (let i = 0; i < 5; i++) transfer(200_000, { loss: 10, repetition: 10, lateness: 20 }, testSeed(3) + i);
  });
});
