// The text protocol between a checker and an executor: one V line in, one R line out, in any order.
//
//   V id ip code eax ecx edx ebx esp ebp esi edi eflags fx|- nmem {addr hex}
//   R id vector err cr2 eip eax ecx edx ebx esp ebp esi edi eflags fx nchanged {addr hex}
//
// Numbers are hexadecimal but for id and vector, which are decimal. native.c and vec.h speak the same in C.

import type { Outcome, Placed, VectorInput } from "./vector.ts";

/** The V line of a vector, with its line end. */
export function formatV(v: VectorInput): string {
  const memory = v.m ?? [];
  const fields = ["V", v.id, hex(v.ip), v.c, ...v.r.map(hex), hex(v.f), v.fx ?? "-", hex(memory.length), ...placedFields(memory)];
  return fields.join(" ") + "\n";
}

/**
 * Reads a V line; undefined if the line is no V line (executors skip those).
 * @throws SyntaxError for a V line that breaks off.
 */
export function parseV(line: string): VectorInput | undefined {
  const fields = new Fields(line);
  if (fields.next() !== "V") return undefined;
  const id = Number(fields.next());
  const ip = fields.hex();
  const c = fields.next();
  const r = fields.registers();
  const f = fields.hex();
  const fx = fields.next();
  const m = fields.placed();
  return { id, c, ip, r, f, ...(fx === "-" ? {} : { fx }), m };
}

/** The R line of an outcome, with its line end. */
export function formatR(o: Outcome): string {
  const state = [hex(o.errorCode), hex(o.cr2), hex(o.eip), ...o.regs.map(hex), hex(o.eflags), o.fx];
  return ["R", o.id, o.exception, ...state, hex(o.changed.length), ...placedFields(o.changed)].join(" ") + "\n";
}

/**
 * Reads an R line; undefined if the line is none.
 * @throws SyntaxError for an R line that breaks off.
 */
export function parseR(line: string): Outcome | undefined {
  const fields = new Fields(line);
  if (fields.next() !== "R") return undefined;
  return {
    id: Number(fields.next()),
    exception: Number(fields.next()),
    errorCode: fields.hex(),
    cr2: fields.hex(),
    eip: fields.hex(),
    regs: fields.registers(),
    eflags: fields.hex(),
    fx: fields.next(),
    changed: fields.placed(),
  };
}

function hex(value: number): string {
  return (value >>> 0).toString(16);
}

function placedFields(memory: readonly Placed[]): string[] {
  return memory.flatMap(([address, bytes]) => [hex(address), bytes]);
}

/** The blank-separated fields of a line, read from left to right. */
class Fields {
  readonly #fields: readonly string[];
  #at = 0;

  constructor(line: string) {
    this.#fields = line.trimEnd().split(" ");
  }

  next(): string {
    const field = this.#fields[this.#at++];
    if (field === undefined) throw new SyntaxError(`line ends after ${this.#fields.length} fields: ${this.#fields.slice(0, 3).join(" ")} …`);
    return field;
  }

  hex(): number {
    return parseInt(this.next(), 16);
  }

  registers(): number[] {
    return Array.from({ length: 8 }, () => this.hex());
  }

  placed(): Placed[] {
    return Array.from({ length: this.hex() }, (): Placed => [this.hex(), this.next()]);
  }
}
