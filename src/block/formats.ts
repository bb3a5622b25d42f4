/** The image formats, and images by file name: recognised, opened with what they read through to, created. */
import type { Image } from "./device.ts";
import { ImageError } from "./errors.ts";
import type { ImageFormat, OpenContext } from "./format.ts";
import { PROBE_BYTES } from "./format.ts";
import { QCOW2 } from "./qcow2/qcow2.ts";
import { RAW } from "./raw.ts";
import { VDI } from "./vdi.ts";
import { VMDK } from "./vmdk/vmdk.ts";
import type { Storage, StorageHost } from "./storage.ts";

/** Raw is what nothing else is. */
export const FORMATS: readonly ImageFormat[] = [QCOW2, VDI, VMDK, RAW];

/** Images below one another, at most. */
const MAX_DEPTH = 64;

export interface OpenOptions {
  /** A format's name; recognised by the file's start if null. */
  readonly format: string | null;
  readonly isReadOnly: boolean;
  readonly purpose?: OpenContext["purpose"];
}

/** @throws VmError if there is no such file, ImageError if it is not as it should be */
export async function openImage(host: StorageHost, path: string, options: OpenOptions): Promise<Image> {
  return openBelow(host, path, options, []);
}

/** @param above  identities of the images that read through to this one */
async function openBelow(host: StorageHost, path: string, { format, isReadOnly, purpose = "use" }: OpenOptions, above: readonly string[]): Promise<Image> {
  const known = format === null ? null : formatNamed(format), identity = await host.identity(path);
  if (above.includes(identity)) throw new ImageError("malformed", `${path} is its own backing file`);
  if (above.length === MAX_DEPTH) throw new ImageError("unsupported", `${path}: more than ${MAX_DEPTH} backing files one below the other`);
  const storage = await host.open(path, isReadOnly);
  try {
    const type = known ?? await recognise(storage);
    return await type.open(storage, {
      host, purpose, wouldBeMistaken: known === null ? (start) => formatOf(start) !== type : null,
      openBacking: (name, backingFormat) => openBelow(host, backingPath(host, path, name), { format: backingFormat, isReadOnly: true, purpose: purpose === "salvage" ? "salvage" : "use" }, [...above, identity]),
    });
  } catch (e) {
    await storage.close();
    throw e;
  }
}

/** @throws ImageError if there is no such format */
export function formatNamed(name: string): ImageFormat {
  const found = FORMATS.find((f) => f.name === name);
  if (found === undefined) throw new ImageError("unsupported", `there is no image format ${name}; there are ${FORMATS.map((f) => f.name).join(", ")}`);
  return found;
}

/** What a file is by its first bytes. */
async function recognise(storage: Storage): Promise<ImageFormat> {
  const start = new Uint8Array(Math.min(PROBE_BYTES, storage.sizeBytes));
  await storage.read(0, start);
  return formatOf(start);
}

function formatOf(start: Uint8Array): ImageFormat {
  return FORMATS.find((f) => f.probe(start)) ?? RAW;
}

/** The path of a backing file; QEMU's names with a protocol are not paths. */
function backingPath(host: StorageHost, path: string, name: string): string {
  const protocol = /^([a-z0-9+.-]+):/i.exec(name)?.[1];
  if (protocol !== undefined && protocol !== "file") throw new ImageError("unsupported", `${path}: its backing file ${name} is not a file but "${protocol}:"`);
  return host.relative(path, protocol === "file" ? name.slice("file:".length) : name);
}

export interface CreateOptions {
  readonly format: string;
  /** Null: that of the backing file. */
  readonly sizeBytes: number | null;
  readonly options?: Readonly<Record<string, string>>;
  readonly backing?: { readonly name: string; readonly format: string | null } | null;
}

const MAX_DISK_BYTES = 2 ** 52;

/**
 * Creates an image, over what was there.
 * @returns its size in bytes
 * @throws ImageError if its format cannot be like that
 */
export async function createImage(host: StorageHost, path: string, { format, sizeBytes, options = {}, backing = null }: CreateOptions): Promise<number> {
  const type = formatNamed(format), values = createValues(type, options);
  if (backing !== null && type.hasBacking !== true) throw new ImageError("unsupported", `${path}: a ${format} image cannot have a backing file`);
  const below = backing === null ? null : await probeBacking(host, path, backing);
  const size = sizeBytes ?? below?.sizeBytes ?? null;
  if (size === null) throw new ImageError("failed", `${path}: how large? There is neither a size nor a backing file`);
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= MAX_DISK_BYTES)) throw new ImageError("failed", `${path}: a disk has 0 to ${MAX_DISK_BYTES} bytes, not ${size}`);
  await type.create(path, { sizeBytes: size, host, options: values, backing: backing === null || below === null ? null : { name: backing.name, format: below.format } });
  return size;
}

async function probeBacking(host: StorageHost, path: string, { name, format }: { readonly name: string; readonly format: string | null }): Promise<{ format: string; sizeBytes: number }> {
  const image = await openImage(host, backingPath(host, path, name), { format, isReadOnly: true });
  await image.close();
  return { format: image.format, sizeBytes: image.sizeBytes };
}

/** Every option of a format with its value. */
function createValues({ name, createOptions }: ImageFormat, given: Readonly<Record<string, string>>): Record<string, string> {
  const values = Object.fromEntries(Object.entries(createOptions).map(([key, { initial }]) => [key, initial]));
  for (const [key, text] of Object.entries(given)) {
    if (!Object.hasOwn(createOptions, key)) {
      const known = Object.keys(createOptions).join(", ");
      throw new ImageError("unsupported", `${name} images have no option ${key}${known === "" ? "" : `; they have ${known}`}`);
    }
    const { allowed } = createOptions[key], value = allowed.map(String).find((v) => v === text || v === String(bytesOf(text)));
    if (value === undefined) throw new ImageError("unsupported", `${key}=${text}: ${key} is one of ${allowed.join(", ")}`);
    values[key] = value;
  }
  return values;
}

/** `64k` is 65536; NaN for what is no size. */
function bytesOf(text: string): number {
  const match = /^([0-9]+)([km])b?$/i.exec(text);
  return match === null ? NaN : Number(match[1]) * (match[2].toLowerCase() === "k" ? 2 ** 10 : 2 ** 20);
}
