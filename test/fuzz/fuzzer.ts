// The fuzzer: one case after the other, each under interpreter and translator side by side. Everything follows from the seed.

import type { X86Case } from "../../src/machine/x86-case.ts";
import { printCase } from "../../src/machine/x86-case.ts";
import type { CaseDifference, CaseSetting } from "../support/case-lockstep.ts";
import { CaseLockstep, REFERENCE } from "../support/case-lockstep.ts";
import { makeCase } from "./generate/case.ts";
import { disassembly } from "./generate/code.ts";
import { REGIONS } from "./generate/layout.ts";
import { reduce } from "./reduce.ts";
import { SETTINGS } from "./settings.ts";

/** What a case that failed has come to. */
export interface Finding {
  readonly seed: string;
  readonly number: number;
  readonly setting: string;
  /** What differs, in lines. */
  readonly summary: string;
  /** A filetest; null if the case does not fail by itself, but only behind others on the same machines. */
  readonly filetest: string | null;
}

/** What has been done so far. */
export class FuzzCounts {
  cases = 0;
  insns = 0;
  /** Cases that retired nothing any more. */
  stuck = 0;
  /** Cases whose outcome the architecture leaves to the processor. */
  undefinedOutcomes = 0;
  findings = 0;
  readonly outcomes = new Map<string, number>();
}

const REDUCE_TRIES = 3000, SHOWN_FIELDS = 12;

export class Fuzzer {
  readonly counts = new FuzzCounts();
  private readonly seed: string;
  private readonly lockstep = new CaseLockstep(REGIONS);

  constructor(seed: string) {
    this.seed = seed;
  }

  /** Runs case `number`: what it has found, or null. */
  run(number: number): Finding | null {
    const c = makeCase(`${this.seed}/${number}`), setting = SETTINGS[number % SETTINGS.length], { counts, lockstep } = this;
    const verdict = lockstep.compare(c, setting), { insns, outcome } = lockstep.machine(REFERENCE);
    counts.cases++;
    counts.insns += insns;
    counts.outcomes.set(outcome, (counts.outcomes.get(outcome) ?? 0) + 1);
    if (verdict === "stuck") counts.stuck++;
    if (typeof verdict === "string") return null;
    return this.examine(c, number, setting, verdict);
  }

  private examine(c: X86Case, number: number, setting: CaseSetting, verdict: CaseDifference): Finding | null {
    const { counts, lockstep, seed } = this;
    lockstep.renew();
    const found = { seed, number, setting: setting.name };
    const again = lockstep.compare(c, setting);
    if (typeof again === "string") {
      counts.findings++;
      return { ...found, summary: `only behind earlier cases:\n${summaryOf(verdict)}`, filetest: null };
    }
    if (this.isUndefined(c, again)) {
      counts.undefinedOutcomes++;
      return null;
    }
    counts.findings++;
    const isError = (d: CaseDifference): boolean => d.fields[0].name === "error";
    const small = reduce(c, (candidate) => {
      const v = lockstep.compare(candidate, setting);
      return typeof v !== "string" && isError(v) === isError(again) && !this.isUndefined(candidate, v);
    }, REDUCE_TRIES);
    const last = lockstep.compare(small, setting);
    return { ...found, summary: typeof last === "string" ? last : summaryOf(last), filetest: this.filetestOf(small) };
  }

  /** The processor may do either. An error of ours is never that. */
  private isUndefined(c: X86Case, { fields }: CaseDifference): boolean {
    return fields[0].name !== "error" && this.lockstep.dependsOnTlb(c);
  }

  private filetestOf(c: X86Case): string {
    const machine = this.lockstep.machine(REFERENCE), cs = c.state.get("cs")?.split(":") ?? [];
    const is32 = cs.length === 0 || (Number(cs[3]) & 0x4000) !== 0;
    let result = "";
    try {
      machine.load(c);
      machine.runAll(c);
      result = machine.result();
    } catch (error) {
      result = String(error);
    }
    return printCase({ ...c, code: c.code.map((insn) => ({ ...insn, text: disassembly(insn, is32) })) }, result);
  }
}

function summaryOf({ insns, fields }: CaseDifference): string {
  return [`after ${insns} insns:`, ...fields.slice(0, SHOWN_FIELDS).map(({ name, interp, jit }) => `  ${name}: interp ${interp}, jit ${jit}`)].join("\n");
}
