/** Whether and how to colour text for a person's terminal. */
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
