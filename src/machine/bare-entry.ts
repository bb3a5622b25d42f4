/**
 * The state a guest of the bare machine starts in. In both modes general registers are 0 and interrupts are off.
 *
 * | | 16 bits | 32 bits |
 * |---|---|---|
 * | mode | real | protected, no paging |
 * | CS:EIP | 0:entry up to 0xffff, else (entry >> 4):(entry & 15) | 0x08:entry, base 0, 4 GiB |
 * | DS ES FS GS SS | 0 | 0x10, base 0, 4 GiB |
 * | stack | SS:SP = 0:0, so the first word goes to 0:fffe | none: ESP = 0 is the end of the address space |
 * | GDT | - | none (limit 0): a guest that loads a segment register brings its own |
 * | IDT | at 0, 256 vectors | none: an exception is a triple fault |
 */
import type { KvmSegment } from "../kvm/sregs.ts";
import type { Vcpu } from "../kvm/vcpu.ts";

const RFLAGS_ALWAYS_1 = 2;
/** CR0: ET, which reads as 1 on every CPU with a built-in FPU or none; PE. */
const CR0_ET = 0x10, CR0_PE = 0x1;
const TYPE_CODE = 11, TYPE_DATA = 3;
const FLAT_CODE = 0x08, FLAT_DATA = 0x10;

/** Registers both modes share. */
function clearRegisters(vcpu: Vcpu, rip: number): void {
  vcpu.setRegs({ rax: 0, rbx: 0, rcx: 0, rdx: 0, rsi: 0, rdi: 0, rsp: 0, rbp: 0, rip, rflags: RFLAGS_ALWAYS_1 });
}

/** Real mode at a physical address below 1 MiB. */
export function enterRealMode(vcpu: Vcpu, entry: number): void {
  const selector = entry <= 0xffff ? 0 : entry >> 4;
  const data = { selector: 0, base: 0, limit: 0xffff, type: TYPE_DATA, s: 1, present: 1, dpl: 0, db: 0, g: 0, avl: 0, unusable: 0 };
  const code = { ...data, selector, base: selector * 16, type: TYPE_CODE };
  vcpu.setSregs({ cs: code, ds: data, es: data, fs: data, gs: data, ss: data, idt: { base: 0, limit: 0x3ff }, gdt: { base: 0, limit: 0 }, cr0: CR0_ET });
  clearRegisters(vcpu, entry - selector * 16);
}

/** Flat 32-bit protected mode. */
export function enterFlatProtectedMode(vcpu: Vcpu, entry: number): void {
  const data: KvmSegment = {
    selector: FLAT_DATA, base: 0, limit: 0xffffffff, type: TYPE_DATA, s: 1, present: 1, dpl: 0, db: 1, l: 0, g: 1, avl: 0, unusable: 0,
  };
  const code = { ...data, selector: FLAT_CODE, type: TYPE_CODE }, none = { base: 0, limit: 0 };
  vcpu.setSregs({ cs: code, ds: data, es: data, fs: data, gs: data, ss: data, idt: none, gdt: none, cr0: CR0_ET | CR0_PE });
  clearRegisters(vcpu, entry);
}
