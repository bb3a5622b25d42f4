import { expect } from "chai";
import { HELP, parseBenchOptions, SECTION_NAMES } from "../../bench/options.ts";
import { VmError } from "../../tcg/support/errors.ts";

describe("the command line of the bench", () => {
  it("measures the compute guests three times unless told otherwise", () => {
    const options = parseBenchOptions([]);
    expect(options.sections).to.deep.equal(["compute"]);
    expect(options.runs).to.equal(3);
    expect(options.guests).to.equal(null);
  });

  it("runs the parts in its own order, and all of them with --all", () => {
    expect(parseBenchOptions(["--paging", "--startup"]).sections).to.deep.equal(["startup", "paging"]);
    expect(parseBenchOptions(["--all"]).sections).to.deep.equal([...SECTION_NAMES]);
  });

  it("takes one sample when quick, unless told how many", () => {
    expect(parseBenchOptions(["--quick"]).runs).to.equal(1);
    expect(parseBenchOptions(["--quick", "--runs", "2"]).runs).to.equal(2);
  });

  it("splits the names of guests at commas", () => {
    expect(parseBenchOptions(["--guests", "fib,sieve"]).guests).to.deep.equal(["fib", "sieve"]);
  });

  for (const args of [["--fast"], ["--runs"], ["--runs", "0"], ["--runs", "101"], ["--runs", "many"], ["--quick=1"], ["sieve"]]) {
    it(`refuses ${args.join(" ")}`, () => {
      expect(() => parseBenchOptions(args)).to.throw(VmError);
    });
  }

  it("has all its parts in its help", () => {
    for (const name of SECTION_NAMES) expect(HELP).to.include(`--${name} `);
  });
});
