// The line protocol reads what it writes, and refuses what breaks off.

import { expect } from "chai";
import { formatR, formatV, parseR, parseV } from "../oracle/line-protocol.ts";
import type { Outcome, VectorInput } from "../oracle/vector.ts";

const input: VectorInput = {
  id: 12, c: "01d8", ip: 0x100abc, r: [0xffffffff, 1, 2, 3, 0x210800, 5, 6, 7], f: 0x246, fx: "7f03", m: [[0x200000, "0102"], [0x8000, "ff"]],
};
const result: Outcome = {
  id: 12, exception: 14, errorCode: 6, cr2: 0xdeadbeef, eip: 0x100abc, regs: [0xffffffff, 1, 2, 3, 0x210800, 5, 6, 7], eflags: 0x202,
  fx: "7f03", changed: [[0x200000, "0102"]],
};

describe("the line protocol of vectors", () => {
  it("writes numbers in hexadecimal but for the id", () => {
    const line = "V 12 100abc 01d8 ffffffff 1 2 3 210800 5 6 7 246 7f03 2 200000 0102 8000 ff\n";
    expect(formatV(input)).to.equal(line);
  });

  it("reads a V line back", () => {
    expect(parseV(formatV(input))).to.deep.equal(input);
  });

  it("writes a dash for the reset FPU state and reads it as none", () => {
    const bare: VectorInput = { id: input.id, c: input.c, ip: input.ip, r: input.r, f: input.f };
    expect(formatV(bare)).to.contain(" 246 - 0\n");
    expect(parseV(formatV(bare))).to.deep.equal({ ...bare, m: [] });
  });

  it("reads an R line back", () => {
    expect(parseR(formatR(result))).to.deep.equal(result);
  });

  it("prints negative registers as the bits they are", () => {
    expect(formatR({ ...result, regs: [-1, 1, 2, 3, 0x210800, 5, 6, 7] })).to.equal(formatR(result));
  });

  it("skips lines of another kind", () => {
    expect(parseV(formatR(result))).to.equal(undefined);
    expect(parseR("E 12 bad address")).to.equal(undefined);
  });

  it("refuses a line that breaks off", () => {
    expect(() => parseR("R 12 14 6 0 100abc 1 2")).to.throw(SyntaxError);
    expect(() => parseV("V 12 100abc 90 1 2 3 4 5 6 7 8 202 - 2 200000 00")).to.throw(SyntaxError);
  });
});
