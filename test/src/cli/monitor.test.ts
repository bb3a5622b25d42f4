// The monitor's commands, on a PC that loops.

import { expect } from "chai";
import { LineEditor } from "../../../src/cli/boot/monitor/line-editor.ts";
import { Monitor } from "../../../src/cli/boot/monitor/monitor.ts";
import { RunnablePc } from "../../../src/cli/boot/runnable-pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { testSeed, Random } from "../../tcg/support/random.ts";
import { bytesOf } from "../kvm/guest.ts";
import { linuxImage } from "../machine/linux-image.ts";

/** again: inc eax; jmp again. */
const LOOP = bytesOf("40  eb fd");
const ENTRY = 0x100000;

function bench() {
  const pc = new Pc({ boot: { kernel: linuxImage(LOOP) }, memoryBytes: 4 * 2 ** 20 }), runnable = new RunnablePc(pc), pressed: string[] = [], dumped: string[] = [];
  pc.run({ maxInsns: 1001 });
  const monitor = new Monitor({ pc, control: runnable, drives: ["hda: disk.qcow2"], pressKeys: (keys) => pressed.push(keys.join("+")), dumpScreen: (path) => dumped.push(path) });
  return { pc, runnable, monitor, pressed, dumped };
}

describe("the monitor", () => {
  it("shows registers, interrupt controllers, PCI, drives and the status", () => {
    const { monitor } = bench();
    expect(monitor.execute("info registers")).to.match(/^EAX=000001f5 EBX=/).and.to.match(/EIP=00100001/);
    expect(monitor.execute("info pic")).to.match(/pic0: .*mask=[0-9a-f]{2}.*\npic1: /);
    expect(monitor.execute("info pci")).to.match(/device 2, function 0: class 0300, 1234:1111\n {2}BAR0: memory at 0xfd000000 \[0xfdffffff\]\n/);
    expect(monitor.execute("info block")).to.equal("hda: disk.qcow2\n");
    expect(monitor.execute("info mem")).to.equal("paging is off\n");
    expect(monitor.execute("info status")).to.match(/^running, 1001 insns, guest time/);
  });

  it("shows memory in gdb's formats, code as insns, video memory as well", () => {
    const { monitor, pc } = bench();
    pc.vm.writePhys(0x5000, Uint8Array.from([0x41, 0xff, 0x02, 0x80, 1, 0, 0, 0]));
    expect(monitor.execute("xp /2xw 0x5000")).to.equal("00005000: 0x8002ff41 0x00000001\n");
    expect(monitor.execute("xp/4db 0x5000")).to.equal("00005000: 65 -1 2 -128\n");
    expect(monitor.execute("x/2uh 0x5000")).to.equal("00005000: 65345 32770\n");
    expect(monitor.execute("x/2c 0x5000")).to.equal("00005000: 'A' '\\xff'\n");
    expect(monitor.execute(`x/2i ${ENTRY}`)).to.equal("0x00100000:  inc    eax\n0x00100001:  jmp    0x100000\n");
    expect(monitor.execute("x/i $eip")).to.match(/jmp/);
    expect(monitor.execute("xp/2xb 0xb8000")).to.equal("000b8000: 0x20 0x07\n");
    expect(monitor.execute("xp/2xw 0x3ffffc")).to.equal("003ffffc: 0x00000000\nthere is no memory at 0x00400000\n");
  });

  it("stops the guest and lets it go on", () => {
    const { monitor, runnable } = bench();
    monitor.execute("stop");
    expect([runnable.run({ maxInsns: 10, maxSteps: 10 }).kind, monitor.execute("info status").slice(0, 6)]).to.deep.equal(["stopped", "paused"]);
    monitor.execute("c");
    expect(runnable.run({ maxInsns: 10, maxSteps: 10 }).kind).to.equal("budget");
  });

  it("presses keys, dumps the screen, quits", () => {
    const { monitor, runnable, pressed, dumped } = bench();
    monitor.execute("sendkey ctrl-alt-delete");
    monitor.execute("screendump a.png");
    monitor.execute("quit");
    expect([pressed, dumped, runnable.run({ maxInsns: 1, maxSteps: 1 }).kind]).to.deep.equal([["ctrl+alt+delete"], ["a.png"], "quit"]);
  });

  it("tells what is wrong with a line", () => {
    const { monitor } = bench();
    expect(monitor.execute("")).to.equal("");
    expect(monitor.execute("frobnicate")).to.match(/unknown command: frobnicate/);
    expect(monitor.execute("info toString")).to.match(/^info registers\|pic/);
    expect(monitor.execute("x/zz 0")).to.match(/a format is a count/);
    expect(monitor.execute("x nowhere")).to.match(/wants an address/);
    expect(monitor.execute("screendump")).to.match(/screendump FILE/);
    expect(monitor.execute("help")).to.match(/sendkey KEY/);
  });

  it("stands lines of anything", () => {
    const { monitor } = bench(), random = new Random(testSeed(0x6d6f6e)), words = ["x", "xp", "/", "/99999i", "/8xb", "info", "mem", "pci", "-1", "0xffffffff", "0xa0000", "$eip", "$", "sendkey", "é", "/xx", "1e9", "stop", "nmi"];
    for (let i = 0; i < 500; i++) expect(monitor.execute(Array.from({ length: random.below(4) }, () => words[random.below(words.length)]).join(random.below(2) === 0 ? " " : ""))).to.be.a("string");
  });
});

describe("LineEditor", () => {
  it("echoes, takes back, recalls and gives lines", () => {
    let shown = "";
    const lines: string[] = [], editor = new LineEditor((text) => { shown += text; }, (line) => lines.push(line));
    for (const text of ["helx", "\x7f", "p\r", "zz\x15", "info pic\r", "\x1b[A", "\x1b[A", "\r", "\x1b[C!\r"]) editor.type(text);
    expect(lines).to.deep.equal(["help", "info pic", "help", "!"]);
    expect(shown).to.match(/^helx\r\x1b\[K\(tcgjs\) help\n/);
  });
});
