/**
 * The machine the system images run on: memory, a console on port 0xe9, and as much of a local APIC as sends its own
 * processor interrupts. A triple fault resets the processor and keeps memory, as a PC's board does (guests/system/rom.s).
 */
import type { KvmExitMmio } from "../../../src/kvm/exits.ts";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { openKvm } from "../../../src/kvm/system.ts";
import type { Vcpu } from "../../../src/kvm/vcpu.ts";
import { enterFlatProtectedMode } from "../../../src/machine/bare-entry.ts";

const MEMORY_BYTES = 16 * 2 ** 20, LOAD_ADDRESS = 0x1000, CONSOLE_PORT = 0xe9;
/** More than any image retires, and more resets than any provokes. */
const MAX_INSNS = 20_000_000, MAX_STEPS = 1_000_000, MAX_RESETS = 100;

/** Local APIC: the low half of the interrupt command register, and the delivery mode of an NMI in its second byte (SDM 3A §10.6.1). */
const ICR_LOW = 0xfee00300, DELIVERY_MODE = 7, MODE_NMI = 4;

/** Sends the processor what an interrupt command asks for; other registers are ignored and read as 0. */
function accessApic(vcpu: Vcpu, { physAddr, data, isWrite }: KvmExitMmio): void {
  if (!isWrite) data.fill(0);
  else if (physAddr !== ICR_LOW) return;
  else if ((data[1] & DELIVERY_MODE) === MODE_NMI) vcpu.nmi();
  else vcpu.interrupt(data[0]);
}

/**
 * Runs an image to its end.
 * @returns what it has printed; with a last line that says how it ended, if not with HLT
 */
export function runSystemImage(image: Uint8Array, options: VmOptions): string {
  const kvm = openKvm(), vm = kvm.createVm(options);
  vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: MEMORY_BYTES });
  vm.writePhys(LOAD_ADDRESS, image);
  let text = "", resets = 0;
  vm.handlePorts({ first: CONSOLE_PORT, count: 1, write: (_port, _size, value) => { text += String.fromCharCode(value); } });
  const vcpu = vm.createVcpu(0);
  vcpu.setCpuid2(kvm.getModelCpuid("max,+apic"));
  enterFlatProtectedMode(vcpu, LOAD_ADDRESS);
  for (let insns = 0; insns < MAX_INSNS;) {
    const exit = vcpu.run({ maxInsns: MAX_INSNS - insns, maxSteps: MAX_STEPS });
    insns += exit.insns;
    switch (exit.reason) {
      case "KVM_EXIT_HLT":
        // A check may wait for an interrupt that it has sent.
        if (text.endsWith("end\n")) return text;
        break;
      case "KVM_EXIT_IO":
        if (exit.direction === "in") exit.data.fill(0xff);
        break;
      case "KVM_EXIT_MMIO":
        accessApic(vcpu, exit);
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
