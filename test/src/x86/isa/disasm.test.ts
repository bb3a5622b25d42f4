// The disassembler against GNU objdump: a recorded listing always, a fresh random one where there is an objdump
// (disasm.slow.ts). BLESS=1 records the listing anew.

import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { X86_OPCODES } from "../../../../src/x86/insns/table.ts";
import { Decoder } from "../../../../src/x86/isa/decode.ts";
import type { DisassembledInsn } from "../../../../src/x86/isa/disasm.ts";
import { disassembleRange } from "../../../../src/x86/isa/disasm.ts";
import type { Form } from "../../../../src/x86/isa/forms.ts";
import { Insn } from "../../../../src/x86/isa/insn.ts";
import { modeOfKey } from "../../../../src/x86/isa/mode.ts";
import { isBlessing } from "../../../support/filetest.ts";
import { projectRoot } from "../../../support/project.ts";
import { asIntended, objdump } from "./objdump.ts";
import { isListed, randomEncodings } from "./random-encodings.ts";

const LISTING = join(projectRoot, "test/src/x86/isa/objdump.txt");

function lines(bytes: readonly number[], bits: 16 | 32, address = 0): DisassembledInsn[] {
  return [...disassembleRange(X86_OPCODES, Uint8Array.from(bytes), address, bits)];
}

const texts = (bytes: readonly number[], bits: 16 | 32, address = 0): string[] => lines(bytes, bits, address).map(({ text }) => text);

function record(): void {
  const recorded = ([16, 32] as const).flatMap((bits) => {
    const encodings = randomEncodings(X86_OPCODES, 2, `objdump ${bits}`);
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
    expect(wrong.join("\n")).to.equal("");
  });

  it("has a recorded line for every form that objdump knows (BLESS=1 records anew)", () => {
    const decoder = new Decoder(X86_OPCODES), seen = new Set<Form | null>();
    for (const line of readFileSync(LISTING, "utf8").trimEnd().split("\n")) {
      const [bits, hex] = line.split(" "), bytes = Buffer.from(hex, "hex");
      const insn = new Insn(modeOfKey(bits === "32" ? 1 << 12 : 0), 0, 0, (i) => i, null);
      decoder.decode({ bytes, available: bytes.length }, insn);
      seen.add(insn.form);
    }
    const missing = X86_OPCODES.forms.filter((form) => isListed(form) && !seen.has(form));
    expect(missing.map(({ def, text }) => `${def.name}: ${text}`)).to.deep.equal([]);
  });

  it("has names for insns that objdump does not know", () => {
    expect(texts([0xd6, 0xdc, 0xd1, 0xdc, 0xda, 0xde, 0xd3], 32)).to.deep.equal(["salc", "fcom2  st(1)", "fcomp3 st(2)", "fcomp5 st(3)"]);
    expect(texts([0xdd, 0xcc, 0xdf, 0xcd, 0xd9, 0xde], 32)).to.deep.equal(["fxch4  st(4)", "fxch7  st(5)", "fstp1  st(6)"]);
    expect(texts([0xdf, 0xd7, 0xdf, 0xd8], 32)).to.deep.equal(["fstp8  st(7)", "fstp9  st(0)"]);
  });

  it("takes a fence for one whatever its rm field", () => {
    expect(texts([0x0f, 0xae, 0xef, 0x0f, 0xae, 0xf1, 0x0f, 0xae, 0xfa], 32)).to.deep.equal(["lfence", "mfence", "sfence"]);
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
