// The 8042 with its keyboard and mouse: commands, status, interrupts, pins (IBM PS/2 Technical Reference).

import { expect } from "chai";
import { restoreParts, saveParts } from "../../../src/devices/saveable.ts";
import { I8042 } from "../../../src/devices/i8042.ts";
import { Ps2Keyboard } from "../../../src/devices/ps2-keyboard.ts";
import { Ps2Mouse } from "../../../src/devices/ps2-mouse.ts";
import { SetTwoToOne } from "../../../src/devices/scan-codes.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

const DATA = 0, COMMAND = 4;

function bench() {
  const keyboard = new Ps2Keyboard(), mouse = new Ps2Mouse(), seen = { keyboard: 0, aux: 0, a20: true, resets: 0 }, level = { keyboard: false, aux: false };
  const follow = (line: "keyboard" | "aux") => (isHigh: boolean): void => {
    if (isHigh && !level[line]) seen[line]++;
    level[line] = isHigh;
  };
  const controller = new I8042({
    keyboardInterrupt: follow("keyboard"), auxInterrupt: follow("aux"), a20: (isOn) => { seen.a20 = isOn; }, resetCpu: () => { seen.resets++; },
  }, { keyboard, mouse }, new SetTwoToOne());
  const status = (): number => controller.readByte(COMMAND), data = (): number => controller.readByte(DATA);
  /** All bytes that wait. */
  const drain = (): number[] => {
    const bytes: number[] = [];
    while ((status() & 1) !== 0) bytes.push(data());
    return bytes;
  };
  const command = (value: number, ...args: readonly number[]): number[] => {
    controller.writeByte(COMMAND, value);
    for (const arg of args) controller.writeByte(DATA, arg);
    return drain();
  };
  const toKeyboard = (...bytes: readonly number[]): number[] => bytes.flatMap((byte) => {
    controller.writeByte(DATA, byte);
    return drain();
  });
  const toMouse = (...bytes: readonly number[]): number[] => bytes.flatMap((byte) => command(0xd4, byte));
  return { controller, keyboard, mouse, seen, level, status, data, drain, command, toKeyboard, toMouse };
}

describe("I8042", () => {
  it("passes its self-test and those of its lines", () => {
    const { command } = bench();
    expect([command(0xaa), command(0xab), command(0xa9)]).to.deep.equal([[0x55], [0], [0]]);
  });

  it("shows in its status what waits, whence, and whether a command was last", () => {
    const { controller, status, data } = bench();
    expect(status() & 0x29).to.equal(0);
    controller.writeByte(COMMAND, 0xaa);
    expect(status() & 0x2d).to.equal(0x0d);
    expect([data(), status() & 1]).to.deep.equal([0x55, 0]);
    controller.writeByte(COMMAND, 0xd3);
    controller.writeByte(DATA, 0x77);
    expect(status() & 0x29).to.equal(0x21);
  });

  it("keeps a mode and a memory", () => {
    const { command } = bench();
    command(0x60, 0x45);
    command(0x65, 0x99);
    expect([command(0x20), command(0x25)]).to.deep.equal([[0x45], [0x99]]);
    command(0xad);
    command(0xa7);
    expect(command(0x20)).to.deep.equal([0x75]);
    command(0xae);
    command(0xa8);
    expect(command(0x20)).to.deep.equal([0x45]);
  });

  it("interrupts for each byte, of keyboard and mouse apart, if its mode says so", () => {
    const { controller, seen, keyboard, data, command } = bench();
    keyboard.type([0x1c, 0xf0, 0x1c]);
    expect([seen.keyboard, data(), seen.keyboard, data(), seen.aux]).to.deep.equal([1, 0x1e, 2, 0x9e, 0]);
    controller.writeByte(COMMAND, 0xd3);
    controller.writeByte(DATA, 1);
    expect([seen.aux, data()]).to.deep.equal([1, 1]);
    command(0x60, 0x44);
    keyboard.type([0x1c]);
    expect([seen.keyboard, data()]).to.deep.equal([2, 0x1e]);
  });

  it("keeps the keyboard waiting while its line is disabled", () => {
    const { keyboard, drain, command } = bench();
    command(0xad);
    keyboard.type([0x1c]);
    expect(drain()).to.deep.equal([]);
    expect(command(0xae)).to.deep.equal([0x1e]);
  });

  it("translates set 2 to set 1, or not", () => {
    const { keyboard, drain, command } = bench();
    keyboard.type([0xe0, 0x75, 0xe0, 0xf0, 0x75, 0x76, 0x83, 0x66]);
    expect(drain()).to.deep.equal([0xe0, 0x48, 0xe0, 0xc8, 0x01, 0x41, 0x0e]);
    command(0x60, 0x05);
    keyboard.type([0xf0, 0x1c]);
    expect(drain()).to.deep.equal([0xf0, 0x1c]);
  });

  it("drives A20 and the reset line", () => {
    const { command, seen } = bench();
    command(0xd1, 0xdd);
    expect([seen.a20, command(0xd0)]).to.deep.equal([false, [1]]);
    command(0xdf);
    expect(seen.a20).to.equal(true);
    command(0xdd);
    expect(seen.a20).to.equal(false);
    command(0xfe);
    command(0xff);
    command(0xd1, 0x02);
    expect(seen.resets).to.equal(2);
  });
});

describe("Ps2Keyboard", () => {
  it("is reset, named, and echoes", () => {
    const { toKeyboard, command } = bench();
    command(0x60, 0x05);
    expect([toKeyboard(0xff), toKeyboard(0xf2), toKeyboard(0xee), toKeyboard(0xfe)]).to.deep.equal([[0xfa, 0xaa], [0xfa, 0xab, 0x83], [0xee], [0xee]]);
  });

  it("takes lights, rates and scan code sets, and tells the set", () => {
    const { toKeyboard, command } = bench();
    command(0x60, 0x05);
    expect([toKeyboard(0xed, 7), toKeyboard(0xf3, 0x20), toKeyboard(0xf0, 0), toKeyboard(0xf0, 1), toKeyboard(0xf0, 0)])
      .to.deep.equal([[0xfa, 0xfa], [0xfa, 0xfa], [0xfa, 0xfa, 2], [0xfa, 0xfa], [0xfa, 0xfa, 1]]);
  });

  it("sends nothing while it is disabled", () => {
    const { toKeyboard, keyboard, drain } = bench();
    expect(toKeyboard(0xf5)).to.deep.equal([0xfa]);
    keyboard.type([0x1c]);
    expect(drain()).to.deep.equal([]);
    toKeyboard(0xf4);
    keyboard.type([0x1c]);
    expect(drain()).to.deep.equal([0x1e]);
  });

  it("asks for what it does not know again", () => {
    expect(bench().toKeyboard(0x12)).to.deep.equal([0xfe]);
  });

  it("marks an overrun", () => {
    const { keyboard, drain, command } = bench();
    command(0x60, 0x05);
    for (let i = 0; i < 40; i++) keyboard.type([0x1c]);
    const bytes = drain();
    expect([bytes.length < 40, bytes.includes(0)]).to.deep.equal([true, true]);
  });
});

describe("Ps2Mouse", () => {
  it("is reset and named, and tells its settings", () => {
    const { toMouse } = bench();
    expect([toMouse(0xff), toMouse(0xf2), toMouse(0xe8, 3), toMouse(0xf3, 40), toMouse(0xe7), toMouse(0xe9)])
      .to.deep.equal([[0xfa, 0xaa, 0], [0xfa, 0], [0xfa, 0xfa], [0xfa, 0xfa], [0xfa], [0xfa, 0x10, 3, 40]]);
  });

  it("reports movements and buttons once it is enabled", () => {
    const { toMouse, mouse, drain } = bench();
    mouse.move(1, 1, 0);
    expect(drain()).to.deep.equal([]);
    toMouse(0xf4);
    mouse.move(5, -3, 1);
    mouse.move(1000, -1000, 6);
    expect(drain()).to.deep.equal([0x29, 5, 0xfd, 0xee, 0xff, 0x00]);
    expect(toMouse(0xe9)[1]).to.equal(0x23);
  });

  it("sends packets when asked in remote mode, and bytes back in wrap mode", () => {
    const { toMouse, mouse, drain } = bench();
    toMouse(0xf0, 0xf4);
    mouse.move(1, 1, 2);
    expect(drain()).to.deep.equal([]);
    expect(toMouse(0xeb)).to.deep.equal([0xfa, 0x0a, 0, 0]);
    expect([toMouse(0xee), toMouse(0x55), toMouse(0xec), toMouse(0x55)]).to.deep.equal([[0xfa], [0x55], [0xfa], [0xfe]]);
  });
});

describe("The keyboard controller under hostile software", () => {
  /** The controller and what hangs on it, saved together. */
  function make(): Subject {
    const { controller, keyboard, mouse } = bench(), parts = { keyboard, mouse, controller };
    const device: Subject["device"] = {
      readByte: (port) => controller.readByte(port * 4), writeByte: (port, value) => controller.writeByte(port * 4, value), reset: () => controller.reset(),
      save: () => saveParts(parts), restore: (state) => restoreParts("keyboard and mouse", parts, state),
    };
    return {
      device, clock: new FakeClock(), ports: 2,
      disturb: (random) => {
        if (random.below(2) === 0) keyboard.type([random.below(0x80)]);
        else mouse.move(random.below(600) - 300, random.below(600) - 300, random.below(8));
      },
    };
  }

  it("stands random accesses", () => standsRandomAccesses(make(), testSeed(8042)));
  it("goes on from saved states", () => goesOnFromSavedStates(make, testSeed(8043)));
  it("refuses broken states, each part its own", () => {
    for (const device of [bench().controller, new Ps2Keyboard(), new Ps2Mouse()]) refusesBrokenStates(() => ({ device }));
  });
});
