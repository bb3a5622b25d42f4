/**
 * The part of the CPU's state that decoded and translated code depends on. Code is valid only in the mode it was made in,
 * so a mode's key is part of the key of everything the engine keeps.
 */
import { ATTR_CODE, ATTR_DB, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ATTR_P, ATTR_S, ATTR_WRITABLE, CR0, CR0_AM, CR0_PE, CR0_PG, CR4, CR4_SMAP, CS, EFLAGS_SYS, F_AC, F_VM, SEG_ATTR, SEG_BASE, SEG_LIMIT, SS } from "../state.ts";

/**
 * How accesses through a segment are checked and translated.
 * - `SEG_FLAT`: base 0, limit 4 GiB, readable and writable: nothing to do;
 * - `SEG_64K`: limit 0xffff, readable and writable, any base: real mode and V86;
 * - `SEG_ANY`: everything else, checked against the descriptor at run time; and all segments while alignment is checked.
 */
export const SEG_FLAT = 0, SEG_64K = 1, SEG_ANY = 2;
export type SegClass = 0 | 1 | 2;

export interface Mode {
  /** Identifies the mode: equal keys, equal modes. */
  readonly key: number;
  /** Default operand and address size: CS.D. */
  readonly code32: boolean;
  /** Stack address size: SS.B. */
  readonly stack32: boolean;
  readonly protectedMode: boolean;
  readonly v86: boolean;
  /**
   * Current privilege level, 0..3: the DPL of SS, which is CPL always (SDM 3C §24.4.1); the low bits of CS are not while
   * a real-mode CS is still loaded after CR0.PE has been set.
   */
  readonly cpl: number;
  /** By segment number. */
  readonly segClass: readonly SegClass[];
  /** Address bit 20 passes (A20 gate open). */
  readonly a20: boolean;
  /** CR0.PG. */
  readonly paging: boolean;
  /** Data breakpoints are armed, the guest's or the debugger's: every access is looked at. */
  readonly watching: boolean;
  /** Below level 3 with CR4.SMAP: EFLAGS.AC lets accesses at user pages. */
  readonly reachesUser: boolean;
}

/** The class of a segment, by what its register holds: CS, or another. */
export function classify(isCs: boolean, attr: number, base: number, limit: number): SegClass {
  const plain = ATTR_P | ATTR_S | ATTR_WRITABLE;
  if (isCs) {
    if ((attr & (ATTR_P | ATTR_S)) !== (ATTR_P | ATTR_S)) return SEG_ANY;
    // Reads through CS need the R bit, which has the place of W; writes never get here as class 0 or 1 (see operands.ts).
    if ((attr & ATTR_WRITABLE) === 0) return SEG_ANY;
  } else if ((attr & (plain | ATTR_CODE | ATTR_EXPAND_DOWN)) !== plain) {
    return SEG_ANY;
  }
  if (base === 0 && limit === -1) return SEG_FLAT;
  return limit === 0xffff ? SEG_64K : SEG_ANY;
}

/** True if unaligned accesses are #AC: at level 3 with CR0.AM and EFLAGS.AC (SDM 3A §6.15, interrupt 17). */
export function checksAlignment(R: Int32Array): boolean {
  if ((R[EFLAGS_SYS] & F_AC) === 0 || (R[CR0] & (CR0_AM | CR0_PE)) !== (CR0_AM | CR0_PE)) return false;
  return (R[EFLAGS_SYS] & F_VM) !== 0 || ((R[SEG_ATTR + SS] >> ATTR_DPL_SHIFT) & 3) === 3;
}

/** The classes of all segments: two bits each, from the number of the segment times 2. */
export function classesOf(R: Int32Array): number {
  let classes = 0;
  for (let seg = 0; seg < 6; seg++) classes = withClass(R, classes, seg);
  return classes;
}

/** The same after a load of one of them. */
export function withClass(R: Int32Array, classes: number, seg: number): number {
  return (classes & ~(3 << (2 * seg))) | (classify(seg === CS, R[SEG_ATTR + seg], R[SEG_BASE + seg], R[SEG_LIMIT + seg]) << (2 * seg));
}

/** Every segment is `SEG_ANY`. */
const ALL_ANY = 0xaaa;

/**
 * The key of the mode the state is in; cheap enough for every change of a segment register.
 * @param watching  accesses are looked at one by one (`Mode.watching`)
 * @param classes   what `classesOf` would say
 */
export function modeKey(R: Int32Array, a20: boolean, watching: boolean, classes = classesOf(R)): number {
  let key = checksAlignment(R) ? ALL_ANY : classes;
  if ((R[SEG_ATTR + CS] & ATTR_DB) !== 0) key |= 1 << 12;
  if ((R[SEG_ATTR + SS] & ATTR_DB) !== 0) key |= 1 << 13;
  if ((R[CR0] & CR0_PE) !== 0) {
    key |= 1 << 14;
    if ((R[EFLAGS_SYS] & F_VM) !== 0) key |= (1 << 15) | (3 << 16);
    else key |= ((R[SEG_ATTR + SS] >> ATTR_DPL_SHIFT) & 3) << 16;
  }
  if (a20) key |= 1 << 18;
  if ((R[CR0] & CR0_PG) !== 0) key |= 1 << 19;
  if (watching) key |= 1 << 20;
  if ((R[EFLAGS_SYS] & F_AC) !== 0 && (R[CR4] & CR4_SMAP) !== 0 && (R[CR0] & CR0_PG) !== 0 && ((key >>> 16) & 3) !== 3) key |= 1 << 21;
  return key;
}

/** The mode a key stands for. */
export function modeOfKey(key: number): Mode {
  const segClass: SegClass[] = [];
  for (let s = 0; s < 6; s++) segClass.push(((key >>> (2 * s)) & 3) as SegClass);
  return {
    key,
    code32: (key & (1 << 12)) !== 0,
    stack32: (key & (1 << 13)) !== 0,
    protectedMode: (key & (1 << 14)) !== 0,
    v86: (key & (1 << 15)) !== 0,
    cpl: (key >>> 16) & 3,
    segClass,
    a20: (key & (1 << 18)) !== 0,
    paging: (key & (1 << 19)) !== 0,
    watching: (key & (1 << 20)) !== 0,
    reachesUser: (key & (1 << 21)) !== 0,
  };
}
