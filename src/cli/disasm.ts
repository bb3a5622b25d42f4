/** `tcgjs disasm IMAGE`: an Intel-syntax listing with addresses and bytes. */
import { readImage } from "../host/files.ts";
import { wantsColour } from "../host/tty.ts";
import { palette } from "../inspect/palette.ts";
import { insnText } from "../inspect/text.ts";
import { recogniseFormat } from "../machine/boot/load.ts";
import { startBits } from "../machine/boot/plan.ts";
import { X86_OPCODES } from "../x86/insns/table.ts";
import { disassembleRange } from "../x86/isa/disasm.ts";
import { defineCommand, STATUS_OK } from "./command.ts";
import { planFile } from "./guest.ts";
import type { ValuesOf } from "./option-table.ts";
import { choice, number } from "./option-table.ts";
import { imageFormat } from "./vm-options.ts";

const ADDRESS_SPACE = 2 ** 32, DEFAULT_BASE = 0x1000;
/** Lines between looks at whether anybody still reads. */
const LINES_PER_FLUSH = 2000;

const listing = {
  format: imageFormat,
  bits: choice(["16", "32"], { help: "flat images: default operand and address size", initial: null, defaultText: "16" }),
  base: number({
    argument: "ADDR", help: "flat images: address of the first byte", min: 0, max: ADDRESS_SPACE - 1, initial: null, isHex: true, defaultText: "0x1000",
  }),
};

export const disasmCommand = defineCommand<typeof listing>({
  name: "disasm",
  about: "Lists a flat binary, or what a multiboot kernel or an ELF executable loads as code, as insns, one after the other from its first byte. "
    + "Data among the code is listed as code; a byte that starts no insn is a line of its own, \"(bad)\".",
  images: "one",
  groups: [{ title: "Listing", options: listing }],
  notes: [],
  examples: [
    { line: "tcgjs disasm guests/hello/hello.bin", does: "the smallest guest, all of it" },
    { line: "tcgjs disasm --bits 32 --base 0x1000 guests/sieve/sieve.bin", does: "a 32-bit guest at the address it is loaded to" },
  ],
  async run({ images: [image], values, output }) {
    const p = palette(wantsColour(output.stdout));
    let lines = 0;
    for (const { address, bytes, bits } of codeOf(image, values)) {
      for (const insn of disassembleRange(X86_OPCODES, bytes, address, bits)) {
        output.out(`${insnText({ ...insn, address: insn.address >>> 0 }, p)}\n`);
        if (++lines % LINES_PER_FLUSH === 0) await output.flush();
        if (output.isClosed) return STATUS_OK;
      }
    }
    return STATUS_OK;
  },
});

interface CodeRange {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly bits: 16 | 32;
}

/** What of an image is code, as far as its format tells. */
function codeOf(path: string, { format, base, bits }: ValuesOf<typeof listing>): CodeRange[] {
  const address = base ?? DEFAULT_BASE;
  const image = readImage(path, ADDRESS_SPACE - address, `the address space above 0x${address.toString(16)}`);
  const width = bits === null ? undefined : bits === "32" ? 32 : 16;
  const known = format === "auto" ? recogniseFormat(image) : format;
  if (known === "flat") return [{ address, bytes: image, bits: width ?? 16 }];
  const plan = planFile(path, image, { memoryBytes: ADDRESS_SPACE, format: known, loadAddress: base ?? undefined, bits: width });
  return plan.segments.filter((s) => s.isCode).map((s) => ({ address: s.address, bytes: s.bytes, bits: startBits(plan) }));
}
