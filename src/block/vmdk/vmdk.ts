/** VMware's VMDK (VMware, "Virtual Disk Format 1.1"): one or several files, flat or sparse, and a descriptor. */
import { viewOf } from "../bytes.ts";
import { ImageError, wellFormed } from "../errors.ts";
import type { ImageFormat, OpenContext } from "../format.ts";
import { RawImage } from "../raw.ts";
import type { Storage } from "../storage.ts";
import type { Image } from "../device.ts";
import { createVmdk, VMDK_OPTIONS } from "./create.ts";
import type { ExtentLine } from "./descriptor.ts";
import { DESCRIPTOR_MAGIC, parseDescriptor, SECTOR_BYTES } from "./descriptor.ts";
import { SparseExtent } from "./sparse-extent.ts";
import { FLAG_COMPRESSED, readSparseHeader, SPARSE_MAGIC } from "./sparse-header.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { Part } from "./vmdk-image.ts";
import { VmdkImage } from "./vmdk-image.ts";

const MAX_DESCRIPTOR_BYTES = 2 ** 20;

export const VMDK: ImageFormat = {
  name: "vmdk",
  extensions: ["vmdk"],
  about: "VMware's: flat, sparse, or compressed to be sent (stream-optimised)",
  createOptions: VMDK_OPTIONS,
  probe: (start) => start.length >= 4 && viewOf(start).getUint32(0, true) === SPARSE_MAGIC || isDescriptor(start),
  open: openVmdk,
  create: createVmdk,
};

function isDescriptor(start: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(start.subarray(0, 512)).trimStart().startsWith(DESCRIPTOR_MAGIC);
}

async function openVmdk(storage: Storage, context: OpenContext): Promise<Image> {
  const start = new Uint8Array(Math.min(storage.sizeBytes, 512));
  await storage.read(0, start);
  if (isDescriptor(start)) return openExtents(storage, context);
  const { extent, packed } = await openSparse(storage, context), { header: { descriptorAt, descriptorLength, capacity } } = extent;
  let createType = "monolithicSparse";
  if (descriptorAt !== 0) {
    createType = parseDescriptor(storage.path, await textAt(storage, descriptorAt * SECTOR_BYTES, descriptorLength * SECTOR_BYTES)).createType;
  }
  return new VmdkImage(storage.path, createType, [{ start: 0, sizeBytes: capacity * SECTOR_BYTES, image: extent }], null, packed);
}

async function textAt(storage: Storage, offset: number, length: number): Promise<string> {
  wellFormed(length <= MAX_DESCRIPTOR_BYTES, storage.path, `a descriptor of ${length} bytes`);
  const bytes = new Uint8Array(length);
  await storage.read(offset, bytes);
  return new TextDecoder().decode(bytes);
}

/** A sparse file; to be written as a stream if it was made for that just now. */
async function openSparse(storage: Storage, { purpose, host }: OpenContext): Promise<{ readonly extent: SparseExtent; readonly packed: StreamWriter | null }> {
  const header = await readSparseHeader(storage), extent = new SparseExtent(storage, header, host.codec), isCompressed = (header.flags & FLAG_COMPRESSED) !== 0;
  if (isCompressed && !storage.isReadOnly) {
    if (purpose === "pack") return { extent, packed: new StreamWriter(storage, { ...header, directoryAt: 0 }, host.codec) };
    if (purpose === "use") throw new ImageError("unsupported", `${storage.path} is compressed, which makes it read-only; tcgjs img convert makes one that can be written`);
  }
  if (purpose !== "check" && purpose !== "salvage") await extent.checkTables();
  return { extent, packed: null };
}

/** The files that a descriptor names. */
async function openExtents(storage: Storage, context: OpenContext): Promise<Image> {
  const { path, isReadOnly } = storage, { createType, extents } = parseDescriptor(path, await textAt(storage, 0, storage.sizeBytes)), parts: Part[] = [];
  wellFormed(extents.length > 0, path, "its descriptor has no extent");
  await checkApart(path, extents, context);
  let start = 0;
  try {
    for (const line of extents) {
      const sizeBytes = line.sectors * SECTOR_BYTES;
      wellFormed(Number.isSafeInteger(start + sizeBytes), path, `a disk of ${start + sizeBytes} bytes`);
      parts.push({ start, sizeBytes, image: line.kind === "ZERO" ? null : await openExtent(path, line, isReadOnly || line.isReadOnly, context) });
      start += sizeBytes;
    }
  } catch (e) {
    for (const { image } of parts) await image?.close();
    throw e;
  }
  return new VmdkImage(path, createType, parts, storage, null);
}

/** Extents must not share bytes: what is written to one would change another. */
async function checkApart(path: string, extents: readonly ExtentLine[], { host }: OpenContext): Promise<void> {
  const pieces = [{ file: await host.identity(path), from: 0, to: Infinity }];
  for (const { kind, file, startSector, sectors } of extents) {
    if (kind === "ZERO") continue;
    const isFlat = kind === "FLAT";
    pieces.push({ file: await host.identity(host.relative(path, file)), from: isFlat ? startSector : 0, to: isFlat ? startSector + sectors : Infinity });
  }
  pieces.sort((a, b) => (a.file === b.file ? a.from - b.from : a.file < b.file ? -1 : 1));
  for (const [i, { file, from }] of pieces.entries()) {
    const before = pieces[i - 1];
    wellFormed(i === 0 || before.file !== file || from >= before.to, path, () => `its extents share bytes of ${file}`);
  }
}

async function openExtent(path: string, { kind, file, sectors, startSector }: ExtentLine, isReadOnly: boolean, context: OpenContext): Promise<Image> {
  const storage = await context.host.open(context.host.relative(path, file), isReadOnly);
  try {
    if (kind === "FLAT") return new RawImage(storage, { start: startSector * SECTOR_BYTES, sizeBytes: sectors * SECTOR_BYTES });
    const { extent } = await openSparse(storage, context);
    wellFormed(extent.sizeBytes === sectors * SECTOR_BYTES, path, `its extent ${file} has ${extent.sizeBytes} bytes, not ${sectors * SECTOR_BYTES}`);
    return extent;
  } catch (e) {
    await storage.close();
    throw e;
  }
}

