/**
 * The same VMM for a guest that prints: every byte written to port 0xf1 goes to stdout. Runs guests/hello.
 *
 *   npm run build && node dist/guests/mini-qemu/hello.js
 */
import { readFileSync } from "node:fs";
import { openKvm } from "../../src/index.ts";

const GUEST_ADDRESS = 0x1000, RAM_SIZE = 0x1000, CONSOLE_PORT = 0xf1;

const vm = openKvm().createVm();
const ram = new Uint8Array(RAM_SIZE);
ram.set(readFileSync(new URL("../../../guests/hello/hello.bin", import.meta.url)));
vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: GUEST_ADDRESS, memorySize: RAM_SIZE, userspaceAddr: ram });

const vcpu = vm.createVcpu(0);
vcpu.setSregs({ cs: { base: 0, selector: 0 } });
vcpu.setRegs({ rip: GUEST_ADDRESS, rflags: 2 });

for (;;) {
  const exit = vcpu.run();
  if (exit.reason === "KVM_EXIT_HLT") break;
  if (exit.reason !== "KVM_EXIT_IO" || exit.port !== CONSOLE_PORT) throw new Error(`unexpected exit ${exit.reason}`);
  process.stdout.write(exit.data);
}
