// `tcgjs bench` and `tcgjs disasm`: what they print. Never how fast it is.

import { expect } from "chai";
import { guestPath, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";

const COLUMNS = ["guest", "insns", "interp", "s", "MIPS", "jit", "s", "MIPS", "ratio", "translate", "warm-up", "blocks", "JS", "chained", "jumps"];

interface Figures {
  readonly ended: string;
  readonly seconds: number;
  readonly mips: number;
}

interface BenchJson {
  readonly format: string;
  readonly version: number;
  readonly guests: readonly { readonly guest: string; readonly insns: number; readonly interp: Figures; readonly jit: Figures & Readonly<Record<string, number>>; readonly ratio: number }[];
}

interface DetailsJson {
  readonly guests: readonly { readonly jit: {
    readonly warmUpCurve: readonly { readonly insns: number; readonly mips: number }[];
    readonly breakEvenInsns: number | null;
    readonly tiers: Readonly<Record<string, number>>;
    readonly sideExits: Readonly<Record<string, number>>;
  } }[];
}

describe("tcgjs bench", () => {
  const files = new TemporaryFolder();

  it("prints a table with a row per guest, and the mean of the ratios", async () => {
    const { status, stdout } = await tcgjs("bench", "--max-insns", "1M", guestPath("sieve"), guestPath("sieve16"));
    const lines = stdout.trimEnd().split("\n");
    expect(status).to.equal(0);
    expect(lines[0].split(/\s+/)).to.deep.equal(COLUMNS);
    expect(lines.slice(1, 3).map((line) => line.split(/\s+/).slice(0, 2))).to.deep.equal([["sieve", "1,048,576"], ["sieve16", "1,048,576"]]);
    expect(lines[3]).to.match(/^geometric mean of the ratios: \d+\.\d\d$/);
  });

  it("goes by guest.json, unless the command line says otherwise", async () => {
    expect((await tcgjs("bench", guestPath("cpuid"))).stderr).to.equal("");
    // As 16-bit code the guest is something else.
    expect((await tcgjs("bench", "--bits", "16", "--max-insns", "10K", guestPath("cpuid"))).stderr).to.include("cpuid did not halt");
  });

  it("prints JSON", async () => {
    const { stdout } = await tcgjs("bench", "--json", "--runs", "2", "--max-insns", "500K", guestPath("fib")), json = JSON.parse(stdout) as BenchJson, [guest] = json.guests;
    expect([json.format, json.version, guest.guest, guest.insns, guest.interp.ended, guest.jit.ended]).to.deep.equal(["tcgjs-bench", 1, "fib", 512_000, "budget", "budget"]);
    for (const figure of [guest.ratio, guest.interp.mips, guest.jit.mips, guest.jit["translationMs"], guest.jit["blocks"], guest.jit["guestBytes"]]) {
      expect(figure).to.be.a("number").above(0);
    }
    expect(guest.jit["chainHitRate"]).to.be.within(0.5, 1);
  });

  it("has details: how it warmed up, when it had paid, where the time went, side exits", async () => {
    const { stdout } = await tcgjs("bench", "--json", "--max-insns", "2M", guestPath("syscalls"));
    const { jit } = (JSON.parse(stdout) as DetailsJson).guests[0], end = jit.warmUpCurve[jit.warmUpCurve.length - 1];
    expect(end.insns).to.equal(2 ** 21);
    expect(jit.warmUpCurve.length).to.be.within(3, 10);
    expect(Object.values(jit.tiers).reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-9);
    expect(jit.sideExits["fault"]).to.be.above(100);
    expect(jit.breakEvenInsns === null || jit.breakEvenInsns >= 0).to.equal(true);
  });

  it("prints details below the row", async () => {
    const { stdout } = await tcgjs("bench", "--details", "--max-insns", "1M", guestPath("fib")), labels = stdout.split("\n").slice(2).map((line) => line.slice(4, 16).trim());
    expect(labels.filter((label) => label !== "")).to.deep.equal(["MIPS until", "break-even", "time", "side exits"]);
  });

  it("counts a guest that shuts down as failed", async () => {
    const { status, stderr } = await tcgjs("bench", "--bits", "32", files.write("ud2.bin", bytesOf("0f 0b   ; ud2")));
    expect([status, stderr]).to.deep.equal([1, "tcgjs bench: ud2 did not halt: interp shutdown, jit shutdown\n"]);
  });

  it("runs nothing when one of the images cannot be read", async () => {
    const { status, stdout } = await tcgjs("bench", guestPath("hello"), files.path("missing.bin"));
    expect([status, stdout]).to.deep.equal([2, ""]);
  });
});

describe("tcgjs disasm", () => {
  const files = new TemporaryFolder();
  const disasm = async (code: string, ...args: string[]): Promise<string[]> =>
    (await tcgjs("disasm", ...args, files.write("code.bin", bytesOf(code)))).stdout.trimEnd().split("\n").map((line) => line.replace(/ +/g, " "));

  it("lists addresses, bytes and insns", async () => {
    expect(await disasm("b0 48 e6 f1 f4")).to.deep.equal(["0x00001000 b0 48 mov al,0x48", "0x00001002 e6 f1 out 0xf1,al", "0x00001004 f4 hlt"]);
  });

  it("goes by --bits and --base", async () => {
    expect(await disasm("b8 01 00 00 00 eb f9", "--bits", "32", "--base", "0x100000")).to.deep.equal(["0x00100000 b8 01 00 00 00 mov eax,0x1", "0x00100005 eb f9 jmp 0x100000"]);
    expect(await disasm("b8 01 00 00 00", "--bits", "16", "--base", "0")).to.deep.equal(["0x00000000 b8 01 00 mov ax,0x1", "0x00000003 00 00 add BYTE PTR [bx+si],al"]);
  });

  it("goes on behind what is no insn, and lists a cut-off end as bytes", async () => {
    expect(await disasm("0f 04 90 b8 01", "--bits", "32")).to.deep.equal(["0x00001000 0f (bad)", "0x00001001 04 90 add al,0x90", "0x00001003 b8 .byte 0xb8", "0x00001004 01 .byte 0x1"]);
  });
});
