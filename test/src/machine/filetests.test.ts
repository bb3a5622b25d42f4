// Runs test/filetests/x86/**/*.x86 (src/machine/x86-case.ts has the form): each case must come to what it says, interpreted,
// and be the same under every setting of the translator. `BLESS=1` rewrites expectations, from the interpreter.

import { expect } from "chai";
import { CaseMachine } from "../../../src/machine/case-machine.ts";
import type { X86Case } from "../../../src/machine/x86-case.ts";
import { SETTINGS } from "../../fuzz/settings.ts";
import { CaseLockstep, REFERENCE } from "../../support/case-lockstep.ts";
import { bless, isBlessing, readFiletests } from "../../support/filetest.ts";
import { parseCase } from "../../support/x86-case.ts";

const FOLDER = "test/filetests/x86";

/** Filetests are short: what is met once is translated. */
const AT_ONCE = SETTINGS.map((setting) => ({ ...setting, vm: { ...setting.vm, threshold: 1 } }));

describe("filetests of machines", () => {
  const tests = readFiletests(FOLDER, ".x86").map((test) => ({ ...test, x86: parseCase(test) }));
  const locksteps = new Map<string, CaseLockstep>();
  const paths = [...new Set(tests.map((test) => test.path))];

  for (const path of paths) {
    describe(path.slice(FOLDER.length + 1), () => {
      const cases = tests.filter((test) => test.path === path);
      if (isBlessing()) bless(path, cases.map((test) => resultOf(test.x86)));

      for (const { line, expected, x86 } of cases) {
        it(`at line ${line}`, () => {
          if (!isBlessing()) expect(resultOf(x86)).to.equal(expected);
          const lockstep = lockstepFor(x86);
          for (const setting of AT_ONCE) expect(lockstep.compare(x86, setting), setting.name).to.equal("same");
        });
      }
    });
  }

  /** Machines with the memory of a case; cases share them, since they are large. */
  function lockstepFor({ regions }: X86Case): CaseLockstep {
    const key = JSON.stringify(regions), found = locksteps.get(key) ?? new CaseLockstep(regions);
    locksteps.set(key, found);
    return found;
  }
});

function resultOf(x86: X86Case): string {
  const machine = new CaseMachine(x86.regions, REFERENCE.vm);
  machine.load(x86);
  machine.runAll(x86);
  return machine.result();
}
