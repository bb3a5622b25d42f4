// A small protected-mode system around a guest's code: descriptors for levels 0 and 3, a task with a level-0 stack, and an IDT
// whose gates lead to one HLT each, so that an exception is seen as an operating system sees it.

import { expect } from "chai";
import type { KvmSegment, Vcpu, VmOptions } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import type { Guest } from "./guest.ts";
import { CODE, guest32, peek, poke } from "./guest.ts";

/** Where the tables are; HLT of vector n is at HANDLERS + n. */
export const GDT = 0x2800, IDT = 0x2000, TSS = 0x2a00, HANDLERS = 0x3000;
/** Stacks grow down from here. */
export const KERNEL_STACK = 0x8000, USER_STACK = 0x7000;
export const KERNEL_CS = 0x08, KERNEL_SS = 0x10, USER_CS = 0x1b, USER_SS = 0x23, TSS_SELECTOR = 0x28;
/** Free descriptors from here on. */
export const FREE_DESCRIPTOR = 0x30;

const CODE_ATTR = 0xc09b, DATA_ATTR = 0xc093, DPL3 = 0x60, BUSY_TSS = 0x8b;
/** I/O permissions for ports below 0x400, behind the registers of the task; before them 32 bytes for VME's redirections. */
export const REDIRECTIONS = TSS + 0x68, IO_MAP = REDIRECTIONS + 32, TSS_LIMIT = 0x68 + 32 + 0x80;

const PUSHES_ERROR: readonly number[] = [8, 10, 11, 12, 13, 14, 17];

/** Writes a descriptor with the attributes as SEG_ATTR has them. */
export function putDescriptor({ vm }: Guest, selector: number, base: number, limit: number, attr: number): void {
  poke(vm, GDT + (selector & ~7), 4, (base << 16) | (limit & 0xffff));
  poke(vm, GDT + (selector & ~7) + 4, 4, (base & 0xff000000) | ((attr & 0xf000) << 8) | (limit & 0xf0000) | ((attr & 0xff) << 8) | ((base >>> 16) & 0xff));
}

/** Writes a gate of the IDT: 32-bit interrupt gate for everybody unless `type` (with P and DPL) says otherwise. */
export function putGate({ vm }: Guest, vector: number, selector: number, offset: number, type = 0xee): void {
  poke(vm, IDT + 8 * vector, 4, (selector << 16) | (offset & 0xffff));
  poke(vm, IDT + 8 * vector + 4, 4, (offset & 0xffff0000) | (type << 8));
}

/** A guest at level 0, flat, on KERNEL_STACK. @param cpu  a model as `--cpu` takes it */
export function protectedGuest(code: string, options: VmOptions, cpu = "max"): Guest {
  const made = guest32(code, options), { vm, vcpu } = made;
  vcpu.setCpuid2(openKvm().getModelCpuid(cpu));
  putDescriptor(made, KERNEL_CS, 0, 0xfffff, CODE_ATTR);
  putDescriptor(made, KERNEL_SS, 0, 0xfffff, DATA_ATTR);
  putDescriptor(made, USER_CS, 0, 0xfffff, CODE_ATTR | DPL3);
  putDescriptor(made, USER_SS, 0, 0xfffff, DATA_ATTR | DPL3);
  putDescriptor(made, TSS_SELECTOR, TSS, TSS_LIMIT, BUSY_TSS);
  poke(vm, TSS + 4, 4, KERNEL_STACK);
  poke(vm, TSS + 8, 2, KERNEL_SS);
  poke(vm, TSS + 0x66, 2, IO_MAP - TSS);
  poke(vm, TSS + TSS_LIMIT, 1, 0xff);
  for (let vector = 0; vector < 48; vector++) {
    putGate(made, vector, KERNEL_CS, HANDLERS + vector);
    poke(vm, HANDLERS + vector, 1, 0xf4);
  }
  vcpu.setSregs({
    gdt: { base: GDT, limit: 0x7f }, idt: { base: IDT, limit: 48 * 8 - 1 },
    tr: { selector: TSS_SELECTOR, base: TSS, limit: TSS_LIMIT, type: 11, s: 0, present: 1, dpl: 0, db: 0, g: 0, avl: 0, unusable: 0 },
  });
  vcpu.setRegs({ rsp: KERNEL_STACK });
  return made;
}

/** Goes on at level 3. */
export function enterUser(vcpu: Vcpu): void {
  const user = (selector: number): Partial<KvmSegment> => ({ selector, dpl: 3 });
  vcpu.setSregs({ cs: user(USER_CS), ss: user(USER_SS), ds: user(USER_SS), es: user(USER_SS), fs: user(USER_SS), gs: user(USER_SS) });
  vcpu.setRegs({ rsp: USER_STACK });
}

/** Goes on in V86 mode, at 0:CODE with SS:SP at 0:USER_STACK. */
export function enterV86(vcpu: Vcpu, rflags: number): void {
  const segment = { base: 0, limit: 0xffff, selector: 0, type: 3, s: 1, present: 1, dpl: 3, db: 0, g: 0, avl: 0, unusable: 0 };
  vcpu.setSregs({ cs: segment, ss: segment, ds: segment, es: segment, fs: segment, gs: segment });
  vcpu.setRegs({ rip: CODE, rsp: USER_STACK, rflags: rflags | 0x20002 });
}

/** An exception as its handler found it. */
export interface Caught {
  readonly vector: number;
  /** Error code, or -1. */
  readonly error: number;
  readonly eip: number;
  readonly cs: number;
  readonly eflags: number;
}

/** Runs to HLT; what was caught there, or null if the guest came to a HLT of its own. */
export function runToHalt({ vm, vcpu }: Guest, maxInsns = 10_000): Caught | null {
  const exit = vcpu.run({ maxInsns });
  expect(exit.reason, JSON.stringify(exit)).to.equal("KVM_EXIT_HLT");
  const { rip, rsp } = vcpu.getRegs(), vector = rip - 1 - HANDLERS;
  if (vector < 0 || vector >= 48) return null;
  const hasError = PUSHES_ERROR.includes(vector), frame = hasError ? rsp + 4 : rsp;
  return { vector, error: hasError ? peek(vm, rsp, 4) : -1, eip: peek(vm, frame, 4), cs: peek(vm, frame + 4, 4), eflags: peek(vm, frame + 8, 4) };
}

/** The same in short: `#13(0) at 1000`, or `ok`. */
export function outcomeOf(guest: Guest): string {
  const caught = runToHalt(guest);
  if (caught === null) return "ok";
  return `#${caught.vector}${caught.error >= 0 ? `(${caught.error.toString(16)})` : ""} at ${caught.eip.toString(16)}`;
}
