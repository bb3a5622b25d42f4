/**
 * A PCI function: its configuration space of 256 bytes (PCI Local Bus Specification 3.0, chapter 6). What a device adds it says by
 * `ConfigSpace`: fixed bytes, bits that software may write, base addresses.
 */
import type { Device, WidePorts } from "../../bus/device.ts";
import type { Field, Saveable, SavedState } from "../saveable.ts";
import { array, BYTE, restoreFields, saveFields, StateError } from "../saveable.ts";

const CONFIG_BYTES = 256;

/** Offsets (§6.2). */
export const VENDOR_ID = 0, DEVICE_ID = 2, COMMAND = 4, STATUS = 6, REVISION = 8, CLASS = 9, HEADER_TYPE = 14, BASE_ADDRESS = 16, SUBSYSTEM_VENDOR = 44, SUBSYSTEM = 46, ROM_ADDRESS = 48, CAPABILITIES = 52,
  INTERRUPT_LINE = 60, INTERRUPT_PIN = 61;
/** Bits of the command register. */
export const COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4;
/** Bit of the status register: there is a list of capabilities. */
export const STATUS_CAPABILITIES = 0x10;
/** Addresses of ports beyond those of a PC reach nothing. */
const PORTS = 0x10000;
const COMMAND_WRITABLE = 0x0547;
const BAR_IO = 1, BARS = 6, HEADER_MULTI = 0x80;
/** Bits of a base address register that hold no address. */
const BAR_IO_KIND = 3, BAR_MEMORY_KIND = 15;
/** Bit of the ROM's base address that lets it answer; the least a ROM decodes. */
const ROM_ENABLE = 1, MIN_ROM_BYTES = 4096;

/** Ports behind a base address register. */
export interface IoBar {
  /** 0..5. */
  readonly index: number;
  /** A power of two, 4..256. */
  readonly sizeBytes: number;
  readonly ports: WidePorts;
}

/** Registers in memory behind a base address register of 32 bits, or memory of the device's own. */
export interface MemoryBar {
  /** 0..5. */
  readonly index: number;
  /** A power of two, 16..2^31; 4096 at least for memory, and its length. */
  readonly sizeBytes: number;
  readonly memory: WidePorts | Uint8Array;
}

export type Bar = IoBar | MemoryBar;

/** True for a base address of ports. */
export function isIoBar(bar: Bar): bar is IoBar {
  return "ports" in bar;
}

export interface FunctionDescription {
  readonly vendor: number;
  readonly device: number;
  readonly revision?: number;
  /** Base class, subclass, interface, as one number of 24 bits. */
  readonly classCode: number;
  /** The device has other functions (function 0 only). */
  readonly hasFunctions?: boolean;
  /** 1 for INTA#; 0 for none. */
  readonly interruptPin?: number;
  readonly bars?: readonly Bar[];
  /** Expansion ROM (§6.2.5.2): up to 16 MiB. */
  readonly rom?: Uint8Array | undefined;
  /** Further registers: what they hold after reset, and which bits can be written. */
  readonly registers?: readonly { readonly offset: number; readonly value: number; readonly writable: number }[];
}

/** Where registers of base addresses appear and vanish: ports, or physical addresses. */
export interface RegisterMapper {
  map(first: number, count: number, registers: WidePorts): void;
  unmap(first: number, count: number): void;
}

/** Physical addresses, where memory of devices appears, too. */
export interface MemoryMapper extends RegisterMapper {
  /** Maps memory, page aligned: the guest reaches these bytes, and writes them unless it may only read. */
  mapBytes(first: number, bytes: Uint8Array, isReadOnly: boolean): void;
}

/** Something behind a base address. */
interface Place {
  /** Offset of its register. */
  readonly register: number;
  readonly sizeBytes: number;
  /** Bits of the command register, and of the register itself, that let it answer. */
  readonly command: number;
  readonly enable: number;
  map(first: number): void;
  unmap(first: number): void;
}

interface Registers {
  config: readonly number[];
}

const CONFIG = array(CONFIG_BYTES, BYTE);

export class PciFunction implements Device, Saveable {
  /** Told when the configuration may have changed: written, reset, restored. For registers that do something. */
  onChange: () => void = () => undefined;
  /** Told before a byte is read. For registers whose value comes from elsewhere, which it can `put` there. */
  onRead: (offset: number) => void = () => undefined;
  /** Told of a byte that software has written. */
  onWrite: (offset: number) => void = () => undefined;
  private readonly r: Registers = { config: new Array<number>(CONFIG_BYTES).fill(0) };
  private readonly initial: number[] = new Array<number>(CONFIG_BYTES).fill(0);
  private readonly writable: number[] = new Array<number>(CONFIG_BYTES).fill(0);
  readonly bars: readonly Bar[];
  private readonly rom: Uint8Array | null;
  private places: readonly Place[] = [];
  /** Where each of them is mapped now; -1 for nowhere. */
  private mapped: number[] = [];

  constructor(d: FunctionDescription) {
    this.bars = d.bars ?? [];
    this.rom = d.rom === undefined ? null : padded(d.rom);
    this.define(VENDOR_ID, 2, d.vendor, 0);
    this.define(DEVICE_ID, 2, d.device, 0);
    this.define(COMMAND, 2, 0, COMMAND_WRITABLE);
    this.define(REVISION, 1, d.revision ?? 0, 0);
    this.define(CLASS, 3, d.classCode, 0);
    this.define(HEADER_TYPE, 1, d.hasFunctions === true ? HEADER_MULTI : 0, 0);
    this.define(INTERRUPT_LINE, 1, 0, 0xff);
    this.define(INTERRUPT_PIN, 1, d.interruptPin ?? 0, 0);
    for (const bar of this.bars) {
      const [initial, kind] = isIoBar(bar) ? [BAR_IO, BAR_IO_KIND] : [0, BAR_MEMORY_KIND];
      this.define(BASE_ADDRESS + 4 * bar.index, 4, initial, (~(bar.sizeBytes - 1) & ~kind) >>> 0);
    }
    if (this.rom !== null) this.define(ROM_ADDRESS, 4, 0, (~(this.rom.length - 1) | ROM_ENABLE) >>> 0);
    for (const { offset, value, writable } of d.registers ?? []) this.define(offset, 1, value, writable);
    this.r.config = this.initial;
  }

  /** Joins the function to where its registers are to appear. */
  connect(ports: RegisterMapper, memory: MemoryMapper): void {
    const { rom } = this;
    this.places = this.bars.map((bar) => placeOf(bar, ports, memory));
    if (rom !== null) {
      const size = rom.length;
      this.places = [...this.places, {
        register: ROM_ADDRESS, sizeBytes: size, command: COMMAND_MEMORY, enable: ROM_ENABLE, map: (first) => memory.mapBytes(first, rom, true), unmap: (first) => memory.unmap(first, size),
      }];
    }
    this.mapped = this.places.map(() => -1);
    this.remap();
  }

  /** A byte as software reads it. */
  readByte(offset: number): number {
    this.onRead(offset & (CONFIG_BYTES - 1));
    return this.byteAt(offset);
  }

  /** Sets a byte that software can write, as the device does it. */
  put(offset: number, value: number): void {
    const at = offset & (CONFIG_BYTES - 1), mask = this.writable[at];
    this.r.config = this.r.config.with(at, (this.r.config[at] & ~mask) | (value & mask));
  }

  /** A byte of the configuration. */
  byteAt(offset: number): number {
    return this.r.config[offset & (CONFIG_BYTES - 1)];
  }

  /** The command register. */
  get command(): number {
    return this.byteAt(COMMAND) | (this.byteAt(COMMAND + 1) << 8);
  }

  /** What firmware would write: sets a byte's writable bits. */
  writeByte(offset: number, value: number): void {
    const at = offset & (CONFIG_BYTES - 1);
    this.put(at, value);
    if (at === COMMAND || (at >= BASE_ADDRESS && at < BASE_ADDRESS + 4 * BARS) || (at >= ROM_ADDRESS && at < ROM_ADDRESS + 4)) this.remap();
    this.onWrite(at);
    this.onChange();
  }

  reset(): void {
    this.r.config = this.initial;
    this.remap();
    this.onChange();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("PCI function", this.r, { config: this.reachable }, state);
    this.remap();
    this.onChange();
  }

  /** Bits that cannot be written must be as they are. */
  private get reachable(): Field<readonly number[]> {
    const allowed = `${CONFIG.allowed}, with the fixed bits of this device`;
    return {
      allowed,
      read: (value, at) => {
        const config = CONFIG.read(value, at), wrong = config.findIndex((byte, i) => ((byte ^ this.initial[i]) & ~this.writable[i]) !== 0);
        if (wrong < 0) return config;
        throw new StateError(`${at}[${wrong}]`, `is ${config[wrong]}; fixed bits of this device are otherwise`);
      },
    };
  }

  private define(offset: number, bytes: number, value: number, writable: number): void {
    for (let i = 0; i < bytes; i++) {
      this.initial[offset + i] = (value >>> (8 * i)) & 0xff;
      this.writable[offset + i] = (writable >>> (8 * i)) & 0xff;
    }
  }

  /** Registers appear where the base addresses say, while the command register lets them. */
  private remap(): void {
    this.places.forEach((place, i) => {
      const first = this.addressOf(place);
      if (first === this.mapped[i]) return;
      if (this.mapped[i] >= 0) place.unmap(this.mapped[i]);
      if (first >= 0) place.map(first);
      this.mapped[i] = first;
    });
  }

  /** Where a base address is now, or -1. */
  private addressOf({ register, sizeBytes, command, enable }: Place): number {
    const value = [0, 1, 2, 3].reduce((sum, i) => sum + this.byteAt(register + i) * 2 ** (8 * i), 0), base = value - (value % sizeBytes);
    const isOn = (this.command & command) !== 0 && (value & enable) === enable;
    return isOn && base > 0 && (command === COMMAND_MEMORY || base < PORTS) ? base : -1;
  }
}

function placeOf(bar: Bar, ports: RegisterMapper, memory: MemoryMapper): Place {
  const { index, sizeBytes } = bar, common = { register: BASE_ADDRESS + 4 * index, sizeBytes, enable: 0 };
  if (isIoBar(bar)) return { ...common, command: COMMAND_IO, map: (first) => ports.map(first, sizeBytes, bar.ports), unmap: (first) => ports.unmap(first, sizeBytes) };
  const registers = bar.memory, map = (first: number): void => (registers instanceof Uint8Array ? memory.mapBytes(first, registers, false) : memory.map(first, sizeBytes, registers));
  return { ...common, command: COMMAND_MEMORY, map, unmap: (first) => memory.unmap(first, sizeBytes) };
}

/** A ROM, lengthened to a power of two. */
function padded(rom: Uint8Array): Uint8Array {
  let size = MIN_ROM_BYTES;
  while (size < rom.length) size *= 2;
  const bytes = new Uint8Array(size);
  bytes.set(rom);
  return bytes;
}
