/** Joins a TCP connection with the guest to a socket of the host: what comes from one goes to the other, no faster than that takes it. */
import type { TcpSocket, TcpSocketEvents } from "./host-sockets.ts";
import type { TcpConnection, TcpUser } from "./tcp-connection.ts";

/** The socket is not read while so much waits for the guest, until it is down to so much. */
const HIGH_BYTES = 256 * 1024, LOW_BYTES = 128 * 1024;

export class TcpRelay implements TcpUser, TcpSocketEvents {
  private readonly connection: TcpConnection;
  private readonly socket: TcpSocket;
  private isPaused = false;
  /** The connection is over: the socket's last words do not matter. */
  private isOver = false;

  /** @param open  gives the socket, whose events come here */
  constructor(connection: TcpConnection, open: (events: TcpSocketEvents) => TcpSocket) {
    this.connection = connection;
    connection.user = this;
    this.socket = open(this);
  }

  // ---- from the socket

  socketOpen(): void {
    if (!this.isOver) this.connection.accept();
  }

  socketData(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.connection.send(bytes);
    if (this.isPaused || this.connection.queued < HIGH_BYTES) return;
    this.isPaused = true;
    this.socket.pause();
  }

  socketEnd(): void {
    if (!this.isOver) this.connection.close();
  }

  socketWritten(count: number): void {
    if (!this.isOver) this.connection.consumed(count);
  }

  socketClosed(hasFailed: boolean): void {
    if (this.isOver || !hasFailed) return;
    this.isOver = true;
    this.connection.abort();
  }

  // ---- from the guest

  established(): void {
    // Whoever called knows by what comes.
  }

  data(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  ended(): void {
    this.socket.end();
  }

  acknowledged(): void {
    if (!this.isPaused || this.connection.queued > LOW_BYTES) return;
    this.isPaused = false;
    this.socket.resume();
  }

  closed(isOrderly: boolean): void {
    this.isOver = true;
    if (!isOrderly) this.socket.destroy();
  }
}
