/** KVM_SET_FPU: what an image must be to be loaded. */
import { VmError } from "../../tcg/support/errors.ts";
import { FX_BYTES, isValidMxcsr, mxcsrOfImage } from "../x86/helpers/fpu/fx-image.ts";
import { describe, hex } from "./check.ts";

/** @throws VmError EINVAL if it is not of 512 bytes, or has reserved bits of MXCSR set */
export function checkFpuImage(image: unknown): void {
  if (!(image instanceof Uint8Array) || image.length !== FX_BYTES) {
    throw new VmError("EINVAL", `setFpu: the image is ${image instanceof Uint8Array ? `${image.length} bytes` : describe(image)}; it must be a Uint8Array of ${FX_BYTES}`);
  }
  const mxcsr = mxcsrOfImage(image);
  if (!isValidMxcsr(mxcsr)) throw new VmError("EINVAL", `setFpu: mxcsr is ${hex(mxcsr >>> 0)}; only the bits 0xffff exist`);
}
