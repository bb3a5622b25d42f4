/** The options that say what PC to build and what to start on it. */
import { VmError } from "../../../tcg/support/errors.ts";
import { DEFAULT_NS_PER_INSN, DEFAULT_PC_MEMORY_BYTES } from "../../machine/pc.ts";
import { BOOT_ORDER_HELP } from "../../machine/boot/firmware.ts";
import { MAX_MEMORY_BYTES, MIN_MEMORY_BYTES } from "../../machine/memory-map.ts";
import { choice, flag, number, size, value, values } from "../option-table.ts";
import { cpuOption, machineOptions, parseModule } from "../vm-options.ts";
import { displayOptions } from "./display.ts";
import { mediaOptions } from "./media.ts";
import { netOptions } from "./net-options.ts";
import { parseSerial, SERIAL_ARGUMENT } from "./serial.ts";
import { virtioOptions } from "./virtio.ts";

const PAGE_BYTES = 4096;
const MAX_CLOCK_SHIFT = 10;

export const startOptions = {
  kernel: value((path) => path, { argument: "FILE", help: "a Linux kernel (bzImage) or a multiboot kernel, started by itself, without firmware" }),
  initrd: value((path) => path, { argument: "FILE", help: "Linux: the initial RAM disk" }),
  module: values(parseModule, {
    argument: "FILE[,TEXT]", help: "multiboot: a file loaded beside the kernel, which is told TEXT or else the file's name; may be given several times",
  }),
  bios: value((path) => path, { argument: "FILE", help: "firmware, such as Debian's /usr/share/seabios/bios.bin; it starts what the disks hold", defaultText: "without --kernel, a BIOS of tcgjs's own" }),
  boot: value(parseOrder, { argument: "ORDER", help: `with firmware: what is tried, in order: ${BOOT_ORDER_HELP}`, defaultText: "cad" }),
  append: value((text) => text, { argument: "TEXT", help: "the kernel's command line, such as console=ttyS0" }),
  restore: value((path) => path, {
    argument: "FILE", help: "a machine that --save has saved, from where it was; memory and processor are as they were, drives and other devices are to be given as they were",
  }),
};

/** The processor of a PC. */
export const PC_MODEL = "max";

export const pcOptions = {
  memory: size({ argument: "SIZE", help: "memory", min: MIN_MEMORY_BYTES, max: MAX_MEMORY_BYTES, initial: DEFAULT_PC_MEMORY_BYTES, step: PAGE_BYTES }),
  cpu: cpuOption(true, PC_MODEL),
  cpuid: machineOptions.cpuid,
  "model-id": machineOptions["model-id"],
  ...mediaOptions,
  ...displayOptions,
  ...netOptions,
  serial: values(parseSerial, {
    argument: SERIAL_ARGUMENT,
    help: "the other end of a serial line; given again it is for the next line, up to four. tcp: connects to a service on this machine, and waits for one to connect if there is none, "
      + "or at once with server; the guest does not wait", defaultText: "stdio for the first line, unless the screen or the monitor has the terminal",
  }),
  monitor: choice(["stdio", "none"], {
    help: "stdio: the monitor has this terminal, or takes its commands from what stdin is, and answers on stdout", initial: "none", defaultText: "none: Ctrl-A c opens it",
  }),
  ...virtioOptions,
  debugcon: value(parseSerial, { argument: SERIAL_ARGUMENT, help: "where bytes go that the guest writes to the debug console, ports 0xe9 and 0x402 (SeaBIOS)", defaultText: "none" }),
  clock: choice(["virtual", "real"], {
    help: "virtual: time counts insns, so that each run is the same, and does not pass while the guest is idle; real: the host's", initial: null,
    defaultText: "real on a terminal, else virtual",
  }),
  "clock-shift": number({
    argument: "N", help: "virtual time: an insn takes 2^N ns", min: 0, max: MAX_CLOCK_SHIFT, initial: Math.log2(DEFAULT_NS_PER_INSN),
  }),
  rtc: value(parseRtc, {
    argument: "utc|localtime|DATE", help: "what the clock chip shows at the start: the host's time, or a date such as 2024-02-29T12:00:00",
    defaultText: "utc in real time, 2000-01-01 in virtual time",
  }),
  "no-reboot": flag({ help: "a reset, and a triple fault, end the run; otherwise the machine starts again" }),
  "isa-debug-exit": flag({ help: "writing V to port 0xf4 ends the run with status (V << 1) | 1, as QEMU's device does" }),
};

function parseOrder(text: string): string {
  if (/^[acdn]{1,3}$/.test(text)) return text;
  throw new VmError("EINVAL", `wants letters of ${BOOT_ORDER_HELP}; not "${text}"`);
}

/** `--rtc`: the host's time or a given one, seconds since 1970. */
export type RtcChoice = "utc" | "localtime" | { readonly seconds: number };

function parseRtc(text: string): RtcChoice {
  if (text === "utc" || text === "localtime") return text;
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text), ms = isDate ? Date.parse(`${text.includes("T") ? text : `${text}T00:00:00`}Z`) : NaN;
  if (Number.isNaN(ms)) throw new VmError("EINVAL", `wants utc, localtime, or a date such as 2024-02-29T12:00:00; not "${text}"`);
  return { seconds: Math.floor(ms / 1000) };
}
