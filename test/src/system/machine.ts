/**
 * The machine the system images run on: memory, a console on port 0xe9, and as much of a local APIC as sends its own
 * processor interrupts. A triple fault resets the processor and keeps memory, as a PC's board does (guests/system/rom.s).
 */
import type { KvmCpuidEntry2 } from "../../../src/kvm/cpuid.ts";
import type { KvmExitMmio } from "../../../src/kvm/exits.ts";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { openKvm } from "../../../src/kvm/system.ts";
import type { Vcpu } from "../../../src/kvm/vcpu.ts";
import { enterFlatProtectedMode } from "../../../src/machine/bare-entry.ts";

const MEMORY_BYTES = 16 * 2 ** 20, LOAD_ADDRESS = 0x1000, CONSOLE_PORT = 0xe9;
/** More than any image retires, and more resets than any provokes. */
const MAX_INSNS = 20_000_000, MAX_STEPS = 1_000_000, MAX_RESETS = 100;

/** Features the images ask for: leaf 1 EDX, leaf 7 EBX and ECX, leaf 0x80000001 EDX (SDM 2A CPUID). */
const VME = 1 << 1, DE = 1 << 2, PSE = 1 << 3, TSC = 1 << 4, MSR = 1 << 5, PAE = 1 << 6, CX8 = 1 << 8, APIC = 1 << 9, SEP = 1 << 11,
  PGE = 1 << 13, CMOV = 1 << 15, SMEP = 1 << 7, SMAP = 1 << 20, UMIP = 1 << 2, NX = 1 << 20;

const CPUID: readonly KvmCpuidEntry2[] = [
  { function: 0, eax: 7, ebx: 0x756e6547, edx: 0x49656e69, ecx: 0x6c65746e },
  { function: 1, eax: 0x6fb, ebx: 0, ecx: 0, edx: VME | DE | PSE | TSC | MSR | PAE | CX8 | APIC | SEP | PGE | CMOV },
  { function: 7, eax: 0, ebx: SMEP | SMAP, ecx: UMIP, edx: 0 },
  { function: 0x80000000, eax: 0x80000001, ebx: 0, ecx: 0, edx: 0 },
  { function: 0x80000001, eax: 0, ebx: 0, ecx: 0, edx: NX },
].map((entry) => ({ index: 0, flags: 0, ...entry }));

/** Local APIC: the low half of the interrupt command register (SDM 3A §10.6.1). */
const ICR_LOW = 0xfee00300;

/** Sends the processor what an interrupt command asks for. */
function sendInterrupt(vcpu: Vcpu, { physAddr, data, isWrite }: KvmExitMmio): void {
  data.fill(0);
  if (isWrite && physAddr === ICR_LOW) vcpu.interrupt(data[0]);
}

/**
 * Runs an image to its end.
 * @returns what it has printed; with a last line that says how it ended, if not with HLT
 */
export function runSystemImage(image: Uint8Array, options: VmOptions): string {
  const vm = openKvm().createVm(options);
  vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: MEMORY_BYTES });
  vm.writePhys(LOAD_ADDRESS, image);
  let text = "", resets = 0;
  vm.handlePorts({ first: CONSOLE_PORT, count: 1, write: (_port, _size, value) => { text += String.fromCharCode(value); } });
  const vcpu = vm.createVcpu(0);
  vcpu.setCpuid2(CPUID);
  enterFlatProtectedMode(vcpu, LOAD_ADDRESS);
  for (let insns = 0; insns < MAX_INSNS;) {
    const exit = vcpu.run({ maxInsns: MAX_INSNS - insns, maxSteps: MAX_STEPS });
    insns += exit.insns;
    switch (exit.reason) {
      case "KVM_EXIT_HLT": return text;
      case "KVM_EXIT_IO":
        if (exit.direction === "in") exit.data.fill(0xff);
        break;
      case "KVM_EXIT_MMIO":
        sendInterrupt(vcpu, exit);
        break;
      case "KVM_EXIT_SHUTDOWN":
        if (++resets > MAX_RESETS) return `${text}\ntoo many resets`;
        enterFlatProtectedMode(vcpu, LOAD_ADDRESS);
        break;
      default: return `${text}\n${exit.reason}`;
    }
  }
  return `${text}\ndid not end`;
}
