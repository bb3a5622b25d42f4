/** Keys that are for us and not for the guest, when the guest has the terminal: Ctrl-A and a letter, as in QEMU. */

/** What a person wants. */
export type EscapeCommand = "exit" | "break" | "help";

const CTRL_A = 1;
const COMMANDS: Readonly<Record<string, EscapeCommand>> = { x: "exit", b: "break", h: "help", "?": "help" };

export const ESCAPE_HELP = "Ctrl-A x  end    Ctrl-A b  send a break    Ctrl-A Ctrl-A  send Ctrl-A    Ctrl-A h  this";

export class EscapeKeys {
  private isEscaped = false;

  /** Sorts bytes that were typed: gives those for the guest, and calls `onCommand` for the rest. Ctrl-A may come in a call of its own. */
  feed(bytes: Uint8Array, onCommand: (command: EscapeCommand) => void): number[] {
    const through: number[] = [];
    for (const byte of bytes) {
      if (!this.isEscaped && byte === CTRL_A) {
        this.isEscaped = true;
        continue;
      }
      const command = COMMANDS[String.fromCharCode(byte)] as EscapeCommand | undefined, wasEscaped = this.isEscaped;
      this.isEscaped = false;
      if (!wasEscaped || byte === CTRL_A) through.push(byte);
      else if (command !== undefined) onCommand(command);
    }
    return through;
  }
}
