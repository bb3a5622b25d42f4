/**
 * The VMM of the KVM tutorials, ported to this package call by call: one page of memory, one vCPU in real mode, and a loop over
 * its exits. Runs guests/counter16. Beside each call stands what the C program does there.
 *
 *   npm run build && node dist/guests/mini-qemu/main.js
 */
import { readFileSync } from "node:fs";
import { openKvm } from "../../src/index.ts";

const GUEST_ADDRESS = 0x1000, RAM_SIZE = 0x1000;
/** From dist/guests/mini-qemu, where tsc puts this program. */
const guestFile = new URL("../../../guests/counter16/counter16.bin", import.meta.url);

// kvmfd = open("/dev/kvm", O_RDWR);
console.log("open /dev/kvm...");
const kvm = openKvm();
// if (ioctl(kvmfd, KVM_GET_API_VERSION, NULL) != KVM_API_VERSION) exit(1);
if (kvm.getApiVersion() !== 12) throw new Error(`KVM API version ${kvm.getApiVersion()}, expected 12`);

// vmfd = ioctl(kvmfd, KVM_CREATE_VM, 0);
console.log("get vm fd...");
const vm = kvm.createVm();

// ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
// read(open("guest_test.bin", O_RDONLY), ram, RAM_SIZE);
console.log("load guest_test.bin...");
const ram = vm.allocateMemory(RAM_SIZE);
ram.set(readFileSync(guestFile));
// ioctl(vmfd, KVM_SET_USER_MEMORY_REGION, &mem);
vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: GUEST_ADDRESS, memorySize: RAM_SIZE, userspaceAddr: ram });

// vcpufd = ioctl(vmfd, KVM_CREATE_VCPU, 0);
// run = mmap(NULL, ioctl(kvmfd, KVM_GET_VCPU_MMAP_SIZE, NULL), …): not needed, run() returns what is there.
console.log("get vcpu fd...");
const vcpu = vm.createVcpu(0);

// ioctl(vcpufd, KVM_GET_SREGS, &sregs); … ioctl(vcpufd, KVM_SET_SREGS, &sregs);
console.log("set vcpu regs...");
const sregs = vcpu.getSregs();
sregs.cs.base = 0;
sregs.cs.selector = 0;
vcpu.setSregs(sregs);
// ioctl(vcpufd, KVM_SET_REGS, &regs);
vcpu.setRegs({ rip: GUEST_ADDRESS, rflags: 2 });

for (let isRunning = true; isRunning;) {
  // ioctl(vcpufd, KVM_RUN, NULL); switch (run->exit_reason)
  console.log("vcpu run...");
  const exit = vcpu.run();
  console.log(exit.reason);
  switch (exit.reason) {
    case "KVM_EXIT_IO":
      // *(uint16_t *)((char *)run + run->io.data_offset)
      console.log(`guest put io data: ${new DataView(exit.data.buffer, exit.data.byteOffset).getUint16(0, true)}`);
      break;
    case "KVM_EXIT_HLT":
      isRunning = false;
      break;
    default:
      throw new Error(`unexpected exit ${exit.reason}`);
  }
}
