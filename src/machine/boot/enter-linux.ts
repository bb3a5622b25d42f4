/** Sets up a new vCPU for the entry of a Linux kernel (Linux, Documentation/arch/x86/boot.rst, "32-bit Boot Protocol"). */
import type { KvmSegment } from "../../kvm/sregs.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import type { LinuxPlan } from "./linux.ts";
import { BOOT_CS, BOOT_DS, BOOT_GDT_LIMIT } from "./linux.ts";

const RFLAGS_ALWAYS_1 = 2;
const CR0_ET = 0x10, CR0_PE = 0x1;
const TYPE_CODE = 11, TYPE_DATA = 3;

/** Flat protected mode without paging, interrupts off; ESI points to the zero page; EBP, EDI and EBX are 0. */
export function enterLinux(vcpu: Vcpu, { entry, zeroPage, gdt }: LinuxPlan): void {
  const data: KvmSegment = {
    selector: BOOT_DS, base: 0, limit: 0xffffffff, type: TYPE_DATA, s: 1, present: 1, dpl: 0, db: 1, l: 0, g: 1, avl: 0, unusable: 0,
  };
  const code = { ...data, selector: BOOT_CS, type: TYPE_CODE };
  vcpu.setSregs({
    cs: code, ds: data, es: data, fs: data, gs: data, ss: data, gdt: { base: gdt, limit: BOOT_GDT_LIMIT }, idt: { base: 0, limit: 0 }, cr0: CR0_ET | CR0_PE,
  });
  vcpu.setRegs({ rax: 0, rbx: 0, rcx: 0, rdx: 0, rsi: zeroPage, rdi: 0, rsp: zeroPage, rbp: 0, rip: entry, rflags: RFLAGS_ALWAYS_1 });
}
