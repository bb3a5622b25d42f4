/** Singles as doubles and back, for x87 insns in translated blocks. Without effects, and so short that V8 inlines them. */
import type { HelperDef } from "../define.ts";
import { defHelper } from "../define.ts";

function views(): { W: Int32Array; S: Float32Array } {
  const W = new Int32Array(1);
  return { W, S: new Float32Array(W.buffer) };
}

export const singleToDouble: HelperDef = defHelper("double_of_single", {
  params: 1, result: "f64", pure: true,
  doc: "The value of the bits of a single, no NaN.",
  bind: () => {
    const { W, S } = views();
    return (bits) => {
      W[0] = bits;
      return S[0];
    };
  },
});

export const doubleToSingle: HelperDef = defHelper("single_of_double", {
  params: ["f64"], result: "i32", pure: true,
  doc: "The bits of the nearest single.",
  bind: () => {
    const { W, S } = views();
    return (x) => {
      S[0] = x;
      return W[0];
    };
  },
});
