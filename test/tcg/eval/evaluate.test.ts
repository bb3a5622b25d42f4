// The reference evaluator: each kind of op, and each way a block ends.

import { expect } from "chai";
import type { EvalEnv, Outcome } from "../../../tcg/eval/evaluate.ts";
import { evaluate, LEAVE } from "../../../tcg/eval/evaluate.ts";
import { InternalError } from "../../../tcg/support/errors.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { GLOBALS, PARSE_ENV } from "../support/guest.ts";

/** A guest whose state is its slot numbers times 0x01010101, without memory unless given. */
function guest(parts: Partial<EvalEnv> = {}): EvalEnv {
  const state = Int32Array.from(GLOBALS, (_, i) => i * 0x01010101);
  return { state, registers: new Uint8Array(state.buffer, 0, 32), ...parts };
}

function run(body: string, env = guest()): Outcome {
  return evaluate(parseBlock(`block b {\n${body}\n}`, PARSE_ENV), env);
}

function call(text: string, ...args: readonly number[]): number {
  const outcome = evaluate(parseBlock(text, PARSE_ENV), guest({ args }));
  if (outcome.end !== "ret") throw new Error(`it ended by ${outcome.end}`);
  return outcome.value;
}

describe("the evaluator", () => {
  it("computes pure ops from the op table", () => {
    const f = "func f(x: i32, y: i32) -> i32 {\nv1 = add x, y\nv2 = movcond.lt v1, 0, x, v1\nv3 = rotl v2, 8\nret v3\n}";
    expect(call(f, 1, 0x11)).to.equal(0x1200);
    expect(call(f, 0x7fffffff, 1)).to.equal(0xffffff7f | 0);
  });

  // Values from the definitions, not from the table: a second pair of eyes on it.
  const values: readonly (readonly [string, number])[] = [
    ["mul 0x10001, 0x10001", 0x20001], ["muluh -1, -1", -2], ["mulsh -1, -1", 0], ["mulsh 0x40000000, -4", -1],
    ["mulso 0x10000, 0x7fff", 0], ["mulso 0x10000, 0x8000", 1], ["mulso 0x10000, -0x8000", 0], ["mulso 0x80000000, -1", 1],
    ["shl 1, 33", 2], ["shr -1, 31", 1], ["sar -8, 33", -4], ["rotl 0x80000001, 1", 3], ["rotr 1, 1", -0x80000000],
    ["rotl 5, 32", 5], ["clz 0", 32], ["clz 1", 31], ["ctz 0", 32], ["ctz 8", 3], ["ctpop 0xf0f0", 8],
    ["bswap 0x12345678", 0x78563412], ["divu -1, 2", 0x7fffffff], ["remu -1, 10", 5], ["divs -7, 2", -3], ["rems -7, 2", -1],
    ["divu2 0, 1, 3", 0x55555555], ["remu2 0, 1, 3", 1], ["divs2 -7, -1, 2", -3], ["rems2 -7, -1, 2", -1],
    ["extract 0x12345678, 8, 16", 0x3456], ["extract -1, 0, 32", -1], ["sextract 0x80, 0, 8", -128],
    ["deposit 0x11223344, 0xff55, 8, 8", 0x11225544], ["deposit 1, 2, 0, 32", 2],
    ["setcond.ltu 1, -1", 1], ["setcond.lt 1, -1", 0], ["setcond.tstne 6, 8", 0], ["movcond.geu 0, 0, 3, 4", 3],
    ["neg 0x80000000", -0x80000000], ["not 0", -1], ["sub 0x80000000, 1", 0x7fffffff],
  ];
  for (const [text, value] of values) {
    it(`finds that ${text} is ${value}`, () => {
      expect(call(`func f() -> i32 {\nv1 = ${text}\nret v1\n}`)).to.equal(value);
    });
  }

  it("reads and writes globals", () => {
    const env = guest();
    expect(run("v1 = get ecx\nv2 = add v1, 1\nset eax, v2\nexit_tb", env)).to.deep.equal({ end: "exit_tb" });
    expect(env.state[0]).to.equal(0x01010102);
  });

  it("indexes the register file in units of the access, in the memory of the globals", () => {
    const env = guest();
    run("v1 = env_ld8 5\nv2 = env_ld16 4\nv3 = env_ld32 3\nset esi, v1\nset edi, v2\nset eip, v3\nenv_st8 1, -2\nenv_st16 3, 0x12345\nexit_tb", env);
    expect([...env.state.slice(6, 9)]).to.deep.equal([0x01, 0x0202, 0x03030303]);
    expect([...env.state.slice(0, 2)]).to.deep.equal([0xfe00, 0x23450101]);
  });

  it("extends what it loads and cuts what it stores", () => {
    const stored: number[] = [];
    const env = guest({ load: () => 0x1280, store: (_address, _mem, value) => void stored.push(value) });
    run("v1 = guest_ld.u8.read 0\nv2 = guest_ld.s8.read 0\nguest_st.u8.write 0, v2\nguest_st.u16.write 0, v2\nset eax, v1\nset ecx, v2\nexit_tb", env);
    expect([...env.state.slice(0, 2)]).to.deep.equal([0x80, -128]);
    expect(stored).to.deep.equal([0x80, 0xff80]);
  });

  it("leaves at the insn whose access, store or helper says so", () => {
    const leaving = guest({ load: () => LEAVE, store: () => LEAVE, call: () => LEAVE });
    for (const op of ["v1 = guest_ld.i32.read 0", "guest_st.i32.write 0, 1", "call may_fault(1)"]) {
      const body = `insn_start 0x10, 2\nset eax, 5\ninsn_start 0x12, 3\n${op}\nset eax, 6\nexit_tb`;
      expect(run(body, leaving)).to.deep.equal({ end: "leave", pc: 0x12 });
      expect(leaving.state[0]).to.equal(5);
    }
  });

  it("faults and retries when the condition is not 0", () => {
    expect(run("insn_start 0x10, 2\nfault_if 0, 6\nfault_if 2, 13, 8\nexit_tb"))
      .to.deep.equal({ end: "fault", pc: 0x10, fault: { vector: 13, error: 8 } });
    expect(run("insn_start 0x10, 2\nretry_if 0\nretry_if 1\nexit_tb")).to.deep.equal({ end: "retry", pc: 0x10 });
    expect(run("fault_if 1, 6\nexit_tb")).to.deep.equal({ end: "fault", pc: null, fault: { vector: 6 } });
  });

  it("says how the block ended", () => {
    expect(run("goto_tb taken")).to.deep.equal({ end: "goto_tb", target: 1 });
    expect(run("goto_tb_if 0")).to.deep.equal({ end: "goto_tb", target: 0 });
    expect(run("goto_tb_if 8")).to.deep.equal({ end: "goto_tb", target: 1 });
    expect(run("lookup_and_goto_ptr 0x1234")).to.deep.equal({ end: "lookup_and_goto_ptr", pc: 0x1234 });
  });

  it("calls helpers and reads fields through the environment", () => {
    const env = guest({ call: (helper, args) => helper.params.length * 100 + args[0], field: ({ name }) => name.length });
    run("v1 = call mix(7, 8)\nv2 = field disp\nset eax, v1\nset ecx, v2\nexit_tb", env);
    expect([...env.state.slice(0, 2)]).to.deep.equal([207, 4]);
  });

  it("refuses a block without exit, and parts of a guest that are not there", () => {
    expect(() => run("v1 = get eax")).to.throw(InternalError, "I3");
    expect(() => run("v1 = guest_ld.i32.read 0\nexit_tb")).to.throw(InternalError, "nothing for guest_ld");
  });
});
