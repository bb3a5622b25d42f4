// What a VGA shows: characters and points, by the registers of each kind of mode.

import { expect } from "chai";
import { CODE_PAGE_437 } from "../../../src/devices/vga/code-page-437.ts";
import { pictureOf } from "../../../src/devices/vga/picture.ts";
import { linesOf, textScreenOf } from "../../../src/devices/vga/text-screen.ts";
import { Vga, VGA_PORTS } from "../../../src/devices/vga/vga.ts";
import { FONT_LINES, textFont } from "../../../src/machine/boot/text-font.ts";
import { startTextMode } from "../../../src/machine/boot/text-mode.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";

const MEMORY_BYTES = 1 << 20, TEXT = 0x18000;

/** A VGA in text mode 3. */
function bench() {
  const vga = new Vga(new FakeClock(), MEMORY_BYTES);
  startTextMode(vga);
  const set = (port: number) => (index: number, value: number): void => {
    vga.writeByte(port - VGA_PORTS, index);
    vga.writeByte(port + 1 - VGA_PORTS, value);
  };
  const attribute = (index: number, value: number): void => {
    vga.readByte(0x3da - VGA_PORTS);
    vga.writeByte(0x3c0 - VGA_PORTS, index | 0x20);
    vga.writeByte(0x3c0 - VGA_PORTS, value);
  };
  const type = (column: number, row: number, text: string, colour = 0x07): void => [...text].forEach((c, i) => {
    vga.memory.write(TEXT + 2 * (row * 80 + column + i), CODE_PAGE_437.indexOf(c));
    vga.memory.write(TEXT + 2 * (row * 80 + column + i) + 1, colour);
  });
  const colourAt = (x: number, y: number): string => {
    const { width, rgb } = pictureOf(vga), at = 3 * (y * width + x);
    return Buffer.from(rgb.subarray(at, at + 3)).toString("hex");
  };
  return { vga, crtc: set(0x3d4), seq: set(0x3c4), gfx: set(0x3ce), attribute, type, colourAt };
}

describe("text on a VGA", () => {
  it("is the characters that the CRT controller fetches, from its start address on", () => {
    const { vga, crtc, type } = bench();
    type(0, 0, "first");
    type(3, 24, "last ║");
    type(0, 25, "below");
    const lines = (): string[] => linesOf(textScreenOf(vga) ?? expect.fail("no text"));
    expect([lines()[0], lines()[24], lines().length]).to.deep.equal(["first", "   last ║", 25]);
    crtc(13, 80);
    expect([lines()[0], lines()[23], lines()[24]]).to.deep.equal(["", "   last ║", "below"]);
  });

  it("begins again at address 0 behind the line of the line compare register", () => {
    const { vga, crtc, type } = bench();
    type(0, 0, "top");
    crtc(13, 80);
    crtc(9, 0x0f);
    crtc(24, 319 & 0xff);
    expect(linesOf(textScreenOf(vga) ?? expect.fail("no text"))[20]).to.equal("top");
  });

  it("has a cursor where its address is on the screen and it is not switched off", () => {
    const { vga, crtc } = bench();
    crtc(15, 85);
    expect(textScreenOf(vga)?.cursor).to.deep.equal({ column: 5, row: 1, firstLine: 13, lastLine: 14 });
    crtc(10, 0x2d);
    expect(textScreenOf(vga)?.cursor).to.equal(null);
    crtc(10, 0x0d);
    crtc(14, 0x20);
    expect(textScreenOf(vga)?.cursor).to.equal(null);
  });

  it("is none while nothing is shown, and in graphics modes", () => {
    const { vga, gfx, seq } = bench();
    seq(1, 0x20);
    expect(textScreenOf(vga)).to.equal(null);
    seq(1, 0);
    gfx(6, 5);
    expect(textScreenOf(vga)).to.equal(null);
  });

  it("is drawn with the guest's font, nine points wide, lines and blocks going on into the ninth", () => {
    const { colourAt, type, vga } = bench();
    type(0, 0, "█A", 0x1e);
    expect([pictureOf(vga).width, pictureOf(vga).height]).to.deep.equal([720, 400]);
    expect([colourAt(0, 0), colourAt(8, 15), colourAt(9, 0), colourAt(17, 5)]).to.deep.equal(["ffff55", "ffff55", "0000aa", "0000aa"]);
  });

  it("blinks or has bright backgrounds, as the attribute controller says", () => {
    const { colourAt, type, attribute } = bench();
    type(0, 0, " ", 0x9f);
    const blinking = colourAt(0, 0);
    attribute(16, 0x04);
    expect([blinking, colourAt(0, 0)]).to.deep.equal(["0000aa", "5555ff"]);
  });
});

describe("graphics on a VGA", () => {
  it("has four planes of points", () => {
    const { vga, crtc, gfx, seq, colourAt, attribute } = bench();
    for (const [i, value] of [[1, 0x4f], [9, 0x40], [19, 0x28], [23, 0xe3]] as const) crtc(i, value);
    seq(2, 0x0f);
    seq(4, 0x06);
    seq(1, 0x01);
    gfx(5, 0x00);
    gfx(6, 0x05);
    attribute(16, 1);
    attribute(19, 0);
    gfx(8, 0x40);
    gfx(5, 0x02);
    vga.memory.read(80);
    vga.memory.write(80, 0x0c);
    expect([pictureOf(vga).width, pictureOf(vga).height, colourAt(1, 1), colourAt(0, 1)]).to.deep.equal([640, 400, "ff5555", "000000"]);
    attribute(19, 1);
    expect(colourAt(0, 1)).to.equal("ff5555");
  });

  it("has 256 colours in chained planes, its lines doubled", () => {
    const { vga, crtc, gfx, seq, colourAt } = bench();
    for (const [i, value] of [[1, 0x4f], [9, 0x41], [19, 0x28], [20, 0x40], [23, 0xa3]] as const) crtc(i, value);
    seq(2, 0x0f);
    seq(4, 0x0e);
    gfx(5, 0x40);
    gfx(6, 0x05);
    for (const [i, value] of [63, 0, 21].entries()) {
      if (i === 0) vga.writeByte(0x3c8 - VGA_PORTS, 200);
      vga.writeByte(0x3c9 - VGA_PORTS, value);
    }
    vga.memory.bytes.fill(0);
    vga.memory.write(320 * 7 + 5, 200);
    expect([pictureOf(vga).width, pictureOf(vga).height, colourAt(5, 7), colourAt(4, 7)]).to.deep.equal([320, 200, "ff0055", "000000"]);
  });

  it("has linear pictures of every depth", () => {
    const { vga, colourAt } = bench(), { bytes } = vga.memory;
    const colours = [8, 15, 16, 24, 32].map((depth) => {
      for (const [register, value] of [[4, 0], [1, 64], [2, 32], [3, depth], [4, 0xc1], [6, 80], [9, 2]] as const) vga.writeVbe(register, value);
      const size = depth === 15 ? 2 : depth / 8, at = (80 * 5 + 3) * size;
      bytes.fill(0);
      bytes.set([[4], [0x00, 0x7c], [0xe0, 0x07], [0x11, 0x22, 0x33], [0x11, 0x22, 0x33, 0x44]][[8, 15, 16, 24, 32].indexOf(depth)], at);
      return colourAt(3, 3);
    });
    expect(colours).to.deep.equal(["aa0000", "ff0000", "00ff00", "332211", "332211"]);
  });

  it("gives a picture whatever the registers hold", () => {
    const random = new Random(testSeed(0x706963));
    for (let round = 0; round < 60; round++) {
      const { vga } = bench();
      for (let i = 0; i < 40; i++) vga.writeByte(random.below(0x30), random.below(256));
      if (random.below(3) === 0) for (let i = 0; i < 5; i++) vga.writeVbe(1 + random.below(9), random.below(1000));
      const { width, height, rgb } = pictureOf(vga);
      expect(rgb.length).to.equal(3 * width * height);
      expect(rgb.length).to.be.within(1, 3 * 2560 * 2048);
    }
  });
});

describe("the font of our own", () => {
  it("has a shape for every character that is none of the blanks", () => {
    const font = textFont(), shape = (code: number): string => font.subarray(code * FONT_LINES, (code + 1) * FONT_LINES).join();
    const blank = shape(0x20), shapes = new Set(Array.from({ length: 256 }, (_, code) => shape(code)));
    expect([0, 0x20, 0xff].every((code) => shape(code) === blank)).to.equal(true);
    expect(Array.from({ length: 256 }, (_, code) => code).filter((code) => shape(code) === blank)).to.deep.equal([0, 0x20, 0xff]);
    expect(shapes.size).to.be.above(230);
  });

  it("joins the lines of frames from character to character", () => {
    const font = textFont(), line = (c: string, y: number): number => font[CODE_PAGE_437.indexOf(c) * FONT_LINES + y];
    for (let y = 0; y < FONT_LINES; y++) {
      expect([line("─", y) & 1, line("┼", y) & 1, line("═", y) & 0x80]).to.deep.equal([line("┤", y) >>> 7, line("├", y) & 1, line("╣", y) & 0x80]);
    }
    expect([line("║", 0), line("╬", 0), line("│", 15)]).to.deep.equal([line("║", 15), line("╩", 0), line("┬", 15)]);
  });
});
