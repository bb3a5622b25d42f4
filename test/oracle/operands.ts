// ModRM operands in all their forms: registers, 32-bit addresses with and without SIB, 16-bit addresses. Each function
// arranges registers and memory so that the operand holds what the caller wants, and returns the bytes from ModRM on.

import { le } from "./bytes.ts";
import type { Case, Size } from "./case.ts";
import { EAX, EBP, EBX, ECX, EDI, EDX, ESI, ESP, LOW } from "./machine-model.ts";
import type { Random } from "./random.ts";

const ADDRESS_SIZE = 0x67;

/** ModRM.mod */
const MOD_DISP0 = 0, MOD_DISP8 = 1, MOD_DISP32 = 2, MOD_REGISTER = 3;
/** ModRM.rm of a SIB byte, and SIB.index of none. */
const RM_SIB = 4, NO_INDEX = 4;
/** ModRM.rm or SIB.base that means a displacement alone, if mod is 0. */
const DISP_ONLY = 5, DISP_ONLY_16 = 6;

/** Base and index of the 16-bit forms by ModRM.rm (SDM 2A table 2-1). */
const FORMS_16: readonly (readonly number[])[] = [
  [EBX, ESI], [EBX, EDI], [EBP, ESI], [EBP, EDI], [ESI], [EDI], [EBP], [EBX],
];

/** Registers that stay free for addresses when one instruction has a fixed use for none. */
const ADDRESS_REGISTERS = [EAX, ECX, EDX, EBX, EBP, ESI, EDI];

export interface MemoryOptions {
  /** Where the operand is to lie; by default somewhere in the data region, the stack or the low region. */
  readonly target?: number;
  /** Alignment in bytes, at most 16; ignored if `target` is given. */
  readonly align?: number;
}

function modrm(mod: number, reg: number, rm: number): number {
  return (mod << 6) | (reg << 3) | rm;
}

export function registerOperand(reg: number, rm: number): number {
  return modrm(MOD_REGISTER, reg, rm);
}

/** `[disp32]` alone. */
export function absoluteOperand(reg: number, address: number): number[] {
  return [modrm(MOD_DISP0, reg, DISP_ONLY), ...le(address, 4)];
}

/** A memory operand that holds `bytes`. `c.operandAddress` tells where. */
export function memoryOperand(c: Case, reg: number, bytes: readonly number[], options: MemoryOptions = {}): number[] {
  const { random } = c;
  const { align = 1 } = options;
  c.hasMemoryOperand = true;
  if (options.target === undefined && random.chance(0.1)) return stackRelativeOperand(c, reg, bytes, align);
  const target = options.target ?? (random.chance(0.12) ? lowAddress(random) : c.dataAddress(bytes.length, align));
  c.operandAddress = c.place(target, bytes);
  return target <= 0xffff && random.chance(0.9) ? address16(c, reg, target) : address32(c, reg, target);
}

function lowAddress(random: Random): number {
  return LOW.base + 0x100 + (random.below(0xe00) & ~15);
}

/** `[esp + index * scale + disp]`: the one base whose value the case does not choose. */
function stackRelativeOperand(c: Case, reg: number, bytes: readonly number[], align: number): number[] {
  const { random } = c;
  c.reserve(ESP);
  const above = c.regs[ESP] + 16 + random.below(64);
  c.operandAddress = c.place(above + ((align - (above % align)) % align), bytes);
  const free = freeAddressRegisters(c);
  const index = free.length > 0 && random.chance(0.3) ? random.pick(free) : NO_INDEX;
  const scale = random.below(4);
  const distance = c.operandAddress - c.regs[ESP];
  const sib = (scale << 6) | (index << 3) | ESP;
  if (index === NO_INDEX && random.chance(0.7)) return [modrm(MOD_DISP8, reg, RM_SIB), sib, distance];
  const scaled = index === NO_INDEX ? 0 : c.reserve(index).regs[index] << scale;
  return [modrm(MOD_DISP32, reg, RM_SIB), sib, ...le((distance - scaled) >>> 0, 4)];
}

/** Bytes that address `target`: base, index and displacement are all optional, sums wrap at 4 GiB. */
export function address32(c: Case, reg: number, target: number): number[] {
  const { random } = c;
  const free = freeAddressRegisters(c);
  const base = free.length > 0 && random.chance(0.85) ? random.pick(free) : undefined;
  const index = free.length > 0 && random.chance(0.4) ? random.pick(free) : undefined;
  const scale = random.below(4);
  if (index !== undefined) c.reserve(index);
  const offset = index === undefined ? target : target - (c.regs[index] << scale);
  const needsSib = index !== undefined || random.chance(0.1);
  const sib = (baseField: number) => (needsSib ? [(scale << 6) | ((index ?? NO_INDEX) << 3) | baseField] : []);
  const rm = (baseField: number) => (needsSib ? RM_SIB : baseField);

  if (base === undefined) {
    return [modrm(MOD_DISP0, reg, rm(DISP_ONLY)), ...sib(DISP_ONLY), ...le(offset >>> 0, 4)];
  }
  if (base === index) { // its value is spoken for: the displacement makes up the rest
    return [modrm(MOD_DISP32, reg, rm(base)), ...sib(base), ...le((offset - c.regs[base]) >>> 0, 4)];
  }
  const mod = base === EBP ? random.between(MOD_DISP8, MOD_DISP32) : random.between(MOD_DISP0, MOD_DISP32);
  const displacement = mod === MOD_DISP0 ? 0 : mod === MOD_DISP8 ? random.between(-128, 127) : random.u32() | 0;
  c.set(base, offset - displacement);
  return [modrm(mod, reg, rm(base)), ...sib(base), ...displacementBytes(mod, displacement, 4)];
}

/** The same with 16-bit addresses: upper register halves are noise and the sum wraps at 64 KiB. */
function address16(c: Case, reg: number, target: number): number[] {
  const { random } = c;
  c.prefix(ADDRESS_SIZE);
  const usable = FORMS_16.map((_, rm) => rm).filter((rm) => !FORMS_16[rm].some((register) => c.isReserved(register)));
  if (usable.length === 0) return [modrm(MOD_DISP0, reg, DISP_ONLY_16), ...le(target, 2)];
  const rm = random.pick(usable);
  if (rm === DISP_ONLY_16 && random.chance(0.4)) return [modrm(MOD_DISP0, reg, DISP_ONLY_16), ...le(target, 2)];
  const mod = rm === DISP_ONLY_16 ? random.between(MOD_DISP8, MOD_DISP32) : random.between(MOD_DISP0, MOD_DISP32);
  const displacement = mod === MOD_DISP0 ? 0 : mod === MOD_DISP8 ? random.between(-128, 127) : random.below(0x10000);
  let rest = target - displacement;
  const registers = FORMS_16[rm];
  registers.forEach((register, i) => {
    const part = i === registers.length - 1 ? rest : random.below(0x10000);
    rest -= part;
    c.set(register, (random.u32() & ~0xffff) | (part & 0xffff));
  });
  return [modrm(mod, reg, rm), ...displacementBytes(mod, displacement, 2)];
}

export interface RmOptions extends MemoryOptions {
  readonly form?: "register" | "memory";
}

/**
 * A register or memory operand of `size` bytes that holds `value`, half and half.
 * The register may be the one in ModRM.reg too, and ESP where the instruction does not use the stack.
 */
export function rmOperand(c: Case, reg: number, size: Size, value: number, options: RmOptions = {}): number[] {
  const isMemory = options.form === undefined ? c.random.bool() : options.form === "memory";
  if (isMemory) return memoryOperand(c, reg, le(value, size), options);
  c.ignoresAddressSize = true;
  const fullRegister = (rm: number) => (size === 1 ? rm & 3 : rm);
  const usable = [0, 1, 2, 3, 4, 5, 6, 7].filter((rm) => !c.isReserved(fullRegister(rm)));
  if (usable.length === 0) return [registerOperand(reg, c.random.below(8))];
  const rm = c.random.pick(usable);
  c.setSized(rm, size, value);
  return [registerOperand(reg, rm)];
}

/**
 * The same for an instruction that may be locked: in memory it has a LOCK prefix now and then. Locked operands are
 * aligned; one that crosses a cache line is legal but freezes the bus of the host.
 */
export function lockableOperand(c: Case, reg: number, size: Size, value: number): number[] {
  const locked = c.random.chance(0.12);
  if (!locked) return rmOperand(c, reg, size, value);
  c.lock();
  return rmOperand(c, reg, size, value, { form: "memory", align: size });
}

function displacementBytes(mod: number, displacement: number, longBytes: number): number[] {
  if (mod === MOD_DISP0) return [];
  return le(displacement, mod === MOD_DISP8 ? 1 : longBytes);
}

function freeAddressRegisters(c: Case): number[] {
  return ADDRESS_REGISTERS.filter((register) => !c.isReserved(register));
}
