/** Keys that are for us and not for the guest, when the guest has the terminal: Ctrl-A and a letter, as in QEMU. */

/** What a person wants. */
export type EscapeCommand = "exit" | "break" | "help" | "monitor";

const CTRL_A = 1;
const COMMANDS: Readonly<Record<string, EscapeCommand>> = { x: "exit", b: "break", c: "monitor", h: "help", "?": "help" };

export const ESCAPE_HELP = "Ctrl-A x  end    Ctrl-A c  monitor and back    Ctrl-A b  send a break    Ctrl-A Ctrl-A  send Ctrl-A    Ctrl-A h  this";

export class EscapeKeys {
  private isEscaped = false;

  /**
   * Sorts bytes that were typed: `onBytes` is given those that are no commands, and `onCommand` called for the rest, in the order in which
   * they were typed. Ctrl-A may come in a call of its own.
   */
  feed(bytes: Uint8Array, onBytes: (bytes: Uint8Array) => void, onCommand: (command: EscapeCommand) => void): void {
    let through: number[] = [];
    for (const byte of bytes) {
      if (!this.isEscaped && byte === CTRL_A) {
        this.isEscaped = true;
        continue;
      }
      const command = COMMANDS[String.fromCharCode(byte)] as EscapeCommand | undefined, wasEscaped = this.isEscaped;
      this.isEscaped = false;
      if (!wasEscaped || byte === CTRL_A) {
        through.push(byte);
      } else if (command !== undefined) {
        if (through.length > 0) onBytes(Uint8Array.from(through));
        through = [];
        onCommand(command);
      }
    }
    if (through.length > 0) onBytes(Uint8Array.from(through));
  }
}
