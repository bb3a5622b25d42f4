// Numbers and ranges as people write them.
import { expect } from "chai";
import { isInRanges, parseNumber, parseRanges } from "../../../src/cli/numbers.ts";

describe("cli numbers", () => {
  it("reads decimal, hexadecimal and units of 1024", () => {
    expect(parseNumber("0")).to.equal(0);
    expect(parseNumber("1234")).to.equal(1234);
    expect(parseNumber("0x7c00")).to.equal(0x7c00);
    expect(parseNumber("0XFF")).to.equal(255);
    expect(parseNumber("16M")).to.equal(16 * 2 ** 20);
    expect(parseNumber("4k")).to.equal(4096);
    expect(parseNumber("1G")).to.equal(2 ** 30);
    expect(parseNumber("0x10K")).to.equal(0x4000);
  });

  it("refuses everything else", () => {
    for (const text of ["", "x", "0x", "12abc", "-1", "1.5", "1e3", " 1", "1 ", "0b11", "16MB", "K", "99999999999999999999"]) {
      expect(parseNumber(text), text).to.equal(null);
    }
  });

  it("reads ranges as QEMU's -dfilter does", () => {
    expect(parseRanges("0x1000..0x1fff")).to.deep.equal([{ first: 0x1000, last: 0x1fff }]);
    expect(parseRanges("0x1000+0x100")).to.deep.equal([{ first: 0x1000, last: 0x10ff }]);
    expect(parseRanges("0x1000-0x100")).to.deep.equal([{ first: 0xf01, last: 0x1000 }]);
    expect(parseRanges("0x10,0x20..0x2f")).to.deep.equal([{ first: 0x10, last: 0x10 }, { first: 0x20, last: 0x2f }]);
    expect(parseRanges("0xfffff000..0xffffffff")).to.deep.equal([{ first: 0xfffff000, last: 0xffffffff }]);
  });

  it("refuses ranges that are none", () => {
    for (const text of ["", ",", "0x10..", "..0x10", "0x20..0x10", "0x10+0", "0x10-0x100", "0x10:0x20", "0xffffffff+2", "a..b"]) {
      expect(() => parseRanges(text), text).to.throw(/wants ranges such as/);
    }
  });

  it("finds addresses in ranges whatever their sign", () => {
    const ranges = parseRanges("0xfffffff0..0xffffffff,0x10+4");
    expect([-16, -1, 0x10, 0x13].every((a) => isInRanges(ranges, a))).to.equal(true);
    expect([-17, 0, 0x14].some((a) => isInRanges(ranges, a))).to.equal(false);
  });
});
