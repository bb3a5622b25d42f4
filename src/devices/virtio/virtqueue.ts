/**
 * A split virtqueue (§2.7): a descriptor table, a ring of buffers that the driver makes available, and a ring of those that the device
 * has used, all in guest memory. The driver may write anything there at any time; what makes no sense ends in DEVICE_NEEDS_RESET.
 */
import type { Device } from "../../bus/device.ts";
import type { BusMemory } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, DWORD, FLAG, oneOf, restoreFields, saveFields, WORD } from "../saveable.ts";
import type { Segment } from "./descriptor-chain.ts";
import { DescriptorChain } from "./descriptor-chain.ts";

/** A descriptor: address, length, flags, next. */
const DESCRIPTOR_BYTES = 16, F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4;
/** Rings begin with flags and an index. */
const RING_INDEX = 2, RING = 4, AVAILABLE_BYTES = 2, USED_BYTES = 8, NO_INTERRUPT = 1;
/** Most descriptors of an indirect table that are looked at. */
const MAX_INDIRECT = 1024;
/** A chain has fewer bytes than this (§2.7.4). */
const MAX_CHAIN_BYTES = 2 ** 32;

/** Indices into `addresses`, which has the lower half first. */
export const DESCRIPTORS = 0, AVAILABLE = 2, USED = 4;

interface Registers {
  /** Entries, a power of two. */
  size: number;
  isEnabled: boolean;
  /** Descriptor table, available ring, used ring; two dwords each. */
  addresses: readonly number[];
  /** Entries of the available ring that have been taken, and of the used ring that have been given back, modulo 2^16. */
  taken: number;
  given: number;
}

/** What a queue has of its transport. */
export interface QueueHost {
  readonly memory: BusMemory;
  readonly hasIndirect: boolean;
  readonly hasEventIndex: boolean;
  /** False while the device must not touch buffers. */
  readonly isRunning: boolean;
  needsReset(): void;
  /** The driver wants to hear of a used buffer of a queue. */
  interrupt(queue: Virtqueue): void;
}

export class Virtqueue implements Device, Saveable {
  /** The most entries that the driver may choose. */
  readonly maxSize: number;
  private readonly host: QueueHost;
  private readonly r: Registers;
  /** Chains that the device has. */
  private readonly out = new Set<DescriptorChain>();

  constructor(host: QueueHost, maxSize: number) {
    this.host = host;
    this.maxSize = maxSize;
    this.r = initial(maxSize);
  }

  // ---- for the device

  /** The next chain of buffers, or null if there is none now. */
  take(): DescriptorChain | null {
    const { host, r } = this;
    if (!r.isEnabled || !host.isRunning) return null;
    const available = this.address(AVAILABLE), index = this.word(available + RING_INDEX);
    if (index === null) return this.broken();
    const waiting = (index - r.taken) & 0xffff;
    if (waiting === 0) return null;
    // A chain that is out has its descriptors, and every chain has one at least.
    if (waiting + this.out.size > r.size) return this.broken();
    const head = this.word(available + RING + AVAILABLE_BYTES * (r.taken % r.size)), chain = head === null ? null : this.chainAt(head);
    if (chain === null) return this.broken();
    r.taken = (r.taken + 1) & 0xffff;
    // avail_event: the driver is to tell of the next buffer (§2.7.10).
    if (host.hasEventIndex && !this.putWords(this.address(USED) + RING + USED_BYTES * r.size, r.taken)) return this.broken();
    this.out.add(chain);
    return chain;
  }

  /** Whether a chain is the device's; those from before a reset are not. */
  isOut(chain: DescriptorChain): boolean {
    return this.out.has(chain);
  }

  /** A chain that the device had when the machine was saved; null if it is none any more. */
  takeAgain(head: number): DescriptorChain | null {
    const { r } = this, chain = r.isEnabled && this.host.isRunning && this.out.size < r.size ? this.chainAt(head) : null;
    if (chain !== null) this.out.add(chain);
    return chain;
  }

  /** Undoes the `take` that gave a chain, the last one that has not been undone: the driver's buffers are as they were. */
  untake(chain: DescriptorChain): void {
    if (this.out.delete(chain)) this.r.taken = (this.r.taken - 1) & 0xffff;
  }

  /** Gives a chain back, with what was written to it. One from before a reset is dropped. */
  complete(chain: DescriptorChain): void {
    const { host, r } = this;
    if (!this.out.delete(chain) || !r.isEnabled || !host.isRunning) return;
    const used = this.address(USED), { head, writtenBytes } = chain;
    const isWritten = this.putWords(used + RING + USED_BYTES * (r.given % r.size), head, 0, writtenBytes, writtenBytes >>> 16);
    r.given = (r.given + 1) & 0xffff;
    if (!isWritten || !this.putWords(used + RING_INDEX, r.given)) {
      this.broken();
      return;
    }
    if (this.wantsInterrupt()) host.interrupt(this);
  }

  // ---- for the transport

  get size(): number {
    return this.r.size;
  }

  set size(value: number) {
    if (value > 0 && value <= this.maxSize && (value & (value - 1)) === 0 && !this.r.isEnabled) this.r.size = value;
  }

  get isEnabled(): boolean {
    return this.r.isEnabled;
  }

  /** From now on the rings are the driver's to fill; they begin empty. */
  enable(): void {
    this.r.isEnabled = true;
  }

  /** A half of an address: DESCRIPTORS, AVAILABLE or USED, or one more for the upper half. */
  addressHalf(which: number): number {
    return this.r.addresses[which];
  }

  setAddressHalf(which: number, value: number): void {
    if (!this.r.isEnabled) this.r.addresses = this.r.addresses.with(which, value >>> 0);
  }

  reset(): void {
    for (const chain of this.out) chain.void();
    this.out.clear();
    Object.assign(this.r, initial(this.maxSize));
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    const sizes = Array.from({ length: Math.log2(this.maxSize) + 1 }, (_, i) => 2 ** i);
    const shape: Shape<Registers> = { size: oneOf(...sizes), isEnabled: FLAG, addresses: array(6, DWORD), taken: WORD, given: WORD };
    restoreFields("virtqueue", this.r, shape, state);
    for (const chain of this.out) chain.void();
    this.out.clear();
  }

  // ---- rings

  private address(which: number): number {
    const { addresses } = this.r;
    return addresses[which + 1] * 2 ** 32 + addresses[which];
  }

  private word(address: number): number | null {
    const bytes = this.host.memory.read(address, 2);
    return bytes === null ? null : bytes[0] | (bytes[1] << 8);
  }

  /** Writes 16-bit values one after the other; false if there is no memory. */
  private putWords(address: number, ...values: readonly number[]): boolean {
    const bytes = new Uint8Array(2 * values.length);
    values.forEach((value, i) => {
      bytes[2 * i] = value;
      bytes[2 * i + 1] = value >>> 8;
    });
    return this.host.memory.write(address, bytes);
  }

  /** Whether the driver wants to hear of the buffer that was given back last (§2.7.7, §2.7.8). */
  private wantsInterrupt(): boolean {
    const { host, r } = this, available = this.address(AVAILABLE);
    if (!host.hasEventIndex) return ((this.word(available) ?? 0) & NO_INTERRUPT) === 0;
    const event = this.word(available + RING + AVAILABLE_BYTES * r.size) ?? 0;
    return ((r.given - event - 1) & 0xffff) === 0;
  }

  private broken(): null {
    this.host.needsReset();
    return null;
  }

  // ---- descriptors

  /** The chain that begins at a descriptor, or null if it is malformed. */
  private chainAt(head: number): DescriptorChain | null {
    const { size } = this.r, readable: Segment[] = [], writable: Segment[] = [];
    let table = this.address(DESCRIPTORS), entries = size, limit = size, index = head, isIndirect = false, total = 0;
    for (let count = 0; count < limit; count++) {
      const descriptor = index < entries ? this.descriptor(table, index) : null;
      if (descriptor === null) return null;
      const { address, length, flags } = descriptor;
      if ((flags & F_INDIRECT) !== 0) {
        if (isIndirect || !this.host.hasIndirect || (flags & F_NEXT) !== 0 || length === 0 || length % DESCRIPTOR_BYTES !== 0) return null;
        [table, entries, index, isIndirect] = [address, length / DESCRIPTOR_BYTES, 0, true];
        // The chain goes on in that table, with as many entries as it has.
        limit = count + 1 + Math.min(entries, MAX_INDIRECT);
        continue;
      }
      const isWritable = (flags & F_WRITE) !== 0;
      total += length;
      if (total >= MAX_CHAIN_BYTES || !this.host.memory.has(address, length) || (!isWritable && writable.length > 0)) return null;
      (isWritable ? writable : readable).push({ address, length });
      if ((flags & F_NEXT) === 0) return new DescriptorChain(this.host.memory, head, readable, writable);
      index = descriptor.next;
    }
    // As many as there are, and still no end: it goes round.
    return null;
  }

  private descriptor(table: number, index: number): { readonly address: number; readonly length: number; readonly flags: number; readonly next: number } | null {
    const bytes = this.host.memory.read(table + index * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
    if (bytes === null) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { address: view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true), length: view.getUint32(8, true), flags: view.getUint16(12, true), next: view.getUint16(14, true) };
  }
}

function initial(size: number): Registers {
  return { size, isEnabled: false, addresses: [0, 0, 0, 0, 0, 0], taken: 0, given: 0 };
}
