/**
 * How emitted code reaches guest memory: the check of an access, and the access itself. By the target:
 *
 * - flat: linear addresses are physical; an address is compared with the size of memory, and a byte per page says whether
 *   a store needs more than the store, and where memory has holes, whether there is any;
 * - tlb: `table[address >>> 12] ^ address` is the index into memory, negative where the page is not there for this kind of
 *   access. One test covers that and alignment; a second, nested, lets unaligned accesses within a page pass. An access
 *   that remembers its page compares the number and only then looks it up;
 * - none: every check fails.
 */
import type { Expression, Statement } from "estree";
import type { MemOp } from "../ir/types.ts";
import { call, id, int, item, member, statement, yes } from "./estree.ts";
import type { Span } from "./access-groups.ts";
import type { FlatMemory, MemoryTarget, TlbMemory } from "./target.ts";
import { instantiate, template } from "./templates.ts";

const make = (source: string, ...operands: Expression[]): Expression => instantiate(template(source).expression, operands);

/** A checked access: where it fails, and the index into `u8` and `dv` where it does not. */
export interface CheckedAccess {
  readonly failed: Expression;
  readonly index: Expression;
  /** Names the expressions use. */
  readonly names: readonly string[];
}

/**
 * The check of an access to `address` (a name or literal: it is written down several times).
 * `nameIt` declares a constant and gives its name.
 */
export function checkAccess(memory: MemoryTarget, mem: MemOp, kind: "read" | "write", address: Expression, nameIt: (e: Expression) => Expression): CheckedAccess {
  const bytes = mem.bits / 8;
  if (memory.kind === "none") return { failed: yes, index: int(0), names: ["u8", "dv"] };
  if (memory.kind === "tlb") return checkTlb(memory, bytes, kind, address, nameIt);
  return { failed: failsFlat(memory, bytes, kind, address), index: flatIndex(memory, address), names: ["u8", "dv", ...(kind === "write" || memory.hasHoles ? ["pf"] : [])] };
}

/** True if a range of constant addresses lies in memory. */
export function liesWithin({ base, size, hasHoles }: FlatMemory, { low, high }: Span): boolean {
  return !hasHoles && low >>> 0 >= base && (low >>> 0) + (high - low) <= base + size;
}

/** True where not all of `bytes` from `address` on may be read or written; at most a page. Writing implies reading. */
export function failsFlat(memory: FlatMemory, bytes: number, kind: "read" | "write", address: Expression): Expression {
  if (kind === "write") return isSpecial(bytes, address);
  return memory.hasHoles ? isNoMemory(bytes, address) : isOutside(memory, bytes, address);
}

/**
 * One check for `bytes` from `address` on, which fails too where they reach into the next page; gives the index of the first.
 */
export function checkTlbSpan(memory: TlbMemory, bytes: number, kind: "read" | "write", address: Expression, nameIt: (e: Expression) => Expression): CheckedAccess {
  const table = kind === "read" ? memory.read : memory.write;
  const index = nameIt(make("$0 ^ $1", item(table, make("$0 >>> 12", address)), address));
  const failed = logical("||", make("$0 < 0", index), make("($0 & 4095) > $1", index, int(4096 - bytes)));
  return { failed, index, names: ["u8", "dv", table] };
}

/** An access through the soft TLB. */
export interface TlbAccess {
  readonly bytes: number;
  readonly kind: "read" | "write";
  /** It cannot cross into another page. */
  readonly isAligned: boolean;
}

/** The check of an access that remembers its page (page-locals.ts). */
export interface PageCheck {
  /** The remembered page does not do. */
  readonly isElsewhere: Expression;
  /** The index into memory by the soft TLB, and whether it does not do either. */
  readonly found: Expression;
  readonly fails: (found: Expression) => Expression;
  /** The page's number. */
  readonly page: Expression;
  readonly names: readonly string[];
}

export function checkPageLocal(memory: TlbMemory, { bytes, kind, isAligned }: TlbAccess, address: Expression, remembered: Expression): PageCheck {
  const table = memory[kind], page = make("$0 >>> 12", address), crosses = make("($0 & 4095) > $1", address, int(4096 - bytes));
  const isOther = make("$0 >>> 12 !== $1", address, remembered);
  // A word's alignment is looked at too, its low bits put above the page's number.
  const isElsewhere = isAligned ? isOther
    : bytes === 2 || bytes === 4 ? make("(($0 << 20 | $0 >>> 12) & $1) !== $2", address, int(bytes * 0x100000 - 1), remembered)
      : logical("||", isOther, crosses);
  const isAbsent = (found: Expression): Expression => make("$0 < 0", found);
  return {
    isElsewhere, page, found: make("$0 ^ $1", item(table, page), address),
    fails: (found) => (isAligned ? isAbsent(found) : logical("||", isAbsent(found), crosses)),
    names: ["u8", "dv", table],
  };
}

/** `address - base`; beyond 2 GiB of memory also made unsigned. */
export function flatIndex(memory: FlatMemory, address: Expression): Expression {
  const index = memory.base === 0 ? address : make("$0 - $1 | 0", address, int(memory.base | 0));
  return memory.size > 0x80000000 ? make("$0 >>> 0", index) : index;
}

/** True where `address` does not have so many bytes of memory behind it. */
function isOutside(memory: FlatMemory, bytes: number, address: Expression): Expression {
  const last = memory.size - bytes;
  if (last < 0) return yes;
  if (memory.base === 0) return make("$0 >>> 0 > $1", address, int(last));
  return make("($0 - $1) >>> 0 > $2", address, int(memory.base | 0), int(last));
}

/** True where one of the pages behind `address` is none of memory's. */
function isNoMemory(bytes: number, address: Expression): Expression {
  const page = (a: Expression): Expression => item("pf", make("$0 >>> 12", a));
  if (bytes === 1) return make("($0 & 1) !== 0", page(address));
  return make("(($0 | $1) & 1) !== 0", page(address), page(make("$0 + $1", address, int(bytes - 1))));
}

/** True where storing to `address` needs more than the store: no memory, code, read-only, dirty log. */
function isSpecial(bytes: number, address: Expression): Expression {
  const page = (a: Expression): Expression => item("pf", make("$0 >>> 12", a));
  if (bytes === 1) return make("$0 !== 0", page(address));
  return make("($0 | $1) !== 0", page(address), page(make("$0 + $1", address, int(bytes - 1))));
}

function checkTlb(memory: TlbMemory, bytes: number, kind: "read" | "write", address: Expression, nameIt: (e: Expression) => Expression): CheckedAccess {
  const table = kind === "read" ? memory.read : memory.write;
  const index = nameIt(make("$0 ^ $1", item(table, make("$0 >>> 12", address)), address));
  const failed = bytes === 1
    ? make("$0 < 0", index)
    : logical("&&", make("($0 & $1) !== 0", index, int(0x80000000 | (bytes - 1))),
      logical("||", make("$0 < 0", index), make("($0 & 4095) > $1", index, int(4096 - bytes))));
  return { failed, index, names: ["u8", "dv", table] };
}

const logical = (operator: "&&" | "||", left: Expression, right: Expression): Expression => ({ type: "LogicalExpression", operator, left, right });

/** Loads from an index. */
export function loadAt(mem: MemOp, index: Expression): Expression {
  if (mem.bits === 8) return mem.signed ? make("$0 << 24 >> 24", item("u8", index)) : item("u8", index);
  const method = mem.isFloat ? (mem.bits === 64 ? "getFloat64" : "getFloat32") : mem.bits === 32 ? "getInt32" : mem.signed ? "getInt16" : "getUint16";
  return call(member("dv", method), [index, yes]);
}

/** Stores to an index. */
export function storeAt(mem: MemOp, index: Expression, value: Expression): Statement {
  if (mem.bits === 8) return statement({ type: "AssignmentExpression", operator: "=", left: item("u8", index), right: value });
  const method = mem.isFloat ? (mem.bits === 64 ? "setFloat64" : "setFloat32") : mem.bits === 32 ? "setInt32" : "setInt16";
  return statement(call(member("dv", method), [index, value, yes]));
}

/** The slow path of a handler, by name. */
export function slowLoad(mem: MemOp, address: Expression): { readonly name: string; readonly value: Expression } {
  const name = `${mem.probe === "write" ? "loadForWrite" : "load"}${mem.bits}`;
  const value = call(id(name), [address]);
  if (!mem.signed) return { name, value };
  const shift = int(32 - mem.bits);
  return { name, value: make("$0 << $1 >> $1", value, shift) };
}
