/**
 * What every virtio device has whatever bus it is on: status, negotiation of features, queues, the interrupt's cause (§2.1, §2.2). The
 * registers by which a driver reaches it are virtio-pci.ts's.
 */
import type { Device, Line } from "../../bus/device.ts";
import type { BusMemory, HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, BYTE, DWORD, restoreFields, saveFields, upTo } from "../saveable.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { F_EVENT_IDX, F_INDIRECT_DESC, F_VERSION_1 } from "./virtio-device.ts";
import type { QueueHost } from "./virtqueue.ts";
import { Virtqueue } from "./virtqueue.ts";

/** Device status (§2.1). */
const STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64;
/** Interrupt status (§4.1.4.5). */
const ISR_QUEUE = 1, ISR_CONFIG = 2;
const WORD_BITS = 32;

export interface VirtioParts {
  readonly device: VirtioDevice;
  readonly memory: BusMemory;
  readonly work: HostWork;
  /** INTA#. */
  readonly interrupt: Line;
}

/** Interrupts as messages, for drivers that have chosen them (§4.1.4.5, §4.1.5.1.2). */
export interface VirtioMessages {
  readonly isOn: boolean;
  /** A buffer of a queue has been used. */
  queueUsed(queue: number): void;
  configChanged(): void;
}

interface Registers {
  status: number;
  isr: number;
  /** Features that the driver has accepted: bits 0 to 31, 32 to 63. */
  accepted: readonly number[];
  configGeneration: number;
}

const SHAPE: Shape<Registers> = { status: BYTE, isr: upTo(ISR_QUEUE | ISR_CONFIG), accepted: array(2, DWORD), configGeneration: BYTE };

const initial = (): Registers => ({ status: 0, isr: 0, accepted: [0, 0], configGeneration: 0 });

export class VirtioCore implements Device, Saveable, VirtioTransport, QueueHost {
  readonly device: VirtioDevice;
  readonly memory: BusMemory;
  readonly work: HostWork;
  readonly queues: readonly Virtqueue[];
  /** Features that are offered, as `accepted`. */
  readonly offered: readonly number[];
  private readonly interruptLine: Line;
  private readonly messages: VirtioMessages;
  private readonly r: Registers = initial();

  constructor({ device, memory, work, interrupt }: VirtioParts, messages: VirtioMessages) {
    this.device = device;
    this.memory = memory;
    this.work = work;
    this.interruptLine = interrupt;
    this.messages = messages;
    this.queues = device.queueSizes.map((size) => new Virtqueue(this, size));
    const bits = [...device.features, F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1];
    this.offered = [0, 1].map((word) => bits.filter((bit) => bit >>> 5 === word).reduce((sum, bit) => sum + 2 ** (bit % WORD_BITS), 0));
    device.connect(this);
  }

  // ---- for the device and its queues

  has(feature: number): boolean {
    return ((this.r.accepted[feature >>> 5] >>> (feature % WORD_BITS)) & 1) !== 0;
  }

  get hasIndirect(): boolean {
    return this.has(F_INDIRECT_DESC);
  }

  get hasEventIndex(): boolean {
    return this.has(F_EVENT_IDX);
  }

  /** Legacy drivers use queues before they set DRIVER_OK (§3.1.1). */
  get isRunning(): boolean {
    const { status } = this.r;
    return (status & STATUS_NEEDS_RESET) === 0 && (!this.has(F_VERSION_1) || (status & STATUS_DRIVER_OK) !== 0);
  }

  interrupt(queue: Virtqueue): void {
    if (this.messages.isOn) this.messages.queueUsed(this.queues.indexOf(queue));
    else this.raise(ISR_QUEUE);
  }

  configChanged(): void {
    this.r.configGeneration = (this.r.configGeneration + 1) & 0xff;
    this.raiseConfig();
  }

  needsReset(): void {
    if ((this.r.status & STATUS_NEEDS_RESET) !== 0) return;
    this.r.status |= STATUS_NEEDS_RESET;
    this.raiseConfig();
  }

  // ---- for the driver

  get status(): number {
    return this.r.status;
  }

  /** 0 resets. @param isLegacy  the driver knows no FEATURES_OK and accepts bits 0 to 31 only */
  writeStatus(value: number, isLegacy: boolean): void {
    const { r } = this;
    if (value === 0) return this.reset();
    const before = r.status, asked = (value & ~STATUS_NEEDS_RESET) | (before & STATUS_NEEDS_RESET);
    const isRefused = !isLegacy && (before & STATUS_FEATURES_OK) === 0 && !this.areFeaturesRight();
    r.status = isRefused ? asked & ~STATUS_FEATURES_OK : asked;
    if ((r.status & ~before & STATUS_DRIVER_OK) === 0) return;
    this.queues.forEach((queue, i) => {
      if (queue.isEnabled) this.device.notify(i);
    });
  }

  acceptedWord(word: number): number {
    return this.r.accepted[word] ?? 0;
  }

  /** The driver accepts features; too late once it has said FEATURES_OK. */
  accept(word: number, bits: number): void {
    if (word < 2 && (this.r.status & STATUS_FEATURES_OK) === 0) this.r.accepted = this.r.accepted.with(word, bits >>> 0);
  }

  get configGeneration(): number {
    return this.r.configGeneration;
  }

  /** Reading says what has happened, and takes the interrupt back. */
  takeIsr(): number {
    const { isr } = this.r;
    this.r.isr = 0;
    this.drive();
    return isr;
  }

  /** The driver has put buffers into a queue. */
  notify(queue: number): void {
    if (this.isRunning && queue < this.queues.length && this.queues[queue].isEnabled) this.device.notify(queue);
  }

  // ----

  reset(): void {
    Object.assign(this.r, initial());
    for (const queue of this.queues) queue.reset();
    this.interruptLine(false);
    this.device.reset();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("virtio device", this.r, SHAPE, state);
    this.drive();
  }

  /** INTA#, which nothing drives while messages are used. To be called when that has changed. */
  drive(): void {
    this.interruptLine(this.r.isr !== 0 && !this.messages.isOn);
  }

  private raiseConfig(): void {
    if ((this.r.status & STATUS_DRIVER_OK) === 0) return;
    this.raise(ISR_CONFIG);
    if (this.messages.isOn) this.messages.configChanged();
  }

  private raise(cause: number): void {
    this.r.isr |= cause;
    this.drive();
  }

  /** Not more than was offered, and no legacy driver by way of the modern registers (§2.2.2, §6.2). */
  private areFeaturesRight(): boolean {
    return this.r.accepted.every((bits, word) => (bits & ~this.offered[word]) === 0) && this.has(F_VERSION_1);
  }
}
