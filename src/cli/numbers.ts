/** Numbers and address ranges as people write them on a command line. */
import { VmError } from "../../tcg/support/errors.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A whole number, decimal or with 0x, perhaps with K, M or G (1024 each); null if `text` is not one. */
export function parseNumber(text: string): number | null {
  const match = /^(0x[0-9a-f]+|[0-9]+)([kmg]?)$/i.exec(text);
  if (match === null) return null;
  const value = Number(match[1]) * UNITS[match[2].toLowerCase()];
  return Number.isSafeInteger(value) ? value : null;
}

/** Addresses first to last, both included; unsigned. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

const LAST_ADDRESS = 0xffffffff;

/**
 * Address ranges in QEMU's `-dfilter` notation, separated by commas: `0x1000..0x1fff` from here to there (included),
 * `0x1000+0x100` so many bytes from here, `0x1000-0x100` so many bytes up to here; a lone address is that byte.
 * @throws VmError EINVAL if `text` is not that
 */
export function parseRanges(text: string): AddressRange[] {
  return text.split(",").map(parseRange);
}

function parseRange(text: string): AddressRange {
  const match = /^(\w+)(?:(\.\.|\+|-)(\w+))?$/.exec(text);
  const a = match === null ? null : parseNumber(match[1]);
  if (match === null || a === null) throw badRange(text);
  let first = a, last = a;
  if (match[2] !== undefined) {
    const b = parseNumber(match[3]);
    if (b === null) throw badRange(text);
    if (match[2] === "..") last = b;
    else if (match[2] === "+") last = a + b - 1;
    else first = a - (b - 1);
  }
  if (first > last || first < 0 || last > LAST_ADDRESS) throw badRange(text);
  return { first, last };
}

function badRange(text: string): VmError {
  return new VmError("EINVAL", `wants ranges such as 0x1000..0x1fff, 0x1000+0x100 or 0x1fff-0x100, not "${text}"`);
}

/** True if an address (as int32) lies in one of the ranges. */
export function isInRanges(ranges: readonly AddressRange[], address: number): boolean {
  const a = address >>> 0;
  return ranges.some((r) => a >= r.first && a <= r.last);
}
