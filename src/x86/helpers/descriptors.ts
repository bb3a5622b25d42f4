/**
 * Descriptors in the tables that memory holds (SDM 3A §3.5): fetch, and the two bits the processor writes back. Who may use
 * a descriptor for what is decided by the callers.
 */
import type { Cpu } from "../cpu.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_BUSY } from "../descriptor.ts";
import { READ } from "../mmu/page-walk.ts";
import { ATTR_ACCESSED, ATTR_P, GDT_BASE, GDT_LIMIT, LDTR } from "../state.ts";
import { readSystem32, readSystem8, writeSystem8 } from "./system-memory.ts";

/** The part of a selector that error codes carry: index and table (SDM 3A §6.13). */
export const selectorError = (selector: number): number => selector & 0xfffc;
export const isNullSelector = (selector: number): boolean => (selector & 0xfffc) === 0;
export const rplOf = (selector: number): number => selector & 3;

/** The descriptor at a linear address. */
export function readDescriptor(cpu: Cpu, address: number): Descriptor {
  // Tables are aligned as a rule, so that both words are in one page.
  const at = (address & 7) === 0 ? cpu.mmu.find(address, 4, READ, false) : -1;
  if (at >= 0) {
    const { view } = cpu.memory.window;
    return cpu.descriptors.of(view.getInt32(at, true), view.getInt32(at + 4, true), address);
  }
  const low = readSystem32(cpu, address);
  return cpu.descriptors.of(low, readSystem32(cpu, (address + 4) | 0), address);
}

/** The descriptor a selector names, or null where its table ends before it or there is no LDT. Null selectors are the caller's. */
export function fetchDescriptor(cpu: Cpu, selector: number): Descriptor | null {
  const { R } = cpu, offset = selector & 0xfff8, isLocal = (selector & 4) !== 0;
  if (isLocal && (R[LDTR + 3] & ATTR_P) === 0) return null;
  const limit = isLocal ? R[LDTR + 2] : R[GDT_LIMIT];
  if (offset + 7 > limit >>> 0) return null;
  const address = ((isLocal ? R[LDTR + 1] : R[GDT_BASE]) + offset) | 0;
  return readDescriptor(cpu, address);
}

/** The same where anything missing is a fault: null selector `vector`(0), beyond its table `vector`(selector). */
export function requireDescriptor(cpu: Cpu, selector: number, vector: number): Descriptor {
  if (isNullSelector(selector)) cpu.fault(vector, 0);
  return fetchDescriptor(cpu, selector) ?? cpu.fault(vector, selectorError(selector));
}

/** Sets the accessed bit in memory, if it is not. May fault, so it comes before the load commits. */
export function markAccessed(cpu: Cpu, d: Descriptor): void {
  if ((d.attr & ATTR_ACCESSED) === 0) writeType(cpu, d, (old) => old | ATTR_ACCESSED);
}

/** Sets or clears the busy bit of a TSS descriptor in memory. */
export function markBusy(cpu: Cpu, d: Descriptor, busy: boolean): void {
  writeType(cpu, d, (old) => (busy ? old | TYPE_BUSY : old & ~TYPE_BUSY));
}

function writeType(cpu: Cpu, d: Descriptor, change: (old: number) => number): void {
  const at = (d.address + 5) | 0;
  writeSystem8(cpu, at, change(readSystem8(cpu, at)));
}
