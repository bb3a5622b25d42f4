/** Makes the IR of a block from decoded insns: the same lowerings, with the insns' fields bound to constants. */
import type { Block } from "../../tcg/ir/block.ts";
import { elementKindsOf } from "./element-kinds.ts";
import { lowerInsn } from "./interpret.ts";
import type { Insn } from "./isa/insn.ts";
import { Lowering } from "./lowering.ts";
import { RegionFlags } from "./region-flags.ts";
import { hasSsePrecisionFlag } from "./register-stack.ts";

/**
 * The IR of consecutive insns; the last may end the block itself, otherwise it goes on at the next insn.
 * @param unitState  how the floating-point units are before the block runs (register-stack.ts), which is taken to be so again
 */
export function lowerBlock(insns: readonly Insn[], name: string, unitState?: number): Block {
  if (unitState !== undefined) expectUnitState(insns, unitState);
  return lower(new Lowering(name, true), insns);
}

/** How often a block is made anew for another state of the floating-point units, before it is made without expecting any. */
const MAX_RETRIES = 3;

/** Notes how the units are: the first time, and where insns have lost their trust while it was otherwise. */
function expectUnitState(insns: readonly Insn[], state: number): void {
  const [first] = insns;
  if (first.unitState < 0) first.unitState = state;
  if (first.unitState === state || first.invalidations > MAX_RETRIES) return;
  const distrusted = insns.filter(({ form, isTrusted }) => form?.def.speculative === true && !isTrusted);
  if (distrusted.length === 0) return;
  first.unitState = state;
  for (const insn of distrusted) insn.isTrusted = true;
}

/** The same for a block of a region, where FLAGS_AUX is in parts. */
export function lowerRegionBlock(insns: readonly Insn[], name: string): Block {
  return lower(new Lowering(name, true, (b) => new RegionFlags(b)), insns);
}

function lower(b: Lowering, insns: readonly Insn[]): Block {
  const { unitState } = insns[0];
  b.x87.start(unitState);
  b.expectsPrecisionFlag = hasSsePrecisionFlag(unitState);
  b.expectElements(elementKindsOf(insns));
  for (const insn of insns) lowerInsn(b, insn);
  b.x87.finish();
  if (!b.ended) b.endDirect(0);
  return b.ir.block;
}
