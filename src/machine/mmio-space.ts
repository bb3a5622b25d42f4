/**
 * Physical addresses of devices: whose registers are behind which, and where memory of a device's own is. They come and go (PCI base
 * addresses).
 */
import { VmError } from "../../tcg/support/errors.ts";
import { numberAt, putNumber } from "../bus/bytes.ts";
import type { WidePorts } from "../bus/device.ts";
import { KVM_MEM_READONLY } from "../kvm/constants.ts";
import type { KvmUserspaceMemoryRegion } from "../kvm/memory-slots.ts";

interface Range {
  readonly first: number;
  readonly count: number;
  readonly registers: WidePorts;
}

/** The widest access that registers see. */
const WIDEST = 4;

/** Where memory can be: `Vm`. */
interface MemoryHost {
  setUserMemoryRegion(region: KvmUserspaceMemoryRegion): void;
}

export class MmioSpace {
  private readonly host: MemoryHost;
  private readonly ranges: Range[] = [];
  /** Slots of memory that is mapped, by address. */
  private readonly slots = new Map<number, number>();
  private readonly spareSlots: number[];

  /** @param spareSlots  numbers of memory slots that nobody else uses */
  constructor(host: MemoryHost, spareSlots: readonly number[]) {
    this.host = host;
    this.spareSlots = [...spareSlots];
  }

  /** Registers at `count` addresses from `first`; those mapped before them come first where they overlap. */
  map(first: number, count: number, registers: WidePorts): void {
    this.ranges.push({ first, count, registers });
  }

  unmap(first: number, count: number): void {
    const at = this.ranges.findIndex((r) => r.first === first && r.count === count), slot = this.slots.get(first);
    if (at >= 0) this.ranges.splice(at, 1);
    if (slot === undefined) return;
    this.host.setUserMemoryRegion({ slot, guestPhysAddr: 0, memorySize: 0 });
    this.slots.delete(first);
    this.spareSlots.push(slot);
  }

  /** Memory of a device's own. Where there is memory already, it does not appear: a guest that has put it there gets what was there. */
  mapBytes(first: number, bytes: Uint8Array, isReadOnly: boolean): void {
    const slot = this.spareSlots.pop();
    if (slot === undefined) return;
    try {
      this.host.setUserMemoryRegion({
        slot, guestPhysAddr: first, memorySize: bytes.length, userspaceAddr: bytes, isHandedOver: true, isOfDevice: true, flags: isReadOnly ? KVM_MEM_READONLY : 0,
      });
      this.slots.set(first, slot);
    } catch (e) {
      if (!(e instanceof VmError)) throw e;
      this.spareSlots.push(slot);
    }
  }

  /** Fills `data`, 1..8 bytes; false if nobody answers for the address. Accesses of 8 bytes are two, as on a bus of 32 bits. */
  read(address: number, data: Uint8Array): boolean {
    const range = this.rangeOf(address, data.length);
    if (range === null) return false;
    for (const [at, size] of pieces(data.length)) putNumber(data, at, size, range.registers.read(address - range.first + at, size));
    return true;
  }

  /** As `read`. */
  write(address: number, data: Uint8Array): boolean {
    const range = this.rangeOf(address, data.length);
    if (range === null) return false;
    for (const [at, size] of pieces(data.length)) range.registers.write(address - range.first + at, size, numberAt(data, at, size));
    return true;
  }

  private rangeOf(address: number, length: number): Range | null {
    return this.ranges.find(({ first, count }) => address >= first && address + length <= first + count) ?? null;
  }
}

/** Offsets and sizes (1, 2 or 4) that make up so many bytes. */
function pieces(length: number): (readonly [at: number, size: number])[] {
  const found: (readonly [number, number])[] = [];
  for (let at = 0; at < length;) {
    const left = length - at, size = left >= WIDEST ? WIDEST : left >= 2 ? 2 : 1;
    found.push([at, size]);
    at += size;
  }
  return found;
}
