/**
 * stdout and stderr without loss: one queue for both, so that what is written comes out in that order wherever it goes,
 * and everything has come out before the process ends. A reader that has gone away (EPIPE) is noticed and not talked to again.
 *
 * Writing only queues. The owner lets the queue run between slices of the guest (`flush`, during which the event loop turns
 * and Ctrl-C works even when a reader is slow) and, before an exit in a hurry, at once (`flushNow`).
 */
import { write as writeAsync, writeSync } from "node:fs";
import { codeOf } from "./system-error.ts";

interface Chunk {
  readonly fd: number;
  readonly bytes: Uint8Array;
}

/** Console bytes are gathered up to this size before they become a chunk. */
const GATHER_BYTES = 1 << 16;
/** Pause before another try where a descriptor is not blocking and its reader is slow. */
const RETRY_MS = 5;

export class Output {
  /** stdout takes nothing any more; what is written to it is dropped. */
  isClosed = false;
  /** Why stdout takes nothing, unless its reader has simply gone away. */
  failure: string | null = null;
  /** A write is under way that has not come back: its reader does not read. */
  isWriting = false;
  /** Descriptor of what is stdout to the program. */
  readonly stdout: number;
  private readonly stderr: number;
  private queue: Chunk[] = [];
  private gathered: Uint8Array = new Uint8Array(GATHER_BYTES);
  private gatheredLength = 0;

  /** Writes to the process's own streams, or to other open descriptors instead. */
  constructor(stdout = 1, stderr = 2) {
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Text or bytes for stdout. */
  out(data: string | Uint8Array): void {
    this.push(this.stdout, data);
  }

  /** Text for stderr. */
  error(text: string): void {
    this.push(this.stderr, text);
  }

  /** One byte for stdout; cheap. */
  byte(value: number): void {
    this.gathered[this.gatheredLength++] = value;
    if (this.gatheredLength === GATHER_BYTES) this.endGathering();
  }

  /** Text or bytes for a file opened by the caller, in order with the rest. */
  file(fd: number, data: string | Uint8Array): void {
    this.push(fd, data);
  }

  private push(fd: number, data: string | Uint8Array): void {
    this.endGathering();
    if (data.length === 0 || (fd === this.stdout && this.isClosed)) return;
    this.queue.push({ fd, bytes: typeof data === "string" ? new TextEncoder().encode(data) : data });
  }

  private endGathering(): void {
    if (this.gatheredLength === 0) return;
    const bytes = this.gathered.slice(0, this.gatheredLength);
    this.gatheredLength = 0;
    if (!this.isClosed) this.queue.push({ fd: this.stdout, bytes });
  }

  /** Resolves when everything written so far is out. Not to be called again before it has. */
  async flush(): Promise<void> {
    this.endGathering();
    this.isWriting = true;
    while (this.queue.length > 0) {
      const { fd, bytes } = this.takeChunk();
      for (let at = 0; at < bytes.length;) {
        try {
          at += await writeSome(fd, bytes.subarray(at));
        } catch (e) {
          this.giveUp(fd, e);
          break;
        }
      }
    }
    this.isWriting = false;
  }

  /** Writes everything out before it returns. */
  flushNow(): void {
    this.endGathering();
    while (this.queue.length > 0) {
      const { fd, bytes } = this.takeChunk();
      for (let at = 0; at < bytes.length;) {
        try {
          at += writeSync(fd, bytes, at);
        } catch (e) {
          if (!isBusy(e)) {
            this.giveUp(fd, e);
            break;
          }
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
    }
  }

  /** The next chunk, with those that follow it to the same place. */
  private takeChunk(): Chunk {
    const { fd } = this.queue[0];
    let count = 1, length = this.queue[0].bytes.length;
    while (count < this.queue.length && this.queue[count].fd === fd && length < GATHER_BYTES) length += this.queue[count++].bytes.length;
    const chunks = this.queue.splice(0, count);
    return count === 1 ? chunks[0] : { fd, bytes: Buffer.concat(chunks.map((c) => c.bytes)) };
  }

  private giveUp(fd: number, e: unknown): void {
    if (fd === this.stdout) {
      this.isClosed = true;
      if (codeOf(e) !== "EPIPE") this.failure = e instanceof Error ? e.message : String(e);
    }
    this.queue = this.queue.filter((c) => c.fd !== fd);
  }
}

/** Writes as much as goes, and says how much; rejects with the system's error. */
function writeSome(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    writeAsync(fd, bytes, (error, written) => {
      if (error === null) resolve(written);
      else if (isBusy(error)) setTimeout(() => resolve(0), RETRY_MS);
      else reject(error);
    });
  });
}

function isBusy(e: unknown): boolean {
  return codeOf(e) === "EAGAIN";
}
