// A case under interpreter and translator side by side, under any of the settings that must make no difference.

import type { VmOptions } from "../../src/kvm/options.ts";
import type { CaseMachineOptions } from "../../src/machine/case-machine.ts";
import { CaseMachine } from "../../src/machine/case-machine.ts";
import type { FieldDifference } from "../../src/machine/lockstep.ts";
import type { CaseRegion, X86Case } from "../../src/machine/x86-case.ts";
import { bytesText } from "../../src/machine/x86-case.ts";
import { readEflags } from "../../src/x86/flags.ts";
import { fpuOf } from "../../src/x86/helpers/fpu/fpu.ts";
import { PLAIN_SLOTS } from "../../src/x86/named-state.ts";

/** How one of the engines works. */
export interface CaseSetting {
  readonly name: string;
  readonly vm: VmOptions;
  readonly machine?: CaseMachineOptions;
  /** Most insns between two stops. */
  readonly stride: number;
}

/** What the engines disagree about, or what an engine has thrown. */
export interface CaseDifference {
  /** They differ when so many insns have retired; they may have before. */
  readonly insns: number;
  readonly fields: readonly FieldDifference[];
}

/** `same`, `stuck` (both retire nothing any more: nothing to compare), or the difference. */
export type CaseVerdict = "same" | "stuck" | CaseDifference;

/** When one engine seems stuck, both get so many steps to show it. */
const PATIENT_STEPS = 20_000;
/** Comparisons on the way of a case. */
const CHECKS = 4;
/** Cases after which machines are made anew: emitted text is never given back by a machine. */
const CASES_PER_MACHINE = 3000;
const LINE_BYTES = 16, MAX_FIELDS = 40;

interface Pooled {
  readonly machine: CaseMachine;
  cases: number;
}

/** Runs cases of one memory layout, with machines that are kept from case to case. */
export class CaseLockstep {
  private readonly layout: readonly CaseRegion[];
  private readonly pool = new Map<string, Pooled>();

  constructor(layout: readonly CaseRegion[]) {
    this.layout = layout;
  }

  /** A machine with this setting, which has run other cases before. */
  machine(setting: Omit<CaseSetting, "stride">): CaseMachine {
    let pooled = this.pool.get(setting.name);
    if (pooled === undefined || ++pooled.cases > CASES_PER_MACHINE) {
      pooled = { machine: new CaseMachine(this.layout, setting.vm, setting.machine), cases: 1 };
      this.pool.set(setting.name, pooled);
    }
    return pooled.machine;
  }

  /** Machines are made anew: whatever was left in them is gone. */
  renew(): void {
    this.pool.clear();
  }

  /** Compares an interpreter with the engine under a setting. */
  compare(c: X86Case, setting: CaseSetting, maxSteps?: number): CaseVerdict {
    const interp = this.machine(REFERENCE), jit = this.machine(setting);
    const started = this.attempt(interp, jit, () => {
      interp.load(c);
      jit.load(c);
    });
    if (started !== null) return started;
    for (const stop of stopsOf(c, setting)) {
      const failure = this.attempt(interp, jit, () => {
        interp.runTo(stop, maxSteps);
        jit.runTo(stop, maxSteps);
      });
      if (failure !== null) return failure;
      if (interp.outcome === "stuck" || jit.outcome === "stuck") {
        if (interp.outcome === jit.outcome) return "stuck";
        if (maxSteps === undefined) return this.compare(c, setting, PATIENT_STEPS);
      }
      const fields = compareMachines(interp, jit);
      if (fields.length > 0) return { insns: stop, fields };
      if (interp.outcome !== "running") break;
    }
    return "same";
  }

  /** Does something with both machines; gives what either throws, which no case may cause. */
  private attempt(interp: CaseMachine, jit: CaseMachine, action: () => void): CaseDifference | null {
    try {
      action();
      return null;
    } catch (error) {
      this.renew();
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return { insns: Math.max(interp.insns, jit.insns), fields: [{ name: "error", interp: what, jit: what }] };
    }
  }

  /**
   * True if what a case comes to depends on how long translations are kept, which is the processor's choice (SDM 3A §4.10.4)
   * as far as the program changes page tables without saying so.
   */
  dependsOnTlb(c: X86Case): boolean {
    return this.compareForgetful(c, () => undefined).length > 0;
  }

  /**
   * What the interpreter does differently when it forgets all translations after every insn; empty for nothing, or if
   * it retires nothing any more.
   * @param observe  called after every insn with the machine that forgets
   */
  compareForgetful(c: X86Case, observe: (machine: CaseMachine) => void): FieldDifference[] {
    const plain = this.machine(REFERENCE), forgetful = this.machine({ ...REFERENCE, name: "forgetful" });
    plain.load(c);
    forgetful.load(c);
    plain.runTo(c.insns);
    for (let n = 1; n <= c.insns && forgetful.outcome === "running"; n++) {
      forgetful.runTo(n);
      forgetful.vcpu.engine.cpu.mmu.flush(true);
      observe(forgetful);
    }
    return plain.outcome === "stuck" || forgetful.outcome === "stuck" ? [] : compareMachines(plain, forgetful);
  }
}

export const REFERENCE: CaseSetting = { name: "reference", vm: { engine: "interp", checked: true }, stride: Infinity };

/** Where machines stop to be compared. */
function stopsOf(c: X86Case, { stride }: CaseSetting): number[] {
  const step = Math.max(1, Math.min(stride, Math.ceil(c.insns / CHECKS))), stops = new Set(c.events.map(({ insns }) => insns));
  for (let at = step; at < c.insns; at += step) stops.add(at);
  return [...stops.add(c.insns)].filter((at) => at > 0 && at <= c.insns).sort((a, b) => a - b);
}

/** Everything in which two machines differ; empty for nothing. */
function compareMachines(interp: CaseMachine, jit: CaseMachine): FieldDifference[] {
  const fields: FieldDifference[] = [];
  const compare = (name: string, a: string, b: string): void => {
    if (a !== b) fields.push({ name, interp: a, jit: b });
  };
  compare("insns", String(interp.insns), String(jit.insns));
  compare("outcome", interp.outcome, jit.outcome);
  if (!sameState(interp, jit)) {
    const a = interp.vcpu.describeState(), b = jit.vcpu.describeState();
    for (const name of new Set([...a.keys(), ...b.keys()])) compare(name, a.get(name) ?? "", b.get(name) ?? "");
  }
  for (let i = 0; i < Math.max(interp.log.length, jit.log.length); i++) compare(`exit ${i}`, interp.log[i] ?? "none", jit.log[i] ?? "none");
  interp.memory.forEach((bytes, region) => compareMemory(bytes, jit.memory[region], region, compare));
  return fields.slice(0, MAX_FIELDS);
}

/** A quick look, before the names of what differs are asked for. */
function sameState(interp: CaseMachine, jit: CaseMachine): boolean {
  const { cpu: a } = interp.vcpu.engine, { cpu: b } = jit.vcpu.engine;
  for (const cpu of [a, b]) fpuOf(cpu).pairs.flush();
  for (const slot of PLAIN_SLOTS) if (a.R[slot] !== b.R[slot]) return false;
  if (readEflags(a.R) !== readEflags(b.R) || a.state.tscOffset !== b.state.tscOffset || a.apicBase !== b.apicBase || a.a20 !== b.a20) return false;
  return a.mmu.walker.pointerEntries.every((entry, n) => entry === b.mmu.walker.pointerEntries[n]);
}

function compareMemory(a: Uint8Array, b: Uint8Array, region: number, compare: (name: string, a: string, b: string) => void): void {
  if (Buffer.compare(a, b) === 0) return;
  for (let at = 0; at < a.length; at += LINE_BYTES) {
    compare(`region ${region} 0x${at.toString(16)}`, bytesText(a.subarray(at, at + LINE_BYTES)), bytesText(b.subarray(at, at + LINE_BYTES)));
  }
}
