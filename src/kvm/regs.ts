/** KVM_GET_REGS and KVM_SET_REGS: general registers, RIP and RFLAGS by KVM's names. */
import { VmError } from "../../tcg/support/errors.ts";
import { readEflags, writeEflags } from "../x86/flags.ts";
import { EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP } from "../x86/state.ts";
import { hex, requireUint32 } from "./check.ts";

/** `struct kvm_regs`. All values are unsigned 32-bit integers; r8 to r15 do not exist in this CPU and are 0. */
export interface KvmRegs {
  rax: number;
  rbx: number;
  rcx: number;
  rdx: number;
  rsi: number;
  rdi: number;
  rsp: number;
  rbp: number;
  r8: number;
  r9: number;
  r10: number;
  r11: number;
  r12: number;
  r13: number;
  r14: number;
  r15: number;
  rip: number;
  rflags: number;
}

const SLOTS: ReadonlyMap<string, number> = new Map([
  ["rax", EAX], ["rbx", EBX], ["rcx", ECX], ["rdx", EDX], ["rsi", ESI], ["rdi", EDI], ["rsp", ESP], ["rbp", EBP], ["rip", EIP],
]);

const ABSENT: ReadonlySet<string> = new Set(["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]);

export function readRegs(R: Int32Array): KvmRegs {
  return {
    rax: R[EAX] >>> 0, rbx: R[EBX] >>> 0, rcx: R[ECX] >>> 0, rdx: R[EDX] >>> 0,
    rsi: R[ESI] >>> 0, rdi: R[EDI] >>> 0, rsp: R[ESP] >>> 0, rbp: R[EBP] >>> 0,
    r8: 0, r9: 0, r10: 0, r11: 0, r12: 0, r13: 0, r14: 0, r15: 0,
    rip: R[EIP] >>> 0, rflags: readEflags(R) >>> 0,
  };
}

/** Sets the registers that are named; all are checked before any changes. */
export function writeRegs(R: Int32Array, regs: Partial<KvmRegs>): void {
  const entries = Object.entries(regs).filter(([, value]) => (value as number | undefined) !== undefined);
  for (const [name, value] of entries) {
    if (!SLOTS.has(name) && !ABSENT.has(name) && name !== "rflags") {
      throw new VmError("EINVAL", `setRegs: there is no register ${name}; names are ${[...SLOTS.keys(), "rflags"].join(" ")}`);
    }
    requireUint32(`setRegs: ${name}`, value);
    if (ABSENT.has(name) && value !== 0) throw new VmError("EINVAL", `setRegs: ${name} is ${hex(value)}; a 32-bit CPU has only 0 there`);
  }
  for (const [name, value] of entries) {
    const slot = SLOTS.get(name);
    if (slot !== undefined) R[slot] = value;
    else if (name === "rflags") writeEflags(R, value);
  }
}
