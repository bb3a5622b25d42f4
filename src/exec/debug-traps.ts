/**
 * The guest's own debugging: EFLAGS.TF and the debug registers (SDM 3B chapter 17). While any of it is armed the engine
 * goes insn by insn; this decides before each whether a code breakpoint stops it, and after each which traps follow.
 */
import type { Cpu } from "../x86/cpu.ts";
import { CS, DR, DR6_BS, EFLAGS_SYS, EIP, F_RF, F_TF, SEG_BASE, SHADOW, SHADOW_MOV_SS } from "../x86/state.ts";

/** DR7: local and global enables of the four breakpoints. */
const DR7_ENABLES = 0xff;
/** Breakpoint condition "execution" in DR7's R/W fields. */
const RW_EXECUTE = 0;

/** True while the guest debugs itself or RF waits to be cleared. */
export function isDebugging(R: Int32Array): boolean {
  return (R[EFLAGS_SYS] & (F_TF | F_RF)) !== 0 || (R[DR + 7] & DR7_ENABLES) !== 0;
}

/** DR6 bits of the code breakpoints at CS:EIP; 0 where RF or a MOV SS just before holds them off. */
export function codeBreakpoints(R: Int32Array): number {
  if ((R[DR + 7] & DR7_ENABLES) === 0 || (R[EFLAGS_SYS] & F_RF) !== 0 || R[SHADOW] === SHADOW_MOV_SS) return 0;
  const linear = (R[SEG_BASE + CS] + R[EIP]) | 0;
  let hits = 0, isEnabled = false;
  for (let n = 0; n < 4; n++) {
    if (((R[DR + 7] >> (16 + 4 * n)) & 3) !== RW_EXECUTE || R[DR + n] !== linear) continue;
    hits |= 1 << n;
    isEnabled ||= ((R[DR + 7] >> (2 * n)) & 3) !== 0;
  }
  return isEnabled ? hits : 0;
}

/** What was armed before an insn. Traps that follow go to `cpu.debugHits`, where data and I/O breakpoints put theirs. */
export class DebugTraps {
  private readonly cpu: Cpu;
  private wasTf = false;
  private deliveries = 0;
  /** Traps that MOV SS has put off. */
  private carried = 0;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  /** Before an insn: notes TF, and ends the reach of RF, which the insn may set again. */
  begin(): void {
    const { cpu } = this, { R } = cpu;
    this.wasTf = (R[EFLAGS_SYS] & F_TF) !== 0;
    this.deliveries = cpu.deliveries;
    this.carried = cpu.debugHits;
    R[EFLAGS_SYS] &= ~F_RF;
  }

  /**
   * After an insn, or one turn of a repeated one. An insn that entered a handler (INT n) has cleared TF and does not trap
   * for it; nor does one that loaded SS.
   */
  end(): void {
    const { cpu } = this, { R } = cpu;
    if (this.wasTf && this.deliveries === cpu.deliveries && R[SHADOW] !== SHADOW_MOV_SS) cpu.debugHits |= DR6_BS;
  }

  /** The insn has left for the hypervisor and will be executed again: nothing has trapped, but its code breakpoint is past. */
  cancel(): void {
    this.cpu.debugHits = this.carried;
    this.cpu.R[EFLAGS_SYS] |= F_RF;
  }
}
