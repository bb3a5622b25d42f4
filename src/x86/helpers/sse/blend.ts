/** Blends whose mask is XMM0, and PTEST. */
import { XMM } from "../../state.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** Takes an element from the source where the top bit of XMM0's is set. */
export const blendByMask = (name: string, bits: 8 | 32 | 64): VectorHelper => defVectorHelper(name, {
  doc: `${name.toUpperCase()}.`, isWide: true,
  bind(cpu) {
    const { R8 } = cpu.state, bytes = bits / 8, mask = new Uint8Array(16);
    return (dst, src) => {
      mask.set(R8.subarray(4 * XMM, 4 * XMM + 16));
      for (let i = 0; i < 16; i++) {
        const top = i - (i % bytes) + bytes - 1;
        if ((mask[top] & 0x80) !== 0) R8[4 * dst + i] = R8[4 * src + i];
      }
    };
  },
});

/** PTEST: returns ZF and CF at their places in EFLAGS. */
export const testRegisters = defVectorHelper("ptest", {
  doc: "PTEST: returns ZF and CF.", hasResult: true,
  bind: ({ R }) => (x, y) => {
    let common = 0, outside = 0;
    for (let i = 0; i < 4; i++) {
      common |= R[x + i] & R[y + i];
      outside |= ~R[x + i] & R[y + i];
    }
    return (common === 0 ? 0x40 : 0) | (outside === 0 ? 1 : 0);
  },
});
