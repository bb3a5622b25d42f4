/** Carries out a plan: makes the memory of a VM, fills it, and sets up the vCPU. */
import { KVM_MEM_READONLY } from "../../kvm/constants.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import type { Vm } from "../../kvm/vm.ts";
import { enterFlatProtectedMode, enterRealMode } from "../bare-entry.ts";
import type { BootPlan } from "./plan.ts";
import { lowRom, romBase } from "./rom.ts";

/** Slots of the memory up to the low copy of a ROM, of that copy, of the memory above it, and of the ROM itself. */
const SLOT_MEMORY = 0, SLOT_LOW_ROM = 1, SLOT_UPPER_MEMORY = 2, SLOT_ROM = 3;

/** Gives a new VM `memoryBytes` of memory from 0 with what the plan puts there; its bytes are copied. */
export function installMemory(vm: Vm, plan: BootPlan, memoryBytes: number): void {
  if (plan.rom === null) vm.setUserMemoryRegion({ slot: SLOT_MEMORY, guestPhysAddr: 0, memorySize: memoryBytes });
  else installWithRom(vm, plan.rom, memoryBytes);
  for (const { address, bytes } of plan.segments) vm.writePhys(address, bytes);
}

/** Memory with a ROM in it. All of it is one buffer, so that emitted code reaches memory on both sides (mem/physical-memory.ts). */
function installWithRom(vm: Vm, rom: Uint8Array, memoryBytes: number): void {
  const low = lowRom(rom), lowEnd = low.base + low.bytes.length, backing = vm.allocateMemory(Math.max(memoryBytes, lowEnd));
  const region = (slot: number, from: number, to: number, flags = 0): void => {
    if (to > from) vm.setUserMemoryRegion({ slot, guestPhysAddr: from, memorySize: to - from, flags, userspaceAddr: backing.subarray(from, to), isHandedOver: true });
  };
  region(SLOT_MEMORY, 0, Math.min(memoryBytes, low.base));
  region(SLOT_LOW_ROM, low.base, lowEnd, KVM_MEM_READONLY);
  region(SLOT_UPPER_MEMORY, lowEnd, memoryBytes);
  vm.setUserMemoryRegion({ slot: SLOT_ROM, guestPhysAddr: romBase(rom), memorySize: rom.length, flags: KVM_MEM_READONLY });
  vm.writePhys(low.base, low.bytes);
  vm.writePhys(romBase(rom), rom);
}

/** Sets up a new vCPU, whose CPUID leaves have been set. */
export function installStart(vcpu: Vcpu, { start }: BootPlan): void {
  switch (start.kind) {
    case "real": return enterRealMode(vcpu, start.entry);
    case "protected":
      enterFlatProtectedMode(vcpu, start.entry);
      vcpu.setRegs({ rax: start.eax, rbx: start.ebx });
      return;
    case "reset": {
      // It is in that state already. EDX tells which processor this is, as CPUID does (SDM 3A §9.1.3).
      const identity = vcpu.getCpuid2().find((leaf) => leaf.function === 1);
      if (identity !== undefined) vcpu.setRegs({ rdx: identity.eax });
    }
  }
}
