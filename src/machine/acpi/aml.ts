/** ACPI Machine Language, as far as the PC's namespace needs it (ACPI 6.4, chapter 20): functions that give encoded terms. */

/** Encoded bytes. */
export type Aml = readonly number[];

const STORE_OP = 0x70, IF_OP = 0xa0, RETURN_OP = 0xa4, METHOD_OP = 0x14, ARGUMENT_0 = 0x68;
const NAME_OP = 0x08, BYTE_PREFIX = 0x0a, WORD_PREFIX = 0x0b, DWORD_PREFIX = 0x0c, SCOPE_OP = 0x10, BUFFER_OP = 0x11, PACKAGE_OP = 0x12,
  DUAL_NAME_PREFIX = 0x2e, EXTENDED_OP = 0x5b, DEVICE_OP = 0x82, ROOT = 0x5c;

export const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
export const le16 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff];
export const le32 = (n: number): number[] => [...le16(n & 0xffff), ...le16(n >>> 16)];

/** A name of up to four characters, or two of them with a dot between; `\` before it starts at the root. */
function nameString(path: string): Aml {
  const root = path.startsWith("\\"), segments = path.replace("\\", "").split(".").map((segment) => ascii(segment.padEnd(4, "_")));
  return [...(root ? [ROOT] : []), ...(segments.length === 2 ? [DUAL_NAME_PREFIX] : []), ...segments.flat()];
}

/** The length of what follows and of itself (ACPI 6.4, §20.2.4). */
function pkgLength(contentBytes: number): Aml {
  if (contentBytes + 1 < 0x40) return [contentBytes + 1];
  const extra = contentBytes + 2 < 0x1000 ? 1 : 2, total = contentBytes + 1 + extra;
  return [(extra << 6) | (total & 15), ...le16(total >>> 4).slice(0, extra)];
}

function sized(content: Aml): Aml {
  return [...pkgLength(content.length), ...content];
}

/** An unsigned 32-bit integer. */
export function integer(n: number): Aml {
  if (n === 0 || n === 1) return [n];
  if (n <= 0xff) return [BYTE_PREFIX, n];
  return n <= 0xffff ? [WORD_PREFIX, ...le16(n)] : [DWORD_PREFIX, ...le32(n)];
}

function buffer(bytes: Aml): Aml {
  return [BUFFER_OP, ...sized([...integer(bytes.length), ...bytes])];
}

/** At most 255 elements. */
export function pack(...elements: readonly Aml[]): Aml {
  return [PACKAGE_OP, ...sized([elements.length, ...elements.flat()])];
}

export function name(path: string, value: Aml): Aml {
  return [NAME_OP, ...nameString(path), ...value];
}

export function scope(path: string, ...terms: readonly Aml[]): Aml {
  return [SCOPE_OP, ...sized([...nameString(path), ...terms.flat()])];
}

export function device(path: string, ...terms: readonly Aml[]): Aml {
  return [EXTENDED_OP, DEVICE_OP, ...sized([...nameString(path), ...terms.flat()])];
}

// ---- methods

/** The first argument. */
export const argument0: Aml = [ARGUMENT_0];

/** An object by its name. */
export function reference(path: string): Aml {
  return nameString(path);
}

/** @param argumentCount  0..7 */
export function method(path: string, argumentCount: number, ...terms: readonly Aml[]): Aml {
  return [METHOD_OP, ...sized([...nameString(path), argumentCount, ...terms.flat()])];
}

export function store(value: Aml, target: Aml): Aml {
  return [STORE_OP, ...value, ...target];
}

export function returnOf(value: Aml): Aml {
  return [RETURN_OP, ...value];
}

/** Terms for where a condition is not 0. */
export function when(condition: Aml, ...terms: readonly Aml[]): Aml {
  return [IF_OP, ...sized([...condition, ...terms.flat()])];
}

/** A Plug and Play identifier such as PNP0A03, compressed (ACPI 6.4, §19.6.37): five bits a letter, four a digit, big endian. */
export function eisaId(id: string): Aml {
  const letters = ascii(id.slice(0, 3)).map((c) => c - 0x40), word = (letters[0] << 26) | (letters[1] << 21) | (letters[2] << 16) | parseInt(id.slice(3), 16);
  return [DWORD_PREFIX, (word >>> 24) & 0xff, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
}

// ---- resource descriptors (ACPI 6.4, §6.4)

/** Ports, decoded by all 16 bits. */
export function ioPorts(first: number, count: number): Aml {
  return [0x47, 1, ...le16(first), ...le16(first), 1, count];
}

/** An edge-triggered interrupt request that is not shared. */
export function irq(number: number): Aml {
  return [0x22, ...le16(1 << number)];
}

/** What a bridge passes on: all addresses of a range, as a producer, with fixed ends. */
const RANGE_FLAGS = 0x0c;

export function busNumbers(first: number, last: number): Aml {
  return [0x88, ...le16(13), 2, RANGE_FLAGS, 0, ...le16(0), ...le16(first), ...le16(last), ...le16(0), ...le16(last - first + 1)];
}

export function ioWindow(first: number, last: number): Aml {
  return [0x88, ...le16(13), 1, RANGE_FLAGS, 3, ...le16(0), ...le16(first), ...le16(last), ...le16(0), ...le16(last - first + 1)];
}

/** Read and write, not cached. */
export function memoryWindow(first: number, last: number): Aml {
  return [0x87, ...le16(23), 0, RANGE_FLAGS, 1, ...le32(0), ...le32(first), ...le32(last), ...le32(0), ...le32(last - first + 1)];
}

/** A buffer of descriptors, ended. */
export function resources(...descriptors: readonly Aml[]): Aml {
  return buffer([...descriptors.flat(), 0x79, 0]);
}
