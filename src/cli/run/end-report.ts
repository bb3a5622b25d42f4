/** What `tcgjs run` says when the run is over, and its exit status. */
import type { Output } from "../../host/output.ts";
import type { BareMachine } from "../../machine/bare.ts";
import { startAddress } from "../../machine/boot/plan.ts";
import { STATUS_BROKEN_PIPE, STATUS_FAILED, STATUS_INTERRUPTED, STATUS_LIMIT, STATUS_OK } from "../command.ts";
import { csIpText } from "../exit-text.ts";
import type { GuestEnd, SessionResult } from "../session.ts";
import { statisticsOf, statisticsText } from "../stats-text.ts";
import type { GuestRecord } from "./guest-record.ts";

export interface EndedRun {
  readonly result: SessionResult<GuestEnd>;
  readonly machine: BareMachine;
  readonly record: GuestRecord;
  readonly values: { readonly stats: boolean; readonly json: boolean };
  readonly output: Output;
  /** Says a line on stderr. */
  readonly say: (line: string) => void;
}

/** Reports; returns the exit status. */
export function endReport(run: EndedRun): number {
  const { result, machine, record, values, output, say } = run, { end, insns } = result;
  const status = statusOf(end), sentence = sentenceOf(end, insns, csIpText(machine.vcpu));
  if (sentence !== null) say(sentence);
  if (values.stats || values.json) {
    const statistics = statisticsOf(machine.vcpu.engine, insns, result.ms, record.unhandled.counts);
    const { boot } = machine, image = { format: boot.format, start: startAddress(boot) };
    if (values.stats) output.error(`loaded as ${image.format}, started at 0x${image.start.toString(16)}\n${statisticsText(statistics)}`);
    if (values.json) {
      const text = Buffer.from(record.printed ?? []).toString("latin1");
      output.out(`${JSON.stringify({ format: "tcgjs-run", version: 1, end, status, image, output: text, postCodes: record.postCodes, ...statistics }, null, 2)}\n`);
    }
  }
  return status;
}

/** The exit status for an end. */
function statusOf(end: GuestEnd): number {
  switch (end.kind) {
    case "halt": return STATUS_OK;
    case "debug-exit": return end.status & 0xff;
    case "budget":
    case "timeout": return STATUS_LIMIT;
    case "interrupted": return STATUS_INTERRUPTED;
    case "closed": return STATUS_BROKEN_PIPE;
    default: return STATUS_FAILED;
  }
}

/** A sentence on an end that needs one. @param at  CS:IP where the guest stands */
export function sentenceOf(end: GuestEnd, insns: number, at: string): string | null {
  const hex = (n: number): string => `0x${n.toString(16)}`;
  const after = `after ${insns} insn${insns === 1 ? "" : "s"}`;
  switch (end.kind) {
    case "halt":
    case "debug-exit":
    case "closed": return null;
    case "shutdown": return `the guest shut down (triple fault) at ${at} ${after}`;
    case "budget": return `stopped at ${at} ${after}: --max-insns is used up`;
    case "timeout": return `stopped at ${at} ${after}: --timeout is over`;
    case "interrupted": return `interrupted at ${at} ${after}`;
    case "debug": return `stopped at ${hex(end.pc)} ${after} for the debugger`;
    case "no-code": return `the guest jumped to ${hex(end.address)}, where there is no memory, ${after}`;
    case "no-delivery": return `an exception could not be delivered at ${at} ${after}: its vector or stack is at ${hex(end.address)}, where there is no memory`;
    case "invalid-state": return `the guest's state is one no CPU can be in: ${end.detail}`;
  }
}
