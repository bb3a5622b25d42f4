/**
 * A whole PC in a file and back, and its state as a number to compare. Sections are `clock`, `cpu`, `board`, `device/…` by the
 * board's names, `memory/…` by address, and whatever the caller adds. Contents of disks are not in it: they are in their images.
 */
import { VmError } from "../../../tcg/support/errors.ts";
import type { SavedState } from "../../devices/saveable.ts";
import type { MemoryRange } from "../memory-map.ts";
import type { Pc } from "../pc.ts";
import { decodePages, encodePages } from "./memory-pages.ts";
import type { SnapshotCodec, SnapshotFile } from "./snapshot-file.ts";
import { packSnapshot } from "./snapshot-file.ts";
import { decodeState, encodeState } from "./state-codec.ts";

/** Memory is saved in pieces of this many bytes. */
const PIECE_BYTES = 2 ** 24;

/** A hash of everything it is given, one after the other. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The hash, as hexadecimal digits. */
  hex(): string;
}

/**
 * The file of a machine whose processor is settled (`Pc.settle`).
 * @param extra  sections of the caller's, by name
 */
export function savePc(pc: Pc, extra: ReadonlyMap<string, SavedState>, codec: SnapshotCodec): Promise<Uint8Array> {
  return packSnapshot(sectionsOf(pc, extra), codec);
}

/**
 * Brings a machine that was made for it (`PcOptions.awaitsState`) into a saved state.
 * @param extra  names of sections that are the caller's
 * @throws VmError EINVAL if a section is missing, unknown or damaged, or says what cannot be of this machine; it cannot be run then
 */
export async function restorePc(pc: Pc, file: SnapshotFile, extra: readonly string[]): Promise<void> {
  const { parts } = pc, pieces = memoryPieces(pc), names = [...extra, ...parts.keys(), ...pieces.keys()];
  const unknown = file.names.find((name) => !names.includes(name)), missing = names.find((name) => !file.names.includes(name));
  if (unknown !== undefined) throw new VmError("EINVAL", `saved machine: it has ${unknown}, and this machine has not; options that add devices and memory must be as they were`);
  if (missing !== undefined) throw new VmError("EINVAL", `saved machine: it has no ${missing}, and this machine has; options that add devices and memory must be as they were`);
  // Memory comes first: devices find there what they are in the middle of.
  for (const [name, { address, sizeBytes }] of pieces) {
    decodePages(name, await file.read(name), sizeBytes, (offset, run) => pc.vm.writePhys(address + offset, run));
  }
  for (const [name, part] of parts) part.restore(decodeState(name, await file.read(name)));
}

/** A section of the caller's. @throws VmError EINVAL as `SnapshotFile.read`; StateError */
export async function readSection(file: SnapshotFile, name: string): Promise<SavedState> {
  return decodeState(name, await file.read(name));
}

/**
 * A number for all that the guest can see of a machine: two that have the same go on alike. It does not depend on how the engine works, nor on
 * whether the machine was saved and restored on the way.
 */
export function stateHash(pc: Pc, digest: Digest): string {
  for (const [name, bytes] of sectionsOf(pc, new Map())) {
    digest.update(new TextEncoder().encode(`${name} ${bytes.length}\n`));
    digest.update(bytes);
  }
  return digest.hex();
}

function* sectionsOf(pc: Pc, extra: ReadonlyMap<string, SavedState>): Generator<readonly [name: string, bytes: Uint8Array]> {
  for (const [name, state] of extra) yield [name, encodeState(state)];
  for (const [name, part] of pc.parts) yield [name, encodeState(part.save())];
  for (const [name, { address, sizeBytes }] of memoryPieces(pc)) yield [name, encodePages(pc.vm.readPhys(address, sizeBytes))];
}

function memoryPieces(pc: Pc): ReadonlyMap<string, MemoryRange> {
  const pieces = new Map<string, MemoryRange>();
  for (const { address, sizeBytes } of pc.memoryRanges) {
    for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
      const first = address + at;
      pieces.set(`memory/0x${first.toString(16).padStart(8, "0")}`, { address: first, sizeBytes: Math.min(PIECE_BYTES, sizeBytes - at) });
    }
  }
  return pieces;
}
