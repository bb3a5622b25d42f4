/** What `-d` can be asked for; apart from engine-log.ts, which is loaded only when it is. */

/** `exit` is written by whoever runs the guest, the others by the engine's log. */
export const LOG_ITEMS = ["in_asm", "op", "op_opt", "out_js", "exec", "int", "cpu", "exit"] as const;
export type LogItem = (typeof LOG_ITEMS)[number];
