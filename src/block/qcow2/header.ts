/** The header of a qcow2 image (QEMU, docs/interop/qcow2.rst, "Header" and "Header extensions"). */
import { readU64, roundUp, viewOf, writeU64 } from "../bytes.ts";
import { ImageError, wellFormed } from "../errors.ts";

export const QCOW2_MAGIC = 0x514649fb;

/** Incompatible features. */
export const DIRTY = 1, CORRUPT = 2, EXTERNAL_DATA = 4, COMPRESSION_TYPE = 8, EXTENDED_L2 = 16;
/** Compatible features. */
export const LAZY_REFCOUNTS = 1;

/** Types of header extensions. */
const END = 0, BACKING_FORMAT = 0xe2792aca, FEATURE_NAMES = 0x6803f857;

/** Offsets of fields that change. */
const SIZE = 24, CRYPT_METHOD = 32, L1 = 36, REFCOUNT_TABLE = 48, SNAPSHOTS = 60, INCOMPATIBLE = 72, AUTOCLEAR = 88;
const V2_BYTES = 72, V3_BYTES = 104;

const MIN_CLUSTER_BITS = 9, MAX_CLUSTER_BITS = 21, MAX_REFCOUNT_ORDER = 6;
const MAX_L1_BYTES = 32 * 2 ** 20, MAX_REFCOUNT_TABLE_BYTES = 8 * 2 ** 20, MAX_SNAPSHOTS = 65536, MAX_BACKING_NAME = 1023;

/** What the header says; what an open image may change is not readonly. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** A refcount has 2^this bits. */
  readonly refcountOrder: number;
  readonly compatible: number;
  readonly backingName: string | null;
  readonly backingFormat: string | null;
  sizeBytes: number;
  l1Entries: number;
  l1Offset: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  snapshotCount: number;
  snapshotsOffset: number;
  incompatible: number;
  /** Whether any bit is set. */
  hasAutoclear: boolean;
}

/**
 * Reads a header.
 * @param start      the first cluster of the file or more, at least `V3_BYTES`
 * @param fileBytes  length of the file
 * @throws ImageError if it is malformed or needs what we do not have
 */
export function parseHeader(path: string, start: Uint8Array, fileBytes: number): Qcow2Header {
  const view = viewOf(start), version = view.getUint32(4);
  wellFormed(view.getUint32(0) === QCOW2_MAGIC && fileBytes >= V2_BYTES, path, "not a qcow2 image");
  if (version !== 2 && version !== 3) throw new ImageError("unsupported", `${path}: version ${version} of qcow2; 2 and 3 are known`);
  const clusterBits = view.getUint32(20), isV3 = version === 3, headerBytes = isV3 ? view.getUint32(100) : V2_BYTES;
  wellFormed(clusterBits >= MIN_CLUSTER_BITS && clusterBits <= MAX_CLUSTER_BITS, path, `clusters of 2^${clusterBits} bytes; 2^9 to 2^21 are possible`);
  wellFormed(!isV3 || headerBytes >= V3_BYTES && headerBytes % 8 === 0 && headerBytes <= 2 ** clusterBits, path, `a header of ${headerBytes} bytes`);
  const refcountOrder = isV3 ? view.getUint32(96) : 4;
  wellFormed(refcountOrder <= MAX_REFCOUNT_ORDER, path, `refcounts of 2^${refcountOrder} bits`);
  const extensions = parseExtensions(path, start.subarray(0, 2 ** clusterBits), headerBytes, readU64(view, 8));
  const header: Qcow2Header = {
    version, clusterBits, refcountOrder,
    compatible: isV3 ? view.getUint32(84) : 0,
    backingName: backingName(path, start.subarray(0, 2 ** clusterBits), headerBytes),
    backingFormat: extensions.get(BACKING_FORMAT) ?? null,
    sizeBytes: readU64(view, SIZE),
    l1Entries: view.getUint32(L1), l1Offset: readU64(view, L1 + 4),
    refcountTableOffset: readU64(view, REFCOUNT_TABLE), refcountTableClusters: view.getUint32(REFCOUNT_TABLE + 8),
    snapshotCount: view.getUint32(SNAPSHOTS), snapshotsOffset: readU64(view, SNAPSHOTS + 4),
    incompatible: isV3 ? view.getUint32(INCOMPATIBLE + 4) : 0,
    hasAutoclear: isV3 && readU64(view, AUTOCLEAR) !== 0,
  };
  checkFeatures(path, view, header, headerBytes);
  checkTables(path, header, fileBytes);
  return header;
}

function checkFeatures(path: string, view: DataView, { version, incompatible }: Qcow2Header, headerBytes: number): void {
  const unsupported = (what: string): never => {
    throw new ImageError("unsupported", `${path}: ${what}`);
  };
  if (view.getUint32(CRYPT_METHOD) !== 0) unsupported("it is encrypted");
  if (version === 2) return;
  if ((incompatible & EXTERNAL_DATA) !== 0) unsupported("its data is in another file");
  if ((incompatible & EXTENDED_L2) !== 0) unsupported("it has extended L2 entries (subclusters)");
  const compression = headerBytes > V3_BYTES ? view.getUint8(V3_BYTES) : 0;
  if (compression !== 0) unsupported(`its clusters are compressed by method ${compression}; only 0 (zlib) is known`);
  const known = DIRTY | CORRUPT | COMPRESSION_TYPE;
  if (view.getUint32(INCOMPATIBLE) !== 0 || (incompatible & ~known) !== 0) {
    unsupported(`it needs features that are not known: 0x${view.getBigUint64(INCOMPATIBLE).toString(16)}`);
  }
}

/** Tables lie in the file, at clusters, and are not larger than any sensible image's. */
function checkTables(path: string, header: Qcow2Header, fileBytes: number): void {
  const clusterBytes = 2 ** header.clusterBits, end = roundUp(fileBytes, clusterBytes), { sizeBytes, l1Entries } = header;
  const inFile = (what: string, offset: number, bytes: number): void => {
    wellFormed(offset % clusterBytes === 0, path, () => `${what} is at ${offset}, which is not the start of a cluster`);
    wellFormed(bytes === 0 || offset > 0 && offset + bytes <= end, path, () => `${what} (${bytes} bytes at ${offset}) is not inside the file of ${fileBytes} bytes`);
  };
  wellFormed(Number.isSafeInteger(sizeBytes), path, `a disk of ${sizeBytes} bytes`);
  wellFormed(l1Entries * 8 <= MAX_L1_BYTES, path, `an L1 table of ${l1Entries} entries`);
  wellFormed(l1Entries >= l1EntriesFor(header, sizeBytes), path, `an L1 table of ${l1Entries} entries is too small for a disk of ${sizeBytes} bytes`);
  inFile("the L1 table", header.l1Offset, l1Entries * 8);
  const tableBytes = header.refcountTableClusters * clusterBytes;
  wellFormed(tableBytes > 0 && tableBytes <= Math.max(MAX_REFCOUNT_TABLE_BYTES, clusterBytes), path, `a refcount table of ${tableBytes} bytes`);
  inFile("the refcount table", header.refcountTableOffset, tableBytes);
  wellFormed(header.snapshotCount <= MAX_SNAPSHOTS, path, `${header.snapshotCount} snapshots`);
  inFile("the snapshot table", header.snapshotCount === 0 ? 0 : header.snapshotsOffset, header.snapshotCount);
}

/** L1 entries that a disk needs. */
export function l1EntriesFor({ clusterBits }: Pick<Qcow2Header, "clusterBits">, sizeBytes: number): number {
  return Math.ceil(sizeBytes / 2 ** (2 * clusterBits - 3));
}

/** @throws ImageError if a disk is too large for clusters of that size */
export function checkSize(path: string, header: Pick<Qcow2Header, "clusterBits">, sizeBytes: number): void {
  const most = MAX_L1_BYTES / 8 * 2 ** (2 * header.clusterBits - 3);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes > most) {
    throw new ImageError("unsupported", `${path}: a disk of ${sizeBytes} bytes; with clusters of ${2 ** header.clusterBits} bytes it can have ${most}`);
  }
}

function backingName(path: string, cluster: Uint8Array, headerBytes: number): string | null {
  const view = viewOf(cluster), offset = readU64(view, 8), length = view.getUint32(16);
  if (offset === 0) return null;
  wellFormed(length > 0 && length <= MAX_BACKING_NAME && offset >= headerBytes && offset + length <= cluster.length, path,
    `the name of its backing file (${length} bytes at ${offset}) is not in its first cluster`);
  const name = new TextDecoder().decode(cluster.subarray(offset, offset + length));
  wellFormed(!name.includes("\0"), path, "the name of its backing file has a zero byte");
  return name;
}

/** The texts of the header extensions by type. */
function parseExtensions(path: string, cluster: Uint8Array, from: number, backingOffset: number): Map<number, string> {
  const found = new Map<number, string>(), view = viewOf(cluster), end = backingOffset > from && backingOffset <= cluster.length ? backingOffset : cluster.length;
  for (let at = from; at + 8 <= end;) {
    const type = view.getUint32(at), length = view.getUint32(at + 4);
    if (type === END) break;
    wellFormed(at + 8 + length <= end, path, `a header extension of ${length} bytes at ${at} is not in its first cluster`);
    found.set(type, type === BACKING_FORMAT ? new TextDecoder().decode(cluster.subarray(at + 8, at + 8 + length)) : "");
    at += 8 + roundUp(length, 8);
  }
  return found;
}

/** Names of feature bits, which readers print that do not know them: kind, bit, name. */
const NAMES = [[0, 0, "dirty bit"], [0, 1, "corrupt bit"], [1, 0, "lazy refcounts"]] as const, NAME_BYTES = 48;

/** The first cluster of an image. @throws ImageError if it does not fit a cluster */
export function headerCluster(path: string, header: Qcow2Header): Uint8Array {
  const { version, clusterBits, backingName: name, backingFormat } = header, cluster = new Uint8Array(2 ** clusterBits);
  const view = viewOf(cluster), text = new TextEncoder();
  const parts: [number, Uint8Array][] = [];
  if (name !== null && backingFormat !== null) parts.push([BACKING_FORMAT, text.encode(backingFormat)]);
  if (version === 3) parts.push([FEATURE_NAMES, featureNames()]);
  let at = version === 3 ? V3_BYTES : V2_BYTES;
  for (const [type, bytes] of parts) {
    // Clusters of 512 bytes have no room to spare for names.
    if (type === FEATURE_NAMES && at + 8 + bytes.length + 8 + (name?.length ?? 0) * 4 > cluster.length) continue;
    view.setUint32(at, type);
    view.setUint32(at + 4, bytes.length);
    cluster.set(bytes, at + 8);
    at += 8 + roundUp(bytes.length, 8);
  }
  at += 8;
  const encoded = text.encode(name ?? "");
  if (encoded.length > MAX_BACKING_NAME || at + encoded.length > cluster.length) throw new ImageError("failed", `${path}: the name of its backing file is too long: ${name}`);
  cluster.set(encoded, at);
  if (name !== null) {
    writeU64(view, 8, at);
    view.setUint32(16, encoded.length);
  }
  view.setUint32(0, QCOW2_MAGIC);
  view.setUint32(4, version);
  view.setUint32(20, clusterBits);
  if (version === 3) {
    view.setUint32(84, header.compatible);
    view.setUint32(96, header.refcountOrder);
    view.setUint32(100, V3_BYTES);
  }
  for (const [offset, bytes] of Object.values(FIELDS).map((field) => field(header))) cluster.set(bytes, offset);
  return cluster;
}

function featureNames(): Uint8Array {
  const bytes = new Uint8Array(NAMES.length * NAME_BYTES);
  for (const [i, [kind, bit, name]] of NAMES.entries()) bytes.set([kind, bit, ...new TextEncoder().encode(name)], i * NAME_BYTES);
  return bytes;
}

type Field = (header: Qcow2Header) => [offset: number, bytes: Uint8Array];

/** Fields that change, with those that must change with them: each is one write of a few bytes, so that it happens or not. */
export const FIELDS = {
  /** Its size and its L1 table; the 0 between them says that it is not encrypted. */
  disk: (h): [number, Uint8Array] => [SIZE, packed([8, h.sizeBytes], [4, 0], [4, h.l1Entries], [8, h.l1Offset])],
  refcountTable: (h): [number, Uint8Array] => [REFCOUNT_TABLE, packed([8, h.refcountTableOffset], [4, h.refcountTableClusters])],
  snapshots: (h): [number, Uint8Array] => [SNAPSHOTS, packed([4, h.snapshotCount], [8, h.snapshotsOffset])],
  features: (h): [number, Uint8Array] => (h.version === 2 ? [INCOMPATIBLE, new Uint8Array(0)] : [INCOMPATIBLE + 4, packed([4, h.incompatible])]),
} as const satisfies Record<string, Field>;

/** The autoclear features, none of which we know. */
export const NO_AUTOCLEAR: [offset: number, bytes: Uint8Array] = [AUTOCLEAR, new Uint8Array(8)];

/** Numbers as big-endian fields of 4 or 8 bytes. */
function packed(...fields: readonly (readonly [bytes: 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [n]) => sum + n, 0)), view = viewOf(bytes);
  let at = 0;
  for (const [n, value] of fields) {
    if (n === 4) view.setUint32(at, value);
    else writeU64(view, at, value);
    at += n;
  }
  return bytes;
}
