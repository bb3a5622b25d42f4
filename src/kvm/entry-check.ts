/**
 * Guest states that no CPU can be in. Setting them is allowed, entering the guest with them is not: `run` answers with
 * KVM_EXIT_FAIL_ENTRY, as VM entry does (SDM 3C §27.3.1). Real-mode segments may hold anything, as with an unrestricted guest.
 */
import type { Cpu } from "../x86/cpu.ts";
import { CR0, CR0_CD, CR0_NW, CR0_PE, CR0_PG, EFLAGS_SYS, F_VM } from "../x86/state.ts";
import { hex } from "./check.ts";
import type { KvmSegment, KvmSregs } from "./sregs.ts";
import { readSregs } from "./sregs.ts";

/** `hardwareEntryFailureReason`: invalid guest state, as VMX reports it (SDM 3C §27.8). */
export const ENTRY_FAILURE_INVALID_GUEST_STATE = 0x80000021;

/** What is wrong with the state, or null. */
export function findEntryFailure(cpu: Cpu): string | null {
  const { R } = cpu, cr0 = R[CR0], isProtected = (cr0 & CR0_PE) !== 0, isV86 = (R[EFLAGS_SYS] & F_VM) !== 0;
  if ((cr0 & CR0_PG) !== 0 && !isProtected) return `cr0 is ${hex(cr0 >>> 0)}: paging (PG) without protection (PE)`;
  if ((cr0 & CR0_NW) !== 0 && (cr0 & CR0_CD) === 0) return `cr0 is ${hex(cr0 >>> 0)}: NW without CD`;
  if (isV86 && !isProtected) return "rflags has VM set while cr0.PE is 0";
  if (!isProtected) return null;
  const sregs = readSregs(cpu, 0);
  return isV86 ? findV86Failure(sregs) : findProtectedFailure(sregs);
}

const SEGMENTS = ["cs", "ss", "ds", "es", "fs", "gs"] as const;

/** Types a code segment may have: accessed code, and the data of an unrestricted guest that has just left real mode. */
const CODE_TYPES = [3, 9, 11, 13, 15], STACK_TYPES = [3, 7], BUSY_TSS_TYPES = [3, 11], TYPE_LDT = 2;

function findProtectedFailure(sregs: KvmSregs): string | null {
  const { cs, ss, tr, ldt } = sregs;
  if (cs.unusable === 1 || cs.s !== 1 || !CODE_TYPES.includes(cs.type)) return `cs has s ${cs.s}, type ${cs.type}, present ${cs.present}: not an accessed code segment`;
  if (ss.unusable === 0 && (ss.s !== 1 || !STACK_TYPES.includes(ss.type))) return `ss has s ${ss.s}, type ${ss.type}: not accessed, writable data`;
  if (tr.unusable === 1 || tr.s !== 0 || !BUSY_TSS_TYPES.includes(tr.type)) return `tr has s ${tr.s}, type ${tr.type}, present ${tr.present}: not a busy TSS`;
  if (ldt.unusable === 0 && (ldt.s !== 0 || ldt.type !== TYPE_LDT)) return `ldt has s ${ldt.s}, type ${ldt.type}: not an LDT`;
  for (const name of [...SEGMENTS, "tr", "ldt"] as const) {
    const wrong = findLimitFailure(sregs[name]);
    if (wrong !== null) return `${name} has ${wrong}`;
  }
  return null;
}

/** The limit is in bytes and must be one that a descriptor of this granularity can hold. */
function findLimitFailure({ limit, g, unusable }: KvmSegment): string | null {
  if (unusable === 1) return null;
  if (g === 0 && limit > 0xfffff) return `limit ${hex(limit)} with g 0: more than ${hex(0xfffff)} needs g 1`;
  if (g === 1 && (limit & 0xfff) !== 0xfff) return `limit ${hex(limit)} with g 1: its low 12 bits must be ones`;
  return null;
}

function findV86Failure(sregs: KvmSregs): string | null {
  for (const name of SEGMENTS) {
    const { base, limit, selector } = sregs[name];
    if (base !== selector * 16 || limit !== 0xffff) {
      return `${name} has base ${hex(base)}, limit ${hex(limit)}, selector ${hex(selector)}: in V86 mode the base is selector * 16, the limit 0xffff`;
    }
  }
  return null;
}
