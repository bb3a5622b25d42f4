// What the command says to bad input and wrong use: which is given, what is allowed, status 2, nothing on stdout. And what
// becomes of guests that go wrong.

import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { expect } from "chai";
import { guestPath, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";

const HELLO = guestPath("hello");
/** A user with no rights of its own. */
const NOBODY = 65534;

/** Does something without root's power to read everything. */
async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}

describe("tcgjs, bad input", () => {
  const files = new TemporaryFolder();

  before(() => {
    files.write("empty.bin", "");
    files.write("image.bin", new Uint8Array(0x2000).fill(0x90));
    mkdirSync(files.path("folder"));
    symlinkSync("loop", files.path("loop"));
    files.write("secret.bin", "x");
    chmodSync(files.path("secret.bin"), 0);
    chmodSync(files.path("."), 0o755);
  });

  /** The complaint about a command line, without the name of the command. */
  async function complaint(command: string, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await tcgjs(command, ...args);
    expect([status, stdout], stderr).to.deep.equal([2, ""]);
    expect(stderr).to.match(new RegExp(`^tcgjs ${command}: .*\\n$`));
    return stderr.slice(`tcgjs ${command}: `.length, -1);
  }

  for (const command of ["run", "dump", "bench", "disasm"]) {
    it(`${command} says what is wrong with a file`, async () => {
      const missing = files.path("missing.bin"), empty = files.path("empty.bin"), folder = files.path("folder");
      expect(await complaint(command, missing)).to.equal(`${missing} cannot be read: there is no such file`);
      expect(await complaint(command, `${HELLO}/x`)).to.equal(`${HELLO}/x cannot be read: there is no such file`);
      expect(await complaint(command, empty)).to.equal(`${empty}: the file is empty, there is nothing to run`);
      expect(await complaint(command, folder)).to.equal(`${folder}: it is a directory, not a file`);
      expect(await complaint(command, files.path("loop"))).to.match(/loop cannot be read: too many symbolic links$/);
      expect(await complaint(command, files.path("n".repeat(300)))).to.match(/cannot be read: the name is too long$/);
    });

    it(`${command} says that a file is not its user's to read`, async () => {
      // Loads the command, which another user may not be able to.
      await complaint(command);
      const said = await asNobody(() => complaint(command, files.path("secret.bin")));
      expect(said).to.equal(`${files.path("secret.bin")} cannot be read: permission denied`);
    });

    it(`${command} wants an image, and known options`, async () => {
      expect(await complaint(command)).to.match(/^which image\?/);
      expect(await complaint(command, "--nonsense", HELLO)).to.equal("there is no option --nonsense");
      expect(await complaint(command, HELLO, "--bitz", "32")).to.equal("there is no option --bitz; did you mean --bits?");
      expect(await complaint(command, HELLO, "--bits")).to.equal("--bits needs an argument: 16|32");
      expect(await complaint(command, "--bits", "64", HELLO)).to.equal('--bits wants 16, 32; not "64"');
    });
  }

  it("gives up on a file without end", async () => {
    expect(await complaint("run", "/dev/zero")).to.equal("/dev/zero: the file does not end after 268435456 bytes, which is the most an image may have");
  });

  it("takes one image where only one can be run", async () => {
    expect(await complaint("run", HELLO, HELLO)).to.match(/^takes one image, not 2: /);
    expect(await complaint("dump", HELLO, HELLO)).to.match(/^takes one image, not 2: /);
  });

  it("refuses an image that does not fit", async () => {
    const image = files.path("image.bin");
    expect(await complaint("run", "--memory", "4K", image)).to.match(/image\.bin: the image has 0x2000 bytes, the machine 0x1000 bytes of memory$/);
    expect(await complaint("run", "--memory", "64K", "--load", "0xf000", image)).to.match(/image\.bin: an image of 0x2000 bytes at 0xf000 ends at 0x10fff, beyond memory, which ends at 0xffff/);
    expect(await complaint("run", "--load", "32M", image)).to.match(/image\.bin: the load address is 0x2000000; memory is from 0 to 0xffffff/);
    expect(await complaint("run", "--entry", "32M", image)).to.match(/image\.bin: the entry is 0x2000000; /);
    expect(await complaint("run", "--entry", "1M", image)).to.match(/image\.bin: the entry is 0x100000; real mode reaches 0xfffff/);
  });

  const numbers: readonly (readonly [string[], string])[] = [
    [["--threshold", "0"], '--threshold wants a number from 1 to 1073741823, not "0"'],
    [["--threshold", "many"], '--threshold wants a number from 1 to 1073741823, not "many"'],
    [["--load", "12abc"], '--load wants a number from 0x0 to 0xffffffff, not "12abc"'],
    [["--load", "-1"], '--load wants a number from 0x0 to 0xffffffff, not "-1"'],
    [["--entry", "0x100000000"], '--entry wants a number from 0x0 to 0xffffffff, not "0x100000000"'],
    [["--memory", "100"], '--memory wants a multiple of 4K from 4K to 3G, not "100"'],
    [["--memory", "4G"], '--memory wants a multiple of 4K from 4K to 3G, not "4G"'],
    [["--memory", "16MB"], '--memory wants a multiple of 4K from 4K to 3G, not "16MB"'],
    [["--max-insns", "1e9"], '--max-insns wants a number from 0 to 9007199254740991, not "1e9"'],
    [["--max-insns", "-5"], '--max-insns wants a number from 0 to 9007199254740991, not "-5"'],
    [["--timeout", "0"], '--timeout wants a number of seconds above 0, such as 2 or 0.5; not "0"'],
    [["--timeout", "1m"], '--timeout wants a number of seconds above 0, such as 2 or 0.5; not "1m"'],
    [["--cpuid", "1=2,3"], '--cpuid wants LEAF[.SUB]=EAX,EBX,ECX,EDX, such as 0x80000002=0x74736574,0,0,0; not "1=2,3"'],
    [["--cpuid", "1=0x100000000,0,0,0"], '--cpuid wants LEAF[.SUB]=EAX,EBX,ECX,EDX, such as 0x80000002=0x74736574,0,0,0; not "1=0x100000000,0,0,0"'],
    [["--model-id", "x".repeat(48)], `--model-id has room for 47 bytes, "${"x".repeat(48)}" has 48`],
    [["--engine", "fast"], '--engine wants jit, interp, lockstep; not "fast"'],
    [["--trace", "all"], '--trace knows exits, kvm, insns, blocks; not "all"'],
    [["-d", "asm"], '-d knows in_asm, op, op_opt, out_js, exec, int, cpu, exit; not "asm"'],
    [["--dfilter", "0x20..0x10"], '--dfilter wants ranges such as 0x1000..0x1fff, 0x1000+0x100 or 0x1fff-0x100, not "0x20..0x10"'],
    [["--json=yes"], "--json takes no argument"],
    [["--load"], "--load needs an argument: ADDR"],
    [["--timeout="], "--timeout needs an argument: SECONDS"],
  ];
  for (const [args, expected] of numbers) {
    it(`run refuses ${args.join(" ").slice(0, 40)}`, async () => {
      expect(await complaint("run", HELLO, ...args)).to.equal(expected);
    });
  }

  it("refuses options that make no sense together", async () => {
    expect(await complaint("run", "-D", files.path("log"), HELLO)).to.match(/^-D FILE goes with -d LIST/);
    expect(await complaint("run", "--dfilter", "0", HELLO)).to.match(/^--dfilter goes with -d LIST or --trace blocks/);
    expect(await complaint("run", "--engine", "interp", "-d", "op", HELLO)).to.equal("-d op is about translation, and --engine interp translates nothing");
    expect(await complaint("run", "--engine", "interp", "--trace", "blocks", HELLO)).to.match(/^--trace blocks is about translation/);
    expect(await complaint("run", "--engine", "lockstep", "--trace", "exits", HELLO)).to.match(/^--engine lockstep runs two machines/);
  });

  it("says that a log cannot be written", async () => {
    expect(await complaint("run", "-d", "exit", "-D", files.path("no/log"), HELLO)).to.match(/no\/log cannot be written: there is no folder \/.*\/no$/);
    expect(await complaint("run", "-d", "exit", "-D", files.path("folder"), HELLO)).to.match(/folder cannot be written: it is a directory$/);
  });

  it("knows its commands", async () => {
    const wrong = await tcgjs("rum", HELLO);
    expect(wrong).to.deep.equal({ status: 2, stdout: "", stderr: "tcgjs: there is no command rum; did you mean run?\n" });
    expect((await tcgjs("frobnicate")).stderr).to.equal("tcgjs: there is no command frobnicate; the commands are run, boot, dump, bench, img, disasm\n");
    expect((await tcgjs("--frobnicate")).stderr).to.match(/^tcgjs: there is no option --frobnicate/);
    expect((await tcgjs("halp")).stderr).to.equal("tcgjs: there is no command halp; did you mean help?\n");
    const nothing = await tcgjs();
    expect([nothing.status, nothing.stdout, nothing.stderr.split("\n")[0]]).to.deep.equal([2, "", "usage: tcgjs COMMAND [OPTIONS] IMAGE"]);
  });

  it("has help on each command in every way of asking, and on no other", async () => {
    for (const [words, usage] of [
      [["help"], "tcgjs COMMAND"], [["--help"], "tcgjs COMMAND"], [["help", "run"], "tcgjs run"], [["-h", "disasm"], "tcgjs disasm"], [["run", "--help"], "tcgjs run"],
      [["help", "img"], "tcgjs img COMMAND"], [["help", "img", "create"], "tcgjs img create"], [["img", "help", "create"], "tcgjs img create"], [["img", "create", "-h"], "tcgjs img create"],
    ] as const) {
      const { status, stdout, stderr } = await tcgjs(...words);
      expect([status, stderr, stdout.startsWith(`usage: ${usage} [OPTIONS]`)], words.join(" ")).to.deep.equal([0, "", true]);
    }
    for (const [words, said] of [[["help", "boots"], "tcgjs: there is no command boots; did you mean boot?"], [["img", "help", "creat"], "tcgjs img: there is no command creat; did you mean create?"]] as const) {
      expect(await tcgjs(...words), words.join(" ")).to.deep.equal({ status: 2, stdout: "", stderr: `${said}\n` });
    }
  });

  it("refuses a guest.json that makes no sense", async () => {
    mkdirSync(files.path("guest"));
    const image = files.write("guest/guest.bin", bytesOf("f4"));
    for (const [note, message] of [["{", /guest\.json: not JSON: /], ['"x"', /guest\.json: not a JSON object/], ['{"bits": 64}', /guest\.json: bits is 64; it may be 16 or 32/], ['{"load": "x"}', /guest\.json: load is "x"; it should be a number/]] as const) {
      files.write("guest/guest.json", note);
      expect(await complaint("bench", image)).to.match(message);
    }
  });
});

interface GoneWrong {
  readonly what: string;
  readonly bits: "16" | "32";
  readonly code: string;
  readonly args?: readonly string[];
  readonly status: number;
  readonly stderr: RegExp;
  readonly stdout?: string;
}

describe("tcgjs run, guests that go wrong", () => {
  const files = new TemporaryFolder();

  const cases: readonly GoneWrong[] = [
    {
      what: "jumps outside memory", bits: "32", code: "e9 fb ef ff 1f   ; jmp 0x20000000", status: 1,
      stderr: /^tcgjs run: the guest jumped to 0x20000000, where there is no memory, after 1 insn\n$/,
    },
    {
      what: "runs off the end of memory", bits: "32", code: "90 90", args: ["--memory", "8K", "--load", "0x1ffe"], status: 1,
      stderr: /^tcgjs run: the guest jumped to 0x2000, where there is no memory, after 2 insns\n$/,
    },
    {
      what: "jumps outside memory in real mode", bits: "16", code: "ea 00 00 00 80   ; jmp 0x8000:0", args: ["--memory", "64K"], status: 1,
      stderr: /^tcgjs run: the guest jumped to 0x80000, where there is no memory, after 1 insn\n$/,
    },
    {
      what: "faults without an IDT", bits: "32", code: "cc   ; int3", status: 1,
      stderr: /^tcgjs run: the guest shut down \(triple fault\) at 0008:0000100[01] after \d insns?\n$/,
    },
    {
      what: "faults with its stack where there is no memory", bits: "32", status: 1,
      // The IDT at 0 is empty: the fault becomes a double fault, and that a triple fault.
      code: "0f 01 1d 00 11 00 00   ; lidt [0x1100]\n bc 00 00 00 80   ; mov esp, 0x80000000\n 0f 0b   ; ud2", stderr: /^tcgjs run: the guest shut down \(triple fault\)/,
    },
    {
      what: "executes undefined opcodes in real mode", bits: "16", status: 0, stdout: "U",
      // Vector 6 goes to a handler that prints U and halts.
      code: "c7 06 18 00 10 10   ; mov word [6 * 4], 0x1010\n 0f 0b   ; ud2\n 90 90 90 90 90 90 90 90   ; nops\n b0 55 e6 e9 f4   ; mov al, 'U'; out 0xe9, al; hlt", stderr: /^$/,
    },
    {
      what: "writes over its running block", bits: "16", status: 0, stdout: "B",
      // The immediate of the mov behind the store.
      code: "c6 06 06 10 42   ; mov byte [0x1006], 'B'\n b0 41 e6 e9 f4   ; mov al, 'A'; out 0xe9, al; hlt", stderr: /^$/,
    },
    {
      what: "clears all memory, itself with it", bits: "32", args: ["--memory", "256K", "--threshold", "30"], status: 1,
      // Zeros are `add [eax], al`, which runs on to the end of memory.
      code: "31 c0 31 ff b9 00 00 04 00 f3 aa   ; xor eax, eax; xor edi, edi; mov ecx, 256K; rep stosb",
      stderr: /^tcgjs run: the guest jumped to 0x40000, where there is no memory, after \d+ insns\n$/,
    },
  ];
  for (const { what, bits, code, args = [], status, stderr, stdout = "" } of cases) {
    for (const engine of ["interp", "jit", "lockstep"]) {
      it(`a guest that ${what}, --engine ${engine}`, async () => {
        const image = files.write("guest.bin", bytesOf(code));
        const result = await tcgjs("run", "--engine", engine, "--threshold", "1", "--bits", bits, "--max-insns", "100M", ...args, image);
        expect([result.status, result.stdout]).to.deep.equal([status, stdout], result.stderr);
        expect(result.stderr).to.match(stderr);
      });
    }
  }
});
