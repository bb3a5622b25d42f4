/**
 * A VGA (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem") with the Bochs extension: registers behind ports, video
 * memory behind the window at 0xa0000. What it shows is worked out by text-screen.ts and picture.ts when somebody wants to see it.
 *
 * | port | reads | writes |
 * |---|---|---|
 * | 0x3b4, 0x3b5 | CRT controller, monochrome: index, data | the same |
 * | 0x3ba | input status 1, monochrome | feature control |
 * | 0x3c0, 0x3c1 | attribute controller: index, data | index and data in turn |
 * | 0x3c2 | input status 0 | miscellaneous output |
 * | 0x3c4, 0x3c5 | sequencer: index, data | the same |
 * | 0x3c6 to 0x3c9 | DAC: mask, state, write entry, data | mask, read entry, write entry, data |
 * | 0x3ca, 0x3cc | feature control, miscellaneous output | - |
 * | 0x3ce, 0x3cf | graphics controller: index, data | the same |
 * | 0x3d4, 0x3d5, 0x3da | as 0x3b4, 0x3b5, 0x3ba, colour | the same |
 */
import { allOnes } from "../../bus/bytes.ts";
import type { Clock } from "../../bus/clock.ts";
import type { BytePorts, Device, WidePorts } from "../../bus/device.ts";
import type { Saveable, SavedState } from "../saveable.ts";
import { bytesUpTo, restoreFields, saveFields } from "../saveable.ts";
import { beamAt } from "./display-timing.ts";
import { resetVbe, Vbe } from "./vbe.ts";
import type { VgaRegisters } from "./vga-registers.ts";
import {
  ATTR_INDEX, ATTR_PICTURE_ON, ATTRIBUTE_REGISTERS, CRTC_OVERFLOW, CRTC_PROTECT, CRTC_REGISTERS, CRTC_RETRACE_END, DAC_COLOURS, DAC_ENTRIES, GRAPHICS_REGISTERS, MISC_COLOUR, powerOnRegisters,
  SEQUENCER_REGISTERS, VGA_SHAPE,
} from "./vga-registers.ts";
import { VgaMemory } from "./vga-memory.ts";

/** Ports, as offsets from `VGA_PORTS`. */
export const VGA_PORTS = 0x3b0;
const COLOUR = 0x20, CRTC_INDEX = 0x4, CRTC_DATA = 0x5, STATUS_1 = 0xa;
const ATTRIBUTE = 0x10, ATTRIBUTE_DATA = 0x11, MISC = 0x12, SEQ_INDEX = 0x14, SEQ_DATA = 0x15, DAC_MASK = 0x16, DAC_READ = 0x17, DAC_WRITE = 0x18, DAC_DATA = 0x19, FEATURE = 0x1a, MISC_READ = 0x1c,
  GFX_INDEX = 0x1e, GFX_DATA = 0x1f;
const NOBODY = 0xff;
/** Input status 0: a colour monitor's load is sensed. Input status 1. */
const STATUS_0_SENSE = 0x10, STATUS_1_BLANK = 1, STATUS_1_RETRACE = 8;
/** What the DAC's state reads as. */
const DAC_IS_READING = 3, DAC_IS_WRITING = 0, DAC_6_BITS = 0x3f;
/** Bits that exist, by register. */
const SEQUENCER_BITS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e], GRAPHICS_BITS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff];
const ATTRIBUTE_BITS = [...new Array<number>(16).fill(0x3f), 0xef, 0xff, 0x3f, 0x0f, 0x0f];
/** The overflow register's bit that is not locked with the registers around it. */
const OVERFLOW_LINE_COMPARE = 0x10;
const PALETTE = 16, LAST_PROTECTED = 7;

/** Video memory of QEMU's card. */
const VIDEO_MEMORY_BYTES = 16 * 2 ** 20;

export class Vga implements Device, BytePorts, Saveable {
  readonly registers: VgaRegisters = powerOnRegisters();
  readonly memory: VgaMemory;
  readonly vbe: Vbe;
  private readonly clock: Clock;

  constructor(clock: Clock, memoryBytes = VIDEO_MEMORY_BYTES) {
    this.clock = clock;
    this.memory = new VgaMemory(this.registers, memoryBytes);
    this.vbe = new Vbe(this.registers, this.memory.bytes);
    this.reset();
  }

  readByte(offset: number): number {
    const { registers: r } = this;
    if (offset < ATTRIBUTE || offset >= COLOUR) return (offset >= COLOUR) === this.isColour ? this.readCrtc(offset & 0xf) : NOBODY;
    switch (offset) {
      case ATTRIBUTE: return r.attributeIndex;
      case ATTRIBUTE_DATA: return r.attribute[r.attributeIndex & ATTR_INDEX] ?? NOBODY;
      case MISC: return STATUS_0_SENSE;
      case SEQ_INDEX: return r.sequencerIndex;
      case SEQ_DATA: return r.sequencer[r.sequencerIndex] ?? NOBODY;
      case DAC_MASK: return r.dacMask;
      case DAC_READ: return r.dacIsReading ? DAC_IS_READING : DAC_IS_WRITING;
      case DAC_WRITE: return r.dacWriteEntry;
      case DAC_DATA: return this.readDac();
      case FEATURE: return r.feature;
      case MISC_READ: return r.misc;
      case GFX_INDEX: return r.graphicsIndex;
      case GFX_DATA: return r.graphics[r.graphicsIndex] ?? NOBODY;
      default: return NOBODY;
    }
  }

  writeByte(offset: number, value: number): void {
    const { registers: r } = this;
    if (offset < ATTRIBUTE || offset >= COLOUR) {
      if ((offset >= COLOUR) === this.isColour) this.writeCrtc(offset & 0xf, value);
      return;
    }
    switch (offset) {
      case ATTRIBUTE: return this.writeAttribute(value);
      case MISC:
        r.misc = value;
        return this.accessChanged();
      case SEQ_INDEX: r.sequencerIndex = value & 7; return;
      case SEQ_DATA:
        if (r.sequencerIndex < SEQUENCER_REGISTERS) r.sequencer[r.sequencerIndex] = value & SEQUENCER_BITS[r.sequencerIndex];
        return this.accessChanged();
      case DAC_MASK: r.dacMask = value; return;
      case DAC_READ: return this.chooseDac(value, true);
      case DAC_WRITE: return this.chooseDac(value, false);
      case DAC_DATA: return this.writeDac(value);
      case GFX_INDEX: r.graphicsIndex = value & 15; return;
      case GFX_DATA:
        if (r.graphicsIndex < GRAPHICS_REGISTERS) r.graphics[r.graphicsIndex] = value & GRAPHICS_BITS[r.graphicsIndex];
        return this.accessChanged();
      default:
    }
  }

  /** The extension's ports: index, data. */
  readonly vbePorts: WidePorts = {
    read: (offset, size) => (size !== 2 ? allOnes(size) : offset === 0 ? this.registers.vbeIndex : this.vbe.readRegister(this.registers.vbeIndex)),
    write: (offset, size, value) => {
      if (size !== 2) return;
      if (offset === 0) this.registers.vbeIndex = value;
      else this.writeVbe(this.registers.vbeIndex, value);
    },
  };

  /** Sets a register of the extension. */
  writeVbe(register: number, value: number): void {
    this.vbe.writeRegister(register, value);
    this.accessChanged();
  }

  reset(): void {
    Object.assign(this.registers, powerOnRegisters());
    resetVbe(this.registers);
    this.accessChanged();
  }

  /** Video memory without the zeros at its end. */
  save(): SavedState {
    const { bytes } = this.memory;
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) used--;
    return { ...saveFields(this.registers), memory: bytes.slice(0, used) };
  }

  restore(state: SavedState): void {
    const fields: VgaRegisters & { memory: Uint8Array } = { ...this.registers, memory: new Uint8Array(0) };
    restoreFields("VGA", fields, { ...VGA_SHAPE, memory: bytesUpTo(this.memory.bytes.length) }, state);
    const { memory, ...registers } = fields;
    Object.assign(this.registers, registers);
    this.memory.bytes.fill(0).set(memory);
    this.vbe.settle();
    this.accessChanged();
  }

  private get isColour(): boolean {
    return (this.registers.misc & MISC_COLOUR) !== 0;
  }

  /** How the processor reaches video memory may have changed. */
  private accessChanged(): void {
    this.memory.update(this.vbe.window);
  }

  // ---- CRT controller and what shares its ports

  private readCrtc(offset: number): number {
    const { registers: r } = this;
    switch (offset) {
      case CRTC_INDEX: return r.crtcIndex;
      case CRTC_DATA: return r.crtc[r.crtcIndex] ?? NOBODY;
      case STATUS_1: return this.readStatus();
      default: return NOBODY;
    }
  }

  private writeCrtc(offset: number, value: number): void {
    const { registers: r } = this, { crtc, crtcIndex } = r;
    switch (offset) {
      case CRTC_INDEX: r.crtcIndex = value; return;
      case CRTC_DATA: {
        if (crtcIndex >= CRTC_REGISTERS) return;
        const isProtected = crtcIndex <= LAST_PROTECTED && (crtc[CRTC_RETRACE_END] & CRTC_PROTECT) !== 0;
        if (!isProtected) crtc[crtcIndex] = value;
        else if (crtcIndex === CRTC_OVERFLOW) crtc[crtcIndex] = (crtc[crtcIndex] & ~OVERFLOW_LINE_COMPARE) | (value & OVERFLOW_LINE_COMPARE);
        return;
      }
      case STATUS_1: r.feature = value; return;
      default:
    }
  }

  private readStatus(): number {
    const { registers: r } = this, { isBlank, isInVerticalRetrace } = beamAt(r, this.clock.nowNs());
    r.attributeTakesData = false;
    return (isBlank ? STATUS_1_BLANK : 0) | (isInVerticalRetrace ? STATUS_1_RETRACE : 0);
  }

  // ---- attribute controller

  private writeAttribute(value: number): void {
    const { registers: r } = this, index = r.attributeIndex & ATTR_INDEX;
    if (!r.attributeTakesData) r.attributeIndex = value & (ATTR_INDEX | ATTR_PICTURE_ON);
    else if (index < ATTRIBUTE_REGISTERS && (index >= PALETTE || (r.attributeIndex & ATTR_PICTURE_ON) === 0)) r.attribute[index] = value & ATTRIBUTE_BITS[index];
    r.attributeTakesData = !r.attributeTakesData;
  }

  // ---- DAC

  private chooseDac(entry: number, isReading: boolean): void {
    const { registers: r } = this;
    r.dacIsReading = isReading;
    r.dacColour = 0;
    if (isReading) r.dacReadEntry = entry;
    else r.dacWriteEntry = entry;
  }

  private readDac(): number {
    const { registers: r } = this, value = r.dac[r.dacReadEntry * DAC_COLOURS + r.dacColour];
    r.dacColour = (r.dacColour + 1) % DAC_COLOURS;
    if (r.dacColour === 0) r.dacReadEntry = (r.dacReadEntry + 1) % DAC_ENTRIES;
    return value;
  }

  /** An entry changes when its third colour comes. */
  private writeDac(value: number): void {
    const { registers: r } = this;
    r.dacPending[r.dacColour] = this.vbe.hasWideDac ? value : value & DAC_6_BITS;
    r.dacColour = (r.dacColour + 1) % DAC_COLOURS;
    if (r.dacColour !== 0) return;
    r.dac.set(r.dacPending, r.dacWriteEntry * DAC_COLOURS);
    r.dacWriteEntry = (r.dacWriteEntry + 1) % DAC_ENTRIES;
  }
}
