/** What is at the other end of the guest's serial lines: the terminal, a file, a TCP connection, or nothing. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { SerialPeer, Uart16550 } from "../../devices/uart16550.ts";
import { isLoopback, parseIpv4 } from "../../net/addresses.ts";

/** `--serial`, parsed. */
export type SerialChoice =
  | { readonly kind: "stdio" }
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly isServer: boolean };

export const SERIAL_ARGUMENT = "stdio|file:PATH|tcp:127.0.0.1:PORT[,server]|none";

export const MAX_SERIAL_LINES = 4;

/** @throws VmError EINVAL if `text` is none of them */
export function parseSerial(text: string): SerialChoice {
  if (text === "stdio" || text === "none") return { kind: text };
  if (text.startsWith("file:") && text.length > 5) return { kind: "file", path: text.slice(5) };
  if (text.startsWith("tcp:")) return parseTcp(text.slice(4));
  throw new VmError("EINVAL", `wants stdio, file:PATH, tcp:127.0.0.1:PORT or none; not "${text}"`);
}

/** `HOST:PORT[,server]`: nothing but this machine, whom else the guest might reach. */
function parseTcp(text: string): SerialChoice {
  const match = /^([\w.]*):(\d{1,5})(,server)?$/.exec(text), [, name = "", digits = ""] = match ?? [], host = name === "" || name === "localhost" ? "127.0.0.1" : name, port = Number(digits);
  if (match === null || port < 1 || port > 65_535) throw new VmError("EINVAL", `wants tcp:127.0.0.1:PORT or tcp:127.0.0.1:PORT,server, PORT from 1 to 65535; not "tcp:${text}"`);
  const address = parseIpv4(host);
  if (address === null || !isLoopback(address)) throw new VmError("EINVAL", `wants an address of this machine, such as 127.0.0.1; not "${host}"`);
  return { kind: "tcp", host, port, isServer: match[3] !== undefined };
}

/** Where a person's keys go. */
export interface TerminalLine {
  /** Bytes for the guest. */
  send(bytes: readonly number[]): void;
  sendBreak(): void;
  /** Bytes for which the guest has had no room yet. */
  readonly waitingBytes: number;
}

/** Bytes that wait until the UART has room for them, and bytes that come from it. */
export class SerialLine implements SerialPeer, TerminalLine {
  private readonly uart: Uart16550;
  private readonly onByte: (byte: number) => void;
  private waiting: number[] = [];

  constructor(uart: Uart16550, onByte: (byte: number) => void) {
    this.uart = uart;
    this.onByte = onByte;
    uart.connect(this);
  }

  transmit(byte: number): void {
    this.onByte(byte);
  }

  roomAgain(): void {
    if (this.waiting.length === 0) return;
    const taken = this.uart.receive(this.waiting);
    this.waiting = this.waiting.slice(taken);
  }

  send(bytes: readonly number[]): void {
    this.waiting.push(...bytes);
    this.roomAgain();
  }

  get waitingBytes(): number {
    return this.waiting.length;
  }

  sendBreak(): void {
    this.uart.receiveBreak();
  }
}
