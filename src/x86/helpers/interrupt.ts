/**
 * Delivery of interrupts and exceptions (SDM 3A chapter 6): real mode through the IVT, protected mode through gates
 * (interrupt-gates.ts), and what follows when the delivery itself fails. Called by the engine and by INT n and its kin.
 */
import type { Cpu } from "../cpu.ts";
import { DB, DE, DFAULT, GP, GuestFault, NMI, NP, PF, pushesErrorCode, SSF, TS } from "../fault.ts";
import { readEflags } from "../flags.ts";
import { CS, DR, DR7_GD, EFLAGS_SYS, EIP, F_AC, F_IF, F_RF, F_TF, IDT_BASE, IDT_LIMIT, NMI_BLOCKED, SEG_SELECTOR } from "../state.ts";
import type { Delivery } from "./interrupt-gates.ts";
import { deliverThroughGate } from "./interrupt-gates.ts";
import { setRealSegment } from "./segments.ts";
import { StackView } from "./stack-view.ts";
import { readSystem16 } from "./system-memory.ts";

/** `shutdown`: a fault while a double fault was being delivered; the processor waits for RESET. */
export type DeliveryResult = "delivered" | "shutdown"
  /** Its delivery raised another exception, which is still to be delivered. */
  | { readonly vector: number; readonly error: number };

/**
 * Exceptions in a row that are delivered at once. Benign ones can go on for ever, each raised by the delivery of the one
 * before (#AC, where a handler at level 3 has a stack that is not aligned): whoever runs the processor must get a chance.
 */
const MAX_IN_A_ROW = 8;

/** Error-code bit 0: the fault happened while an event from outside the program was delivered (SDM 3A §6.13). */
const ERROR_EXT = 1;

/** Vectors whose error code is a selector or gate and so has the EXT bit. */
const hasSelectorError = (vector: number): boolean => vector >= TS && vector <= GP;

/**
 * Delivers one event: flags, CS and EIP go to the handler's stack, CS:EIP and the flags become the handler's.
 * A fault on the way is thrown with the state unchanged (but for task gates, see `switchTask`).
 */
export function deliver(cpu: Cpu, vector: number, delivery: Delivery): void {
  try {
    if (cpu.isRealMode()) deliverReal(cpu, vector, delivery.returnEip);
    else deliverThroughGate(cpu, vector, delivery);
    cpu.deliveries++;
  } catch (e) {
    if (e instanceof GuestFault && !delivery.isSoftware && hasSelectorError(e.vector)) e.error |= ERROR_EXT;
    throw e;
  }
}

/** Real mode: four-byte pointers at the IDT's base; FLAGS, CS and IP are pushed as words (SDM 3B §20.1.4). */
function deliverReal(cpu: Cpu, vector: number, returnEip: number): void {
  const { R } = cpu;
  if (vector * 4 + 3 > R[IDT_LIMIT] >>> 0) cpu.fault(GP, vector * 8 + 2);
  enterByVector(cpu, (R[IDT_BASE] + vector * 4) | 0, returnEip, readEflags(R));
  R[EFLAGS_SYS] &= ~(F_IF | F_TF | F_AC | F_RF);
}

/** Pushes `flags` and the return address as words and goes where the four-byte pointer at a linear address says. */
export function enterByVector(cpu: Cpu, entry: number, returnEip: number, flags: number): void {
  const { R } = cpu, offset = readSystem16(cpu, entry), selector = readSystem16(cpu, (entry + 2) | 0);
  const stack = StackView.current(cpu);
  stack.push(16, flags);
  stack.push(16, R[SEG_SELECTOR + CS]);
  stack.push(16, returnEip);
  stack.commit();
  setRealSegment(cpu, CS, selector);
  R[EIP] = offset;
}

/** Delivers a hardware interrupt between two insns. */
export function deliverInterrupt(cpu: Cpu, vector: number): DeliveryResult {
  return deliverUntilDone(cpu, vector, -1, false);
}

/** Delivers a non-maskable interrupt between two insns: no other until the next IRET (SDM 3A §6.7.1). */
export function deliverNmi(cpu: Cpu): DeliveryResult {
  cpu.R[NMI_BLOCKED] = 1;
  return deliverUntilDone(cpu, NMI, -1, false);
}

/** Delivers #DB for code breakpoints at EIP or for traps of the insn before, whose bits go to DR6. RF is pushed as it is. */
export function deliverDebug(cpu: Cpu, bits: number): DeliveryResult {
  cpu.R[DR + 6] |= bits;
  releaseDebugRegisters(cpu);
  return deliverUntilDone(cpu, DB, -1, false);
}

/** Whoever enters the handler of #DB may use the debug registers: DR7.GD becomes 0 (SDM 3B §17.2.4). */
export function releaseDebugRegisters(cpu: Cpu): void {
  cpu.R[DR + 7] &= ~DR7_GD;
}

/**
 * Delivers an exception raised by the insn at EIP, with the state as of its start.
 * @param error  error code, or -1 for none
 */
export function deliverFault(cpu: Cpu, vector: number, error: number): DeliveryResult {
  if (vector === DB) releaseDebugRegisters(cpu);
  return deliverUntilDone(cpu, vector, error, true);
}

function deliverUntilDone(cpu: Cpu, firstVector: number, firstError: number, isFirstFault: boolean): DeliveryResult {
  let vector = firstVector, error = firstError, isFault = isFirstFault;
  // An external interrupt is benign whatever its vector; so is #DB.
  let severity = isFirstFault ? severityOf(vector) : BENIGN;
  for (let count = 0; count < MAX_IN_A_ROW; count++) {
    try {
      deliver(cpu, vector, { error: pushesErrorCode(vector) && isFault ? Math.max(error, 0) : error, isSoftware: false, isFault, returnEip: cpu.R[EIP] });
      return "delivered";
    } catch (e) {
      if (!(e instanceof GuestFault)) throw e;
      const second = severityOf(e.vector);
      if (severity === DOUBLE && second !== BENIGN) return "shutdown";
      const isDouble = (severity === CONTRIBUTORY && second === CONTRIBUTORY) || (severity === PAGE && second !== BENIGN);
      vector = isDouble ? DFAULT : e.vector;
      error = isDouble ? 0 : e.error;
      severity = isDouble ? DOUBLE : second;
      isFault = true;
    }
  }
  return { vector, error };
}

/** Classes of exceptions (SDM 3A table 6-4): two of them in a row may make a double fault (table 6-5). */
const BENIGN = 0, CONTRIBUTORY = 1, PAGE = 2, DOUBLE = 3;

function severityOf(vector: number): number {
  if (vector === DFAULT) return DOUBLE;
  if (vector === PF) return PAGE;
  return vector === DE || vector === TS || vector === NP || vector === SSF || vector === GP ? CONTRIBUTORY : BENIGN;
}
