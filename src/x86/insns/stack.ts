/** The stack: PUSH, POP and their relatives, ENTER and LEAVE. */
import { checkPopFlagsV86, popFlags, pushedFlagsV86, readFlags } from "../helpers/eflags.ts";
import { enterFrames } from "../helpers/enter.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { popDestination } from "../operands.ts";
import { EBP, ECX, EAX, EBX, EDI, EDX, ESI, ESP, F_RF, F_VM, G_SHADOW, SHADOW_MOV_SS, SEG_SELECTORS, SS } from "../state.ts";
import { endLoad, leaveToNext, loadSreg, soloLoad } from "./segment-load.ts";

const PUSHA_ORDER = [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI];

export const STACK_INSNS: readonly InsnDef[] = [
  defInsn("push", {
    ref: "SDM 2B PUSH", stack: true,
    forms: ["50+r  Zv", "68 iz  Iz", "6a ib  Ibs", "ff /6  Ev"],
    lower(b, [src], { opsize }) {
      const stack = b.stack();
      stack.push(opsize, src.read());
      stack.commit();
    },
  }),
  defInsn("push", {
    ref: "SDM 2B PUSH", stack: true,
    forms: ["06  ES", "0e  CS", "16  SS", "1e  DS", "0f a0  FS", "0f a8  GS"],
    lower(b, _operands, { opsize, sreg }) {
      const stack = b.stack(), selector = SEG_SELECTORS[sreg];
      stack.pushSelector(opsize, b.get(selector));
      stack.commit();
    },
  }),
  defInsn("pop", {
    ref: "SDM 2B POP", stack: true,
    forms: ["58+r  Zv", "8f /0  Ev"],
    lower(b, [operand], facts) {
      const stack = b.stack(), value = stack.pop(facts.opsize);
      if (operand.isMemory) {
        popDestination(b, facts, facts.opsize, stack.esp()).write(value);
        stack.commit();
      } else {
        // POP ESP: the popped value is what remains.
        stack.commit();
        operand.write(value);
      }
    },
  }),
  defInsn("pop", {
    ref: "SDM 2B POP", stack: true, solo: soloLoad,
    forms: ["07  ES", "17  SS", "1f  DS", "0f a1  FS", "0f a9  GS"],
    lower(b, _operands, facts) {
      // Two bytes are read whatever the operand size; the rest of the slot need not be accessible.
      const stack = b.stack(), selector = stack.peek(16);
      stack.skip(facts.opsize / 8);
      const isChanged = loadSreg(b, facts, selector);
      stack.commit();
      if (facts.sreg === SS) b.set(G_SHADOW, b.imm(SHADOW_MOV_SS));
      endLoad(b, facts, isChanged);
    },
  }),
  defInsn("pusha", {
    ref: "SDM 2B PUSHA/PUSHAD", stack: true,
    forms: ["60"],
    lower(b, _operands, { opsize }) {
      const stack = b.stack();
      for (const r of PUSHA_ORDER) stack.push(opsize, b.reg(opsize, r));
      stack.commit();
    },
  }),
  defInsn("popa", {
    ref: "SDM 2B POPA/POPAD", stack: true,
    forms: ["61"],
    lower(b, _operands, { opsize }) {
      const stack = b.stack();
      const values = PUSHA_ORDER.toReversed().map((r) => {
        if (r !== ESP) return { r, value: stack.pop(opsize) };
        stack.skip(opsize / 8);
        return null;
      });
      for (const popped of values) if (popped !== null) b.setReg(opsize, popped.r, popped.value);
      stack.commit();
    },
  }),
  defInsn("pushf", {
    ref: "SDM 2B PUSHF/PUSHFD", stack: true, privilege: true,
    forms: ["9c"],
    lower(b, _operands, facts) {
      const { opsize, mode } = facts, stack = b.stack();
      stack.push(opsize, mode.v86 ? b.call(pushedFlagsV86, b.imm(opsize)) : b.and(b.call(readFlags), b.imm(~(F_VM | F_RF))));
      stack.commit();
    },
  }),
  defInsn("popf", {
    ref: "SDM 2B POPF/POPFD", stack: true, privilege: true, solo: "last",
    forms: ["9d"],
    lower(b, _operands, facts) {
      if (facts.mode.v86) b.call(checkPopFlagsV86, b.imm(facts.opsize));
      const stack = b.stack();
      b.call(popFlags, stack.pop(facts.opsize), b.imm(facts.opsize));
      stack.commit();
      leaveToNext(b);
    },
  }),
  // Its frames are read and written by a helper: not in a block, whose code they may be, nor twice, since they may overlap.
  defInsn("enter", {
    ref: "SDM 2A ENTER", stack: true, solo: true,
    forms: ["c8 iw ib  Iw,Ib"],
    lower(b, [size, level], { opsize, mode }) {
      const stack = b.stack(), stackBits = mode.stack32 ? 32 : 16;
      stack.push(opsize, b.reg(opsize, EBP));
      const frame = stack.esp();
      stack.moveTo(b.call(enterFrames, frame, b.and(level.read(), b.imm(31)), b.imm(opsize), b.imm(stackBits)));
      stack.skipBy(b.neg(size.read()));
      // The new top must be writable, though nothing is written.
      b.load(opsize, b.linearIn(SS, stack.top(), stackBits, opsize / 8, true), "write");
      b.setReg(opsize, EBP, frame);
      stack.commit();
    },
  }),
  defInsn("leave", {
    ref: "SDM 2A LEAVE", stack: true,
    forms: ["c9"],
    lower(b, _operands, { opsize }) {
      const stack = b.stack();
      stack.moveTo(b.reg(32, EBP));
      const value = stack.pop(opsize);
      stack.commit();
      b.setReg(opsize, EBP, value);
    },
  }),
];
