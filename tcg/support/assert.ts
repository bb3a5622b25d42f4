// Assertions that name the numbered invariant they guard (ARCHITECTURE.md, "Invariants"), so that a failure in the
// field can be looked up. For our own promises only: a caller's mistake is a VmError, a guest's a GuestFault.

import { InternalError } from "./errors.ts";

/** The number of an invariant: `I…` speaks about IR, `E…` about execution. */
export type Invariant = `I${number}` | `E${number}`;

/**
 * Throws an {@link InternalError} that names `invariant` unless `cond` is truthy.
 * @param detail  what was found; as a function where building the text costs something
 * The error's context holds `invariant`.
 */
export function assert(cond: unknown, invariant: Invariant, detail: string | (() => string)): asserts cond {
  if (cond) return;
  const text = typeof detail === "string" ? detail : detail();
  throw new InternalError(`invariant ${invariant} broken: ${text}`, { invariant });
}
