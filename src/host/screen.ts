/** The whole of the terminal as a screen: entered and left, restored however the program ends, told of changes of its size. */
import { writeSync } from "node:fs";

const ALTERNATE_SCREEN = "\x1b[?1049h", HIDE_CURSOR = "\x1b[?25l", NO_WRAP = "\x1b[?7l", CLEAR = "\x1b[2J";
/** Undoes all of that, colours too. */
const RESTORE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/** What a terminal that does not tell its size is taken for. */
const DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 25;
/** Its exit status is that of a program that the signal has ended. */
const SIGQUIT_STATUS = 131;

export interface HostScreen {
  readonly columns: number;
  readonly rows: number;
  /** Gives the terminal back as it was. */
  leave(): void;
}

/**
 * Takes the terminal.
 * @param fd        of the terminal
 * @param write     puts text on it, in order with all else
 * @param onResize  hears that the size is another
 */
export function enterScreen(fd: number, write: (text: string) => void, onResize: () => void): HostScreen {
  const { stdout } = process;
  const restoreNow = (): void => {
    try {
      writeSync(fd, RESTORE);
    } catch {
      // The terminal has gone away.
    }
  };
  const quit = (): void => process.exit(SIGQUIT_STATUS);
  process.on("exit", restoreNow);
  process.on("SIGQUIT", quit);
  stdout.on("resize", onResize);
  write(ALTERNATE_SCREEN + HIDE_CURSOR + NO_WRAP + CLEAR);
  return {
    get columns() { return stdout.columns || DEFAULT_COLUMNS; },
    get rows() { return stdout.rows || DEFAULT_ROWS; },
    leave() {
      process.off("exit", restoreNow);
      process.off("SIGQUIT", quit);
      stdout.off("resize", onResize);
      write(RESTORE);
    },
  };
}
