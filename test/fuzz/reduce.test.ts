// The reducer: what is left of a case is what its failure needs.

import { expect } from "chai";
import type { X86Case } from "../../src/machine/x86-case.ts";
import { printCase } from "../../src/machine/x86-case.ts";
import { parseFiletests } from "../support/filetest.ts";
import { parseCase } from "../support/x86-case.ts";
import { makeCase } from "./generate/case.ts";
import { reduce } from "./reduce.ts";

const TRIES = 5000;

describe("the reducer", () => {
  it("leaves what the failure needs, and nothing else", () => {
    const start = makeCase("reduce/0"), needed = start.code[5], [line] = start.memory;
    const fails = (c: X86Case): boolean =>
      c.code.some((insn) => insn.address === needed.address && insn.bytes.every((byte, i) => byte === needed.bytes[i]))
      && c.memory.some((piece) => piece.address === line.address) && c.state.get("cr0") === start.state.get("cr0") && c.insns >= 17;
    const small = reduce(start, fails, TRIES);
    expect(fails(small)).to.equal(true);
    expect(small.insns).to.equal(17);
    expect(small.events).to.deep.equal([]);
    // The first insn stays: it says where the machine starts.
    expect(small.code.map(({ address }) => address)).to.deep.equal([start.code[0].address, needed.address]);
    expect([...small.state.keys()]).to.deep.equal(["cr0"]);
    expect(small.memory.map(({ bytes }) => [...bytes])).to.deep.equal([new Array<number>(16).fill(0)]);
  });

  it("asks no more often than it may", () => {
    let asked = 0;
    reduce(makeCase("reduce/1"), () => { asked++; return true; }, 10);
    expect(asked).to.equal(10);
  });

  it("writes what the filetests' reader reads", () => {
    for (let i = 0; i < 20; i++) {
      const c = makeCase(`text/${i}`), [test] = parseFiletests("x.x86", printCase(c, "nothing changes"));
      expect(parseCase(test)).to.deep.equal(c);
    }
  });
});
