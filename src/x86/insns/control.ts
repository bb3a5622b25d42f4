/** Control transfer: near and far jumps, calls and returns, conditional jumps, loops, software interrupts, BOUND. */
import { BR } from "../fault.ts";
import { farCall, farJump } from "../helpers/far.ts";
import { farReturn, interruptReturn } from "../helpers/far-return.ts";
import { interruptInsn, overflowTrap, trapInsn } from "../helpers/interrupt-insns.ts";
import type { InsnDef, LowerFn } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val } from "../lowering.ts";
import type { Operand } from "../operands.ts";
import { ECX } from "../state.ts";

/** Mnemonic suffixes by condition code (SDM 1 appendix B). */
const CONDITIONS = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];
const ZERO_CC = 4;

const hex = (n: number): string => n.toString(16).padStart(2, "0");

const jcc = CONDITIONS.map((suffix, cc) => defInsn(`j${suffix}`, {
  ref: "SDM 2A Jcc", branch: "conditional",
  forms: [`${hex(0x70 + cc)} ib  Jb`, `0f ${hex(0x80 + cc)} iz  Jz`],
  lower: (b) => b.jumpIf(b.flags.condition(cc)),
}));

/** LOOPcc: decrements the counter (by address size) and jumps while it is not 0 and the condition holds. */
function loop(condition: (b: Lowering) => Val | null): LowerFn {
  return (b, _operands, { adsize }) => {
    const count = b.sub(b.reg(adsize, ECX), b.imm(1)), also = condition(b);
    const more = b.setcond("ne", b.zext(adsize, count), b.imm(0));
    const taken = also === null ? more : b.and(more, also);
    b.checkTarget(b.field("teip"), taken);
    b.setReg(adsize, ECX, count);
    b.branchIf(taken);
  };
}

/** Pushes the return address and goes to `target`, which nothing has checked yet. */
function call(b: Lowering, target: Val, isDirect: boolean): void {
  b.checkTarget(target, null);
  const stack = b.stack();
  stack.push(b.facts.opsize, b.nextEip());
  stack.commit();
  if (isDirect) b.endDirect(1);
  else b.jumpTo(target);
}

function ret(b: Lowering, extraBytes: Val | null): void {
  const stack = b.stack(), target = stack.pop(b.facts.opsize);
  b.checkTarget(target, null);
  if (extraBytes !== null) stack.skipBy(extraBytes);
  stack.commit();
  b.jumpTo(target);
}

/** Selector and offset of a far pointer in memory: the selector follows the offset (SDM 2A §3.1.1.3, m16:16 and m16:32). */
export function farPointer(b: Lowering, pointer: Operand): { offset: Val; selector: Val } {
  const offset = pointer.read();
  return { offset, selector: pointer.at(b.imm(pointer.width / 8), 16).read() };
}

function jumpFar(b: Lowering, selector: Val, offset: Val): void {
  b.call(farJump, selector, offset, b.nextEip());
  b.leave();
}

function callFar(b: Lowering, selector: Val, offset: Val): void {
  b.call(farCall, selector, offset, b.imm(b.facts.opsize), b.nextEip());
  b.leave();
}

function retFar(b: Lowering, extraBytes: Val): void {
  b.call(farReturn, b.imm(b.facts.opsize), extraBytes);
  b.leave();
}

/** INT3 and INT1, which differ from INT n in what they check. */
function trap(b: Lowering, vector: 1 | 3): void {
  b.call(trapInsn, b.imm(vector), b.nextEip());
  b.leave();
}

const near: readonly InsnDef[] = [
  defInsn("jmp", { ref: "SDM 2A JMP", branch: "always", forms: ["eb ib  Jb", "e9 iz  Jz"], lower: (b) => b.jump() }),
  defInsn("jmp", {
    ref: "SDM 2A JMP", branch: "always",
    forms: ["ff /4  Ev"],
    lower(b, [target]) {
      const offset = target.read();
      b.checkTarget(offset, null);
      b.jumpTo(offset);
    },
  }),
  defInsn("call", {
    ref: "SDM 2A CALL", branch: "always", stack: true, forms: ["e8 iz  Jz"],
    lower: (b) => call(b, b.field("teip"), true),
  }),
  defInsn("call", {
    ref: "SDM 2A CALL", branch: "always", stack: true, forms: ["ff /2  Ev"],
    lower: (b, [target]) => call(b, target.read(), false),
  }),
  defInsn("ret", { ref: "SDM 2B RET", branch: "always", stack: true, forms: ["c3"], lower: (b) => ret(b, null) }),
  defInsn("ret", {
    ref: "SDM 2B RET", branch: "always", stack: true, forms: ["c2 iw  Iw"],
    lower: (b, [bytes]) => ret(b, bytes.read()),
  }),
  defInsn("loop", { ref: "SDM 2A LOOP", branch: "conditional", forms: ["e2 ib  Jb"], lower: loop(() => null) }),
  defInsn("loope", { ref: "SDM 2A LOOP", branch: "conditional", forms: ["e1 ib  Jb"], lower: loop((b) => b.flags.condition(ZERO_CC)) }),
  defInsn("loopne", { ref: "SDM 2A LOOP", branch: "conditional", forms: ["e0 ib  Jb"], lower: loop((b) => b.flags.condition(ZERO_CC | 1)) }),
  defInsn("jcxz", {
    ref: "SDM 2A Jcc", branch: "conditional", forms: ["e3 ib  Jb"],
    lower: (b, _operands, { adsize }) => b.jumpIf(b.setcond("eq", b.reg(adsize, ECX), b.imm(0))),
  }),
  defInsn("bound", {
    ref: "SDM 2A BOUND",
    forms: ["62 /r  Gv,Ma"],
    lower(b, [index, bounds], { opsize }) {
      const signed = (v: Val): Val => b.sext(opsize, v);
      const value = signed(index.read()), lower = signed(bounds.read());
      const upper = signed(bounds.at(b.imm(opsize / 8), opsize).read());
      b.faultIf(b.or(b.setcond("lt", value, lower), b.setcond("gt", value, upper)), { vector: BR });
    },
  }),
];

/** A transfer by a far pointer: one in the insn, or one in memory. */
const farTransfer = (name: "jmp" | "call", inInsn: string, inMemory: string, go: (b: Lowering, selector: Val, offset: Val) => void): InsnDef[] => [
  defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, branch: "always", solo: "last", forms: [inInsn],
    lower: (b) => go(b, b.field("imm2"), b.field("imm")),
  }),
  defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, branch: "always", solo: "last", forms: [inMemory],
    lower(b, [pointer]) {
      const { selector, offset } = farPointer(b, pointer);
      go(b, selector, offset);
    },
  }),
];

const far: readonly InsnDef[] = [
  ...farTransfer("jmp", "ea  Ap", "ff /5  Mp", jumpFar),
  ...farTransfer("call", "9a  Ap", "ff /3  Mp", callFar),
  defInsn("retf", { ref: "SDM 2B RET", branch: "always", solo: "last", forms: ["cb"], lower: (b) => retFar(b, b.imm(0)) }),
  defInsn("retf", { ref: "SDM 2B RET", branch: "always", solo: "last", forms: ["ca iw  Iw"], lower: (b, [bytes]) => retFar(b, bytes.read()) }),
];

const interrupts: readonly InsnDef[] = [
  defInsn("int", { ref: "SDM 2A INT n", branch: "always", solo: "last", forms: ["cd ib  Ib"],
    lower(b, [vector]) {
      b.call(interruptInsn, vector.read(), b.nextEip());
      b.leave();
    },
  }),
  defInsn("int3", { ref: "SDM 2A INT3", branch: "always", solo: "last", forms: ["cc"], lower: (b) => trap(b, 3) }),
  defInsn("int1", { ref: "SDM 2A INT1", branch: "always", solo: "last", forms: ["f1"], lower: (b) => trap(b, 1) }),
  defInsn("into", {
    ref: "SDM 2A INTO", branch: "always", solo: "last", forms: ["ce"],
    lower(b) {
      b.call(overflowTrap, b.nextEip());
      b.leave();
    },
  }),
  defInsn("iret", {
    ref: "SDM 2A IRET/IRETD", branch: "always", solo: "last", forms: ["cf"],
    lower(b) {
      b.call(interruptReturn, b.imm(b.facts.opsize), b.nextEip());
      b.leave();
    },
  }),
];

export const CONTROL_INSNS: readonly InsnDef[] = [...jcc, ...near, ...far, ...interrupts];
