/** MXCSR, the whole state, fences and cache control (`0f ae`). */
import { GP } from "../../fault.ts";
import { FX_BYTES } from "../../helpers/fpu/fx-image.ts";
import { restoreFxState, saveFxState } from "../../helpers/fpu/fx-state.ts";
import { MXCSR_RESERVED } from "../../helpers/sse/float-unit.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn } from "../../isa/define.ts";
import { G_MXCSR } from "../../state.ts";
import { requireFpu } from "../x87/lowering.ts";
import { requireSse } from "./vector-lowering.ts";

export const SSE_CONTROL: readonly InsnDef[] = [
  defInsn("ldmxcsr", {
    ref: "SDM 2A LDMXCSR", feature: "sse", forms: ["np 0f ae /2  Md"],
    lower(b, [src]) {
      requireSse(b);
      const v = src.read();
      b.faultIf(b.setcond("tstne", v, b.imm(MXCSR_RESERVED)), { vector: GP, error: 0 });
      b.set(G_MXCSR, v);
    },
  }),
  defInsn("stmxcsr", {
    ref: "SDM 2B STMXCSR", feature: "sse", forms: ["np 0f ae /3  Md"],
    lower(b, [dst]) {
      requireSse(b);
      dst.write(b.get(G_MXCSR));
    },
  }),
  // Both run alone: they touch everything, and FXSAVE may write over code.
  ...([["fxsave", 0, saveFxState], ["fxrstor", 1, restoreFxState]] as const).map(([name, digit, helper]) =>
    defInsn(name, {
      ref: `SDM 2A ${name.toUpperCase()}`, feature: "fxsr", forms: [`np 0f ae /${digit}  M`], privilege: true, solo: true,
      lower(b, [m]) {
        requireFpu(b);
        b.call(helper, m.linear(FX_BYTES, name === "fxsave"));
      },
    })),
  // Memory is in order and there are no caches; CLFLUSH checks its operand as a load of a byte does (SDM 2A CLFLUSH).
  ...([["lfence", 5, "sse2"], ["mfence", 6, "sse2"], ["sfence", 7, "sse"]] as const).map(([name, digit, feature]) =>
    defInsn(name, { feature, ref: `SDM 2 ${name.toUpperCase()}`, forms: [`np 0f ae /${digit} reg`], lower: () => {} })),
  defInsn("clflush", { ref: "SDM 2A CLFLUSH", feature: "clflush", forms: ["np 0f ae /7  Mb"], lower: (_b, [line]) => void line.read() }),
];
