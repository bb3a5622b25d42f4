/**
 * The file of a saved machine: sections by name, each compressed by itself. Numbers are little endian.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 8 | `tcgjs-vm` |
 * | 8 | 4 | version of the format |
 * | 12 | 4 | sections |
 * | 16 | | the sections: name (u32 bytes, UTF-8), u32 bytes unpacked, u32 bytes packed, a zlib stream |
 * | end - 4 | 4 | CRC-32 of everything before |
 */
import { joined } from "../../../tcg/support/bytes.ts";
import { VmError } from "../../../tcg/support/errors.ts";
import { crc32 } from "./crc32.ts";

/** Compression (RFC 1950). */
export interface SnapshotCodec {
  deflate(bytes: Uint8Array): Promise<Uint8Array>;
  /** @throws Error if they are no such stream, or more than `maxBytes` come out of it */
  inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>;
}

/** Changes whenever a saved machine would be read otherwise. */
const SNAPSHOT_VERSION = 3;

const MAGIC = "tcgjs-vm";
const VERSION_AT = 8, COUNT_AT = 12, HEADER_BYTES = 16, CHECKSUM_BYTES = 4, LENGTH_BYTES = 4;
const MAX_SECTIONS = 4096, MAX_NAME_BYTES = 256;
/** Most bytes of a section. */
export const MAX_SECTION_BYTES = 2 ** 28;

/**
 * @param sections  by name; asked for one after the other, so that not all need be there at once
 * @throws VmError E2BIG for one of more than `MAX_SECTION_BYTES`
 */
export async function packSnapshot(sections: Iterable<readonly [name: string, bytes: Uint8Array]>, codec: SnapshotCodec): Promise<Uint8Array> {
  const header = new Uint8Array(HEADER_BYTES), view = new DataView(header.buffer), parts: Uint8Array[] = [header];
  let count = 0;
  for (const [name, bytes] of sections) {
    if (bytes.length > MAX_SECTION_BYTES) throw new VmError("E2BIG", `the machine cannot be saved: its ${name} has ${bytes.length} bytes, more than ${MAX_SECTION_BYTES}`);
    const packed = await codec.deflate(bytes), text = new TextEncoder().encode(name);
    parts.push(u32(text.length), text, u32(bytes.length), u32(packed.length), packed);
    count++;
  }
  header.set(new TextEncoder().encode(MAGIC));
  view.setUint32(VERSION_AT, SNAPSHOT_VERSION, true);
  view.setUint32(COUNT_AT, count, true);
  const body = joined(parts), file = new Uint8Array(body.length + CHECKSUM_BYTES);
  file.set(body);
  new DataView(file.buffer).setUint32(body.length, crc32(body), true);
  return file;
}

/** True for a file that begins as one. */
export function isSnapshot(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** A file that was read: its sections, each unpacked when it is asked for. */
export class SnapshotFile {
  private readonly sections: ReadonlyMap<string, Section>;
  private readonly codec: SnapshotCodec;

  /** @throws VmError EINVAL if it is not such a file, is damaged, or of another version */
  constructor(bytes: Uint8Array, codec: SnapshotCodec) {
    this.codec = codec;
    this.sections = parse(bytes);
  }

  /** In the order of the file. */
  get names(): readonly string[] {
    return [...this.sections.keys()];
  }

  /** @throws VmError EINVAL if there is no such section, or it cannot be unpacked */
  async read(name: string): Promise<Uint8Array> {
    const section = this.sections.get(name);
    if (section === undefined) throw new VmError("EINVAL", `saved machine: there is no section ${name}`);
    let bytes: Uint8Array | null = null;
    try {
      bytes = await this.codec.inflate(section.packed, section.unpackedBytes);
    } catch {
      // Told below.
    }
    if (bytes?.length !== section.unpackedBytes) throw new VmError("EINVAL", `saved machine: section ${name} cannot be unpacked; the file is damaged`);
    return bytes;
  }
}

interface Section {
  readonly unpackedBytes: number;
  readonly packed: Uint8Array;
}

function parse(file: Uint8Array): ReadonlyMap<string, Section> {
  const view = new DataView(file.buffer, file.byteOffset, file.length), end = file.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES || !isSnapshot(file)) throw new VmError("EINVAL", "this is no saved machine: --save of tcgjs boot makes one");
  const version = view.getUint32(VERSION_AT, true);
  if (version !== SNAPSHOT_VERSION) throw new VmError("EINVAL", `saved machine: its format is version ${version}; this tcgjs reads version ${SNAPSHOT_VERSION}`);
  if (crc32(file.subarray(0, end)) !== view.getUint32(end, true)) throw new VmError("EINVAL", "saved machine: the file is damaged or cut off (its checksum is another)");
  const sections = new Map<string, Section>(), count = view.getUint32(COUNT_AT, true);
  let at = HEADER_BYTES;
  const take = (bytes: number, most: number): number => {
    const from = at;
    if (bytes > most || bytes > end - from) throw new VmError("EINVAL", `saved machine: section ${sections.size} has wrong lengths`);
    at += bytes;
    return from;
  };
  const length = (): number => view.getUint32(take(LENGTH_BYTES, LENGTH_BYTES), true);
  if (count > MAX_SECTIONS) throw new VmError("EINVAL", `saved machine: it has ${count} sections; ${MAX_SECTIONS} can be`);
  for (let i = 0; i < count; i++) {
    const nameBytes = length(), nameAt = take(nameBytes, MAX_NAME_BYTES), name = new TextDecoder().decode(file.subarray(nameAt, nameAt + nameBytes));
    const unpackedBytes = length(), packedBytes = length(), packedAt = take(packedBytes, end);
    if (unpackedBytes > MAX_SECTION_BYTES) throw new VmError("EINVAL", `saved machine: section ${name} has ${unpackedBytes} bytes; ${MAX_SECTION_BYTES} can be`);
    if (sections.has(name)) throw new VmError("EINVAL", `saved machine: there are two sections ${name}`);
    sections.set(name, { unpackedBytes, packed: file.subarray(packedAt, packedAt + packedBytes) });
  }
  if (at !== end) throw new VmError("EINVAL", "saved machine: there is something behind its last section");
  return sections;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
