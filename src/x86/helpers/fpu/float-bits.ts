/** Floats and their bits, for x87 insns in translated blocks. Without effects, and so short that V8 inlines them. */
import type { HelperDef } from "../define.ts";
import { defHelper } from "../define.ts";

function views(): { W: Int32Array; S: Float32Array; D: Float64Array } {
  const W = new Int32Array(2);
  return { W, S: new Float32Array(W.buffer), D: new Float64Array(W.buffer) };
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

export const wordsToDouble: HelperDef = defHelper("double_of_words", {
  params: 2, result: "f64", pure: true,
  doc: "The value of the bits of a double (lo, hi), no NaN.",
  bind: () => {
    const { W, D } = views();
    return (lo, hi) => {
      W[0] = lo;
      W[1] = hi;
      return D[0];
    };
  },
});

const wordOfDouble = (name: string, word: 0 | 1): HelperDef => defHelper(name, {
  params: ["f64"], result: "i32", pure: true,
  doc: `Word ${word} of the bits of a double.`,
  bind: () => {
    const { W, D } = views();
    return (x) => {
      D[0] = x;
      return W[word];
    };
  },
});
export const lowerWord = wordOfDouble("lower_word", 0), upperWord = wordOfDouble("upper_word", 1);

export const unsignedToDouble: HelperDef = defHelper("double_of_unsigned", {
  params: 2, result: "f64", pure: true,
  doc: "The nearest double to an unsigned 64-bit integer (lo, hi).",
  bind: () => (lo, hi) => (hi >>> 0) * 4294967296 + (lo >>> 0),
});
