// The verifier: every invariant broken once, by a block that is otherwise in order.

import { expect } from "chai";
import type { Block } from "../../../tcg/ir/block.ts";
import { countUses, Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import { InternalError } from "../../../tcg/support/errors.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { verify } from "../../../tcg/verify/verify.ts";
import { DOUBLES, GLOBALS, global, helperNamed, PARSE_ENV, SINGLES } from "../support/guest.ts";
import { randomBlock } from "../support/random-block.ts";

const SOUND = `\
block b {
  insn_start 0x1000, 2
  v1 = get esi
  v2 = guest_ld.u8.read v1
  v3 = add v2, 1
  guest_st.u8.write v1, v3
  set eax, v3
  insn_start 0x1002, 1
  v4 = extract v3, 0, 4
  v5 = setcond.eq v4, 0
  fault_if v5, 13, 0x0
  goto_tb_if v5
}
`;

const sound = (): Block => parseBlock(SOUND, PARSE_ENV);
const inBlock = (...ops: readonly string[]): Block =>
  parseBlock(["block b {", "insn_start 0x1000, 2", ...ops, "exit_tb", "}"].join("\n"), PARSE_ENV);

/** A sound block after `change`. */
function changed(change: (ops: Op[], block: Block) => void): Block {
  const block = sound();
  change(block.ops, block);
  return block;
}

describe("the verifier", () => {
  it("accepts a sound block, counted or not", () => {
    verify(sound(), { globals: GLOBALS });
    const counted = sound();
    countUses(counted);
    verify(counted);
  });

  it("accepts random blocks", () => {
    for (let seed = 0; seed < 500; seed++) verify(randomBlock(seed), { globals: [...GLOBALS, ...SINGLES, ...DOUBLES] });
  });

  const broken: readonly (readonly [string, string, string, Block])[] = [
    ["a use before its definition", "I1", "operand 0 (get) is not defined before", changed((ops) => {
      [ops[1], ops[2]] = [ops[2], ops[1]];
    })],
    ["a use of a value from elsewhere", "I1", "is not defined before", changed((ops) => {
      ops[3].args[0] = new Op(OPS.get, [], 0, 0, global("eax"));
    })],
    ["a constant among the ops", "I1", "a constant among the ops", changed((ops) => {
      ops.splice(1, 0, constant(1));
    })],
    ["an op that stands in the block twice", "I1", "the op stands in the block twice", changed((ops) => {
      ops.splice(4, 0, ops[3]);
    })],
    ["an operand too many", "I2", "3 operands where 2 belong", changed((ops) => {
      ops[3].args.push(constant(1));
    })],
    ["an operand that has no value", "I2", "operand 0 is void, not i32", changed((ops) => {
      ops[3].args[0] = ops[0];
    })],
    ["a constant that is no int32", "I2", "4294967295, is not an int32", changed((ops) => {
      ops[3].args[1].imm = 0xffffffff;
    })],
    ["bits beyond the word", "I2", "there are no bits 28, 8", changed((ops) => {
      Object.assign(ops[7], { imm: 28, imm2: 8 });
    })],
    ["a condition that does not exist", "I2", "there is no condition 12", changed((ops) => {
      ops[8].imm = 12;
    })],
    ["a set without its global", "I2", "not a global", changed((ops) => {
      ops[5].ref = null;
    })],
    ["an attribute where none belongs", "I2", "an attribute where none belongs", changed((ops) => {
      ops[3].imm = 1;
    })],
    ["a store that probes for reading", "I2", "a store neither extends nor probes for reading", changed((ops) => {
      ops[4].ref = ops[2].ref;
    })],
    ["a parameter that the block does not have", "I2", "there is no parameter 0", changed((ops) => {
      ops.splice(1, 0, new Op(OPS.param, []));
    })],
    ["a block without exit", "I3", "the block has no exit", changed((ops) => {
      ops.pop();
    })],
    ["a wrong use count", "I4", "counted 3 uses where there are 2", changed((ops, block) => {
      countUses(block);
      ops[1].uses++;
    })],
    ["an access after a set of the same insn", "I5", "may leave after the insn has written state (set)",
      inBlock("set eax, 1", "v1 = guest_ld.u8.read 5")],
    ["a fault after a store into the register file", "I5", "written state (env_st8)", inBlock("env_st8 1, 2", "fault_if 1, 0")],
    ["a helper that may fault after a set", "I5", "written state (set)", inBlock("set eax, 1", "call may_fault(1)")],
    ["an access after a helper that writes state", "I5", "written state (call)", inBlock("call write_edx(1)", "v1 = guest_ld.u8.read 5")],
    ["an op after the exit", "I6", "an op after the exit", changed((ops) => {
      ops.push(new Op(OPS.exit_tb, []));
    })],
    ["two globals in one slot", "I7", "globals xax and eax share slot 0", changed((ops) => {
      ops[1].ref = { name: "eax", index: 0, type: "i32" };
      ops[5].ref = { name: "xax", index: 0, type: "i32" };
    })],
    ["a pure helper with effects", "I8", "helper mix is declared pure and with effects", changed((ops) => {
      ops[3] = new Op(OPS.call, [constant(1), constant(2)], 0, 0, { ...helperNamed("mix"), reads: "all" });
      ops[4].args[1] = constant(0);
      ops[5].args[0] = constant(0);
      ops[7].args[0] = ops[3];
    })],
  ];
  for (const [what, invariant, detail, block] of broken) {
    it(`refuses ${what} (${invariant})`, () => {
      expect(() => verify(block)).to.throw(InternalError, `invariant ${invariant} broken`).with.property("message").that.contains(detail);
    });
  }

  it("refuses a global that is not declared (I7)", () => {
    expect(() => verify(sound(), { globals: [global("eax")] })).to.throw(InternalError, "invariant I7 broken: global esi is not declared");
  });

  it("lets retry_if leave with what the insn has written, and accesses follow a store", () => {
    verify(inBlock("set eax, 1", "retry_if 1"));
    verify(inBlock("guest_st.i32.write 8, 1", "guest_st.i32.write 4, 1", "set esp, 4"));
    verify(inBlock("v1 = guest_ld.i32.write 8", "set eax, v1", "guest_st.i32.none 8, 1"));
  });

  it("lets an insn access memory after a helper that only restates what is there", () => {
    verify(inBlock("call restate_edx()", "v1 = guest_ld.u8.read 5", "set eax, v1"));
  });

  it("shows the op and the block, and hands them over in the error's context", () => {
    try {
      verify(inBlock("set eax, 1", "v1 = guest_ld.u8.read 5"));
      expect.fail("it should be refused");
    } catch (error) {
      if (!(error instanceof InternalError)) throw error;
      expect(error.message).to.contain("in v1 = guest_ld.u8.read 5\nblock b {\n");
      expect(error.context).to.include({ invariant: "I5", op: "v1 = guest_ld.u8.read 5" });
    }
  });
});
