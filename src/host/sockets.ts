/** Node's sockets as the user-mode network wants them (src/net/host-sockets.ts). */
import { createSocket } from "node:dgram";
import type { Socket as Datagrams } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { VmError } from "../../tcg/support/errors.ts";
import { ipv4Text, isLoopback, LOOPBACK, parseIpv4 } from "../net/addresses.ts";
import type { Ipv4Address } from "../net/addresses.ts";
import type { HostSockets, TcpSocket, TcpSocketEvents, UdpSocket, UdpSocketEvents } from "../net/host-sockets.ts";
import type { Endpoint } from "../net/udp.ts";
import { codeOf, reasonOf } from "./system-error.ts";

/** Datagrams that a socket may have under way; more are lost. */
const MAX_SENDING = 256;

export class NodeSockets implements HostSockets {
  /** Is told after each event. */
  onActivity: () => void = () => undefined;
  private readonly open = new Set<{ close(): void }>();

  connectTcp(to: Endpoint, events: TcpSocketEvents): TcpSocket {
    const socket = connect({ host: ipv4Text(to.address), port: to.port, allowHalfOpen: true, noDelay: true });
    socket.on("connect", () => this.event(() => events.socketOpen()));
    const made = this.track(new NodeTcpSocket(socket));
    this.listen(socket, made, events);
    return made;
  }

  listenTcp(at: Endpoint, accept: (socket: TcpSocket, from: Endpoint) => TcpSocketEvents | null): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.event(() => {
      const made = this.track(new NodeTcpSocket(socket)), events = accept(made, { address: parseIpv4(socket.remoteAddress ?? "") ?? LOOPBACK, port: socket.remotePort ?? 0 });
      if (events !== null) return this.listen(socket, made, events);
      socket.on("error", () => undefined);
      this.open.delete(made);
      made.destroy();
    }));
    this.track(server);
    return new Promise((resolve, reject) => {
      server.on("error", (e) => reject(refusal("tcp", at, e)));
      server.listen({ host: ipv4Text(at.address), port: at.port, exclusive: true }, resolve);
    });
  }

  connectUdp(to: Endpoint, events: UdpSocketEvents): UdpSocket {
    const socket = createSocket("udp4"), made = this.track(new NodeUdpSocket(socket));
    this.hear(socket, made, events);
    made.connect(to);
    return made;
  }

  bindUdp(at: Endpoint, events: (socket: UdpSocket) => UdpSocketEvents): Promise<void> {
    const socket = createSocket("udp4"), made = this.track(new NodeUdpSocket(socket));
    return new Promise((resolve, reject) => {
      socket.once("error", (e) => reject(refusal("udp", at, e)));
      socket.bind({ address: ipv4Text(at.address), port: at.port, exclusive: true }, () => {
        made.isReady = true;
        this.hear(socket, made, events(made));
        resolve();
      });
    });
  }

  async resolve(name: string): Promise<readonly Ipv4Address[]> {
    try {
      const found = await lookup(name, { all: true, family: 4 });
      return found.map(({ address }) => parseIpv4(address)).filter((address) => address !== null);
    } catch (e) {
      if (codeOf(e) === "ENOTFOUND") return [];
      throw e;
    }
  }

  /** Closes all of them. */
  close(): void {
    for (const one of this.open) one.close();
    this.open.clear();
  }

  private listen(socket: Socket, made: NodeTcpSocket, events: TcpSocketEvents): void {
    made.onWritten = (count) => this.event(() => events.socketWritten(count));
    socket.on("data", (bytes: Uint8Array) => this.event(() => events.socketData(bytes)));
    socket.on("end", () => this.event(() => events.socketEnd()));
    socket.on("error", () => undefined);
    socket.on("close", (hasFailed) => {
      this.open.delete(made);
      this.event(() => events.socketClosed(hasFailed));
    });
  }

  private hear(socket: Datagrams, made: NodeUdpSocket, events: UdpSocketEvents): void {
    made.onRefused = () => this.event(() => events.refused());
    socket.on("message", (data, from) => this.event(() => events.datagram(data, { address: parseIpv4(from.address) ?? LOOPBACK, port: from.port })));
    socket.on("error", () => made.onRefused());
    socket.on("close", () => this.open.delete(made));
  }

  private track<T extends { close(): void }>(one: T | Server): T {
    this.open.add(one);
    return one as T;
  }

  private event(tell: () => void): void {
    tell();
    this.onActivity();
  }
}

class NodeTcpSocket implements TcpSocket {
  onWritten: (count: number) => void = () => undefined;
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes, (e) => {
      if (e === null || e === undefined) this.onWritten(bytes.length);
    });
  }

  end(): void {
    this.socket.end();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

class NodeUdpSocket implements UdpSocket {
  isReady = false;
  onRefused: () => void = () => undefined;
  private readonly socket: Datagrams;
  private isClosed = false;
  private sending = 0;
  /** What is to be sent once the socket is connected. */
  private early: Uint8Array[] = [];

  constructor(socket: Datagrams) {
    this.socket = socket;
  }

  /** Binds to the same side as the peer is on: nobody else reaches a loopback conversation. */
  connect({ address, port }: Endpoint): void {
    const local = isLoopback(address) ? ipv4Text(LOOPBACK) : "0.0.0.0";
    this.socket.bind({ address: local, port: 0 }, () => {
      if (this.isClosed) return;
      this.socket.connect(port, ipv4Text(address), () => {
        this.isReady = true;
        for (const data of this.early) this.send(data, null);
        this.early = [];
      });
    });
  }

  send(data: Uint8Array, to: Endpoint | null): void {
    if (this.isClosed || this.sending + this.early.length >= MAX_SENDING) return;
    if (!this.isReady) {
      this.early.push(data);
      return;
    }
    this.sending++;
    const done = (e: Error | null): void => {
      this.sending--;
      if (codeOf(e) === "ECONNREFUSED") this.onRefused();
    };
    if (to === null) this.socket.send(data, done);
    else this.socket.send(data, to.port, ipv4Text(to.address), done);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
  }
}

function refusal(protocol: string, at: Endpoint, e: unknown): VmError {
  return new VmError("EINVAL", `${protocol} port ${at.port} of ${ipv4Text(at.address)} cannot be opened: ${reasonOf(e)}`, { cause: e });
}
