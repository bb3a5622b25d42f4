/**
 * Saved states as bytes. A value is a byte that says its kind, and what the kind needs; numbers are little endian.
 *
 * | kind | value | follows |
 * |---|---|---|
 * | 0, 1, 2 | null, false, true | - |
 * | 3 | number | double |
 * | 4 | bigint | its decimal digits, as text |
 * | 5 | text | u32 bytes, UTF-8 |
 * | 6 | bytes | u32 bytes, themselves |
 * | 7 | list | u32 values, themselves |
 * | 8 | record | u32 fields, each a text without its kind, and a value |
 * | 9 | bytes, many | u32 bytes; u32 bytes of the pages that hold something, themselves (memory-pages.ts) |
 *
 * Equal states have equal bytes, if their fields come in the same order.
 */
import type { SavedState, SavedValue } from "../../devices/saveable.ts";
import { isState, StateError } from "../../devices/saveable.ts";
import { decodePages, encodePages } from "./memory-pages.ts";

const NULL = 0, FALSE = 1, TRUE = 2, NUMBER = 3, BIG = 4, TEXT = 5, BYTES = 6, LIST = 7, RECORD = 8, PAGES = 9;

/** States are nested less deep than this. */
const MAX_DEPTH = 32;
/** Bytes that are so many whole pages are saved without those that are zero: video memory. */
const MANY_BYTES = 2 ** 16, PAGE_BYTES = 4096;
/** All of them in a state have no more bytes than this. */
const MAX_PAGES_BYTES = 2 ** 28;
/** A bigint has no more digits: 64 bits have 20. */
const MAX_DIGITS = 64;

export function encodeState(state: SavedState): Uint8Array {
  const writer = new Writer();
  writer.value(state);
  return writer.bytes();
}

/**
 * @param name  of the state, for messages
 * @throws StateError if they are not the bytes of a state
 */
export function decodeState(name: string, bytes: Uint8Array): SavedState {
  const reader = new Reader(name, bytes), state = reader.value(0);
  if (!reader.isAtEnd) throw reader.wrong("has more bytes than its values");
  if (!isState(state)) throw reader.wrong("is no record");
  return state;
}

class Writer {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  value(value: SavedValue): void {
    switch (typeof value) {
      case "number": return this.number(value);
      case "bigint":
        this.byte(BIG);
        return this.text(String(value));
      case "string":
        this.byte(TEXT);
        return this.text(value);
      case "boolean": return this.byte(value ? TRUE : FALSE);
      default: return this.composite(value);
    }
  }

  private composite(value: null | Uint8Array | readonly SavedValue[] | SavedState): void {
    if (value === null) return this.byte(NULL);
    if (value instanceof Uint8Array) return this.bytesOf(value);
    if (isState(value)) {
      const fields = Object.entries(value);
      this.byte(RECORD);
      this.u32(fields.length);
      for (const [name, field] of fields) {
        this.text(name);
        this.value(field);
      }
      return;
    }
    this.byte(LIST);
    this.u32(value.length);
    for (const each of value) this.value(each);
  }

  private bytesOf(value: Uint8Array): void {
    const isMany = value.length >= MANY_BYTES && value.length % PAGE_BYTES === 0 && value.byteOffset % 4 === 0;
    this.byte(isMany ? PAGES : BYTES);
    if (isMany) this.u32(value.length);
    this.raw(isMany ? encodePages(value) : value);
  }

  private number(value: number): void {
    this.byte(NUMBER);
    const at = this.room(8);
    this.view.setFloat64(at, value, true);
  }

  private text(text: string): void {
    this.raw(new TextEncoder().encode(text));
  }

  private raw(bytes: Uint8Array): void {
    this.u32(bytes.length);
    const at = this.room(bytes.length);
    this.buffer.set(bytes, at);
  }

  private byte(value: number): void {
    const at = this.room(1);
    this.buffer[at] = value;
  }

  private u32(value: number): void {
    const at = this.room(4);
    this.view.setUint32(at, value, true);
  }

  /** Offset of so many new bytes; the buffer may be another one then. */
  private room(count: number): number {
    const at = this.length, end = at + count;
    if (end > this.buffer.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.buffer.length));
      larger.set(this.buffer);
      this.buffer = larger;
      this.view = new DataView(larger.buffer);
    }
    this.length = end;
    return at;
  }
}

class Reader {
  private readonly name: string;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;
  private pagesBytes = 0;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  wrong(problem: string): StateError {
    return new StateError(this.name, `${problem} (byte ${this.at} of ${this.bytes.length})`);
  }

  value(depth: number): SavedValue {
    if (depth > MAX_DEPTH) throw this.wrong("is nested too deep");
    const kind = this.bytes[this.take(1)];
    switch (kind) {
      case NULL: return null;
      case FALSE: return false;
      case TRUE: return true;
      case NUMBER: return this.view.getFloat64(this.take(8), true);
      case BIG: return this.big();
      case TEXT: return this.text();
      case BYTES: return this.raw().slice();
      case LIST: return Array.from({ length: this.count() }, () => this.value(depth + 1));
      case RECORD: return this.record(depth);
      case PAGES: return this.pages();
      default: throw this.wrong(`has a value of kind ${kind}`);
    }
  }

  private record(depth: number): SavedState {
    const fields = new Map<string, SavedValue>();
    for (let left = this.count(); left > 0; left--) {
      const name = this.text();
      if (fields.has(name)) throw this.wrong(`has two fields ${name}`);
      fields.set(name, this.value(depth + 1));
    }
    return Object.fromEntries(fields);
  }

  private pages(): Uint8Array {
    const length = this.u32(), pages = this.raw();
    this.pagesBytes += length;
    if (length % PAGE_BYTES !== 0 || this.pagesBytes > MAX_PAGES_BYTES) throw this.wrong(`has pages of ${length} bytes`);
    const bytes = new Uint8Array(length);
    decodePages(this.name, pages, length, (offset, run) => bytes.set(run, offset));
    return bytes;
  }

  private big(): bigint {
    const digits = this.text();
    if (digits.length > MAX_DIGITS || !/^-?\d+$/.test(digits)) throw this.wrong("has a number without digits");
    return BigInt(digits);
  }

  private text(): string {
    const bytes = this.raw();
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.wrong("has text that is not UTF-8");
    }
  }

  private raw(): Uint8Array {
    const length = this.u32(), from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  /** How many values follow: each takes a byte at least. */
  private count(): number {
    const count = this.u32();
    if (count > this.bytes.length - this.at) throw this.wrong(`has ${count} values in fewer bytes`);
    return count;
  }

  private u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Offset of so many bytes, which are used then. */
  private take(count: number): number {
    const { at } = this;
    if (count > this.bytes.length - at) throw this.wrong("ends in the middle of a value");
    this.at = at + count;
    return at;
  }
}
