// `tcgjs run`: what each option of the machine, the engine and the limits does, and the exit statuses.

import { expect } from "chai";
import type { CliResult } from "../../support/cli.ts";
import { guestPath, spawnTcgjs, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { readFixture } from "../../support/project.ts";
import { bytesOf } from "../kvm/guest.ts";

const HELLO = guestPath("hello"), COUNTER = guestPath("counter16"), IRQ = guestPath("irq16");
const CPUID = guestPath("cpuid"), SIEVE = guestPath("sieve"), SELF_MODIFY = guestPath("self-modify");

/** What `--json` prints, as far as it is looked at here. */
interface RunJson {
  readonly format: string;
  readonly version: number;
  readonly end: { readonly kind: string };
  readonly status: number;
  readonly output: string;
  readonly insns: number;
  readonly engine: Readonly<Record<string, number>>;
  readonly cachedBlocks: number;
  readonly unhandled: readonly unknown[];
}

/** Runs with --json, checks that nothing else is on stdout, and gives what it says. */
async function runJson(...args: string[]): Promise<RunJson> {
  const { stdout, status } = await tcgjs("run", "--json", ...args), json = JSON.parse(stdout) as RunJson;
  expect([json.format, json.version, json.status]).to.deep.equal(["tcgjs-run", 1, status]);
  return json;
}

describe("tcgjs run", () => {
  const files = new TemporaryFolder();
  /** Runs code, given as hex with comments. */
  const runCode = (code: string, ...args: string[]): Promise<CliResult> => tcgjs("run", ...args, files.write("code.bin", bytesOf(code)));

  it("prints what the guest prints and nothing else, status 0", async () => {
    expect(await tcgjs("run", HELLO)).to.deep.equal({ status: 0, stdout: "Hello\n", stderr: "" });
  });

  it("needs no WebAssembly", () => {
    const { stdout } = spawnTcgjs(["run", "--json", "--threshold", "1", "--region-threshold", "1", "--max-insns", "200000", "--bits", "32", SIEVE], "", ["--jitless"]);
    const { insns, engine } = JSON.parse(stdout) as RunJson;
    expect([insns, engine.regionsMade > 0, engine.regionWasmBytes]).to.deep.equal([200_000, true, 0]);
  });

  it("passes on every byte as it is", async () => {
    const { stdout } = await tcgjs("run", "--json", files.write("bytes.bin", bytesOf(`
      b0 ff e6 e9             ; mov al, 0xff; out 0xe9, al
      fe c8 75 fa             ; dec al; jnz back to the out
      e6 e9 f4                ; out 0xe9, al; hlt
    `)));
    expect([...(JSON.parse(stdout) as RunJson).output].map((char) => char.charCodeAt(0))).to.deep.equal(Array.from({ length: 256 }, (_, i) => 255 - i));
  });

  for (const engine of ["jit", "interp", "lockstep"]) {
    it(`runs a guest with --engine ${engine}`, async () => {
      const expected = new TextDecoder().decode(readFixture("guests/irq16/expected.txt"));
      expect(await tcgjs("run", "--engine", engine, IRQ)).to.deep.equal({ status: 0, stdout: expected, stderr: "" });
    });
  }

  it("translates nothing with --engine interp", async () => {
    expect((await runJson("--engine", "interp", "--bits", "32", SELF_MODIFY)).engine["blocksTranslated"]).to.equal(0);
  });

  it("translates a block when it has run --threshold times", async () => {
    // A loop of 100 turns: warm after so many.
    const loop = "b9 64 00   ; mov cx, 100\n 49 75 fd   ; dec cx; jnz\n f4";
    const blocks = async (threshold: string): Promise<number> => {
      const { stdout } = await runCode(loop, "--json", "--threshold", threshold);
      return (JSON.parse(stdout) as RunJson).engine["blocksTranslated"];
    };
    expect([await blocks("1"), await blocks("50"), await blocks("200")]).to.deep.equal([2, 1, 0]);
  });

  it("gives the same result with every engine option", async () => {
    const expected = new TextDecoder().decode(readFixture("guests/irq16/expected.txt"));
    for (const options of [["--max-blocks", "4"], ["--max-block-insns", "1"], ["--no-chaining"], ["--slice", "1"], ["--checked"]]) {
      expect(await tcgjs("run", "--threshold", "1", ...options, IRQ), options.join(" ")).to.deep.equal({ status: 0, stdout: expected, stderr: "" });
    }
  });

  it("keeps the cache within --max-blocks, and chains nothing with --no-chaining", async () => {
    expect((await runJson("--threshold", "1", IRQ)).cachedBlocks).to.be.above(10);
    const small = await runJson("--threshold", "1", "--max-blocks", "4", "--no-chaining", IRQ);
    expect(small.cachedBlocks).to.be.within(1, 4);
    expect(small.engine["flushes"]).to.be.above(1);
    expect(small.engine["linksChained"]).to.equal(0);
  });

  it("loads and enters at 0x1000, in real mode, unless told otherwise", async () => {
    expect((await runCode("f4", "--trace", "exits")).stderr).to.equal("KVM_EXIT_HLT next 0000:1001\n");
    expect((await runCode("f4", "--trace", "exits", "--load", "0x7c00")).stderr).to.equal("KVM_EXIT_HLT next 0000:7c01\n");
    expect((await runCode("90 90 90 f4", "--trace", "exits", "--load", "0x12340", "--entry", "0x12342")).stderr).to.equal("KVM_EXIT_HLT next 1234:0004\n");
    expect((await runCode("f4", "--trace", "exits", "--bits", "32", "--load", "2M")).stderr).to.equal("KVM_EXIT_HLT next 0008:00200001\n");
  });

  it("runs 32-bit code with --bits 32", async () => {
    // In 16-bit code the immediate has two bytes, and the next is a HLT.
    const code = "b8 41 00 f4 00   ; mov eax, 0x00f40041, or mov ax, 0x41; hlt\n e6 e9 f4   ; out 0xe9, al; hlt";
    expect([(await runCode(code)).stdout, (await runCode(code, "--bits", "32")).stdout]).to.deep.equal(["", "A"]);
  });

  it("has as much memory as --memory says, with units", async () => {
    const store = (address: string): string => `b0 01 a2 ${address} f4   ; mov al, 1; mov [address], al; hlt`;
    const isThere = async (address: string, memory: string): Promise<boolean> =>
      !(await runCode(store(address), "--bits", "32", "--memory", memory)).stderr.includes("where there is no memory");
    const cases = [
      ["ff ff 00 00", "64K", true], ["00 00 01 00", "64K", false], ["00 00 01 00", "0x11000", true], ["ff ff 0f 00", "1M", true],
      ["00 00 10 00", "1m", false], ["ff ff ff 00", "16M", true], ["ff ff ff 3f", "1G", true], ["00 00 00 40", "1G", false],
    ] as const;
    for (const [address, memory, expected] of cases) expect(await isThere(address, memory), `${address} of ${memory}`).to.equal(expected);
  });

  it("reports ports and addresses where nothing is, once each, and goes on", async () => {
    const { status, stderr } = await runCode("e4 60 e4 60 e7 80 b8 00 f0 8e d8 a0 34 12 f4   ; in al, 0x60 twice; out 0x80, ax; mov ds, 0xf000; mov al, [0x1234]; hlt", "--memory", "64K");
    expect(stderr.split("\n")).to.deep.equal([
      "tcgjs run: the guest read 8 bits from port 0x60, where there is no device; it gets 0xff",
      "tcgjs run: the guest wrote 0xff (16 bits) to port 0x80, where there is no device",
      "tcgjs run: the guest read 8 bits from address 0xf1234, where there is no memory; it gets 0xff",
      "",
    ]);
    expect(status).to.equal(0);
  });

  for (const engine of ["jit", "interp", "lockstep"]) {
    it(`stops after exactly --max-insns insns, status 124, with --engine ${engine}`, async () => {
      for (const count of [0, 1, 99_999]) {
        const run = await runJson("--engine", engine, "--bits", "32", "--max-insns", String(count), SIEVE);
        expect([run.end.kind, run.insns, run.status], String(count)).to.deep.equal(["budget", count, 124]);
      }
    });
  }

  it("says where it stopped and why", async () => {
    const { stdout, stderr } = await tcgjs("run", "--max-insns", "3", COUNTER);
    expect([stdout, stderr.split("\n").at(-2)]).to.deep.equal(["", "tcgjs run: stopped at 0000:1005 after 3 insns: --max-insns is used up"]);
  });

  it("does not call it a limit when the guest halts with its last insn", async () => {
    expect((await tcgjs("run", "--max-insns", "7", COUNTER)).status).to.equal(0);
  });

  it("stops when --timeout is over, status 124", async () => {
    const began = performance.now(), { status, stderr } = await runCode("eb fe   ; jmp $", "--timeout", "0.3");
    expect(status).to.equal(124);
    expect(stderr).to.match(/^tcgjs run: stopped at 0000:1000 after \d+ insns: --timeout is over\n$/);
    expect(performance.now() - began).to.be.within(300, 5000);
  });

  it("answers CPUID with --model-id's text", async () => {
    expect(await tcgjs("run", "--bits", "32", "--model-id", "modify cpuid-model for test", CPUID)).to.deep.equal({ status: 0, stdout: "modify cpuid-model for test\n", stderr: "" });
  });

  it("answers CPUID as --cpuid says, leaf by leaf and subleaf by subleaf", async () => {
    const leaves = ["--cpuid", "0x80000002=0x64636261,0x68676665,0,0", "--cpuid", "0x80000003=0,0,0,0", "--cpuid", "0x80000004=0,0,0,0"];
    expect((await tcgjs("run", "--bits", "32", ...leaves, CPUID)).stdout).to.equal("abcdefgh\n");
    const subleaf = `
      b8 04 00 00 00 b9 01 00 00 00 0f a2   ; mov eax, 4; mov ecx, 1; cpuid
      e6 e9 88 d8 e6 e9 88 c8 e6 e9 88 d0 e6 e9 f4   ; the low bytes of eax, ebx, ecx, edx to the console; hlt
    `;
    const given = ["--cpuid", "4.0=0x31,0x32,0x33,0x34", "--cpuid", "4.1=0x41,0x42,0x43,0x44"];
    expect((await runCode(subleaf, "--bits", "32", ...given)).stdout).to.equal("ABCD");
  });

  it("ends with (value << 1) | 1 on --isa-debug-exit, as QEMU", async () => {
    const exit = (value: string): string => `b0 ${value} e6 f4 f4   ; mov al, value; out 0xf4, al; hlt`;
    const statuses: (number | null)[] = [];
    for (const value of ["00", "10", "7f", "ff"]) statuses.push((await runCode(exit(value), "--isa-debug-exit")).status);
    expect(statuses).to.deep.equal([1, 33, 255, 255]);
    expect((await runCode(exit("10"))).status).to.equal(0);
    expect((await runCode(exit("10"), "--isa-debug-exit", "--engine", "lockstep")).status).to.equal(33);
  });

  it("ends with 1 when the guest shuts down", async () => {
    expect(await runCode("0f 0b   ; ud2", "--bits", "32")).to.deep.equal({
      status: 1, stdout: "", stderr: "tcgjs run: the guest shut down (triple fault) at 0008:00001000 after 0 insns\n",
    });
  });

  it("prints counters with --stats, on stderr", async () => {
    const { stdout, stderr } = await tcgjs("run", "--stats", HELLO);
    expect(stdout).to.equal("Hello\n");
    expect(stderr).to.match(/^insns +13$/m).and.to.match(/^blocks translated +0$/m).and.to.match(/^million insns a second +[\d.]+$/m);
  });

  it("prints one JSON object with --json, the guest's output in it", async () => {
    const json = await runJson(HELLO);
    expect([json.end, json.output, json.insns, json.unhandled]).to.deep.equal([{ kind: "halt" }, "Hello\n", 13, []]);
    expect((await runJson(COUNTER)).unhandled).to.deep.equal([{ kind: "port", address: 16, reads: 0, writes: 3 }]);
  });

  it("tells about itself", async () => {
    const help = await tcgjs("run", "--help");
    expect([help.status, help.stderr]).to.deep.equal([0, ""]);
    expect(help.stdout).to.match(/^usage: tcgjs run \[OPTIONS\] IMAGE\n/).and.to.include("--isa-debug-exit");
    expect((await tcgjs("--version")).stdout).to.equal(`tcgjs ${(JSON.parse(new TextDecoder().decode(readFixture("package.json"))) as { version: string }).version}\n`);
    expect((await tcgjs("--help")).stdout).to.include("disasm");
    expect((await tcgjs("help", "dump")).stdout).to.match(/^usage: tcgjs dump /);
  });
});
