/** Measures a guest under one engine, in slices, so that warming up and steady running can be told apart. Used by `tcgjs bench`. */
import { nowMs } from "../../host/time.ts";
import type { VmOptions } from "../../kvm/options.ts";
import { BareMachine } from "../../machine/bare.ts";
import type { BareOptions, BareOutcome } from "../../machine/bare.ts";
import type { ExitCause } from "./side-exits.ts";
import { SideExitCounter } from "./side-exits.ts";
import type { Sample } from "./warm-up.ts";
import { mipsBetween } from "./warm-up.ts";

/** Insns a slice; some tens of microseconds warm, so that the time of looking at the clock does not count. */
const SLICE_INSNS = 250_000;
/** Steps that retire nothing, at once and in a row: a guest that does more is stuck. */
const STEPS = 10_000, MAX_IDLE_STEPS = 2 ** 21;
/** What is called warm: the last part of the insns, or of what was measured. */
const SLICES_PER_AVERAGE = 8;

export interface Measurement {
  readonly outcome: BareOutcome["kind"] | "timeout";
  readonly insns: number;
  readonly seconds: number;
  readonly mips: number;
  /** Of the insns after the first `coldShare` of them. */
  readonly warmMips: number;
  /** Until the speed first reached 90 % of the final speed. */
  readonly warmUpSeconds: number;
  readonly warmUpInsns: number;
  /** From the start (0, 0) on, a slice of insns apart. */
  readonly samples: readonly Sample[];
  readonly machine: BareMachine;
}

export interface MeasureRequest {
  readonly image: Uint8Array;
  readonly machine: BareOptions;
  readonly vm: VmOptions;
  readonly maxInsns: number;
  readonly timeoutMs: number;
  /** Share of the insns that counts as cold, 0 to 1. */
  readonly coldShare: number;
  /** Called between slices, now and then; true to stop. */
  readonly pause: () => Promise<boolean>;
  /** Hears of the machine before it runs. */
  readonly onMachine?: (machine: BareMachine) => void;
}

/** Runs a fresh machine to its end or a limit. What the guest prints is dropped. */
export async function measure(request: MeasureRequest): Promise<Measurement> {
  const machine = new BareMachine(request.image, { ...request.machine, vm: { ...request.vm, now: nowMs } });
  request.onMachine?.(machine);
  const samples: Sample[] = [{ insns: 0, ms: 0 }];
  let outcome: Measurement["outcome"] = "budget", ms = 0, idleSteps = 0, sincePause = 0;
  while (outcome === "budget" && machine.insns < request.maxInsns && idleSteps < MAX_IDLE_STEPS) {
    const before = machine.insns, began = nowMs();
    outcome = machine.run({ maxInsns: Math.min(SLICE_INSNS, request.maxInsns - before), maxSteps: STEPS }).kind;
    const took = nowMs() - began;
    ms += took;
    sincePause += took;
    samples.push({ insns: machine.insns, ms });
    idleSteps = machine.insns === before ? idleSteps + STEPS : 0;
    if (ms >= request.timeoutMs && outcome === "budget") outcome = "timeout";
    if (sincePause > 50) {
      sincePause = 0;
      if (await request.pause()) break;
    }
  }
  const insns = machine.insns, warmFrom = sampleAt(samples, insns * request.coldShare), last = samples[samples.length - 1];
  return {
    outcome, insns, seconds: ms / 1000, mips: mipsBetween(samples[0], last), warmMips: mipsBetween(warmFrom, last), ...warmUp(samples), samples, machine,
  };
}

/** The first sample at or after a count of insns, but not the last. */
function sampleAt(samples: readonly Sample[], insns: number): Sample {
  const at = samples.findIndex((s) => s.insns >= insns);
  return samples[Math.max(0, Math.min(at, samples.length - 2))];
}

/** When the speed, averaged over some slices, first reached 90 % of that of the second half. */
function warmUp(samples: readonly Sample[]): { warmUpSeconds: number; warmUpInsns: number } {
  const last = samples[samples.length - 1], goal = 0.9 * mipsBetween(sampleAt(samples, last.insns / 2), last);
  for (let i = 0; i + SLICES_PER_AVERAGE < samples.length; i++) {
    if (mipsBetween(samples[i], samples[i + SLICES_PER_AVERAGE]) >= goal) return { warmUpSeconds: samples[i].ms / 1000, warmUpInsns: samples[i].insns };
  }
  return { warmUpSeconds: last.ms / 1000, warmUpInsns: last.insns };
}

/** What a run of its own has counted. */
export interface TransferCount {
  /** Share of direct transfers between blocks that went along a chained link, 0 to 1; NaN if there were none. */
  readonly chainHitRate: number;
  /** Share of indirect transfers whose target was in the jump cache; NaN if there were none. */
  readonly jumpHitRate: number;
  /** Side exits from blocks by cause. */
  readonly sideExits: Readonly<Record<ExitCause, number>>;
}

/** Counts transfers between blocks, and out of them, in a run of its own, since counting costs time. */
export async function countTransfers(request: MeasureRequest): Promise<TransferCount> {
  const counter = new SideExitCounter();
  const { machine } = await measure({
    ...request, vm: { ...request.vm, inspect: true, observer: counter }, onMachine: ({ vcpu }) => { counter.attach(vcpu.engine); },
  });
  counter.settle();
  const { stats, translator } = machine.vcpu.engine;
  let direct = 0, indirect = 0;
  for (const tb of translator.allBlocks()) {
    if (/^\s*lookup_and_goto_ptr/m.test(tb.optimizedIr ?? "")) indirect += tb.executions;
    else if (/^\s*goto_tb/m.test(tb.optimizedIr ?? "")) direct += tb.executions;
  }
  return { chainHitRate: rate(direct, stats.linkMisses), jumpHitRate: rate(indirect, stats.jumpCacheMisses), sideExits: counter.counts };
}

function rate(all: number, missed: number): number {
  return all === 0 ? NaN : Math.max(0, (all - missed) / all);
}
