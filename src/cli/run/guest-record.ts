/** What the guest of `tcgjs run` makes known: shown as it comes, and kept for the report at the end. */
import type { Output } from "../../host/output.ts";
import type { UnhandledAccess } from "../../machine/bare.ts";
import { UnhandledReport } from "../unhandled.ts";

export interface GuestRecordOptions {
  readonly output: Output;
  /** Is called after each of them. */
  readonly tick: () => void;
  /** What the guest prints is for the report, not for stdout. */
  readonly keepsOutput: boolean;
  /** Says a line about an access to where there is nothing. */
  readonly sayUnhandled: (line: string) => void;
}

export class GuestRecord {
  /** What the guest has printed, if it is for the report. */
  readonly printed: number[] | null;
  /** What it has written to the POST port. */
  readonly postCodes: number[] = [];
  readonly unhandled: UnhandledReport;
  private readonly output: Output;
  private readonly tick: () => void;

  constructor({ output, tick, keepsOutput, sayUnhandled }: GuestRecordOptions) {
    this.output = output;
    this.tick = tick;
    this.printed = keepsOutput ? [] : null;
    this.unhandled = new UnhandledReport(sayUnhandled);
  }

  readonly onOutput = (byte: number): void => {
    if (this.printed === null) this.output.byte(byte);
    else this.printed.push(byte);
    this.tick();
  };

  readonly onPostCode = (code: number): void => {
    this.postCodes.push(code);
    this.output.error(`POST ${code.toString(16).padStart(2, "0")}\n`);
    this.tick();
  };

  readonly onUnhandled = (access: UnhandledAccess): void => {
    this.unhandled.note(access);
    this.tick();
  };
}
