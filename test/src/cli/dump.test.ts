// `tcgjs dump`: the translation cache as text, JSON and a graph.

import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { guestPath, tcgjs } from "../../support/cli.ts";
import type { DumpedBlock } from "./dump-schema.ts";
import { checkDump } from "./dump-schema.ts";

const SIEVE = guestPath("sieve"), FIB = guestPath("fib"), IRQ = guestPath("irq16");
const MILLION = ["--bits", "32", "--max-insns", "1M"];
/** Far enough for the loop that crosses out multiples to be the hottest. */
const SIEVING = ["--bits", "32", "--max-insns", "20M"];

async function dumpJson(...args: string[]): Promise<readonly DumpedBlock[]> {
  const { stdout } = await tcgjs("dump", "--format", "json", ...args);
  return checkDump(JSON.parse(stdout)).blocks;
}

describe("tcgjs dump", () => {
  it("shows a hot block from bytes to JavaScript", async () => {
    const { status, stdout } = await tcgjs("dump", "--top", "1", ...SIEVING, SIEVE);
    expect(status).to.equal(0);
    expect(stdout.split("\n")[0]).to.equal("1 block; the cache holds 16384");
    const parts = [
      /^TB \d+ at 0x1170: 4 insns, 13 bytes, 32-bit protected mode, ran \d+ times$/m,
      /^ +ops as lowered +ops as optimised$/m,
      // The guest's bytes and insn, its ops, …
      /^ {2}0x00001177 {2}01 c8 +add {4}eax,ecx$/m,
      /^ +v\d+ = get ecx .*$/m,
      /^ +v\d+ = add v\d+, v\d+ +\S/m,
      // … the JavaScript, and where it goes.
      /^ {2}function tb_1170\(\) \{$/m,
      /^ +eax = eax \+ ecx \| 0;$/m,
      /^ {2}next {2}0x117d -> TB \d+ \(chained\)$/m,
      /^ {2}taken 0x1170 -> TB \d+ \(chained\)$/m,
    ];
    let at = 0;
    for (const part of parts) {
      const found = stdout.slice(at).search(part);
      expect(found, `${String(part)} after\n${stdout.slice(0, at)}`).to.be.at.least(0);
      at += found;
    }
  });

  it("shows the regions of hot code, with --region-threshold", async () => {
    const args = ["--region-threshold", "100", "--top", "1", ...SIEVING, SIEVE];
    const { blocks: [block], regions: [region] } = checkDump(JSON.parse((await tcgjs("dump", "--format", "json", ...args)).stdout));
    expect(region.blocks).to.include(block.number);
    expect(region.blocks).to.include.members([...region.entries]);
    expect(region.javascript).to.match(/^function region_[0-9a-f]+\(left\) \{/);
    const { stdout } = await tcgjs("dump", ...args);
    expect(stdout).to.match(/^REGION \d+ at 0x[0-9a-f]+: \d+ blocks?, \d+ insns/m).and.to.match(/^ {2}made of TB \d+/m).and.to.match(/^ {2}function region_[0-9a-f]+\(left\) \{$/m);
  });

  it("says what ended the run on stderr, and has status 0 all the same", async () => {
    const { status, stderr } = await tcgjs("dump", "--format", "json", ...MILLION, SIEVE);
    expect([status, stderr]).to.deep.equal([0, stderr.match(/^tcgjs dump: stopped at 0008:\w+ after 1048576 insns: --max-insns is used up\n$/)?.[0]]);
  });

  it("prints JSON by its schema, for 16 and 32 bits", async () => {
    expect((await dumpJson(...MILLION, FIB)).length).to.be.above(5);
    expect((await dumpJson(IRQ)).length).to.be.above(20);
  });

  it("prints JSON that agrees with itself", async () => {
    const blocks = await dumpJson(...MILLION, FIB), byNumber = new Map(blocks.map((b) => [b.number, b]));
    for (const b of blocks) {
      const sizes = b.insns.map(({ bytes }) => bytes.length / 2);
      expect(sizes.reduce((sum, n) => sum + n, 0)).to.equal(b.sizeBytes);
      expect(b.insns.map(({ address }) => address)).to.deep.equal(sizes.map((_, i) => b.address + sizes.slice(0, i).reduce((sum, n) => sum + n, 0)));
      expect(b.javascript).to.include(`function tb_${b.address.toString(16)}(`);
      for (const { chainedTo, address } of b.successors) if (chainedTo !== null) expect(byNumber.get(chainedTo)?.address).to.equal(address);
    }
    expect(blocks.some((b) => b.successors.some(({ chainedTo }) => chainedTo !== null))).to.equal(true);
    expect(new Set(blocks.flatMap((b) => b.successors.map(({ kind }) => kind)))).to.include.keys("next", "taken", "indirect");
  });

  it("counts executions", async () => {
    const blocks = await dumpJson("--bits", "32", "--max-insns", "300K", SIEVE);
    // All insns but those that run alone, and those of blocks that the end of a slice cut off.
    const counted = blocks.reduce((sum, b) => sum + (b.executions ?? 0) * b.insns.length, 0);
    expect(counted).to.be.within(0.98 * 300 * 1024, 300 * 1024);
  });

  it("selects with --pc the blocks that hold an address, with --top the hottest", async () => {
    const all = await dumpJson(...MILLION, FIB), some = await dumpJson("--pc", "0x1000..0x1010", ...MILLION, FIB);
    const holds = (b: DumpedBlock): boolean => b.address <= 0x1010 && b.address + b.sizeBytes > 0x1000;
    expect(some.map((b) => b.address)).to.deep.equal(all.filter(holds).map((b) => b.address));
    expect(some.length).to.be.within(1, all.length - 1);
    const hottest = await dumpJson("--top", "1", ...SIEVING, SIEVE);
    expect(hottest.map((b) => b.address)).to.deep.equal([0x1170]);
  });

  it("translates at once unless told otherwise", async () => {
    expect(await dumpJson("--threshold", "1000", IRQ)).to.deep.equal([]);
  });

  it("prints a graph of the blocks", async () => {
    const { stdout } = await tcgjs("dump", "--format", "dot", ...SIEVING, SIEVE);
    expect(stdout).to.match(/^digraph tcgjs \{\n/).and.to.match(/\}\n$/);
    expect(stdout).to.match(/tb\d+ \[label="TB \d+ {2}0x1170 {2}x\d+\\l1170 {2}mov {4}BYTE PTR/).and.to.match(/tb\d+ -> tb\d+ \[label="taken", style=solid\];/);
  });

  it("prints a graph that Graphviz draws", async function () {
    // Without Graphviz there is nobody to ask.
    if (spawnSync("dot", ["-V"]).status !== 0) this.skip();
    for (const [guest, ...args] of [[SIEVE, ...MILLION], [IRQ]]) {
      const { stdout } = await tcgjs("dump", "--format", "dot", ...args, guest), blocks = stdout.match(/^ {2}tb\d+ \[/gm)?.length;
      const { status, stdout: svg, stderr } = spawnSync("dot", ["-Tsvg"], { input: stdout, encoding: "utf8", timeout: 100_000 });
      expect([status, stderr]).to.deep.equal([0, ""]);
      expect(svg.match(/<title>tb\d+<\/title>/g)?.length).to.equal(blocks);
    }
  });
});
