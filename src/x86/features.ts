/**
 * The features a processor may have: the one table of what CPUID reports of them. Insns name what they need (`InsnDef.feature`),
 * models what they have (cpu-models.ts); control registers and MSRs ask as well. Names are QEMU's and Linux's.
 */

/** Where CPUID reports a feature (SDM 2A CPUID, tables 3-10 and 3-11). */
export type CpuidBit = readonly [leaf: number, register: "ebx" | "ecx" | "edx", bit: number];

const EXTENDED_FEATURES = 0x80000001 | 0;

/** Everything that is implemented, but for what `FAMILIES` has. */
export const FEATURE_BITS = {
  fpu: [1, "edx", 0], vme: [1, "edx", 1], de: [1, "edx", 2], pse: [1, "edx", 3], tsc: [1, "edx", 4], msr: [1, "edx", 5],
  pae: [1, "edx", 6], mce: [1, "edx", 7], cx8: [1, "edx", 8], apic: [1, "edx", 9], sep: [1, "edx", 11], mtrr: [1, "edx", 12],
  pge: [1, "edx", 13], mca: [1, "edx", 14], cmov: [1, "edx", 15], pat: [1, "edx", 16], pse36: [1, "edx", 17],
  clflush: [1, "edx", 19], mmx: [1, "edx", 23], fxsr: [1, "edx", 24], sse: [1, "edx", 25], sse2: [1, "edx", 26],
  sse3: [1, "ecx", 0], pclmulqdq: [1, "ecx", 1], ssse3: [1, "ecx", 9], "sse4.1": [1, "ecx", 19], "sse4.2": [1, "ecx", 20],
  popcnt: [1, "ecx", 23], "tsc-deadline": [1, "ecx", 24], aes: [1, "ecx", 25],
  smep: [7, "ebx", 7], smap: [7, "ebx", 20], umip: [7, "ecx", 2],
  nx: [EXTENDED_FEATURES, "edx", 20], rdtscp: [EXTENDED_FEATURES, "edx", 27],
} as const satisfies Readonly<Record<string, CpuidBit>>;

/** Features that CPUID has a bit for. */
export type NamedFeature = keyof typeof FEATURE_BITS;

/**
 * What came with a family of processors and never had a bit: by the first family that has it. `p6`: RDPMC, the multi-byte NOP,
 * CR4.PCE, the MSRs of the P6 (SDM 4, table 2-2).
 */
const FAMILIES = { p6: 6 } as const;

export type Feature = NamedFeature | keyof typeof FAMILIES;

export const NAMED_FEATURES: readonly NamedFeature[] = Object.keys(FEATURE_BITS) as NamedFeature[];

/** Every feature there is. */
export const ALL_FEATURES: ReadonlySet<Feature> = new Set<Feature>([...NAMED_FEATURES, ...(Object.keys(FAMILIES) as (keyof typeof FAMILIES)[])]);

/** What a feature cannot be without. */
const NEEDS: Readonly<Partial<Record<NamedFeature, readonly NamedFeature[]>>> = {
  pse36: ["pse"], nx: ["pae", "msr"], mca: ["mce"], apic: ["msr"], sep: ["msr"], mtrr: ["msr"], pat: ["msr"], rdtscp: ["tsc", "msr"], "tsc-deadline": ["tsc", "apic"],
  mmx: ["fpu"], fxsr: ["fpu"], sse: ["fxsr", "mmx"], sse2: ["sse"], sse3: ["sse2"], ssse3: ["sse3"], "sse4.1": ["ssse3"],
  "sse4.2": ["sse4.1", "popcnt"], aes: ["sse2"], pclmulqdq: ["sse2"],
};

/** Adds a feature and all it needs. */
export function addFeature(features: Set<NamedFeature>, feature: NamedFeature): void {
  features.add(feature);
  for (const needed of NEEDS[feature] ?? []) addFeature(features, needed);
}

/** Removes a feature and all that needs it. */
export function removeFeature(features: Set<NamedFeature>, feature: NamedFeature): void {
  features.delete(feature);
  for (const other of NAMED_FEATURES) if (NEEDS[other]?.includes(feature) === true) removeFeature(features, other);
}

/** The bits of a leaf's register that a set of features has. */
export function featureWord(features: ReadonlySet<Feature>, leaf: number, register: "ebx" | "ecx" | "edx"): number {
  let word = 0;
  for (const name of NAMED_FEATURES) {
    const [l, r, bit] = FEATURE_BITS[name];
    if (l === leaf && r === register && features.has(name)) word |= 1 << bit;
  }
  return word;
}

/** The features that a CPUID table reports: by their bits, and by the family in leaf 1 (bits 8 to 11 of EAX). */
export function reportedFeatures(lookup: (leaf: number) => { readonly eax: number; readonly ebx: number; readonly ecx: number; readonly edx: number }): ReadonlySet<Feature> {
  const found = new Set<Feature>(), highestBasic = lookup(0).eax >>> 0, highestExtended = lookup(0x80000000 | 0).eax >>> 0;
  for (const name of NAMED_FEATURES) {
    const [leaf, register, bit] = FEATURE_BITS[name], highest = leaf < 0 ? highestExtended : highestBasic;
    if (leaf >>> 0 <= highest && ((lookup(leaf)[register] >>> bit) & 1) !== 0) found.add(name);
  }
  const family = (lookup(1).eax >>> 8) & 15;
  for (const [name, first] of Object.entries(FAMILIES)) if (family >= first) found.add(name as keyof typeof FAMILIES);
  return found;
}
