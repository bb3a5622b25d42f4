/** The x87 instructions: opcodes d8 to df. */
import type { InsnDef } from "../../isa/define.ts";
import { ofFeature } from "../../isa/define.ts";
import { X87_ARITHMETIC } from "./arithmetic.ts";
import { X87_CONTROL } from "./control.ts";
import { X87_TRANSFER } from "./transfer.ts";

export const X87_INSNS: readonly InsnDef[] = ofFeature("fpu", ...X87_ARITHMETIC, ...X87_TRANSFER, ...X87_CONTROL);
