/** New VMDK images: a flat file with a descriptor, a sparse file, or one to be filled as a stream. */
import { roundUp, viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { CreateOption, CreateRequest } from "../format.ts";
import { descriptorText, SECTOR_BYTES } from "./descriptor.ts";
import {
  directoryEntries, FLAG_COMPRESSED, FLAG_MARKERS, FLAG_NEWLINES, FLAG_REDUNDANT, GT_SECTORS, headerSector,
} from "./sparse-header.ts";
import type { SparseHeader } from "./sparse-header.ts";
import { StreamWriter } from "./stream-writer.ts";

export const VMDK_OPTIONS = {
  subformat: { help: "how the disk is kept", initial: "monolithicSparse", allowed: ["monolithicSparse", "monolithicFlat", "streamOptimized"] },
} satisfies Record<string, CreateOption>;

const GRAIN_SECTORS = 128, DESCRIPTOR_AT = 1, DESCRIPTOR_SECTORS = 20;
/** A sparse file's sectors are counted in 32 bits. */
const MAX_SECTORS = 2 ** 32 - 2 ** 22;

export async function createVmdk(path: string, request: CreateRequest): Promise<void> {
  const sectors = Math.ceil(request.sizeBytes / SECTOR_BYTES), { subformat } = request.options;
  if (subformat !== "monolithicFlat" && sectors > MAX_SECTORS) throw new ImageError("unsupported", `${path}: a disk of ${request.sizeBytes} bytes; a sparse VMDK image can have ${MAX_SECTORS * SECTOR_BYTES}`);
  if (subformat === "monolithicFlat") await createFlat(path, sectors, request);
  else await createSparse(path, sectors, request, subformat);
}

async function createFlat(path: string, sectors: number, { host }: CreateRequest): Promise<void> {
  const flatName = `${host.baseName(path).replace(/\.vmdk$/, "")}-flat.vmdk`, flat = await host.create(host.relative(path, flatName));
  try {
    await flat.truncate(sectors * SECTOR_BYTES);
  } finally {
    await flat.close();
  }
  const storage = await host.create(path);
  try {
    const cid = viewOf(host.randomBytes(4)).getUint32(0);
    await storage.write(0, new TextEncoder().encode(descriptorText("monolithicFlat", cid, sectors, `RW ${sectors} FLAT "${flatName}" 0`)));
    await storage.flush();
  } finally {
    await storage.close();
  }
}

async function createSparse(path: string, capacity: number, { host }: CreateRequest, createType: string): Promise<void> {
  const isStream = createType === "streamOptimized", cid = viewOf(host.randomBytes(4)).getUint32(0);
  const tables = directoryEntries({ capacity, grain: GRAIN_SECTORS }), directorySectors = Math.ceil(tables * 4 / SECTOR_BYTES);
  // The descriptor, then each directory with its tables, then grains.
  const redundantAt = DESCRIPTOR_AT + DESCRIPTOR_SECTORS, directoryAt = redundantAt + directorySectors + tables * GT_SECTORS;
  const header: SparseHeader = {
    version: isStream ? 3 : 1, flags: FLAG_NEWLINES | (isStream ? FLAG_COMPRESSED | FLAG_MARKERS : FLAG_REDUNDANT), capacity, grain: GRAIN_SECTORS,
    descriptorAt: DESCRIPTOR_AT, descriptorLength: DESCRIPTOR_SECTORS, redundantAt: isStream ? 0 : redundantAt, directoryAt: isStream ? 0 : directoryAt,
    overhead: roundUp(isStream ? redundantAt : directoryAt + directorySectors + tables * GT_SECTORS, GRAIN_SECTORS),
  };
  const descriptor = new TextEncoder().encode(descriptorText(createType, cid, capacity, `RW ${capacity} SPARSE "${host.baseName(path)}"`));
  if (descriptor.length > DESCRIPTOR_SECTORS * SECTOR_BYTES) throw new ImageError("failed", `${path}: its name is too long for a VMDK image`);
  const storage = await host.create(path);
  try {
    await storage.truncate(header.overhead * SECTOR_BYTES);
    await storage.write(DESCRIPTOR_AT * SECTOR_BYTES, descriptor);
    if (!isStream) for (const at of [redundantAt, directoryAt]) await storage.write(at * SECTOR_BYTES, directory(at + directorySectors, tables));
    await storage.write(0, headerSector(header));
    if (isStream) await new StreamWriter(storage, header, host.codec).finish();
    await storage.flush();
  } finally {
    await storage.close();
  }
}

/** A directory of tables that lie one after the other. */
function directory(firstTable: number, tables: number): Uint8Array {
  const bytes = new Uint8Array(tables * 4), view = viewOf(bytes);
  for (let i = 0; i < tables; i++) view.setUint32(i * 4, firstTable + i * GT_SECTORS, true);
  return bytes;
}
