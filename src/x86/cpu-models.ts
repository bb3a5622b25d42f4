/**
 * The processors one can choose from, and their text form, QEMU's: `NAME[,+FEATURE|-FEATURE|model-id=TEXT]…`. What is
 * not in a processor's feature set is not there: insns, control-register bits, MSRs.
 */
import { VmError } from "../../tcg/support/errors.ts";
import type { CpuidEntry } from "./cpuid.ts";
import type { CpuDescription } from "./cpuid-leaves.ts";
import { cpuidLeaves } from "./cpuid-leaves.ts";
import type { NamedFeature } from "./features.ts";
import { addFeature, NAMED_FEATURES, removeFeature } from "./features.ts";

const I486: readonly NamedFeature[] = ["fpu", "vme", "pse"];
const PENTIUM: readonly NamedFeature[] = [...I486, "de", "tsc", "msr", "mce", "cx8", "mmx"];
const PENTIUM3: readonly NamedFeature[] = [...PENTIUM, "pae", "sep", "mtrr", "pge", "mca", "cmov", "pat", "pse36", "fxsr", "sse"];
/** A Core Duo, the last one of 32 bits. */
const CORE: readonly NamedFeature[] = [...PENTIUM3.filter((f) => f !== "pse36"), "clflush", "sse2", "sse3", "nx"];
/** Everything there is, but for the local APIC, which is the board's to have; what needs one is there with it. */
const MAX: readonly NamedFeature[] = NAMED_FEATURES.filter((f) => f !== "apic");

/** The brand string unless somebody gives another. */
const MODEL_ID = "tcgjs virtual CPU";

type Model = Omit<CpuDescription, "features"> & { readonly features: readonly NamedFeature[] };

/** By name; family, model and stepping are those of QEMU's models of these names (`coreduo` for `core`). */
const MODELS: Readonly<Record<string, Model>> = {
  486: { family: 4, model: 8, stepping: 0, basicLeaf: 1, extendedLeaf: 0, features: I486, modelId: null },
  pentium: { family: 5, model: 4, stepping: 3, basicLeaf: 1, extendedLeaf: 0, features: PENTIUM, modelId: null },
  pentium3: { family: 6, model: 7, stepping: 3, basicLeaf: 3, extendedLeaf: 0, features: PENTIUM3, modelId: null },
  core: { family: 6, model: 14, stepping: 8, basicLeaf: 10, extendedLeaf: 0x80000008, features: CORE, modelId: MODEL_ID },
  max: { family: 6, model: 6, stepping: 3, basicLeaf: 7, extendedLeaf: 0x80000008, features: MAX, modelId: MODEL_ID },
};

/** Names of the models, in the order of their age. */
export const MODEL_NAMES: readonly string[] = ["486", "pentium", "pentium3", "core", "max"];
export const DEFAULT_MODEL = "max";

/** A feature by its name; QEMU and Linux write some with other punctuation (`sse4_1`, `sse4-1`). */
function featureNamed(text: string): NamedFeature {
  const name = text.toLowerCase().replaceAll(/[-_]/g, "."), found = NAMED_FEATURES.find((f) => f.replace("-", ".") === name);
  if (found === undefined) throw new VmError("EINVAL", `knows no feature "${text}"; features are ${NAMED_FEATURES.join(" ")}`);
  return found;
}

/** The parts of a text between single commas; two commas stand for one, as in QEMU. */
function splitCommas(text: string): string[] {
  return text.replaceAll(",,", "\0").split(",").map((part) => part.replaceAll("\0", ","));
}

/**
 * The processor that a text such as `pentium3`, `max,-sse4.1` or `core,+smep,model-id=my own` names. A feature brings what
 * it needs and takes what needs it along.
 * @param hasLocalApic  the board has a local APIC for a processor that can have one; without, "+apic" says so
 * @throws VmError EINVAL for an unknown model or feature, with all that are known
 */
export function parseCpu(text: string, hasLocalApic = false): CpuDescription {
  const [name = "", ...changes] = splitCommas(text);
  if (!MODEL_NAMES.includes(name)) throw new VmError("EINVAL", `knows no CPU model "${name}"; models are ${MODEL_NAMES.join(" ")}`);
  const model = MODELS[name], features = new Set(model.features);
  let { modelId } = model;
  if (hasLocalApic && model.features.includes("msr")) addFeature(features, "apic");
  for (const change of changes) {
    const [key, value] = [change.slice(0, change.indexOf("=")), change.slice(change.indexOf("=") + 1)];
    if (change.startsWith("+")) addFeature(features, featureNamed(change.slice(1)));
    else if (change.startsWith("-")) removeFeature(features, featureNamed(change.slice(1)));
    else if (key === "model-id") modelId = value;
    else throw new VmError("EINVAL", `wants +FEATURE, -FEATURE or model-id=TEXT after the model; not "${change}"`);
  }
  if (!features.has("apic")) removeFeature(features, "apic");
  return { ...model, features, modelId };
}

/**
 * The CPUID leaves of the processor that a text names.
 * @throws VmError EINVAL as `parseCpu`, or if the brand string is too long
 */
export function cpuidOfModel(text: string): CpuidEntry[] {
  return cpuidLeaves(parseCpu(text));
}

/**
 * The CPUID leaves of the default processor, `max`.
 * @param modelId  brand string, at most 47 bytes
 * @throws VmError EINVAL if `modelId` is too long
 */
export function defaultCpuid(modelId = MODEL_ID): CpuidEntry[] {
  return cpuidLeaves({ ...parseCpu(DEFAULT_MODEL), modelId });
}
