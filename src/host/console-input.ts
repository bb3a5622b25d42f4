/** The terminal's keyboard, or whatever stdin is, as bytes: raw while it is open, and as it was afterwards however the program ends. */

export interface ConsoleInput {
  /** True if keys come one by one and unechoed, Ctrl-C as a byte too. */
  readonly isRaw: boolean;
  close(): void;
}

/** Exit statuses after signals: 128 and the signal's number. */
const SIGNALS = { SIGTERM: 143, SIGHUP: 129 } as const;

/** True if a person sits there: stdin and stdout are a terminal. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** Reads stdin until `close`; `onBytes` is called from the event loop. stdin's end is not told: nothing more comes. */
export function openConsoleInput(onBytes: (bytes: Uint8Array) => void): ConsoleInput {
  const { stdin } = process, isRaw = stdin.isTTY;
  const restore = (): void => {
    if (isRaw) stdin.setRawMode(false);
  };
  const ends = Object.entries(SIGNALS).map(([signal, status]) => [signal, () => process.exit(status)] as const);
  if (isRaw) stdin.setRawMode(true);
  process.on("exit", restore);
  for (const [signal, end] of ends) process.on(signal, end);
  const ignore = (): void => undefined;
  stdin.on("data", onBytes).on("error", ignore).resume();
  return {
    isRaw,
    close() {
      stdin.off("data", onBytes).off("error", ignore).pause();
      restore();
      process.off("exit", restore);
      for (const [signal, end] of ends) process.off(signal, end);
    },
  };
}
