/** From a command line to a machine with the guest in it. */
import { basename } from "node:path";
import { VmError } from "../../tcg/support/errors.ts";
import { DEFAULT_OPTIONS } from "../exec/options.ts";
import { readImage } from "../host/files.ts";
import { nowMs } from "../host/time.ts";
import type { KvmCpuidEntry2 } from "../kvm/cpuid.ts";
import { toKvmEntries } from "../kvm/cpuid.ts";
import type { VmOptions } from "../kvm/options.ts";
import type { BareOptions } from "../machine/bare.ts";
import type { BootRequest } from "../machine/boot/load.ts";
import { planBoot } from "../machine/boot/load.ts";
import type { BootPlan } from "../machine/boot/plan.ts";
import type { BootModule } from "../machine/boot/multiboot.ts";
import type { CpuidEntry } from "../x86/cpuid.ts";
import { cpuidLeaves } from "../x86/cpuid-leaves.ts";
import { DEFAULT_MODEL, parseCpu } from "../x86/cpu-models.ts";
import type { ValuesOf } from "./option-table.ts";
import type { engineOptions, machineOptions, ModuleFile } from "./vm-options.ts";

export type MachineValues = ValuesOf<typeof machineOptions>;
export type EngineValues = ValuesOf<typeof engineOptions>;

export type FormatChoice = Exclude<BootRequest["format"], undefined>;

/** A guest that can be run: its image, and the machine it wants. */
export interface Guest {
  readonly image: Uint8Array;
  /** All of the machine but the engine's options and the callbacks. */
  readonly machine: BareOptions;
}

/** The largest file that may be an image: executables hold more than they load. */
const MAX_IMAGE_BYTES = 2 ** 28;

/** Reads the image and what goes with it, and checks that all of it fits. @throws VmError */
export function readGuest(path: string, values: MachineValues, format: FormatChoice): Guest {
  const { memory, load, entry, bits, cmdline, bios } = values;
  const image = readImage(path, Math.max(memory, MAX_IMAGE_BYTES), "the most an image may have");
  const request: BootRequest = {
    memoryBytes: memory, format: bios === null ? format : "rom", loadAddress: load ?? undefined, entry: entry ?? undefined,
    bits: bits === null ? undefined : bits === "32" ? 32 : 16, cmdline: cmdline ?? undefined, modules: values.module.map((m) => readModule(m, memory)),
  };
  if (bios !== null && format !== "auto") throw new VmError("EINVAL", `--bios says that the image is a ROM; --format ${format} does not go with it`);
  planFile(path, image, request);
  return { image, machine: { ...request, cpuid: cpuidOf(values) } };
}

/** The plan for an image that was read from a file. @throws VmError that names the file */
export function planFile(path: string, image: Uint8Array, request: BootRequest): BootPlan {
  try {
    return planBoot(image, request);
  } catch (e) {
    throw e instanceof VmError ? new VmError(e.code, `${path}: ${e.message}`) : e;
  }
}

/** @throws VmError for a file that cannot be read */
export function readModule({ path, text }: ModuleFile, memoryBytes: number): BootModule {
  return { bytes: readImage(path, memoryBytes, "memory"), text: text ?? basename(path) };
}

/** The leaves of the chosen processor, or of `model`, with what the command line says instead. */
export function cpuidOf(values: Pick<MachineValues, "cpu" | "model-id" | "cpuid">, model = parseCpu(DEFAULT_MODEL)): KvmCpuidEntry2[] {
  const cpu = values.cpu ?? model, entries: CpuidEntry[] = cpuidLeaves({ ...cpu, modelId: values["model-id"] ?? cpu.modelId });
  for (const given of values.cpuid) {
    const at = entries.findIndex((e) => e.leaf === given.leaf && (e.subleaf === given.subleaf || given.subleaf === undefined));
    if (at >= 0) entries[at] = given;
    else entries.push(given);
  }
  return toKvmEntries(entries);
}

/** Options of the engine. @param threshold, regionThreshold  where the command line says nothing */
export function vmOptionsOf(values: EngineValues, engine: "jit" | "interp", threshold: number, regionThreshold?: number): VmOptions {
  return {
    engine, threshold: values.threshold ?? threshold, threadThreshold: values["thread-threshold"],
    regionThreshold: values["region-threshold"] ?? regionThreshold, backEnd: values["back-end"], maxRegionInsns: values["max-region-insns"],
    maxBlocks: values["max-blocks"], maxBlockInsns: values["max-block-insns"],
    chaining: !values["no-chaining"], sliceInsns: values.slice, checked: values.checked, now: nowMs,
  };
}

/** The engine's own threshold. */
export const DEFAULT_THRESHOLD = DEFAULT_OPTIONS.threshold;
