/** Expressions for guest memory, shared by the emitters. */
import type { Expression, Statement } from "estree";
import type { MemOp } from "../ir/types.ts";
import { call, int, item, member, statement, yes } from "./estree.ts";
import type { MemoryTarget } from "./target.ts";
import { instantiate, template } from "./templates.ts";

const make = (source: string, ...operands: Expression[]): Expression => instantiate(template(source).expression, operands);

/** `address - base`; beyond 2 GiB of memory also made unsigned. */
function indexOf(memory: MemoryTarget, address: Expression): Expression {
  const index = memory.base === 0 ? address : make("$0 - $1 | 0", address, int(memory.base | 0));
  return memory.size > 0x80000000 ? make("$0 >>> 0", index) : index;
}

/** True where `address` does not have `mem.bits / 8` bytes of memory behind it. */
export function isOutside(memory: MemoryTarget, mem: MemOp, address: Expression): Expression {
  const last = memory.size - mem.bits / 8;
  if (last < 0) return yes;
  if (memory.base === 0) return make("$0 >>> 0 > $1", address, int(last));
  return make("($0 - $1) >>> 0 > $2", address, int(memory.base | 0), int(last));
}

/** True where storing to `address` needs more than the store: no memory, code, read-only, dirty log. */
export function isSpecial(mem: MemOp, address: Expression): Expression {
  const page = (a: Expression): Expression => item("pf", make("$0 >>> 12", a));
  if (mem.bits === 8) return make("$0 !== 0", page(address));
  return make("($0 | $1) !== 0", page(address), page(make("$0 + $1", address, int(mem.bits / 8 - 1))));
}

/** Names the expressions below use. */
export const MEMORY_NAMES = ["u8", "dv", "pf"] as const;

export function loadFrom(memory: MemoryTarget, mem: MemOp, address: Expression): Expression {
  const index = indexOf(memory, address);
  if (mem.bits === 8) return mem.signed ? make("$0 << 24 >> 24", item("u8", index)) : item("u8", index);
  const method = mem.bits === 32 ? "getInt32" : mem.signed ? "getInt16" : "getUint16";
  return call(member("dv", method), [index, yes]);
}

export function storeTo(memory: MemoryTarget, mem: MemOp, address: Expression, value: Expression): Statement {
  const index = indexOf(memory, address);
  if (mem.bits === 8) return statement({ type: "AssignmentExpression", operator: "=", left: item("u8", index), right: value });
  return statement(call(member("dv", mem.bits === 32 ? "setInt32" : "setInt16"), [index, value, yes]));
}
