/** `tcgjs boot`: a PC, and what to start on it. */
import { VmError } from "../../../tcg/support/errors.ts";
import { VirtioConsole } from "../../devices/virtio/virtio-console.ts";
import { isInteractive } from "../../host/console-input.ts";
import { readImage, writeFile } from "../../host/files.ts";
import { watchTerminalSize } from "../../host/tty.ts";
import { nowMs } from "../../host/time.ts";
import { ROM_MAX_BYTES } from "../../machine/boot/rom.ts";
import type { ClockChoice, PcOptions } from "../../machine/pc.ts";
import { Pc } from "../../machine/pc.ts";
import type { StartOptions } from "../../machine/snapshot/boot-state.ts";
import { parseCpu } from "../../x86/cpu-models.ts";
import type { Invocation } from "../command.ts";
import { defineCommand } from "../command.ts";
import { cpuidOf, readModule, vmOptionsOf } from "../guest.ts";
import type { OptionTable } from "../option-table.ts";
import { choice, flag, number, value } from "../option-table.ts";
import { packageFile } from "../own-package.ts";
import { Session } from "../session.ts";
import { UnhandledReport } from "../unhandled.ts";
import { engineOptions, limitOptions } from "../vm-options.ts";
import { DriveBays } from "./bays.ts";
import { bootReport } from "./boot-report.ts";
import type { BootEnd } from "./boot-report.ts";
import { ConsoleLine } from "./console-line.ts";
import { hasDisplay, videoBiosOf } from "./display.ts";
import { FarEnds } from "./far-ends.ts";
import type { BootMedia } from "./media.ts";
import { hasMedia, withMedia } from "./media.ts";
import { Monitor } from "./monitor/monitor.ts";
import { NAMED_IMAGE_HELP, optionForImage } from "./named-image.ts";
import { bootNetwork } from "./net-options.ts";
import { PC_MODEL, pcOptions, startOptions } from "./pc-options.ts";
import { RunnablePc } from "./runnable-pc.ts";
import { SavedMachine, saveMachine } from "./saved-machine.ts";
import { writeScreenshot } from "./screenshot.ts";
import { MAX_SERIAL_LINES, SerialLine } from "./serial.ts";
import type { SerialChoice, TerminalLine } from "./serial.ts";
import { ESCAPE_HELP } from "./terminal/escape-keys.ts";
import { KeyFeeder } from "./terminal/key-feeder.ts";
import { PcConsole } from "./terminal/pc-console.ts";
import { virtioDevices } from "./virtio.ts";

const engineChoice = { engine: choice(["jit", "interp"], { help: "jit: interpret what is cold, translate what is warm; interp: interpret everything", initial: "jit" }) };

/**
 * An operating system's start runs most of its code some thousand times, spread over its whole time. A block costs about as much to translate,
 * and to run while V8 has not optimised it, as so many runs in the interpreter.
 */
const BOOT_THRESHOLD = 20_000;
/** The BIOS that comes with this package. */
const OWN_BIOS = "guests/bios/bios.bin";
const pcEngineOptions = {
  ...engineOptions,
  threshold: number({
    argument: "N", help: "how often a block is interpreted before it is translated; 1 translates at once", min: 1, max: 2 ** 30 - 1, initial: null, defaultText: String(BOOT_THRESHOLD),
  }),
};

/** When the run ends otherwise than by the guest, which can go on then. */
const saving = {
  save: value((path) => path, { argument: "FILE", help: "save the machine when a limit or a person ends the run, for --restore; disks' contents stay in their images, which must not change" }),
};

const reporting = {
  "state-hash": flag({ help: "print a hash of all that the guest can see of the machine, at the end: two that have the same go on alike" }),
  unhandled: flag({ help: "tell of accesses to ports and memory that are not there" }),
  stats: flag({ help: "print counters on stderr at the end" }),
  json: flag({ help: "print one JSON object on stdout at the end: how the run ended, what came over the first serial line, all counters" }),
};

type BootTable = typeof startOptions & typeof pcOptions & typeof engineChoice & typeof pcEngineOptions & typeof limitOptions & typeof saving & typeof reporting;
type BootInvocation = Invocation<BootTable>;
type Values = BootInvocation["values"];

export const bootCommand = defineCommand<BootTable>({
  name: "boot",
  about: "Runs a PC: interrupt controllers, timer, clock, keyboard controller, VGA, serial lines, PCI, IDE disks, a CD-ROM drive, floppy disks, virtio devices, a network card, ACPI power management. It starts a kernel directly, Linux by the "
    + "32-bit boot protocol or a multiboot one, or firmware (a BIOS of its own, or another such as SeaBIOS); its first serial line or its screen is the terminal.",
  images: { text: "[IMAGE]", min: 0, max: 1 },
  groups: [
    { title: "What to start", options: startOptions },
    { title: "Machine", options: pcOptions as OptionTable },
    { title: "Engine", note: "What the guest sees does not depend on these.", options: { ...engineChoice, ...pcEngineOptions } as OptionTable },
    { title: "Limits", options: { ...limitOptions, ...saving } as OptionTable },
    { title: "Report", options: reporting },
  ],
  notes: [
    NAMED_IMAGE_HELP,
    `Keys, on a terminal: ${ESCAPE_HELP}.`,
    "Exit status: 0 the guest switched the machine off, reset it or halted; 1 it shut down (triple fault) or can go no further, or tcgjs failed; 2 usage or bad input; "
      + "124 --max-insns or --timeout used up; 130 Ctrl-C; with --isa-debug-exit (V << 1) | 1.",
  ],
  examples: [
    { line: "tcgjs boot --kernel vmlinuz --initrd initrd.gz --append console=ttyS0", does: "Linux, its console on the terminal" },
    { line: "tcgjs boot --kernel vmlinuz --append 'console=ttyS0 root=/dev/sda1' --hda disk.qcow2", does: "the same with a disk" },
    {
      line: "tcgjs boot --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0 root=/dev/vda' --drive file=disk.qcow2,if=virtio --snapshot",
      does: "a virtio disk, left as it was",
    },
    { line: "tcgjs boot --kernel kernel.elf --append verbose --module initial.tar --screenshot screen.png --timeout 10", does: "a multiboot kernel, and what it has drawn" },
    { line: "tcgjs boot disk.img", does: "what the disk's boot sector starts" },
    { line: "tcgjs boot --bios /usr/share/seabios/bios.bin --cdrom debian.iso --boot d", does: "what a CD image starts, by SeaBIOS" },
    { line: "tcgjs boot --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --share src,tag=src,readonly", does: "with a folder of the host to mount by 9P" },
    { line: "tcgjs boot --kernel vmlinuz --append 'console=ttyS0 root=/dev/vda' --drive file=disk.qcow2,if=virtio --hostfwd tcp::2222-:22", does: "port 2222 of this machine leads to the guest's SSH server" },
    { line: "tcgjs boot --kernel vmlinuz --append 'console=ttyS0 panic=-1' --no-reboot --serial file:boot.log --timeout 60", does: "without a terminal, into a file" },
    { line: "echo 'screendump screen.png' | tcgjs boot --monitor stdio --timeout 10 disk.img", does: "commands for the monitor from a script" },
    { line: "tcgjs boot --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --max-insns 1G --save booted", does: "a machine that has booted, for later: tcgjs boot --restore booted" },
    { line: "tcgjs boot --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --clock virtual --max-insns 3G --json", does: "exactly three billion insns, and what they cost" },
  ],
  run: runBoot,
});

/** @throws VmError for options that make no sense together */
function checkCombinations(values: Values): void {
  if (values.restore === null) checkStart(values);
  else if (START_OPTIONS.some((name) => values[name] !== null) || values.module.length > 0) throw new VmError("EINVAL", "--restore goes on with what was started; nothing else can be");
  checkSerial(values);
  if (values.save !== null && values.snapshot) throw new VmError("EINVAL", "--save keeps what is not on the disks, and --snapshot throws away what would be on them; a machine needs both");
}

const START_OPTIONS = ["kernel", "initrd", "bios", "boot", "append"] as const;

function checkStart(values: Values): void {
  const { kernel, initrd, append, module, bios, boot } = values;
  if (kernel !== null && bios !== null) throw new VmError("EINVAL", "--kernel starts a kernel without firmware, --bios starts firmware; only one of them can be");
  if (kernel === null) {
    const stray = initrd !== null ? "--initrd" : append !== null ? "--append" : module.length > 0 ? "--module" : null;
    if (stray !== null) throw new VmError("EINVAL", `${stray} goes with --kernel FILE`);
    if (bios === null && boot === null && !hasMedia(values)) {
      throw new VmError("EINVAL", "what to boot? Name an image (a kernel, a disk, a CD), or several things by --kernel, --hda, --cdrom, --drive");
    }
  } else if (boot !== null) {
    throw new VmError("EINVAL", "--boot is for firmware, and --kernel FILE starts a kernel without");
  }
}

function checkSerial(values: Values): void {
  const { serial, json, monitor } = values;
  if (serial.length > MAX_SERIAL_LINES) throw new VmError("EINVAL", `--serial was given ${serial.length} times; there are ${MAX_SERIAL_LINES} serial lines`);
  const terminals = serial.filter((s) => s.kind === "stdio").length;
  if (terminals > 1) throw new VmError("EINVAL", "--serial stdio was given twice; there is one terminal");
  if (terminals > 0 && values["virtio-console"]?.kind === "stdio") throw new VmError("EINVAL", "there is one terminal, for --serial stdio or --virtio-console stdio");
  if (monitor === "stdio" && (json || [...serial, values["virtio-console"]].some((s) => s?.kind === "stdio"))) {
    throw new VmError("EINVAL", "--monitor stdio needs stdin and stdout for itself, without --json or another option that takes stdio");
  }
  if (json && serial.slice(1).some((s) => s.kind === "stdio")) throw new VmError("EINVAL", "--json has stdout; --serial stdio is for the first line then");
}

/** As if the image had been named by an option. @throws VmError if that option is given, too */
function withNamedImage(invocation: BootInvocation): BootInvocation {
  const { images, values, texts } = invocation;
  if (images.length === 0) return invocation;
  const [path] = images, option = optionForImage(path), other = values[option];
  if (other !== null) throw new VmError("EINVAL", `${path} would be taken as by --${option}, which names ${other}`);
  return { ...invocation, values: { ...values, [option]: path }, texts: new Map([...texts, [option, [path]]]) };
}

/** The most a kernel or RAM disk may have. */
const MAX_FILE_BYTES = 2 ** 30;

async function runBoot(invocation: BootInvocation): Promise<number> {
  const given = withNamedImage(invocation);
  checkCombinations(given.values);
  const { restore } = given.values, saved = restore === null ? null : new SavedMachine(restore);
  const { values, texts } = saved === null ? given : await saved.optionsWith<BootTable>(given.texts, bootCommand.spec.groups);
  return withMedia(values, (media) => runWith({ values, texts, output: given.output }, media, saved));
}

async function runWith({ values, texts, output }: Pick<BootInvocation, "values" | "texts" | "output">, media: BootMedia, saved: SavedMachine | null): Promise<number> {
  const session = new Session<BootEnd>(output, { maxInsns: values["max-insns"], timeoutMs: values.timeout });
  const say = (line: string): void => output.error(`tcgjs boot: ${line}\n`);
  const unhandled = new UnhandledReport(values.unhandled ? say : () => undefined), printed: number[] | null = values.json ? [] : null;
  const ends = new FarEnds({ output, printed, say, wake: () => runnable.wake() }), debug = ends.sinkOf(values.debugcon ?? { kind: "none" });
  const net = bootNetwork(values);
  const console = values["virtio-console"] === null ? null : new VirtioConsole(), start = saved === null ? { boot: startOf(values), vgaRom: videoBiosOf(values) } : await saved.start();
  const isDisplayed = hasDisplay("bios" in start.boot ? values : { ...values, kernel: values.kernel ?? values.restore });
  const pc = new Pc({
    ...start, awaitsState: saved !== null, noReboot: values["no-reboot"], ...media, virtio: [...media.virtio, ...virtioDevices(values, isRealTime(values), console)],
    memoryBytes: values.memory, cpuid: cpuidOf(values, parseCpu(PC_MODEL, true)), clock: clockOf(values), startSeconds: startSecondsOf(values), isaDebugExit: values["isa-debug-exit"],
    vm: vmOptionsOf(values, values.engine, BOOT_THRESHOLD), onDebugByte: debug, network: net?.options,
    onUnhandled: (access) => {
      unhandled.note(access);
      session.tick();
    },
  });
  const runnable = new RunnablePc(pc);
  const choices = serialChoices(values, isDisplayed), lines: (TerminalLine | null)[] = choices.map((choice, i) => serialLine(pc, i, choice, ends.sinkOf(choice)));
  if (console !== null && values["virtio-console"] !== null) {
    choices.push(values["virtio-console"]);
    lines.push(new ConsoleLine(console, ends.sinkOf(values["virtio-console"])));
    if (values["virtio-console"].kind === "stdio") watchTerminalSize((columns, rows) => console.resize(columns, rows));
  }
  lines.forEach((line, i) => line !== null && ends.attach(choices[i], line));
  const keys = new KeyFeeder(pc.chips.keyboard);
  const drives = new DriveBays(media.contents, media.shelf, pc.chips);
  const monitor = new Monitor({
    pc, control: runnable, drives, pressKeys: (names) => keys.press(names), dumpScreen: (path) => writeScreenshot(pc.chips.vga, path), writeFile,
    save: (path) => saveForLater(path, { pc, start, texts, drives }),
  });
  const terminal = new PcConsole({ pc, runnable, output, monitor, keys, line: lines[choices.findIndex((c) => c.kind === "stdio")] ?? null, hasDisplay: isDisplayed, isMonitor: values.monitor === "stdio" });
  runnable.addListener({ afterSlice: () => ends.flush(), patienceMs: Infinity });
  runnable.addListener(terminal);
  try {
    await saved?.restore(pc);
    if (net !== null) net.sockets.onActivity = () => runnable.wake();
    await pc.network?.open();
    await ends.open();
    terminal.open();
    const result = await session.run(runnable);
    ends.flush();
    terminal.close();
    if (values.screenshot !== null) writeScreenshot(pc.chips.vga, values.screenshot);
    if (values.save !== null) await saveAtEnd(values.save, { pc, start, end: result.end, texts, say });
    return bootReport({ result, pc, unhandled: unhandled.counts, printed, values, output });
  } finally {
    terminal.close();
    await ends.close();
    net?.sockets.close();
  }
}

/** Ends after which the guest can go on. */
const CAN_GO_ON: readonly BootEnd["kind"][] = ["budget", "timeout", "interrupted", "closed", "quit", "idle"];

interface Unfinished {
  readonly pc: Pc;
  readonly start: StartOptions;
  readonly end: BootEnd;
  readonly texts: BootInvocation["texts"];
  readonly say: (line: string) => void;
}

/** @throws VmError EINVAL if a disk's contents would not be there later */
async function saveForLater(path: string, { pc, start, texts, drives }: Pick<Unfinished, "pc" | "start" | "texts"> & { readonly drives: DriveBays }): Promise<void> {
  if (drives.hasSnapshots) throw new VmError("EINVAL", "what is written to a disk is thrown away in the end, and the machine needs it");
  await saveMachine(path, pc, start, ownOptions(texts));
}

/** Saves the machine unless the guest has ended. */
async function saveAtEnd(path: string, { pc, start, end, texts, say }: Unfinished): Promise<void> {
  if (!CAN_GO_ON.includes(end.kind)) return say(`${path} was not written: the guest has ended, and there is nothing to go on with`);
  await saveMachine(path, pc, start, ownOptions(texts));
}

/** Those of the command line that the machine was made with. */
function ownOptions(texts: BootInvocation["texts"]): Map<string, readonly string[]> {
  return new Map([...texts].filter(([name]) => name in pcOptions));
}

/** @throws VmError for files that cannot be read */
function startOf({ kernel, initrd, append, module, bios, boot, memory }: Values): PcOptions["boot"] {
  if (kernel === null) return { bios: readImage(bios ?? packageFile(OWN_BIOS), ROM_MAX_BYTES, "the most a ROM may have"), order: boot ?? undefined };
  return {
    kernel: readImage(kernel, MAX_FILE_BYTES, "the most a kernel may have"), cmdline: append ?? undefined,
    initrd: initrd === null ? undefined : readImage(initrd, memory, "memory"), modules: module.map((file) => readModule(file, memory)),
  };
}

/** What is at the ends of the serial lines. */
function serialChoices({ serial, monitor, "virtio-console": console }: Values, isDisplayed: boolean): SerialChoice[] {
  return serial.length === 0 && console?.kind !== "stdio" && monitor !== "stdio" && !isDisplayed ? [{ kind: "stdio" }] : [...serial];
}

function serialLine(pc: Pc, line: number, choice: SerialChoice, onByte: (byte: number) => void): SerialLine | null {
  return choice.kind === "none" ? null : new SerialLine(pc.chips.uarts[line], onByte);
}

function isRealTime({ clock }: Values): boolean {
  return clock === null ? isInteractive() : clock === "real";
}

function clockOf(values: Values): ClockChoice {
  return isRealTime(values) ? { kind: "real", hostNs: () => nowMs() * 1e6 } : { kind: "virtual", nsPerInsn: 2 ** values["clock-shift"] };
}

function startSecondsOf(values: Values): number | undefined {
  const rtc = values.rtc ?? (isRealTime(values) ? "utc" : null);
  if (rtc === null) return undefined;
  if (typeof rtc === "object") return rtc.seconds;
  const now = new Date();
  return Math.floor(now.getTime() / 1000) - (rtc === "localtime" ? now.getTimezoneOffset() * 60 : 0);
}
