/** Node's zlib for saved machines: fast rather than small, for most of one is memory. */
import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";

const [deflateAsync, inflateAsync] = [promisify(deflate), promisify(inflate)];
const LEVEL = 1;

export const ZLIB = {
  deflate: (bytes: Uint8Array): Promise<Uint8Array> => deflateAsync(bytes, { level: LEVEL }),
  /** Rejects if they are no such stream, or more than `maxBytes` come out of it. */
  inflate: (bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> => inflateAsync(bytes, { maxOutputLength: Math.max(1, maxBytes) }),
};
