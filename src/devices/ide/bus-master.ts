/**
 * The bus master of an IDE channel (82371SB, "Bus Master IDE I/O registers"): moves a command's data to and from memory, by a table of
 * physical region descriptors. Registers: 0 command, 2 status, 4 descriptor table pointer.
 */
import type { Device } from "../../bus/device.ts";
import type { BusMemory } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { BYTE, DWORD, restoreFields, saveFields, upTo } from "../saveable.ts";

const COMMAND = 0, STATUS = 2, TABLE = 4;
const COMMAND_START = 1, COMMAND_TO_MEMORY = 8;
const STATUS_ACTIVE = 1, STATUS_ERROR = 2, STATUS_INTERRUPT = 4, STATUS_CAPABLE = 0x60;
/** A descriptor: address, count of bytes (0 for 64 KiB), and bit 31 in the last one. */
const DESCRIPTOR_BYTES = 8, END_OF_TABLE = 0x80000000, MAX_DESCRIPTORS = 8192;

interface Registers {
  command: number;
  status: number;
  table: number;
  /** Where the transfer is: a descriptor, and how much of its region is done. */
  descriptor: number;
  offset: number;
}

const SHAPE: Shape<Registers> = { command: BYTE, status: BYTE, table: DWORD, descriptor: upTo(MAX_DESCRIPTORS), offset: upTo(0x10000) };
const powerOn = (): Registers => ({ command: 0, status: 0, table: 0, descriptor: 0, offset: 0 });

export class BusMaster implements Device, Saveable {
  /** Told when the guest starts it. */
  onStart: () => void = () => undefined;
  private readonly r = powerOn();
  private readonly memory: BusMemory;

  constructor(memory: BusMemory) {
    this.memory = memory;
  }

  get isStarted(): boolean {
    return (this.r.command & COMMAND_START) !== 0;
  }

  readByte(offset: number): number {
    const { r } = this;
    if (offset === COMMAND) return r.command;
    if (offset === STATUS) return r.status;
    return offset >= TABLE ? (r.table >>> (8 * (offset - TABLE))) & 0xff : 0;
  }

  writeByte(offset: number, value: number): void {
    const { r } = this;
    if (offset === COMMAND) this.writeCommand(value);
    else if (offset === STATUS) r.status = ((r.status & ~value & (STATUS_ERROR | STATUS_INTERRUPT)) | (r.status & STATUS_ACTIVE) | (value & STATUS_CAPABLE)) & 0xff;
    else if (offset >= TABLE) {
      const shift = 8 * (offset - TABLE);
      r.table = ((r.table & ~(0xff << shift)) | (value << shift)) >>> 0;
      r.table = (r.table & ~3) >>> 0;
    }
  }

  /** The drive's interrupt passes through. */
  noteInterrupt(): void {
    this.r.status |= STATUS_INTERRUPT;
  }

  /** Data for memory, after what was moved since the start: false if the table has too little room, or names none. The transfer has ended then. */
  toMemory(bytes: Uint8Array): boolean {
    return this.walk(bytes.length, (address, from, count) => this.memory.write(address, bytes.subarray(from, from + count)));
  }

  /** Data from memory, or null. */
  fromMemory(length: number): Uint8Array | null {
    const bytes = new Uint8Array(length);
    const isDone = this.walk(length, (address, from, count) => {
      const part = this.memory.read(address, count);
      if (part !== null) bytes.set(part, from);
      return part !== null;
    });
    return isDone ? bytes : null;
  }

  reset(): void {
    Object.assign(this.r, powerOn());
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("IDE bus master", this.r, SHAPE, state);
  }

  private writeCommand(value: number): void {
    const { r } = this, starts = (value & COMMAND_START) !== 0 && !this.isStarted;
    r.command = value & (COMMAND_START | COMMAND_TO_MEMORY);
    if ((value & COMMAND_START) === 0) r.status &= ~STATUS_ACTIVE;
    if (!starts) return;
    r.status |= STATUS_ACTIVE;
    r.descriptor = r.offset = 0;
    this.onStart();
  }

  /** Calls `move(address, bytes done, bytes here)` for the regions that make up `length` bytes. */
  private walk(length: number, move: (address: number, from: number, count: number) => boolean): boolean {
    const { r } = this;
    let done = 0;
    while (done < length && this.isStarted && r.descriptor < MAX_DESCRIPTORS) {
      const descriptor = this.memory.read((r.table + r.descriptor * DESCRIPTOR_BYTES) % 0x100000000, DESCRIPTOR_BYTES);
      if (descriptor === null) break;
      const view = new DataView(descriptor.buffer, descriptor.byteOffset), address = view.getUint32(0, true) & ~1, words = view.getUint32(4, true);
      const room = Math.max(0, ((words & 0xfffe) || 0x10000) - r.offset), count = Math.min(room, length - done), isLast = words >= END_OF_TABLE;
      if (!move((address >>> 0) + r.offset, done, count)) break;
      done += count;
      r.offset += count;
      if (count < room) break;
      // A table with more room than there was data stays active (82371SB, "Interrupt/Activity status combinations").
      if (isLast && done === length) r.status &= ~STATUS_ACTIVE;
      if (isLast) break;
      r.descriptor++;
      r.offset = 0;
    }
    if (done < length) r.status = (r.status & ~STATUS_ACTIVE) | STATUS_ERROR;
    return done === length;
  }
}
