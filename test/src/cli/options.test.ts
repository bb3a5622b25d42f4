// Parsing by the option tables, and the help made from them.
import { expect } from "chai";
import { helpText } from "../../../src/cli/help.ts";
import { choice, flag, number, size, value, values, words } from "../../../src/cli/option-table.ts";
import { nearest, parseOptions } from "../../../src/cli/options.ts";
import { parseRanges } from "../../../src/cli/numbers.ts";
import { VmError } from "../../../tcg/support/errors.ts";

const table = {
  colour: choice(["red", "green"], { help: "which colour", initial: "red" }),
  count: number({ argument: "N", help: "how many", min: 1, max: 100, initial: 7 }),
  address: number({ argument: "ADDR", help: "where", min: 0, max: 0xffff, initial: 0x1000, isHex: true }),
  memory: size({ argument: "SIZE", help: "how much", min: 4096, max: 2 ** 20, initial: 65536, step: 4096 }),
  loud: flag({ help: "be loud" }),
  log: words(["a", "b", "c"], { argument: "LIST", help: "what to log", short: "d" }),
  dfilter: value(parseRanges, { argument: "RANGE", help: "where to look" }),
  name: values((text) => text, { argument: "NAME", help: "names" }),
};
const groups = [{ title: "All", options: table }];
const parse = (...args: string[]) => parseOptions<typeof table>(args, groups);

describe("cli options", () => {
  it("gives defaults to what is not said", () => {
    const { values: got, positionals, given } = parse("file");
    expect(got).to.deep.equal({ colour: "red", count: 7, address: 0x1000, memory: 65536, loud: false, log: [], dfilter: null, name: [] });
    expect(positionals).to.deep.equal(["file"]);
    expect([...given]).to.deep.equal([]);
  });

  it("takes values with a space or an equals sign, in any order with the file", () => {
    const { values: got, positionals, given } = parse("--count", "0x10", "file", "--colour=green", "--loud", "-d", "a,b", "-d", "c", "--name", "x", "--name", "y");
    expect(got).to.include({ count: 16, colour: "green", loud: true });
    expect(got.log).to.deep.equal(["a", "b", "c"]);
    expect(got.name).to.deep.equal(["x", "y"]);
    expect(positionals).to.deep.equal(["file"]);
    expect([...given]).to.have.members(["count", "colour", "loud", "log", "name"]);
  });

  it("takes everything after -- as files", () => {
    expect(parse("--", "--loud").positionals).to.deep.equal(["--loud"]);
  });

  it("takes -dfilter as QEMU spells it", () => {
    expect(parse("-dfilter", "0x10+16").values.dfilter).to.deep.equal([{ first: 16, last: 31 }]);
  });

  const complaints: readonly (readonly [string[], RegExp])[] = [
    [["--colr", "red"], /^there is no option --colr; did you mean --colour\?$/],
    [["--zzzzzz"], /^there is no option --zzzzzz$/],
    [["-x"], /^there is no option -x/],
    [["--count", "12abc"], /^--count wants a number from 1 to 100, not "12abc"$/],
    [["--count", "0"], /^--count wants a number from 1 to 100, not "0"$/],
    [["--count", "-5"], /^--count wants a number from 1 to 100, not "-5"$/],
    [["--count"], /^--count needs an argument: N$/],
    [["--count="], /^--count needs an argument: N$/],
    [["--address", "0x10000"], /^--address wants a number from 0x0 to 0xffff, not "0x10000"$/],
    [["--memory", "5000"], /^--memory wants a multiple of 4K from 4K to 1M, not "5000"$/],
    [["--loud=yes"], /^--loud takes no argument$/],
    [["--colour", "blue"], /^--colour wants red, green; not "blue"$/],
    [["-d", "a,x"], /^-d knows a, b, c; not "x"$/],
    [["--dfilter", "x"], /^--dfilter wants ranges such as/],
  ];
  for (const [args, message] of complaints) {
    it(`complains about ${args.join(" ")}`, () => {
      expect(() => parse(...args)).to.throw(VmError, message);
    });
  }

  it("mentions every option and default in the help", () => {
    const text = helpText({ name: "x", about: "Does x.", images: "one", groups, examples: [{ line: "tcgjs x y", does: "xes y" }], notes: [] });
    for (const name of Object.keys(table)) expect(text).to.include(`--${name}`);
    for (const part of ["(default 0x1000)", "(default 64K)", "(default red)", "-d, --log LIST", "tcgjs x y"]) expect(text).to.include(part);
  });

  it("finds the nearest word, or none", () => {
    const known = ["threshold", "timeout", "trace", "memory"];
    expect(nearest("treshold", known)).to.equal("threshold");
    expect(nearest("tarce", known)).to.equal("trace");
    expect(nearest("mem", known)).to.equal("memory");
    expect(nearest("qqqqqqq", known)).to.equal(null);
  });
});
