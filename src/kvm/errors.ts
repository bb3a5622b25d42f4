/** The error class of the VM API, for its callers. */
export type { VmErrorCode } from "../../tcg/support/errors.ts";
export { VmError } from "../../tcg/support/errors.ts";
