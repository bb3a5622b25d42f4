/** KVM_GET_SREGS and KVM_SET_SREGS: segments with their hidden parts, descriptor tables, control registers. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Cpu } from "../x86/cpu.ts";
import { writableCr4 } from "../x86/helpers/control-registers.ts";
import { hasReservedPdpteBits } from "../x86/mmu/page-walk.ts";
import { ATTR_DB, ATTR_DPL_SHIFT, ATTR_G, ATTR_P, ATTR_S, CR0, CR0_ET, CR2, CR3, CR4, CS, DS, EFER, EFER_NXE, ES, FS, GDT_BASE, GDT_LIMIT, GS, IDT_BASE, IDT_LIMIT, LDTR, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SS, TR } from "../x86/state.ts";
import { describe, hex, requireInteger, requireUint32 } from "./check.ts";

/** `struct kvm_segment`. `base` and `limit` are unsigned, the limit in bytes; the others are small numbers, flags 0 or 1. */
export interface KvmSegment {
  base: number;
  limit: number;
  selector: number;
  /** Descriptor type, 0..15. */
  type: number;
  present: number;
  /** Privilege level, 0..3. */
  dpl: number;
  /** 1 for a 32-bit segment. */
  db: number;
  /** 1 for code and data, 0 for system segments. */
  s: number;
  /** 1 for 64-bit code: not offered. */
  l: number;
  /** Granularity: the descriptor's limit counts pages. */
  g: number;
  avl: number;
  /** 1 after a null selector has been loaded. */
  unusable: number;
}

/** `struct kvm_dtable`. */
export interface KvmDtable {
  base: number;
  limit: number;
}

/** `struct kvm_sregs`, but for the bitmap of queued interrupts. */
export interface KvmSregs {
  cs: KvmSegment;
  ds: KvmSegment;
  es: KvmSegment;
  fs: KvmSegment;
  gs: KvmSegment;
  ss: KvmSegment;
  tr: KvmSegment;
  ldt: KvmSegment;
  gdt: KvmDtable;
  idt: KvmDtable;
  cr0: number;
  cr2: number;
  cr3: number;
  cr4: number;
  /** Task priority; kept for the caller, nothing here looks at it. */
  cr8: number;
  efer: number;
  apicBase: number;
}

/** What `setSregs` takes: any part, and of a segment any part. */
export type KvmSregsUpdate = { readonly [K in keyof KvmSregs]?: KvmSregs[K] extends number ? number : Partial<KvmSregs[K]> };

/** `struct kvm_sregs2`. */
export interface KvmSregs2 extends KvmSregs {
  /** The four page-directory-pointer entries, low words; null unless the CPU holds them (PAE). */
  pdptrs: readonly number[] | null;
}

/** Any of them; what is left out stays as it is. */
export type KvmSregs2Update = KvmSregsUpdate & { readonly pdptrs?: readonly number[] | null };

/** Places of a segment register in the state file. */
interface SegmentSlots {
  readonly selector: number;
  readonly base: number;
  readonly limit: number;
  readonly attr: number;
}

const segmentSlots = (n: number): SegmentSlots =>
  ({ selector: SEG_SELECTOR + n, base: SEG_BASE + n, limit: SEG_LIMIT + n, attr: SEG_ATTR + n });
const systemSlots = (first: number): SegmentSlots => ({ selector: first, base: first + 1, limit: first + 2, attr: first + 3 });

const SEGMENTS = {
  cs: segmentSlots(CS), ds: segmentSlots(DS), es: segmentSlots(ES), fs: segmentSlots(FS), gs: segmentSlots(GS), ss: segmentSlots(SS),
  tr: systemSlots(TR), ldt: systemSlots(LDTR),
} as const;
type SegmentName = keyof typeof SEGMENTS;
const SEGMENT_NAMES = Object.keys(SEGMENTS) as SegmentName[];

const ATTR_AVL = 0x1000, ATTR_L = 0x2000;

const TABLES = { gdt: { base: GDT_BASE, limit: GDT_LIMIT }, idt: { base: IDT_BASE, limit: IDT_LIMIT } } as const;
const TABLE_NAMES = ["gdt", "idt"] as const;

const CONTROLS = { cr0: CR0, cr2: CR2, cr3: CR3, cr4: CR4 } as const;
const CONTROL_NAMES = ["cr0", "cr2", "cr3", "cr4"] as const;

/** Largest values of the fields of a segment. */
const SEGMENT_FIELDS: Readonly<Record<keyof KvmSegment, number>> = {
  base: 0xffffffff, limit: 0xffffffff, selector: 0xffff, type: 15, present: 1, dpl: 3, db: 1, s: 1, l: 0, g: 1, avl: 1, unusable: 1,
};

const APIC_BASE_WRITABLE = 0xffffff900;

function readSegment(R: Int32Array, at: SegmentSlots): KvmSegment {
  const attr = R[at.attr], bit = (mask: number): number => ((attr & mask) !== 0 ? 1 : 0);
  return {
    base: R[at.base] >>> 0, limit: R[at.limit] >>> 0, selector: R[at.selector] & 0xffff, type: attr & 15,
    present: bit(ATTR_P), dpl: (attr >> ATTR_DPL_SHIFT) & 3, db: bit(ATTR_DB), s: bit(ATTR_S), l: bit(ATTR_L), g: bit(ATTR_G),
    avl: bit(ATTR_AVL), unusable: 1 - bit(ATTR_P),
  };
}

function attributesOf(s: KvmSegment): number {
  // A segment without P can be used for nothing, which is what "unusable" means to the insns.
  const present = s.unusable === 1 ? 0 : s.present;
  return s.type | (s.s * ATTR_S) | (s.dpl << ATTR_DPL_SHIFT) | (present * ATTR_P) | (s.avl * ATTR_AVL) | (s.l * ATTR_L) | (s.db * ATTR_DB)
    | (s.g * ATTR_G);
}

function writeSegment(R: Int32Array, at: SegmentSlots, s: KvmSegment): void {
  R[at.base] = s.base;
  R[at.limit] = s.limit;
  R[at.selector] = s.selector;
  R[at.attr] = attributesOf(s);
}

const PDPTRS = 4;

/** @throws VmError EINVAL for entries that loading CR3 would refuse */
export function checkPdptrs(pdptrs: unknown): void {
  if (pdptrs === undefined || pdptrs === null) return;
  if (!Array.isArray(pdptrs) || pdptrs.length !== PDPTRS) throw new VmError("EINVAL", `setSregs2: pdptrs is ${describe(pdptrs)}; it must be ${PDPTRS} entries, or null`);
  pdptrs.forEach((entry: unknown, i) => {
    const value = requireUint32(`setSregs2: pdptrs[${i}]`, entry);
    if (hasReservedPdpteBits(value)) throw new VmError("EINVAL", `setSregs2: pdptrs[${i}] is ${hex(value)}, which has reserved bits`);
  });
}

export function readSregs(cpu: Cpu, cr8: number): KvmSregs {
  const { R } = cpu, segment = (name: SegmentName): KvmSegment => readSegment(R, SEGMENTS[name]);
  return {
    cs: segment("cs"), ds: segment("ds"), es: segment("es"), fs: segment("fs"), gs: segment("gs"), ss: segment("ss"), tr: segment("tr"),
    ldt: segment("ldt"),
    gdt: { base: R[GDT_BASE] >>> 0, limit: R[GDT_LIMIT] & 0xffff }, idt: { base: R[IDT_BASE] >>> 0, limit: R[IDT_LIMIT] & 0xffff },
    cr0: R[CR0] >>> 0, cr2: R[CR2] >>> 0, cr3: R[CR3] >>> 0, cr4: R[CR4] >>> 0, cr8, efer: R[EFER] >>> 0, apicBase: Number(cpu.apicBase),
  };
}

/**
 * Sets what is given; everything is checked before anything changes. Returns the new CR8.
 * @throws VmError EINVAL for unknown names, values out of range, and features this CPU does not have
 */
export function writeSregs(cpu: Cpu, cr8: number, update: KvmSregsUpdate): number {
  const { R } = cpu, next = readSregs(cpu, cr8);
  for (const name of Object.keys(update)) {
    if (!(name in next)) throw new VmError("EINVAL", `setSregs: there is no ${name}; names are ${Object.keys(next).join(" ")}`);
  }
  for (const name of SEGMENT_NAMES) mergeSegment(name, next[name], update[name]);
  for (const name of TABLE_NAMES) mergeTable(name, next[name], update[name]);
  for (const name of CONTROL_NAMES) if (update[name] !== undefined) next[name] = requireUint32(`setSregs: ${name}`, update[name]);
  if (update.cr8 !== undefined) next.cr8 = requireInteger("setSregs: cr8", update.cr8, 0, 15);
  if (update.apicBase !== undefined) next.apicBase = requireInteger("setSregs: apicBase", update.apicBase, 0, APIC_BASE_WRITABLE);
  if (update.efer !== undefined) next.efer = requireUint32("setSregs: efer", update.efer);
  const efer = cpu.cpuid.has("nx") ? EFER_NXE : 0, cr4 = writableCr4(cpu.cpuid);
  if ((next.efer & ~efer) !== 0) throw new VmError("EINVAL", `setSregs: efer is ${hex(next.efer)}; this CPU has only the bits ${hex(efer)}`);
  if ((next.cr4 & ~cr4) !== 0) throw new VmError("EINVAL", `setSregs: cr4 is ${hex(next.cr4)}; this CPU has only the bits ${hex(cr4)}`);
  for (const name of SEGMENT_NAMES) if (update[name] !== undefined) writeSegment(R, SEGMENTS[name], next[name]);
  for (const name of TABLE_NAMES) {
    R[TABLES[name].base] = next[name].base;
    R[TABLES[name].limit] = next[name].limit;
  }
  for (const name of CONTROL_NAMES) R[CONTROLS[name]] = next[name];
  R[CR0] |= CR0_ET;
  R[EFER] = next.efer;
  cpu.mmu.controlChanged();
  cpu.apicBase = BigInt(next.apicBase);
  return next.cr8;
}

function mergeSegment(name: SegmentName, segment: KvmSegment, update: Partial<KvmSegment> | undefined): void {
  for (const [field, value] of Object.entries(update ?? {})) {
    if (!isSegmentField(field)) {
      throw new VmError("EINVAL", `setSregs: ${name} has no ${field}; fields are ${Object.keys(SEGMENT_FIELDS).join(" ")}`);
    }
    if ((value as number | undefined) !== undefined) segment[field] = requireInteger(`setSregs: ${name}.${field}`, value, 0, SEGMENT_FIELDS[field]);
  }
  // Making a segment present makes it usable, unless the caller says otherwise.
  if (update?.present === 1 && update.unusable === undefined) segment.unusable = 0;
}

function isSegmentField(name: string): name is keyof KvmSegment {
  return name in SEGMENT_FIELDS;
}

function mergeTable(name: "gdt" | "idt", table: KvmDtable, update: Partial<KvmDtable> | undefined): void {
  if (update?.base !== undefined) table.base = requireUint32(`setSregs: ${name}.base`, update.base);
  if (update?.limit !== undefined) table.limit = requireInteger(`setSregs: ${name}.limit`, update.limit, 0, 0xffff);
}
