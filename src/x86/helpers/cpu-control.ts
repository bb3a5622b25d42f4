/** Control registers, descriptor-table registers, CPUID, HLT. */
import type { Cpu } from "../cpu.ts";
import { readCpuid } from "../cpuid-read.ts";
import { UD } from "../fault.ts";
import { CR0, CR0_EM, CR0_MP, CR0_PE, CR0_TS, CR2, CR3, CR4, EAX, EBX, ECX, EDX, EIP, G_CR0, GDT_BASE, GDT_LIMIT, IDT_BASE, IDT_LIMIT, REGS } from "../state.ts";
import { setCr0, setCr3, setCr4 } from "./control-registers.ts";
import { defHelper } from "./define.ts";
import { requireLevel0 } from "./privilege.ts";

function setControl(cpu: Cpu, n: number, value: number): void {
  if (n === 0) setCr0(cpu, value);
  else if (n === 2) cpu.R[CR2] = value;
  else if (n === 3) setCr3(cpu, value);
  else setCr4(cpu, value);
}

/** #UD for a control register that does not exist, then #GP(0) above level 0. */
function requireControl(cpu: Cpu, n: number): void {
  if (n !== 0 && n !== 2 && n !== 3 && n !== 4) cpu.fault(UD);
  requireLevel0(cpu);
}

export const setEip = defHelper("set_eip", {
  params: 1,
  reads: [],
  writes: [],
  mayFault: false,
  doc: "Sets EIP, for a solo insn that leaves.",
  bind: (cpu) => (offset) => {
    cpu.R[EIP] = offset;
  },
});

export const readControl = defHelper("read_cr", {
  params: 1,
  result: "i32",
  writes: [],
  doc: "Control register `n`; #UD, #GP(0) (SDM 2B MOV CRn).",
  bind: (cpu) => (n) => {
    requireControl(cpu, n);
    return cpu.R[n === 0 ? CR0 : n === 2 ? CR2 : n === 3 ? CR3 : CR4];
  },
});

export const writeControl = defHelper("write_cr", {
  params: 2,
  doc: "Writes control register `n`; #UD, #GP(0) (SDM 2B MOV CRn).",
  bind: (cpu) => (n, value) => {
    requireControl(cpu, n);
    setControl(cpu, n, value);
  },
});

export const loadStatusWord = defHelper("lmsw", {
  params: 1,
  doc: "Loads PE, MP, EM and TS from a word; PE cannot be cleared (SDM 2A LMSW).",
  mayFault: false,
  bind: (cpu) => (word) => {
    const bits = CR0_PE | CR0_MP | CR0_EM | CR0_TS, old = cpu.R[CR0];
    setCr0(cpu, (old & ~bits) | (word & bits) | (old & CR0_PE));
  },
});

export const invalidatePage = defHelper("invlpg", {
  params: 2,
  doc: "Forgets the translation of an address, given by the slot of its segment's base and its offset, which no limit checks; #GP(0) (SDM 2A INVLPG).",
  bind: (cpu) => (baseSlot, offset) => {
    requireLevel0(cpu);
    cpu.mmu.flushPage((cpu.R[baseSlot] + offset) | 0);
  },
});

export const clearTaskSwitched = defHelper("clts", {
  params: 0,
  reads: [],
  writes: [G_CR0],
  doc: "CR0.TS = 0; #GP(0) (SDM 2A CLTS).",
  bind: (cpu) => () => {
    requireLevel0(cpu);
    cpu.R[CR0] &= ~CR0_TS;
  },
});

export const halt = defHelper("hlt", {
  params: 0,
  doc: "Halts the processor until an interrupt; #GP(0) (SDM 2A HLT).",
  bind: (cpu) => () => {
    requireLevel0(cpu);
    cpu.halted = true;
  },
});

const tableSlots = [{ base: GDT_BASE, limit: GDT_LIMIT }, { base: IDT_BASE, limit: IDT_LIMIT }] as const;

function loadTableHelper(name: string, table: 0 | 1): ReturnType<typeof defHelper> {
  const { base, limit } = tableSlots[table];
  return defHelper(name, {
    params: 2,
    mayFault: false,
    doc: "Loads limit and base of a descriptor-table register (SDM 2A LGDT/LIDT).",
    bind: (cpu) => (newLimit, newBase) => {
      cpu.R[limit] = newLimit;
      cpu.R[base] = newBase;
    },
  });
}

export const loadGlobalTable = loadTableHelper("lgdt", 0);
export const loadInterruptTable = loadTableHelper("lidt", 1);

export const storeTableLimit = defHelper("table_limit", {
  params: 1,
  result: "i32",
  writes: [],
  mayFault: false,
  doc: "Limit of the GDT (0) or IDT (1).",
  bind: (cpu) => (table) => cpu.R[table === 0 ? GDT_LIMIT : IDT_LIMIT],
});

export const storeTableBase = defHelper("table_base", {
  params: 1,
  result: "i32",
  writes: [],
  mayFault: false,
  doc: "Linear base of the GDT (0) or IDT (1).",
  bind: (cpu) => (table) => cpu.R[table === 0 ? GDT_BASE : IDT_BASE],
});

export const identify = defHelper("cpuid", {
  params: 0,
  reads: [REGS[EAX], REGS[ECX]],
  writes: [REGS[EAX], REGS[EBX], REGS[ECX], REGS[EDX]],
  mayFault: false,
  doc: "CPUID: leaf EAX, subleaf ECX (SDM 2A CPUID).",
  bind: (cpu) => () => {
    const { R } = cpu, found = readCpuid(cpu, R[EAX], R[ECX]);
    R[EAX] = found.eax;
    R[EBX] = found.ebx;
    R[ECX] = found.ecx;
    R[EDX] = found.edx;
  },
});
