/**
 * Loads of CR0, CR3, CR4 and EFER, with the checks of MOV (SDM 3A §2.5, SDM 2B MOV CRn) and everything that must follow:
 * page-directory pointers, translations, the mode. For the MOV insns, LMSW, CLTS, WRMSR, task switches and the VM's owner.
 */
import type { Cpu } from "../cpu.ts";
import type { CpuidTable } from "../cpuid.ts";
import { GP } from "../fault.ts";
import type { Feature } from "../features.ts";
import { CR0, CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR3, CR4, CR4_DE, CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_SMAP, CR4_SMEP, CR4_TSD, CR4_UMIP, CR4_VME, EFER } from "../state.ts";

/** CR0 bits that exist; ET is always 1. */
const CR0_WRITABLE = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
/** Bits whose change makes translations void. */
const CR0_PAGING = CR0_PG | CR0_WP, CR4_PAGING = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;
/** Bits whose change loads the page-directory pointers, under PAE (SDM 3A §4.4.1). */
const CR0_LOADS_PDPTES = CR0_PG | CR0_CD | CR0_NW, CR4_LOADS_PDPTES = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;

/** The CR4 bits that come with features (SDM 3A §2.5). */
const CR4_BY_FEATURE: Readonly<Partial<Record<Feature, number>>> = {
  vme: CR4_VME | CR4_PVI, de: CR4_DE, pse: CR4_PSE, tsc: CR4_TSD, pae: CR4_PAE, mce: CR4_MCE, pge: CR4_PGE, p6: CR4_PCE,
  fxsr: CR4_OSFXSR, sse: CR4_OSXMMEXCPT, smep: CR4_SMEP, smap: CR4_SMAP, umip: CR4_UMIP,
};

/** CR4 bits that may be set. */
export function writableCr4(cpuid: CpuidTable): number {
  let bits = 0;
  for (const [feature, cr4] of Object.entries(CR4_BY_FEATURE)) if (cpuid.has(feature as Feature)) bits |= cr4;
  return bits;
}

/** Loads the page-directory pointers that `cr3` names; a reserved bit in one is #GP(0) (SDM 3A §4.4.1). */
function loadPdptes(cpu: Cpu, cr3: number): void {
  if (!cpu.mmu.walker.loadPdptes(cr3)) cpu.fault(GP, 0);
}

/** Loads CR0: paging needs protection, not-write-through needs caches off: else #GP(0). */
export function setCr0(cpu: Cpu, value: number): void {
  const { R } = cpu, old = R[CR0];
  if ((value & CR0_PG) !== 0 && (value & CR0_PE) === 0) cpu.fault(GP, 0);
  if ((value & CR0_NW) !== 0 && (value & CR0_CD) === 0) cpu.fault(GP, 0);
  if ((value & CR0_PG) !== 0 && ((value ^ old) & CR0_LOADS_PDPTES) !== 0 && (R[CR4] & CR4_PAE) !== 0) loadPdptes(cpu, R[CR3]);
  R[CR0] = (value & CR0_WRITABLE) | CR0_ET;
  if (((old ^ R[CR0]) & CR0_PAGING) !== 0) cpu.mmu.controlChanged();
}

/** Loads CR3 and forgets translations that are not global. Under PAE a bad page-directory-pointer entry is #GP(0). */
export function setCr3(cpu: Cpu, value: number): void {
  const { R } = cpu;
  if ((R[CR0] & CR0_PG) !== 0 && (R[CR4] & CR4_PAE) !== 0) loadPdptes(cpu, value);
  R[CR3] = value;
  cpu.mmu.flush(false);
}

/** Loads CR4; a bit whose feature CPUID does not report is #GP(0). */
export function setCr4(cpu: Cpu, value: number): void {
  const { R } = cpu, old = R[CR4];
  if ((value & ~writableCr4(cpu.cpuid)) !== 0) cpu.fault(GP, 0);
  const changed = old ^ value;
  if ((value & CR4_PAE) !== 0 && (changed & CR4_LOADS_PDPTES) !== 0 && (R[CR0] & CR0_PG) !== 0) loadPdptes(cpu, R[CR3]);
  R[CR4] = value;
  if ((changed & CR4_PAGING) !== 0) cpu.mmu.controlChanged();
}

/** Loads EFER; reserved bits must have been refused. */
export function setEfer(cpu: Cpu, value: number): void {
  cpu.R[EFER] = value;
  cpu.mmu.controlChanged();
}
