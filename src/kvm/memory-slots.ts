/** The memory slots of a VM: KVM_SET_USER_MEMORY_REGION with its rules, and the host's access to guest memory. */
import { VmError } from "../../tcg/support/errors.ts";
import type { MemoryRegion, PhysicalMemory } from "../mem/physical-memory.ts";
import { describe, hex, requireInteger } from "./check.ts";
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from "./constants.ts";
import { MAX_MEMORY_SLOTS } from "./offer.ts";

const PAGE_SIZE = 4096, ADDRESS_SPACE = 2 ** 32;
/** RAM of the smallest guests is not worth the room that an arena has behind it. */
const MIN_ARENA_BYTES = 2 ** 20;

/** `struct kvm_userspace_memory_region`. */
export interface KvmUserspaceMemoryRegion {
  readonly slot: number;
  /** Multiple of 4096, below 4 GiB. */
  readonly guestPhysAddr: number;
  /** Bytes, a multiple of 4096; 0 deletes the slot. */
  readonly memorySize: number;
  /** KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY; default 0. */
  readonly flags?: number;
  /**
   * The caller's memory, at least `memorySize` bytes: from now on its first bytes are the guest's memory, without a copy.
   * Default: the VM makes its own, all zeros; if it is RAM of 1 MiB or more, as by `Vm.allocateMemory`.
   */
  readonly userspaceAddr?: Uint8Array;
  /**
   * The caller will not write `userspaceAddr` itself any more, only by `Vm.writePhys`: saves a look at code at every `run`.
   * Slots that lie in one such buffer as they do in the guest are as fast as one slot; those in a gap between others can come and go
   * at little cost. Default: false.
   */
  readonly isHandedOver?: boolean;
  /** Seldom used, compared with other slots: emitted code does not reach it directly, however large it is. Default: false. */
  readonly isOfDevice?: boolean;
}

/** What a slot was made with. */
interface Slot {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

export class MemorySlots {
  /** Somebody outside holds the bytes of a slot and may write them at any time. */
  hasOutsideWriters = false;
  private readonly memory: PhysicalMemory;
  private readonly slots = new Map<number, Slot>();

  constructor(memory: PhysicalMemory) {
    this.memory = memory;
  }

  /** See `Vm.setUserMemoryRegion`. */
  set(region: KvmUserspaceMemoryRegion): void {
    const slot = requireInteger("memory region: slot", region.slot, 0, MAX_MEMORY_SLOTS - 1), { flags = 0, userspaceAddr } = region;
    requireInteger("memory region: flags", flags, 0, KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY);
    const base = requireAligned("guestPhysAddr", region.guestPhysAddr), size = requireAligned("memorySize", region.memorySize);
    if (base + size > ADDRESS_SPACE) {
      throw new VmError("EINVAL", `memory region: ${hex(size)} bytes at ${hex(base)} end beyond 4 GiB`);
    }
    if (size === 0) return this.delete(slot);
    const old = this.slots.get(slot);
    const bytes = old === undefined ? this.newBytes(size, flags, userspaceAddr) : sameBytes(slot, old, size, flags, userspaceAddr);
    const { isOfDevice = false } = region;
    this.memory.setRegion(slot, base, bytes, { readOnly: (flags & KVM_MEM_READONLY) !== 0, logDirty: (flags & KVM_MEM_LOG_DIRTY_PAGES) !== 0, isOfDevice });
    this.slots.set(slot, { bytes, flags });
    if (userspaceAddr !== undefined && region.isHandedOver !== true) this.hasOutsideWriters = true;
  }

  /** See `Vm.allocateMemory`. */
  allocate(bytes: number): Uint8Array {
    if (requireInteger("allocateMemory: bytes", bytes, PAGE_SIZE, ADDRESS_SPACE) % PAGE_SIZE !== 0) {
      throw new VmError("EINVAL", `allocateMemory: bytes is ${hex(bytes)}; it must be a multiple of 4096`);
    }
    return this.make(bytes, true);
  }

  private make(bytes: number, inArena: boolean): Uint8Array {
    try {
      return inArena ? this.memory.allocate(bytes) : new Uint8Array(bytes);
    } catch (cause) {
      throw new VmError("ENOMEM", `memory: the host has no ${hex(bytes)} bytes`, { cause });
    }
  }

  private newBytes(size: number, flags: number, given: Uint8Array | undefined): Uint8Array {
    if (given === undefined) return this.make(size, size >= MIN_ARENA_BYTES && (flags & KVM_MEM_READONLY) === 0);
    if (!(given instanceof Uint8Array)) throw new VmError("EFAULT", `memory region: userspaceAddr is ${describe(given)}; it must be a Uint8Array`);
    if (given.length < size) {
      throw new VmError("EFAULT", `memory region: userspaceAddr has ${hex(given.length)} bytes, fewer than memorySize ${hex(size)}`);
    }
    return given.subarray(0, size);
  }

  private delete(slot: number): void {
    if (!this.slots.delete(slot)) throw new VmError("EINVAL", `memory region: memorySize is 0, which deletes, but there is no slot ${slot}`);
    this.memory.setRegion(slot, 0, new Uint8Array(0));
  }

  /** All bytes of a slot, for whoever wants to write them directly. */
  bytesOf(slot: number): Uint8Array {
    const found = this.slots.get(slot);
    if (found === undefined) {
      throw new VmError("ENOENT", `there is no memory slot ${describe(slot)}; slots are ${[...this.slots.keys()].join(" ") || "none yet"}`);
    }
    this.hasOutsideWriters = true;
    return found.bytes;
  }

  /** One bit per page the guest or `write` has written since the last call: bit n of byte n >> 3. */
  takeDirtyLog(slot: number): Uint8Array {
    const found = this.slots.get(slot);
    if (found === undefined || (found.flags & KVM_MEM_LOG_DIRTY_PAGES) === 0) {
      throw new VmError("ENOENT", `memory slot ${describe(slot)} does not exist or has no KVM_MEM_LOG_DIRTY_PAGES`);
    }
    const words = this.memory.takeDirtyLog(slot), log = new Uint8Array(words.length * 4), view = new DataView(log.buffer);
    words.forEach((word, i) => view.setUint32(4 * i, word, true));
    return log;
  }

  read(physAddr: number, length: number): Uint8Array {
    const result = new Uint8Array(requireInteger("length", length, 0, ADDRESS_SPACE));
    this.walk(physAddr, length, (region, at, done, n) => result.set(region.bytes.subarray(at, at + n), done));
    return result;
  }

  write(physAddr: number, bytes: Uint8Array): void {
    // Everything is there, or nothing is written.
    this.walk(physAddr, bytes.length, () => undefined);
    this.walk(physAddr, bytes.length, (region, at, done, n) => region.bytes.set(bytes.subarray(done, done + n), at));
    this.memory.hostWrote(physAddr, bytes.length);
  }

  /** Calls `visit(region, offset in it, bytes done, bytes here)` for the parts of a range. */
  private walk(physAddr: number, length: number, visit: (region: MemoryRegion, at: number, done: number, n: number) => void): void {
    requireInteger("physical address", physAddr, 0, ADDRESS_SPACE - 1);
    for (let done = 0; done < length;) {
      const address = physAddr + done, region = address < ADDRESS_SPACE ? this.memory.find(address) : null;
      if (region === null) {
        throw new VmError("EFAULT", `${length} bytes at ${hex(physAddr)}: there is no memory at ${hex(address)}`);
      }
      const at = address - region.base, n = Math.min(length - done, region.size - at);
      visit(region, at, done, n);
      done += n;
    }
  }
}

function requireAligned(name: string, value: unknown): number {
  const n = requireInteger(`memory region: ${name}`, value, 0, ADDRESS_SPACE);
  if (n % PAGE_SIZE !== 0) throw new VmError("EINVAL", `memory region: ${name} is ${hex(n)}; it must be a multiple of 4096`);
  return n;
}

/** An existing slot may move and may start or stop logging; anything else is a new slot (KVM_SET_USER_MEMORY_REGION). */
function sameBytes(slot: number, old: Slot, size: number, flags: number, given: Uint8Array | undefined): Uint8Array {
  const { bytes } = old;
  if (size !== bytes.length) {
    throw new VmError("EINVAL", `memory slot ${slot} has ${hex(bytes.length)} bytes and cannot be resized to ${hex(size)}; delete it first`);
  }
  if (given !== undefined && (given.buffer !== bytes.buffer || given.byteOffset !== bytes.byteOffset)) {
    throw new VmError("EINVAL", `memory slot ${slot} cannot be given other memory; delete it first`);
  }
  if (((flags ^ old.flags) & KVM_MEM_READONLY) !== 0) {
    throw new VmError("EINVAL", `memory slot ${slot} cannot change KVM_MEM_READONLY; delete it first`);
  }
  return bytes;
}
