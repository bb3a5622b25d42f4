/** Counts why blocks were left in front of an insn, for `tcgjs bench`. */
import type { Engine } from "../../exec/engine.ts";
import type { EngineObserver, EventKind } from "../../exec/observer.ts";
import type { Insn } from "../../x86/isa/insn.ts";

/**
 * `fault`: the insn faulted; `code`: it wrote over code that had been translated; `operands`: numbers that the fast code is not
 * made for; `memory`: a device, a page that the TLB does not know, or one whose stores are watched since it has code.
 */
export const EXIT_CAUSES = ["fault", "code", "operands", "memory"] as const;
export type ExitCause = (typeof EXIT_CAUSES)[number];

/** To be given to one engine as its observer. */
export class SideExitCounter implements EngineObserver {
  readonly watchesBlocks = false;
  readonly counts: Record<ExitCause, number> = { fault: 0, code: 0, operands: 0, memory: 0 };
  private engine: Engine | null = null;
  /** The insn that was left for last, whose cause is not known before something else happens; or null. */
  private insn: Insn | null = null;
  private retired = 0;
  private invalidations = 0;

  /** Before the engine runs. */
  attach(engine: Engine): void {
    this.engine = engine;
  }

  blockLeft(insn: Insn): void {
    this.settle();
    this.insn = insn;
    this.retired = this.engine?.retired ?? 0;
    this.invalidations = this.engine?.stats.invalidations ?? 0;
  }

  eventRaised(kind: EventKind): void {
    if (kind !== "fault" || this.insn === null || this.engine?.retired !== this.retired) return;
    this.counts.fault++;
    this.insn = null;
  }

  /** Decides on the last exit: after the run. */
  settle(): void {
    const { insn, engine } = this;
    this.insn = null;
    if (insn === null) return;
    if (engine !== null && engine.stats.invalidations !== this.invalidations) this.counts.code++;
    else if (insn.form?.def.speculative === true) this.counts.operands++;
    else this.counts.memory++;
  }

  blockTranslated(): void {
    // Of no interest.
  }

  regionTranslated(): void {
    // Of no interest.
  }

  blockEntered(): void {
    // Not watched.
  }
}
