// The machine's time where it is the host's.

import { expect } from "chai";
import { RealTime } from "../../../src/machine/clock.ts";

describe("RealTime", () => {
  /** A host whose time is set, and a processor whose counter has what it retires and what it is moved on by. */
  function bench() {
    const host = { ns: 5e9, insns: 700, added: 0 };
    const time = new RealTime(() => host.ns, () => host.insns, (ticks) => { host.added += ticks; });
    return { time, host, behind: () => time.nowNs() - (host.insns - 700 + host.added) };
  }

  it("lets the processor's counter tick each ns, fast as it may be, and halted", () => {
    const { time, host, behind } = bench();
    for (const insns of [20_000, 0, 3_000_000, 150_000]) {
      host.ns += 2_000_000;
      host.insns += insns;
      time.keepCounter();
      expect(behind()).to.be.at.most(10_000);
    }
    expect(behind()).to.equal(0);
  });

  it("leaves it not behind a time that somebody has looked at", () => {
    const { time, host } = bench();
    host.ns += 7e6;
    expect([time.nowNs(), host.added]).to.deep.equal([7e6, 7e6]);
  });

  it("never moves it back", () => {
    const { time, host } = bench();
    host.insns += 1e6;
    time.keepCounter();
    expect(host.added).to.equal(0);
    host.ns += 3e6;
    time.keepCounter();
    expect(host.added).to.equal(2e6);
  });

  it("leaves it as it is when a saved machine goes on", () => {
    const { time, host } = bench();
    host.ns += 1e9;
    time.goOnFrom(30e9);
    time.keepCounter();
    expect([time.nowNs(), host.added]).to.deep.equal([30e9, 0]);
  });
});
