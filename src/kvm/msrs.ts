/** KVM_GET_MSRS and KVM_SET_MSRS: model-specific registers by index. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Cpu } from "../x86/cpu.ts";
import { readMsr, writeMsr } from "../x86/helpers/msr.ts";
import { describe, requireUint32 } from "./check.ts";

/** `struct kvm_msr_entry`. */
export interface KvmMsrEntry {
  readonly index: number;
  /** 64 bits, unsigned. */
  readonly data: bigint;
}

/** The registers up to the first that does not exist. @throws VmError EINVAL for indices that are no unsigned 32-bit integers */
export function readMsrs(cpu: Cpu, indices: readonly number[]): KvmMsrEntry[] {
  indices.forEach((index, i) => requireUint32(`getMsrs: index ${i}`, index));
  const entries: KvmMsrEntry[] = [];
  for (const index of indices) {
    const data = readMsr(cpu, index);
    if (data === null) break;
    entries.push({ index, data });
  }
  return entries;
}

/**
 * Writes registers up to the first that cannot be written so; a read-only one can be written with what it holds.
 * @returns how many were written
 * @throws VmError EINVAL for indices and values that are no unsigned integers of 32 and 64 bits
 */
export function writeMsrs(cpu: Cpu, entries: readonly KvmMsrEntry[]): number {
  entries.forEach(({ index, data }, i) => {
    requireUint32(`setMsrs: entry ${i}: index`, index);
    if (typeof data !== "bigint" || data !== BigInt.asUintN(64, data)) {
      throw new VmError("EINVAL", `setMsrs: entry ${i}: data is ${describe(data)}; allowed are bigints from 0 to 2**64 - 1`);
    }
  });
  const failed = entries.findIndex(({ index, data }) => !writeMsr(cpu, index, data) && readMsr(cpu, index) !== data);
  return failed < 0 ? entries.length : failed;
}
