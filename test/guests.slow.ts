// The guests whole under both engines and in lockstep, and for longer under every setting.

import { expect } from "chai";
import { compareSettings, DEFAULT_SETTING, HOSTILE_SETTINGS, INTERPRETER } from "./support/engine-settings.ts";
import { flatGuests, GuestRun } from "./support/guests.ts";
import { runLockstep } from "./support/lockstep.ts";
import { isWhole, slowCount } from "./support/slow.ts";

/** All insns of the largest guest, and what a setting of cost 1 gets. */
const WHOLE_INSNS = slowCount(500_000_000), SETTING_INSNS = slowCount(5_000_000);

describe("guests, at length", () => {
  for (const guest of flatGuests()) {
    for (const { name, vm } of [INTERPRETER, DEFAULT_SETTING]) {
      it(`${guest.name} prints what it should, ${name}`, () => {
        const run = new GuestRun(guest, vm), { kind } = run.runTo(WHOLE_INSNS);
        expect(guest.expected.slice(0, run.output.length)).to.equal(run.output);
        if (isWhole) expect([kind, run.output]).to.deep.equal(["halt", guest.expected]);
      });
    }

    it(`${guest.name} goes the same way in both engines`, () => {
      const { kind, output } = runLockstep(guest, {}, WHOLE_INSNS);
      expect(kind).to.be.oneOf(isWhole ? ["halt"] : ["halt", "budget"]);
      expect(guest.expected.slice(0, output.length)).to.equal(output);
    });

    it(`${guest.name} is in the same state after the same insns under every setting`, () => {
      for (const [name, wrong] of compareSettings(guest, [DEFAULT_SETTING, ...HOSTILE_SETTINGS], SETTING_INSNS)) expect(wrong, name).to.deep.equal([]);
    });
  }
});
