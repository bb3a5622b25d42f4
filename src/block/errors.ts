/** What is wrong with a disk image, in one line that names the file. */
import { VmError } from "../../tcg/support/errors.ts";

/**
 * - `malformed`: the file breaks its format's rules; nothing was written
 * - `unsupported`: valid, but it uses or asks for something that is not there
 * - `failed`: it could not be carried out: full, read-only, outside the disk
 */
export type ImageProblem = "malformed" | "unsupported" | "failed";

/** An image cannot be used as asked. Thrown before anything is written where the image itself is at fault. */
export class ImageError extends VmError {
  readonly problem: ImageProblem;

  constructor(problem: ImageProblem, message: string, options?: ErrorOptions) {
    super(problem === "unsupported" ? "ENOTSUP" : "EINVAL", message, options);
    this.problem = problem;
  }
}

/** Throws that the image at `path` is malformed unless `cond` holds. */
export function wellFormed(cond: boolean, path: string, detail: string | (() => string)): asserts cond {
  if (!cond) throw new ImageError("malformed", `${path}: ${typeof detail === "string" ? detail : detail()}`);
}
