/** Where in a virtio function's base addresses its registers are: capabilities in configuration space (§4.1.4), and access through them. */
import type { WidePorts } from "../../bus/device.ts";
import type { PciFunction } from "../pci/pci-function.ts";

export interface VirtioLayout {
  /** The base address that all are behind; offsets into it. */
  readonly bar: number;
  readonly common: number;
  readonly isr: number;
  readonly notify: number;
  readonly notifyBytes: number;
  readonly notifyMultiplier: number;
  readonly device: number;
  /** 0: the device has no configuration of its own. */
  readonly deviceBytes: number;
}

const VENDOR_SPECIFIC = 9, BYTES = 16;
const COMMON_CFG = 1, NOTIFY_CFG = 2, ISR_CFG = 3, DEVICE_CFG = 4, PCI_CFG = 5;
const COMMON_BYTES = 56, ISR_BYTES = 1;
/** Offsets inside a capability. */
const NEXT = 1, LENGTH_OF_CAPABILITY = 2, TYPE = 3, BAR = 4, OFFSET = 8, LENGTH = 12, EXTRA = 16;

/** The first capability, PCI_CFG: a window into base addresses for who cannot reach memory (§4.1.4.9). */
export const CONFIG_ACCESS = 0x40, CONFIG_ACCESS_BYTES = BYTES + 4;

type Register = Readonly<{ offset: number; value: number; writable: number }>;

/** The registers of the list, which begins at CONFIG_ACCESS. */
export function virtioCapabilities(l: VirtioLayout): Register[] {
  const wanted = [
    { type: COMMON_CFG, offset: l.common, length: COMMON_BYTES, extra: null },
    { type: NOTIFY_CFG, offset: l.notify, length: l.notifyBytes, extra: l.notifyMultiplier },
    { type: ISR_CFG, offset: l.isr, length: ISR_BYTES, extra: null },
    ...(l.deviceBytes > 0 ? [{ type: DEVICE_CFG, offset: l.device, length: l.deviceBytes, extra: null }] : []),
  ];
  const registers = configAccess();
  let at = CONFIG_ACCESS + CONFIG_ACCESS_BYTES;
  wanted.forEach(({ type, offset, length, extra }, i) => {
    const bytes = BYTES + (extra === null ? 0 : 4), next = i + 1 < wanted.length ? at + bytes : 0;
    const put = (where: number, count: number, value: number): void => {
      for (let k = 0; k < count; k++) registers.push({ offset: at + where + k, value: (value >>> (8 * k)) & 0xff, writable: 0 });
    };
    put(0, 1, VENDOR_SPECIFIC);
    put(NEXT, 1, next);
    put(LENGTH_OF_CAPABILITY, 1, bytes);
    put(TYPE, 1, type);
    put(BAR, 1, l.bar);
    put(OFFSET, 4, offset);
    put(LENGTH, 4, length);
    if (extra !== null) put(EXTRA, 4, extra);
    at += bytes;
  });
  return registers;
}

/** PCI_CFG: the driver writes where, how many bytes, and the data. */
function configAccess(): Register[] {
  const fixed = [VENDOR_SPECIFIC, CONFIG_ACCESS + CONFIG_ACCESS_BYTES, CONFIG_ACCESS_BYTES, PCI_CFG].map((value, i) => ({ offset: CONFIG_ACCESS + i, value, writable: 0 }));
  const open = [BAR, ...[OFFSET, LENGTH, EXTRA].flatMap((first) => [0, 1, 2, 3].map((i) => first + i))].map((at) => ({ offset: CONFIG_ACCESS + at, value: 0, writable: 0xff }));
  return [...fixed, ...open];
}

/** Moves the data of PCI_CFG: reading its first byte reads the registers, writing its last writes them. */
export class PciConfigAccess {
  private readonly pci: PciFunction;
  private readonly registersOf: (bar: number) => WidePorts | null;

  constructor(pci: PciFunction, registersOf: (bar: number) => WidePorts | null) {
    this.pci = pci;
    this.registersOf = registersOf;
    pci.onRead = (offset) => {
      if (offset === CONFIG_ACCESS + EXTRA) this.read();
    };
    pci.onWrite = (offset) => {
      if (offset === CONFIG_ACCESS + EXTRA + this.length - 1) this.write();
    };
  }

  private get length(): number {
    return this.dword(LENGTH);
  }

  private read(): void {
    const target = this.target();
    if (target === null) return;
    const value = target.registers.read(target.offset, target.size);
    for (let i = 0; i < target.size; i++) this.pci.put(CONFIG_ACCESS + EXTRA + i, (value >>> (8 * i)) & 0xff);
  }

  private write(): void {
    const target = this.target();
    if (target !== null) target.registers.write(target.offset, target.size, this.dword(EXTRA) % 2 ** (8 * target.size));
  }

  /** What the driver has named, if it can be (§4.1.4.9.2). */
  private target(): { readonly registers: WidePorts; readonly offset: number; readonly size: number } | null {
    const registers = this.registersOf(this.pci.byteAt(CONFIG_ACCESS + BAR)), offset = this.dword(OFFSET), size = this.length;
    return registers !== null && [1, 2, 4].includes(size) && offset % size === 0 ? { registers, offset, size } : null;
  }

  private dword(at: number): number {
    return [0, 1, 2, 3].reduce((sum, i) => sum + this.pci.byteAt(CONFIG_ACCESS + at + i) * 2 ** (8 * i), 0);
  }
}
