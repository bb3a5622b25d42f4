/**
 * QEMU's firmware configuration device (QEMU, docs/specs/fw_cfg.rst), through its ports: what a board tells its firmware. Numbers in
 * items are little endian, in the directory big endian.
 *
 * | offset | size | reads | writes |
 * |---|---|---|---|
 * | 0 | 2 | - | which item |
 * | 1 | 1 | its next byte; 0 behind its end | - |
 */
import { allOnes } from "../bus/bytes.ts";
import type { Device, WidePorts } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { DWORD, restoreFields, saveFields, WORD } from "./saveable.ts";

/** Items that have a number of their own. */
export const FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NB_CPUS = 0x05, FW_CFG_MAX_CPUS = 0x0f, FW_CFG_FILE_DIR = 0x19;
const FIRST_FILE = 0x20, MAX_FILES = 0x100;
/** The device has the ports, and no DMA. */
const FEATURES = 1;
const NAME_BYTES = 56, ENTRY_BYTES = 64;

const SELECTOR = 0, DATA = 1;
/** Bits of the selector that do not choose: writing, and the architecture's own items. */
const SELECTOR_MASK = 0xbfff;

interface Registers {
  selector: number;
  /** How much of the item has been read. */
  position: number;
}

const SHAPE: Shape<Registers> = { selector: WORD, position: DWORD };

export const FW_CFG_PORTS = 2;

export class FwCfg implements Device, Saveable, WidePorts {
  private readonly r: Registers = { selector: 0, position: 0 };
  private readonly items = new Map<number, Uint8Array>();

  /** @param files  by name, up to 55 characters */
  constructor(numbered: ReadonlyMap<number, Uint8Array>, files: ReadonlyMap<string, Uint8Array>) {
    this.items.set(FW_CFG_SIGNATURE, new TextEncoder().encode("QEMU"));
    this.items.set(FW_CFG_ID, Uint8Array.of(FEATURES, 0, 0, 0));
    for (const [item, bytes] of numbered) this.items.set(item, bytes);
    const named = [...files].slice(0, MAX_FILES);
    named.forEach(([, bytes], i) => this.items.set(FIRST_FILE + i, bytes));
    this.items.set(FW_CFG_FILE_DIR, directory(named));
  }

  read(offset: number, size: number): number {
    if (offset !== DATA || size !== 1) return allOnes(size);
    const { r } = this, value = this.items.get(r.selector)?.[r.position] ?? 0;
    r.position = Math.min(r.position + 1, 0xffffffff);
    return value;
  }

  write(offset: number, size: number, value: number): void {
    if (offset !== SELECTOR || size !== 2) return;
    this.r.selector = value & SELECTOR_MASK;
    this.r.position = 0;
  }

  reset(): void {
    this.r.selector = this.r.position = 0;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("fw_cfg", this.r, SHAPE, state);
  }
}

function directory(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const bytes = new Uint8Array(4 + ENTRY_BYTES * files.length), view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  files.forEach(([name, content], i) => {
    const at = 4 + ENTRY_BYTES * i;
    view.setUint32(at, content.length);
    view.setUint16(at + 4, FIRST_FILE + i);
    bytes.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1), at + 8);
  });
  return bytes;
}
