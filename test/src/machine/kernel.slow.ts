// The compute guests as processes of guests/kernel: each prints what it prints alone.

import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import { readFixture } from "../../support/project.ts";
import { flatProcesses, linesOf, preemptions, runKernel } from "./kernel-run.ts";

const GUESTS = ["sieve", "crc32", "fib", "matmul", "quicksort", "sha256", "bytecode", "strings", "hash", "collatz", "nqueens"];
const MEMORY_BYTES = 32 * 2 ** 20;
/** Insns of the kernel and all of them, about; more than so many preemptions come from the quantum. */
const QUANTUM = 50_000, LEAST_PREEMPTIONS = 50_000;

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
