/** KVM_GET_DEBUGREGS and KVM_SET_DEBUGREGS: the guest's own debug registers. */
import { VmError } from "../../tcg/support/errors.ts";
import { setDebugRegister } from "../x86/helpers/debug-registers.ts";
import { DR } from "../x86/state.ts";
import { describe, requireUint32 } from "./check.ts";

/** `struct kvm_debugregs`. All values are unsigned 32-bit integers. */
export interface KvmDebugregs {
  /** Addresses of the four breakpoints. */
  db: number[];
  dr6: number;
  dr7: number;
}

const BREAKPOINTS = 4;

export function readDebugregs(R: Int32Array): KvmDebugregs {
  return { db: Array.from({ length: BREAKPOINTS }, (_, n) => R[DR + n] >>> 0), dr6: R[DR + 6] >>> 0, dr7: R[DR + 7] >>> 0 };
}

/**
 * Sets what is given; bits that are fixed stay as they are.
 * @throws VmError EINVAL for values that are not unsigned 32-bit integers, and `db` that is not four of them
 */
export function writeDebugregs(R: Int32Array, { db, dr6, dr7 }: Partial<KvmDebugregs>): void {
  if (db !== undefined && (!Array.isArray(db) || db.length !== BREAKPOINTS)) {
    throw new VmError("EINVAL", `setDebugregs: db is ${describe(db)}; it must be ${BREAKPOINTS} addresses`);
  }
  db?.forEach((address, n) => requireUint32(`setDebugregs: db[${n}]`, address));
  if (dr6 !== undefined) requireUint32("setDebugregs: dr6", dr6);
  if (dr7 !== undefined) requireUint32("setDebugregs: dr7", dr7);
  db?.forEach((address, n) => setDebugRegister(R, n, address));
  if (dr6 !== undefined) setDebugRegister(R, 6, dr6);
  if (dr7 !== undefined) setDebugRegister(R, 7, dr7);
}
