// `tcgjs boot`: what it prints and where, how it ends, and what it says to wrong use. The guests are kernels of a few insns.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { optionForImage } from "../../../src/cli/boot/named-image.ts";
import { parseSerial } from "../../../src/cli/boot/serial.ts";
import { EscapeKeys } from "../../../src/cli/boot/terminal/escape-keys.ts";
import { MAIN, spawnTcgjs, startTcgjs, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";
import { multibootImage } from "../machine/boot/images.ts";
import { linuxImage } from "../machine/linux-image.ts";

/** Prints "hi" on COM1 and "A" on COM2 and "D" on the debug console; switches the machine off. */
const HELLO = bytesOf(`
  66 ba f8 03  b0 68 ee  b0 69 ee  b0 0a ee    ; "hi\\n" to 0x3f8
  66 ba f8 02  b0 41 ee                        ; "A" to 0x2f8
  b0 44 e6 e9                                  ; "D" to 0xe9
  66 ba 04 06  66 b8 00 20  66 ef  eb fe       ; soft-off
`);
/** Prints ">", then sends back what comes over COM1; "q" ends it. */
const ECHO = bytesOf(`
  66 ba f8 03  b0 3e  ee                       ; ">"
  66 ba fd 03  ec  a8 01  74 f7                ; again: wait for data ready
  66 ba f8 03  ec  ee                          ; echo
  3c 71  75 ed                                 ; until "q"
  66 ba 04 06  66 b8 00 20  66 ef  eb fe
`);
/** A boot sector: prints "hi" by INT 10h, and ends by the debug exit with status 7. */
const SECTOR = bytesOf(`
  b8 68 0e  cd 10  b8 69 0e  cd 10              ; mov ax, 0x0e68; int 0x10; …
  b0 03  e6 f4  f4
`);
/** Halts with interrupts off; loops; a triple fault. */
const HALT = bytesOf("fa f4"), LOOP = bytesOf("eb fe"), FAULT = bytesOf("0f 0b");

describe("tcgjs boot", () => {
  const files = new TemporaryFolder();

  before(() => {
    for (const [name, code] of Object.entries({ hello: HELLO, echo: ECHO, halt: HALT, loop: LOOP, fault: FAULT })) files.write(name, linuxImage(code));
    files.write("text", "no kernel");
    files.write("empty", "");
    files.write("large", new Uint8Array(2 ** 22));
  });

  const boot = (kernel: string, ...args: string[]) => tcgjs("boot", "--kernel", files.path(kernel), "--memory", "4M", ...args);

  it("prints the first serial line, and ends with 0 when the guest switches the machine off", async () => {
    expect(await boot("hello")).to.deep.equal({ status: 0, stdout: "hi\n", stderr: "" });
  });

  it("has a file, the terminal or nothing at the end of each serial line, and of the debug console", async () => {
    const { stdout } = await boot("hello", "--serial", `file:${files.path("com1")}`, "--serial", "stdio", "--debugcon", `file:${files.path("debug")}`);
    expect([stdout, files.read("com1"), files.read("debug")]).to.deep.equal(["A", "hi\n", "D"]);
    expect((await boot("hello", "--serial", "none", "--debugcon", "stdio")).stdout).to.equal("D");
  });

  it("starts what is on a disk by a BIOS of its own, which shows its screen on the first serial line", async () => {
    const disk = new Uint8Array(0x10000);
    disk.set(SECTOR);
    disk.set([0x55, 0xaa], 510);
    files.write("disk", disk);
    const { status, stdout } = await tcgjs("boot", "--hda", files.path("disk"), "--memory", "4M", "--isa-debug-exit");
    expect(stdout).to.match(/tcgjs BIOS[^]*Booting from hard disk\r\nhi$/);
    expect(status).to.equal(7);
  });

  it("takes an image for what it is", async () => {
    const sized = (name: string, bytes: number, at: number, data: Uint8Array): string => {
      const image = new Uint8Array(bytes);
      image.set(data, at);
      files.write(name, image);
      return files.path(name);
    };
    const text = (s: string): Uint8Array => new TextEncoder().encode(s), sector = Uint8Array.of(...SECTOR, ...new Uint8Array(510 - SECTOR.length), 0x55, 0xaa);
    const multiboot = multibootImage({ code: HALT }), grub = sized("grub", 0x10000, 0x400, multiboot.subarray(0, 12));
    writeFileSync(grub, sector, { flag: "r+" });
    expect([
      files.path("hello"), sized("multiboot", 8192, 0, multiboot), sized("cd", 0x9000, 0x8001, text("CD001")), sized("floppy", 1_474_560, 0, sector), sized("saved", 100, 0, text("tcgjs-vm")),
      sized("disk", 512, 0, sector), sized("qcow2", 0x40000, 0, text("QFI\xfb")), grub,
    ].map(optionForImage)).to.deep.equal(["kernel", "kernel", "cdrom", "fda", "restore", "hda", "hda", "hda"]);
    expect(await tcgjs("boot", files.path("hello"), "--memory", "4M")).to.deep.equal({ status: 0, stdout: "hi\n", stderr: "" });
    expect((await tcgjs("boot", files.path("disk"), "--serial", "stdio", "--isa-debug-exit")).status).to.equal(7);
  });

  it("reports as JSON, with what came over the serial line", async () => {
    const { status, stdout } = await boot("hello", "--json"), report = JSON.parse(stdout) as Record<string, unknown>;
    expect([status, report["format"], report["end"], report["status"], report["output"], report["insns"]]).to.deep.equal([0, "tcgjs-boot", { kind: "power-off" }, 0, "hi\n", 15]);
  });

  it("takes drives on IDE and virtio, named by format or not, and refuses what is none", async () => {
    const disk = files.path("large");
    expect((await boot("hello", "--drive", `file=${disk},format=raw`, "--drive", `file=${disk},if=virtio,readonly=on`, "--drive", `if=virtio,file=${disk},snapshot=on`, "--snapshot")).stdout).to.equal("hi\n");
    const wrong: readonly (readonly [RegExp, string])[] = [
      [/wants file=IMAGE/, "if=virtio"], [/wants if=ide or if=virtio, not "scsi"/, `file=${disk},if=scsi`], [/knows the formats .*raw; not "img"/, `file=${disk},format=img`],
      [/wants readonly=on or readonly=off/, `file=${disk},readonly=1`], [/no such file/, "file=/nowhere/disk"], [/not a qcow2 image|is not a qcow2/, `file=${disk},format=qcow2`],
    ];
    for (const [message, choice] of wrong) {
      const { status, stderr } = await boot("hello", "--drive", choice);
      expect([status, stderr], stderr).to.satisfy(([s, text]: [number, string]) => s === 2 && message.test(text));
    }
    const five = Array.from({ length: 5 }, () => ["--drive", `file=${disk},format=raw`]).flat();
    expect((await boot("hello", ...five)).stderr).to.match(/all 4 places on IDE are taken/);
  });

  it("has a virtio console instead of the first serial line, random numbers and shared folders", async () => {
    expect(await boot("hello", "--virtio-console", "stdio", "--virtio-rng", "--share", `${files.path("")},tag=a,,b,readonly`)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect((await boot("hello", "--virtio-console", `file:${files.path("hvc0")}`)).stdout).to.equal("hi\n");
    expect(files.read("hvc0")).to.equal("");
  });

  it("ends with 124 at exactly as many insns as it may run, and says where", async () => {
    const { status, stderr } = await boot("loop", "--max-insns", "1234567");
    expect([status, stderr]).to.deep.equal([124, "tcgjs boot: stopped at 0010:00100000 after 1234567 insns: --max-insns is used up\n"]);
    expect((await boot("loop", "--timeout", "0.1")).status).to.equal(124);
  });

  it("ends with 1 on a triple fault, and with 0 on a halt, and says so", async () => {
    const fault = await boot("fault", "--no-reboot"), halt = await boot("halt");
    expect([fault.status, halt.status]).to.deep.equal([1, 0]);
    expect(fault.stderr).to.match(/triple fault/);
    expect(halt.stderr).to.match(/halted at 0010:00100002 with interrupts off/);
  });

  it("saves the machine where it was stopped, and goes on from there to the same end", async () => {
    const file = files.path("saved"), whole = await boot("hello", "--state-hash");
    expect(whole.stderr).to.match(/^state [0-9a-f]{64}\n$/);
    const first = await boot("hello", "--max-insns", "4", "--save", file, "--state-hash");
    expect([first.status, first.stdout]).to.deep.equal([124, "h"]);
    const [hash] = first.stderr.split("\n").filter((line) => line.startsWith("state "));
    expect((await tcgjs("boot", "--restore", file, "--max-insns", "0", "--state-hash")).stderr).to.include(hash);
    expect(await tcgjs("boot", "--restore", file, "--state-hash", "--engine", "interp")).to.deep.equal({ ...whole, stdout: "i\n" });
    // What was restored can be saved again.
    await tcgjs("boot", "--restore", file, "--max-insns", "1", "--save", file);
    expect(await tcgjs("boot", "--restore", file, "--state-hash")).to.deep.equal({ ...whole, stdout: "\n" });
    const done = await boot("hello", "--save", file);
    expect([done.status, done.stderr]).to.satisfy(([status, text]: [number, string]) => status === 0 && text.includes("was not written: the guest has ended"));
  });

  it("refuses saved machines that are damaged or another's, with 2", async () => {
    const file = files.path("intact");
    await boot("loop", "--max-insns", "100", "--save", file);
    const bytes = readFileSync(file);
    files.write("damaged", Uint8Array.from(bytes).with(bytes.length >> 1, bytes[bytes.length >> 1] ^ 1));
    files.write("short", bytes.subarray(0, 1000));
    const cases: readonly (readonly [string[], RegExp])[] = [
      [["--restore", files.path("damaged")], /damaged: saved machine: the file is damaged or cut off/], [["--restore", files.path("short")], /short: saved machine: the file is damaged/],
      [["--restore", files.path("text")], /text: this is no saved machine/], [["--restore", "nowhere"], /nowhere cannot be read: there is no such file/],
      [["--restore", file, "--kernel", "x"], /--restore goes on with what was started/], [["--restore", file, "--memory", "32M"], /intact: saved machine: .* \(it was saved with --memory 4M\)/],
      [["--restore", file, "--cpu", "max,-smap"], /another processor's/], [["--restore", file, "--hda", files.path("large")], /IDE channel.unit0 is missing/],
      [["--restore", file, "--virtio-rng"], /it has no device\/virtio0, and this machine has/],
      [["--restore", file, "--save", files.path("text/x")], /cannot be written/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = await tcgjs("boot", "--max-insns", "10", ...args);
      expect([status, stderr], args.join(" ")).to.satisfy(([s, text]: [number, string]) => s === 2 && message.test(text));
    }
  });

  it("gives stdin to the guest", () => {
    const { status, stdout } = spawnTcgjs(["boot", "--kernel", files.path("echo"), "--memory", "4M"], "Hello, guest: q");
    expect([status, stdout]).to.deep.equal([0, ">Hello, guest: q"]);
  });

  it("gives stdin to the monitor where that is wanted, and nothing else to stdout", () => {
    const { status, stdout } = spawnTcgjs(["boot", "--kernel", files.path("loop"), "--memory", "4M", "--monitor", "stdio"], "stop\ninfo status\nxp/2xb 0x100000\nwhat\nquit\n");
    expect(status).to.equal(0);
    expect(stdout).to.match(/^paused, \d+ insns, .*\n00100000: 0xeb 0xfe\nunknown command: what; help lists them\n$/);
  });

  it("ends at Ctrl-C", async () => {
    const cli = startTcgjs("boot", "--kernel", files.path("echo"), "--memory", "4M");
    await cli.prints(">");
    const { status, stderr } = await cli.interrupt();
    expect(status).to.equal(130);
    expect(stderr).to.match(/interrupted at 0010:/);
  });

  it("writes the screen to a PNG file at the end", async () => {
    await boot("hello", "--screenshot", files.path("screen.png"));
    const bytes = readFileSync(files.path("screen.png"));
    expect([...bytes.subarray(0, 8)]).to.deep.equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).to.deep.equal([720, 400]);
    expect((await boot("hello", "--screenshot", files.path("nowhere/screen.png"))).status).to.equal(2);
  });

  const SCRIPT = "/usr/bin/script";
  if (existsSync(SCRIPT)) {
    /** What comes out of a terminal of the program's own (util-linux' script makes one), and its status. */
    const inTerminal = (...args: string[]): { readonly status: number | null; readonly text: string } => {
      const line = [process.execPath, MAIN, "boot", "--memory", "4M", "--display", "terminal", "--kernel", ...args].map((a) => `'${a}'`).join(" ");
      const { status, stdout } = spawnSync(SCRIPT, ["-qec", line, "/dev/null"], { encoding: "utf8", timeout: TERMINAL_LIMIT_MS, input: "" });
      return { status, text: stdout };
    };
    const TERMINAL_LIMIT_MS = 100_000;
    const ENTER = "\x1b[?1049h", LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

    it("gives the terminal back when the guest ends, and when the time is over", function () {
      this.timeout(2 * TERMINAL_LIMIT_MS);
      const ended = inTerminal(files.path("hello")), late = inTerminal(files.path("loop"), "--timeout", "0.5");
      for (const [{ status, text }, wanted] of [[ended, 0], [late, 124]] as const) {
        expect(status).to.equal(wanted);
        expect(text.split(ENTER).length, text).to.equal(2);
        expect(text.slice(text.indexOf(ENTER))).to.include(LEAVE);
      }
    });
  } else {
    it.skip(`gives the terminal back (there is no ${SCRIPT}; util-linux has it)`);
  }

  const wrong: readonly (readonly [string, string[], RegExp])[] = [
    ["a screen without a terminal", ["boot", "--kernel", "FILE:hello", "--display", "terminal"], /--display terminal needs stdin and stdout to be a terminal/],
    ["a screen and a serial line on one terminal", ["boot", "--kernel", "FILE:hello", "--display", "terminal", "--serial", "stdio"], /needs the terminal for itself, without another option that takes stdio/],
    ["a monitor and a serial line on one terminal", ["boot", "--kernel", "FILE:hello", "--monitor", "stdio", "--serial", "stdio"], /--monitor stdio needs stdin and stdout for itself/],
    ["a monitor and a report on stdout", ["boot", "--kernel", "FILE:hello", "--monitor", "stdio", "--json"], /--monitor stdio needs stdin and stdout for itself, without --json/],
    ["a monitor and a screen", ["boot", "--kernel", "FILE:hello", "--monitor", "stdio", "--display", "terminal"], /--display terminal needs the terminal for itself/],
    ["a video BIOS that is not there", ["boot", "--kernel", "FILE:hello", "--vga-rom", "nowhere"], /nowhere cannot be read/],
    ["no kernel", ["boot"], /what to boot\? Name an image \(a kernel, a disk, a CD\), or several things by --kernel, --hda/],
    ["firmware and a kernel", ["boot", "--bios", "x", "--kernel", "x"], /only one of them can be/],
    ["an order without firmware", ["boot", "--kernel", "x", "--boot", "c"], /--boot is for firmware/],
    ["an order of nothing", ["boot", "--bios", "x", "--boot", "z"], /--boot wants letters of a \(floppy\)/],
    ["a disk where the CD-ROM drive is", ["boot", "--kernel", "FILE:hello", "--cdrom", "none", "--hdc", "FILE:large"], /the CD-ROM drive is the secondary master/],
    ["a floppy disk that is too large", ["boot", "--kernel", "FILE:hello", "--fda", "FILE:large"], /a floppy disk has up to 2949120 bytes, not 4194304/],
    ["a disc that is not there", ["boot", "--kernel", "FILE:hello", "--cdrom", "nowhere"], /nowhere.*no such file/],
    ["a ROM that is none", ["boot", "--bios", "FILE:text"], /the ROM has 9 bytes/],
    ["an initial RAM disk alone", ["boot", "--initrd", "x"], /--initrd goes with --kernel/],
    ["a file that is none", ["boot", "--kernel", "FILE:text"], /this is no kernel: it has neither Linux's setup header/],
    ["a file that is not there", ["boot", "--kernel", "nowhere"], /nowhere cannot be read: there is no such file/],
    ["two images", ["boot", "a", "b"], /takes \[IMAGE\]; given was a b/],
    ["an image twice", ["boot", "FILE:hello", "--kernel", "FILE:echo"], /hello would be taken as by --kernel, which names .*echo/],
    ["an image that is not there", ["boot", "nowhere"], /nowhere cannot be read: there is no such file/],
    ["an image that is empty", ["boot", "FILE:empty"], /the file is empty, there is nothing to boot/],
    ["an initial RAM disk larger than memory", ["boot", "--kernel", "FILE:hello", "--memory", "2M", "--initrd", "FILE:large"], /4194304 bytes, memory is 2097152/],
    ["a serial line to nowhere", ["boot", "--kernel", "FILE:hello", "--serial", "tty"], /--serial wants stdio, file:PATH, tcp:127\.0\.0\.1:PORT or none; not "tty"/],
    ["two terminals", ["boot", "--kernel", "FILE:hello", "--serial", "stdio", "--serial", "stdio"], /--serial stdio was given twice/],
    ["a terminal for two", ["boot", "--kernel", "FILE:hello", "--serial", "stdio", "--virtio-console", "stdio"], /there is one terminal/],
    ["a share that is no folder", ["boot", "--kernel", "FILE:hello", "--share", "FILE:hello"], /it is not a folder/],
    ["two shares with a tag", ["boot", "--kernel", "FILE:hello", "--share", "/tmp", "--share", "/"], /two folders have the tag host/],
    ["a tag that is too long", ["boot", "--kernel", "FILE:hello", "--share", `/tmp,tag=${"x".repeat(32)}`], /wants a tag of 1 to 31 bytes/],
    ["five serial lines", ["boot", "--kernel", "FILE:hello", ...new Array<string[]>(5).fill(["--serial", "none"]).flat()], /given 5 times; there are 4/],
    ["a day that does not exist", ["boot", "--kernel", "FILE:hello", "--rtc", "2024-02-31x"], /--rtc wants utc, localtime, or a date/],
    ["little memory", ["boot", "--kernel", "FILE:hello", "--memory", "1M"], /--memory wants a multiple of 4K from 2M to 3584M/],
  ];

  for (const [what, args, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const { status, stdout, stderr } = await tcgjs(...args.map((a) => (a.startsWith("FILE:") ? files.path(a.slice(5)) : a)));
      expect([status, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(message);
    });
  }
});

describe("the escape key", () => {
  it("lets everything through but Ctrl-A and what follows, in the order in which it was typed", () => {
    const keys = new EscapeKeys();
    const feed = (text: string): string[] => {
      const seen: string[] = [];
      keys.feed(Uint8Array.from([...text].map((c) => c.charCodeAt(0))), (bytes) => seen.push(String.fromCharCode(...bytes)), (command) => seen.push(`<${command}>`));
      return seen;
    };
    expect(["ab\x01", "xcd", "\x01\x01", "\x01h\x01be", "\x01zf", "g\x01ch"].map(feed)).to.deep.equal([["ab"], ["<exit>", "cd"], ["\x01"], ["<help>", "<break>", "e"], ["f"], ["g", "<monitor>", "h"]]);
  });
});

describe("parseSerial", () => {
  it("knows stdio, none and files", () => {
    expect([parseSerial("stdio"), parseSerial("none"), parseSerial("file:a:b")]).to.deep.equal([{ kind: "stdio" }, { kind: "none" }, { kind: "file", path: "a:b" }]);
    expect(() => parseSerial("file:")).to.throw(/wants stdio/);
  });
});
