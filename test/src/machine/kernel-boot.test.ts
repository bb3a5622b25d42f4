// Multiboot kernels on the PC: what they are told and find, screens they ask for, and what is refused.

import { expect } from "chai";
import type { KernelBoot } from "../../../src/index.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { expectErrno } from "../kvm/errno.ts";
import { bytesOf, ENGINES, peek } from "../kvm/guest.ts";
import { FLAG_ADDRESSES, multibootImage, MULTIBOOT_HEADER_BYTES, withWords } from "./boot/images.ts";
import { linuxImage } from "./linux-image.ts";

const MIB = 2 ** 20, FLAG_VIDEO = 4, VIDEO_FIELDS_BYTES = 16;
const CLI_HLT = bytesOf("fa f4");

const pcWith = (boot: Partial<KernelBoot>, vm = {}): Pc => new Pc({ boot: { kernel: multibootImage({ code: CLI_HLT }), ...boot }, memoryBytes: 8 * MIB, vm, noReboot: true });

/** The structure at EBX. */
function infoOf(pc: Pc) {
  const at = pc.vcpu.getRegs().rbx, word = (offset: number): number => peek(pc.vm, at + offset, 4), map = word(48);
  return {
    at, word, byte: (offset: number): number => peek(pc.vm, at + offset, 1),
    map: Array.from({ length: word(44) / 24 }, (_, i) => [4, 12, 20].map((offset) => peek(pc.vm, map + 24 * i + offset, 4))),
  };
}

/** A kernel that asks for a screen: the fields come between its header and its code. */
function wishing(isText: boolean, width: number, height: number, depth: number, code = CLI_HLT): Uint8Array {
  const flags = FLAG_ADDRESSES | FLAG_VIDEO, entry = MIB + MULTIBOOT_HEADER_BYTES + VIDEO_FIELDS_BYTES;
  const image = multibootImage({ flags, code: Uint8Array.of(...new Uint8Array(VIDEO_FIELDS_BYTES), ...code), entry_addr: entry });
  return withWords(image, MULTIBOOT_HEADER_BYTES, isText ? 1 : 0, width, height, depth);
}

describe("Pc with a multiboot kernel", () => {
  for (const [name, vm] of ENGINES) {
    it(`starts it as the specification says, with ${name}`, () => {
      const pc = pcWith({}, vm);
      expect(pc.run()).to.deep.equal({ kind: "halt" });
      const { rax, rip } = pc.vcpu.getRegs();
      expect([rax, rip]).to.deep.equal([0x2badb002, MIB + MULTIBOOT_HEADER_BYTES + CLI_HLT.length]);
    });
  }

  it("tells it of a PC's memory, with what is not RAM", () => {
    const { at, word, map } = infoOf(pcWith({}));
    expect(at).to.be.within(0x1000, 0x9f000);
    expect([word(4), word(8)]).to.deep.equal([639, 7 * 1024]);
    expect(map).to.deep.equal([[0, 0x9fc00, 1], [0x9fc00, 0x400, 2], [0xe0000, 0x20000, 2], [MIB, 7 * MIB, 1]]);
  });

  it("brings what firmware would have left in memory: serial lines, base memory, text on the screen, ACPI's root", () => {
    const pc = pcWith({}), text = (at: number, length: number): string => Buffer.from(pc.vm.readPhys(at, length)).toString("latin1");
    expect([0x400, 0x402, 0x404, 0x406, 0x40e, 0x413, 0x44a, 0x463].map((at) => peek(pc.vm, at, 2))).to.deep.equal([0x3f8, 0x2f8, 0x3e8, 0x2e8, 0x9fc0, 639, 80, 0x3d4]);
    expect([peek(pc.vm, 0x449, 1), pc.screenText()?.length]).to.deep.equal([3, 25]);
    const firmware = text(0xe0000, 0x20000), root = firmware.indexOf("RSD PTR ");
    expect([root >= 0, root % 16]).to.deep.equal([true, 0]);
  });

  it("loads modules behind it, above 1 MiB whatever the kernel's place", () => {
    const modules = [{ bytes: bytesOf("01 02 03"), text: "first" }, { bytes: bytesOf("04"), text: "second" }];
    for (const [load, first] of [[MIB, MIB + 0x1000], [0x10000, MIB]]) {
      const { word } = infoOf(pcWith({ kernel: multibootImage({ code: CLI_HLT, load_addr: load }), modules }));
      expect(word(20)).to.equal(2);
      const pc = pcWith({ kernel: multibootImage({ code: CLI_HLT, load_addr: load }), modules }), table = infoOf(pc).word(24);
      expect([0, 4, 16, 20].map((offset) => peek(pc.vm, table + offset, 4))).to.deep.equal([first, first + 3, first + 0x1000, first + 0x1001]);
      expect(peek(pc.vm, first, 3)).to.equal(0x030201);
    }
  });

  it("starts it anew after a reset", () => {
    // Counts its starts in memory that the loader leaves alone, and resets once.
    const pc = new Pc({ boot: { kernel: multibootImage({ code: bytesOf("fe 05 00 90 00 00  80 3d 00 90 00 00 02  74 0a  66 ba f9 0c  b0 06  ee  eb fe  90  fa f4") }) }, memoryBytes: 8 * MIB });
    expect(pc.run({ maxInsns: 1000 })).to.deep.equal({ kind: "halt" });
    expect(peek(pc.vm, 0x9000, 1)).to.equal(2);
  });

  describe("and a screen", () => {
    it("is text unless it asks for points", () => {
      for (const kernel of [multibootImage({ code: CLI_HLT }), wishing(true, 80, 25, 0), wishing(true, 132, 50, 0)]) {
        const pc = pcWith({ kernel }), { word, byte } = infoOf(pc);
        expect([word(0) & 0x1000, word(88), word(96), word(100), word(104), byte(108), byte(109)]).to.deep.equal([0x1000, 0xb8000, 160, 80, 25, 16, 2]);
        expect(pc.screenText()).to.not.equal(null);
      }
    });

    const WISHES: readonly (readonly [wish: readonly [number, number, number], got: readonly [number, number, number, number]])[] = [
      [[1024, 768, 32], [1024, 768, 32, 4096]], [[800, 600, 24], [800, 600, 24, 2400]], [[640, 480, 16], [640, 480, 16, 1280]], [[640, 480, 15], [640, 480, 16, 1280]],
      [[0, 0, 0], [1024, 768, 32, 4096]], [[641, 480, 8], [640, 480, 16, 1280]], [[100_000, 100_000, 64], [2560, 1600, 32, 10_240]], [[1, 1, 32], [320, 200, 32, 1280]],
    ];

    for (const [wish, got] of WISHES) {
      it(`of ${wish.join(" by ")} is ${got.slice(0, 3).join(" by ")}, and what is drawn is shown`, () => {
        // mov edi, [ebx + 88]; or dword [edi], -1; hlt
        const pc = pcWith({ kernel: wishing(false, ...wish, bytesOf("8b 7b 58  83 0f ff  fa f4")) }), { word, byte } = infoOf(pc), [width, height, depth, pitch] = got;
        expect([word(100), word(104), byte(108), word(96), byte(109)]).to.deep.equal([width, height, depth, pitch, 1]);
        expect(pc.run()).to.deep.equal({ kind: "halt" });
        const picture = pc.picture();
        expect([picture.width, picture.height, picture.rgb[0], picture.rgb[1], picture.rgb[2]]).to.deep.equal([width, height, 0xff, 0xff, 0xff]);
      });
    }
  });

  const REFUSED: readonly (readonly [string, Partial<KernelBoot>, RegExp])[] = [
    ["neither Linux nor multiboot", { kernel: new Uint8Array(4096) }, /no kernel: it has neither Linux's setup header .* nor a multiboot header/],
    ["an initial RAM disk with multiboot", { initrd: CLI_HLT }, /initial RAM disk goes with Linux kernels; this is a multiboot kernel, which takes modules/],
    ["modules with Linux", { kernel: linuxImage(CLI_HLT), modules: [{ bytes: CLI_HLT, text: "" }] }, /modules go with multiboot kernels/],
    ["a kernel over video memory", { kernel: multibootImage({ code: CLI_HLT, load_addr: 0x90000, bss_end_addr: 0xa8000 }) }, /wants memory at 0x90000\.\.0xa7fff; a PC has it at 0x0\.\.0x9fbff and 0x100000\.\.0x7fffff/],
    ["video fields that are cut off", { kernel: withWords(multibootImage({ code: CLI_HLT, flags: FLAG_ADDRESSES | FLAG_VIDEO }), 0).subarray(0, 40) }, /its video fields at 0x20 are not all within/],
  ];

  for (const [what, boot, message] of REFUSED) it(`refuses ${what}`, () => expectErrno("EINVAL", message, () => pcWith(boot)));
});
