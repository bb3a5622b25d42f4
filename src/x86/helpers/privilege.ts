/** Who may execute an insn: privilege level 0, protected mode, UMIP (SDM 3A §5.9). */
import type { Cpu } from "../cpu.ts";
import { GP, UD } from "../fault.ts";
import { CR4, CR4_UMIP } from "../state.ts";
import { defHelper } from "./define.ts";

/** #GP(0) unless at privilege level 0. */
export function requireLevel0(cpu: Cpu): void {
  if (cpu.cpl !== 0) cpu.fault(GP, 0);
}

/** #UD outside protected mode: real mode and V86 do not know the insn. */
function requireProtected(cpu: Cpu): void {
  if (cpu.isRealMode() || cpu.isV86()) cpu.fault(UD);
}

export const requireKernel = defHelper("require_cpl0", {
  params: 0,
  writes: [],
  doc: "#GP(0) unless CPL is 0.",
  bind: (cpu) => () => requireLevel0(cpu),
});

export const requireProtectedMode = defHelper("require_protected_mode", {
  params: 0,
  writes: [],
  doc: "#UD in real mode and V86.",
  bind: (cpu) => () => requireProtected(cpu),
});

export const requireSystem = defHelper("require_system", {
  params: 0,
  writes: [],
  doc: "#UD outside protected mode, then #GP(0) unless CPL is 0: before LLDT and LTR read their operand.",
  bind: (cpu) => () => {
    requireProtected(cpu);
    requireLevel0(cpu);
  },
});

export const requireUserMayAsk = defHelper("require_no_umip", {
  params: 0,
  writes: [],
  doc: "#GP(0) if CR4.UMIP keeps SGDT, SIDT, SLDT, STR and SMSW for level 0. For code of other levels.",
  bind: (cpu) => () => {
    if ((cpu.R[CR4] & CR4_UMIP) !== 0) cpu.fault(GP, 0);
  },
});
