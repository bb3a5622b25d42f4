// `tcgjs run`: traces and logs, where they go, and what is filtered.

import { expect } from "chai";
import { guestPath, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";

const COUNTER = guestPath("counter16"), SIEVE = guestPath("sieve"), IRQ = guestPath("irq16");

const linesOf = (text: string): string[] => text.trimEnd().split("\n");

describe("tcgjs run, tracing", () => {
  const files = new TemporaryFolder();

  it("prints with --trace kvm what the tutorials print, on stdout", async () => {
    expect(await tcgjs("run", "--trace", "kvm", COUNTER)).to.deep.equal({
      status: 0,
      stdout: "KVM_EXIT_IO\nguest put io data: 0\nKVM_EXIT_IO\nguest put io data: 1\nKVM_EXIT_IO\nguest put io data: 2\nKVM_EXIT_HLT\n",
      stderr: "",
    });
  });

  it("keeps the guest's own output out of --trace kvm", async () => {
    const { stdout } = await tcgjs("run", "--trace", "kvm", guestPath("hello"));
    expect(linesOf(stdout)).to.deep.equal([..."Hello\n"].flatMap((char) => ["KVM_EXIT_IO", `guest put io data: ${char.charCodeAt(0)}`]).concat("KVM_EXIT_HLT"));
  });

  it("prints with --trace exits each exit and the next CS:IP, on stderr", async () => {
    const { stdout, stderr } = await tcgjs("run", "--trace", "exits", COUNTER);
    expect(stdout).to.equal("");
    expect(linesOf(stderr)).to.deep.equal([
      "KVM_EXIT_IO out port 0x10 size 2 data 0x0000 next 0000:1004",
      "KVM_EXIT_IO out port 0x10 size 2 data 0x0001 next 0000:1007",
      "KVM_EXIT_IO out port 0x10 size 2 data 0x0002 next 0000:100a",
      "KVM_EXIT_HLT next 0000:100b",
    ]);
  });

  it("prints with --trace exits what was read and written where there is no memory, and strings as one exit", async () => {
    const code = files.write("exits.bin", bytesOf(`
      a1 00 00 20 00            ; mov eax, [0x200000]
      c6 05 04 00 20 00 7f      ; mov byte [0x200004], 0x7f
      be 00 10 00 00 b9 03 00 00 00 ba 42 00 00 00 f3 6e   ; mov esi, 0x1000; mov ecx, 3; mov edx, 0x42; rep outsb
      e4 60                     ; in al, 0x60
      0f 0b                     ; ud2
    `));
    expect(linesOf((await tcgjs("run", "--bits", "32", "--memory", "1M", "--trace", "exits", code)).stderr).slice(0, -1)).to.deep.equal([
      "KVM_EXIT_MMIO read address 0x00200000 size 4 data 0xffffffff next 0008:00001000",
      "KVM_EXIT_MMIO write address 0x00200004 size 1 data 0x7f next 0008:0000100c",
      "KVM_EXIT_IO out port 0x42 size 1 count 3 data 0xa1,0x00,0x00 next 0008:0000101d",
      "KVM_EXIT_IO in port 0x60 size 1 data 0xff next 0008:0000101d",
      "KVM_EXIT_SHUTDOWN next 0008:0000101f",
    ]);
  });

  it("prints with --trace insns every insn with the registers before it", async () => {
    const { stderr, status } = await tcgjs("run", "--trace", "insns", COUNTER), lines = linesOf(stderr);
    expect([status, lines.length]).to.deep.equal([0, 9]);
    expect(lines[0]).to.match(/^address +bytes +insn +eax +ebx/);
    expect(lines[1]).to.match(/^0x00001000 {2}31 c0 +xor {4}ax,ax +00000000 .* \[-------\]$/);
    expect(lines[5]).to.match(/^0x00001005 {2}e7 10 +out {4}0x10,ax +00000001 .* \[-------\]$/);
  });

  it("counts the insns of --trace insns exactly", async () => {
    const { stderr, status } = await tcgjs("run", "--trace", "insns", "--max-insns", "500", "--bits", "32", SIEVE);
    expect([status, linesOf(stderr).length]).to.deep.equal([124, 502]);
  });

  it("prints with --trace blocks each block entered", async () => {
    const { stderr } = await tcgjs("run", "--trace", "blocks", "--max-insns", "1000", "--bits", "32", SIEVE);
    const blocks = linesOf(stderr).slice(0, -1);
    expect(blocks[0]).to.match(/^TB 1 at 0x00001000: \d+ insns?, \d+ bytes?$/);
    expect(blocks.every((line) => /^TB \d+ at 0x[0-9a-f]{8}: \d+ insns?, \d+ bytes?$/.test(line))).to.equal(true);
    expect(blocks.length).to.be.above(50);
  });

  it("takes several traces at once", async () => {
    const { stdout, stderr } = await tcgjs("run", "--trace", "exits,kvm", "--trace", "insns", COUNTER);
    expect(stdout).to.include("guest put io data: 2");
    expect(stderr).to.include("KVM_EXIT_HLT next").and.to.include("hlt");
  });
});

describe("tcgjs run -d", () => {
  const files = new TemporaryFolder();
  const log = async (items: string, ...args: string[]): Promise<string> => (await tcgjs("run", "-d", items, ...args)).stderr;

  it("in_asm: the guest's insns of each block as it is translated", async () => {
    expect(await log("in_asm", guestPath("hello"))).to.match(/^-+\nIN:\n0x00001000 {2}b0 48 +mov {4}al,0x48\n/);
  });

  it("op and op_opt: a block's IR, before and after optimisation", async () => {
    const [op, optimized] = [await log("op", COUNTER), await log("op_opt", COUNTER)];
    expect(op).to.match(/^-+\nOP:\n ---- 0x00001000\n v1 = get eax\n/).and.to.include("= xor ");
    expect(optimized).to.match(/^-+\nOP after optimization:\n ---- 0x00001000\n/).and.to.include(" set flags_res, 0\n").and.not.to.include("= xor v2");
    expect(op).not.to.include("optimization");
    expect(optimized.length).to.be.below(op.length);
  });

  it("out_js: the JavaScript of each block", async () => {
    const [text, size] = /OUT: \[size=(\d+)\]\n(?:.*\n)*?\}\n/.exec(await log("out_js", COUNTER)) ?? [];
    expect(text).to.match(/^OUT: \[size=\d+\]\nfunction tb_1000\(\) \{\n/);
    expect((text?.split("\n").slice(1).join("\n").length ?? 0)).to.be.closeTo(Number(size), 2);
  });

  it("exec and cpu: each block entered, and the registers before it", async () => {
    const text = await log("exec,cpu", "--bits", "32", "--max-insns", "200", SIEVE);
    expect(text).to.match(/^Trace 1: 0x00001000 \[0x00000000\/0x00001000\]\nEAX=00000000 EBX=00000000 /);
    expect(text.match(/^Trace /gm)?.length).to.equal(text.match(/^EAX=/gm)?.length);
    expect(text).to.include("CS =0008 00000000 ffffffff").and.to.include("EIP=00001000 EFL=00000002 [-------]");
  });

  it("int: faults and interrupts with the registers", async () => {
    const text = await log("int", IRQ), events = linesOf(text).filter((line) => /^(fault|software|external)/.test(line));
    expect(events[0]).to.match(/^software interrupt 0x60 at 0000:0000[0-9a-f]{4}, linear 0x0000[0-9a-f]{4}, insn \d+$/);
    for (const name of ["fault #DE", "software interrupt 0x03", "software interrupt 0x04", "fault #BR", "fault #UD"]) {
      expect(events.some((line) => line.startsWith(name)), name).to.equal(true);
    }
  });

  it("exit: the exits of the vCPU", async () => {
    expect((await log("exit", COUNTER)).match(/^KVM_EXIT_\w+/gm)).to.deep.equal(["KVM_EXIT_IO", "KVM_EXIT_IO", "KVM_EXIT_IO", "KVM_EXIT_HLT"]);
  });

  it("-D sends the log to a file", async () => {
    const { stdout, stderr } = await tcgjs("run", "-d", "in_asm,exit", "-D", files.path("log.txt"), guestPath("hello"));
    expect([stdout, stderr]).to.deep.equal(["Hello\n", ""]);
    expect(files.read("log.txt")).to.include("mov    al,0x48").and.to.include("KVM_EXIT_HLT");
  });

  it("--dfilter, also spelt as QEMU does, logs only blocks that begin in the range", async () => {
    const starts = (text: string): string[] => [...text.matchAll(/^IN:\n(0x\w+)/gm)].map(([, address]) => address);
    // Where a slice ends depends on the host's time, and a block may begin there: one slice.
    const guest = ["--max-insns", "10000", IRQ];
    const all = starts(await log("in_asm", ...guest)), expected = all.filter((address) => Number(address) >= 0x1100 && Number(address) <= 0x117f);
    expect(expected.length).to.be.within(2, all.length - 1);
    for (const option of [["--dfilter", "0x1100..0x117f"], ["-dfilter", "0x1100+0x80"], ["--dfilter", "0x117f-0x80"], ["--dfilter", "0x1100+0x40,0x1140+0x40"]]) {
      expect(starts(await log("in_asm", ...option, ...guest)), option.join(" ")).to.deep.equal(expected);
    }
  });

  it("translates at once where translations are printed, unless told otherwise", async () => {
    expect(await log("in_asm", "--threshold", "1000", guestPath("hello"))).to.equal("");
  });

  it("changes nothing for the guest", async () => {
    const plain = await tcgjs("run", IRQ);
    for (const option of [["-d", "in_asm,op,op_opt,out_js,exec,cpu,int,exit"], ["--trace", "insns"], ["--trace", "blocks,exits"]]) {
      const { status, stdout } = await tcgjs("run", ...option, IRQ);
      expect({ status, stdout }, option.join(" ")).to.deep.equal({ status: 0, stdout: plain.stdout });
    }
  });
});
