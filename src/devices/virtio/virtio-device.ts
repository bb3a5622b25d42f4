/**
 * What a virtio device is to its transport, and the transport to it (Virtual I/O Device, version 1.2). A device knows its features, its
 * configuration and what its queues are for; status, negotiation, the rings and the registers of PCI are the transport's
 * (virtio-core.ts, virtio-pci.ts).
 *
 * A device takes a chain of buffers (`Virtqueue.take`), reads and writes it, and gives it back (`Virtqueue.complete`), in any order and
 * at any time. It keeps chains only while work of the host is under way: states are saved when there is none.
 */
import type { Device } from "../../bus/device.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable } from "../saveable.ts";
import type { Virtqueue } from "./virtqueue.ts";

/** Device types (§5). */
export const VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_ENTROPY = 4, VIRTIO_9P = 9;

/** Feature bits that all devices share (§6). */
export const F_INDIRECT_DESC = 28, F_EVENT_IDX = 29, F_VERSION_1 = 32;

/** What a device gets from its transport. */
export interface VirtioTransport {
  /** As many as the device has asked for. */
  readonly queues: readonly Virtqueue[];
  readonly work: HostWork;
  /** Whether driver and device have agreed on a feature bit. Without F_VERSION_1 the driver is a legacy one. */
  has(feature: number): boolean;
  /** The device has changed its configuration: the driver is told. */
  configChanged(): void;
  /** The driver has broken the rules: nothing more is done until it resets the device (§2.1.2, DEVICE_NEEDS_RESET). */
  needsReset(): void;
}

/** `reset` means that the driver or the machine resets it, and voids all chains; `save` and `restore` are for what it has beyond its transport. */
export interface VirtioDevice extends Device, Saveable {
  /** As saved states and messages name it, such as `virtio-blk`. */
  readonly name: string;
  /** §5, 1..63. */
  readonly type: number;
  /** PCI base class, subclass and interface. */
  readonly classCode: number;
  /** Feature bits that it offers, besides those of the transport (28, 29, 32). */
  readonly features: readonly number[];
  /** For each queue the most entries, a power of two up to 1024. */
  readonly queueSizes: readonly number[];
  /** Configuration space as the driver reads it, at most 192 bytes; whoever changes it calls `configChanged`. */
  readonly config: Uint8Array;
  /** The driver writes a byte of the configuration. Absent: nothing there can be written. */
  writeConfig?(offset: number, value: number): void;
  /** Joins it to its transport; once, before all else. */
  connect(transport: VirtioTransport): void;
  /** A queue may have buffers that it had not before: the driver says so, or has just made the device ready. */
  notify(queue: number): void;
}
