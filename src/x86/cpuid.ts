/** CPUID leaves: a table the VM's owner fills and the CPUID insn reads. */

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

  /** Replaces all leaves. */
  setEntries(entries: readonly CpuidEntry[]): void {
    this.entries = entries.map((e) => ({ ...e }));
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
