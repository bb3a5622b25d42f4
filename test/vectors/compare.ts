// Compares what an executor made of a vector with what the processor did, under the masks of the vector.

import { fromHex, toHex } from "../oracle/bytes.ts";
import { isUsed, SLOT_BYTES, ST_BYTES } from "../oracle/fx-image.ts";
import {
  BP, COMPARED_FLAGS, DID_NOT_END, FX_FCW, FX_FSW, FX_FTW, FX_MXCSR, FX_ST, FX_XMM, PF_FAULT, REGISTER_NAMES,
} from "../oracle/machine-model.ts";
import type { Outcome, Placed, Vector } from "../oracle/vector.ts";

/** Of a page-fault error code only P and W: what NX adds to it depends on the paging mode. */
const COMPARED_PF_ERROR = 3;
const MAX_MEMORY_DIFFERENCES = 4;

/**
 * What is wrong with an outcome, a phrase each; empty: it is right.
 * @param outcome  undefined: the executor gave none
 */
export function differences(vector: Vector, outcome: Outcome | undefined): string[] {
  if (!outcome) return ["no result"];
  const expected = vector.e;
  const exception = expected.x ?? BP;
  if (outcome.exception !== exception) return [wrongEnd(outcome, exception)];
  const found: string[] = [];
  const compare = (what: string, actual: number, wanted: number) => {
    if (actual >>> 0 !== wanted >>> 0) found.push(`${what} ${hex(actual)}, expected ${hex(wanted)}`);
  };

  const errorMask = exception === PF_FAULT ? COMPARED_PF_ERROR : 0xffff;
  if (expected.err !== undefined) compare("error code", outcome.errorCode & errorMask, expected.err & errorMask);
  if (expected.cr2 !== undefined && !vector.k?.nocr2) compare("cr2", outcome.cr2, expected.cr2);
  compare("eip", outcome.eip, expected.ip);
  expected.r.forEach((value, i) => compare(REGISTER_NAMES[i], outcome.regs[i], value));
  if ((outcome.eflags ^ expected.f) & vector.fm) {
    found.push(`eflags ${hex(outcome.eflags & COMPARED_FLAGS)}, expected ${hex(expected.f)} in the bits ${hex(vector.fm)}`);
  }
  found.push(...memoryDifferences(outcome.changed, expected.m ?? []));
  if (expected.fx !== undefined) found.push(...fxDifferences(outcome.fx, expected.fx, vector.k?.fsw ?? 0xffff, vector.k?.ulp ?? 0));
  return found;
}

function wrongEnd(outcome: Outcome, exception: number): string {
  if (outcome.exception === DID_NOT_END) return `did not end, expected exception ${exception}`;
  return `ends with exception ${outcome.exception} at ${hex(outcome.eip)}, expected exception ${exception}`;
}

function memoryDifferences(actual: readonly Placed[], expected: readonly Placed[]): string[] {
  const actualBytes = bytesByAddress(actual), expectedBytes = bytesByAddress(expected);
  const addresses = [...new Set([...actualBytes.keys(), ...expectedBytes.keys()])].sort((a, b) => a - b);
  const wrong = addresses.filter((address) => actualBytes.get(address) !== expectedBytes.get(address));
  const text = (bytes: ReadonlyMap<number, string>, address: number) => bytes.get(address) ?? "unchanged";
  const shown = wrong.slice(0, MAX_MEMORY_DIFFERENCES);
  return shown.map((address) => `[${hex(address)}] ${text(actualBytes, address)}, expected ${text(expectedBytes, address)}`);
}

function bytesByAddress(memory: readonly Placed[]): Map<number, string> {
  const bytes = new Map<number, string>();
  for (const [address, text] of memory) {
    for (let i = 0; i < text.length; i += 2) bytes.set(address + i / 2, text.slice(i, i + 2));
  }
  return bytes;
}

/** Control, status, tags, MXCSR, the used ST registers and all XMM registers. */
function fxDifferences(actualHex: string, expectedHex: string, fswMask: number, ulps: number): string[] {
  const actual = new DataView(fromHex(actualHex).buffer), expected = new DataView(fromHex(expectedHex).buffer);
  if (actual.byteLength < expected.byteLength) return ["no FXSAVE image"];
  const found: string[] = [];
  const compareWord = (what: string, offset: number, mask: number) => {
    const [a, e] = [actual.getUint16(offset, true) & mask, expected.getUint16(offset, true) & mask];
    if (a !== e) found.push(`${what} ${hex(a)}, expected ${hex(e)}${mask === 0xffff ? "" : ` in the bits ${hex(mask)}`}`);
  };
  compareWord("fcw", FX_FCW, 0xffff);
  compareWord("fsw", FX_FSW, fswMask);
  compareWord("ftw", FX_FTW, 0xff);
  compareWord("mxcsr", FX_MXCSR, 0xffff);

  const fsw = expected.getUint16(FX_FSW, true), ftw = expected.getUint8(FX_FTW);
  for (let i = 0; i < 8; i++) {
    const at = FX_ST + SLOT_BYTES * i;
    if (isUsed(fsw, ftw, i) && !isNear(actual, expected, at, ulps)) found.push(`st${i} ${f80(actual, at)}, expected ${f80(expected, at)}`);
  }
  for (let i = 0; i < 8; i++) {
    const at = FX_XMM + SLOT_BYTES * i;
    const [a, e] = [littleEndian(actual, at, SLOT_BYTES), littleEndian(expected, at, SLOT_BYTES)];
    if (a !== e) found.push(`xmm${i} ${a}, expected ${e}`);
  }
  return found;
}

function isNear(actual: DataView, expected: DataView, at: number, ulps: number): boolean {
  const distance = ordinal(actual, at) - ordinal(expected, at);
  return distance >= -BigInt(ulps) && distance <= BigInt(ulps) && (ulps > 0 || f80(actual, at) === f80(expected, at));
}

/** Counts 80-bit values from zero up and down, so that neighbours differ by one. */
function ordinal(image: DataView, at: number): bigint {
  const signAndExponent = image.getUint16(at + 8, true);
  const fraction = BigInt.asUintN(63, image.getBigUint64(at, true));
  const magnitude = (BigInt(signAndExponent & 0x7fff) << 63n) + fraction;
  return signAndExponent >> 15 ? -magnitude : magnitude;
}

/** Sign and exponent, then the significand, as one reads a number. */
function f80(image: DataView, at: number): string {
  const digits = littleEndian(image, at, ST_BYTES);
  return `${digits.slice(0, 4)}:${digits.slice(4)}`;
}

function littleEndian(image: DataView, at: number, count: number): string {
  return toHex(new Uint8Array(image.buffer, image.byteOffset + at, count).toReversed());
}

function hex(value: number): string {
  return (value >>> 0).toString(16);
}
