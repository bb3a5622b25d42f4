/** KVM_GET_VCPU_EVENTS and KVM_SET_VCPU_EVENTS: what the CPU is about to take, and what holds it back. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Engine } from "../exec/engine.ts";
import { DB, pushesErrorCode } from "../x86/fault.ts";
import { NMI_BLOCKED, SHADOW, SHADOW_MOV_SS, SHADOW_STI } from "../x86/state.ts";
import { requireInteger, requireUint32 } from "./check.ts";
import { KVM_X86_SHADOW_INT_MOV_SS, KVM_X86_SHADOW_INT_STI } from "./constants.ts";
import type { InterruptQueue } from "./interrupt-queue.ts";

/** An exception that comes before the next insn. */
export interface KvmException {
  /** 1: `nr` is to be delivered. */
  injected: number;
  /** Vector, 0..31. */
  nr: number;
  hasErrorCode: number;
  errorCode: number;
  /** For #DB: the bits it sets in DR6. */
  payload: number;
}

/** `struct kvm_vcpu_events`, without what this CPU does not have (SIPI, SMM). Flags are 0 or 1. */
export interface KvmVcpuEvents {
  exception: KvmException;
  interrupt: {
    /** 1: `nr` waits to be taken, as after `interrupt`. */
    injected: number;
    nr: number;
    /** KVM_X86_SHADOW_INT_MOV_SS, KVM_X86_SHADOW_INT_STI or 0: interrupts are kept out for one insn. */
    shadow: number;
  };
  nmi: {
    /** 1: waits to be taken, as after `nmi`. */
    pending: number;
    /** 1: blocked until the next IRET. */
    masked: number;
  };
}

/** What `setVcpuEvents` takes: any part. */
export type KvmVcpuEventsUpdate = { readonly [K in keyof KvmVcpuEvents]?: Partial<KvmVcpuEvents[K]> };

const MAX_EXCEPTION = 31, DR6_PAYLOAD = 0xe00f;
const NO_EXCEPTION: KvmException = { injected: 0, nr: 0, hasErrorCode: 0, errorCode: 0, payload: 0 };
/** KVM's numbers of shadows by ours. */
const SHADOWS: ReadonlyMap<number, number> = new Map([[0, 0], [SHADOW_MOV_SS, KVM_X86_SHADOW_INT_MOV_SS], [SHADOW_STI, KVM_X86_SHADOW_INT_STI]]);

function readException({ pendingFault, cpu }: Engine): KvmException {
  if (pendingFault !== null) {
    const { vector: nr, error } = pendingFault;
    return { injected: 1, nr, hasErrorCode: error >= 0 ? 1 : 0, errorCode: Math.max(error, 0), payload: 0 };
  }
  return cpu.debugHits === 0 ? NO_EXCEPTION : { ...NO_EXCEPTION, injected: 1, nr: DB, payload: cpu.debugHits };
}

export function readVcpuEvents(engine: Engine, interrupts: InterruptQueue): KvmVcpuEvents {
  const { R } = engine.cpu, { vector } = interrupts;
  return {
    exception: { ...readException(engine) },
    interrupt: { injected: vector >= 0 ? 1 : 0, nr: Math.max(vector, 0), shadow: SHADOWS.get(R[SHADOW]) ?? 0 },
    nmi: { pending: interrupts.hasNmi ? 1 : 0, masked: R[NMI_BLOCKED] !== 0 ? 1 : 0 },
  };
}

const requireFlag = (name: string, value: unknown): number => requireInteger(`setVcpuEvents: ${name}`, value, 0, 1);

/** Checks everything. */
function merge(now: KvmVcpuEvents, update: KvmVcpuEventsUpdate): KvmVcpuEvents {
  for (const name of Object.keys(update)) {
    if (!(name in now)) throw new VmError("EINVAL", `setVcpuEvents: there is no ${name}; names are ${Object.keys(now).join(" ")}`);
  }
  const exception = { ...now.exception, ...update.exception }, interrupt = { ...now.interrupt, ...update.interrupt }, nmi = { ...now.nmi, ...update.nmi };
  requireFlag("exception.injected", exception.injected);
  requireInteger("setVcpuEvents: exception.nr", exception.nr, 0, MAX_EXCEPTION);
  requireFlag("exception.hasErrorCode", exception.hasErrorCode);
  requireUint32("setVcpuEvents: exception.errorCode", exception.errorCode);
  requireInteger("setVcpuEvents: exception.payload", exception.payload, exception.injected === 1 && exception.nr === DB ? 1 : 0, DR6_PAYLOAD);
  if (exception.injected === 1 && (exception.hasErrorCode === 1) !== pushesErrorCode(exception.nr)) {
    throw new VmError("EINVAL", `setVcpuEvents: exception ${exception.nr} ${pushesErrorCode(exception.nr) ? "has" : "has no"} error code`);
  }
  requireFlag("interrupt.injected", interrupt.injected);
  requireInteger("setVcpuEvents: interrupt.nr", interrupt.nr, 0, 255);
  if (![...SHADOWS.values()].includes(interrupt.shadow)) {
    throw new VmError("EINVAL", `setVcpuEvents: interrupt.shadow is ${interrupt.shadow}; allowed are ${[...SHADOWS.values()].join(" ")}`);
  }
  requireFlag("nmi.pending", nmi.pending);
  requireFlag("nmi.masked", nmi.masked);
  return { exception, interrupt, nmi };
}

/**
 * Sets what is given; everything is checked before anything changes.
 * @throws VmError EINVAL
 */
export function writeVcpuEvents(engine: Engine, interrupts: InterruptQueue, update: KvmVcpuEventsUpdate): void {
  const { exception, interrupt, nmi } = merge(readVcpuEvents(engine, interrupts), update), { R } = engine.cpu;
  if (update.exception !== undefined) {
    const isInjected = exception.injected === 1, isTrap = isInjected && exception.nr === DB;
    engine.pendingFault = isInjected && !isTrap ? { vector: exception.nr, error: exception.hasErrorCode === 1 ? exception.errorCode : -1 } : null;
    engine.cpu.debugHits = isTrap ? exception.payload : 0;
  }
  interrupts.cancel();
  if (interrupt.injected === 1) interrupts.queue(interrupt.nr);
  R[SHADOW] = [...SHADOWS].find(([, theirs]) => theirs === interrupt.shadow)?.[0] ?? 0;
  interrupts.hasNmi = nmi.pending === 1;
  R[NMI_BLOCKED] = nmi.masked;
}
