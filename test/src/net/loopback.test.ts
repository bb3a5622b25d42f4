// The network over real sockets of this machine's loopback: a second stack plays the guest.

import { once } from "node:events";
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect } from "chai";
import { NodeSockets } from "../../../src/host/sockets.ts";
import { ipv4, LOOPBACK } from "../../../src/net/addresses.ts";
import type { TcpConnection, TcpUser } from "../../../src/net/tcp-connection.ts";
import { UserNetwork } from "../../../src/net/user-network.ts";
import type { PortForward } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { Random } from "../../tcg/support/random.ts";
import { bytes, GuestCard, readPacket, readUdp, udpFrame } from "./guest-card.ts";
import { PeerGuest } from "./lossy-cable.ts";

const TOTAL = 2_000_000, PATIENCE_MS = 60_000;

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
}

/** Keeps what comes; `data` is answered by `answer`. */
class Collector implements TcpUser {
  readonly chunks: Uint8Array[] = [];
  readonly events: string[] = [];
  readonly connection: TcpConnection;

  constructor(connection: TcpConnection) {
    this.connection = connection;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.chunks));
  }

  established(): void {
    this.events.push("established");
  }

  data(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.connection.consumed(chunk.length);
  }

  ended(): void {
    this.events.push("ended");
  }

  acknowledged(): void {
    return;
  }

  closed(isOrderly: boolean): void {
    this.events.push(isOrderly ? "closed" : "reset");
  }
}

describe("the network over real sockets", () => {
  const open: { close(): void }[] = [];
  const closeLater = <T extends { close(): void }>(one: T): T => {
    open.push(one);
    return one;
  };

  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  function bench(forwards: readonly PortForward[] = []) {
    const sockets = closeLater(new NodeSockets()), clock = new FakeClock(), network = new UserNetwork(clock, { sockets, forwards }), collectors: Collector[] = [];
    const collect = (connection: TcpConnection): Collector => {
      const made = new Collector(connection);
      collectors.push(made);
      return made;
    };
    const guest = new PeerGuest(network, clock, new Random(1), { loss: 0, repetition: 0, lateness: 0 }, collect);
    /** Lets guest time and the event loop turn until something is so. */
    const until = async (isSo: () => boolean): Promise<void> => {
      for (const end = performance.now() + PATIENCE_MS; !isSo();) {
        if (performance.now() > end) throw new Error("it never comes");
        clock.advance(200_000);
        await new Promise(setImmediate);
      }
    };
    return { sockets, network, guest, collect, collectors, until, clock };
  }

  async function server(answer: (socket: Socket) => void): Promise<number> {
    const made = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      answer(socket);
    });
    made.listen(0, "127.0.0.1");
    await once(made, "listening");
    closeLater(made);
    return (made.address() as AddressInfo).port;
  }

  it("brings a file from a service of the host, and one to it", async () => {
    const { guest, collect, until } = bench(), file = pattern(TOTAL), got: Buffer[] = [];
    const port = await server((socket) => {
      socket.on("data", (data: Buffer) => got.push(data));
      socket.on("end", () => socket.end(file));
    });
    const connection = guest.call(port, collect), collector = connection.user as Collector;
    connection.send(pattern(TOTAL));
    connection.close();
    await until(() => collector.events.includes("closed"));
    expect(Uint8Array.from(Buffer.concat(got))).to.deep.equal(file);
    expect(collector.bytes).to.deep.equal(file);
    expect(collector.events).to.deep.equal(["established", "ended", "closed"]);
  });

  it("does not read a service faster than the guest does", async () => {
    let sent = 0;
    const { guest, until } = bench(), port = await server((socket) => {
      const more = (): void => {
        while (socket.write(new Uint8Array(65536))) sent += 65536;
        sent += 65536;
      };
      socket.on("drain", more);
      more();
    });
    let taken = 0;
    const connection = guest.call(port, () => ({ established: () => undefined, data: (data) => { taken += data.length; }, ended: () => undefined, acknowledged: () => undefined, closed: () => undefined }));
    await until(() => taken >= 200_000);
    for (let i = 0; i < 300; i++) await new Promise(setImmediate);
    expect(taken).to.be.at.most(256 * 1024);
    const before = sent;
    for (let i = 0; i < 300; i++) await new Promise(setImmediate);
    expect(sent - before).to.be.at.most(65536);
    connection.abort();
  });

  it("tells the guest of a port where nobody listens, and of a connection that is reset", async () => {
    const { guest, collect, until } = bench(), port = await server((socket) => setTimeout(() => socket.resetAndDestroy(), 10));
    const free = await server(() => undefined);
    open.pop()?.close();
    const refused = guest.call(free, collect).user as Collector, reset = guest.call(port, collect).user as Collector;
    await until(() => refused.events.length === 1 && reset.events.length === 2);
    expect([refused.events, reset.events]).to.deep.equal([["reset"], ["established", "reset"]]);
  });

  it("leads from a port of the host into the guest", async () => {
    const [port] = await freePorts(1), { network, collectors, until } = bench([{ protocol: "tcp", host: { address: LOOPBACK, port }, guest: { address: 0, port: 80 } }]);
    await network.open();
    const socket = connect(port, "127.0.0.1"), got: Buffer[] = [];
    socket.on("data", (data: Buffer) => got.push(data));
    socket.write(pattern(TOTAL));
    await until(() => collectors.length === 1 && collectors[0].chunks.reduce((sum, { length }) => sum + length, 0) === TOTAL);
    const [{ connection, bytes: all }] = collectors;
    expect(all).to.deep.equal(pattern(TOTAL));
    connection.send(bytes("6869"));
    connection.close();
    await until(() => socket.readableEnded);
    expect(Buffer.concat(got).toString()).to.equal("hi");
    socket.end();
  });

  it("says that a port of the host is in use", async () => {
    const port = await server(() => undefined), { network } = bench([{ protocol: "tcp", host: { address: LOOPBACK, port }, guest: { address: 0, port: 80 } }]);
    let message = "";
    await network.open().catch((e: unknown) => { message = e instanceof Error ? e.message : ""; });
    expect(message).to.equal(`tcp port ${port} of 127.0.0.1 cannot be opened: it is in use`);
  });

  it("carries datagrams to a service and back, and tells where there is none", async () => {
    const sockets = closeLater(new NodeSockets()), clock = new FakeClock(), card = new GuestCard(new UserNetwork(clock, { sockets })), echo = closeLater(createSocket("udp4"));
    echo.on("message", (data, from) => echo.send(data, from.port, from.address));
    echo.bind(0, "127.0.0.1");
    await once(echo, "listening");
    let frames = card.send(udpFrame(5000, echo.address().port, bytes("706f6e67")));
    for (let i = 0; frames.length === 0 && i < 10_000; i++) {
      await new Promise(setImmediate);
      frames = card.take();
    }
    expect(readUdp(readPacket(frames[0]))).to.deep.equal({ source: "10.0.2.2", from: echo.address().port, to: 5000, data: bytes("706f6e67") });
    const [port] = await freePorts(1);
    frames = card.send(udpFrame(5000, port, bytes(1)));
    for (let i = 0; frames.length === 0 && i < 10_000; i++) {
      await new Promise(setImmediate);
      frames = card.take();
    }
    expect(readPacket(frames[0]).data.subarray(0, 2)).to.deep.equal(bytes(3, 3));
  });

  it("looks names up as the host does", async () => {
    const sockets = closeLater(new NodeSockets());
    expect(await sockets.resolve("localhost")).to.include(ipv4(127, 0, 0, 1));
  });

  /** Ports that were free a moment ago. */
  async function freePorts(count: number): Promise<number[]> {
    const ports: number[] = [];
    for (let i = 0; i < count; i++) {
      ports.push(await server(() => undefined));
      const closed = open.pop() as { close(then?: () => void): void };
      await new Promise<void>((resolve) => { closed.close(resolve); });
    }
    return ports;
  }
});
