// The disassembler against GNU objdump: a recorded listing always, a fresh random one where there is an objdump
// (disasm.slow.ts). BLESS=1 records the listing anew.

import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { X86_OPCODES } from "../../../../src/x86/insns/table.ts";
import type { DisassembledInsn } from "../../../../src/x86/isa/disasm.ts";
import { disassembleRange } from "../../../../src/x86/isa/disasm.ts";
import { Random } from "../../../oracle/random.ts";
import { isBlessing } from "../../../support/filetest.ts";
import { projectRoot } from "../../../support/project.ts";
import { asIntended, objdump } from "./objdump.ts";
import { randomEncodings } from "./random-encodings.ts";

const LISTING = join(projectRoot, "test/src/x86/isa/objdump.txt");

function lines(bytes: readonly number[], bits: 16 | 32, address = 0): DisassembledInsn[] {
  return [...disassembleRange(X86_OPCODES, Uint8Array.from(bytes), address, bits)];
}

const texts = (bytes: readonly number[], bits: 16 | 32, address = 0): string[] => lines(bytes, bits, address).map(({ text }) => text);

function record(): void {
  const recorded = ([16, 32] as const).flatMap((bits) => {
    const encodings = randomEncodings(X86_OPCODES, 2, new Random(`objdump ${bits}`));
    return objdump(encodings, bits).map(({ address, length, text }, i) => {
      const bytes = Buffer.from(encodings[i].slice(0, length)).toString("hex");
      return `${bits} ${bytes} ${address.toString(16)} ${text}\n`;
    });
  });
  writeFileSync(LISTING, recorded.join(""));
}

describe("disassembler", () => {
  if (isBlessing()) record();

  it("agrees with a recorded objdump listing of every form", () => {
    const recorded = readFileSync(LISTING, "utf8").trimEnd().split("\n");
    expect(recorded).to.have.length.above(1000);
    const wrong: string[] = [];
    for (const line of recorded) {
      const [, bits, hex, address, text] = /^(\d+) (\w+) (\w+) (.*)$/.exec(line) ?? [];
      const ours = texts([...Buffer.from(hex, "hex")], bits === "16" ? 16 : 32, parseInt(address, 16)).join("; ");
      if (ours.replace(/ +/g, " ") !== asIntended(text)) wrong.push(`${line}   ours: ${ours}`);
    }
    expect(wrong).to.deep.equal([]);
  });

  it("pads the mnemonic and leaves no blank where there are no operands", () => {
    expect(texts([0x01, 0xd8, 0xf8], 32)).to.deep.equal(["add    eax,ebx", "clc"]);
  });

  it("prints branch targets as addresses", () => {
    expect(texts([0xeb, 0xfe], 32, 0x1000)).to.deep.equal(["jmp    0x1000"]);
    expect(texts([0xe9, 0xfd, 0xff], 16, 0xf0010)).to.deep.equal(["jmp    0xf0010"]);
  });

  it("goes on with the byte after one that starts no insn", () => {
    expect(texts([0x0f, 0x04, 0x90], 32)).to.deep.equal(["(bad)", "add    al,0x90"]);
  });

  it("prints the bytes of an insn that the range cuts off", () => {
    const cut = lines([0x90, 0xb8, 0x01], 32, 0x10);
    expect(cut.map(({ text }) => text)).to.deep.equal(["nop", ".byte 0xb8", ".byte 0x1"]);
    expect(cut.map(({ address }) => address)).to.deep.equal([0x10, 0x11, 0x12]);
  });
});
