// From what a terminal sends to what a keyboard sends.

import { expect } from "chai";
import { KeyFeeder } from "../../../src/cli/boot/terminal/key-feeder.ts";
import { keysOf, scanCodesOf } from "../../../src/cli/boot/terminal/keys.ts";
import { keysTyped } from "../../../src/cli/boot/terminal/terminal-keys.ts";
import { Ps2Keyboard } from "../../../src/devices/ps2-keyboard.ts";

const names = (text: string): string => keysTyped(text).map((keys) => keys.join("-")).join(" ");

describe("keysTyped", () => {
  it("knows characters, with Shift and Ctrl where they need them", () => {
    expect(names("aB1!~ \r\t\x7f")).to.equal("a shift-b 1 shift-1 shift-grave_accent spc ret tab backspace");
    expect(names("\x03\x1a\x00\x1c")).to.equal("ctrl-c ctrl-z ctrl-spc ctrl-backslash");
  });

  it("has a way to type each printable character", () => {
    const missing = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).filter((c) => keysOf(c) === null);
    expect(missing).to.deep.equal([]);
  });

  it("knows the sequences of xterm and of the Linux console", () => {
    expect(names("\x1b[A\x1b[B\x1bOC\x1b[D\x1b[H\x1bOF\x1b[3~\x1b[5~")).to.equal("up down right left home end delete pgup");
    expect(names("\x1bOP\x1b[15~\x1b[24~\x1b[[B")).to.equal("f1 f5 f12 f2");
    expect(names("\x1b[1;5D\x1b[1;2A\x1b[3;3~\x1b[Z")).to.equal("ctrl-left shift-up alt-delete shift-tab");
  });

  it("takes an escape alone as Esc, and in front of a character as Alt", () => {
    expect([names("\x1b"), names("\x1bx"), names("\x1b\x1b")]).to.deep.equal(["esc", "alt-x", "alt-esc"]);
  });

  it("leaves out what no key makes", () => {
    expect(names("é\x1b[99~\x1b[Ka€")).to.equal("a");
  });
});

describe("scanCodesOf", () => {
  it("presses keys in turn and releases them the other way round, with prefixes", () => {
    expect(scanCodesOf(["ctrl", "alt", "delete"])).to.deep.equal([0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0, 0x71, 0xf0, 0x11, 0xf0, 0x14]);
    expect(() => scanCodesOf(["toString"])).to.throw(/there is no key "toString"/);
  });
});

describe("KeyFeeder", () => {
  it("gives the keyboard the next keys when it has sent those before", () => {
    const keyboard = new Ps2Keyboard(), feeder = new KeyFeeder(keyboard), seen: number[] = [];
    for (let i = 0; i < 50; i++) feeder.press(["a"]);
    for (let turn = 0; turn < 60; turn++) {
      feeder.feed();
      feeder.feed();
      for (let byte = keyboard.next(); byte !== null; byte = keyboard.next()) seen.push(byte);
    }
    expect(seen).to.deep.equal(new Array<number[]>(50).fill([0x1c, 0xf0, 0x1c]).flat());
  });
});
