/** Runs one guest in v86 and prints how long it took and what it printed; started by v86.ts with a V86Job as its argument. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ChildResult } from "./guest-child.ts";
import { timeNow, timeSince } from "./guest-child.ts";
import type { V86Job } from "./v86.ts";

/** Of v86.d.ts, and of the inside of v86 (which has no interface for a device of one's own), what is used here. */
interface V86Module {
  readonly V86: new (options: object) => Emulator;
}
interface Emulator {
  readonly v86: { readonly cpu: { readonly io: { register_write(port: number, device: object, write8: (value: number) => void): void } } };
  add_listener(event: "emulator-loaded" | "cpu-event-halt", listener: () => void): void;
  write_memory(bytes: Uint8Array, address: number): void;
  run(): void;
}

/** The ROM writes a byte to the first port when it enters the guest (guests/lib/qemu/enter.inc); the others are the console. */
const MARK_PORT = 0xe8, CONSOLE_PORTS = [0xe9, 0xf1];

const job = JSON.parse(process.argv[2] ?? "{}") as V86Job;
const build = resolve(job.v86, "build"), rom = new Uint8Array(readFileSync(job.rom));
const { V86 } = await import(pathToFileURL(`${build}/libv86.mjs`).href) as V86Module;
const emulator = new V86({
  wasm_path: `${build}/v86.wasm`, memory_size: job.memoryBytes + job.tablesBytes, bios: { buffer: rom.buffer }, autostart: false,
  disable_keyboard: true, disable_mouse: true, log_level: 0,
});
const output: number[] = [];
let began = timeNow();
emulator.add_listener("emulator-loaded", () => {
  emulator.write_memory(readFileSync(job.imageFile), job.load);
  const { io } = emulator.v86.cpu;
  io.register_write(MARK_PORT, {}, () => { began = timeNow(); });
  for (const port of CONSOLE_PORTS) io.register_write(port, {}, (value) => { output.push(value); });
  emulator.run();
});
// Sent when the processor halts with interrupts off, which is how guests end.
emulator.add_listener("cpu-event-halt", () => {
  const result: ChildResult = { ...timeSince(began), output };
  process.stdout.write(JSON.stringify(result), () => process.exit());
});
