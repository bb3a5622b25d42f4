/**
 * Video memory of a VGA as the processor sees it (IBM PS/2 Hardware Interface Technical Reference, "Graphics Controller"): four planes
 * of 64 KiB behind a window of up to 128 KiB, with latches, write modes 0 to 3, read modes 0 and 1. The Bochs extension
 * (vbe.ts) has all of the memory as one row of bytes, of which the window shows a bank.
 *
 * The planes are interleaved: byte 4n + p of `bytes` is byte n of plane p.
 */
import type { VgaRegisters } from "./vga-registers.ts";
import {
  GFX_BIT_MASK, GFX_COMPARE, GFX_DONT_CARE, GFX_ENABLE_SET_RESET, GFX_MISC, GFX_MODE, GFX_READ_PLANE, GFX_ROTATE, GFX_SET_RESET, MEMORY_CHAIN_4, MEMORY_SEQUENTIAL, MISC_MEMORY, MODE_ODD_EVEN,
  MODE_READ_COMPARE, SEQ_MAP_MASK, SEQ_MEMORY_MODE,
} from "./vga-registers.ts";

/** Bytes of the window at 0xa0000. */
export const VGA_WINDOW_BYTES = 0x20000;
/** Bytes of a plane that the registers of a VGA reach. */
const PLANE_BYTES = 0x10000;
export const BANK_BYTES = 0x10000;

/** By the memory map bits of the graphics controller's miscellaneous register: where the window answers. */
const WINDOWS = [{ first: 0, bytes: 0x20000 }, { first: 0, bytes: 0x10000 }, { first: 0x10000, bytes: 0x8000 }, { first: 0x18000, bytes: 0x8000 }] as const;
/** Bits of planes as bytes of 0xff. */
const EXPANDED = Int32Array.from({ length: 16 }, (_, bits) => [0, 1, 2, 3].reduce((sum, p) => sum | ((bits >> p) & 1 ? 0xff << (8 * p) : 0), 0));
const EVEN_PLANES = EXPANDED[5], ODD_PLANES = EXPANDED[10], EVERY_PLANE = 0x01010101;
const NOBODY = 0xff;

/** How the window is used by the Bochs extension, while that is on. */
export interface BankedWindow {
  /** Place in memory that the window begins at: bytes, or bytes of a plane. */
  readonly first: number;
  /** Four planes, as ever; else one row of bytes. */
  readonly isPlanar: boolean;
}

export class VgaMemory {
  /** All of video memory. */
  readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly r: VgaRegisters;
  private bank: BankedWindow | null = null;
  // What follows is derived from the registers by `update`.
  private first = 0;
  private size = 0;
  private isChained = false;
  private writesOddEven = false;
  private readsOddEven = false;
  private mapMask = 0;
  private writeMode = 0;
  private rotation = 0;
  private operation = 0;
  private setReset = 0;
  private enableSetReset = 0;
  private bitMask = 0;
  private comparesColours = false;
  private readShift = 0;
  private colour = 0;
  private care = 0;

  /** @param sizeBytes  a power of two, 256 KiB or more */
  constructor(registers: VgaRegisters, sizeBytes: number) {
    this.r = registers;
    this.bytes = new Uint8Array(sizeBytes);
    this.words = new Int32Array(this.bytes.buffer);
    this.update(null);
  }

  /** The four planes at a place: plane p in bits 8p to 8p + 7. */
  planesAt(place: number): number {
    return this.words[place & (this.words.length - 1)];
  }

  /** To be called when sequencer, graphics controller or miscellaneous output have changed, or the extension. */
  update(bank: BankedWindow | null): void {
    const { sequencer, graphics, misc } = this.r, mode = graphics[GFX_MODE], window = bank === null ? WINDOWS[(graphics[GFX_MISC] >>> 2) & 3] : WINDOWS[1];
    this.bank = bank;
    this.first = window.first;
    this.size = (misc & MISC_MEMORY) !== 0 || bank !== null ? window.bytes : 0;
    this.isChained = bank === null && (sequencer[SEQ_MEMORY_MODE] & MEMORY_CHAIN_4) !== 0;
    this.writesOddEven = bank === null && (sequencer[SEQ_MEMORY_MODE] & MEMORY_SEQUENTIAL) === 0;
    this.readsOddEven = bank === null && (mode & MODE_ODD_EVEN) !== 0;
    this.mapMask = EXPANDED[sequencer[SEQ_MAP_MASK] & 15];
    this.writeMode = mode & 3;
    this.rotation = graphics[GFX_ROTATE] & 7;
    this.operation = (graphics[GFX_ROTATE] >>> 3) & 3;
    this.setReset = EXPANDED[graphics[GFX_SET_RESET] & 15];
    this.enableSetReset = EXPANDED[graphics[GFX_ENABLE_SET_RESET] & 15];
    this.bitMask = Math.imul(graphics[GFX_BIT_MASK], EVERY_PLANE);
    this.comparesColours = (mode & MODE_READ_COMPARE) !== 0;
    this.readShift = 8 * (graphics[GFX_READ_PLANE] & 3);
    this.colour = EXPANDED[graphics[GFX_COMPARE] & 15];
    this.care = EXPANDED[graphics[GFX_DONT_CARE] & 15];
  }

  /** A byte of the window. @param address  from 0xa0000 on */
  read(address: number): number {
    const offset = address - this.first, { bank } = this;
    if (offset < 0 || offset >= this.size) return NOBODY;
    if (bank !== null && !bank.isPlanar) return this.bytes[(bank.first + offset) & (this.bytes.length - 1)];
    let place = (offset & (PLANE_BYTES - 1)) + (bank?.first ?? 0), shift = this.readShift;
    if (this.isChained) {
      shift = 8 * (place & 3);
      place &= ~3;
    } else if (this.readsOddEven) {
      shift = (shift & 16) | (8 * (place & 1));
      place &= ~1;
    }
    const planes = this.planesAt(place);
    this.r.latches = planes >>> 0;
    return this.comparesColours ? this.compare(planes) : (planes >>> shift) & 0xff;
  }

  /** As `read`; `value` is 0..0xff. */
  write(address: number, value: number): void {
    const offset = address - this.first, { bank } = this;
    if (offset < 0 || offset >= this.size) return;
    if (bank !== null && !bank.isPlanar) {
      this.bytes[(bank.first + offset) & (this.bytes.length - 1)] = value;
      return;
    }
    let place = (offset & (PLANE_BYTES - 1)) + (bank?.first ?? 0), planes = this.mapMask;
    if (this.isChained) {
      planes &= 0xff << (8 * (place & 3));
      place &= ~3;
    } else if (this.writesOddEven) {
      planes &= (place & 1) === 0 ? EVEN_PLANES : ODD_PLANES;
      place &= ~1;
    }
    const at = place & (this.words.length - 1);
    this.words[at] = (this.words[at] & ~planes) | (this.written(value) & planes);
  }

  /** An access of 1, 2 or 4 bytes: byte by byte, as on a bus of eight bits. */
  readWide(address: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.read(address + i) << (8 * i);
    return value >>> 0;
  }

  writeWide(address: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.write(address + i, (value >>> (8 * i)) & 0xff);
  }

  /** What a byte of the processor's becomes on its way to the planes. */
  private written(value: number): number {
    const latches = this.r.latches | 0;
    switch (this.writeMode) {
      case 0: return this.combine((this.rotated(value) & ~this.enableSetReset) | (this.setReset & this.enableSetReset), latches, this.bitMask);
      case 1: return latches;
      case 2: return this.combine(EXPANDED[value & 15], latches, this.bitMask);
      default: return this.combine(this.setReset, latches, this.rotated(value) & this.bitMask);
    }
  }

  /** The byte, rotated right, for every plane. */
  private rotated(value: number): number {
    return Math.imul(((value >>> this.rotation) | (value << (8 - this.rotation))) & 0xff, EVERY_PLANE);
  }

  private combine(data: number, latches: number, mask: number): number {
    const { operation } = this;
    const result = operation === 0 ? data : operation === 1 ? data & latches : operation === 2 ? data | latches : data ^ latches;
    return (result & mask) | (latches & ~mask);
  }

  /** Read mode 1: a bit is 1 where the planes that count have the colour. */
  private compare(planes: number): number {
    const differs = (planes ^ this.colour) & this.care, half = differs | (differs >>> 16);
    return ~(half | (half >>> 8)) & 0xff;
  }
}
