/** Sockets of the host, as much of them as the network needs. src/host has them. Nothing here throws; events come between calls, never within. */
import type { Ipv4Address } from "./addresses.ts";
import type { Endpoint } from "./udp.ts";

export interface TcpSocketEvents {
  /** A connection that was asked for stands. */
  socketOpen(): void;
  socketData(bytes: Uint8Array): void;
  /** The other end sends no more. */
  socketEnd(): void;
  /** So many bytes have been handed to the host's system. */
  socketWritten(count: number): void;
  /** It is gone. @param hasFailed  refused, reset, or otherwise not as it should */
  socketClosed(hasFailed: boolean): void;
}

export interface TcpSocket {
  write(bytes: Uint8Array): void;
  /** No more data to the other end. */
  end(): void;
  /** No more `socketData` until `resume`, but for what is on its way. */
  pause(): void;
  resume(): void;
  /** Resets the connection. */
  destroy(): void;
}

export interface UdpSocketEvents {
  datagram(data: Uint8Array, from: Endpoint): void;
  /** The host says that nobody is there. */
  refused(): void;
}

export interface UdpSocket {
  /** @param to  where, if the socket is not connected */
  send(data: Uint8Array, to: Endpoint | null): void;
  close(): void;
}

export interface HostSockets {
  connectTcp(to: Endpoint, events: TcpSocketEvents): TcpSocket;
  /**
   * Waits for connections.
   * @param accept  gives what hears of the socket's events, or null: nobody wants it
   * @throws VmError EINVAL, by rejecting, if the address cannot be had
   */
  listenTcp(at: Endpoint, accept: (socket: TcpSocket, from: Endpoint) => TcpSocketEvents | null): Promise<void>;
  /** A socket that sends to one place and hears from there only. */
  connectUdp(to: Endpoint, events: UdpSocketEvents): UdpSocket;
  /** @throws VmError EINVAL, by rejecting, if the address cannot be had */
  bindUdp(at: Endpoint, events: (socket: UdpSocket) => UdpSocketEvents): Promise<void>;
  /** All IPv4 addresses of a name; none if there is no such name. Rejects where nobody can tell. */
  resolve(name: string): Promise<readonly Ipv4Address[]>;
}
