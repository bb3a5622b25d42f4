// The public face of the guest-independent code generator: what `import … from "tcgjs/tcg"` gives.

export { assert, type Invariant } from "./support/assert.ts";
export { InternalError, VmError, type ErrorContext, type VmErrorCode } from "./support/errors.ts";
