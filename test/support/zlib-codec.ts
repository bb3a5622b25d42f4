// zlib for saved machines, at once: what src/host has, for tests.

import { deflateSync, inflateSync } from "node:zlib";
import type { SnapshotCodec } from "../../src/machine/snapshot/snapshot-file.ts";

export const ZLIB: SnapshotCodec = {
  deflate: (bytes) => Promise.resolve(deflateSync(bytes, { level: 1 })),
  inflate: async (bytes, maxBytes) => inflateSync(bytes, { maxOutputLength: Math.max(1, maxBytes) }),
};
