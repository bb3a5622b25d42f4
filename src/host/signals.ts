/** Ctrl-C. */

/** Calls `listener` instead of dying at once when the user wants the program to end; gives back what undoes this. */
export function onInterrupt(listener: () => void): () => void {
  process.on("SIGINT", listener);
  return () => process.off("SIGINT", listener);
}

/** Dies as a program without a handler does. */
export function hardInterrupt(): void {
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}
