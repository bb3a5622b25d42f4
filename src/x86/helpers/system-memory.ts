/**
 * Implicit accesses of the processor to its own tables (descriptors, TSS, IVT): linear addresses, supervisor privilege
 * whatever CPL is (SDM 3A §4.6, "implicit supervisor-mode accesses"). The one place where that is said.
 */
import type { Cpu } from "../cpu.ts";
import type { AccessKind } from "../mmu/page-walk.ts";
import { READ, WRITE } from "../mmu/page-walk.ts";

function physical(cpu: Cpu, linear: number, kind: AccessKind): number {
  const { mmu } = cpu;
  if (!mmu.isOn) return cpu.physical(linear, kind);
  if (!mmu.translate(linear, kind, false, true)) cpu.pageFault(linear);
  return mmu.physical;
}

function crosses(linear: number, size: number): boolean {
  return (linear & 4095) > 4096 - size;
}

export function readSystem8(cpu: Cpu, linear: number): number {
  const at = cpu.mmu.find(linear, 1, READ, false);
  if (at >= 0) return cpu.memory.window.u8[at];
  return cpu.memory.read(physical(cpu, linear, READ), 1, cpu.io);
}

export function readSystem16(cpu: Cpu, linear: number): number {
  const at = cpu.mmu.find(linear, 2, READ, false);
  if (at >= 0) return cpu.memory.window.view.getUint16(at, true);
  if (crosses(linear, 2)) return readSystem8(cpu, linear) | (readSystem8(cpu, (linear + 1) | 0) << 8);
  return cpu.memory.read(physical(cpu, linear, READ), 2, cpu.io);
}

export function readSystem32(cpu: Cpu, linear: number): number {
  const at = cpu.mmu.find(linear, 4, READ, false);
  if (at >= 0) return cpu.memory.window.view.getInt32(at, true);
  if (crosses(linear, 4)) return readSystem16(cpu, linear) | (readSystem16(cpu, (linear + 2) | 0) << 16);
  return cpu.memory.read(physical(cpu, linear, READ), 4, cpu.io);
}

/** Raises the fault that writing would raise, on either page. */
function checkWrite(cpu: Cpu, linear: number, size: number): void {
  physical(cpu, linear, WRITE);
  physical(cpu, (linear + size - 1) & ~4095, WRITE);
}

export function writeSystem8(cpu: Cpu, linear: number, value: number): void {
  cpu.memory.write(physical(cpu, linear, WRITE), 1, value, cpu.io);
}

export function writeSystem16(cpu: Cpu, linear: number, value: number): void {
  if (!crosses(linear, 2)) return cpu.memory.write(physical(cpu, linear, WRITE), 2, value, cpu.io);
  checkWrite(cpu, linear, 2);
  writeSystem8(cpu, linear, value);
  writeSystem8(cpu, (linear + 1) | 0, value >> 8);
}

export function writeSystem32(cpu: Cpu, linear: number, value: number): void {
  if (!crosses(linear, 4)) return cpu.memory.write(physical(cpu, linear, WRITE), 4, value, cpu.io);
  checkWrite(cpu, linear, 4);
  for (let i = 0; i < 4; i++) writeSystem8(cpu, (linear + i) | 0, value >> (8 * i));
}

/** Physical address for a stack access at a privilege that need not be the current one. */
function stackPhysical(cpu: Cpu, linear: number, kind: AccessKind, user: boolean): number {
  const { mmu } = cpu;
  if (!mmu.isOn) return cpu.physical(linear, kind);
  if (!mmu.translate(linear, kind, user, false)) cpu.pageFault(linear);
  return mmu.physical;
}

/** Reads 2 or 4 bytes of a stack, for level 3 or the others. */
export function readStack(cpu: Cpu, linear: number, size: number, user: boolean): number {
  if (cpu.watches) cpu.watch(linear, size, "read");
  const at = cpu.mmu.find(linear, size, READ, user), { view } = cpu.memory.window;
  if (at >= 0) return size === 4 ? view.getInt32(at, true) : view.getUint16(at, true);
  if (!crosses(linear, size)) return cpu.memory.read(stackPhysical(cpu, linear, READ, user), size, cpu.io);
  let value = 0;
  for (let i = 0; i < size; i++) value |= cpu.memory.read(stackPhysical(cpu, (linear + i) | 0, READ, user), 1, cpu.io) << (8 * i);
  return value;
}

/** Writes 2 or 4 bytes of a stack. */
export function writeStack(cpu: Cpu, linear: number, size: number, value: number, user: boolean): void {
  if (cpu.watches) cpu.watch(linear, size, "write");
  const at = cpu.mmu.find(linear, size, WRITE, user), { view } = cpu.memory.window;
  if (at >= 0) return size === 4 ? view.setInt32(at, value, true) : view.setInt16(at, value, true);
  if (!crosses(linear, size)) return cpu.memory.write(stackPhysical(cpu, linear, WRITE, user), size, value, cpu.io);
  stackPhysical(cpu, linear, WRITE, user);
  stackPhysical(cpu, (linear + size - 1) & ~4095, WRITE, user);
  for (let i = 0; i < size; i++) cpu.memory.write(stackPhysical(cpu, (linear + i) | 0, WRITE, user), 1, value >> (8 * i), cpu.io);
}
