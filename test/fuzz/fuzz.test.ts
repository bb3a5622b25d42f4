// A few cases of the fuzzer, other ones with another SEED; `npm run fuzz` does more.

import { expect } from "chai";
import { textSeed } from "../support/seed.ts";
import { makeCase } from "./generate/case.ts";
import { Fuzzer } from "./fuzzer.ts";
import { REGIONS } from "./generate/layout.ts";
import { CaseLockstep } from "../support/case-lockstep.ts";
import { parseFiletests } from "../support/filetest.ts";
import { parseCase } from "../support/x86-case.ts";
import { reduce } from "./reduce.ts";
import { SETTINGS } from "./settings.ts";

const SEED = textSeed("test");
const CASES = 120;

describe(`the fuzzer, with SEED=${SEED}`, () => {
  it("makes the same case of the same seed", () => {
    expect(makeCase(`${SEED}/1`)).to.deep.equal(makeCase(`${SEED}/1`));
    expect(makeCase(`${SEED}/1`)).not.to.deep.equal(makeCase(`${SEED}/2`));
  });

  it("finds interpreter and translator to agree", () => {
    const fuzzer = new Fuzzer(SEED);
    for (let number = 0; number < CASES; number++) {
      const finding = fuzzer.run(number);
      if (finding !== null) expect.fail(`case ${number} (${finding.setting}): ${finding.summary}\n${finding.filetest ?? ""}`);
    }
    // It has seen something: most cases run to their end, and blocks were translated.
    expect(fuzzer.counts.outcomes.get("running") ?? 0).to.be.above(CASES / 2);
    expect(fuzzer.counts.insns).to.be.above(CASES * 100);
  });

  it("translates most of what it runs", () => {
    const machine = new CaseLockstep(REGIONS).machine(SETTINGS[0]);
    let insns = 0, interpreted = 0;
    for (let number = 0; number < 10; number++) {
      const c = makeCase(`${SEED}/${number}`), { stats } = machine.vcpu.engine, before = stats.interpretedInsns;
      machine.load(c);
      machine.runTo(c.insns);
      insns += machine.insns;
      interpreted += stats.interpretedInsns - before;
    }
    expect(interpreted).to.be.below(insns * 0.7);
  });

  it("sees an engine that differs, and makes the case small", () => {
    const lockstep = new CaseLockstep(REGIONS), setting = SETTINGS[0];
    // A CPU of another make stands for an engine that errs.
    lockstep.machine(setting).vcpu.setCpuid2([]);
    const [test] = parseFiletests("x.x86", CPUID_BETWEEN_OTHERS), c = { ...parseCase(test), regions: REGIONS };
    const verdict = lockstep.compare(c, setting);
    expect(verdict).to.be.an("object");
    const small = reduce(c, (candidate) => typeof lockstep.compare(candidate, setting) !== "string", 500);
    expect(small.code.map(({ text }) => text)).to.deep.equal(["mov ecx,0x1", "cpuid"]);
    expect(small.state.size).to.equal(0);
    expect(small.memory).to.deep.equal([]);
  });
});

const CPUID_BETWEEN_OTHERS = `\
; test bits=32
x86 {
  code 0x1000: b9 01 00 00 00             ; mov ecx,0x1
  code 0x1005: 01 cb                      ; add ebx,ecx
  code 0x1007: 0f a2                      ; cpuid
  code 0x1009: 40                         ; inc eax
  in: ebx=0x17 edx=0xffffffff
  memory 0x2000: 01 02 03
}
`;
