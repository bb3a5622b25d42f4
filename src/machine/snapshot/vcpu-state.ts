/** A vCPU's state for saving, by the VM API's own names and in its own parts, as a hypervisor in user space saves one under KVM. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Field, SavedState } from "../../devices/saveable.ts";
import { array, bytes, DWORD, FLAG, list, nullable, QWORD, record, restoreFields, saveFields, StateError, upTo, WORD } from "../../devices/saveable.ts";
import type { KvmCpuidEntry2 } from "../../kvm/cpuid.ts";
import type { KvmDebugregs } from "../../kvm/debugregs.ts";
import type { KvmMsrEntry } from "../../kvm/msrs.ts";
import type { KvmRegs } from "../../kvm/regs.ts";
import type { KvmDtable, KvmSegment, KvmSregs2 } from "../../kvm/sregs.ts";
import type { KvmVcpuEvents } from "../../kvm/vcpu-events.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";

interface VcpuState {
  cpuid: readonly KvmCpuidEntry2[];
  regs: KvmRegs;
  sregs: KvmSregs2;
  fpu: Uint8Array;
  msrs: readonly KvmMsrEntry[];
  debugregs: KvmDebugregs;
  events: KvmVcpuEvents;
  /** The A20 gate is open. */
  a20: boolean;
}

const FPU_BYTES = 512, MAX_LEAVES = 256, MAX_MSRS = 256, BREAKPOINTS = 4, PDPTRS = 4;

const BIT = upTo(1), BYTE_VECTOR = upTo(0xff);
const SEGMENT: Field<KvmSegment> = record({
  base: DWORD, limit: DWORD, selector: WORD, type: upTo(15), present: BIT, dpl: upTo(3), db: BIT, s: BIT, l: upTo(0), g: BIT, avl: BIT, unusable: BIT,
});
const TABLE: Field<KvmDtable> = record({ base: DWORD, limit: WORD });
const SREGS: Field<KvmSregs2> = record({
  cs: SEGMENT, ds: SEGMENT, es: SEGMENT, fs: SEGMENT, gs: SEGMENT, ss: SEGMENT, tr: SEGMENT, ldt: SEGMENT, gdt: TABLE, idt: TABLE,
  cr0: DWORD, cr2: DWORD, cr3: DWORD, cr4: DWORD, cr8: upTo(15), efer: DWORD, apicBase: upTo(2 ** 36), pdptrs: nullable(array(PDPTRS, DWORD)),
});
const REGS: Field<KvmRegs> = record({
  rax: DWORD, rbx: DWORD, rcx: DWORD, rdx: DWORD, rsi: DWORD, rdi: DWORD, rsp: DWORD, rbp: DWORD,
  r8: DWORD, r9: DWORD, r10: DWORD, r11: DWORD, r12: DWORD, r13: DWORD, r14: DWORD, r15: DWORD, rip: DWORD, rflags: DWORD,
});
const EVENTS: Field<KvmVcpuEvents> = record<KvmVcpuEvents>({
  exception: record({ injected: BIT, nr: BYTE_VECTOR, hasErrorCode: BIT, errorCode: DWORD, payload: DWORD }),
  interrupt: record({ injected: BIT, nr: BYTE_VECTOR, shadow: upTo(3) }),
  nmi: record({ pending: BIT, masked: BIT }),
});
const LEAF: Field<KvmCpuidEntry2> = record({ function: DWORD, index: DWORD, flags: DWORD, eax: DWORD, ebx: DWORD, ecx: DWORD, edx: DWORD });
const DEBUGREGS: Field<KvmDebugregs> = record<KvmDebugregs>({ db: array(BREAKPOINTS, DWORD) as Field<number[]>, dr6: DWORD, dr7: DWORD });

/** The state of a vCPU that is settled. */
export function saveVcpu(vcpu: Vcpu): SavedState {
  const state: VcpuState = {
    cpuid: vcpu.getCpuid2(), regs: vcpu.getRegs(), sregs: vcpu.getSregs2(), fpu: vcpu.getFpu(), msrs: vcpu.getMsrs(vcpu.getMsrIndexList()),
    debugregs: vcpu.getDebugregs(), events: vcpu.getVcpuEvents(), a20: vcpu.a20,
  };
  return saveFields(state);
}

/**
 * @throws StateError if it is no such state, or one of another processor; the vCPU is in no state to run then
 */
export function restoreVcpu(vcpu: Vcpu, saved: SavedState): void {
  const empty = {} as VcpuState, state = empty;
  restoreFields("cpu", state, {
    cpuid: list(MAX_LEAVES, LEAF), regs: REGS, sregs: SREGS, fpu: bytes(FPU_BYTES), msrs: list(MAX_MSRS, record<KvmMsrEntry>({ index: DWORD, data: QWORD })),
    debugregs: DEBUGREGS, events: EVENTS, a20: FLAG,
  }, saved);
  if (!isSameProcessor(state.cpuid, vcpu.getCpuid2())) throw new StateError("cpu.cpuid", "is another processor's than this machine's (--cpu, --cpuid, --model-id)");
  try {
    vcpu.reset();
    const written = vcpu.setMsrs(state.msrs);
    if (written < state.msrs.length) throw new StateError(`cpu.msrs[${written}]`, "is a register that this processor does not have, or cannot hold its value");
    // IA32_APIC_BASE is in both, and here as it is whatever the processor's features are.
    vcpu.setSregs2(state.sregs);
    vcpu.setRegs(state.regs);
    vcpu.setFpu(state.fpu);
    vcpu.setDebugregs(state.debugregs);
    vcpu.setVcpuEvents(state.events);
    vcpu.a20 = state.a20;
  } catch (e) {
    throw e instanceof StateError || !(e instanceof VmError) ? e : new StateError("cpu", `cannot be: ${e.message}`);
  }
}

const LEAF_FIELDS = ["function", "index", "flags", "eax", "ebx", "ecx", "edx"] as const;

function isSameProcessor(one: readonly KvmCpuidEntry2[], other: readonly KvmCpuidEntry2[]): boolean {
  return one.length === other.length && one.every((leaf, i) => LEAF_FIELDS.every((field) => leaf[field] === other[i][field]));
}
