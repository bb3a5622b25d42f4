/**
 * A PCI function: its configuration space of 256 bytes (PCI Local Bus Specification 3.0, chapter 6). What a device adds it says by
 * `ConfigSpace`: fixed bytes, bits that software may write, base addresses.
 */
import type { Device, WidePorts } from "../../bus/device.ts";
import type { Field, Saveable, SavedState } from "../saveable.ts";
import { array, BYTE, restoreFields, saveFields, StateError } from "../saveable.ts";

export const CONFIG_BYTES = 256;

/** Offsets (§6.2). */
export const VENDOR_ID = 0, DEVICE_ID = 2, COMMAND = 4, STATUS = 6, REVISION = 8, CLASS = 9, HEADER_TYPE = 14, BASE_ADDRESS = 16, SUBSYSTEM_VENDOR = 44, SUBSYSTEM = 46,
  INTERRUPT_LINE = 60, INTERRUPT_PIN = 61;
/** Bits of the command register. */
export const COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4;
/** Addresses of ports beyond those of a PC reach nothing. */
const PORTS = 0x10000;
const COMMAND_WRITABLE = 0x0547;
const BAR_IO = 1, BARS = 6, BAR_IO_MASK = ~3, HEADER_MULTI = 0x80;

/** Ports behind a base address register. */
export interface IoBar {
  /** 0..5. */
  readonly index: number;
  /** A power of two, 4..256. */
  readonly sizeBytes: number;
  readonly ports: WidePorts;
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
  readonly bars?: readonly IoBar[];
  /** Further registers: what they hold after reset, and which bits can be written. */
  readonly registers?: readonly { readonly offset: number; readonly value: number; readonly writable: number }[];
}

/** Where ports of base addresses appear and vanish. */
export interface PortMapper {
  map(first: number, count: number, ports: WidePorts): void;
  unmap(first: number, count: number): void;
}

interface Registers {
  config: readonly number[];
}

const CONFIG = array(CONFIG_BYTES, BYTE);

export class PciFunction implements Device, Saveable {
  /** Told when the configuration may have changed: written, reset, restored. For registers that do something. */
  onChange: () => void = () => undefined;
  private readonly r: Registers = { config: new Array<number>(CONFIG_BYTES).fill(0) };
  private readonly initial: number[] = new Array<number>(CONFIG_BYTES).fill(0);
  private readonly writable: number[] = new Array<number>(CONFIG_BYTES).fill(0);
  private readonly bars: readonly IoBar[];
  private mapper: PortMapper | null = null;
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
    for (const { index, sizeBytes } of this.bars) this.define(BASE_ADDRESS + 4 * index, 4, BAR_IO, (~(sizeBytes - 1) & BAR_IO_MASK) >>> 0);
    for (const { offset, value, writable } of d.registers ?? []) this.define(offset, 1, value, writable);
    this.r.config = this.initial;
  }

  /** Joins the function to where its ports are to appear. */
  connect(mapper: PortMapper): void {
    this.mapper = mapper;
    this.remap();
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
    const at = offset & (CONFIG_BYTES - 1), mask = this.writable[at];
    this.r.config = this.r.config.with(at, (this.r.config[at] & ~mask) | (value & mask));
    if (at === COMMAND || (at >= BASE_ADDRESS && at < BASE_ADDRESS + 4 * BARS)) this.remap();
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

  /** Ports appear where the base addresses say, while the command register lets them. */
  private remap(): void {
    const { mapper } = this;
    if (mapper === null) return;
    this.bars.forEach(({ index, sizeBytes, ports }, i) => {
      const at = BASE_ADDRESS + 4 * index, base = [0, 1, 2, 3].reduce((sum, i) => sum + this.byteAt(at + i) * 2 ** (8 * i), 0) - BAR_IO;
      const first = (this.command & COMMAND_IO) !== 0 && base > 0 && base < PORTS ? base : -1;
      if (first === this.mapped[i]) return;
      if (this.mapped[i] >= 0) mapper.unmap(this.mapped[i], sizeBytes);
      if (first >= 0) mapper.map(first, sizeBytes, ports);
      this.mapped[i] = first;
    });
  }
}
