// The board's own ports, and the PIIX4's power management, which is ACPI's fixed hardware.

import { expect } from "chai";
import { AcpiPm, PM_TIMER_HZ, SmiCommand } from "../../../src/devices/acpi-pm.ts";
import { ResetControl, SystemControlA, SystemControlB } from "../../../src/devices/system-ports.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

describe("SystemControlA", () => {
  it("drives A20, and resets by a rising bit 0", () => {
    const seen: (boolean | string)[] = [], port = new SystemControlA({ a20: (isOn) => seen.push(isOn), resetCpu: () => seen.push("reset") });
    expect(port.readByte()).to.equal(2);
    for (const value of [0, 2, 3, 3, 2, 1]) port.writeByte(0, value);
    expect(seen).to.deep.equal([false, true, true, "reset", true, true, false, "reset"]);
    port.isA20On = true;
    expect(port.readByte()).to.equal(3);
  });
});

describe("SystemControlB", () => {
  it("drives counter 2's gate, shows its output, and a bit that changes with time", () => {
    const clock = new FakeClock(), counter = { gate: true, isHigh: false }, port = new SystemControlB(clock, counter);
    expect([counter.gate, port.readByte()]).to.deep.equal([false, 0]);
    port.writeByte(0, 0xff);
    counter.isHigh = true;
    expect([counter.gate, port.readByte()]).to.deep.equal([true, 0x2f]);
    clock.advance(15_085);
    expect(port.readByte()).to.equal(0x3f);
  });
});

describe("ResetControl", () => {
  it("resets by a rising bit 2", () => {
    let resets = 0;
    const port = new ResetControl(() => { resets++; });
    for (const value of [2, 6, 6, 0, 4]) port.writeByte(0, value);
    expect([resets, port.readByte()]).to.deep.equal([2, 4]);
  });
});

function pm() {
  const clock = new FakeClock(), slept: number[] = [];
  let sci = false;
  const device = new AcpiPm(clock, { sci: (isHigh) => { sci = isHigh; }, sleep: (type) => slept.push(type) });
  return { device, clock, slept, sci: () => sci };
}

const STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8;

describe("AcpiPm", () => {
  it("has a timer of 24 bits at 3.579545 MHz, of any width", () => {
    const { device, clock } = pm();
    clock.advance(1e9);
    expect(device.read(TIMER, 4)).to.equal(PM_TIMER_HZ);
    expect([device.read(TIMER, 2), device.read(TIMER + 2, 1)]).to.deep.equal([PM_TIMER_HZ & 0xffff, PM_TIMER_HZ >>> 16]);
    clock.advance(4e9);
    expect(device.read(TIMER, 4)).to.equal((5 * PM_TIMER_HZ) % 2 ** 24);
  });

  it("notes each change of the timer's top bit, and interrupts if that is enabled, in ACPI mode", () => {
    const { device, clock, sci } = pm(), half = Math.ceil((2 ** 23 * 1e9) / PM_TIMER_HZ);
    clock.advance(half);
    expect([device.read(STATUS, 2), sci()]).to.deep.equal([1, false]);
    device.write(STATUS, 2, 1);
    expect(device.read(STATUS, 2)).to.equal(0);
    device.write(ENABLE, 2, 1);
    device.isAcpiMode = true;
    clock.advance(half - 1000);
    expect(sci()).to.equal(false);
    clock.advance(2000);
    expect(sci()).to.equal(true);
    device.write(STATUS, 2, 1);
    expect(sci()).to.equal(false);
  });

  it("interrupts for the power button", () => {
    const { device, sci } = pm();
    device.isAcpiMode = true;
    device.write(ENABLE, 2, 0x100);
    device.pressPowerButton();
    expect([sci(), device.read(STATUS, 4)]).to.deep.equal([true, 0x01000100]);
    device.write(STATUS, 2, 0xffff);
    expect([sci(), device.read(STATUS, 2)]).to.deep.equal([false, 0]);
  });

  it("asks for a sleep state when SLP_EN is written, which reads as 0", () => {
    const { device, slept } = pm();
    device.write(CONTROL, 2, 0x1c00);
    expect(slept).to.deep.equal([]);
    device.write(CONTROL, 2, 0x3401);
    expect([slept, device.read(CONTROL, 2)]).to.deep.equal([[5], 0x1401]);
  });

  it("reads 0 where there is no register", () => {
    const { device } = pm();
    device.write(0x20, 4, 0xffffffff);
    expect(device.read(0x20, 4)).to.equal(0);
  });
});

describe("SmiCommand", () => {
  it("executes what is written to its first port", () => {
    const seen: number[] = [], port = new SmiCommand((command) => seen.push(command));
    port.writeByte(0, 0xf1);
    port.writeByte(1, 0x12);
    expect([seen, port.readByte(0), port.readByte(1)]).to.deep.equal([[0xf1], 0xf1, 0x12]);
  });
});

describe("The board's ports under hostile software", () => {
  const makers: readonly (readonly [string, number, () => Subject])[] = [
    ["port 0x92", 1, () => ({ device: new SystemControlA({ a20: () => undefined, resetCpu: () => undefined }), clock: new FakeClock(), ports: 1 })],
    ["port 0x61", 1, () => {
      const clock = new FakeClock();
      return { device: new SystemControlB(clock, { gate: false, isHigh: false }), clock, ports: 1 };
    }],
    ["port 0xcf9", 1, () => ({ device: new ResetControl(() => undefined), clock: new FakeClock(), ports: 1 })],
    ["SMI command", 2, () => ({ device: new SmiCommand(() => undefined), clock: new FakeClock(), ports: 2 })],
    ["power management", 64, () => {
      const { device, clock } = pm();
      return {
        device: {
          readByte: (offset) => device.read(offset, 1), writeByte: (offset, value) => device.write(offset, 1, value), reset: () => device.reset(),
          save: () => device.save(), restore: (state) => device.restore(state),
        },
        clock, ports: 64, disturb: () => device.pressPowerButton(),
      };
    }],
  ];

  for (const [name, seed, make] of makers) {
    it(`${name} stands random accesses`, () => standsRandomAccesses(make(), testSeed(seed)));
    it(`${name} goes on from saved states`, () => goesOnFromSavedStates(make, testSeed(seed + 1)));
    it(`${name} refuses broken states`, () => refusesBrokenStates(make));
  }
});
