/** The instruction table: every family, in one list. Adding an instruction is adding it to a family; adding a family, a line here. */
import type { InsnDef } from "../isa/define.ts";
import { OpcodeMap } from "../isa/opcode-map.ts";
import { ALU } from "./alu.ts";
import { BCD } from "./bcd.ts";
import { BITS } from "./bits.ts";
import { CONTROL_INSNS } from "./control.ts";
import { FLAG_OPS } from "./flag-ops.ts";
import { IO_INSNS } from "./io.ts";
import { MOVE } from "./move.ts";
import { MULDIV } from "./muldiv.ts";
import { PROCESSOR_INSNS } from "./processor.ts";
import { SHIFT } from "./shift.ts";
import { SSE_INSNS } from "./sse/sse.ts";
import { STACK_INSNS } from "./stack.ts";
import { STRING } from "./string.ts";
import { SYSTEM_INSNS } from "./system.ts";
import { X87_INSNS } from "./x87/x87.ts";

const INSNS: readonly InsnDef[] = [
  ...MOVE, ...ALU, ...SHIFT, ...MULDIV, ...BITS, ...BCD, ...FLAG_OPS, ...STRING,
  ...STACK_INSNS, ...CONTROL_INSNS, ...SYSTEM_INSNS, ...PROCESSOR_INSNS, ...IO_INSNS, ...X87_INSNS,
  ...SSE_INSNS,
];

/** The same, ready to decode. */
export const X86_OPCODES = new OpcodeMap(INSNS);
