/** Loads of segment registers, as MOV, POP and the LDS family share them. */
import { UD } from "../fault.ts";
import { setEip } from "../helpers/cpu-control.ts";
import { loadDataSegment, loadStackSegment } from "../helpers/segments.ts";
import type { Solo } from "../isa/define.ts";
import type { Facts } from "../isa/insn.ts";
import { SEG_64K } from "../isa/mode.ts";
import type { Lowering, Val } from "../lowering.ts";
import { CS, SEG_BASES, SEG_SELECTORS, SS } from "../state.ts";

/**
 * True if the load leaves the mode alone: in real mode and V86, selector and base are all that changes, and a plain
 * 64 KiB segment remains one. SS is left out for the interrupt shadow.
 */
function isPlainLoad(facts: Facts): boolean {
  const { mode, sreg } = facts;
  return (!mode.protectedMode || mode.v86) && sreg !== SS && sreg !== CS && mode.segClass[sreg] === SEG_64K;
}

/** For `InsnDef.solo`: loads may fault, shadow interrupts or change what code is decoded for. */
export function soloLoad(facts: Facts): Solo {
  if (isPlainLoad(facts)) return false;
  return facts.sreg === SS || facts.sreg === CS ? true : "conditional";
}

/**
 * Loads segment register `facts.sreg`; what may fault of it happens here, so the insn commits the rest of its state between this
 * and `endLoad`, which gets what this returns: not 0 where the mode is another now, null where it cannot be.
 */
export function loadSreg(b: Lowering, facts: Facts, selector: Val): Val | null {
  const { sreg } = facts, selectorSlot = SEG_SELECTORS[sreg], baseSlot = SEG_BASES[sreg];
  if (sreg === CS || selectorSlot === undefined || baseSlot === undefined) {
    b.fault(UD);
    return null;
  }
  if (!isPlainLoad(facts)) return b.call(sreg === SS ? loadStackSegment : loadDataSegment[sreg], selector, b.nextEip());
  b.set(selectorSlot, selector);
  b.set(baseSlot, b.shl(selector, b.imm(4)));
  return null;
}

/** Ends an insn that has loaded a segment register. */
export function endLoad(b: Lowering, facts: Facts, isChanged: Val | null): void {
  if (facts.sreg === SS) leaveToNext(b);
  else if (isChanged !== null) b.leaveIfChanged(isChanged);
}

/** Ends a solo insn that goes on with the next one, for the engine to look at the mode again. */
export function leaveToNext(b: Lowering): void {
  b.call(setEip, b.nextEip());
  b.leave();
}
