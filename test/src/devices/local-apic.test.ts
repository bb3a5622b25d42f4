// The local APIC by SDM 3A, chapter 10.

import { expect } from "chai";
import type { InterruptMessage } from "../../../src/bus/interrupt-message.ts";
import { EXT_INT, FIXED, INIT, LOWEST_PRIORITY, NMI, SMI, START_UP } from "../../../src/bus/interrupt-message.ts";
import type { LocalApic as Apic } from "../../../src/devices/apic/local-apic.ts";
import {
  APIC_APR, APIC_DFR, APIC_EOI, APIC_ESR, APIC_ICR, APIC_ICR_HIGH, APIC_ID, APIC_IRR, APIC_ISR, APIC_LDR, APIC_LVT, APIC_PPR, APIC_RRD, APIC_SPURIOUS, APIC_TIMER_CURRENT, APIC_TIMER_DIVIDE,
  APIC_TIMER_INITIAL, APIC_TMR, APIC_TPR, APIC_VERSION, LocalApic, LVT_ERROR, LVT_LINT0, LVT_LINT1, LVT_PERFORMANCE, LVT_THERMAL, LVT_TIMER,
} from "../../../src/devices/apic/local-apic.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const ON = 0xfee00900, OFF = 0xfee00100, MASKED = 0x10000, PERIODIC = 0x20000, BY_DEADLINE = 0x40000, LEVEL = 0x8000, ACTIVE_LOW = 0x2000, REMOTE_IRR = 0x4000;
const lvt = (entry: number): number => APIC_LVT + 16 * entry;

/** What a tick of the time-stamp counter takes. */
const TICK_NS = 4;

function bench(hasDeadlines = false) {
  const clock = new FakeClock(), seen = { interrupt: false, nmis: 0, inits: 0, ends: [] as number[], offers: 0, base: ON, mapped: [] as number[], ticksAhead: 0 };
  const timeStamp = { read: () => BigInt(Math.floor(clock.nowNs() / TICK_NS) + seen.ticksAhead), tickNs: TICK_NS };
  const apic = new LocalApic({
    clock, timeStamp: hasDeadlines ? timeStamp : null, base: () => seen.base, interrupt: (isHigh) => { seen.interrupt = isHigh; }, nmi: () => { seen.nmis++; }, init: () => { seen.inits++; }, endOfInterrupt: (vector) => seen.ends.push(vector), mayTakeMore: () => { seen.offers++; },
    memory: { map: (first) => seen.mapped.push(first), unmap: (first) => { seen.mapped = seen.mapped.filter((a) => a !== first); } },
  });
  apic.reset();
  const read = (offset: number): number => apic.read(offset, 4), write = (offset: number, value: number): void => apic.write(offset, 4, value);
  return { apic, clock, seen, read, write, take: () => apic.acknowledge(() => -1) };
}

/** Switched on by software as well. */
function running(hasDeadlines = false) {
  const made = bench(hasDeadlines);
  made.write(APIC_SPURIOUS, 0x1ff);
  return made;
}

const fixed = (vector: number, more: Partial<InterruptMessage> = {}): InterruptMessage => ({ mode: FIXED, vector, isLevel: false, destination: 0, isLogical: false, ...more });

/** The vectors in one of the 256-bit registers. */
function vectors(apic: Apic, first: number): number[] {
  return Array.from({ length: 256 }, (_, v) => v).filter((v) => (apic.read(first + 16 * (v >> 5), 4) & (1 << (v & 31))) !== 0);
}

describe("LocalApic", () => {
  describe("registers", () => {
    it("are after power-on as table 10-1 and §10.4.7.1 say", () => {
      const { read } = bench();
      expect([APIC_ID, APIC_VERSION, APIC_TPR, APIC_APR, APIC_PPR, APIC_LDR, APIC_DFR, APIC_SPURIOUS, APIC_ESR, APIC_ICR, APIC_ICR_HIGH].map(read))
        .to.deep.equal([0, 0x50014, 0, 0, 0, 0, 0xffffffff, 0xff, 0, 0, 0]);
      for (let entry = LVT_TIMER; entry <= LVT_ERROR; entry++) expect(read(lvt(entry))).to.equal(MASKED);
      expect([APIC_TIMER_INITIAL, APIC_TIMER_CURRENT, APIC_TIMER_DIVIDE].map(read)).to.deep.equal([0, 0, 0]);
    });

    it("keep the bits that they have", () => {
      const { read, write } = running();
      for (const [register, bits] of [
        [APIC_ID, 0xff000000], [APIC_TPR, 0xff], [APIC_LDR, 0xff000000], [APIC_DFR, 0xffffffff], [APIC_SPURIOUS, 0x1ff], [APIC_ICR_HIGH, 0xff000000], [lvt(LVT_TIMER), 0x300ff],
        [lvt(LVT_THERMAL), 0x107ff], [lvt(LVT_PERFORMANCE), 0x107ff], [lvt(LVT_LINT0), 0x1a7ff], [lvt(LVT_LINT1), 0x1a7ff], [lvt(LVT_ERROR), 0x100ff], [APIC_TIMER_DIVIDE, 0x0b],
        [APIC_TIMER_INITIAL, 0xffffffff],
      ] as const) {
        write(register, 0xffffffff);
        expect(read(register), register.toString(16)).to.equal(bits);
      }
      write(APIC_ICR, 0xffffffff);
      expect(read(APIC_ICR)).to.equal(0xccfff);
      for (const register of [APIC_VERSION, APIC_RRD, APIC_EOI, APIC_ISR, APIC_TMR, APIC_IRR]) {
        const before = read(register);
        write(register, 0x12345678);
        expect(read(register), register.toString(16)).to.equal(before);
      }
    });

    it("are read in parts, and written only whole", () => {
      const { apic, read } = bench();
      expect([apic.read(APIC_VERSION, 1), apic.read(APIC_VERSION + 2, 1), apic.read(APIC_VERSION + 2, 2), apic.read(APIC_VERSION + 4, 4)]).to.deep.equal([0x14, 5, 5, 0]);
      apic.write(APIC_TPR, 1, 0x20);
      apic.write(APIC_TPR + 4, 4, 0x20);
      expect(read(APIC_TPR)).to.equal(0);
    });

    it("note an access to one that is not there (ESR bit 7)", () => {
      const { read, write } = running();
      read(0x2f0);
      expect(read(APIC_ESR)).to.equal(0);
      write(APIC_ESR, 0);
      expect(read(APIC_ESR)).to.equal(0x80);
      write(APIC_ESR, 0);
      expect(read(APIC_ESR)).to.equal(0);
      write(0x3f0, 0);
      write(APIC_ESR, 0);
      expect(read(APIC_ESR)).to.equal(0x80);
    });

    it("are where IA32_APIC_BASE says, and nowhere while it switches the APIC off", () => {
      const { apic, seen } = bench();
      expect(seen.mapped).to.deep.equal([0xfee00000]);
      seen.base = 0xd0000900;
      apic.baseChanged();
      expect(seen.mapped).to.deep.equal([0xd0000000]);
      seen.base = OFF;
      apic.baseChanged();
      expect(seen.mapped).to.deep.equal([]);
    });
  });

  describe("priorities (§10.8.3)", () => {
    it("hand over one interrupt after the other, by classes of 16", () => {
      const { apic, seen, write, take } = running();
      for (const vector of [0x41, 0x33, 0x4f, 0x31]) expect(apic.receive(fixed(vector))).to.equal(true);
      expect(vectors(apic, APIC_IRR)).to.deep.equal([0x31, 0x33, 0x41, 0x4f]);
      expect([seen.interrupt, take()]).to.deep.equal([true, 0x4f]);
      expect([vectors(apic, APIC_ISR), vectors(apic, APIC_IRR)]).to.deep.equal([[0x4f], [0x31, 0x33, 0x41]]);
      expect(seen.interrupt, "0x41 is of the class that is served").to.equal(false);
      apic.receive(fixed(0x50));
      expect([seen.interrupt, take(), seen.interrupt]).to.deep.equal([true, 0x50, false]);
      for (const next of [-1, 0x41, 0x33, 0x31]) {
        write(APIC_EOI, 0);
        expect(seen.interrupt).to.equal(next >= 0);
        if (next >= 0) expect(take()).to.equal(next);
      }
      write(APIC_EOI, 0);
      expect(vectors(apic, APIC_ISR)).to.deep.equal([]);
    });

    it("are raised by TPR", () => {
      const { apic, seen, read, write } = running();
      write(APIC_TPR, 0x4f);
      apic.receive(fixed(0x4e));
      expect([seen.interrupt, read(APIC_PPR)]).to.deep.equal([false, 0x4f]);
      write(APIC_TPR, 0x3f);
      expect(seen.interrupt).to.equal(true);
      write(APIC_TPR, 0x40);
      expect(seen.interrupt).to.equal(false);
    });

    it("show in PPR and APR", () => {
      const { apic, read, write, take } = running();
      apic.receive(fixed(0x62));
      expect(read(APIC_APR)).to.equal(0x60);
      take();
      expect([read(APIC_PPR), read(APIC_APR)]).to.deep.equal([0x60, 0]);
      write(APIC_TPR, 0x73);
      expect([read(APIC_PPR), read(APIC_APR)]).to.deep.equal([0x73, 0x73]);
    });

    it("give the spurious vector for a request that has gone (§10.9)", () => {
      const { apic, write, take } = running();
      write(APIC_SPURIOUS, 0x1e7);
      apic.receive(fixed(0x40));
      write(APIC_TPR, 0x40);
      expect([take(), vectors(apic, APIC_ISR), vectors(apic, APIC_IRR)]).to.deep.equal([0xe7, [], [0x40]]);
    });
  });

  describe("messages", () => {
    it("reach it by its ID, or all", () => {
      const { apic, write } = running();
      write(APIC_ID, 0x05000000);
      expect([5, 0xff, 0, 4].map((destination) => apic.receive(fixed(0x40, { destination })))).to.deep.equal([true, true, false, false]);
    });

    it("reach it by logical destinations, flat and by clusters (§10.6.2.2)", () => {
      const { apic, write } = running(), reaches = (destination: number): boolean => apic.receive(fixed(0x40, { destination, isLogical: true }));
      expect(reaches(0x01)).to.equal(false);
      write(APIC_LDR, 0x24000000);
      expect([0x04, 0x20, 0x1b, 0xdb, 0xff].map(reaches)).to.deep.equal([true, true, false, false, true]);
      write(APIC_DFR, 0x0fffffff);
      expect([0x24, 0x2c, 0x14, 0x22, 0xff].map(reaches)).to.deep.equal([true, true, false, false, true]);
    });

    it("of other kinds do what they say", () => {
      const { apic, seen } = running(), send = (mode: number): boolean => apic.receive(fixed(0x40, { mode }));
      expect([NMI, INIT, SMI, START_UP].map(send)).to.deep.equal([true, true, true, true]);
      expect(seen).to.include({ nmis: 1, inits: 1, interrupt: false });
      send(LOWEST_PRIORITY);
      expect(vectors(apic, APIC_IRR)).to.deep.equal([0x40]);
    });

    it("may announce an interrupt of the 8259", () => {
      const { apic, seen } = running();
      apic.receive(fixed(0, { mode: EXT_INT }));
      expect([seen.interrupt, apic.acknowledge(() => 0x22), seen.interrupt]).to.deep.equal([true, 0x22, false]);
      expect(vectors(apic, APIC_ISR)).to.deep.equal([]);
    });

    it("with vectors below 16 are errors (ESR bit 6), which interrupt once until it is cleared", () => {
      const { apic, read, write, take } = running();
      write(lvt(LVT_ERROR), 0xfe);
      apic.receive(fixed(0x0f));
      apic.receive(fixed(0x0e));
      expect([vectors(apic, APIC_IRR), take()]).to.deep.equal([[0xfe], 0xfe]);
      write(APIC_EOI, 0);
      write(APIC_ESR, 0);
      expect([read(APIC_ESR), vectors(apic, APIC_IRR)]).to.deep.equal([0x40, []]);
    });

    it("that trigger by level are told to be ended", () => {
      const { apic, seen, write, take } = running();
      apic.receive(fixed(0x50, { isLevel: true }));
      apic.receive(fixed(0x60));
      expect(vectors(apic, APIC_TMR)).to.deep.equal([0x50]);
      take();
      write(APIC_EOI, 0);
      take();
      write(APIC_EOI, 0);
      expect(seen.ends).to.deep.equal([0x50]);
      write(APIC_EOI, 0);
      expect(seen.ends).to.deep.equal([0x50]);
    });

    it("are not taken while it is switched off", () => {
      const { apic, seen, write } = bench();
      expect([apic.receive(fixed(0x40)), apic.receive(fixed(0x40, { mode: NMI })), seen.nmis]).to.deep.equal([false, true, 1]);
      write(APIC_SPURIOUS, 0x1ff);
      expect(apic.receive(fixed(0x40))).to.equal(true);
      write(APIC_SPURIOUS, 0xff);
      expect(seen.interrupt, "what was requested stays").to.equal(true);
      seen.base = OFF;
      apic.baseChanged();
      expect([apic.receive(fixed(0x40)), apic.receive(fixed(0x40, { mode: NMI })), seen.interrupt]).to.deep.equal([false, false, false]);
    });
  });

  it("tells when it may take what it has refused: it is switched on, or has another ID", () => {
    const { apic, seen, write } = bench(), offersAt = (...changes: (() => void)[]): number[] => changes.map((change) => {
      seen.offers = 0;
      change();
      return seen.offers;
    });
    expect(offersAt(...[APIC_SPURIOUS, APIC_ID, APIC_LDR, APIC_DFR, APIC_TPR, APIC_EOI].map((register) => () => write(register, 0x1ff)), () => apic.baseChanged())).to.deep.equal([1, 1, 1, 1, 0, 0, 1]);
  });

  describe("ICR", () => {
    it("sends to this processor by its ID and by shorthands", () => {
      const { apic, read, write } = running();
      write(APIC_ICR_HIGH, 0);
      write(APIC_ICR, 0x4041);
      write(APIC_ICR_HIGH, 0x07000000);
      write(APIC_ICR, 0x4042);
      write(APIC_ICR, 0x44043);
      write(APIC_ICR, 0x84044);
      write(APIC_ICR, 0xc4045);
      expect([vectors(apic, APIC_IRR), read(APIC_ICR)]).to.deep.equal([[0x41, 0x43, 0x44], 0xc4045]);
    });

    it("sends NMI and INIT, but not by the shorthands of fixed interrupts (table 10-3)", () => {
      const { seen, write } = running();
      for (const command of [0x4400, 0x4500, 0x44400, 0x44500, 0x84400, 0x84500, 0xc4400, 0x8500]) write(APIC_ICR, command);
      expect(seen).to.include({ nmis: 1, inits: 1 });
    });

    it("notes vectors that cannot be sent (ESR bit 5)", () => {
      const { apic, read, write } = running();
      write(APIC_ICR, 0x44003);
      write(APIC_ESR, 0);
      expect([read(APIC_ESR), vectors(apic, APIC_IRR)]).to.deep.equal([0x20, []]);
    });
  });

  describe("LINT0 and LINT1", () => {
    it("are INTR and NMI while the APIC is off", () => {
      const { apic, seen } = bench();
      seen.base = OFF;
      apic.baseChanged();
      apic.setPin(0, true);
      apic.setPin(1, true);
      expect([seen.interrupt, seen.nmis, apic.acknowledge(() => 0x77)]).to.deep.equal([true, 1, 0x77]);
      apic.setPin(0, false);
      expect(seen.interrupt).to.equal(false);
    });

    it("are masked after power-on, and stay so until software switches it on", () => {
      const { apic, seen, read, write } = bench();
      apic.setPin(0, true);
      write(lvt(LVT_LINT0), 0x700);
      expect([seen.interrupt, read(lvt(LVT_LINT0))]).to.deep.equal([false, 0x10700]);
      write(APIC_SPURIOUS, 0x1ff);
      write(lvt(LVT_LINT0), 0x700);
      expect(seen.interrupt).to.equal(true);
      write(APIC_SPURIOUS, 0xff);
      expect([seen.interrupt, read(lvt(LVT_LINT0))]).to.deep.equal([false, 0x10700]);
    });

    it("pass the 8259's interrupts on whatever TPR says, behind those of the APIC", () => {
      const { apic, seen, write } = running();
      write(lvt(LVT_LINT0), 0x700);
      write(APIC_TPR, 0xff);
      apic.setPin(0, true);
      expect([seen.interrupt, apic.acknowledge(() => 0x20)]).to.deep.equal([true, 0x20]);
      write(APIC_TPR, 0);
      apic.receive(fixed(0x30));
      expect([apic.acknowledge(() => 0x20), apic.acknowledge(() => 0x20)]).to.deep.equal([0x30, 0x20]);
      apic.setPin(0, false);
      expect(seen.interrupt).to.equal(false);
    });

    it("bring NMI and INIT by edges of the polarity that is set", () => {
      const { apic, seen, write } = running();
      write(lvt(LVT_LINT1), 0x400);
      for (const level of [true, false, true]) apic.setPin(1, level);
      expect(seen.nmis).to.equal(2);
      write(lvt(LVT_LINT1), 0x500 | ACTIVE_LOW);
      for (const level of [false, true, false]) apic.setPin(1, level);
      expect([seen.nmis, seen.inits]).to.deep.equal([2, 2]);
      expect([apic.wakesBy(0), apic.wakesBy(1)]).to.deep.equal([false, true]);
    });

    it("send fixed interrupts by level again until the level goes", () => {
      const { apic, seen, read, write, take } = running();
      write(lvt(LVT_LINT0), 0x61 | LEVEL);
      apic.setPin(0, true);
      expect([read(lvt(LVT_LINT0)), take(), seen.interrupt]).to.deep.equal([0x61 | LEVEL | REMOTE_IRR, 0x61, false]);
      write(APIC_EOI, 0);
      expect([seen.interrupt, take()]).to.deep.equal([true, 0x61]);
      apic.setPin(0, false);
      write(APIC_EOI, 0);
      expect([seen.interrupt, read(lvt(LVT_LINT0))]).to.deep.equal([false, 0x61 | LEVEL]);
    });

    it("send fixed interrupts by edge once", () => {
      const { apic, seen, write, take } = running();
      write(lvt(LVT_LINT0), 0x61);
      apic.setPin(0, true);
      expect(take()).to.equal(0x61);
      write(APIC_EOI, 0);
      expect(seen.interrupt).to.equal(false);
    });
  });

  describe("timer (§10.5.4)", () => {
    const DIVIDERS = [[0, 2], [1, 4], [2, 8], [3, 16], [8, 32], [9, 64], [10, 128], [11, 1]] as const;

    it("counts at 1 GHz, divided as its register says", () => {
      for (const [code, divider] of DIVIDERS) {
        const { clock, read, write } = running();
        write(APIC_TIMER_DIVIDE, code);
        write(APIC_TIMER_INITIAL, 1000);
        clock.advance(100 * divider);
        expect(read(APIC_TIMER_CURRENT), `divided by ${divider}`).to.equal(900);
      }
    });

    it("interrupts once, and stands at 0", () => {
      const { clock, seen, read, write, take } = running();
      write(APIC_TIMER_DIVIDE, 11);
      write(lvt(LVT_TIMER), 0xef);
      write(APIC_TIMER_INITIAL, 5000);
      clock.advance(4999);
      expect([seen.interrupt, read(APIC_TIMER_CURRENT)]).to.deep.equal([false, 1]);
      clock.advance(1);
      expect([take(), read(APIC_TIMER_CURRENT), clock.nextNs]).to.deep.equal([0xef, 0, Infinity]);
    });

    it("begins anew in periodic mode", () => {
      const { clock, seen, read, write, take } = running();
      write(APIC_TIMER_DIVIDE, 11);
      write(lvt(LVT_TIMER), 0xef | PERIODIC);
      write(APIC_TIMER_INITIAL, 1000);
      for (let i = 0; i < 3; i++) {
        clock.advance(1000);
        expect([seen.interrupt, take()]).to.deep.equal([true, 0xef]);
        write(APIC_EOI, 0);
      }
      clock.advance(300);
      expect([seen.interrupt, read(APIC_TIMER_CURRENT)]).to.deep.equal([false, 700]);
    });

    it("keeps nobody busy while its interrupt waits or is masked", () => {
      const { clock, seen, write, take } = running();
      write(APIC_TIMER_DIVIDE, 11);
      write(lvt(LVT_TIMER), 0xef | PERIODIC);
      write(APIC_TIMER_INITIAL, 1);
      clock.advance(1_000_000_000);
      expect([seen.interrupt, clock.nextNs]).to.deep.equal([true, Infinity]);
      take();
      expect(clock.nextNs).to.equal(clock.nowNs() + 1);
      write(lvt(LVT_TIMER), 0xef | PERIODIC | MASKED);
      expect(clock.nextNs).to.equal(Infinity);
    });

    it("goes on from its count when it is divided otherwise, and stops with an initial count of 0", () => {
      const { clock, read, write } = running();
      write(APIC_TIMER_DIVIDE, 11);
      write(APIC_TIMER_INITIAL, 1000);
      clock.advance(400);
      write(APIC_TIMER_DIVIDE, 0);
      clock.advance(200);
      expect(read(APIC_TIMER_CURRENT)).to.equal(500);
      write(APIC_TIMER_INITIAL, 0);
      clock.advance(10);
      expect(read(APIC_TIMER_CURRENT)).to.equal(0);
    });

    it("counts while it is masked, and what happened then is not made up for", () => {
      const { clock, seen, read, write } = running();
      write(APIC_TIMER_DIVIDE, 11);
      write(lvt(LVT_TIMER), 0xef | PERIODIC | MASKED);
      write(APIC_TIMER_INITIAL, 1000);
      clock.advance(2500);
      write(lvt(LVT_TIMER), 0xef | PERIODIC);
      expect([seen.interrupt, read(APIC_TIMER_CURRENT)]).to.deep.equal([false, 500]);
      clock.advance(500);
      expect(seen.interrupt).to.equal(true);
    });
  });

  describe("timer with deadlines (§10.5.4.1)", () => {
    function waiting() {
      const made = running(true);
      made.write(lvt(LVT_TIMER), 0xef | BY_DEADLINE);
      return made;
    }

    it("interrupts once, when the time-stamp counter has come to the deadline", () => {
      const { apic, clock, seen, take } = waiting();
      clock.advance(1000 * TICK_NS);
      apic.writeDeadline(1500n);
      clock.advance(500 * TICK_NS - 1);
      expect([seen.interrupt, apic.deadline]).to.deep.equal([false, 1500n]);
      clock.advance(1);
      expect([seen.interrupt, apic.deadline, take(), clock.nextNs]).to.deep.equal([true, 0n, 0xef, Infinity]);
    });

    it("interrupts at once for a deadline that is over, and not for 0, which takes one back", () => {
      const { apic, clock, seen, take } = waiting();
      clock.advance(1000 * TICK_NS);
      apic.writeDeadline(1000n);
      expect([seen.interrupt, take(), apic.deadline]).to.deep.equal([true, 0xef, 0n]);
      apic.writeDeadline(2000n);
      apic.writeDeadline(0n);
      expect([seen.interrupt, clock.nextNs]).to.deep.equal([false, Infinity]);
    });

    it("takes no initial count, and stands at 0", () => {
      const { apic, clock, read, write } = waiting();
      write(APIC_TIMER_INITIAL, 1000);
      apic.writeDeadline(500n);
      expect([read(APIC_TIMER_INITIAL), read(APIC_TIMER_CURRENT), clock.nextNs]).to.deep.equal([0, 0, 500 * TICK_NS]);
    });

    it("knows no deadline in other modes, and forgets what was set when it comes or goes", () => {
      const { apic, clock, read, write } = running(true);
      apic.writeDeadline(500n);
      expect([apic.deadline, clock.nextNs]).to.deep.equal([0n, Infinity]);
      write(APIC_TIMER_INITIAL, 1000);
      write(lvt(LVT_TIMER), 0xef | BY_DEADLINE);
      expect([read(APIC_TIMER_INITIAL), clock.nextNs]).to.deep.equal([0, Infinity]);
      apic.writeDeadline(500n);
      write(lvt(LVT_TIMER), 0xee | BY_DEADLINE);
      expect(apic.deadline, "another vector").to.equal(500n);
      for (const mode of [0, PERIODIC]) {
        write(lvt(LVT_TIMER), 0xef | mode);
        expect([apic.deadline, clock.nextNs]).to.deep.equal([0n, Infinity]);
        write(lvt(LVT_TIMER), 0xef | BY_DEADLINE);
        apic.writeDeadline(500n);
      }
    });

    it("goes by the counter when that is written, and asks again one that is late", () => {
      const { apic, clock, seen } = waiting();
      apic.writeDeadline(1000n);
      seen.ticksAhead = 900;
      apic.counterMoved();
      expect(clock.nextNs).to.equal(100 * TICK_NS);
      seen.ticksAhead = 850;
      clock.advance(100 * TICK_NS);
      expect([seen.interrupt, clock.nextNs]).to.deep.equal([false, 150 * TICK_NS]);
      seen.ticksAhead = 1000;
      apic.counterMoved();
      expect(seen.interrupt).to.equal(true);
    });

    it("waits for none that is further away than time can be counted", () => {
      const { apic, clock } = waiting();
      apic.writeDeadline((1n << 64n) - 1n);
      expect([apic.deadline, clock.nextNs]).to.deep.equal([(1n << 64n) - 1n, Infinity]);
    });

    it("lets a deadline pass while it is masked", () => {
      const { apic, clock, seen, write } = waiting();
      write(lvt(LVT_TIMER), 0xef | BY_DEADLINE | MASKED);
      apic.writeDeadline(100n);
      expect(clock.nextNs).to.equal(Infinity);
      clock.advance(100 * TICK_NS);
      write(lvt(LVT_TIMER), 0xef | BY_DEADLINE);
      expect([seen.interrupt, apic.deadline]).to.deep.equal([false, 0n]);
    });

    it("goes on with its deadline from a saved state, and has none after an INIT", () => {
      const { apic } = waiting(), other = waiting();
      apic.writeDeadline(1000n);
      other.apic.restore(apic.save());
      expect([other.apic.deadline, other.clock.nextNs]).to.deep.equal([1000n, 1000 * TICK_NS]);
      other.apic.initialise();
      expect([other.apic.deadline, other.clock.nextNs]).to.deep.equal([0n, Infinity]);
    });

    it("is not there for a processor without", () => {
      const { apic, clock, read, write } = running();
      write(lvt(LVT_TIMER), 0xef | BY_DEADLINE);
      apic.writeDeadline(100n);
      expect([read(lvt(LVT_TIMER)), apic.deadline, clock.nextNs]).to.deep.equal([0xef, 0n, Infinity]);
    });
  });

  it("keeps only its ID over an INIT, and its pins over a reset", () => {
    const { apic, read, write, seen } = running();
    write(APIC_ID, 0x03000000);
    write(APIC_TPR, 0x50);
    apic.receive(fixed(0x40));
    apic.setPin(0, true);
    apic.initialise();
    expect([read(APIC_ID), read(APIC_TPR), read(APIC_SPURIOUS), vectors(apic, APIC_IRR)]).to.deep.equal([0x03000000, 0, 0xff, []]);
    apic.reset();
    write(APIC_SPURIOUS, 0x1ff);
    write(lvt(LVT_LINT0), 0x700);
    expect([read(APIC_ID), seen.interrupt]).to.deep.equal([0, true]);
  });

  describe("whatever happens to it", () => {
    /** Registers by their bytes: the harness writes single ones, which becomes a word in which it is lowest or highest. */
    function subject(): Subject {
      const { apic, clock } = running(true);
      const device = {
        reset: () => apic.reset(), save: () => apic.save(), restore: (state: Parameters<typeof apic.restore>[0]) => apic.restore(state),
        readByte: (port: number) => apic.read(port << 4, 4) & 0xff, writeByte: (port: number, value: number) => apic.write(port << 4, 4, (value | (value << 11) | (value << 24)) >>> 0),
      };
      return {
        device, clock, ports: 256,
        disturb: (random) => {
          apic.setPin(random.below(2) === 0 ? 0 : 1, random.below(2) === 0);
          apic.receive({ mode: random.below(8), vector: random.below(256), isLevel: random.below(2) === 0, destination: random.below(256), isLogical: random.below(2) === 0 });
          apic.writeDeadline(BigInt(Math.max(0, Math.floor(clock.nowNs() / TICK_NS) + random.below(1000) - 100)));
          if (apic.hasRequest) expect(apic.acknowledge(() => 8)).to.be.within(0, 255);
        },
      };
    }

    it("stands random accesses, messages and pins", () => standsRandomAccesses(subject(), 41));
    it("goes on from its saved states", () => goesOnFromSavedStates(subject, 42));
    it("refuses states that it cannot be in", () => refusesBrokenStates(subject));
  });
});
