// A virtio device on a PCI function, with memory around it, and a small driver: modern registers, queues in that memory.

import type { BusMemory } from "../../src/bus/host-work.ts";
import type { WidePorts } from "../../src/bus/device.ts";
import type { RegisterMapper } from "../../src/devices/pci/pci-function.ts";
import { BASE_ADDRESS, COMMAND } from "../../src/devices/pci/pci-function.ts";
import type { VirtioDevice } from "../../src/devices/virtio/virtio-device.ts";
import { VirtioPci } from "../../src/devices/virtio/virtio-pci.ts";
import { ManualWork } from "./manual-work.ts";

export const RAM_BYTES = 1 << 20;
/** Where a driver's queues begin, and its buffers. */
const QUEUES_AT = 0x10000, QUEUE_BYTES = 0x8000;
export const BUFFERS_AT = 0x80000;
export const COMMON = 0x0000, ISR = 0x1000, DEVICE_CONFIG = 0x2000, NOTIFY = 0x3000;
export const STATUS = COMMON + 20, QUEUE_SELECT = COMMON + 22, QUEUE_SIZE = COMMON + 24, QUEUE_ENABLE = COMMON + 28, QUEUE_ADDRESSES = COMMON + 32;
export const F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4;

/** Memory that tells whether anyone reached beyond it. */
export class TestMemory implements BusMemory {
  readonly bytes = new Uint8Array(RAM_BYTES);
  readonly view = new DataView(this.bytes.buffer);

  has(address: number, length: number): boolean {
    return address + length <= RAM_BYTES;
  }

  read(address: number, length: number): Uint8Array | null {
    return this.has(address, length) ? this.bytes.slice(address, address + length) : null;
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (!this.has(address, bytes.length)) return false;
    this.bytes.set(bytes, address);
    return true;
  }
}

/** Registers that a mapper was given, for the one base address of its kind. */
class OneRange implements RegisterMapper {
  registers: WidePorts = { read: () => 0, write: () => undefined };

  map(_first: number, _count: number, registers: WidePorts): void {
    this.registers = registers;
  }

  mapBytes(): void {
    throw new Error("virtio devices have no memory of their own");
  }

  unmap(): void {
    this.registers = { read: () => 0, write: () => undefined };
  }
}

export interface UsedBuffer {
  readonly head: number;
  readonly length: number;
}

/** A device, its function, and a driver for it. */
export class VirtioBench {
  readonly ram: TestMemory;
  readonly work = new ManualWork();
  readonly pci: VirtioPci;
  /** Level of INTA#. */
  isInterrupting = false;
  private readonly ports = new OneRange();
  private readonly memory = new OneRange();
  private readonly queues = new Map<number, { size: number; nextDescriptor: number; available: number; used: number }>();
  private nextBuffer = BUFFERS_AT;

  constructor(device: VirtioDevice, ram = new TestMemory()) {
    this.ram = ram;
    this.pci = new VirtioPci({ device, memory: this.ram, work: this.work, interrupt: (isHigh) => { this.isInterrupting = isHigh; }, sendMessage: null });
    this.pci.pci.connect(this.ports, this.memory);
    this.pci.pci.writeByte(BASE_ADDRESS + 1, 0xc0);
    this.pci.pci.writeByte(BASE_ADDRESS + 4 * 4 + 3, 0xfe);
    this.pci.pci.writeByte(COMMAND, 7);
  }

  // ---- registers

  /** Behind base address 4. */
  read(offset: number, size: number): number {
    return this.memory.registers.read(offset, size);
  }

  write(offset: number, size: number, value: number): void {
    this.memory.registers.write(offset, size, value);
  }

  /** Behind base address 0. */
  readLegacy(offset: number, size: number): number {
    return this.ports.registers.read(offset, size);
  }

  writeLegacy(offset: number, size: number, value: number): void {
    this.ports.registers.write(offset, size, value);
  }

  /** Feature bits that are offered. */
  offered(): bigint {
    let bits = 0n;
    for (const word of [0, 1]) {
      this.write(0, 4, word);
      bits |= BigInt(this.read(4, 4)) << BigInt(32 * word);
    }
    return bits;
  }

  // ---- the driver

  /** Acknowledges, accepts features (VERSION_1 besides), sets up all queues, and starts. Returns the status then. */
  start(features: readonly number[] = [], queueSize = 8): number {
    this.write(STATUS, 1, 0);
    this.queues.clear();
    this.write(STATUS, 1, 3);
    const bits = [...features, 32].reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    for (const word of [0, 1]) {
      this.write(8, 4, word);
      this.write(12, 4, Number((bits >> BigInt(32 * word)) & 0xffffffffn));
    }
    this.write(STATUS, 1, 0xb);
    if ((this.read(STATUS, 1) & 8) === 0) return this.read(STATUS, 1);
    for (let i = 0; i < this.read(COMMON + 18, 2); i++) this.setUpQueue(i, queueSize);
    this.write(STATUS, 1, 0xf);
    return this.read(STATUS, 1);
  }

  /** Addresses of a queue's parts. */
  queueAt(index: number): { readonly descriptors: number; readonly available: number; readonly used: number } {
    const descriptors = QUEUES_AT + index * QUEUE_BYTES;
    return { descriptors, available: descriptors + 0x4000, used: descriptors + 0x6000 };
  }

  /** A buffer of guest memory. */
  allocate(length: number): number {
    const at = this.nextBuffer;
    this.nextBuffer += (length + 15) & ~15;
    if (this.nextBuffer > RAM_BYTES) throw new Error("the test has used up its memory");
    return at;
  }

  putDescriptor(table: number, index: number, address: number, length: number, flags: number, next: number): void {
    const { view } = this.ram, at = table + 16 * index;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  }

  /** Puts a chain into a queue: buffers to be read, and lengths of buffers to be written. Returns its head and where those are. */
  add(queue: number, readable: readonly Uint8Array[], writable: readonly number[], isIndirect = false): { readonly head: number; readonly written: readonly number[] } {
    const state = this.stateOf(queue), { descriptors } = this.queueAt(queue), parts = [
      ...readable.map((bytes) => {
        const address = this.allocate(bytes.length);
        this.ram.write(address, bytes);
        return { address, length: bytes.length, flags: 0 };
      }),
      ...writable.map((length) => ({ address: this.allocate(length), length, flags: F_WRITE })),
    ];
    const head = state.nextDescriptor % state.size;
    if (isIndirect) {
      const table = this.allocate(16 * parts.length);
      parts.forEach(({ address, length, flags }, i) => this.putDescriptor(table, i, address, length, flags | (i + 1 < parts.length ? F_NEXT : 0), i + 1));
      this.putDescriptor(descriptors, head, table, 16 * parts.length, F_INDIRECT, 0);
      state.nextDescriptor++;
    } else {
      parts.forEach(({ address, length, flags }, i) => {
        this.putDescriptor(descriptors, (head + i) % state.size, address, length, flags | (i + 1 < parts.length ? F_NEXT : 0), (head + i + 1) % state.size);
      });
      state.nextDescriptor += parts.length;
    }
    this.makeAvailable(queue, head);
    return { head, written: parts.filter(({ flags }) => flags === F_WRITE).map(({ address }) => address) };
  }

  makeAvailable(queue: number, head: number): void {
    const state = this.stateOf(queue), { available } = this.queueAt(queue);
    this.ram.view.setUint16(available + 4 + 2 * (state.available % state.size), head, true);
    state.available = (state.available + 1) & 0xffff;
    this.ram.view.setUint16(available + 2, state.available, true);
  }

  kick(queue: number): void {
    this.write(NOTIFY + 4 * queue, 2, queue);
  }

  /** Buffers that the device has given back since the last call. */
  used(queue: number): UsedBuffer[] {
    const state = this.stateOf(queue), { used } = this.queueAt(queue), { view } = this.ram, found: UsedBuffer[] = [];
    for (; state.used !== view.getUint16(used + 2, true); state.used = (state.used + 1) & 0xffff) {
      const at = used + 4 + 8 * (state.used % state.size);
      found.push({ head: view.getUint32(at, true), length: view.getUint32(at + 4, true) });
    }
    return found;
  }

  bytes(address: number, length: number): Uint8Array {
    return this.ram.bytes.slice(address, address + length);
  }

  private setUpQueue(index: number, size: number): void {
    const { descriptors, available, used } = this.queueAt(index);
    this.write(QUEUE_SELECT, 2, index);
    this.write(QUEUE_SIZE, 2, Math.min(size, this.read(QUEUE_SIZE, 2)));
    [descriptors, available, used].forEach((address, i) => this.write(QUEUE_ADDRESSES + 8 * i, 4, address));
    this.ram.bytes.fill(0, descriptors, descriptors + QUEUE_BYTES);
    this.queues.set(index, { size: this.read(QUEUE_SIZE, 2), nextDescriptor: 0, available: 0, used: 0 });
    this.write(QUEUE_ENABLE, 2, 1);
  }

  private stateOf(queue: number) {
    const state = this.queues.get(queue);
    if (state === undefined) throw new Error(`queue ${queue} is not set up`);
    return state;
  }
}
