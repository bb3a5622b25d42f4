/** The other ends of serial lines, the virtio console and the debug console: where bytes go, and come from. */
import { createFile } from "../../host/files.ts";
import type { Output } from "../../host/output.ts";
import { TcpLine } from "../../host/tcp-line.ts";
import type { SerialChoice, TerminalLine } from "./serial.ts";

export interface FarEndParts {
  readonly output: Output;
  /** Takes what would go to the terminal; null: the terminal does. */
  readonly printed: number[] | null;
  say(line: string): void;
  /** Something has come from outside. */
  wake(): void;
}

const GATHER_BYTES = 4096;
/** A peer that sends faster than the guest reads has to wait from here on. */
const MAX_WAITING_BYTES = 65_536;

export class FarEnds {
  private readonly parts: FarEndParts;
  private readonly gatherers: Gatherer[] = [];
  private readonly tcp = new Map<SerialChoice, TcpEnd>();

  constructor(parts: FarEndParts) {
    this.parts = parts;
  }

  /** Where bytes go. @throws VmError for a file that cannot be written */
  sinkOf(choice: SerialChoice): (byte: number) => void {
    const { output, printed } = this.parts;
    switch (choice.kind) {
      case "none": return () => undefined;
      case "stdio": return printed === null ? (byte) => output.byte(byte) : (byte) => void printed.push(byte);
      case "file": {
        const fd = createFile(choice.path);
        return this.gather((bytes) => output.file(fd, bytes));
      }
      case "tcp": {
        const end = new TcpEnd(choice, this.parts);
        this.tcp.set(choice, end);
        return this.gather((bytes) => end.line.send(bytes));
      }
    }
  }

  /** What comes from a connection goes to a line of the guest's. */
  attach(choice: SerialChoice, line: TerminalLine): void {
    const end = this.tcp.get(choice);
    if (end !== undefined) end.guest = line;
  }

  /** Makes connections. @throws VmError for one that cannot be had */
  async open(): Promise<void> {
    for (const end of this.tcp.values()) await end.line.open();
  }

  /** To be called between slices. */
  flush(): void {
    for (const gatherer of this.gatherers) gatherer.flush();
    for (const end of this.tcp.values()) end.settle();
  }

  /** Resolves when what was sent is on its way. */
  async close(): Promise<void> {
    this.flush();
    await Promise.all([...this.tcp.values()].map((end) => end.line.close()));
  }

  private gather(write: (bytes: Uint8Array) => void): (byte: number) => void {
    const gatherer = new Gatherer(write);
    this.gatherers.push(gatherer);
    return gatherer.byte;
  }
}

/** A connection, and the line of the guest's that it leads to. */
class TcpEnd {
  readonly line: TcpLine;
  guest: TerminalLine | null = null;

  constructor(choice: SerialChoice & { readonly kind: "tcp" }, { say, wake }: FarEndParts) {
    this.line = new TcpLine(choice, {
      say,
      received: (bytes) => {
        this.guest?.send([...bytes]);
        this.settle();
        wake();
      },
    });
  }

  /** The peer waits while the guest does not read. */
  settle(): void {
    if ((this.guest?.waitingBytes ?? 0) > MAX_WAITING_BYTES) this.line.pause();
    else this.line.resume();
  }
}

/** Gathers bytes, so that they do not go one by one. */
class Gatherer {
  private readonly write: (bytes: Uint8Array) => void;
  private gathered: number[] = [];

  constructor(write: (bytes: Uint8Array) => void) {
    this.write = write;
  }

  readonly byte = (value: number): void => {
    this.gathered.push(value);
    if (this.gathered.length >= GATHER_BYTES) this.flush();
  };

  flush(): void {
    if (this.gathered.length > 0) this.write(Uint8Array.from(this.gathered));
    this.gathered = [];
  }
}
