/**
 * Saved states of devices: plain objects, by name, that survive JSON. A device keeps what is to be saved in one object and
 * says by a shape what may stand in each of its fields, so that a state from a file cannot bring it into one that the chip
 * does not have.
 */
import { VmError } from "../../tcg/support/errors.ts";

/** What a field can hold. */
export type StateValue = number | boolean | readonly number[];

/** The state of one device. */
export type DeviceState = Readonly<Record<string, StateValue>>;

/** What may stand in a field. */
export interface Field<T extends StateValue> {
  /** For messages: `from 0 to 255`. */
  readonly allowed: string;
  readonly isValid: (value: unknown) => value is T;
}

/** A field for each name of a state. */
export type Shape<T extends Readonly<Record<keyof T, StateValue>>> = { readonly [K in keyof T]: Field<T[K] extends boolean ? boolean : T[K]> };

const isWhole = (value: unknown, max: number): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;

/** A whole number from 0 to `max`. */
export function upTo(max: number): Field<number> {
  return { allowed: `from 0 to ${max}`, isValid: (value): value is number => isWhole(value, max) };
}

export const BYTE: Field<number> = upTo(0xff), WORD: Field<number> = upTo(0xffff), DWORD: Field<number> = upTo(0xffffffff);

/** A time or a difference of times, in whole ns or seconds. */
export const TIME: Field<number> = {
  allowed: "a whole number", isValid: (value): value is number => Number.isSafeInteger(value),
};

export const FLAG: Field<boolean> = { allowed: "true or false", isValid: (value): value is boolean => typeof value === "boolean" };

/** So many numbers, each as a field. */
export function array(count: number, of: Field<number>): Field<readonly number[]> {
  return listOf(of, count, count);
}

/** At most so many numbers, each as a field. */
export function list(most: number, of: Field<number>): Field<readonly number[]> {
  return listOf(of, 0, most);
}

function listOf(of: Field<number>, least: number, most: number): Field<readonly number[]> {
  return {
    allowed: `${least === most ? most : `up to ${most}`} values, each ${of.allowed}`,
    isValid: (value): value is readonly number[] => Array.isArray(value) && value.length >= least && value.length <= most && value.every((v) => of.isValid(v)),
  };
}

/** A copy of a device's fields. */
export function saveFields<T extends Readonly<Record<keyof T, StateValue>>>(fields: T): DeviceState {
  return Object.fromEntries(Object.entries<StateValue>(fields).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]));
}

/**
 * Checks a state and copies it into a device's fields.
 * @param device  its name, for the message
 * @throws VmError EINVAL for a field that is missing, unknown or out of range; nothing has changed then
 */
export function restoreFields<T extends Readonly<Record<keyof T, StateValue>>>(device: string, fields: T, shape: Shape<T>, state: DeviceState): void {
  const allowed = new Map<string, Field<StateValue>>(Object.entries(shape));
  for (const name of Object.keys(state)) {
    if (!allowed.has(name)) throw new VmError("EINVAL", `state of ${device}: there is no field ${name}; fields are ${[...allowed.keys()].join(" ")}`);
  }
  for (const [name, field] of allowed) {
    const value = Object.hasOwn(state, name) ? state[name] : undefined;
    if (!field.isValid(value)) throw new VmError("EINVAL", `state of ${device}: ${name} is ${JSON.stringify(value)}; it must be ${field.allowed}`);
  }
  for (const name of allowed.keys()) {
    const value = state[name];
    Object.assign(fields, { [name]: typeof value === "object" ? [...value] : value });
  }
}
