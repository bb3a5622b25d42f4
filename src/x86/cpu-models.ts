/**
 * What CPUID says by default: a processor of the Pentium Pro's class that offers exactly what is implemented. Software
 * knows such CPUs, and the brand string tells people what they are looking at.
 */
import { VmError } from "../../tcg/support/errors.ts";
import type { CpuidEntry } from "./cpuid.ts";

/** Family, model and stepping (leaf 1 EAX), as EDX holds them after RESET: family 6, model 1, stepping 1. */
const SIGNATURE = 0x611;
/** Feature bits, leaf 1 EDX (SDM 2A CPUID, table 3-11). */
const FEATURE_TSC = 1 << 4, FEATURE_MSR = 1 << 5, FEATURE_CX8 = 1 << 8, FEATURE_CMOV = 1 << 15;
const FEATURES = FEATURE_TSC | FEATURE_MSR | FEATURE_CX8 | FEATURE_CMOV;

/** Leaf 2 of a Pentium Pro: 8 KiB each of L1 code and data, 256 KiB of L2, and its TLBs. Nothing here depends on it. */
const CACHES = { eax: 0x03020101, ebx: 0, ecx: 0, edx: 0x06040a42 };

const VENDOR = "GenuineIntel";
/** Bytes of the brand string in leaves 0x80000002 to 0x80000004, the last of which is NUL. */
const BRAND_BYTES = 48;
const EXTENDED = 0x80000000 | 0;

const ascii = (text: string): DataView => new DataView(Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer);

function brandEntries(modelId: string): CpuidEntry[] {
  const text = new TextEncoder().encode(modelId);
  if (text.length >= BRAND_BYTES) {
    throw new VmError("EINVAL", `model id "${modelId}" is ${text.length} bytes long; at most ${BRAND_BYTES - 1} fit into CPUID`);
  }
  const bytes = new Uint8Array(BRAND_BYTES), view = new DataView(bytes.buffer);
  bytes.set(text);
  return [0, 1, 2].map((i) => {
    const word = (n: number): number => view.getInt32(16 * i + 4 * n, true);
    return { leaf: EXTENDED + 2 + i, eax: word(0), ebx: word(1), ecx: word(2), edx: word(3) };
  });
}

/**
 * The CPUID leaves of the default CPU: 0 to 2 and 0x80000000 to 0x80000004.
 * @param modelId  brand string, at most 47 bytes
 * @throws VmError EINVAL if `modelId` is too long
 */
export function defaultCpuid(modelId = "tcgjs virtual CPU"): CpuidEntry[] {
  const vendor = ascii(VENDOR);
  return [
    { leaf: 0, eax: 2, ebx: vendor.getInt32(0, true), edx: vendor.getInt32(4, true), ecx: vendor.getInt32(8, true) },
    { leaf: 1, eax: SIGNATURE, ebx: 0, ecx: 0, edx: FEATURES },
    { leaf: 2, ...CACHES },
    { leaf: EXTENDED, eax: EXTENDED + 4, ebx: 0, ecx: 0, edx: 0 },
    { leaf: EXTENDED + 1, eax: 0, ebx: 0, ecx: 0, edx: 0 },
    ...brandEntries(modelId),
  ];
}
