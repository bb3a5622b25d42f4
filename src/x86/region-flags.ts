/**
 * Arithmetic flags within regions: the result as ever (FLAGS_RES), but instead of the carry vector (FLAGS_AUX) what it can be
 * made from, since that is mere moves, and only a way out of the region needs the vector.
 *
 *   CF_A, CF_B   CF is whether the first is below the second, as unsigned numbers
 *   CC_KIND      what gives the other bits: 8, 16 or 32 for the result of an addition of that width, -8, -16 or -32 of a
 *                subtraction, 0 for a vector at hand
 *   CC_X         the first operand, zero extended; or the vector, but for its CF
 *
 * The second operand follows from the first and the result. INC and DEC, which keep CF, need not touch its two words.
 */
import type { Inline } from "../../tcg/ir/types.ts";
import { inlineFunction } from "../../tcg/js/inline.ts";
import type { PackedSlot } from "../../tcg/js/target.ts";
import { AUX_CF_PO } from "./flags.ts";
import { CC_B, CC_BE, FlagLowering } from "./flags-ir.ts";
import { defHelper } from "./helpers/define.ts";
import type { Val, Width } from "./lowering.ts";
import { G_CC_KIND, G_CC_X, G_CF_A, G_CF_B, G_FLAGS_AUX, G_FLAGS_RES } from "./state.ts";

/** FLAGS_AUX from its parts and FLAGS_RES: kind, x, cf_a, cf_b, res. */
const PACK_FLAGS: Inline = {
  params: 5,
  steps: [
    "$0 >> 31",                                              // $5: -1 for a subtraction
    "(($4 - $1 | 0) ^ $5) - $5 | 0",                         // $6: the second operand
    "+($2 >>> 0 < $3 >>> 0)",                                // $7: CF
    "($1 ^ $4) & ($6 ^ $4 ^ ($4 ^ $1) & $5)",                // $8: OF, at the top bit of the width
    `$7 << 31 | ($0 === 0 ? ($7 ^ ($1 ^ $1 << 1) >>> 31) << 30 | $1 & ${~AUX_CF_PO} : ($7 ^ $8 >>> (($0 ^ $5) - $5) - 1 & 1) << 30 | (($1 ^ $6 ^ $4) & 16) >> 1)`,
  ],
};

const packFlags = inlineFunction(PACK_FLAGS);

// As in tcg/js/runtime.ts: V8 compiles for the numbers it has seen.
for (const kind of [0, 8, -8, 16, -16, 32, -32]) {
  for (const n of [0, 1, 0x12345678, -0x6789abcd]) packFlags(kind, n, n, -n | 0, -0x12345678);
}

const pack = defHelper("packFlags", {
  params: 5, result: "i32", pure: true, inline: PACK_FLAGS, doc: "FLAGS_AUX from its parts and FLAGS_RES (kind, x, cf_a, cf_b, res).",
  bind: () => packFlags,
});

/** FLAGS_AUX, for the emitter of regions. */
export const PACKED_FLAGS: PackedSlot = {
  slot: G_FLAGS_AUX,
  parts: [
    { global: G_CC_KIND, unpack: "0" },
    { global: G_CC_X, unpack: "$0" },
    { global: G_CF_A, unpack: "0" },
    { global: G_CF_B, unpack: "$0 >>> 31" },
  ],
  pack,
  also: [G_FLAGS_RES],
};

export class RegionFlags extends FlagLowering {
  protected override aux(): Val {
    const { b } = this;
    return b.call(pack, b.get(G_CC_KIND), b.get(G_CC_X), b.get(G_CF_A), b.get(G_CF_B), b.get(G_FLAGS_RES));
  }

  protected override setAux(aux: Val): void {
    this.setRest(0, aux);
    this.setCf(this.b.imm(0), this.b.shr(aux, this.b.imm(31)));
  }

  private setRest(kind: number, x: Val): void {
    const { b } = this;
    b.set(G_CC_KIND, b.imm(kind));
    b.set(G_CC_X, x);
  }

  /** CF = a < b. */
  private setCf(a: Val, b: Val): void {
    this.b.set(G_CF_A, a);
    this.b.set(G_CF_B, b);
  }

  override add(width: Width, r: Val, x: Val, y: Val, carryIn = false): void {
    if (carryIn) return super.add(width, r, x, y, carryIn);
    const { b } = this, res = b.sext(width, r);
    b.set(G_FLAGS_RES, res);
    this.setRest(width, x);
    this.setCf(b.zext(width, r), x);
    this.known = { kind: "add", width, res, x, y };
  }

  override sub(width: Width, r: Val, x: Val, y: Val, borrowIn = false): void {
    if (borrowIn) return super.sub(width, r, x, y, borrowIn);
    const { b } = this, res = b.sext(width, r);
    b.set(G_FLAGS_RES, res);
    this.setRest(-width, x);
    this.setCf(x, y);
    this.known = { kind: "sub", width, res, x, y };
  }

  override inc(width: Width, r: Val, x: Val): void {
    this.stepped(width, r, width, x);
  }

  override dec(width: Width, r: Val, x: Val): void {
    this.stepped(width, r, -width, x);
  }

  private stepped(width: Width, r: Val, kind: number, x: Val): void {
    const { b } = this, res = b.sext(width, r);
    b.set(G_FLAGS_RES, res);
    this.setRest(kind, x);
    this.known = { kind: "result", width, res, x: res, y: res };
  }

  override setCarry(cf: Val): void {
    this.setCf(this.b.imm(0), cf);
    this.known = null;
  }

  protected override positive(cc: number): Val {
    const { b } = this;
    if (this.known === null || this.known.kind === "result") {
      const carry = (): Val => b.setcond("ltu", b.get(G_CF_A), b.get(G_CF_B));
      if (cc === CC_B) return carry();
      if (cc === CC_BE) return b.or(carry(), b.setcond("eq", b.get(G_FLAGS_RES), b.imm(0)));
    }
    return super.positive(cc);
  }
}
