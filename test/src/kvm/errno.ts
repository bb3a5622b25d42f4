// Expectations about the errors of the VM API.

import { expect } from "chai";
import type { VmErrorCode } from "../../../src/index.ts";
import { VmError } from "../../../src/index.ts";

/** Expects a VmError with this code, whose message matches. */
export function expectErrno(code: VmErrorCode, message: RegExp, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(VmError);
    expect((error as VmError).message).to.match(message);
    expect((error as VmError).code).to.equal(code);
    return;
  }
  expect.fail(`expected ${code}, but nothing was thrown`);
}
