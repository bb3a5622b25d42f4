/**
 * Loads of CR0, CR3, CR4 and EFER, with the checks of MOV (SDM 3A §2.5, SDM 2B MOV CRn) and everything that must follow:
 * page-directory pointers, translations, the mode. For the MOV insns, LMSW, CLTS, WRMSR, task switches and the VM's owner.
 */
import type { Cpu } from "../cpu.ts";
import type { CpuidTable } from "../cpuid.ts";
import { GP } from "../fault.ts";
import { CR0, CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR3, CR4, CR4_DE, CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_SMAP, CR4_SMEP, CR4_TSD, CR4_UMIP, CR4_VME, EFER, EFER_NXE } from "../state.ts";

/** CR0 bits that exist; ET is always 1. */
const CR0_WRITABLE = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
/** Bits whose change makes translations void. */
const CR0_PAGING = CR0_PG | CR0_WP, CR4_PAGING = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;

/** Feature bits of CPUID (leaf 1 EDX and ECX, leaf 7 EBX and ECX) and the CR4 bits that come with them (SDM 3A §2.5). */
const CR4_BY_FEATURE: readonly { readonly leaf: number; readonly register: "ebx" | "ecx" | "edx"; readonly bit: number; readonly cr4: number }[] = [
  { leaf: 1, register: "edx", bit: 1, cr4: CR4_VME | CR4_PVI },
  { leaf: 1, register: "edx", bit: 2, cr4: CR4_DE },
  { leaf: 1, register: "edx", bit: 3, cr4: CR4_PSE },
  { leaf: 1, register: "edx", bit: 4, cr4: CR4_TSD },
  { leaf: 1, register: "edx", bit: 6, cr4: CR4_PAE },
  { leaf: 1, register: "edx", bit: 7, cr4: CR4_MCE },
  { leaf: 1, register: "edx", bit: 13, cr4: CR4_PGE },
  { leaf: 1, register: "edx", bit: 24, cr4: CR4_OSFXSR },
  { leaf: 1, register: "edx", bit: 25, cr4: CR4_OSXMMEXCPT },
  { leaf: 7, register: "ebx", bit: 7, cr4: CR4_SMEP },
  { leaf: 7, register: "ebx", bit: 20, cr4: CR4_SMAP },
  { leaf: 7, register: "ecx", bit: 2, cr4: CR4_UMIP },
];

/** CR4 bits that may be set, by what CPUID reports. RDPMC exists from the Pentium Pro on (family 6). */
export function writableCr4(cpuid: CpuidTable): number {
  let bits = ((cpuid.lookup(1, 0).eax >>> 8) & 15) >= 6 ? CR4_PCE : 0;
  const highest = cpuid.lookup(0, 0).eax;
  for (const f of CR4_BY_FEATURE) {
    if (f.leaf <= highest >>> 0 && ((cpuid.lookup(f.leaf, 0)[f.register] >>> f.bit) & 1) !== 0) bits |= f.cr4;
  }
  return bits;
}

/** EFER bits that may be set, or -1 if CPUID reports none of its features, so that there is no such register. */
export function writableEfer(cpuid: CpuidTable): number {
  return ((cpuid.lookup(0x80000001 | 0, 0).edx >>> 20) & 1) !== 0 ? EFER_NXE : -1;
}

/** Loads CR0: paging needs protection, not-write-through needs caches off: else #GP(0). */
export function setCr0(cpu: Cpu, value: number): void {
  const { R } = cpu, old = R[CR0];
  if ((value & CR0_PG) !== 0 && (value & CR0_PE) === 0) cpu.fault(GP, 0);
  if ((value & CR0_NW) !== 0 && (value & CR0_CD) === 0) cpu.fault(GP, 0);
  if ((value & ~old & CR0_PG) !== 0 && (R[CR4] & CR4_PAE) !== 0 && !cpu.mmu.walker.loadPdptes(R[CR3])) cpu.fault(GP, 0);
  R[CR0] = (value & CR0_WRITABLE) | CR0_ET;
  if (((old ^ R[CR0]) & CR0_PAGING) !== 0) cpu.mmu.controlChanged();
}

/** Loads CR3 and forgets translations that are not global. Under PAE a bad page-directory-pointer entry is #GP(0). */
export function setCr3(cpu: Cpu, value: number): void {
  const { R } = cpu;
  if ((R[CR0] & CR0_PG) !== 0 && (R[CR4] & CR4_PAE) !== 0 && !cpu.mmu.walker.loadPdptes(value)) cpu.fault(GP, 0);
  R[CR3] = value;
  cpu.mmu.flush(false);
}

/** Loads CR4; a bit whose feature CPUID does not report is #GP(0). */
export function setCr4(cpu: Cpu, value: number): void {
  const { R } = cpu, old = R[CR4];
  if ((value & ~writableCr4(cpu.cpuid)) !== 0) cpu.fault(GP, 0);
  const changed = old ^ value;
  if ((value & changed & CR4_PAE) !== 0 && (R[CR0] & CR0_PG) !== 0 && !cpu.mmu.walker.loadPdptes(R[CR3])) cpu.fault(GP, 0);
  R[CR4] = value;
  if ((changed & CR4_PAGING) !== 0) cpu.mmu.controlChanged();
}

/** Loads EFER; reserved bits must have been refused. */
export function setEfer(cpu: Cpu, value: number): void {
  cpu.R[EFER] = value;
  cpu.mmu.controlChanged();
}
