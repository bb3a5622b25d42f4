// The compute guests as processes of guests/kernel: each prints what it prints alone.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { readFixture } from "../../support/project.ts";
import { slowCount } from "../../support/slow.ts";
import { flatProcesses, linesOf, preemptions, runKernel } from "./kernel-run.ts";

const ALL_GUESTS = ["strings", "hash", "sieve", "crc32", "fib", "matmul", "quicksort", "sha256", "bytecode", "collatz", "nqueens"];
const GUESTS = ALL_GUESTS.slice(0, slowCount(ALL_GUESTS.length));
const MEMORY_BYTES = 32 * 2 ** 20;
/** Each retires more than 150 million insns. */
const QUANTUM = 50_000, LEAST_PREEMPTIONS = GUESTS.length * 150e6 / QUANTUM * 0.9;

describe("guests/kernel with the compute guests", () => {
  const outputs: string[] = [];

  for (const engine of ["jit", "interp"] satisfies VmOptions["engine"][]) {
    it(`runs all of them as processes, with ${engine}`, () => {
      const { outcome, output } = runKernel(flatProcesses(GUESTS), `timer=${QUANTUM}`, { vm: { engine }, memoryBytes: MEMORY_BYTES });
      expect(outcome).to.equal("halt");
      GUESTS.forEach((name, i) => {
        const alone = new TextDecoder().decode(readFixture(`guests/${name}/expected.txt`)).trimEnd().split("\n");
        expect(linesOf(output, i + 1)).to.deep.equal([name, ...alone, "exit 0"]);
      });
      expect(preemptions(output)).to.be.above(LEAST_PREEMPTIONS);
      expect(output).to.match(/; pages still in use 0\n$/);
      outputs.push(output);
    });
  }

  it("switches at the same insns in both engines", () => {
    expect(outputs).to.have.length(2);
    expect(outputs[0]).to.equal(outputs[1]);
  });
});
