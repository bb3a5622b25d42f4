/** From a command line to a machine with the guest in it. */
import { VmError } from "../../tcg/support/errors.ts";
import { readImage } from "../host/files.ts";
import { nowMs } from "../host/time.ts";
import type { KvmCpuidEntry2 } from "../kvm/cpuid.ts";
import { toKvmEntries } from "../kvm/cpuid.ts";
import type { VmOptions } from "../kvm/options.ts";
import type { BareOptions } from "../machine/bare.ts";
import type { CpuidEntry } from "../x86/cpuid.ts";
import { defaultCpuid } from "../x86/cpu-models.ts";
import type { ValuesOf } from "./option-table.ts";
import type { engineOptions, machineOptions } from "./vm-options.ts";

export type MachineValues = ValuesOf<typeof machineOptions>;
export type EngineValues = ValuesOf<typeof engineOptions>;

/** A guest that can be run: its image, and the machine it wants. */
export interface Guest {
  readonly image: Uint8Array;
  /** All of the machine but the engine's options and the callbacks. */
  readonly machine: BareOptions;
}

/** Reads the image and checks that it fits. @throws VmError */
export function readGuest(path: string, values: MachineValues): Guest {
  const { memory, load, entry } = values, bits = values.bits === "32" ? 32 : 16;
  if (load >= memory) {
    throw new VmError("EINVAL", `--load 0x${load.toString(16)} is outside memory, which ends at 0x${(memory - 1).toString(16)} (see --memory)`);
  }
  const image = readImage(path, memory - load, `memory from the load address 0x${load.toString(16)} on (see --memory, --load)`);
  return { image, machine: { memoryBytes: memory, loadAddress: load, entry: entry ?? load, bits, cpuid: cpuidOf(values) } };
}

/** The default leaves with what the command line says instead. */
function cpuidOf(values: MachineValues): KvmCpuidEntry2[] {
  const entries: CpuidEntry[] = defaultCpuid(values["model-id"] ?? undefined);
  for (const given of values.cpuid) {
    const at = entries.findIndex((e) => e.leaf === given.leaf && (e.subleaf === given.subleaf || given.subleaf === undefined));
    if (at >= 0) entries[at] = given;
    else entries.push(given);
  }
  return toKvmEntries(entries);
}

/** Options of the engine. @param threshold  where the command line says nothing */
export function vmOptionsOf(values: EngineValues, engine: "jit" | "interp", threshold: number): VmOptions {
  return {
    engine, threshold: values.threshold ?? threshold, maxBlocks: values["max-blocks"], maxBlockInsns: values["max-block-insns"],
    chaining: !values["no-chaining"], sliceInsns: values.slice, checked: values.checked, now: nowMs,
  };
}

/** The engine's own threshold. */
export const DEFAULT_THRESHOLD = 30;
