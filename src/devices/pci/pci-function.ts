/**
 * A PCI function: its configuration space of 256 bytes (PCI Local Bus Specification 3.0, chapter 6). What a device adds it says by
 * `ConfigSpace`: fixed bytes, bits that software may write, base addresses.
 */
import type { Device, WidePorts } from "../../bus/device.ts";
import type { Field, Saveable, SavedState } from "../saveable.ts";
import { array, BYTE, restoreFields, saveFields, StateError } from "../saveable.ts";

export const CONFIG_BYTES = 256;

/** Offsets (§6.2). */
export const VENDOR_ID = 0, DEVICE_ID = 2, COMMAND = 4, STATUS = 6, REVISION = 8, CLASS = 9, HEADER_TYPE = 14, BASE_ADDRESS = 16, SUBSYSTEM_VENDOR = 44, SUBSYSTEM = 46, CAPABILITIES = 52,
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

/** Ports behind a base address register. */
export interface IoBar {
  /** 0..5. */
  readonly index: number;
  /** A power of two, 4..256. */
  readonly sizeBytes: number;
  readonly ports: WidePorts;
}

/** Registers in memory behind a base address register of 32 bits. */
export interface MemoryBar {
  /** 0..5. */
  readonly index: number;
  /** A power of two, 16..2^31. */
  readonly sizeBytes: number;
  readonly memory: WidePorts;
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
  /** Further registers: what they hold after reset, and which bits can be written. */
  readonly registers?: readonly { readonly offset: number; readonly value: number; readonly writable: number }[];
}

/** Where registers of base addresses appear and vanish: ports, or physical addresses. */
export interface RegisterMapper {
  map(first: number, count: number, registers: WidePorts): void;
  unmap(first: number, count: number): void;
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
  private mappers: { readonly ports: RegisterMapper; readonly memory: RegisterMapper } | null = null;
  /** Where each base address is mapped now; -1 for nowhere. */
  private readonly mapped: number[];

  constructor(d: FunctionDescription) {
    this.bars = d.bars ?? [];
    this.mapped = this.bars.map(() => -1);
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
    for (const { offset, value, writable } of d.registers ?? []) this.define(offset, 1, value, writable);
    this.r.config = this.initial;
  }

  /** Joins the function to where its registers are to appear. */
  connect(ports: RegisterMapper, memory: RegisterMapper): void {
    this.mappers = { ports, memory };
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
    if (at === COMMAND || (at >= BASE_ADDRESS && at < BASE_ADDRESS + 4 * BARS)) this.remap();
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
    const { mappers } = this;
    if (mappers === null) return;
    this.bars.forEach((bar, i) => {
      const [mapper, registers] = isIoBar(bar) ? [mappers.ports, bar.ports] : [mappers.memory, bar.memory], first = this.addressOf(bar);
      if (first === this.mapped[i]) return;
      if (this.mapped[i] >= 0) mapper.unmap(this.mapped[i], bar.sizeBytes);
      if (first >= 0) mapper.map(first, bar.sizeBytes, registers);
      this.mapped[i] = first;
    });
  }

  /** Where a base address is now, or -1. */
  private addressOf(bar: Bar): number {
    const at = BASE_ADDRESS + 4 * bar.index, isIo = isIoBar(bar);
    const base = [0, 1, 2, 3].reduce((sum, i) => sum + this.byteAt(at + i) * 2 ** (8 * i), 0) - (isIo ? BAR_IO : 0);
    const isOn = (this.command & (isIo ? COMMAND_IO : COMMAND_MEMORY)) !== 0;
    return isOn && base > 0 && (!isIo || base < PORTS) ? base : -1;
  }
}
