/** Bytes looked up in a vector (PSHUFB). Without effects, and so short that V8 inlines it. */
import type { HelperDef } from "../define.ts";
import { defHelper } from "../define.ts";

export const bytesOfTable: HelperDef = defHelper("bytes_of_table", {
  params: 5, result: "i32", pure: true,
  doc: "Of four words, the bytes that the low halves of the last operand's bytes number; 0 where its byte is negative.",
  bind: () => {
    const words = new Int32Array(4), bytes = new Uint8Array(words.buffer);
    return (w0, w1, w2, w3, indices) => {
      words[0] = w0;
      words[1] = w1;
      words[2] = w2;
      words[3] = w3;
      const found = bytes[indices & 15] | (bytes[(indices >> 8) & 15] << 8) | (bytes[(indices >> 16) & 15] << 16) | (bytes[(indices >> 24) & 15] << 24);
      const tops = indices & 0x80808080;
      return found & ~((tops << 1) - (tops >>> 7));
    };
  },
});
