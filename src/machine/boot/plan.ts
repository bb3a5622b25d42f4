/**
 * What a loader makes of an image: what goes where in memory, and how the CPU starts. Made by `planBoot` (load.ts) without
 * a machine, so that a command can look at an image too; carried out by install.ts.
 */

/** What an image can be. `rom` is never recognised by its content: it is asked for. */
export type ImageFormat = "flat" | "multiboot" | "elf" | "rom";

/** Bytes that go to guest-physical memory. Addresses and sizes are unsigned; memory is zero before. */
export interface Segment {
  readonly address: number;
  /** Part of the image, not a copy. */
  readonly bytes: Uint8Array;
  /** Room it takes in memory, at least the bytes; the rest stays zero. */
  readonly sizeBytes: number;
  /** Whether it may hold code. */
  readonly isCode: boolean;
}

/** The CPU's state at the start. */
export type Start =
  /** Real mode, CS:IP made from a physical address below 1 MiB (bare-entry.ts). */
  | { readonly kind: "real"; readonly entry: number }
  /** Flat 32-bit protected mode (bare-entry.ts), but for EAX and EBX. */
  | { readonly kind: "protected"; readonly entry: number; readonly eax: number; readonly ebx: number }
  /** As after RESET: real mode at F000:FFF0 with CS based at 0xffff0000 (SDM 3A §9.1.4). */
  | { readonly kind: "reset" };

/** What an image turned out to be, what of it goes where, and how the CPU starts. */
export interface BootPlan {
  readonly format: ImageFormat;
  /** Disjoint, within memory. */
  readonly segments: readonly Segment[];
  /** A ROM that ends at 4 GiB, or null. */
  readonly rom: Uint8Array | null;
  readonly start: Start;
}

/** Default operand and address size of the first insn. */
export function startBits({ start }: BootPlan): 16 | 32 {
  return start.kind === "protected" ? 32 : 16;
}

/** Physical address of the first insn, unsigned. */
export function startAddress({ start }: BootPlan): number {
  return start.kind === "reset" ? 0xfffffff0 : start.entry;
}
