// The VGA's registers and its video memory (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem").

import { expect } from "chai";
import { Vga, VGA_PORTS } from "../../../src/devices/vga/vga.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";
import type { Random } from "../../tcg/support/random.ts";

const MEMORY_BYTES = 1 << 20, LINE_NS = 900 * 1e9 / 28_322_000;

/** A VGA with colour ports, its memory reachable, and short ways to its registers. */
function bench() {
  const clock = new FakeClock(), vga = new Vga(clock, MEMORY_BYTES);
  const out = (port: number, value: number): void => vga.writeByte(port - VGA_PORTS, value), inp = (port: number): number => vga.readByte(port - VGA_PORTS);
  const indexed = (port: number) => (index: number, value?: number): number => {
    out(port, index);
    if (value !== undefined) out(port + 1, value);
    return inp(port + 1);
  };
  out(0x3c2, 0x67);
  return { clock, vga, out, inp, seq: indexed(0x3c4), gfx: indexed(0x3ce), crtc: indexed(0x3d4) };
}

/** All planes, sequential, write mode 0 with all bits. */
function planarBench() {
  const made = bench(), { seq, gfx, vga } = made;
  seq(2, 0x0f);
  seq(4, 0x06);
  gfx(6, 0x05);
  gfx(8, 0xff);
  return { ...made, planes: (place: number): string => (vga.memory.planesAt(place) >>> 0).toString(16).padStart(8, "0") };
}

describe("Vga: registers", () => {
  it("keeps the bits that exist, by index, and answers with ones beyond the last register", () => {
    const { seq, gfx, crtc } = bench();
    expect([0, 1, 2, 3, 4, 5].map((i) => seq(i, 0xff))).to.deep.equal([0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0xff]);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => gfx(i, 0xff))).to.deep.equal([0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0xff]);
    expect([0x0c, 0x18, 0x19].map((i) => crtc(i, 0xa5))).to.deep.equal([0xa5, 0xa5, 0xff]);
  });

  it("answers at the ports of a colour or of a monochrome card, as miscellaneous output says", () => {
    const { out, inp } = bench();
    out(0x3d4, 0x0e);
    expect([inp(0x3d4), inp(0x3b4), inp(0x3cc)]).to.deep.equal([0x0e, 0xff, 0x67]);
    out(0x3c2, 0x66);
    expect([inp(0x3d4), inp(0x3b4)]).to.deep.equal([0xff, 0x0e]);
  });

  it("locks CRTC registers 0 to 7 by bit 7 of register 17, but for bit 4 of the overflow register", () => {
    const { crtc } = bench();
    crtc(0, 0x11);
    crtc(7, 0x00);
    crtc(17, 0x80);
    expect([crtc(0, 0x22), crtc(7, 0xff), crtc(8, 0x33)]).to.deep.equal([0x11, 0x10, 0x33]);
  });

  it("takes index and data of the attribute controller in turn, and begins with the index after input status 1 was read", () => {
    const { out, inp } = bench();
    inp(0x3da);
    for (const value of [0x10, 0x41, 0x13, 0x05]) out(0x3c0, value);
    out(0x3c0, 0x10);
    expect(inp(0x3c1)).to.equal(0x41);
    inp(0x3da);
    out(0x3c0, 0x13);
    expect([inp(0x3c0), inp(0x3c1)]).to.deep.equal([0x13, 0x05]);
  });

  it("locks the palette while the picture is on", () => {
    const { out, inp } = bench();
    inp(0x3da);
    for (const value of [0x01, 0x2a, 0x21, 0x15]) out(0x3c0, value);
    expect(inp(0x3c1)).to.equal(0x2a);
  });

  it("takes the DAC's colours by threes of six bits, and goes on to the next entry, for writing and reading apart", () => {
    const { out, inp } = bench();
    out(0x3c8, 254);
    for (const value of [1, 2, 3, 4, 5, 6, 0xff, 8, 9]) out(0x3c9, value);
    expect([inp(0x3c8), inp(0x3c7)]).to.deep.equal([1, 0]);
    out(0x3c7, 254);
    expect([inp(0x3c7), ...Array.from({ length: 9 }, () => inp(0x3c9))]).to.deep.equal([3, 1, 2, 3, 4, 5, 6, 0x3f, 8, 9]);
  });

  it("changes an entry only with its third colour", () => {
    const { out, inp } = bench();
    out(0x3c8, 7);
    for (const value of [1, 2]) out(0x3c9, value);
    out(0x3c7, 7);
    expect([inp(0x3c9), inp(0x3c9), inp(0x3c9)]).to.deep.equal([0, 0, 0]);
  });

  it("shows in input status 1 where the beam is", () => {
    const { clock, inp, crtc } = bench();
    for (const [i, value] of [[17, 0], [0, 0x5f], [1, 0x4f], [6, 0xbf], [7, 0x1f], [0x10, 0x9c], [0x12, 0x8f], [0x11, 0x0e]] as const) crtc(i, value);
    const at = (line: number, character: number): number => {
      clock.advance(Math.ceil(line * LINE_NS + character * LINE_NS / 100 - clock.nowNs()));
      return inp(0x3da);
    };
    expect([at(0, 10), at(0, 90), at(1, 10), at(399, 10), at(401, 10), at(412, 10), at(413, 95), at(414, 10), at(449, 10)]).to.deep.equal([0, 1, 0, 0, 1, 9, 9, 1, 0]);
  });
});

describe("Vga: video memory", () => {
  it("answers in the window that the graphics controller's miscellaneous register names, while the processor may reach memory", () => {
    const { vga: { memory }, gfx, out } = planarBench();
    const reached = (): boolean[] => [0, 0xffff, 0x10000, 0x17fff, 0x18000, 0x1ffff].map((address) => {
      memory.write(address, 0);
      memory.write(address, 0x5a);
      return memory.read(address) === 0x5a;
    });
    const windows = [0x01, 0x05, 0x09, 0x0d].map((value) => {
      gfx(6, value);
      return reached();
    });
    expect(windows).to.deep.equal([[true, true, true, true, true, true], [true, true, false, false, false, false], [false, false, true, true, false, false], [false, false, false, false, true, true]]);
    out(0x3c2, 0x65);
    expect(memory.read(0x18000)).to.equal(0xff);
  });

  it("writes the planes of the map mask, and reads the one that is chosen", () => {
    const { vga: { memory }, seq, gfx, planes } = planarBench();
    seq(2, 0x05);
    memory.write(0x123, 0xab);
    expect(planes(0x123)).to.equal("00ab00ab");
    expect([0, 1, 2, 3].map((plane) => {
      gfx(4, plane);
      return memory.read(0x123);
    })).to.deep.equal([0xab, 0, 0xab, 0]);
  });

  it("write mode 0: rotates, replaces by set/reset where enabled, combines with the latches, keeps what the bit mask excludes", () => {
    const { vga: { memory }, gfx, planes } = planarBench();
    memory.write(0, 0xf0);
    memory.read(0);
    gfx(3, 0x04);
    memory.write(1, 0x12);
    expect(planes(1)).to.equal("21212121");
    gfx(3, 0);
    gfx(0, 0x05);
    gfx(1, 0x03);
    memory.write(2, 0x12);
    expect(planes(2)).to.equal("121200ff");
    gfx(1, 0);
    const combined = [0x08, 0x10, 0x18].map((operation) => {
      gfx(3, operation);
      memory.write(3, 0x3c);
      return planes(3).slice(6);
    });
    expect(combined).to.deep.equal(["30", "fc", "cc"]);
    gfx(3, 0);
    gfx(8, 0x0f);
    memory.write(4, 0x3c);
    expect(planes(4)).to.equal("fcfcfcfc");
  });

  it("write mode 1 copies the latches, as a copy within video memory does", () => {
    const { vga: { memory }, seq, gfx, planes } = planarBench();
    for (const plane of [0, 1, 2, 3]) {
      seq(2, 1 << plane);
      memory.write(0x40, 0x11 * (plane + 1));
    }
    seq(2, 0x0f);
    gfx(5, 1);
    memory.read(0x40);
    memory.write(0x41, 0xff);
    expect(planes(0x41)).to.equal("44332211");
  });

  it("write mode 2 takes a colour, and mode 3 a mask for the set/reset colour", () => {
    const { vga: { memory }, gfx, planes } = planarBench();
    memory.read(0);
    gfx(5, 2);
    gfx(8, 0x0f);
    memory.write(1, 0x0a);
    expect(planes(1)).to.equal("0f000f00");
    gfx(5, 3);
    gfx(0, 0x09);
    gfx(8, 0xff);
    memory.write(2, 0x18);
    expect(planes(2)).to.equal("18000018");
  });

  it("read mode 1 compares with a colour, leaving planes out that do not matter", () => {
    const { vga: { memory }, gfx } = planarBench();
    gfx(5, 2);
    gfx(8, 0x01);
    memory.write(0, 0x06);
    gfx(8, 0x80);
    memory.read(0);
    memory.write(0, 0x0e);
    gfx(5, 0x08);
    const found = [[0x06, 0x0f], [0x0e, 0x0f], [0x06, 0x07], [0x00, 0x00]].map(([colour, care]) => {
      gfx(2, colour);
      gfx(7, care);
      return memory.read(0);
    });
    expect(found).to.deep.equal([0x01, 0x80, 0x81, 0xff]);
  });

  it("odd and even addresses reach odd and even planes, as characters and attributes do", () => {
    const { vga: { memory }, seq, gfx, planes } = planarBench();
    seq(2, 0x03);
    seq(4, 0x02);
    gfx(5, 0x10);
    gfx(6, 0x0e);
    memory.writeWide(0x18000, 4, 0x1f421e41);
    expect([planes(0), planes(1), planes(2), memory.readWide(0x18000, 4).toString(16)]).to.deep.equal(["00001e41", "00000000", "00001f42", "1f421e41"]);
  });

  it("chain 4: an address's lowest bits are the plane", () => {
    const { vga: { memory }, seq, planes } = planarBench();
    seq(4, 0x0e);
    memory.writeWide(0x10, 4, 0x44332211);
    expect([planes(0x10), planes(0x11), memory.readWide(0x10, 4).toString(16)]).to.deep.equal(["44332211", "00000000", "44332211"]);
  });
});

describe("Vga: the Bochs extension", () => {
  function vbeBench() {
    const made = bench(), { vga: { vbePorts } } = made;
    return { ...made, vbe: (index: number, value?: number): number => {
      vbePorts.write(0, 2, index);
      if (value !== undefined) vbePorts.write(1, 2, value);
      return vbePorts.read(1, 2);
    } };
  }

  it("says its version and its memory, and what it can at most", () => {
    const { vbe } = vbeBench();
    expect([vbe(0), vbe(0, 0xb0c2), vbe(0, 0xb0c9), vbe(10)]).to.deep.equal([0xb0c5, 0xb0c2, 0xb0c2, MEMORY_BYTES / 65536]);
    vbe(4, 2);
    expect([vbe(1), vbe(2), vbe(3)]).to.deep.equal([2560, 1600, 32]);
  });

  it("has banks of 64 KiB behind the window, and one row of bytes", () => {
    const { vbe, vga: { memory } } = vbeBench();
    for (const [index, value] of [[1, 320], [2, 200], [3, 32], [4, 1], [5, 3]] as const) vbe(index, value);
    memory.writeWide(0x1234, 4, 0x11223344);
    expect([...memory.bytes.subarray(0x31234, 0x31238)]).to.deep.equal([0x44, 0x33, 0x22, 0x11]);
    expect(memory.read(0x10000)).to.equal(0xff);
  });

  it("makes of any size one that fits: at most as wide as memory, as many lines as there is room for", () => {
    const { vbe } = vbeBench();
    for (const [index, value] of [[1, 1023], [2, 0xffff], [3, 32], [4, 1], [6, 2000], [8, 5000], [9, 5000]] as const) vbe(index, value);
    const lines = Math.floor(MEMORY_BYTES / (2000 * 4));
    expect([1, 2, 6, 7, 8, 9].map((index) => vbe(index))).to.deep.equal([1016, lines, 2000, lines, 2000 - 1016, 0]);
  });

  it("clears memory when it is switched on, unless asked not to", () => {
    const { vbe, vga: { memory } } = vbeBench();
    memory.bytes[5] = 1;
    vbe(4, 0x81);
    expect(memory.bytes[5]).to.equal(1);
    vbe(4, 0);
    vbe(4, 1);
    expect(memory.bytes[5]).to.equal(0);
  });
});

describe("Vga: hostile use", () => {
  const subject = () => {
    const clock = new FakeClock(), vga = new Vga(clock, MEMORY_BYTES);
    const disturb = (random: Random): void => {
      if (random.below(2) === 0) vga.writeVbe(random.below(16), random.below(random.below(2) === 0 ? 64 : 0x10000));
      for (let i = 0; i < 8; i++) vga.memory.writeWide(random.below(0x20000), 1 << random.below(3), random.below(0x7fffffff));
      vga.memory.readWide(random.below(0x20000), 1 << random.below(3));
    };
    return { device: vga, clock, ports: 0x30, disturb };
  };

  it("stands random accesses", () => standsRandomAccesses(subject(), testSeed(0x76676131)));
  it("goes on from saved states", () => goesOnFromSavedStates(subject, testSeed(0x76676132)));
  it("refuses broken states", () => refusesBrokenStates(subject));
});
