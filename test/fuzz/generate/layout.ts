// Where a fuzz case keeps its things, in physical memory and, as far as paging maps them, at the same linear addresses.

import type { CaseRegion } from "../../../src/machine/x86-case.ts";

/** Low memory, which emitted code reaches directly; more memory, which it does not; and ROM. The rest are devices. */
export const REGIONS: readonly CaseRegion[] = [
  { base: 0, size: 0x40000, isReadOnly: false },
  { base: 0x80000, size: 0x10000, isReadOnly: false },
  { base: 0xf0000, size: 0x10000, isReadOnly: true },
];

/** System tables. The GDT has room for 64 descriptors, the LDT for 32, the IDT is whole. */
export const GDT = 0x1000, GDT_SLOTS = 64, LDT = 0x1400, LDT_SLOTS = 32, IDT = 0x1800, IDT_SLOTS = 256;
export const TSS_MAIN = 0x2000, TSS_OTHER = 0x2200, TSS_16 = 0x2400, TSS_FAULT = 0x2600, TSS_V86 = 0x2800;
/** Operands of LGDT and LIDT, six bytes each, 8 apart. */
export const POINTERS = 0x2a00, POINTER_COUNT = 4;
/** A handler per vector. */
export const HANDLERS = 0x3000, HANDLER_BYTES = 64, HANDLER_COUNT = 64;
/** Page directory (or, under PAE, pointers and directories) and tables. */
export const PAGING = 0x4000, PAGING_END = 0x8000;
/** Code starts somewhere in the first page so that some of it lies in the second. */
export const CODE = 0x8000, CODE_END = 0xa000;
/** Code for the other operand size, and for other tasks. */
export const CODE_OTHER = 0xa000, CODE_OTHER_END = 0xb000;
export const DATA = 0xb000, DATA_END = 0x10000;
/** A page of stack for each level, and one for V86 and the tasks. */
export const STACKS = 0x10000, STACK_BYTES = 0x1000;
/** Devices, memory beyond the window, ROM. */
export const MMIO = 0x40000, FAR_DATA = 0x80000, ROM = 0xf0000;
/** The first linear address that paging maps otherwise: a second view of low memory. */
export const ALIAS = 0x400000;
/** Slots of code, where it is laid out in slots: an address and the next are so far apart. */
export const SLOT_BYTES = 16;

export const stackTop = (level: number): number => STACKS + (level + 1) * STACK_BYTES - 0x10;
