// What every device must stand: random accesses, and states that are saved, restored, and broken. Shared by test/src/devices.

import { inspect } from "node:util";
import { expect } from "chai";
import type { BytePorts, Device } from "../../src/bus/device.ts";
import type { Saveable, SavedState, SavedValue } from "../../src/devices/saveable.ts";
import { isState, StateError } from "../../src/devices/saveable.ts";
import type { FakeClock } from "./fake-clock.ts";
import { Random } from "../tcg/support/random.ts";

/** A device under test, made anew: with what it stands on. */
export interface Subject {
  readonly device: Device & Saveable & BytePorts;
  readonly clock: FakeClock;
  /** Ports it has. */
  readonly ports: number;
  /** Does something that comes from outside, if anything can. */
  readonly disturb?: (random: Random) => void;
}

const ACCESSES = 20_000, STATES = 50, MAX_STEP_NS = 50_000_000;

/** Random accesses, with time going on: every read gives a byte. */
export function standsRandomAccesses(subject: Subject, seed: number): void {
  const random = new Random(seed);
  for (let i = 0; i < ACCESSES; i++) poke(subject, random);
}

function poke({ device, clock, ports, disturb }: Subject, random: Random): void {
  const port = random.below(ports);
  if (random.below(2) === 0) device.writeByte(port, random.below(256));
  else expect(device.readByte(port)).to.satisfy((v: number) => Number.isInteger(v) && v >= 0 && v <= 255);
  if (random.below(8) === 0) clock.advance(random.below(random.below(10) === 0 ? MAX_STEP_NS : 5000));
  if (random.below(8) === 0) disturb?.(random);
}

/** A saved state, restored into another device at the same time, makes one that answers all that follows alike. */
export function goesOnFromSavedStates(make: () => Subject, seed: number): void {
  const random = new Random(seed);
  for (let round = 0; round < STATES; round++) {
    const one = make(), two = make();
    for (let i = 0; i < 200; i++) poke(one, random);
    two.clock.advance(one.clock.nowNs());
    two.device.restore(structuredClone(one.device.save()));
    expect(two.device.save()).to.deep.equal(one.device.save());
    expect(two.clock.nextNs, "the next alarm").to.equal(one.clock.nextNs);
    for (let i = 0; i < 200; i++) {
      const port = random.below(one.ports), value = random.below(256), write = random.below(2) === 0, ns = random.below(20_000);
      if (write) for (const { device } of [one, two]) device.writeByte(port, value);
      else expect(two.device.readByte(port), `port ${port}`).to.equal(one.device.readByte(port));
      for (const { clock } of [one, two]) clock.advance(ns);
    }
  }
}

/** States with a field missing, unknown, or of another kind are refused, and change nothing. */
export function refusesBrokenStates(make: () => { readonly device: Saveable }): void {
  const { device } = make(), good = device.save();
  for (const state of brokenStates(good)) {
    expect(() => device.restore(state), inspect(state)).to.throw(StateError);
    expect(device.save()).to.deep.equal(good);
  }
}

/** A state with one fault in it, each time another one. */
function brokenStates(good: SavedState): SavedState[] {
  const broken: SavedState[] = [{ ...good, surprise: 1 }];
  for (const [name, value] of Object.entries(good)) {
    broken.push(Object.fromEntries(Object.entries(good).filter(([other]) => other !== name)));
    for (const wrong of wrongValues(value)) broken.push({ ...good, [name]: wrong });
  }
  return broken;
}

/** More than any list or string has room for. */
const MANY = 100_000;

function wrongValues(value: SavedValue): SavedValue[] {
  switch (typeof value) {
    case "number": return [NaN, 0.5, 2 ** 60, true, null, [0]];
    case "bigint": return [-1n, 1n << 64n, 0];
    case "boolean": return [0, [false], null];
    case "string": return ["x".repeat(MANY), 0, null];
    default:
      if (value === null) return [{ surprise: 1 }];
      if (value instanceof Uint8Array) return [0, [...value], new Uint8Array(value.length + 2 ** 26)];
      return isState(value) ? [0, [], ...brokenStates(value)] : [0, {}, [...value, ...new Array<number>(MANY).fill(0)], [-1], [NaN]];
  }
}
