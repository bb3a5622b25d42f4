/** What is at the other end of the guest's serial lines: the terminal, a file, or nothing. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { SerialPeer, Uart16550 } from "../../devices/uart16550.ts";
import type { Output } from "../../host/output.ts";

/** `--serial`, parsed. */
export type SerialChoice = { readonly kind: "stdio" } | { readonly kind: "none" } | { readonly kind: "file"; readonly path: string };

export const MAX_SERIAL_LINES = 4;

/** @throws VmError EINVAL if `text` is none of stdio, none and file:PATH */
export function parseSerial(text: string): SerialChoice {
  if (text === "stdio" || text === "none") return { kind: text };
  if (text.startsWith("file:") && text.length > 5) return { kind: "file", path: text.slice(5) };
  throw new VmError("EINVAL", `wants stdio, file:PATH or none; not "${text}"`);
}

/** Where a person's keys go. */
export interface TerminalLine {
  /** Bytes for the guest. */
  send(bytes: readonly number[]): void;
  sendBreak(): void;
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

  sendBreak(): void {
    this.uart.receiveBreak();
  }
}

/** Gathers the bytes of a file, so that they are not written one by one. */
export class FileSink {
  private readonly fd: number;
  private readonly output: Output;
  private gathered: number[] = [];

  /** @param fd  open for writing */
  constructor(fd: number, output: Output) {
    this.fd = fd;
    this.output = output;
  }

  readonly byte = (value: number): void => {
    this.gathered.push(value);
    if (this.gathered.length >= GATHER_BYTES) this.flush();
  };

  flush(): void {
    if (this.gathered.length > 0) this.output.file(this.fd, Uint8Array.from(this.gathered));
    this.gathered = [];
  }
}

const GATHER_BYTES = 4096;
