/**
 * Words of the textual IR that printer and parser share and that no table of `tcg/ir` holds: names of a test function's
 * parameters and of the two direct successors, and the form of numbers.
 */

const PARAM_NAMES = ["x", "y", "z", "w"];

/** The printed name of parameter `index` of a test function. The parser takes any name. */
export function paramName(index: number): string {
  return PARAM_NAMES[index] ?? `p${index}`;
}

/** `goto_tb`'s targets, by number. */
export const TARGETS = ["next", "taken"] as const;

/** A 32-bit value as unsigned hexadecimal. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** A constant operand: decimal below 10 in magnitude, else hexadecimal as unsigned. */
export function constantText(value: number): string {
  return value > -10 && value < 10 ? `${value}` : hex(value);
}
