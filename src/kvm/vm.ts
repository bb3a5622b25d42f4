/** A virtual machine: guest-physical memory, ports, and a vCPU. Shaped like the VM file descriptor of /dev/kvm. */
import { VmError } from "../../tcg/support/errors.ts";
import type { EngineOptions } from "../exec/options.ts";
import { PhysicalMemory } from "../mem/physical-memory.ts";
import { describe, requireInteger } from "./check.ts";
import { EXTENSIONS, MAX_VCPUS } from "./offer.ts";
import type { MemoryRange } from "./memory-handlers.ts";
import { MemoryHandlers } from "./memory-handlers.ts";
import type { KvmUserspaceMemoryRegion } from "./memory-slots.ts";
import { MemorySlots } from "./memory-slots.ts";
import type { PortRange } from "./port-handlers.ts";
import { PortHandlers } from "./port-handlers.ts";
import { Vcpu } from "./vcpu.ts";

/** Made by `Kvm.createVm`. */
export class Vm {
  private readonly options: EngineOptions;
  private readonly physical = new PhysicalMemory();
  private readonly slots = new MemorySlots(this.physical);
  private readonly ports = new PortHandlers();
  private readonly memoryHandlers = new MemoryHandlers();
  private vcpu: Vcpu | null = null;

  constructor(options: EngineOptions) {
    this.options = options;
  }

  /** As `Kvm.checkExtension`. */
  checkExtension(capability: number): number {
    return EXTENSIONS.get(capability) ?? 0;
  }

  // ---- memory

  /**
   * Makes memory of the host, all zeros, to be given to the guest by `setUserMemoryRegion`. The first that the VM makes, before there is a
   * vCPU, lies with the vCPU's own state in one `WebAssembly.Memory`, where translated code reaches it best: let it be the guest's RAM, in
   * one piece, of which slots may have parts. What it makes later is ordinary memory, as the caller's own. Its `buffer` has more than the
   * guest's memory in it; leave that alone.
   * @param bytes  a multiple of 4096, not 0, at most 4 GiB
   * @throws VmError EINVAL, ENOMEM
   */
  allocateMemory(bytes: number): Uint8Array {
    return this.slots.allocate(bytes);
  }

  /**
   * Gives the guest memory: makes a slot, moves it, changes whether it is logged, or deletes it (`memorySize` 0).
   * Writes of the guest to a KVM_MEM_READONLY slot leave with KVM_EXIT_MMIO.
   * @throws VmError EINVAL for numbers out of range, unaligned ones and changes a slot cannot make, EEXIST if the slot would
   * overlap another, EFAULT if the caller's memory is too small, ENOMEM
   */
  setUserMemoryRegion(region: KvmUserspaceMemoryRegion): void {
    this.slots.set(region);
  }

  /**
   * The pages of a slot that were written since the last call: bit n & 7 of byte n >> 3 for page n. Writes of the guest and
   * of `writePhys` count; those to the bytes themselves cannot be seen.
   * @throws VmError ENOENT if the slot does not exist or is not logged
   */
  getDirtyLog(slot: number): Uint8Array {
    return this.slots.takeDirtyLog(slot);
  }

  /**
   * The bytes of a slot themselves, to read and write as the caller likes. From then on (as with memory of the caller's own)
   * every `run` begins with a look at whether code has been changed; `readPhys` and `writePhys` do without.
   * @throws VmError ENOENT
   */
  memory(slot: number): Uint8Array {
    return this.slots.bytesOf(slot);
  }

  /**
   * A copy of guest memory.
   * @throws VmError EFAULT if there is no memory at one of the addresses
   */
  readPhys(physAddr: number, length: number): Uint8Array {
    return this.slots.read(physAddr, length);
  }

  /**
   * Writes guest memory, read-only slots as well.
   * @throws VmError EFAULT if there is no memory at one of the addresses; nothing is written then
   */
  writePhys(physAddr: number, bytes: Uint8Array): void {
    this.slots.write(physAddr, bytes);
  }

  // ---- ports

  /**
   * Answers a range of ports in this process, without exits. Handlers may call `Vcpu.interrupt` and `Vcpu.requestExit`; what they
   * throw comes out of `run`, and the insn is executed again by the next.
   * @throws VmError EINVAL, EEXIST if one of the ports has a handler
   */
  handlePorts(range: PortRange): void {
    this.ports.add(range);
  }

  /**
   * Answers a range of addresses without memory in this process, without exits. Handlers behave like memory: an access may be repeated when
   * an insn is executed again. They may change memory regions, but call nothing of the vCPU, whose count of insns is not exact meanwhile;
   * what they throw comes out of `run`.
   * @throws VmError EINVAL, EEXIST if one of the addresses has a handler
   */
  handleMemory(range: MemoryRange): void {
    this.memoryHandlers.add(range);
  }

  // ---- vCPUs

  /**
   * Makes the vCPU.
   * @param id  0: one is offered
   * @throws VmError EINVAL for other ids, EEXIST if it has been made
   */
  createVcpu(id: number): Vcpu {
    requireInteger("createVcpu: id", id, 0, MAX_VCPUS - 1);
    if (this.vcpu !== null) throw new VmError("EEXIST", `createVcpu: vCPU ${id} has been made already`);
    this.vcpu = new Vcpu({ id, memory: this.physical, slots: this.slots, ports: this.ports, memoryHandlers: this.memoryHandlers, options: this.options });
    return this.vcpu;
  }

  // ---- what KVM has and this does not

  /** Not offered, nor needed: no page of the guest is used behind its back. Leave the call out. */
  setTssAddr(address: number): never {
    throw new VmError("ENXIO", `setTssAddr(${describe(address)}): not offered (KVM_CAP_SET_TSS_ADDR is 0), and not needed`);
  }

  /** Not offered: interrupt controllers are the caller's, who injects with `Vcpu.interrupt`. */
  createIrqchip(): never {
    throw new VmError("ENXIO", "createIrqchip: not offered (KVM_CAP_IRQCHIP is 0); inject interrupts with Vcpu.interrupt");
  }
}
