/** The terminal of `tcgjs boot`: the guest's serial line, its screen and keyboard, or the monitor; and who has it now. */
import { pictureOf } from "../../../devices/vga/picture.ts";
import { textScreenOf } from "../../../devices/vga/text-screen.ts";
import type { ConsoleInput } from "../../../host/console-input.ts";
import { openConsoleInput } from "../../../host/console-input.ts";
import type { Output } from "../../../host/output.ts";
import type { HostScreen } from "../../../host/screen.ts";
import { enterScreen } from "../../../host/screen.ts";
import { nowMs } from "../../../host/time.ts";
import { wantsColour } from "../../../host/tty.ts";
import type { Pc } from "../../../machine/pc.ts";
import { LineEditor } from "../monitor/line-editor.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { RunnablePc, SliceListener } from "../runnable-pc.ts";
import type { TerminalLine } from "../serial.ts";
import type { EscapeCommand } from "./escape-keys.ts";
import { ESCAPE_HELP, EscapeKeys } from "./escape-keys.ts";
import type { KeyFeeder } from "./key-feeder.ts";
import { TerminalDisplay } from "./terminal-display.ts";
import { keysTyped } from "./terminal-keys.ts";

/** How often characters and pictures are drawn at most; and how many times as long as drawing takes passes until the next, for pictures can be large. */
const TEXT_INTERVAL_MS = 33, PICTURE_INTERVAL_MS = 250, REST = 5;

export interface ConsoleParts {
  readonly pc: Pc;
  readonly runnable: RunnablePc;
  readonly output: Output;
  readonly monitor: Monitor;
  readonly keys: KeyFeeder;
  /** The serial line or console that is the terminal; null for none. */
  readonly line: TerminalLine | null;
  /** The guest's screen is drawn, and what is typed goes to its keyboard. */
  readonly hasDisplay: boolean;
  /** The monitor has the terminal from the start, and keeps it. */
  readonly isMonitor: boolean;
}

export class PcConsole implements SliceListener {
  private readonly parts: ConsoleParts;
  private readonly display: TerminalDisplay | null;
  private readonly editor: LineEditor;
  private readonly escapes = new EscapeKeys();
  private readonly decoder = new TextDecoder();
  private input: ConsoleInput | null = null;
  private screen: HostScreen | null = null;
  private isMonitor = false;
  /** Ends when all that the monitor was told is done. */
  private commands = Promise.resolve();
  /** When the screen may be drawn again. */
  private nextDrawMs = 0;
  /** The guest has run since it was drawn. */
  private isStale = true;
  /** Insns of the guest when that was noticed. */
  private seenInsns = -1;

  constructor(parts: ConsoleParts) {
    const { output, monitor } = parts, write = (text: string): void => output.out(text);
    this.parts = parts;
    this.display = parts.hasDisplay ? new TerminalDisplay(write, wantsColour(output.stdout)) : null;
    // What does not come from a terminal needs neither prompt nor echo.
    const echo = (text: string): void => { if (this.input?.isRaw === true) write(text); };
    this.editor = new LineEditor(echo, (line) => { this.commands = this.commands.then(async () => {
      write(await monitor.execute(line));
      if (this.isMonitor && !parts.runnable.isQuitting) this.editor.prompt();
    }); });
  }

  open(): void {
    const { line, isMonitor } = this.parts;
    if (line === null && this.display === null && !isMonitor) return;
    this.input = openConsoleInput((bytes) => this.receive(bytes));
    if (isMonitor) this.enterMonitor();
    else this.enterScreen();
  }

  /** Gives the terminal back. */
  close(): void {
    this.screen?.leave();
    this.screen = null;
    this.input?.close();
    this.input = null;
  }

  get patienceMs(): number {
    return this.isStale && this.screen !== null ? Math.max(1, this.nextDrawMs - nowMs()) : Infinity;
  }

  afterSlice(): void {
    const { keys, runnable } = this.parts;
    keys.feed();
    if (runnable.insns !== this.seenInsns) this.isStale = true;
    this.seenInsns = runnable.insns;
    this.draw();
  }

  // ---- the screen

  private enterScreen(): void {
    const { output } = this.parts;
    if (this.display === null || this.screen !== null) return;
    this.display.invalidate();
    this.nextDrawMs = 0;
    this.isStale = true;
    this.screen = enterScreen(output.stdout, (text) => output.out(text), () => {
      this.display?.invalidate();
      this.isStale = true;
      this.parts.runnable.wake();
    });
  }

  private draw(): void {
    const { display, screen, parts: { pc: { chips: { vga } } } } = this, now = nowMs();
    if (display === null || screen === null || !this.isStale || now < this.nextDrawMs) return;
    this.isStale = false;
    const text = textScreenOf(vga);
    if (text === null) display.showPicture(pictureOf(vga), screen.columns, screen.rows);
    else display.showText(text, screen.columns, screen.rows);
    const ended = nowMs();
    this.nextDrawMs = ended + Math.max(text === null ? PICTURE_INTERVAL_MS : TEXT_INTERVAL_MS, REST * (ended - now));
  }

  // ---- what is typed

  private receive(bytes: Uint8Array): void {
    if (this.input?.isRaw === true) this.escapes.feed(bytes, (typed) => this.type(typed), (command) => this.obey(command));
    else this.type(bytes);
    this.parts.runnable.wake();
  }

  private type(bytes: Uint8Array): void {
    if (!this.isMonitor && this.display === null) return this.parts.line?.send([...bytes]);
    const text = this.decoder.decode(bytes, { stream: true });
    if (this.isMonitor) this.editor.type(text);
    else for (const keys of keysTyped(text)) this.parts.keys.press(keys);
  }

  private obey(command: EscapeCommand): void {
    const { output, runnable, line } = this.parts;
    switch (command) {
      case "exit": return runnable.quit();
      case "break": return line?.sendBreak();
      case "monitor": return !this.isMonitor ? this.enterMonitor() : this.parts.isMonitor ? undefined : this.leaveMonitor();
      case "help":
        if (this.screen === null) output.out(`\n${ESCAPE_HELP}\n`);
        else this.enterMonitor(`${ESCAPE_HELP}\n`);
    }
  }

  /** The monitor has the terminal's own screen; the guest goes on meanwhile. */
  private enterMonitor(greeting = ""): void {
    const { output, isMonitor } = this.parts;
    this.screen?.leave();
    this.screen = null;
    this.isMonitor = true;
    if (this.input?.isRaw === true) output.out(`\n${greeting}monitor: help lists its commands, Ctrl-A ${isMonitor ? "x ends" : "c goes back to the guest"}\n`);
    this.editor.prompt();
  }

  private leaveMonitor(): void {
    this.isMonitor = false;
    this.parts.output.out("\n");
    this.enterScreen();
  }
}
