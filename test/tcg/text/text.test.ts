// The textual IR: what it looks like, that it survives printing and parsing, and how mistakes in it are told.

import { expect } from "chai";
import { renumber } from "../../../tcg/ir/block.ts";
import { IrBuilder } from "../../../tcg/ir/builder.ts";
import { memOp } from "../../../tcg/ir/types.ts";
import { ParseError, parseBlock, parseEnv } from "../../../tcg/text/parse.ts";
import { printBlock, printOp } from "../../../tcg/text/print.ts";
import { testSeed } from "../../support/seed.ts";
import { FIELDS, global, helperNamed, PARSE_ENV } from "../support/guest.ts";
import { randomBlock } from "../support/random-block.ts";

/** Every kind of attribute, in the order of the op table's list. */
const ALL_FORMS = `\
block tb_7c00 {
  insn_start 0x7c00, 2
  v1 = get eax
  v2 = field imm
  v3 = add v1, 0x10
  v4 = setcond.ltu v1, v3
  v5 = extract v1, 8, 8
  v6 = deposit v1, v5, 0, 8
  v7 = movcond.eq v1, 0, v2, v3
  v8 = guest_ld.i32.read v3
  v9 = guest_ld.s8.write v3
  guest_st.u8.none v3, v1
  insn_start 0xfffffff0, 15
  fault_if v4, 13, 0x0
  fault_if v4, 6
  v10 = call mix(v8, 0x80000000)
  call may_fault(-9)
  retry_if v4
  v11 = env_ld8 v2
  env_st32 v2, v11
  set eax, v10
  goto_tb taken
}
`;

describe("printed IR", () => {
  it("has a form for every kind of attribute, which the parser reads", () => {
    expect(printBlock(parseBlock(ALL_FORMS, PARSE_ENV))).to.equal(ALL_FORMS);
  });

  it("prints what the builder made", () => {
    const b = new IrBuilder("tb_f000");
    b.insnStart(0xf000, 3);
    const x = b.get(global("esi"));
    const y = b.guestLoad(memOp(16, "read", true), b.op("add", x, b.constant(-16)));
    b.faultIf(b.setcond("gtu", y, b.field(FIELDS[0])), { vector: 5 });
    b.set(global("edi"), b.call(helperNamed("mix"), [x, b.constant(-1)]));
    b.lookupAndGotoPtr(y);
    expect(printBlock(b.block)).to.equal(`\
block tb_f000 {
  insn_start 0xf000, 3
  v1 = get esi
  v2 = add v1, 0xfffffff0
  v3 = guest_ld.s16.read v2
  v4 = field imm
  v5 = setcond.gtu v3, v4
  fault_if v5, 5
  v6 = call mix(v1, -1)
  set edi, v6
  lookup_and_goto_ptr v3
}
`);
  });

  it("is a function when there are parameters or a ret", () => {
    const text = "func f(x: i32, y: i32) -> i32 {\n  v1 = sub y, x\n  ret v1\n}\n";
    expect(printBlock(parseBlock(text, PARSE_ENV))).to.equal(text);
    const none = "func f() -> i32 {\n  ret 0x10\n}\n";
    expect(printBlock(parseBlock(none, PARSE_ENV))).to.equal(none);
  });

  it("names an op's values by their numbers when it is printed alone", () => {
    const block = parseBlock(ALL_FORMS, PARSE_ENV);
    renumber(block);
    expect(block.ops.slice(3, 5).map(printOp)).to.deep.equal(["v3 = add v1, 0x10", "v4 = setcond.ltu v1, v3"]);
  });

  it("shows an operand that is not in the block as v?", () => {
    const block = parseBlock("block b {\n  v1 = get eax\n  v2 = not v1\n  exit_tb\n}", PARSE_ENV);
    block.ops.shift();
    expect(printBlock(block)).to.contain("v1 = not v?");
  });

  const seed = testSeed(1);
  it(`survives parsing and printing for random blocks (SEED=${seed})`, () => {
    for (let i = 0; i < 1000; i++) {
      const text = printBlock(randomBlock(seed + i));
      expect(printBlock(parseBlock(text, PARSE_ENV))).to.equal(text);
    }
  });
});

describe("the parser of textual IR", () => {
  it("takes comments, other names, other spacing and other forms of numbers", () => {
    const block = parseBlock(`
      ; a comment
      func f ( n : i32 )->i32{   ; another
        sum=add n,-16
        low = and sum , 255
        ret low }`.replace("ret low }", "ret low\n}"), PARSE_ENV);
    expect(printBlock(block)).to.equal(
      "func f(x: i32) -> i32 {\n  v1 = add x, 0xfffffff0\n  v2 = and v1, 0xff\n  ret v2\n}\n");
  });

  /** A mistake in the body of a block, and the complaint: line 1 is the header. */
  const mistakes: readonly (readonly [string, string])[] = [
    ["  v1 = frobnicate 1", "2:8: there is no op frobnicate"],
    ["  v1 = const 1", "2:8: there is no op const"],
    ["  v1 = get eax, 1", "2:15: expected the end of the line"],
    ["  v1 = get exa", "2:12: there is no global exa"],
    ["  v1 = field xyz", "2:14: there is no field xyz"],
    ["  v1 = call nobody()", "2:13: there is no helper nobody"],
    ["  v1 = call mix(1)", "2:13: mix takes 2 operands, here are 1"],
    ["  v1 = add 1", "2:13: expected ,"],
    ["  v1 = add v7, 1", "2:12: there is no value v7 so far"],
    ["  v1 = add 0x100000000, 1", "2:12: 0x100000000 does not fit in 32 bits"],
    ["  v1 = add -2147483649, 1", "2:12: -2147483649 does not fit in 32 bits"],
    ["  v1 = add 12ab, 1", "2:12: expected a value or a number"],
    ["  v1 = setcond.xx 1, 2", "2:8: setcond needs one of its suffixes"],
    ["  v1 = setcond 1, 2", "2:8: setcond needs one of its suffixes"],
    ["  v1 = guest_ld.i8.read 1", "2:8: guest_ld needs one of its suffixes"],
    ["  v1 = add.eq 1, 2", "2:8: add has no suffixes"],
    ["  add 1, 2", "2:3: add has a result, which needs a name"],
    ["  v1 = exit_tb", "2:3: exit_tb has no result"],
    ["  goto_tb elsewhere", "2:11: there is no target elsewhere"],
    ["  v1 = get eax\n  v1 = get ecx", "3:3: there is a value v1 already"],
    ["  fault_if 1", "2:13: expected ,"],
  ];
  for (const [body, complaint] of mistakes) {
    it(`says ${complaint}`, () => {
      expect(() => parseBlock(`block b {\n${body}\n  exit_tb\n}\n`, PARSE_ENV)).to.throw(ParseError, complaint);
    });
  }

  it("says where a block or its end is missing", () => {
    expect(() => parseBlock("", PARSE_ENV)).to.throw(ParseError, "1:1: expected block or func");
    expect(() => parseBlock("blok b {\n}", PARSE_ENV)).to.throw(ParseError, "1:1: expected block or func");
    expect(() => parseBlock("block b {\n  exit_tb\n", PARSE_ENV)).to.throw(ParseError, "3:1: expected }");
    expect(() => parseBlock("block b {\n}\nblock c {\n}", PARSE_ENV)).to.throw(ParseError, "3:1: expected nothing after the block");
    expect(() => parseBlock("func f(x: i64) -> i32 {\n}", PARSE_ENV)).to.throw(ParseError, "1:11: only i32 is allowed here");
  });

  it("carries line and column", () => {
    try {
      parseBlock("block b {\n  exit\n}", parseEnv([]));
      expect.fail("it should not parse");
    } catch (error) {
      expect(error).to.be.instanceOf(ParseError).and.to.include({ line: 2, column: 3 });
    }
  });
});
