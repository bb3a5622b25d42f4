/** AES and carry-less multiplication. */
import { acrossHelper } from "../../helpers/sse/across.ts";
import { aesdec, aesdeclast, aesenc, aesenclast, aesimc, aeskeygenassist } from "../../helpers/sse/aes.ts";
import { pclmulqdq } from "../../helpers/sse/carry-less.ts";
import type { InsnDef } from "../../isa/define.ts";
import { ofFeature } from "../../isa/define.ts";
import { xmmInsn } from "./packed.ts";

export const SSE_AES: readonly InsnDef[] = [
  ...ofFeature("aes",
    xmmInsn("aesimc", "66 0f 38 db /r  Vdq,Wdq", acrossHelper("aesimc", aesimc, 4)),
    xmmInsn("aesenc", "66 0f 38 dc /r  Vdq,Wdq", acrossHelper("aesenc", aesenc, 4)),
    xmmInsn("aesenclast", "66 0f 38 dd /r  Vdq,Wdq", acrossHelper("aesenclast", aesenclast, 4)),
    xmmInsn("aesdec", "66 0f 38 de /r  Vdq,Wdq", acrossHelper("aesdec", aesdec, 4)),
    xmmInsn("aesdeclast", "66 0f 38 df /r  Vdq,Wdq", acrossHelper("aesdeclast", aesdeclast, 4)),
    xmmInsn("aeskeygenassist", "66 0f 3a df /r ib  Vdq,Wdq,Ib", acrossHelper("aeskeygenassist", aeskeygenassist, 4)),
  ),
  ...ofFeature("pclmulqdq", xmmInsn("pclmulqdq", "66 0f 3a 44 /r ib  Vdq,Wdq,Ib", acrossHelper("pclmulqdq", pclmulqdq, 4))),
];
