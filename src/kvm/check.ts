/** Checks of arguments, whose messages say what was given and what is allowed. */
import type { VmErrorCode } from "../../tcg/support/errors.ts";
import { VmError } from "../../tcg/support/errors.ts";

/** A number as people read addresses and sizes. */
export function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/** `value` as an integer of min..max. */
export function requireInteger(name: string, value: unknown, min: number, max: number, code: VmErrorCode = "EINVAL"): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw new VmError(code, `${name} is ${describe(value)}; allowed are integers from ${min} to ${max > 0xffff ? hex(max) : max}`);
  }
  return value;
}

/** `value` as an unsigned 32-bit integer. */
export function requireUint32(name: string, value: unknown): number {
  return requireInteger(name, value, 0, 0xffffffff);
}

/** `value` as a count that may be Infinity. */
export function requireCount(name: string, value: unknown): number {
  return value === Infinity ? Infinity : requireInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
}

export function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "object" && value !== null ? "an object" : String(value);
}
