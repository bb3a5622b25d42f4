/** What is at the other end of the guest's virtio console. */
import type { ConsolePeer, VirtioConsole } from "../../devices/virtio/virtio-console.ts";
import type { TerminalLine } from "./serial.ts";

/** Bytes that wait until the driver has room for them, and bytes that come from it. */
export class ConsoleLine implements ConsolePeer, TerminalLine {
  private readonly console: VirtioConsole;
  private readonly onByte: (byte: number) => void;
  private waiting = new Uint8Array(0);

  constructor(console: VirtioConsole, onByte: (byte: number) => void) {
    this.console = console;
    this.onByte = onByte;
    console.connectPeer(this);
  }

  transmit(bytes: Uint8Array): void {
    for (const byte of bytes) this.onByte(byte);
  }

  roomAgain(): void {
    if (this.waiting.length > 0) this.waiting = this.waiting.slice(this.console.receive(this.waiting));
  }

  send(bytes: readonly number[]): void {
    this.waiting = Uint8Array.of(...this.waiting, ...bytes);
    this.roomAgain();
  }

  get waitingBytes(): number {
    return this.waiting.length;
  }

  /** There is no such thing here. */
  sendBreak(): void {
    return;
  }
}
