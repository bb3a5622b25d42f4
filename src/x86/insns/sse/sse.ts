/** MMX, SSE, SSE2, SSE3, SSSE3, SSE4.1, SSE4.2, AES and PCLMULQDQ, in one list. */
import type { InsnDef } from "../../isa/define.ts";
import { SSE_AES } from "./aes.ts";
import { SSE_CONTROL } from "./control.ts";
import { SSE_ELEMENT } from "./element.ts";
import { SSE_FLOAT } from "./float.ts";
import { SSE_MOVE } from "./move.ts";
import { PACKED } from "./packed.ts";
import { SSE_PERMUTATIONS } from "./permutations.ts";
import { SSE_TEXT } from "./text.ts";

export const SSE_INSNS: readonly InsnDef[] = [...SSE_MOVE, ...PACKED, ...SSE_PERMUTATIONS, ...SSE_ELEMENT, ...SSE_FLOAT, ...SSE_TEXT, ...SSE_AES, ...SSE_CONTROL];
