/**
 * What a processor tells of itself and is told: CPUID, time stamps, MSRs, caches; and the insns that came with features:
 * SYSENTER and SYSEXIT, CLAC and STAC. Those whose features are not offered (MONITOR, XGETBV, …) are not in the table.
 */
import { GP, UD } from "../fault.ts";
import { identify, setEip } from "../helpers/cpu-control.ts";
import { readModelSpecific, writeModelSpecific } from "../helpers/msr.ts";
import { requireKernel } from "../helpers/privilege.ts";
import { systemEnter, systemExit } from "../helpers/sysenter.ts";
import { timeStamp, timeStampAndProcessor } from "../helpers/time-stamp.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { F_AC, G_EFLAGS_SYS } from "../state.ts";
import { leaveToNext } from "./segment-load.ts";

/** CLAC and STAC: undefined outside level 0 (SDM 2A CLAC). */
function changeAc(name: string, form: string, isSet: boolean): InsnDef {
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, feature: "smap", privilege: true, solo: "last", forms: [form],
    lower(b, _operands, { mode }) {
      if (mode.cpl > 0) return b.fault(UD);
      const flags = b.get(G_EFLAGS_SYS);
      b.set(G_EFLAGS_SYS, isSet ? b.or(flags, b.imm(F_AC)) : b.and(flags, b.imm(~F_AC)));
      leaveToNext(b);
    },
  });
}

export const PROCESSOR_INSNS: readonly InsnDef[] = [
  defInsn("cpuid", { ref: "SDM 2A CPUID", forms: ["0f a2"], lower: (b) => void b.call(identify) }),
  defInsn("rdtsc", { ref: "SDM 2B RDTSC", feature: "tsc", solo: "interpreted", forms: ["0f 31"], lower: (b) => void b.call(timeStamp) }),
  defInsn("rdtscp", {
    ref: "SDM 2B RDTSCP", feature: "rdtscp", solo: "interpreted", forms: ["0f 01 f9"], lower: (b) => void b.call(timeStampAndProcessor),
  }),
  // There are no performance counters: no value of ECX names one.
  defInsn("rdpmc", { ref: "SDM 2B RDPMC", feature: "p6", branch: "always", forms: ["0f 33"], lower: (b) => b.fault(GP, 0) }),
  defInsn("rdmsr", { ref: "SDM 2B RDMSR", feature: "msr", solo: true, forms: ["0f 32"], lower: (b) => void b.call(readModelSpecific) }),
  defInsn("wrmsr", {
    ref: "SDM 2D WRMSR", feature: "msr", solo: true, forms: ["0f 30"],
    lower(b) {
      b.call(writeModelSpecific);
      b.call(setEip, b.nextEip());
      b.leave();
    },
  }),
  // There are no caches to write back or throw away.
  ...([["invd", "0f 08"], ["wbinvd", "0f 09"]] as const).map(
    ([name, form]) => defInsn(name, { ref: `SDM 2 ${name.toUpperCase()}`, forms: [form], lower: (b) => void b.call(requireKernel) })),
  ...([["sysenter", "0f 34", systemEnter], ["sysexit", "0f 35", systemExit]] as const).map(([name, form, helper]) => defInsn(name, {
    ref: `SDM 2B ${name.toUpperCase()}`, feature: "sep", branch: "always", solo: "last", forms: [form],
    lower(b) {
      b.call(helper);
      b.leave();
    },
  })),
  changeAc("clac", "0f 01 ca", false), changeAc("stac", "0f 01 cb", true),
];
