// The guests print what they should, whatever the engine's settings. The small ones run whole under every setting; the large
// ones run whole once, translated, and for a while under some settings, so that several of them see each. guests.slow.ts has
// the rest.

import { expect } from "chai";
import { compareSettings, DEFAULT_SETTING, HOSTILE_SETTINGS } from "./support/engine-settings.ts";
import { flatGuests, GuestRun } from "./support/guests.ts";
import { runLockstep } from "./support/lockstep.ts";

/** Insns under a setting of cost 1: all of a small guest; of a large one enough to be warm. */
const SMALL_BUDGET = 1_000_000, LARGE_BUDGET = 100_000;
const LOCKSTEP_INSNS = 2_000_000;
/** A large guest sees one of so many settings. */
const SETTINGS_SHARE = 4;

describe("guests", () => {
  it("are those that the project is about", () => {
    expect(flatGuests().map(({ name }) => name)).to.include.members([
      "hello", "counter16", "cpuid", "self-modify", "irq16", "sieve", "crc32", "fib", "matmul", "quicksort", "sha256", "bytecode", "strings",
    ]);
  });

  flatGuests().forEach((guest, n) => {
    const isLarge = guest.kind === "compute";

    it(`${guest.name} prints what it should, translated`, () => {
      const run = new GuestRun(guest, DEFAULT_SETTING.vm), outcome = run.runTo(Infinity);
      expect(run.output).to.equal(guest.expected);
      expect(outcome.kind).to.equal("halt");
      if (guest.retiredInsns !== null) expect(run.machine.insns).to.equal(guest.retiredInsns);
    });

    it(`${guest.name} is in the same state after the same insns under ${isLarge ? "some settings" : "every setting"}`, () => {
      const settings = HOSTILE_SETTINGS.filter((_, i) => !isLarge || (i + n) % SETTINGS_SHARE === 0);
      for (const [name, wrong] of compareSettings(guest, settings, isLarge ? LARGE_BUDGET : SMALL_BUDGET)) expect(wrong, name).to.deep.equal([]);
    });

    it(`${guest.name} goes the same way in both engines`, () => {
      const { kind, output } = runLockstep(guest, {}, LOCKSTEP_INSNS);
      expect(kind).to.equal(isLarge ? "budget" : "halt");
      expect(guest.expected.slice(0, output.length)).to.equal(output);
    });
  });
});
