/** What `tcgjs boot` says when the run is over, and its exit status. */
import type { Output } from "../../host/output.ts";
import type { Pc, PcOutcome } from "../../machine/pc.ts";
import { STATUS_BROKEN_PIPE, STATUS_FAILED, STATUS_INTERRUPTED, STATUS_LIMIT, STATUS_OK } from "../command.ts";
import { csIpText } from "../exit-text.ts";
import type { SessionEnd, SessionResult } from "../session.ts";
import { statisticsOf, statisticsText } from "../stats-text.ts";
import type { UnhandledCount } from "../unhandled.ts";
import { hashMachine } from "./saved-machine.ts";

/** How a PC's run can end. */
export type BootEnd = PcOutcome | SessionEnd | { readonly kind: "quit" }
  /** A person has it stand still; `run` goes on. */
  | { readonly kind: "stopped" };

export interface EndedBoot {
  readonly result: SessionResult<BootEnd>;
  readonly pc: Pc;
  readonly unhandled: readonly UnhandledCount[];
  /** What the guest has sent over the first serial line, if it is for the report. */
  readonly printed: readonly number[] | null;
  readonly values: { readonly stats: boolean; readonly json: boolean; readonly "state-hash": boolean };
  readonly output: Output;
}

/** Reports; returns the exit status. */
export function bootReport({ result, pc, unhandled, printed, values, output }: EndedBoot): number {
  const { end, insns, ms } = result, status = bootStatus(end), sentence = bootSentence(end, insns, csIpText(pc.vcpu));
  if (sentence !== null) output.error(`tcgjs boot: ${sentence}\n`);
  const stateHash = values["state-hash"] ? hashMachine(pc) : null;
  if (stateHash !== null && !values.json) output.error(`state ${stateHash}\n`);
  if (!values.stats && !values.json) return status;
  const statistics = statisticsOf(pc.vcpu.engine, insns, ms, unhandled), guestSeconds = pc.clock.nowNs() / 1e9;
  if (values.stats) output.error(`guest time ${guestSeconds.toFixed(3)} s\n${statisticsText(statistics)}`);
  if (values.json) {
    const text = Buffer.from(printed ?? []).toString("latin1");
    output.out(`${JSON.stringify({ format: "tcgjs-boot", version: 1, end, status, guestSeconds, output: text, ...(stateHash === null ? {} : { stateHash }), ...statistics }, null, 2)}\n`);
  }
  return status;
}

function bootStatus(end: BootEnd): number {
  switch (end.kind) {
    case "power-off":
    case "reset":
    case "halt":
    case "quit": return STATUS_OK;
    case "debug-exit": return end.status & 0xff;
    case "budget":
    case "timeout": return STATUS_LIMIT;
    case "interrupted": return STATUS_INTERRUPTED;
    case "closed": return STATUS_BROKEN_PIPE;
    case "idle":
    case "blocked":
    case "stopped":
    case "shutdown":
    case "no-code":
    case "no-delivery": return STATUS_FAILED;
  }
}

/** A sentence on an end that needs one. @param at  CS:IP where the guest stands */
function bootSentence(end: BootEnd, insns: number, at: string): string | null {
  const after = `after ${insns} insns`;
  switch (end.kind) {
    case "power-off":
    case "debug-exit":
    case "quit":
    case "blocked":
    case "stopped":
    case "closed": return null;
    case "reset": return "the guest reset the machine, which ends the run (--no-reboot)";
    case "halt": return `the guest halted at ${at} with interrupts off, ${after}`;
    case "idle": return `the guest waits at ${at} for what will never come, ${after}`;
    case "shutdown": return `the guest shut down (triple fault) at ${at} ${after}`;
    case "budget": return `stopped at ${at} ${after}: --max-insns is used up`;
    case "timeout": return `stopped at ${at} ${after}: --timeout is over`;
    case "interrupted": return `interrupted at ${at} ${after}`;
    case "no-code": return `the guest jumped to 0x${end.address.toString(16)}, where there is no memory, ${after}`;
    case "no-delivery": return `an exception could not be delivered at ${at} ${after}: its vector or stack is at 0x${end.address.toString(16)}, where there is no memory`;
  }
}
