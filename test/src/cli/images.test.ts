// `tcgjs` with multiboot kernels, ELF executables and ROMs: options, what is printed, and exit status 2 for bad ones.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { bytesOf } from "../kvm/guest.ts";
import { elfImage, multibootImage } from "../machine/boot/images.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** Prints the command line and the first byte of the first module. */
const KERNEL = multibootImage({
  code: bytesOf(`
    8b 73 10              ; mov esi, [ebx + 16]: cmdline
    ac                    ; lodsb
    84 c0                 ; test al, al
    74 04                 ; jz done
    e6 e9                 ; out 0xe9, al
    eb f7                 ; jmp lodsb
    8b 5b 18              ; done: mov ebx, [ebx + 24]: modules
    8b 73 08              ; mov esi, [ebx + 8]: string
    ac 84 c0 74 04 e6 e9 eb f7
    8b 1b                 ; mov ebx, [ebx]
    8a 03 e6 e9           ; mov al, [ebx]; out 0xe9, al
    f4                    ; hlt
  `),
});
const ELF = elfImage({ entry: 0x100000, segments: [{ paddr: 0x100000, bytes: bytesOf("b0 45 e6 e9 f4   ; mov al, 'E'; out 0xe9, al; hlt") }, { paddr: 0x200000, bytes: bytesOf("90"), flags: 6 }] });

/** A ROM that writes two POST codes. */
function romOf(size: number): Uint8Array {
  const rom = new Uint8Array(size).fill(0xff);
  rom.set(bytesOf("b0 5a e6 80 b0 07 e6 80 f4   ; mov al, 0x5a; out 0x80, al; mov al, 7; out 0x80, al; hlt"), size - 16);
  return rom;
}

describe("tcgjs with images that are not flat", () => {
  let folder = "";
  const file = (name: string): string => join(folder, name);
  const tcgjs = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", cwd: folder });
    return { status, stdout, stderr };
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tcgjs-images-"));
    const files = { "kernel.bin": KERNEL, "hello.elf": ELF, "rom.bin": romOf(0x10000), "odd.rom": romOf(0x18000).subarray(1), "mod.txt": bytesOf("4d"), "bad.elf": ELF.subarray(0, 60) };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(file(name), bytes);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("hands a kernel its command line and modules", () => {
    expect(tcgjs("run", "--cmdline", "a=b c", "--module", "mod.txt,/m 1,2", "kernel.bin")).to.deep.equal({ status: 0, stdout: "a=b c/m 1,2M", stderr: "" });
    expect(tcgjs("run", "--cmdline", "x", "--module", "mod.txt", "--engine", "lockstep", "kernel.bin").stdout).to.equal("xmod.txtM");
  });

  it("tells what an image was taken for", () => {
    const { image, status, output } = JSON.parse(tcgjs("run", "--json", "hello.elf").stdout) as Record<string, unknown>;
    expect({ image, status, output }).to.deep.equal({ image: { format: "elf", start: 0x100000 }, status: 0, output: "E" });
    expect(tcgjs("run", "--stats", "hello.elf").stderr).to.match(/^loaded as elf, started at 0x100000\n/);
    expect(tcgjs("run", "--stats", "--format", "flat", "--max-insns", "1", "hello.elf").stderr).to.match(/loaded as flat, started at 0x1000\n/);
  });

  it("runs a ROM and prints its POST codes", () => {
    expect(tcgjs("run", "--bios", "rom.bin", "--post-port", "0x80")).to.deep.equal({ status: 0, stdout: "", stderr: "POST 5a\nPOST 07\n" });
    const { image, postCodes } = JSON.parse(tcgjs("run", "--bios", "rom.bin", "--post-port", "0x80", "--engine", "lockstep", "--json").stdout) as Record<string, unknown>;
    expect({ image, postCodes }).to.deep.equal({ image: { format: "rom", start: 0xfffffff0 }, postCodes: [0x5a, 7] });
  });

  it("takes the same images for dump, bench and disasm", () => {
    expect(tcgjs("disasm", "hello.elf").stdout).to.match(/^0x00100000 {2}b0 45 .*mov {4}al,0x45\n(.*\n){2}$/);
    expect(tcgjs("dump", "hello.elf").stdout).to.contain("at 0x100000: 1 insn");
    expect(tcgjs("dump", "--bios", "rom.bin").stdout).to.contain("0xfffffff0");
    const { guests } = JSON.parse(tcgjs("bench", "--json", "hello.elf").stdout) as { guests: { insns: number }[] };
    expect(guests.map((g) => g.insns)).to.deep.equal([3]);
  });

  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a malformed ELF file", ["run", "bad.elf"], /bad\.elf: the ELF file cannot be loaded: .*program headers .* end beyond the file/],
    ["a ROM of odd size", ["run", "--bios", "odd.rom"], /odd\.rom: the ROM has 98303 bytes .* multiple of 64 KiB up to 16 MiB/],
    ["a ROM and an image", ["run", "--bios", "rom.bin", "hello.elf"], /--bios rom\.bin is run instead of an image; hello\.elf is one too many/],
    ["a ROM of another format", ["run", "--bios", "rom.bin", "--format", "elf"], /--format elf does not go with it/],
    ["an unknown format", ["run", "--format", "pe", "hello.elf"], /--format wants auto, flat, multiboot, elf; not "pe"/],
    ["an image that is not what it should be", ["run", "--format", "multiboot", "hello.elf"], /hello\.elf: there is no multiboot header/],
    ["a command line without a kernel", ["run", "--cmdline", "x", "hello.elf"], /a command line goes with multiboot images/],
    ["a load address for an ELF file", ["dump", "--load", "0x1000", "hello.elf"], /a load address \(0x1000\) goes with flat images/],
    ["an image that exceeds memory", ["run", "--memory", "2M", "hello.elf"], /wants memory at 0x200000\.\.0x200000; the machine's is from 0 to 0x1fffff/],
    ["a module that is not there", ["run", "--module", "none", "kernel.bin"], /none cannot be read: there is no such file/],
    ["a module without a name", ["run", "--module", ",x", "kernel.bin"], /--module wants FILE or FILE,TEXT; not ",x"/],
    ["a POST port that is the console's", ["run", "--bios", "rom.bin", "--post-port", "0xe9"], /POST port is 0xe9, which is the port of the console/],
    ["a malformed image to list", ["disasm", "bad.elf"], /bad\.elf: the ELF file cannot be loaded/],
  ];
  for (const [what, args, message] of refused) {
    it(`exits with 2 for ${what}`, () => {
      const { status, stdout, stderr } = tcgjs(...args);
      expect({ status, stdout, lines: stderr.split("\n").length - 1 }).to.deep.equal({ status: 2, stdout: "", lines: 1 });
      expect(stderr).to.match(message);
    });
  }
});
