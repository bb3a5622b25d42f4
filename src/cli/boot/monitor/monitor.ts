/** The monitor: commands by which a person looks at the machine and takes hold of it, with QEMU's names. */
import { VmError } from "../../../../tcg/support/errors.ts";
import type { Pc } from "../../../machine/pc.ts";
import type { DriveBays } from "../bays.ts";
import { examine, memoryBytes } from "./examine.ts";
import { INFO } from "./info.ts";

/** What the monitor can do to the run. */
export interface RunControl {
  isPaused: boolean;
  quit(): void;
  /** The guest stands still for as long as `action` takes. */
  hold(action: () => Promise<void>): Promise<void>;
}

/** What the monitor knows. */
export interface MonitorParts {
  readonly pc: Pc;
  readonly control: RunControl;
  readonly drives: DriveBays;
  /** Keys that are pressed together. @throws VmError EINVAL */
  readonly pressKeys: (keys: readonly string[]) => void;
  /** Writes the screen to a file. @throws VmError */
  readonly dumpScreen: (path: string) => void;
  /** Writes bytes to a file. @throws VmError */
  readonly writeFile: (path: string, bytes: Uint8Array) => void;
  /** Saves the machine, which stands still meanwhile. @throws VmError */
  readonly save: (path: string) => Promise<void>;
}

interface Command {
  readonly argument: string;
  readonly help: string;
  /** Does it; what is to be printed. @throws VmError for arguments that are none */
  readonly run: (parts: MonitorParts, words: readonly string[]) => string | Promise<string>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  help: { argument: "", help: "this", run: helpText },
  info: { argument: Object.keys(INFO).join("|"), help: "what the machine is doing", run: info },
  x: { argument: "/FMT ADDR", help: "memory at a linear address; FMT is a count, a format (x d u o c i) and a size (b h w)", run: ({ pc }, words) => examine(pc, words, "linear") },
  xp: { argument: "/FMT ADDR", help: "the same at a physical address", run: ({ pc }, words) => examine(pc, words, "physical") },
  stop: { argument: "", help: "the guest stands still", run: ({ control }) => pause(control, true) },
  cont: { argument: "", help: "it goes on", run: ({ control }) => pause(control, false) },
  system_reset: { argument: "", help: "as the reset button", run: ({ pc }) => silent(() => pc.chips.resetControl.press()) },
  system_powerdown: { argument: "", help: "as the power button: the guest is told", run: ({ pc }) => silent(() => pc.chips.powerManagement.pressPowerButton()) },
  nmi: { argument: "", help: "a non-maskable interrupt", run: ({ pc }) => silent(() => pc.vcpu.nmi()) },
  sendkey: { argument: "KEY[-KEY]…", help: "presses keys together, such as ctrl-alt-delete", run: ({ pressKeys }, [keys = ""]) => silent(() => pressKeys(keys.split("-"))) },
  screendump: { argument: "FILE", help: "the screen as a PNG file", run: ({ dumpScreen }, [path]) => silent(() => dumpScreen(required(path, "screendump FILE"))) },
  memsave: { argument: "ADDR SIZE FILE", help: "memory at a linear address, as a file", run: (parts, words) => saveMemory(parts, words, "linear") },
  pmemsave: { argument: "ADDR SIZE FILE", help: "the same at a physical address", run: (parts, words) => saveMemory(parts, words, "physical") },
  change: { argument: "[-f] DRIVE FILE [FORMAT]", help: "another disc or floppy disk; -f: also if the guest has locked it", run: change },
  eject: { argument: "[-f] DRIVE", help: "takes out what is in a drive", run: eject },
  save: { argument: "FILE", help: "saves the machine, for --restore; what is on its disks must be the same then", run: save },
  quit: { argument: "", help: "ends the run", run: ({ control }) => silent(() => control.quit()) },
};
const ALIASES: Readonly<Record<string, string>> = { "?": "help", c: "cont", s: "stop", q: "quit" };

export class Monitor {
  private readonly parts: MonitorParts;

  constructor(parts: MonitorParts) {
    this.parts = parts;
  }

  /** Does what a line says. Resolves to what is to be printed: nothing, or lines that each end with a line feed. */
  async execute(line: string): Promise<string> {
    // A format may follow its command without a space.
    const [name, ...words] = line.trim().replace(/^(xp?)\//, "$1 /").split(/\s+/), command = COMMANDS[ALIASES[name] ?? name] as Command | undefined;
    if (name === "") return "";
    if (command === undefined) return `unknown command: ${name}; help lists them\n`;
    try {
      return await command.run(this.parts, words);
    } catch (e) {
      if (e instanceof VmError) return `${e.message}\n`;
      throw e;
    }
  }
}

function helpText(): string {
  const lines = Object.entries(COMMANDS).map(([name, { argument, help }]) => [`${name} ${argument}`.trimEnd(), help] as const), width = Math.min(30, Math.max(...lines.map(([usage]) => usage.length)));
  return lines.map(([usage, help]) => `${usage.padEnd(width)}  ${help}\n`).join("");
}

function info(parts: MonitorParts, [what = ""]: readonly string[]): string {
  if (!Object.hasOwn(INFO, what)) throw new VmError("EINVAL", `info ${Object.keys(INFO).join("|")}`);
  return INFO[what](parts);
}

/** Words without `-f`, and whether it was among them. */
function takeForce(words: readonly string[]): { readonly isForced: boolean; readonly rest: readonly string[] } {
  return { isForced: words.includes("-f"), rest: words.filter((word) => word !== "-f") };
}

async function change({ control, drives }: MonitorParts, words: readonly string[]): Promise<string> {
  const { isForced, rest: [drive, path, format = null] } = takeForce(words), name = required(drive, "change DRIVE FILE [FORMAT]"), file = required(path, "change DRIVE FILE [FORMAT]");
  await control.hold(() => drives.change(name, file, format, isForced));
  return "";
}

async function eject({ control, drives }: MonitorParts, words: readonly string[]): Promise<string> {
  const { isForced, rest: [drive] } = takeForce(words), name = required(drive, "eject DRIVE");
  await control.hold(() => drives.eject(name, isForced));
  return "";
}

async function save({ control, save: saveTo }: MonitorParts, [path]: readonly string[]): Promise<string> {
  const file = required(path, "save FILE");
  await control.hold(() => saveTo(file));
  return "";
}

function saveMemory(parts: MonitorParts, [address = "", size = "", path]: readonly string[], space: "linear" | "physical"): string {
  const file = required(path, "ADDR SIZE FILE");
  parts.writeFile(file, memoryBytes(parts.pc, address, size, space));
  return "";
}

function pause(control: RunControl, isPaused: boolean): string {
  control.isPaused = isPaused;
  return "";
}

function silent(action: () => void): string {
  action();
  return "";
}

function required(word: string | undefined, usage: string): string {
  if (word === undefined) throw new VmError("EINVAL", usage);
  return word;
}
