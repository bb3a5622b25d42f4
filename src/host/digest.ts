/** Hashes, by the host's library. */
import { createHash } from "node:crypto";

/** SHA-256 of everything it is given, one after the other. */
export function sha256(): { update(bytes: Uint8Array): void; hex(): string } {
  const hash = createHash("sha256");
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    hex: () => hash.digest("hex"),
  };
}
