/**
 * PCI bus 0 and the way to its configuration space: mechanism #1 (PCI Local Bus Specification 3.0, §3.2.2.3.2).
 *
 * | port | size | register |
 * |---|---|---|
 * | 0xcf8 | 4 | CONFIG_ADDRESS |
 * | 0xcfc | 1, 2, 4 | CONFIG_DATA |
 */
import { allOnes } from "../../bus/bytes.ts";
import type { Device, WidePorts } from "../../bus/device.ts";
import type { Saveable, SavedState } from "../saveable.ts";
import { DWORD, restoreFields, saveFields } from "../saveable.ts";
import type { MemoryMapper, PciFunction, RegisterMapper } from "./pci-function.ts";

const ENABLE = 0x80000000, ADDRESS_BITS = 0x80fffffc;
const DATA = 4;
/** What a read gives where no function answers (master abort). */
const NOBODY = 0xff;

export class PciBus implements Device, Saveable, WidePorts {
  private readonly r = { address: 0 };
  private readonly functions = new Map<number, PciFunction>();
  private readonly ports: RegisterMapper;
  private readonly memory: MemoryMapper;

  /** Ports and physical addresses, where registers behind base addresses appear. */
  constructor(ports: RegisterMapper, memory: MemoryMapper) {
    this.ports = ports;
    this.memory = memory;
  }

  /** Puts a function into a slot. @param slot 0..31 @param number 0..7 */
  add(slot: number, number: number, pciFunction: PciFunction): void {
    this.functions.set((slot << 3) | number, pciFunction);
    pciFunction.connect(this.ports, this.memory);
  }

  /** All functions, by slot and number. */
  get list(): readonly { readonly slot: number; readonly number: number; readonly pci: PciFunction }[] {
    return [...this.functions].sort(([a], [b]) => a - b).map(([place, pci]) => ({ slot: place >>> 3, number: place & 7, pci }));
  }

  read(offset: number, size: number): number {
    if (offset < DATA) return offset === 0 && size === 4 ? this.r.address : allOnes(size);
    const found = this.selected();
    let value = 0;
    for (let i = 0; i < size; i++) value += (found === null ? NOBODY : found.readByte(this.register(offset + i))) * 2 ** (8 * i);
    return value;
  }

  write(offset: number, size: number, value: number): void {
    if (offset < DATA) {
      if (offset === 0 && size === 4) this.r.address = (value & ADDRESS_BITS) >>> 0;
      return;
    }
    const found = this.selected();
    for (let i = 0; i < size; i++) found?.writeByte(this.register(offset + i), (value >>> (8 * i)) & 0xff);
  }

  /** The bus alone; its functions are devices of their own. */
  reset(): void {
    this.r.address = 0;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("PCI bus", this.r, { address: DWORD }, state);
  }

  private register(offset: number): number {
    return ((this.r.address & 0xfc) + offset - DATA) & 0xff;
  }

  /** The function that CONFIG_ADDRESS names, on bus 0. */
  private selected(): PciFunction | null {
    const { address } = this.r, isBus0 = (address & 0xff0000) === 0;
    return address >= ENABLE && isBus0 ? this.functions.get((address >>> 8) & 0xff) ?? null : null;
  }
}
