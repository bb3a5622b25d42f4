/** The monitor: commands by which a person looks at the machine and takes hold of it, with QEMU's names. */
import { VmError } from "../../../../tcg/support/errors.ts";
import type { Pc } from "../../../machine/pc.ts";
import { examine } from "./examine.ts";
import { INFO } from "./info.ts";

/** What the monitor can do to the run. */
export interface RunControl {
  isPaused: boolean;
  quit(): void;
}

/** What the monitor knows. */
export interface MonitorParts {
  readonly pc: Pc;
  readonly control: RunControl;
  /** Drives and what is in them, a line each. */
  readonly drives: readonly string[];
  /** Keys that are pressed together. @throws VmError EINVAL */
  readonly pressKeys: (keys: readonly string[]) => void;
  /** Writes the screen to a file. @throws VmError */
  readonly dumpScreen: (path: string) => void;
}

interface Command {
  readonly argument: string;
  readonly help: string;
  /** Does it; what is to be printed. @throws VmError for arguments that are none */
  readonly run: (parts: MonitorParts, words: readonly string[]) => string;
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
  quit: { argument: "", help: "ends the run", run: ({ control }) => silent(() => control.quit()) },
};
const ALIASES: Readonly<Record<string, string>> = { "?": "help", c: "cont", s: "stop", q: "quit" };

export class Monitor {
  private readonly parts: MonitorParts;

  constructor(parts: MonitorParts) {
    this.parts = parts;
  }

  /** Does what a line says. Returns what is to be printed: nothing, or lines that each end with a line feed. */
  execute(line: string): string {
    // A format may follow its command without a space.
    const [name, ...words] = line.trim().replace(/^(xp?)\//, "$1 /").split(/\s+/), command = COMMANDS[ALIASES[name] ?? name] as Command | undefined;
    if (name === "") return "";
    if (command === undefined) return `unknown command: ${name}; help lists them\n`;
    try {
      return command.run(this.parts, words);
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
