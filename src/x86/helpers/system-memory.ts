/**
 * Implicit accesses of the processor to its own tables (descriptors, TSS, IVT): linear addresses, supervisor privilege
 * whatever CPL is (SDM 3A §4.6, "implicit supervisor-mode accesses"). One place, so that paging has one place to hook in.
 */
import type { Cpu } from "../cpu.ts";

export function readSystem8(cpu: Cpu, linear: number): number { return cpu.load8(linear); }
export function readSystem16(cpu: Cpu, linear: number): number { return cpu.load16(linear); }
export function readSystem32(cpu: Cpu, linear: number): number { return cpu.load32(linear); }
export function writeSystem8(cpu: Cpu, linear: number, value: number): void { cpu.store8(linear, value); }
export function writeSystem16(cpu: Cpu, linear: number, value: number): void { cpu.store16(linear, value); }
export function writeSystem32(cpu: Cpu, linear: number, value: number): void { cpu.store32(linear, value); }
