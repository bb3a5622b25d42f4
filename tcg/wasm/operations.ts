/** Which instructions do what emitted text asks for: items of arrays, operators, comparisons. */
import { OP } from "./code-writer.ts";
import type { Kind } from "./kinds.ts";

/** An array that text names: where it starts in the memory, in bytes, and what its items are. */
export interface ArrayPlace {
  readonly offset: number;
  /** `view`: a DataView, whose methods are called. */
  readonly items: "u8" | "u16" | "i32" | "f32" | "f64" | "view";
}

/** Opcode, log2 of the alignment that may be taken for granted (none), bytes of an item as a shift. */
export const LOADS: Readonly<Record<Exclude<ArrayPlace["items"], "view">, { readonly load: number; readonly store: number; readonly shift: number; readonly kind: Kind }>> = {
  u8: { load: OP.i32_load8_u, store: OP.i32_store8, shift: 0, kind: "i32" },
  u16: { load: OP.i32_load16_u, store: OP.i32_store16, shift: 1, kind: "i32" },
  i32: { load: OP.i32_load, store: OP.i32_store, shift: 2, kind: "i32" },
  f32: { load: OP.f32_load, store: OP.f32_store, shift: 2, kind: "f32" },
  f64: { load: OP.f64_load, store: OP.f64_store, shift: 3, kind: "f64" },
};

export const VIEW_LOADS: Readonly<Record<string, { readonly op: number; readonly kind: Kind } | undefined>> = {
  getInt16: { op: OP.i32_load16_s, kind: "i32" }, getUint16: { op: OP.i32_load16_u, kind: "i32" }, getInt32: { op: OP.i32_load, kind: "i32" },
  getFloat32: { op: OP.f32_load, kind: "f32" }, getFloat64: { op: OP.f64_load, kind: "f64" },
};
export const VIEW_STORES: Readonly<Record<string, { readonly op: number; readonly kind: Kind } | undefined>> = {
  setInt16: { op: OP.i32_store16, kind: "i32" }, setInt32: { op: OP.i32_store, kind: "i32" },
  setFloat32: { op: OP.f32_store, kind: "f32" }, setFloat64: { op: OP.f64_store, kind: "f64" },
};

export const WORD_OPS: Readonly<Record<string, number | undefined>> = {
  "|": OP.i32_or, "&": OP.i32_and, "^": OP.i32_xor, "<<": OP.i32_shl, ">>": OP.i32_shr_s, ">>>": OP.i32_shr_u, "+": OP.i32_add, "-": OP.i32_sub,
};
export const F64_OPS: Readonly<Record<string, number | undefined>> = { "+": OP.f64_add, "-": OP.f64_sub, "*": OP.f64_mul, "/": OP.f64_div };
export const F32_OPS: Readonly<Record<string, number | undefined>> = { "+": OP.f32_add, "-": OP.f32_sub, "*": OP.f32_mul, "/": OP.f32_div };
export const COMPARE: Readonly<Record<string, Readonly<Record<"signed" | "unsigned" | "wide" | "f32" | "f64", number>> | undefined>> = {
  "===": { signed: OP.i32_eq, unsigned: OP.i32_eq, wide: OP.i64_eq, f32: OP.f32_eq, f64: OP.f64_eq },
  "!==": { signed: OP.i32_ne, unsigned: OP.i32_ne, wide: OP.i64_ne, f32: OP.f32_ne, f64: OP.f64_ne },
  "<": { signed: OP.i32_lt_s, unsigned: OP.i32_lt_u, wide: OP.i64_lt_s, f32: OP.f32_lt, f64: OP.f64_lt },
  ">": { signed: OP.i32_gt_s, unsigned: OP.i32_gt_u, wide: OP.i64_gt_s, f32: OP.f32_gt, f64: OP.f64_gt },
  "<=": { signed: OP.i32_le_s, unsigned: OP.i32_le_u, wide: OP.i64_le_s, f32: OP.f32_le, f64: OP.f64_le },
  ">=": { signed: OP.i32_ge_s, unsigned: OP.i32_ge_u, wide: OP.i64_ge_s, f32: OP.f32_ge, f64: OP.f64_ge },
};
