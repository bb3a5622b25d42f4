/** The options that say what machine to build, how its engine works and when to stop: common to the commands that run guests. */
import { VmError } from "../../tcg/support/errors.ts";
import { DEFAULT_OPTIONS } from "../exec/options.ts";
import type { CpuDescription } from "../x86/cpuid-leaves.ts";
import { MAX_MODEL_ID_BYTES } from "../x86/cpuid-leaves.ts";
import { DEFAULT_MODEL, MODEL_NAMES, parseCpu } from "../x86/cpu-models.ts";
import type { CpuidEntry } from "../x86/cpuid.ts";
import { parseNumber } from "./numbers.ts";
import { choice, flag, number, size, value, values } from "./option-table.ts";

const MAX_ADDRESS = 0xffffffff;
const PAGE_BYTES = 4096, MAX_MEMORY_BYTES = 3 * 2 ** 30;

const FORMATS = ["auto", "flat", "multiboot", "elf"] as const;
const FORMAT_HELP = "what the image is; auto: told by its content, flat if nothing else";

export const imageFormat = choice(FORMATS, { help: FORMAT_HELP, initial: "auto" });

export const machineOptions = {
  bits: choice(["16", "32"], { help: "flat images: 16: start in real mode; 32: in flat protected mode", initial: null, defaultText: "16" }),
  memory: size({ argument: "SIZE", help: "guest memory from address 0", min: PAGE_BYTES, max: MAX_MEMORY_BYTES, initial: 16 * 2 ** 20, step: PAGE_BYTES }),
  load: number({
    argument: "ADDR", help: "flat images: where the image goes", min: 0, max: MAX_ADDRESS, initial: null, isHex: true, defaultText: "0x1000",
  }),
  entry: number({
    argument: "ADDR", help: "flat images: where to start; in real mode CS:IP is made from it", min: 0, max: MAX_ADDRESS, initial: null, isHex: true,
    defaultText: "the load address",
  }),
  cmdline: value((text) => text, { argument: "TEXT", help: "multiboot images: the kernel's command line" }),
  module: values(parseModule, {
    argument: "FILE[,TEXT]", help: "multiboot images: a file loaded beside the kernel, which is told TEXT or else the file's name; may be given several times",
  }),
  bios: value((path) => path, {
    argument: "FILE",
    help: "instead of an image: a ROM that ends at 4 GiB, its last 128 KiB also at 1 MiB; starts as after RESET, at F000:FFF0. A multiple of 64 KiB, at most 16 MiB",
  }),
  cpu: cpuOption(false, DEFAULT_MODEL),
  cpuid: values(parseCpuid, {
    argument: "LEAF[.SUB]=A,B,C,D", help: "what CPUID answers for a leaf: EAX, EBX, ECX, EDX; may be given several times",
  }),
  "model-id": value(parseModelId, { argument: "TEXT", help: `the processor's brand string, up to ${MAX_MODEL_ID_BYTES} bytes` }),
};

/** For commands where one engine is chosen. */
export const engineChoice = {
  engine: choice(["jit", "interp", "lockstep"], {
    help: "jit: interpret what is cold, translate what is warm; interp: interpret everything; lockstep: run both side by side and report the first difference",
    initial: "jit",
  }),
};

export const engineOptions = {
  threshold: number({
    argument: "N", help: "how often a block is interpreted before it is translated; 1 translates at once", min: 1, max: 2 ** 30 - 1, initial: null,
    defaultText: `${DEFAULT_OPTIONS.threshold}; 1 where translations are printed`,
  }),
  "thread-threshold": number({
    argument: "N", help: "how often an instruction's handler runs in JavaScript before it becomes threaded code in WebAssembly; 0 for none of that", min: 0, max: 2 ** 30 - 1,
    initial: DEFAULT_OPTIONS.threadThreshold,
  }),
  "region-threshold": number({
    argument: "N", help: "how often a block must be seen to run, when the engine looks, before it and its like become a region; 0 for no regions", min: 0,
    max: 2 ** 30 - 1, initial: null, defaultText: `${DEFAULT_OPTIONS.regionThreshold}; 0 where blocks are counted`,
  }),
  "back-end": choice(["wasm", "js"], { help: "what blocks and regions are compiled to: WebAssembly, where the machine's memory allows it, or JavaScript", initial: "wasm" }),
  "max-region-insns": number({ argument: "N", help: "most insns of a region", min: 1, max: 1000, initial: 400 }),
  "max-blocks": number({ argument: "N", help: "translation blocks the cache holds; then it is flushed", min: 1, max: 2 ** 20, initial: 16384 }),
  "max-block-insns": number({ argument: "N", help: "most insns of a block", min: 1, max: 512, initial: 64 }),
  "no-chaining": flag({ help: "do not chain blocks to their successors" }),
  slice: number({ argument: "N", help: "most insns between looks at interrupts and requests to stop", min: 1, max: 2 ** 30 - 1, initial: 50_000 }),
  checked: flag({ help: "verify IR after each pass, and parse every emitted text" }),
};

export const limitOptions = {
  "max-insns": number({ argument: "N", help: "stop after exactly so many insns", min: 0, max: Number.MAX_SAFE_INTEGER, initial: null }),
  timeout: value(parseSeconds, { argument: "SECONDS", help: "stop after so long; fractions are allowed" }),
};

/** A file to load beside a kernel. */
export interface ModuleFile {
  readonly path: string;
  /** What the kernel is told; null for the file's name. */
  readonly text: string | null;
}

/** @throws VmError EINVAL for what is no module */
export function parseModule(text: string): ModuleFile {
  const [path, ...rest] = text.split(",");
  if (path === "") throw new VmError("EINVAL", `wants FILE or FILE,TEXT; not "${text}"`);
  return { path, text: rest.length === 0 ? null : rest.join(",") };
}

/** `LEAF[.SUB]=EAX,EBX,ECX,EDX`. */
function parseCpuid(text: string): CpuidEntry {
  const match = /^(\w+)(?:\.(\w+))?=(\w+),(\w+),(\w+),(\w+)$/.exec(text);
  const [leaf, subleaf, eax, ebx, ecx, edx] = (match ?? []).slice(1).map((part: string | undefined) => (part === undefined ? null : parseWord(part)));
  const isComplete = [leaf, eax, ebx, ecx, edx].every((n) => typeof n === "number");
  if (match === null || !isComplete || (match[2] !== undefined && subleaf === null)) {
    throw new VmError("EINVAL", `wants LEAF[.SUB]=EAX,EBX,ECX,EDX, such as 0x80000002=0x74736574,0,0,0; not "${text}"`);
  }
  const entry = { leaf: leaf ?? 0, eax: eax ?? 0, ebx: ebx ?? 0, ecx: ecx ?? 0, edx: edx ?? 0 };
  return subleaf === null || subleaf === undefined ? entry : { ...entry, subleaf };
}

/** A 32-bit number as int32, or null. */
function parseWord(text: string): number | null {
  const n = parseNumber(text);
  return n === null || n > MAX_ADDRESS ? null : n | 0;
}

function parseModelId(text: string): string {
  const length = new TextEncoder().encode(text).length;
  if (length > MAX_MODEL_ID_BYTES) throw new VmError("EINVAL", `has room for ${MAX_MODEL_ID_BYTES} bytes, "${text}" has ${length}`);
  return text;
}

/** `--cpu`. @param hasLocalApic  as of `parseCpu` */
export function cpuOption(hasLocalApic: boolean, defaultText: string) {
  return value((text) => parseCpuOption(text, hasLocalApic), {
    argument: "MODEL[,±FEATURE]…", help: `the processor: ${MODEL_NAMES.join(", ")}; with +FEATURE, -FEATURE, model-id=TEXT as in QEMU`, defaultText,
  });
}

function parseCpuOption(text: string, hasLocalApic: boolean): CpuDescription {
  const cpu = parseCpu(text, hasLocalApic);
  if (cpu.modelId !== null) parseModelId(cpu.modelId);
  return cpu;
}

/** Seconds, as milliseconds. */
function parseSeconds(text: string): number {
  const seconds = /^[0-9]+(\.[0-9]*)?$|^\.[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!(seconds > 0 && seconds <= 1e9)) throw new VmError("EINVAL", `wants a number of seconds above 0, such as 2 or 0.5; not "${text}"`);
  return seconds * 1000;
}
