/**
 * Virtio over PCI (§4.1), transitional: a driver finds the legacy registers behind base address 0, ports, and the modern ones behind base
 * address 4, memory, by the capabilities in configuration space. Interrupts go by INTA#, or by messages where the board takes them: one for each
 * queue and one for the configuration, in a table behind base address 1.
 *
 * | at base address 4 | registers |
 * |---|---|
 * | 0x0000 | common configuration (§4.1.4.3) |
 * | 0x1000 | interrupt status: read clears (§4.1.4.5) |
 * | 0x2000 | the device's own configuration (§4.1.4.6) |
 * | 0x3000 | notification, 4 bytes a queue (§4.1.4.4) |
 */
import type { Device, WidePorts } from "../../bus/device.ts";
import type { MessageWriter } from "../pci/msix.ts";
import { Msix, MSIX_BYTES } from "../pci/msix.ts";
import { CAPABILITIES, PciFunction, STATUS, STATUS_CAPABILITIES, SUBSYSTEM, SUBSYSTEM_VENDOR } from "../pci/pci-function.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, DWORD, restoreFields, restoreParts, saveFields, saveParts, WORD } from "../saveable.ts";
import { CONFIG_ACCESS, PciConfigAccess, virtioCapabilities } from "./pci-capabilities.ts";
import type { RegisterField } from "./register-fields.ts";
import { halves, RegisterFields } from "./register-fields.ts";
import type { VirtioParts } from "./virtio-core.ts";
import { VirtioCore } from "./virtio-core.ts";
import { AVAILABLE, DESCRIPTORS, USED } from "./virtqueue.ts";
import type { Virtqueue } from "./virtqueue.ts";

const VENDOR = 0x1af4;
/** Transitional devices have a number by type, those up to 9 that there were before there were types (§4.1.2.1). */
const DEVICE_IDS: Readonly<Record<number, number>> = { 1: 0x1000, 2: 0x1001, 3: 0x1003, 4: 0x1005, 9: 0x1009 };
const LEGACY_BAR = 0, MSIX_BAR = 1, MODERN_BAR = 4, MODERN_BYTES = 0x4000;
const COMMON = 0x0000, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000;
const NOTIFY_MULTIPLIER = 4;
/** The legacy header has two vectors more while MSI-X is on (§4.1.4.8). */
const LEGACY_HEADER_BYTES = 20, LEGACY_VECTOR_BYTES = 4, LEGACY_PAGE = 4096, NO_VECTOR = 0xffff;
/** The capability, behind virtio's own. */
const MSIX_CAPABILITY = 0xb0;

interface Registers {
  queueSelect: number;
  deviceFeatureSelect: number;
  driverFeatureSelect: number;
  /** Messages for changes of the configuration, and for each queue; `NO_VECTOR`: none. */
  configVector: number;
  queueVectors: readonly number[];
}

/** What a virtio function stands on. */
export interface VirtioPciParts extends VirtioParts {
  /** Takes interrupts as messages; null: the board knows none. */
  readonly sendMessage: MessageWriter | null;
}

const initial = (queueCount: number): Registers => ({ queueSelect: 0, deviceFeatureSelect: 0, driverFeatureSelect: 0, configVector: NO_VECTOR, queueVectors: new Array<number>(queueCount).fill(NO_VECTOR) });

export class VirtioPci implements Device, Saveable {
  readonly pci: PciFunction;
  readonly core: VirtioCore;
  private readonly r: Registers;
  private readonly msix: Msix | null;

  constructor(parts: VirtioPciParts) {
    const { device, sendMessage } = parts, queueCount = device.queueSizes.length;
    this.r = initial(queueCount);
    const msix = this.msix = sendMessage === null ? null : new Msix(MSIX_CAPABILITY, queueCount + 1, sendMessage);
    this.core = new VirtioCore(parts, {
      get isOn() { return msix?.isOn ?? false; },
      queueUsed: (queue) => msix?.raise(this.r.queueVectors[queue]),
      configChanged: () => msix?.raise(this.r.configVector),
    });
    const legacy = this.legacyRegisters(), modern = this.modernRegisters(), layout = {
      bar: MODERN_BAR, common: COMMON, isr: ISR, notify: NOTIFY, notifyBytes: NOTIFY_MULTIPLIER * device.queueSizes.length, notifyMultiplier: NOTIFY_MULTIPLIER,
      device: DEVICE, deviceBytes: device.config.length,
    };
    this.pci = new PciFunction({
      vendor: VENDOR, device: DEVICE_IDS[device.type], classCode: device.classCode, interruptPin: 1,
      bars: [
        { index: LEGACY_BAR, sizeBytes: powerOfTwo(LEGACY_HEADER_BYTES + LEGACY_VECTOR_BYTES + device.config.length), ports: legacy },
        ...(msix === null ? [] : [{ index: MSIX_BAR, sizeBytes: MSIX_BYTES, memory: msix.memory }]),
        { index: MODERN_BAR, sizeBytes: MODERN_BYTES, memory: modern },
      ],
      registers: [
        { offset: STATUS, value: STATUS_CAPABILITIES, writable: 0 }, { offset: CAPABILITIES, value: msix === null ? CONFIG_ACCESS : MSIX_CAPABILITY, writable: 0 },
        { offset: SUBSYSTEM_VENDOR, value: VENDOR & 0xff, writable: 0 }, { offset: SUBSYSTEM_VENDOR + 1, value: VENDOR >>> 8, writable: 0 },
        { offset: SUBSYSTEM, value: device.type, writable: 0 }, ...virtioCapabilities(layout),
        ...(msix?.capability(MSIX_BAR, CONFIG_ACCESS) ?? []),
      ],
    });
    msix?.connect(this.pci);
    this.pci.onChange = () => {
      this.core.drive();
      msix?.changed();
    };
    new PciConfigAccess(this.pci, (bar) => (bar === MODERN_BAR ? modern : null));
  }

  reset(): void {
    this.pci.reset();
    this.msix?.reset();
    this.resetSelectors();
    this.core.reset();
  }

  save(): SavedState {
    return saveParts(this.parts);
  }

  restore(state: SavedState): void {
    restoreParts("virtio", this.parts, state);
  }

  private get parts(): Readonly<Record<string, Saveable>> {
    const { core, core: { device, queues }, msix, r } = this;
    const shape: Shape<Registers> = { queueSelect: WORD, deviceFeatureSelect: DWORD, driverFeatureSelect: DWORD, configVector: WORD, queueVectors: array(queues.length, WORD) };
    const selectors = { save: () => saveFields(r), restore: (state: SavedState) => restoreFields("selectors", r, shape, state) };
    return { pci: this.pci, ...(msix === null ? {} : { msix }), selectors, common: core, ...Object.fromEntries(queues.map((queue, i) => [`queue${i}`, queue])), [device.name]: device };
  }

  private resetSelectors(): void {
    Object.assign(this.r, initial(this.core.queues.length));
  }

  /** The queue that the driver has selected, or null if there is none. */
  private get selected(): Virtqueue | null {
    return this.core.queues.at(this.r.queueSelect) ?? null;
  }

  private selectQueue(value: number): void {
    this.r.queueSelect = value;
  }

  // ---- messages

  /** A vector as the driver reads it back: there is none beyond the table (§4.1.5.1.2.1). */
  private vectorOf(value: number): number {
    return value < (this.msix?.count ?? 0) ? value : NO_VECTOR;
  }

  private get queueVector(): number {
    return this.r.queueVectors.at(this.r.queueSelect) ?? NO_VECTOR;
  }

  private set queueVector(value: number) {
    const { r } = this;
    if (r.queueSelect < r.queueVectors.length) r.queueVectors = r.queueVectors.with(r.queueSelect, this.vectorOf(value));
  }

  /** The registers of both kinds of vectors. */
  private vectorFields(configAt: number, queueAt: number): RegisterField[] {
    return [
      { offset: configAt, size: 2, read: () => this.r.configVector, write: (v) => { this.r.configVector = this.vectorOf(v); } },
      { offset: queueAt, size: 2, read: () => this.queueVector, write: (v) => { this.queueVector = v; } },
    ];
  }

  // ---- modern

  private modernRegisters(): WidePorts {
    const common = new RegisterFields(this.commonFields()), blocks = new Map<number, WidePorts>([
      [COMMON, common], [ISR, { read: () => this.core.takeIsr(), write: () => undefined }], [DEVICE, this.deviceConfig()],
      [NOTIFY, { read: () => 0, write: (offset) => this.core.notify(Math.floor(offset / NOTIFY_MULTIPLIER)) }],
    ]);
    const blockOf = (offset: number): WidePorts | undefined => blocks.get(offset & ~0xfff);
    return {
      read: (offset, size) => blockOf(offset)?.read(offset & 0xfff, size) ?? 0,
      write: (offset, size, value) => blockOf(offset)?.write(offset & 0xfff, size, value),
    };
  }

  private commonFields(): RegisterField[] {
    const { core, r } = this;
    const address = (offset: number, which: number): RegisterField[] => halves(offset,
      (half) => this.selected?.addressHalf(which + half) ?? 0, (half, value) => this.selected?.setAddressHalf(which + half, value));
    return [
      { offset: 0, size: 4, read: () => r.deviceFeatureSelect, write: (v) => { r.deviceFeatureSelect = v; } },
      { offset: 4, size: 4, read: () => core.offered.at(r.deviceFeatureSelect) ?? 0 },
      { offset: 8, size: 4, read: () => r.driverFeatureSelect, write: (v) => { r.driverFeatureSelect = v; } },
      { offset: 12, size: 4, read: () => core.acceptedWord(r.driverFeatureSelect), write: (v) => core.accept(r.driverFeatureSelect, v) },
      ...this.vectorFields(16, 26),
      { offset: 18, size: 2, read: () => core.queues.length },
      { offset: 20, size: 1, read: () => core.status, write: (v) => this.writeStatus(v, false) },
      { offset: 21, size: 1, read: () => core.configGeneration },
      { offset: 22, size: 2, read: () => r.queueSelect, write: (v) => this.selectQueue(v) },
      { offset: 24, size: 2, read: () => this.selected?.size ?? 0, write: (v) => { if (this.selected !== null) this.selected.size = v; } },
      { offset: 28, size: 2, read: () => Number(this.selected?.isEnabled ?? false), write: (v) => { if (v === 1) this.selected?.enable(); } },
      { offset: 30, size: 2, read: () => (this.selected === null ? 0 : r.queueSelect) },
      ...address(32, DESCRIPTORS), ...address(40, AVAILABLE), ...address(48, USED),
    ];
  }

  private deviceConfig(): WidePorts {
    const { device } = this.core;
    return {
      read: (offset, size) => {
        let value = 0;
        for (let i = 0; i < size; i++) value += (device.config.at(offset + i) ?? 0) * 2 ** (8 * i);
        return value;
      },
      write: (offset, size, value) => {
        for (let i = 0; i < size; i++) if (offset + i < device.config.length) device.writeConfig?.(offset + i, (value >>> (8 * i)) & 0xff);
      },
    };
  }

  /** A reset by the driver is one of the selectors as well. */
  private writeStatus(value: number, isLegacy: boolean): void {
    this.core.writeStatus(value, isLegacy);
    if (value === 0) this.resetSelectors();
  }

  // ---- legacy (§4.1.4.10)

  private legacyRegisters(): WidePorts {
    const { core, r } = this, config = this.deviceConfig();
    const header = new RegisterFields([
      { offset: 0, size: 4, read: () => core.offered[0] },
      { offset: 4, size: 4, read: () => core.acceptedWord(0), write: (v) => core.accept(0, v & core.offered[0]) },
      { offset: 8, size: 4, read: () => this.legacyPage(), write: (v) => this.setLegacyPage(v) },
      { offset: 12, size: 2, read: () => this.selected?.maxSize ?? 0 },
      { offset: 14, size: 2, read: () => r.queueSelect, write: (v) => this.selectQueue(v) },
      { offset: 16, size: 2, write: (v) => core.notify(v) },
      { offset: 18, size: 1, read: () => core.status, write: (v) => this.writeStatus(v, true) },
      { offset: 19, size: 1, read: () => core.takeIsr() }, ...this.vectorFields(LEGACY_HEADER_BYTES, LEGACY_HEADER_BYTES + 2),
    ]);
    const headerBytes = (): number => LEGACY_HEADER_BYTES + (this.msix?.isOn === true ? LEGACY_VECTOR_BYTES : 0);
    return {
      read: (offset, size) => (offset < headerBytes() ? header.read(offset, size) : config.read(offset - headerBytes(), size)),
      write: (offset, size, value) => (offset < headerBytes() ? header.write(offset, size, value) : config.write(offset - headerBytes(), size, value)),
    };
  }

  private legacyPage(): number {
    const { selected } = this;
    return selected?.isEnabled === true ? Math.floor((selected.addressHalf(DESCRIPTORS) + selected.addressHalf(DESCRIPTORS + 1) * 2 ** 32) / LEGACY_PAGE) % 2 ** 32 : 0;
  }

  /** One number places the three parts of a queue (§2.7.2); 0 takes it away. */
  private setLegacyPage(page: number): void {
    const { selected } = this;
    if (selected === null) return;
    selected.reset();
    if (page === 0) return;
    const descriptors = page * LEGACY_PAGE, available = descriptors + 16 * selected.size, used = Math.ceil((available + 6 + 2 * selected.size) / LEGACY_PAGE) * LEGACY_PAGE;
    for (const [which, address] of [[DESCRIPTORS, descriptors], [AVAILABLE, available], [USED, used]]) {
      selected.setAddressHalf(which, address % 2 ** 32);
      selected.setAddressHalf(which + 1, Math.floor(address / 2 ** 32));
    }
    selected.enable();
  }
}

/** The next power of two. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
