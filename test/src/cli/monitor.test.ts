// The monitor's commands, on a PC that loops.

import { expect } from "chai";
import { DriveBays } from "../../../src/cli/boot/bays.ts";
import { ImageShelf } from "../../../src/cli/boot/image-shelf.ts";
import { LineEditor } from "../../../src/cli/boot/monitor/line-editor.ts";
import { Monitor } from "../../../src/cli/boot/monitor/monitor.ts";
import { RunnablePc } from "../../../src/cli/boot/runnable-pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { TemporaryFolder } from "../../support/cli.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";
import { bytesOf } from "../kvm/guest.ts";
import { linuxImage } from "../machine/linux-image.ts";

/** again: inc eax; jmp again. */
const LOOP = bytesOf("40  eb fd");
const ENTRY = 0x100000;

const shelves: ImageShelf[] = [];

/** A machine with a disk, a CD and an empty floppy disk drive. */
async function bench(files: TemporaryFolder) {
  const shelf = new ImageShelf(), open = async (name: string, isReadOnly: boolean) => {
    const path = files.path(name), image = await shelf.open({ path, format: "raw", isReadOnly, isSnapshot: false });
    return { path, image, isSnapshot: false };
  };
  shelves.push(shelf);
  const disk = await open("disk", false), disc = await open("disc", true);
  const pc = new Pc({ boot: { kernel: linuxImage(LOOP) }, memoryBytes: 4 * 2 ** 20, disks: [disk.image], cdrom: disc.image, floppies: [null] }), runnable = new RunnablePc(pc);
  const drives = new DriveBays([{ name: "hda", ...disk }, { name: "fda", image: null, path: "none", isSnapshot: false }, { name: "cdrom", ...disc }], shelf, pc.chips), pressed: string[] = [], dumped: string[] = [];
  pc.run({ maxInsns: 1001 });
  const monitor = new Monitor({
    pc, control: runnable, drives, pressKeys: (keys) => pressed.push(keys.join("+")), dumpScreen: (path) => dumped.push(path),
    writeFile: (path, bytes) => dumped.push(`${path}: ${Buffer.from(bytes).toString("hex")}`),
    save: async (path) => {
      await pc.settle();
      dumped.push(`${path} at ${pc.insns}`);
    },
  });
  return { pc, runnable, monitor, pressed, dumped, shelf };
}

describe("the monitor", () => {
  const files = new TemporaryFolder();

  before(() => {
    for (const [name, sizeBytes] of [["disk", 8192], ["disc", 4096], ["other", 20_480], ["floppy", 1_474_560]] as const) files.write(name, new Uint8Array(sizeBytes).fill(7));
  });

  after(async () => {
    for (const shelf of shelves) await shelf.closeAll();
  });

  it("shows registers, interrupt controllers, PCI, drives and the status", async () => {
    const { monitor } = await bench(files);
    expect(await monitor.execute("info registers")).to.match(/^EAX=000001f5 EBX=/).and.to.match(/EIP=00100001/);
    expect(await monitor.execute("info pic")).to.match(/pic0: .*mask=[0-9a-f]{2}.*\npic1: .*\nioapic: .*low=10000,/);
    expect(await monitor.execute("info lapic")).to.match(/registers: .*spurious=1ff .*\ntimer: initialCount=00 /);
    expect(await monitor.execute("info pci")).to.match(/device 2, function 0: class 0300, 1234:1111\n {2}BAR0: memory at 0xfd000000 \[0xfdffffff\]\n/);
    expect(await monitor.execute("info block")).to.equal(
      `hda: ${files.path("disk")} (raw, 8192 bytes)\nfda: nothing; removable\ncdrom: ${files.path("disc")} (raw, 4096 bytes, read-only); removable\n`,
    );
    expect(await monitor.execute("info version")).to.match(/^tcgjs \d/);
    expect(await monitor.execute("info mem")).to.equal("paging is off\n");
    expect(await monitor.execute("info status")).to.match(/^running, 1001 insns, guest time/);
  });

  it("shows memory in gdb's formats, code as insns, video memory as well", async () => {
    const { monitor, pc } = await bench(files);
    pc.vm.writePhys(0x5000, Uint8Array.from([0x41, 0xff, 0x02, 0x80, 1, 0, 0, 0]));
    expect(await monitor.execute("xp /2xw 0x5000")).to.equal("00005000: 0x8002ff41 0x00000001\n");
    expect(await monitor.execute("xp/4db 0x5000")).to.equal("00005000: 65 -1 2 -128\n");
    expect(await monitor.execute("x/2uh 0x5000")).to.equal("00005000: 65345 32770\n");
    expect(await monitor.execute("x/2c 0x5000")).to.equal("00005000: 'A' '\\xff'\n");
    expect(await monitor.execute(`x/2i ${ENTRY}`)).to.equal("0x00100000:  inc    eax\n0x00100001:  jmp    0x100000\n");
    expect(await monitor.execute("x/i $eip")).to.match(/jmp/);
    expect(await monitor.execute("xp/2xb 0xb8000")).to.equal("000b8000: 0x20 0x07\n");
    expect(await monitor.execute("xp/2xw 0x3ffffc")).to.equal("003ffffc: 0x00000000\nthere is no memory at 0x00400000\n");
  });

  it("stops the guest and lets it go on", async () => {
    const { monitor, runnable } = await bench(files);
    await monitor.execute("stop");
    expect([runnable.run({ maxInsns: 10, maxSteps: 10 }).kind, (await monitor.execute("info status")).slice(0, 6)]).to.deep.equal(["stopped", "paused"]);
    await monitor.execute("c");
    expect(runnable.run({ maxInsns: 10, maxSteps: 10 }).kind).to.equal("budget");
  });

  it("changes and ejects what is in a drive", async () => {
    const { monitor, pc, shelf } = await bench(files), { cdDrive, floppies } = pc.chips, run = (line: string) => monitor.execute(line);
    expect(await run(`change cdrom ${files.path("other")}`)).to.equal("");
    expect([cdDrive?.blockCount, shelf.count]).to.deep.equal([10, 2]);
    expect(await run(`change floppy0 ${files.path("floppy")} raw`)).to.equal("");
    expect([floppies[0]?.format?.sectors, floppies[0]?.isWriteProtected, shelf.count]).to.deep.equal([18, false, 3]);
    expect(await run("eject ide1-cd0")).to.equal("");
    expect([cdDrive?.hasMedium, shelf.count]).to.deep.equal([false, 2]);
    expect(await run("info block")).to.match(/cdrom: nothing; removable\n/);
  });

  it("asks for a disc that the guest has locked, and takes it by force", async () => {
    const { monitor, pc: { chips: { cdDrive } } } = await bench(files);
    cdDrive?.lock(true);
    expect(await monitor.execute("eject cdrom")).to.match(/cdrom is locked by the guest, which has been asked/);
    expect(cdDrive?.hasMedium).to.equal(true);
    expect(await monitor.execute("info block")).to.match(/removable, locked/);
    expect(await monitor.execute(`change -f cdrom ${files.path("other")}`)).to.equal("");
    expect([cdDrive?.blockCount, cdDrive?.isLocked]).to.deep.equal([10, false]);
  });

  it("leaves drives as they are where a change cannot be", async () => {
    const { monitor, shelf } = await bench(files), before = await monitor.execute("info block");
    for (const [line, answer] of [
      ["change cdrom", /change DRIVE FILE/], ["eject", /eject DRIVE/], ["eject hdd", /there is no drive "hdd"; the machine has hda, fda, cdrom/], ["eject hda", /hda is a disk that cannot be taken out/],
      ["change cdrom /nowhere", /no such file/], [`change fda ${files.path("disk")} qcow2`, /qcow2/], ["change fda /dev/null raw", /not a file/], [`change cdrom ${files.path("disk")} zip`, /no image format zip/],
    ] as const) expect(await monitor.execute(line), line).to.match(answer);
    files.write("large", new Uint8Array(4 << 20));
    expect(await monitor.execute(`change fda ${files.path("large")} raw`)).to.match(/floppy/);
    expect([await monitor.execute("info block"), shelf.count]).to.deep.equal([before, 2]);
  });

  it("saves memory and the machine, while the guest stands still", async () => {
    const { monitor, pc, runnable, dumped } = await bench(files);
    pc.vm.writePhys(0x5000, Uint8Array.from([1, 2, 3, 4]));
    await monitor.execute("memsave 0x5001 2 a");
    await monitor.execute("pmemsave 0x5000 4 b");
    const saving = monitor.execute("save c");
    expect(runnable.run({ maxInsns: 10, maxSteps: 10 }).kind).to.equal("blocked");
    await saving;
    expect(dumped).to.deep.equal(["a: 0203", "b: 01020304", "c at 1001"]);
    expect(runnable.run({ maxInsns: 10, maxSteps: 10 }).kind).to.equal("budget");
    expect(await monitor.execute("pmemsave 0x3ffffe 4 d")).to.match(/there is no memory at 0x00400000/);
    expect(await monitor.execute("memsave 0 0 d")).to.match(/wants an address and a size/);
    expect(await monitor.execute("save")).to.match(/save FILE/);
  });

  it("presses keys, dumps the screen, quits", async () => {
    const { monitor, runnable, pressed, dumped } = await bench(files);
    await monitor.execute("sendkey ctrl-alt-delete");
    await monitor.execute("screendump a.png");
    await monitor.execute("quit");
    expect([pressed, dumped, runnable.run({ maxInsns: 1, maxSteps: 1 }).kind]).to.deep.equal([["ctrl+alt+delete"], ["a.png"], "quit"]);
  });

  it("tells what is wrong with a line", async () => {
    const { monitor } = await bench(files);
    expect(await monitor.execute("")).to.equal("");
    expect(await monitor.execute("frobnicate")).to.match(/unknown command: frobnicate/);
    expect(await monitor.execute("info toString")).to.match(/^info registers\|pic/);
    expect(await monitor.execute("x/zz 0")).to.match(/a format is a count/);
    expect(await monitor.execute("x nowhere")).to.match(/wants an address/);
    expect(await monitor.execute("screendump")).to.match(/screendump FILE/);
    expect(await monitor.execute("help")).to.match(/sendkey KEY/);
  });

  it("stands lines of anything", async () => {
    const { monitor } = await bench(files), random = new Random(testSeed(0x6d6f6e)), words = ["x", "xp", "/", "/99999i", "/8xb", "info", "mem", "pci", "-1", "0xffffffff", "0xa0000", "$eip", "$", "sendkey", "é", "/xx", "1e9", "stop", "nmi", "eject", "change", "-f", "cdrom", "fda", "save"];
    for (let i = 0; i < 500; i++) expect(await monitor.execute(Array.from({ length: random.below(4) }, () => words[random.below(words.length)]).join(random.below(2) === 0 ? " " : ""))).to.be.a("string");
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
