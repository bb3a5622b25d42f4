/**
 * Memory-type registers: MTRRs and the PAT (SDM 3A §11.11, §11.12). There are no caches, so that types have no effect; but
 * they are kept, and what a processor refuses is refused.
 */

/** IA32_MTRRCAP: variable ranges, fixed ranges, write combining. */
export const VARIABLE_RANGES = 8;
const CAP_FIXED = 0x100, CAP_WRITE_COMBINING = 0x400;
export const MTRR_CAPABILITIES = BigInt(VARIABLE_RANGES | CAP_FIXED | CAP_WRITE_COMBINING);

/** Indices of the registers for the first MiB: one of 64 KiB ranges, two of 16 KiB, eight of 4 KiB. */
export const FIXED_MTRRS: readonly number[] = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];
/** The first base; masks and further pairs follow. */
export const FIRST_VARIABLE_MTRR = 0x200;

/** Bits of IA32_MTRR_DEF_TYPE beyond the type: fixed ranges on, MTRRs on. */
const DEF_TYPE_FLAGS = 0xc00n;
const TYPE_MASK = 0xffn;
/** A mask's V flag. */
const MASK_VALID = 0x800n;
/**
 * Addresses in bases and masks: 36 bits, as on every CPU with MTRRs, since software that knows no leaf 0x80000008 writes masks of
 * that width.
 */
const ADDRESS_MASK = 0xffffff000n;

/** Uncacheable, write combining, write through, write protected, write back; the PAT has UC- as well. */
const MTRR_TYPES: readonly number[] = [0, 1, 4, 5, 6], PAT_TYPES: readonly number[] = [...MTRR_TYPES, 7];

const areTypes = (types: readonly number[], value: bigint): boolean =>
  Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & TYPE_MASK)).every((type) => types.includes(type));
const isType = (value: bigint): boolean => MTRR_TYPES.includes(Number(value & TYPE_MASK));

// What may be written; anything else is #GP(0).
export const isPat = (value: bigint): boolean => areTypes(PAT_TYPES, value);
export const isFixedMtrr = (value: bigint): boolean => areTypes(MTRR_TYPES, value);
export const isDefaultType = (value: bigint): boolean => (value & ~(DEF_TYPE_FLAGS | TYPE_MASK)) === 0n && isType(value);
export const isVariableBase = (value: bigint): boolean => (value & ~(ADDRESS_MASK | TYPE_MASK)) === 0n && isType(value);
export const isVariableMask = (value: bigint): boolean => (value & ~(ADDRESS_MASK | MASK_VALID)) === 0n;
