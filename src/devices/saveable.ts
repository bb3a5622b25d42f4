/**
 * Saved states: plain values, by name. A device keeps what is to be saved in one object and says by a shape what may stand in each of
 * its fields, so that a state from a file cannot bring it into one that the chip does not have.
 *
 *     const SHAPE: Shape<Registers> = { index: upTo(127), bytes: array(128, BYTE) };
 *     save(): SavedState { return saveFields(this.r); }
 *     restore(state: SavedState): void { restoreFields("MC146818", this.r, SHAPE, state); this.drive(); }
 */
import { InternalError, VmError } from "../../tcg/support/errors.ts";

/** What a state is made of. */
export type SavedValue = number | bigint | string | boolean | null | Uint8Array | readonly SavedValue[] | SavedState;

/** A state, or a part of one: values by name. */
export interface SavedState {
  readonly [name: string]: SavedValue;
}

/** Whatever has state. */
export interface Saveable {
  /** All that the guest can see or has set, by name; a copy. */
  save(): SavedState;
  /**
   * Goes on from a state that was saved, and drives its outputs accordingly.
   * @throws StateError if it is not such a state; nothing has changed then
   */
  restore(state: SavedState): void;
}

/** A saved state that is none of this machine's: a field is missing, unknown or out of range. */
export class StateError extends VmError {
  /** Which: `8254.counter0.mode`. */
  readonly field: string;

  /** @param problem  what was given and what is allowed, to be read after the field's name */
  constructor(field: string, problem: string) {
    super("EINVAL", `saved state: ${field} ${problem}`);
    this.field = field;
  }
}

/** What may stand in a field. */
export interface Field<T> {
  /** For messages: `from 0 to 255`. */
  readonly allowed: string;
  /**
   * A copy of a value, if it may stand there.
   * @param at  the field's name
   * @throws StateError
   */
  read(value: unknown, at: string): T;
}

/** A field for each name of a state. */
export type Shape<T> = { readonly [K in keyof T]: Field<T[K] extends boolean ? boolean : T[K]> };

// ---- fields

/** Numbers, strings and the like that pass a test. @param allowed  for messages, to be read after "it must be" */
export function scalar<T extends number | bigint | string | boolean | null>(allowed: string, isValid: (value: unknown) => value is T): Field<T> {
  return {
    allowed,
    read: (value, at) => {
      if (isValid(value)) return value;
      throw new StateError(at, `is ${textOf(value)}; it must be ${allowed}`);
    },
  };
}

/** A whole number in a range, both ends included. */
export function between(min: number, max: number): Field<number> {
  return scalar(`from ${min} to ${max}`, (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max);
}

/** A whole number from 0 to `max`. */
export function upTo(max: number): Field<number> {
  return between(0, max);
}

/** Unsigned 32 bits, of which only those of a mask may be 1. */
export function masked(mask: number): Field<number> {
  return scalar(`bits of 0x${(mask >>> 0).toString(16)}`, (value): value is number => typeof value === "number" && value >>> 0 === value && (value & ~mask) === 0);
}

export const BYTE: Field<number> = upTo(0xff), WORD: Field<number> = upTo(0xffff), DWORD: Field<number> = upTo(0xffffffff);

/** 64 bits, unsigned. */
export const QWORD: Field<bigint> = scalar("from 0n to 2^64 - 1", (value): value is bigint => typeof value === "bigint" && BigInt.asUintN(64, value) === value);

/** A time or a difference of times, in whole ns or seconds. */
export const TIME: Field<number> = scalar("a whole number", (value): value is number => Number.isSafeInteger(value));

export const FLAG: Field<boolean> = scalar("true or false", (value): value is boolean => typeof value === "boolean");

/** One of a few values. */
export function oneOf<T extends number | string>(...values: readonly T[]): Field<T> {
  return scalar(`one of ${values.join(" ")}`, (value): value is T => values.some((allowed) => allowed === value));
}

/** A string of so many UTF-16 units at most. */
export function text(most: number): Field<string> {
  return scalar(`text of up to ${most} characters`, (value): value is string => typeof value === "string" && value.length <= most);
}

/** Nothing, or a field. */
export function nullable<T>(of: Field<T>): Field<T | null> {
  return { allowed: `null, or ${of.allowed}`, read: (value, at) => (value === null ? null : of.read(value, at)) };
}

/** So many bytes. */
export function bytes(count: number): Field<Uint8Array> {
  return bytesBetween(`${count} bytes`, count, count);
}

/** At most so many bytes. */
export function bytesUpTo(most: number): Field<Uint8Array> {
  return bytesBetween(`up to ${most} bytes`, 0, most);
}

function bytesBetween(allowed: string, least: number, most: number): Field<Uint8Array> {
  return {
    allowed,
    read: (value, at) => {
      if (value instanceof Uint8Array && value.length >= least && value.length <= most) return value.slice();
      throw new StateError(at, `is ${textOf(value)}; it must be ${allowed}`);
    },
  };
}

/** So many values, each as a field. */
export function array<T>(count: number, of: Field<T>): Field<readonly T[]> {
  return listOf(`${count} values, each ${of.allowed}`, of, count, count);
}

/** At most so many values, each as a field. */
export function list<T>(most: number, of: Field<T>): Field<readonly T[]> {
  return listOf(`up to ${most} values, each ${of.allowed}`, of, 0, most);
}

function listOf<T>(allowed: string, of: Field<T>, least: number, most: number): Field<readonly T[]> {
  return {
    allowed,
    read: (value, at) => {
      if (Array.isArray(value) && value.length >= least && value.length <= most) return Array.from(value, (each: unknown, i) => of.read(each, `${at}[${i}]`));
      throw new StateError(at, `is ${textOf(value)}; it must be ${allowed}`);
    },
  };
}

/** Values by name, each with a field of its own. */
export function record<T extends object>(shape: Shape<T>): Field<T> {
  return {
    allowed: `a record of ${Object.keys(shape).join(" ")}`,
    read: (value, at) => {
      if (!isState(value)) throw new StateError(at, `is ${textOf(value)}; it must be a record of ${Object.keys(shape).join(" ")}`);
      return readShape(at, shape, value);
    },
  };
}

// ---- states

/** A copy of a device's fields. Each is a `SavedValue`, or a record of such. */
export function saveFields(fields: object): SavedState {
  return Object.fromEntries(Object.entries(fields).map(([name, value]: [string, unknown]) => [name, copyOf(value)]));
}

/**
 * Checks a state and copies it into a device's fields.
 * @param device  its name, for the message
 * @throws StateError for a field that is missing, unknown or out of range; nothing has changed then
 */
export function restoreFields<T extends object>(device: string, fields: T, shape: Shape<T>, state: SavedState): void {
  Object.assign(fields, readShape(device, shape, state));
}

/** The states of a device's parts, by name. */
export function saveParts(parts: Readonly<Record<string, Saveable>>): SavedState {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.save()]));
}

/**
 * Restores a device's parts, in their order.
 * @throws StateError as `restoreFields`; all parts are as before then
 */
export function restoreParts(device: string, parts: Readonly<Record<string, Saveable>>, state: SavedState): void {
  const names = Object.keys(parts);
  refuseUnknown(device, names, state);
  const states = names.map((name) => {
    const value = ownOf(state, name);
    if (!isState(value)) throw new StateError(`${device}.${name}`, `is ${textOf(value)}; it must be a record`);
    return { part: parts[name], value, before: parts[name].save() };
  });
  try {
    for (const { part, value } of states) part.restore(value);
  } catch (e) {
    for (const { part, before } of states) part.restore(before);
    throw e;
  }
}

function readShape<T extends object>(at: string, shape: Shape<T>, state: SavedState): T {
  const fields = Object.entries<Field<unknown>>(shape);
  refuseUnknown(at, fields.map(([name]) => name), state);
  const values = fields.map(([name, field]) => [name, field.read(ownOf(state, name), `${at}.${name}`)]);
  return Object.fromEntries(values) as T;
}

function refuseUnknown(at: string, allowed: readonly string[], state: SavedState): void {
  const stray = Object.keys(state).find((name) => !allowed.includes(name));
  if (stray !== undefined) throw new StateError(`${at}.${stray}`, `is no field; fields are ${allowed.join(" ")}`);
}

/** What a record holds itself; what it inherits is not of the state. */
function ownOf(state: SavedState, name: string): unknown {
  return Object.hasOwn(state, name) ? state[name] : undefined;
}

export function isState(value: unknown): value is SavedState {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function copyOf(value: unknown): SavedValue {
  switch (typeof value) {
    case "number":
    case "bigint":
    case "string":
    case "boolean": return value;
    case "object":
      if (value === null) return null;
      if (value instanceof Uint8Array) return value.slice();
      return Array.isArray(value) ? value.map(copyOf) : saveFields(value);
    default: throw new InternalError(`a ${typeof value} cannot be saved`);
  }
}

const MAX_TEXT = 40;

/** A value for a message: short, whatever it is. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case "number":
    case "boolean": return `${value}`;
    case "bigint": return `${value}n`;
    case "string": return JSON.stringify(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
    case "undefined": return "missing";
    default:
      if (value === null) return "null";
      if (Array.isArray(value)) return `a list of ${value.length}`;
      return value instanceof Uint8Array ? `${value.length} bytes` : "a record";
  }
}
