// Guests that run for ever: --max-insns, --timeout and Ctrl-C end each of them soon, whatever it does; and processes whose
// reader goes away.

import { expect } from "chai";
import { guestPath, spawnTcgjs, startTcgjs, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";

/** Says that it runs, in front of what follows. */
const RUNNING = "b0 2e e6 e9   ; mov al, '.'; out 0xe9, al\n";

const GUESTS: readonly { readonly name: string; readonly bits: "16" | "32"; readonly code: string }[] = [
  { name: "a jump to itself", bits: "32", code: `${RUNNING} eb fe   ; jmp $` },
  { name: "a loop of two blocks", bits: "16", code: `${RUNNING} 40 eb 01 90 eb fa   ; inc ax; jmp over a nop; jmp back` },
  { name: "calls and returns", bits: "16", code: `${RUNNING} e8 02 00 eb fb c3   ; call the ret; jmp back; ret` },
  { name: "a rep stosb of 4 GiB, again and again", bits: "32", code: `${RUNNING} 31 c9 49 bf 00 00 10 00 f3 aa eb f5   ; xor ecx, ecx; dec ecx; mov edi, 1M; rep stosb; jmp` },
  { name: "a rep cmpsb of 4 GiB", bits: "32", code: `${RUNNING} 31 c9 49 31 f6 31 ff f3 a6 eb f5   ; xor ecx, ecx; dec ecx; xor esi, esi; xor edi, edi; repe cmpsb; jmp` },
  // Nothing of it ever retires.
  { name: "faults in the fault handler", bits: "16", code: `${RUNNING} c7 06 18 00 0a 10 0f 0b   ; mov word [6 * 4], the next insn; ud2` },
  { name: "interrupts all the time", bits: "16", code: `${RUNNING} c7 06 80 01 0a 10 cd 60   ; mov word [0x60 * 4], the next insn; int 0x60` },
  { name: "output without end", bits: "32", code: `${RUNNING} b0 2e e6 e9 eb fc   ; out 0xe9, al; jmp` },
  { name: "ports where nothing is", bits: "32", code: `${RUNNING} e5 60 eb fc   ; in eax, 0x60; jmp` },
  { name: "addresses where nothing is", bits: "32", code: `${RUNNING} a1 00 00 00 f0 eb f9   ; mov eax, [0xf0000000]; jmp` },
  { name: "code that rewrites itself", bits: "32", code: `${RUNNING} fe 05 0b 10 00 00 b0 00 eb f6   ; inc byte [0x100b]; mov al, imm at 0x100b; jmp` },
];

describe("tcgjs run, guests without end", () => {
  const files = new TemporaryFolder();
  const args = (guest: (typeof GUESTS)[number], ...more: string[]): string[] =>
    ["run", "--bits", guest.bits, ...more, files.write(`${guest.name}.bin`, bytesOf(guest.code))];

  for (const guest of GUESTS) {
    for (const engine of ["jit", "interp"]) {
      it(`${guest.name}: --max-insns ends it, --engine ${engine}`, async () => {
        const { status, stderr } = await tcgjs(...args(guest, "--engine", engine, "--max-insns", "20000"));
        expect(status, stderr).to.equal(124);
        expect(stderr.trimEnd().split("\n").at(-1)).to.match(/^tcgjs run: stopped at \w{4}:\w{4,8} after \d+ insns: --max-insns is used up$/);
      });

      it(`${guest.name}: --timeout ends it, --engine ${engine}`, async () => {
        const began = performance.now(), { status, stderr } = await tcgjs(...args(guest, "--engine", engine, "--timeout", "0.1"));
        expect(status, stderr).to.equal(124);
        expect(stderr.trimEnd().split("\n").at(-1)).to.match(/: --timeout is over$/);
        expect(performance.now() - began).to.be.below(1200);
      });
    }

    it(`${guest.name}: Ctrl-C ends it within a second`, async () => {
      const running = startTcgjs(...args(guest));
      await running.prints(".");
      const { status, stderr, ms } = await running.interrupt();
      expect(status, stderr).to.equal(130);
      expect(stderr.trimEnd().split("\n").at(-1)).to.match(/^tcgjs run: interrupted at \w{4}:\w{4,8} after \d+ insns?$/);
      expect(ms).to.be.below(1000);
    });
  }

  it("lockstep and dump end the same way", async () => {
    const [guest] = GUESTS;
    expect((await tcgjs(...args(guest, "--engine", "lockstep", "--timeout", "0.1"))).status).to.equal(124);
    const [, ...rest] = args(guest, "--timeout", "0.1");
    const { status, stderr, stdout } = await tcgjs("dump", ...rest);
    expect([status, stderr.includes("--timeout is over"), stdout.includes("function tb_1004")]).to.deep.equal([0, true, true]);
  });

  it("Ctrl-C ends lockstep, too", async () => {
    const running = startTcgjs(...args(GUESTS[0], "--engine", "lockstep"));
    await running.prints(".");
    expect(await running.interrupt()).to.include({ status: 130, stdout: "." });
  });
});

describe("the tcgjs program", () => {
  it("keeps stdout and stderr apart, and has the status of the run", () => {
    expect(spawnTcgjs(["run", guestPath("hello")])).to.deep.equal({ status: 0, stdout: "Hello\n", stderr: "" });
    expect(spawnTcgjs(["run"])).to.deep.equal({ status: 2, stdout: "", stderr: "tcgjs run: which image? None was named\n" });
  });

  it("writes everything before it ends, however much", () => {
    const { stdout } = spawnTcgjs(["disasm", "--bits", "32", guestPath("sha256")]);
    expect(stdout.endsWith("\n")).to.equal(true);
    expect(spawnTcgjs(["run", "--trace", "insns", "--max-insns", "20000", "--bits", "32", guestPath("sieve")]).stderr.split("\n").length).to.equal(20_003);
  });

  it("ends when its reader goes away", async () => {
    const running = startTcgjs("run", "--trace", "kvm", "--bits", "32", guestPath("sieve"));
    running.child.stdout?.destroy();
    expect(await running.end()).to.include({ status: 141 });
  });
});
