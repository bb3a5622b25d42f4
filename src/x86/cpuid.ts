/** CPUID leaves: a table the VM's owner fills and the CPUID insn reads. What the processor can do follows from it. */
import type { Feature } from "./features.ts";
import { ALL_FEATURES, reportedFeatures } from "./features.ts";

/** The four registers of one leaf, as int32. */
export interface CpuidLeaf {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** One entry: a leaf, or a subleaf where `subleaf` is given. */
export interface CpuidEntry extends CpuidLeaf {
  readonly leaf: number;
  readonly subleaf?: number;
}

const ZERO: CpuidLeaf = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

/** The leaves of one CPU. Unknown leaves above the highest basic leaf answer as that one does (SDM 2A CPUID). */
export class CpuidTable {
  private entries: readonly CpuidEntry[] = [];
  private reported: ReadonlySet<Feature> = ALL_FEATURES;

  /** Replaces all leaves. What was decoded before may not be an insn any more: see `Vcpu.setCpuid2`. */
  setEntries(entries: readonly CpuidEntry[]): void {
    this.entries = entries.map((e) => ({ ...e }));
    this.reported = entries.length === 0 ? ALL_FEATURES : reportedFeatures((leaf) => this.lookup(leaf, 0));
  }

  /** True if the processor has a feature. Before anybody has set leaves it has everything that is implemented. */
  has(feature: Feature): boolean {
    return this.reported.has(feature);
  }

  getEntries(): readonly CpuidEntry[] {
    return this.entries;
  }

  /** What CPUID returns for EAX = leaf, ECX = subleaf. */
  lookup(leaf: number, subleaf: number): CpuidLeaf {
    const found = this.find(leaf, subleaf);
    if (found !== null) return found;
    const range = leaf < 0 ? 0x80000000 | 0 : 0;
    const highest = this.find(range, 0)?.eax ?? 0;
    if (leaf >>> 0 > highest >>> 0) {
      const basic = this.find(0, 0)?.eax ?? 0;
      return this.find(basic, subleaf) ?? ZERO;
    }
    return ZERO;
  }

  private find(leaf: number, subleaf: number): CpuidLeaf | null {
    return this.entries.find((e) => (e.leaf | 0) === (leaf | 0) && (e.subleaf === undefined || e.subleaf === subleaf)) ?? null;
  }
}
