/**
 * 8237A DMA controller (Intel 231466): four channels that move bytes between devices and memory. A PC has two, the second one for
 * words, and page registers for the upper address bits (dma-pages.ts). As in the 82371, there is no memory-to-memory transfer.
 *
 * | offset | read | write |
 * |---|---|---|
 * | 0, 2, 4, 6 | current address of channel 0..3, low byte and then high byte | base and current address |
 * | 1, 3, 5, 7 | current count | base and current count |
 * | 8 | status | command |
 * | 9 | - | request |
 * | 10 | - | one mask bit |
 * | 11 | - | mode |
 * | 12 | - | clears the byte pointer |
 * | 13 | temporary register | master clear |
 * | 14 | - | clears the mask |
 * | 15 | mask | all mask bits |
 */
import type { BytePorts, Device } from "../bus/device.ts";
import type { DmaChannel, DmaResult } from "../bus/dma.ts";
import type { BusMemory } from "../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { array, BYTE, FLAG, record, restoreFields, saveFields, upTo, WORD } from "./saveable.ts";

const CHANNELS = 4;
const STATUS = 8, REQUEST = 9, MASK_BIT = 10, MODE = 11, CLEAR_POINTER = 12, MASTER_CLEAR = 13, CLEAR_MASK = 14, MASK = 15;

const COMMAND_DISABLE = 4;
const MODE_TYPE = 0x0c, MODE_WRITE = 4, MODE_READ = 8, MODE_AUTO = 0x10, MODE_DOWN = 0x20, MODE_KIND = 0xc0, MODE_CASCADE = 0xc0;

interface Channel {
  baseAddress: number;
  baseCount: number;
  address: number;
  count: number;
  mode: number;
}

interface Registers {
  channels: readonly Channel[];
  command: number;
  /** Channels that have reached their count since the status was read. */
  terminal: number;
  request: number;
  mask: number;
  /** The byte pointer: the next byte of an address or count is the high one. */
  isHigh: boolean;
}

const SHAPE: Shape<Registers> = {
  channels: array(CHANNELS, record<Channel>({ baseAddress: WORD, baseCount: WORD, address: WORD, count: WORD, mode: BYTE })), command: BYTE, terminal: upTo(15),
  request: upTo(15), mask: upTo(15), isHigh: FLAG,
};

const powerOn = (): Registers => ({
  channels: Array.from({ length: CHANNELS }, () => ({ baseAddress: 0, baseCount: 0, address: 0, count: 0, mode: 0 })), command: 0, terminal: 0, request: 0, mask: 15, isHigh: false,
});

export interface DmaParts {
  readonly memory: BusMemory;
  /** Bytes that a channel counts as one: 1 or 2. */
  readonly unitBytes: number;
  /** Address bits above the channel's 16 (or 17), as an address. */
  readonly page: (channel: number) => number;
  /** Whether the controller gets the bus: false while another one that it is behind keeps it away. */
  readonly hasBus: () => boolean;
}

export class I8237 implements Device, Saveable, BytePorts {
  private readonly r = powerOn();
  private readonly parts: DmaParts;

  constructor(parts: DmaParts) {
    this.parts = parts;
  }

  /** The device's side of a channel. */
  channel(index: number): DmaChannel {
    const { memory } = this.parts;
    return {
      toMemory: (bytes) => this.transfer(index, bytes, MODE_WRITE, (address, part) => void memory.write(address, part)),
      fromMemory: (bytes) => {
        bytes.fill(0xff);
        return this.transfer(index, bytes, MODE_READ, (address, part) => part.set(memory.read(address, part.length) ?? []));
      },
    };
  }

  /** Lets a controller behind this one have the bus, through a channel in cascade mode. */
  passes(index: number): boolean {
    return (this.r.channels[index].mode & MODE_KIND) === MODE_CASCADE && this.isOn(index);
  }

  readByte(offset: number): number {
    const { r } = this;
    if (offset < 2 * CHANNELS) {
      const { address, count } = r.channels[offset >>> 1];
      return this.byteOf((offset & 1) === 0 ? address : count);
    }
    switch (offset) {
      case STATUS: {
        const value = r.terminal | (r.request << 4);
        r.terminal = 0;
        return value;
      }
      case MASK: return r.mask | 0xf0;
      default: return 0;
    }
  }

  writeByte(offset: number, value: number): void {
    const { r } = this, bit = 1 << (value & 3), isSet = (value & 4) !== 0;
    if (offset < 2 * CHANNELS) return this.writeChannel(r.channels[offset >>> 1], (offset & 1) === 0, value);
    switch (offset) {
      case STATUS:
        r.command = value;
        return;
      case REQUEST:
        r.request = isSet ? r.request | bit : r.request & ~bit;
        return;
      case MASK_BIT:
        r.mask = isSet ? r.mask | bit : r.mask & ~bit;
        return;
      case MODE:
        r.channels[value & 3].mode = value & ~3;
        return;
      case CLEAR_POINTER:
        r.isHigh = false;
        return;
      case MASTER_CLEAR: return this.clear();
      case CLEAR_MASK:
        r.mask = 0;
        return;
      default: r.mask = value & 15;
    }
  }

  reset(): void {
    Object.assign(this.r, powerOn());
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("8237", this.r, SHAPE, state);
  }

  /** Addresses, counts and modes stay. */
  private clear(): void {
    const { channels } = this.r;
    Object.assign(this.r, powerOn(), { channels });
  }

  private byteOf(word: number): number {
    const { r } = this, byte = r.isHigh ? word >>> 8 : word & 0xff;
    r.isHigh = !r.isHigh;
    return byte;
  }

  /** The base gets the byte, and the current register all of the base. */
  private writeChannel(channel: Channel, isAddress: boolean, byte: number): void {
    const { r } = this, before = isAddress ? channel.baseAddress : channel.baseCount;
    const value = r.isHigh ? (before & 0xff) | (byte << 8) : (before & 0xff00) | byte;
    r.isHigh = !r.isHigh;
    if (isAddress) channel.baseAddress = channel.address = value;
    else channel.baseCount = channel.count = value;
  }

  private isOn(index: number): boolean {
    return (this.r.command & COMMAND_DISABLE) === 0 && (this.r.mask & (1 << index)) === 0;
  }

  /** A request: moves as much as the channel's count allows. A channel that is set up for the other direction, or to verify, only counts. */
  private transfer(index: number, bytes: Uint8Array, type: number, move: (address: number, part: Uint8Array) => void): DmaResult {
    const { parts: { unitBytes, hasBus }, r: { channels: { [index]: channel } } } = this;
    let done = 0, isTerminal = false;
    while (done + unitBytes <= bytes.length && !isTerminal && this.isOn(index) && (channel.mode & MODE_KIND) !== MODE_CASCADE && hasBus()) {
      const isDown = (channel.mode & MODE_DOWN) !== 0, untilWrap = isDown ? channel.address + 1 : 0x10000 - channel.address;
      const units = Math.min(Math.floor((bytes.length - done) / unitBytes), channel.count + 1, untilWrap), part = bytes.subarray(done, done + units * unitBytes);
      if ((channel.mode & MODE_TYPE) === type) this.moveRun(index, isDown ? channel.address - units + 1 : channel.address, isDown, part, move);
      done += part.length;
      channel.address = (channel.address + (isDown ? -units : units)) & 0xffff;
      isTerminal = units > channel.count;
      channel.count = (channel.count - units) & 0xffff;
      if (isTerminal) this.reachCount(index, channel);
    }
    return { count: done, isTerminal };
  }

  /** A run of addresses without a wrap; downwards, the first unit has the highest. */
  private moveRun(index: number, lowest: number, isDown: boolean, part: Uint8Array, move: (address: number, part: Uint8Array) => void): void {
    const { unitBytes, page } = this.parts, address = page(index) + lowest * unitBytes;
    if (!isDown) return move(address, part);
    for (let i = 0; i < part.length; i += unitBytes) move(address + part.length - unitBytes - i, part.subarray(i, i + unitBytes));
  }

  private reachCount(index: number, channel: Channel): void {
    const { r } = this, bit = 1 << index;
    r.terminal |= bit;
    r.request &= ~bit;
    if ((channel.mode & MODE_AUTO) === 0) r.mask |= bit;
    else [channel.address, channel.count] = [channel.baseAddress, channel.baseCount];
  }
}
