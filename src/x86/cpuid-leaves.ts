/** From the description of a processor to its CPUID leaves (SDM 2A CPUID, tables 3-8 to 3-12), coherent with each other. */
import { VmError } from "../../tcg/support/errors.ts";
import type { CpuidEntry } from "./cpuid.ts";
import type { NamedFeature } from "./features.ts";
import { featureWord } from "./features.ts";

/** What a processor is. */
export interface CpuDescription {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** The highest basic leaf at least; features and brand string may ask for more. */
  readonly basicLeaf: number;
  /** The highest extended leaf at least; 0 for none. */
  readonly extendedLeaf: number;
  readonly features: ReadonlySet<NamedFeature>;
  /** Brand string; null for none. */
  readonly modelId: string | null;
}

/** Bytes of the brand string in leaves 0x80000002 to 0x80000004, the last of which is NUL. */
const BRAND_BYTES = 48;
/** What fits into it. */
export const MAX_MODEL_ID_BYTES = BRAND_BYTES - 1;

const VENDOR = "GenuineIntel";
const EXTENDED = 0x80000000 | 0;
const LEAF_CACHES = 4, LEAF_FEATURES = 7, LEAF_BRAND = EXTENDED + 4, LEAF_L2 = EXTENDED + 6, LEAF_ADDRESSES = EXTENDED + 8;

/** The only line size here: bytes, in leaf 1 EBX counted in eights. */
const LINE_BYTES = 64;

/** Leaf 2, until leaf 4 came: 8 KiB each of L1 code and data, 256 KiB of L2, and TLBs, as of a Pentium Pro. Nothing depends on it. */
const SMALL_CACHES = { eax: 0x03020101, ebx: 0, ecx: 0, edx: 0x06040a42 };
/** Leaf 2 that agrees with leaf 4: 32 KiB each of L1, 2 MiB of L2, lines of 64 bytes. */
const CACHES = { eax: 0x02b3b001, ebx: 0xf0, ecx: 0, edx: 0x2c04307d };

/** Leaf 4: the caches, by subleaf. */
const CACHE_SUBLEAVES = [
  { type: 1, level: 1, ways: 8, sets: 64 }, { type: 2, level: 1, ways: 8, sets: 64 }, { type: 3, level: 2, ways: 8, sets: 4096 },
] as const;
const SELF_INITIALIZING = 1 << 8;
/** Leaf 0x80000006 ECX: 2 MiB, 8 ways, lines of 64 bytes. */
const L2_CACHE = (2048 << 16) | (6 << 12) | LINE_BYTES;

/** Physical and linear addresses of 32 bits, whatever paging could express. */
const ADDRESS_BITS = (32 << 8) | 32;

const ascii = (text: string): DataView => new DataView(Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer);
const NONE = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

function brandEntries(modelId: string): CpuidEntry[] {
  const text = new TextEncoder().encode(modelId);
  if (text.length > MAX_MODEL_ID_BYTES) {
    throw new VmError("EINVAL", `model id "${modelId}" is ${text.length} bytes long; at most ${MAX_MODEL_ID_BYTES} fit into CPUID`);
  }
  const bytes = new Uint8Array(BRAND_BYTES), view = new DataView(bytes.buffer);
  bytes.set(text);
  return [0, 1, 2].map((i) => {
    const word = (n: number): number => view.getInt32(16 * i + 4 * n, true);
    return { leaf: EXTENDED + 2 + i, eax: word(0), ebx: word(1), ecx: word(2), edx: word(3) };
  });
}

function cacheEntries(): CpuidEntry[] {
  return CACHE_SUBLEAVES.map(({ type, level, ways, sets }, subleaf) => (
    { leaf: LEAF_CACHES, subleaf, eax: type | (level << 5) | SELF_INITIALIZING, ebx: ((ways - 1) << 22) | (LINE_BYTES - 1), ecx: sets - 1, edx: 0 }
  ));
}

function basicEntries({ family, model, stepping, features }: CpuDescription, highest: number): CpuidEntry[] {
  const vendor = ascii(VENDOR), word = (leaf: number, register: "ebx" | "ecx" | "edx"): number => featureWord(features, leaf, register);
  const entries: CpuidEntry[] = [
    { leaf: 0, eax: highest, ebx: vendor.getInt32(0, true), edx: vendor.getInt32(4, true), ecx: vendor.getInt32(8, true) },
    {
      leaf: 1, eax: (family << 8) | (model << 4) | stepping, ebx: features.has("clflush") ? (LINE_BYTES / 8) << 8 : 0,
      ecx: word(1, "ecx"), edx: word(1, "edx"),
    },
  ];
  if (highest >= 2) entries.push({ leaf: 2, ...(highest >= LEAF_CACHES ? CACHES : SMALL_CACHES) });
  // Leaf 3 would be a serial number.
  for (let leaf = 3; leaf <= highest; leaf++) {
    if (leaf === LEAF_CACHES) entries.push(...cacheEntries());
    else if (leaf === LEAF_FEATURES) entries.push({ leaf, subleaf: 0, eax: 0, ebx: word(leaf, "ebx"), ecx: word(leaf, "ecx"), edx: 0 });
    else entries.push({ leaf, ...NONE });
  }
  return entries;
}

function extendedEntries({ features, modelId }: CpuDescription, highest: number): CpuidEntry[] {
  if (highest === 0) return [];
  const word = (register: "ecx" | "edx"): number => featureWord(features, EXTENDED + 1, register);
  const entries: CpuidEntry[] = [
    { leaf: EXTENDED, ...NONE, eax: highest },
    { leaf: EXTENDED + 1, ...NONE, ecx: word("ecx"), edx: word("edx") },
    ...(highest >= LEAF_BRAND ? brandEntries(modelId ?? "") : []),
  ];
  for (let leaf = LEAF_BRAND + 1; leaf <= highest; leaf++) {
    entries.push({ leaf, ...NONE, ...(leaf === LEAF_L2 ? { ecx: L2_CACHE } : leaf === LEAF_ADDRESSES ? { eax: ADDRESS_BITS } : {}) });
  }
  return entries;
}

/**
 * The leaves of a processor.
 * @throws VmError EINVAL if the brand string is too long
 */
export function cpuidLeaves(cpu: CpuDescription): CpuidEntry[] {
  const { features, modelId } = cpu;
  const hasLeaf = (leaf: number): boolean => (["ebx", "ecx", "edx"] as const).some((r) => featureWord(features, leaf, r) !== 0);
  const basic = Math.max(cpu.basicLeaf, hasLeaf(LEAF_FEATURES) ? LEAF_FEATURES : 1);
  const extended = Math.max(cpu.extendedLeaf, modelId !== null ? LEAF_BRAND >>> 0 : hasLeaf(EXTENDED + 1) ? (EXTENDED + 1) >>> 0 : 0);
  return [...basicEntries(cpu, basic), ...extendedEntries(cpu, extended | 0)];
}
