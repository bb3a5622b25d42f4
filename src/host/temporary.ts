/** Files that nobody is to find afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileFailure } from "./files.ts";

/**
 * Lets `use` create a file and open it; its name is gone when this resolves, and its bytes when it is closed.
 * @throws VmError if there is no room for temporary files
 */
export async function withTemporaryFile<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "tcgjs-")).catch((e: unknown) => {
    throw fileFailure(tmpdir(), "has no room for a temporary file", e);
  });
  try {
    return await use(join(folder, "file"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
