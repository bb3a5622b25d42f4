// Sockets of a host that tests play.

import type { HostSockets, TcpSocket, TcpSocketEvents, UdpSocket, UdpSocketEvents } from "../../../src/net/host-sockets.ts";
import type { Endpoint } from "../../../src/net/udp.ts";

export class FakeTcpSocket implements TcpSocket {
  readonly to: Endpoint;
  /** What hears of it. */
  events: TcpSocketEvents | null = null;
  /** What was written, and has not been passed on by `flush`. */
  written: Uint8Array[] = [];
  all: number[] = [];
  isEnded = false;
  isPaused = false;
  isDestroyed = false;
  /** Passes on what is written at once. */
  isQuick = true;

  constructor(to: Endpoint) {
    this.to = to;
  }

  get hears(): TcpSocketEvents {
    if (this.events === null) throw new Error("nobody hears");
    return this.events;
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes);
    for (const byte of bytes) this.all.push(byte);
    if (this.isQuick) this.flush();
  }

  flush(): void {
    const { written } = this;
    this.written = [];
    for (const { length } of written) this.events?.socketWritten(length);
  }

  end(): void {
    this.isEnded = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

export class FakeUdpSocket implements UdpSocket {
  readonly to: Endpoint | null;
  readonly sent: { readonly data: Uint8Array; readonly to: Endpoint | null }[] = [];
  events: UdpSocketEvents | null = null;
  isClosed = false;

  constructor(to: Endpoint | null) {
    this.to = to;
  }

  send(data: Uint8Array, to: Endpoint | null): void {
    this.sent.push({ data, to });
  }

  close(): void {
    this.isClosed = true;
  }
}

export class FakeSockets implements HostSockets {
  readonly tcp: FakeTcpSocket[] = [];
  readonly udp: FakeUdpSocket[] = [];
  readonly asked: string[] = [];
  /** Names that it knows. */
  names = new Map<string, readonly number[]>();
  /** Calls at each listening port. */
  readonly listening = new Map<number, (from: Endpoint) => FakeTcpSocket | null>();

  connectTcp(to: Endpoint, events: TcpSocketEvents): TcpSocket {
    const socket = new FakeTcpSocket(to);
    socket.events = events;
    this.tcp.push(socket);
    return socket;
  }

  listenTcp(at: Endpoint, accept: (socket: TcpSocket, from: Endpoint) => TcpSocketEvents | null): Promise<void> {
    this.listening.set(at.port, (from) => {
      const socket = new FakeTcpSocket(from);
      socket.events = accept(socket, from);
      return socket.events === null ? null : socket;
    });
    return Promise.resolve();
  }

  connectUdp(to: Endpoint, events: UdpSocketEvents): UdpSocket {
    const socket = new FakeUdpSocket(to);
    socket.events = events;
    this.udp.push(socket);
    return socket;
  }

  bindUdp(_at: Endpoint, events: (socket: UdpSocket) => UdpSocketEvents): Promise<void> {
    const socket = new FakeUdpSocket(null);
    socket.events = events(socket);
    this.udp.push(socket);
    return Promise.resolve();
  }

  resolve(name: string): Promise<readonly number[]> {
    this.asked.push(name);
    const found = this.names.get(name);
    return found === undefined ? Promise.reject(new Error("nobody knows")) : Promise.resolve(found);
  }
}
