/**
 * The Bochs VBE extension (QEMU, docs/specs/standard-vga.rst; Bochs, "VBE Display Interface"): words behind an index port and a
 * data port that switch to resolutions of any size and depth.
 */
import type { BankedWindow } from "./vga-memory.ts";
import { BANK_BYTES } from "./vga-memory.ts";
import type { VgaRegisters } from "./vga-registers.ts";

export const VBE_ID = 0, VBE_XRES = 1, VBE_YRES = 2, VBE_BPP = 3, VBE_ENABLE = 4, VBE_BANK = 5, VBE_VIRTUAL_WIDTH = 6, VBE_VIRTUAL_HEIGHT = 7, VBE_X_OFFSET = 8, VBE_Y_OFFSET = 9,
  VBE_MEMORY = 10;
export const VBE_ENABLED = 1, VBE_GET_CAPABILITIES = 2, VBE_8_BIT_DAC = 0x20, VBE_NO_CLEAR = 0x80;
/** Versions of the interface, oldest and newest; a guest may ask for each. */
const FIRST_ID = 0xb0c0, LAST_ID = 0xb0c5;
const MAX_XRES = 2560, MAX_YRES = 1600, MAX_BPP = 32, DEPTHS: readonly number[] = [4, 8, 15, 16, 24, 32];
const ENABLE_BITS = 0xe3;
/** Points of a line come in eights. */
const X_STEP = 8;

/** A picture of the extension's: where it lies in memory and how. */
export interface VbeLayout {
  readonly width: number;
  readonly height: number;
  /** Bits of a point: 4 (planes), 8, 15, 16, 24 or 32. */
  readonly depth: number;
  /** First byte (of a plane, at depth 4), and bytes from one line to the next. */
  readonly first: number;
  readonly pitch: number;
}

/** As after power-on. */
export function resetVbe(r: VgaRegisters): void {
  r.vbe = r.vbe.map((_, i) => (i === VBE_ID ? LAST_ID : i === VBE_BPP ? 8 : 0));
}

export class Vbe {
  private readonly r: VgaRegisters;
  private readonly memory: Uint8Array;

  /** @param memory  all of video memory; cleared when the extension is switched on */
  constructor(registers: VgaRegisters, memory: Uint8Array) {
    this.r = registers;
    this.memory = memory;
  }

  get isEnabled(): boolean {
    return (this.r.vbe[VBE_ENABLE] & VBE_ENABLED) !== 0;
  }

  /** Colours of the DAC have 8 bits. */
  get hasWideDac(): boolean {
    return (this.r.vbe[VBE_ENABLE] & VBE_8_BIT_DAC) !== 0;
  }

  /** How the window at 0xa0000 is used; null while the extension is off. */
  get window(): BankedWindow | null {
    return this.isEnabled ? { first: this.r.vbe[VBE_BANK] * BANK_BYTES, isPlanar: this.r.vbe[VBE_BPP] === 4 } : null;
  }

  /** A register as the guest reads it: 0..0xffff. */
  readRegister(register: number): number {
    const { vbe } = this.r;
    if ((vbe[VBE_ENABLE] & VBE_GET_CAPABILITIES) !== 0) {
      if (register === VBE_XRES) return MAX_XRES;
      if (register === VBE_YRES) return MAX_YRES;
      if (register === VBE_BPP) return MAX_BPP;
    }
    return register === VBE_MEMORY ? this.memory.length / BANK_BYTES : vbe.at(register) ?? 0;
  }

  /** Sets a register. What the picture cannot be is brought to what it can. */
  writeRegister(register: number, value: number): void {
    const { vbe } = this.r;
    switch (register) {
      case VBE_ID: return value >= FIRST_ID && value <= LAST_ID ? this.set(VBE_ID, value) : undefined;
      case VBE_XRES:
      case VBE_YRES: return this.isEnabled ? undefined : this.set(register, value);
      case VBE_BPP: return this.isEnabled || !DEPTHS.includes(value || 8) ? undefined : this.set(VBE_BPP, value || 8);
      case VBE_ENABLE: return this.enable(value & ENABLE_BITS);
      case VBE_BANK: return this.set(VBE_BANK, value & (this.memory.length / BANK_BYTES - 1));
      case VBE_VIRTUAL_WIDTH:
      case VBE_X_OFFSET:
      case VBE_Y_OFFSET:
        if (!this.isEnabled) return;
        this.r.vbe = vbe.with(register, value);
        return this.fit();
      default:
    }
  }

  /** The picture; null while the extension is off. */
  get layout(): VbeLayout | null {
    if (!this.isEnabled) return null;
    const { vbe } = this.r, depth = vbe[VBE_BPP], pitch = pitchOf(vbe[VBE_VIRTUAL_WIDTH], depth);
    const first = vbe[VBE_Y_OFFSET] * pitch + (depth === 4 ? vbe[VBE_X_OFFSET] >>> 3 : vbe[VBE_X_OFFSET] * bytesOf(depth));
    return { width: vbe[VBE_XRES], height: vbe[VBE_YRES], depth, first, pitch };
  }

  /** Makes a restored picture one that can be shown. */
  settle(): void {
    if (!DEPTHS.includes(this.r.vbe[VBE_BPP])) this.set(VBE_BPP, 8);
    if (this.isEnabled) this.fit();
  }

  private set(register: number, value: number): void {
    this.r.vbe = this.r.vbe.with(register, value);
  }

  private enable(value: number): void {
    const wasEnabled = this.isEnabled;
    this.set(VBE_ENABLE, value);
    if (!this.isEnabled || wasEnabled) return;
    this.set(VBE_VIRTUAL_WIDTH, 0);
    this.set(VBE_X_OFFSET, 0);
    this.set(VBE_Y_OFFSET, 0);
    this.fit();
    if ((value & VBE_NO_CLEAR) === 0) this.memory.fill(0);
  }

  /** Makes the picture one that lies in memory. */
  private fit(): void {
    const { vbe } = this.r, depth = vbe[VBE_BPP], { length } = this.memory, room = depth === 4 ? length / 4 : length;
    const xres = Math.min(MAX_XRES, Math.max(X_STEP, vbe[VBE_XRES] & ~(X_STEP - 1))), widest = Math.floor(room / pitchOf(X_STEP, depth)) * X_STEP;
    const virtualWidth = Math.min(0xfff8, widest, Math.max(xres, vbe[VBE_VIRTUAL_WIDTH] & ~(X_STEP - 1))), lines = Math.floor(room / pitchOf(virtualWidth, depth));
    const yres = Math.max(1, Math.min(MAX_YRES, lines, vbe[VBE_YRES]));
    const next = [...vbe];
    next[VBE_XRES] = xres;
    next[VBE_YRES] = yres;
    next[VBE_VIRTUAL_WIDTH] = virtualWidth;
    next[VBE_VIRTUAL_HEIGHT] = Math.min(0xffff, lines);
    next[VBE_X_OFFSET] = Math.min(vbe[VBE_X_OFFSET], virtualWidth - xres);
    next[VBE_Y_OFFSET] = Math.min(vbe[VBE_Y_OFFSET], lines - yres);
    this.r.vbe = next;
  }
}

/** Bytes of a point. */
export function bytesOf(depth: number): number {
  return depth === 15 ? 2 : depth / 8;
}

/** Bytes of a line, of each plane at depth 4. */
function pitchOf(width: number, depth: number): number {
  return depth === 4 ? width / 8 : width * bytesOf(depth);
}
