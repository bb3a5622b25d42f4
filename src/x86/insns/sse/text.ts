/** SSE4.2: string comparison and CRC32. */
import { crc32 } from "../../helpers/sse/crc32.ts";
import { STRING_COMPARES } from "../../helpers/sse/strings.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import { ECX } from "../../state.ts";
import { vector, vectorRegister } from "../../vector-operands.ts";
import { callVector, requireSse } from "./vector-lowering.ts";

/** They are the only 128-bit memory operands of SSE arithmetic that need no alignment. */
const compares: readonly InsnDef[] = ([["pcmpestrm", "60"], ["pcmpestri", "61"], ["pcmpistrm", "62"], ["pcmpistri", "63"]] as const)
  .map(([name, opcode]) => defInsn(name, {
    ref: `SDM 2B ${name.toUpperCase()}`, forms: [`66 0f 3a ${opcode} /r ib  Vdq,Wdq,Ib`],
    lower(b, [dst, src, imm]) {
      requireSse(b);
      const found = callVector(b, STRING_COMPARES[name], vectorRegister(dst), vector(src), imm.read(), "unaligned");
      if (name.endsWith("i")) b.setReg(32, ECX, b.shr(found, b.imm(16)));
      b.flags.fromEflags(found);
    },
  }));

export const SSE_TEXT: readonly InsnDef[] = ofFeature("sse4.2",
  ...compares,
  // An integer insn: CR0 and CR4 do not matter.
  defInsn("crc32", {
    ref: "SDM 2A CRC32", forms: ["f2 0f 38 f0 /r  Gd,Eb", "f2 0f 38 f1 /r  Gd,Ev"],
    lower(b, [dst, src]) {
      dst.write(b.call(crc32, dst.read(), src.read(), b.imm(src.width / 8)));
    },
  }),
);
