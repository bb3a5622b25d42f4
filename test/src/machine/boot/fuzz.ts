// Malformed images: mutations of good ones, of which each must be refused with a reason or loaded so that all of it is in
// memory, and then run without disturbing anybody but itself.

import { VmError } from "../../../../src/index.ts";
import { BareMachine } from "../../../../src/machine/bare.ts";
import { planBoot } from "../../../../src/machine/boot/load.ts";
import type { BootPlan, ImageFormat } from "../../../../src/machine/boot/plan.ts";
import { Random } from "../../../tcg/support/random.ts";
import { bytesOf } from "../../kvm/guest.ts";
import { elfImage, multibootHeader, multibootImage } from "./images.ts";

const MEMORY_BYTES = 0x400000;
/** Insns, and steps that retire nothing, of an image that is loaded. */
const MAX_INSNS = 200, MAX_STEPS = 50;

const CODE = bytesOf("31 c0 40 3d 00 10 00 00 75 f8 f4   ; xor eax, eax; inc eax; cmp eax, 0x1000; jne; hlt");
const SEEDS: readonly Uint8Array[] = [
  elfImage({ entry: 0x100000, segments: [{ paddr: 0x100000, bytes: CODE, memsz: 0x1000 }, { paddr: 0x200000, bytes: CODE, memsz: 0x2000, flags: 6 }] }),
  elfImage({ entry: 0x10000c, segments: [{ paddr: 0x100000, bytes: new Uint8Array([...multibootHeader(3), ...CODE]), memsz: 0x1000 }] }),
  multibootImage({ code: CODE, before: 16 }),
  multibootImage({ code: CODE, load_end_addr: 0x10002b, bss_end_addr: 0x108000, flags: 0x10003 }),
];
const FORMATS: readonly (ImageFormat | "auto")[] = ["auto", "auto", "auto", "elf", "multiboot", "flat", "rom"];

/** Values near which sizes and addresses go wrong. */
const CORNERS: readonly number[] = [
  0, 1, 2, 3, 4, 31, 32, 33, 52, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x1fff, 0x2000, 0x7fff, 0xfffe, 0xffff, 0x10000, 0x9f000, 0xa0000, 0xfffff, 0x100000, 0x200000,
  MEMORY_BYTES - 1, MEMORY_BYTES, MEMORY_BYTES + 1, 0x7fffffff, 0x80000000, 0xfffff000, 0xfffffffe, 0xffffffff,
];

/** What became of an image. */
export interface FuzzResult {
  /** Why it was refused; null if it was not. */
  readonly refusal: string | null;
}

/**
 * Makes the image of a seed and tries to load and run it.
 * @throws anything but a VmError EINVAL, or an Error that says what is wrong with the plan
 */
export function fuzzOne(seed: number): FuzzResult {
  const random = new Random(seed), image = mutated(random.pick(SEEDS), random), format = random.pick(FORMATS);
  let plan: BootPlan;
  try {
    plan = planBoot(image, { memoryBytes: MEMORY_BYTES, format });
  } catch (e) {
    if (e instanceof VmError && e.code === "EINVAL" && e.message.length > 10) return { refusal: e.message };
    throw e;
  }
  checkPlan(plan, image);
  new BareMachine(image, { memoryBytes: MEMORY_BYTES, format }).run({ maxInsns: MAX_INSNS, maxSteps: MAX_STEPS });
  return { refusal: null };
}

/** A copy with a few fields changed, or cut off, or longer; a multiboot header's checksum is mostly set right again. */
function mutated(good: Uint8Array, random: Random): Uint8Array {
  let image = good.slice();
  for (let n = 1 + random.below(3); n > 0; n--) {
    const view = new DataView(image.buffer), at = 2 * random.below(Math.max(1, (image.length >> 1) - 2));
    switch (random.below(6)) {
      case 0: case 1: view.setUint32(at & ~3, random.pick(CORNERS), true); break;
      case 2: view.setUint16(at, random.pick(CORNERS), true); break;
      case 3: view.setUint32(at & ~3, view.getUint32(at & ~3, true) + random.below(9) - 4, true); break;
      case 4: image[at] ^= 1 << random.below(8); break;
      default: image = random.chance(70) ? image.slice(0, Math.max(8, random.below(image.length))) : new Uint8Array([...image, ...image]);
    }
  }
  if (random.chance(70)) repairChecksum(image);
  return image;
}

function repairChecksum(image: Uint8Array): void {
  const view = new DataView(image.buffer);
  for (let at = 0; at + 12 <= image.length; at += 4) {
    if (view.getUint32(at, true) === 0x1badb002) view.setUint32(at + 8, -(0x1badb002 + view.getUint32(at + 4, true)), true);
  }
}

/** Everything a plan promises (plan.ts). */
function checkPlan({ segments, start, format }: BootPlan, image: Uint8Array): void {
  const fail = (what: string): never => { throw new Error(`${what}: ${JSON.stringify(segments.map(({ address, sizeBytes }) => [address, sizeBytes]))}`); };
  let end = 0;
  for (const s of [...segments].sort((a, b) => a.address - b.address)) {
    if (s.address < end) fail("segments overlap");
    if (s.bytes.length > s.sizeBytes) fail("a segment is smaller than its bytes");
    end = s.address + s.sizeBytes;
  }
  if (end > MEMORY_BYTES) fail("a segment leaves memory");
  if (format === "rom" || start.kind === "reset") fail("none of these is a ROM");
  else if (!segments.some((s) => start.entry >= s.address && start.entry < s.address + s.sizeBytes)) fail(`the entry ${start.entry} is outside`);
  if (segments[0].bytes.length > image.length) fail("a segment has more bytes than the image");
}
