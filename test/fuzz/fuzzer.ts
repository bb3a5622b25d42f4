// The fuzzer: one case after the other, each under interpreter and translator side by side. Everything follows from the seed.

import type { X86Case } from "../../src/machine/x86-case.ts";
import { printCase } from "../../src/machine/x86-case.ts";
import { CR0_PG, CR3, CR4_PAE, CR4_PSE } from "../../src/x86/state.ts";
import type { CaseDifference, CaseSetting } from "../support/case-lockstep.ts";
import { CaseLockstep, REFERENCE } from "../support/case-lockstep.ts";
import { makeCase } from "./generate/case.ts";
import { disassembly } from "./generate/code.ts";
import { PAGING, PAGING_END, REGIONS } from "./generate/layout.ts";
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
/** One case in so many also runs on an interpreter that keeps no translations. */
const FORGETFUL_EVERY = 4, FORGETFUL_INSNS = 150;
const PAGE_OFFSET = 0xfff, PRESENT = 1, PAGE_SIZE = 0x80, ACCESSED_DIRTY = 0x60;

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
    if (typeof verdict !== "string") return this.examine(c, number, setting, verdict);
    return verdict === "same" && number % FORGETFUL_EVERY === 0 ? this.examineForgetful(c, number) : null;
  }

  /**
   * A translation that is kept although the processor must have dropped it (CR0, CR3, CR4, EFER, INVLPG, AC under SMAP): the
   * interpreter goes another way when it forgets all of them, and the page tables are what they were.
   */
  private examineForgetful(c: X86Case, number: number): Finding | null {
    if (!this.keepsTooLong(c)) return null;
    this.counts.findings++;
    const small = reduce(c, (candidate) => this.keepsTooLong(candidate), REDUCE_TRIES);
    const fields = this.lockstep.compareForgetful(small, () => undefined);
    const summary = `a translation is kept too long (jit: interpreter that forgets all)\n${summaryOf({ insns: small.insns, fields })}`;
    return { seed: this.seed, number, setting: REFERENCE.name, summary, filetest: this.filetestOf(small) };
  }

  private keepsTooLong(whole: X86Case): boolean {
    if ((Number(whole.state.get("cr0") ?? 0) & CR0_PG) === 0 || this.hasTablesElsewhere(whole)) return false;
    const c = { ...whole, insns: Math.min(whole.insns, FORGETFUL_INSNS) }, cr3 = Number(c.state.get("cr3")) & ~PAGE_OFFSET;
    let isOther = false;
    const differences = this.lockstep.compareForgetful(c, ({ vcpu }) => {
      isOther ||= (vcpu.engine.cpu.R[CR3] & ~PAGE_OFFSET) !== cr3;
    });
    if (isOther || differences.every(({ name }) => isTableLine(name))) return false;
    return sameTables(this.tablesOf(c), this.lockstep.machine(REFERENCE).memory[0].subarray(PAGING, PAGING_END));
  }

  /** Page tables in a device are read by each walk, and the engines walk when they like. */
  private hasTablesElsewhere(c: X86Case): boolean {
    const words = new DataView(this.tablesOf(c).buffer), cr4 = Number(c.state.get("cr4") ?? 0), entryBytes = (cr4 & CR4_PAE) !== 0 ? 8 : 4;
    const isElsewhere = (table: number, entries: number, levels: number): boolean => {
      if (table < PAGING || table + entries * entryBytes > PAGING_END) return true;
      if (levels === 1) return false;
      for (let at = table - PAGING, i = 0; i < entries; i++, at += entryBytes) {
        const entry = words.getUint32(at, true), isLarge = levels === 2 && (entry & PAGE_SIZE) !== 0 && (cr4 & (CR4_PSE | CR4_PAE)) !== 0;
        if ((entry & PRESENT) !== 0 && !isLarge && isElsewhere(entry & ~PAGE_OFFSET, 4096 / entryBytes, levels - 1)) return true;
      }
      return false;
    };
    const cr3 = Number(c.state.get("cr3") ?? 0);
    return entryBytes === 8 ? isElsewhere(cr3 & ~31, 4, 3) : isElsewhere(cr3 & ~PAGE_OFFSET, 1024, 2);
  }

  /** The page tables as they are at first. */
  private tablesOf({ memory }: X86Case): Uint8Array {
    const tables = new Uint8Array(PAGING_END - PAGING);
    for (const { address, bytes } of memory) if (address >= PAGING && address + bytes.length <= PAGING_END) tables.set(bytes, address - PAGING);
    return tables;
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

/** Equal but for accessed and dirty bits, which the processor sets. */
function sameTables(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i] || (i % 4 === 0 && (byte | ACCESSED_DIRTY) === (b[i] | ACCESSED_DIRTY)));
}

/** A line of memory that differs, among the page tables: accessed bits that the program has cleared are set again. */
function isTableLine(name: string): boolean {
  const address = Number(/^region 0 (0x[0-9a-f]+)$/.exec(name)?.[1]);
  return address >= PAGING && address < PAGING_END;
}

function summaryOf({ insns, fields }: CaseDifference): string {
  return [`after ${insns} insns:`, ...fields.slice(0, SHOWN_FIELDS).map(({ name, interp, jit }) => `  ${name}: interp ${interp}, jit ${jit}`)].join("\n");
}
