// The disassembler against objdump over more random encodings: `SEED=n npm run test:slow`.

import { expect } from "chai";
import { X86_OPCODES } from "../../../../src/x86/insns/table.ts";
import { disassembleRange } from "../../../../src/x86/isa/disasm.ts";
import { textSeed } from "../../../support/seed.ts";
import { slowCount } from "../../../support/slow.ts";
import { asIntended, hasObjdump, objdump } from "./objdump.ts";
import { randomEncodings } from "./random-encodings.ts";

const PER_FORM = slowCount(200);

describe("disassembler, over random encodings", () => {
  const seed = textSeed("disasm");

  for (const bits of [16, 32] as const) {
    it(`agrees with objdump on ${PER_FORM} ${bits}-bit encodings of every form, seed ${seed}`, function () {
      // Without objdump there is no second opinion; the recorded listing is checked by disasm.test.ts.
      if (!hasObjdump()) this.skip();
      const encodings = randomEncodings(X86_OPCODES, PER_FORM, seed);
      const wrong: string[] = [];
      objdump(encodings, bits).forEach(({ address, length, text }, i) => {
        const bytes = Uint8Array.from([...encodings[i], ...new Array<number>(16).fill(0x90)]);
        const [ours] = disassembleRange(X86_OPCODES, bytes, address, bits);
        if (ours.text.replace(/ +/g, " ") === asIntended(text) && ours.bytes.length === length) return;
        wrong.push(`${Buffer.from(bytes.subarray(0, length)).toString("hex")}  ours: ${ours.text}  objdump: ${text}`);
      });
      expect(wrong.join("\n")).to.equal("");
    });
  }
});
