import { expect } from "chai";
import { ratioText, secondsText, TablePrinter } from "../../bench/table-printer.ts";

describe("tables of the bench", () => {
  it("are aligned row by row under their titles", () => {
    let text = "";
    const table = new TablePrinter([["guest", 7], ["insns", 3]], (more) => { text += more; });
    table.row(["sieve", 12]);
    table.row(["crc32", 12345]);
    expect(text).to.equal("guest    insns\nsieve       12\ncrc32    12345\n");
  });

  it("show what was not measured as a dash", () => {
    expect(secondsText(null)).to.equal("-");
    expect(ratioText(null)).to.equal("-");
    expect(secondsText(1.23456)).to.equal("1.235");
    expect(ratioText(3.507)).to.equal("3.51x");
  });
});
