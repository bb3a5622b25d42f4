// The reader and writer of filetests.

import { expect } from "chai";
import { blessedText, parseFiletests } from "./filetest.ts";

const TEXT = `\
; a subject
; test opt=fold,dce bits=32

func f() {
  a
}
; expect: one

; about g
block g {
  b
}
; expect:
;   two
;   three
; a comment behind it

; test opt=cse
block h {
}
`;

describe("filetests", () => {
  it("are read with their options, texts and expectations", () => {
    const tests = parseFiletests("x.tir", TEXT);
    expect(tests.map(({ line, text, expected }) => ({ line, text, expected }))).to.deep.equal([
      { line: 4, text: "func f() {\n  a\n}\n", expected: "one" },
      { line: 10, text: "block g {\n  b\n}\n", expected: "two\nthree" },
      { line: 19, text: "block h {\n}\n", expected: null },
    ]);
    expect(tests.map((test) => test.options.get("opt"))).to.deep.equal(["fold,dce", "fold,dce", "cse"]);
    expect(tests[0].options.get("bits")).to.equal("32");
  });

  it("keep all but their expectations when they are blessed", () => {
    const blessed = blessedText("x.tir", TEXT, ["1\n2", "3", "4"]);
    expect(blessed).to.equal(TEXT
      .replace("; expect: one\n", "; expect:\n;   1\n;   2\n")
      .replace("; expect:\n;   two\n;   three\n", "; expect: 3\n")
      .replace("block h {\n}\n", "block h {\n}\n; expect: 4\n"));
    expect(parseFiletests("x.tir", blessed).map((test) => test.expected)).to.deep.equal(["1\n2", "3", "4"]);
    expect(blessedText("x.tir", blessed, ["1\n2", "3", "4"])).to.equal(blessed);
  });

  it("say where a case does not end", () => {
    expect(() => parseFiletests("x.tir", "block b {\n")).to.throw("x.tir:1: a case without its }");
  });
});
