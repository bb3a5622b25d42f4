/** A TCP connection that stands for a serial line, to a service or from whoever comes; one at a time. */
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { VmError } from "../../tcg/support/errors.ts";
import { codeOf, reasonOf } from "./system-error.ts";

export interface TcpPlace {
  readonly host: string;
  readonly port: number;
  /** Waits for a connection; otherwise it makes one, and waits if nobody listens there. */
  readonly isServer: boolean;
}

export interface TcpLineEvents {
  /** Bytes from the other end. */
  received(bytes: Uint8Array): void;
  /** Something a person would want to know. */
  say(what: string): void;
}

/** What is kept for a first connection, and what may be on its way to a peer that does not read. */
const MAX_EARLY_BYTES = 2 ** 20, MAX_BACKLOG_BYTES = 2 ** 24;
const LAST_WORDS_MS = 1000;

export class TcpLine {
  private readonly place: TcpPlace;
  private readonly events: TcpLineEvents;
  private server: Server | null = null;
  private socket: Socket | null = null;
  /** What was sent before anybody came; null once somebody has. */
  private early: Uint8Array[] | null = [];
  private earlyBytes = 0;

  constructor(place: TcpPlace, events: TcpLineEvents) {
    this.place = place;
    this.events = events;
  }

  /** @throws VmError EINVAL if there is neither a service nor a free port */
  async open(): Promise<void> {
    if (this.place.isServer || !(await this.connect())) await this.listen();
  }

  /** Sends bytes, or drops them if the peer has gone. */
  send(bytes: Uint8Array): void {
    const { socket, early } = this;
    if (socket !== null) {
      socket.write(bytes);
      if (socket.writableLength <= MAX_BACKLOG_BYTES) return;
      this.events.say(`${this.text} does not read what it is sent; the connection is closed`);
      socket.destroy();
    } else if (early !== null && this.earlyBytes + bytes.length <= MAX_EARLY_BYTES) {
      early.push(bytes);
      this.earlyBytes += bytes.length;
    }
  }

  /** The guest has no room for more. */
  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  /** Ends it. Resolves when all is sent, or the peer has not read for a while. */
  async close(): Promise<void> {
    this.server?.close();
    const { socket } = this;
    if (socket === null || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, LAST_WORDS_MS);
      socket.end(() => {
        clearTimeout(patience);
        resolve();
      });
    });
    socket.destroy();
  }

  private get text(): string {
    return `${this.place.host}:${this.place.port}`;
  }

  /** False if nobody listens. */
  private connect(): Promise<boolean> {
    const { host, port } = this.place, socket = connect({ host, port, noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once("error", (e) => (codeOf(e) === "ECONNREFUSED" ? resolve(false) : reject(refusal(this.text, e))));
      socket.once("connect", () => {
        this.take(socket);
        resolve(true);
      });
    });
  }

  private listen(): Promise<void> {
    const { host, port } = this.place;
    const server = createServer({ noDelay: true }, (socket) => {
      if (this.socket === null) return this.take(socket);
      socket.on("error", () => undefined);
      socket.destroy();
    });
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once("error", (e) => reject(refusal(this.text, e)));
      server.listen({ host, port, exclusive: true }, () => {
        server.unref();
        this.events.say(`a serial line waits for a connection at ${this.text}`);
        resolve();
      });
    });
  }

  private take(socket: Socket): void {
    this.socket = socket;
    socket.on("data", (bytes: Uint8Array) => this.events.received(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.socket === socket) this.socket = null;
    });
    for (const bytes of this.early ?? []) socket.write(bytes);
    this.early = null;
  }
}

function refusal(text: string, e: Error): VmError {
  return new VmError("EINVAL", `--serial: ${text} cannot be had: ${reasonOf(e)}`, { cause: e });
}
