// The two families of failure that are JavaScript errors: a caller's mistake (VmError) and ours (InternalError).
// Thrown everywhere; InternalError is caught only by the CLI, which prints how to reproduce it. What a guest does wrong
// is a GuestFault (src/x86/fault.ts) and never an Error.

/** What was known where an {@link InternalError} was raised: a block's pc, its IR text, the names of the passes run. */
export type ErrorContext = Readonly<Record<string, unknown>>;

/**
 * A broken promise of our own code; no guest program and no use of the API may ever cause one.
 * The message says which promise; `context` holds what a reader needs to reproduce it (default: nothing).
 */
export class InternalError extends Error {
  override readonly name = "InternalError";
  readonly context: ErrorContext;

  constructor(message: string, context: ErrorContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.context = context;
  }
}

/** Errno names that the public API reports, with the meaning /dev/kvm gives them (Linux, Documentation/virt/kvm/api.rst). */
export type VmErrorCode =
  | "EINVAL" | "EEXIST" | "ENOENT" | "EFAULT" | "ENOMEM" | "ENXIO" | "EBUSY" | "EBADF" | "ENOSYS" | "E2BIG" | "ENOTSUP"
  | "EINTR";

/**
 * Wrong use of the API, the command line or a configuration.
 * The message says what was given and what is allowed; `code` is for programs, the message for people.
 */
export class VmError extends Error {
  override readonly name = "VmError";
  readonly code: VmErrorCode;

  constructor(code: VmErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
