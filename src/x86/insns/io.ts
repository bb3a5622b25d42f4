/** Port I/O. All of it leaves for whoever owns the ports, so every form is solo (helpers/port-io.ts). */
import { inputString, outputString, portIn, portOut } from "../helpers/port-io.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { SEG_BASE } from "../state.ts";

export const IO_INSNS: readonly InsnDef[] = [
  defInsn("in", {
    ref: "SDM 2A IN", solo: true,
    forms: ["e4 ib  AL,Ib", "e5 ib  rAX,Ib", "ec  AL,DX", "ed  rAX,DX"],
    lower: (b, [dst, port]) => dst.write(b.call(portIn, port.read(), b.imm(dst.width / 8))),
  }),
  defInsn("out", {
    ref: "SDM 2B OUT", solo: true,
    forms: ["e6 ib  Ib,AL", "e7 ib  Ib,rAX", "ee  DX,AL", "ef  DX,rAX"],
    lower(b, [port, src]) {
      b.call(portOut, port.read(), b.imm(src.width / 8), src.read());
    },
  }),
  defInsn("ins", {
    ref: "SDM 2A INS", solo: true, rep: "rep",
    forms: ["6c  Yb,DX", "6d  Yz,DX"],
    lower: (b, [dst], { adsize, rep }) => b.retryIf(b.call(inputString, b.imm(dst.width / 8), b.imm(adsize), b.imm(rep))),
  }),
  defInsn("outs", {
    ref: "SDM 2B OUTS", solo: true, rep: "rep",
    forms: ["6e  DX,Xb", "6f  DX,Xz"],
    lower(b, [, src], { adsize, rep }) {
      const seg = b.sub(b.field("seg"), b.imm(SEG_BASE));
      b.retryIf(b.call(outputString, b.imm(src.width / 8), b.imm(adsize), b.imm(rep), seg));
    },
  }),
];
