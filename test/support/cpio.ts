// Archives as Linux wants an initramfs: cpio, "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

export type CpioEntry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array; readonly isExecutable?: boolean }
  | { readonly kind: "folder"; readonly path: string };

const MODE_FILE = 0o100644, MODE_EXECUTABLE = 0o100755, MODE_FOLDER = 0o040755;
const ALIGNMENT = 4;

export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const put = (bytes: Uint8Array): void => {
    parts.push(bytes, new Uint8Array(-bytes.length & (ALIGNMENT - 1)));
  };
  [...entries, null].forEach((entry, i) => {
    const bytes = entry?.kind === "file" ? entry.bytes : new Uint8Array(0);
    const mode = entry === null ? 0 : entry.kind === "folder" ? MODE_FOLDER : entry.isExecutable === true ? MODE_EXECUTABLE : MODE_FILE;
    const name = entry === null ? "TRAILER!!!" : entry.path;
    // Magic; inode, mode, owner, group, links, time, size, four device numbers, length of the name, no checksum.
    const fields = [i + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
    put(new TextEncoder().encode(`070701${fields.map((n) => n.toString(16).padStart(8, "0")).join("")}${name}\0`));
    put(bytes);
  });
  return Uint8Array.from(Buffer.concat(parts));
}
