/** A person's terminal: whether and how to colour text for it, how large it is. */
import { isatty } from "node:tty";

/** True if text for this descriptor may be coloured: a terminal, and NO_COLOR (no-color.org) is unset or empty. */
export function wantsColour(fd: number): boolean {
  const { NO_COLOR: noColour, TERM: terminal } = process.env;
  return (noColour === undefined || noColour === "") && terminal !== "dumb" && isatty(fd);
}

/** True if a descriptor is a terminal that lines can be written over on. */
export function isTerminal(fd: number): boolean {
  return process.env["TERM"] !== "dumb" && isatty(fd);
}

/** Tells how many characters stdout's terminal has, now and whenever that changes; nothing if it is none. */
export function watchTerminalSize(onSize: (columns: number, rows: number) => void): void {
  const { stdout } = process, tell = (): void => onSize(stdout.columns, stdout.rows);
  if (!stdout.isTTY) return;
  tell();
  stdout.on("resize", tell);
}
