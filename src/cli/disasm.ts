/** `tcgjs disasm IMAGE`: an Intel-syntax listing with addresses and bytes. */
import { readImage } from "../host/files.ts";
import { wantsColour } from "../host/tty.ts";
import { palette } from "../inspect/palette.ts";
import { insnText } from "../inspect/text.ts";
import { X86_OPCODES } from "../x86/insns/table.ts";
import { disassembleRange } from "../x86/isa/disasm.ts";
import { defineCommand, STATUS_OK } from "./command.ts";
import { choice, number } from "./option-table.ts";

const ADDRESS_SPACE = 2 ** 32;
/** Lines between looks at whether anybody still reads. */
const LINES_PER_FLUSH = 2000;

const listing = {
  bits: choice(["16", "32"], { help: "default operand and address size", initial: "16" }),
  base: number({ argument: "ADDR", help: "address of the first byte", min: 0, max: ADDRESS_SPACE - 1, initial: 0x1000, isHex: true }),
};

export const disasmCommand = defineCommand<typeof listing>({
  name: "disasm",
  about: "Lists a flat binary as insns, one after the other from its first byte. Data among the code is listed as code; "
    + "a byte that starts no insn is a line of its own, \"(bad)\".",
  images: "one",
  groups: [{ title: "Listing", options: listing }],
  notes: [],
  examples: [
    { line: "tcgjs disasm guests/hello/hello.bin", does: "the smallest guest, all of it" },
    { line: "tcgjs disasm --bits 32 --base 0x1000 guests/sieve/sieve.bin", does: "a 32-bit guest at the address it is loaded to" },
  ],
  async run({ images: [image], values: { bits, base }, output }) {
    const bytes = readImage(image, ADDRESS_SPACE - base, `the address space above 0x${base.toString(16)}`);
    const p = palette(wantsColour(1));
    let lines = 0;
    for (const insn of disassembleRange(X86_OPCODES, bytes, base, bits === "32" ? 32 : 16)) {
      output.out(`${insnText({ ...insn, address: insn.address >>> 0 }, p)}\n`);
      if (++lines % LINES_PER_FLUSH === 0) await output.flush();
      if (output.isClosed) break;
    }
    return STATUS_OK;
  },
});
