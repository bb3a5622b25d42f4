/** How far something long has come, on a terminal: one line of stderr, written over and erased at the end. */
import { nowMs } from "../../host/time.ts";
import { isTerminal } from "../../host/tty.ts";
import type { Output } from "../../host/output.ts";

const STDERR = 2, INTERVAL_MS = 200, ERASE = "\r\x1b[K";

export class ProgressLine {
  private readonly output: Output;
  private readonly what: string;
  private readonly total: number;
  private readonly isShown: boolean;
  private nextMs = nowMs() + INTERVAL_MS;
  private hasLine = false;

  /** @param total  what `at` is given when all is done */
  constructor(output: Output, what: string, total: number) {
    this.output = output;
    this.what = what;
    this.total = total;
    this.isShown = isTerminal(STDERR);
  }

  /** Says how much is done. */
  at(done: number): void {
    if (!this.isShown || nowMs() < this.nextMs) return;
    this.nextMs = nowMs() + INTERVAL_MS;
    this.hasLine = true;
    this.output.error(`${ERASE}${this.what}: ${Math.floor(done / this.total * 100)} %`);
    this.output.flushNow();
  }

  end(): void {
    if (this.hasLine) this.output.error(ERASE);
  }
}
