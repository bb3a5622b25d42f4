/**
 * The arithmetic flags in two words, without a record of the operation that set them: a result and a carry vector
 * (the scheme of Mihocka and Shwartsman, "Virtualization Without Direct Execution", 2008). A setter writes both; a reader
 * needs no dispatch. Emitted code keeps both in locals, and a setter nobody reads disappears.
 *
 *   FLAGS_RES  the result, sign extended from its width
 *   FLAGS_AUX  bit 31 carry out of the top bit (CF); bit 30 carry out of the bit below it;
 *              bit 3 carry out of bit 3 (AF); bit 0 inverts SF; bits 8–15 are xored to the byte PF is made from
 *
 *   CF = aux[31]   OF = aux[31] ^ aux[30]   AF = aux[3]   ZF = res == 0
 *   SF = res[31] ^ aux[0]                   PF = even parity of (res ^ aux >> 8) & 255
 *
 * Written twice on purpose, side by side: for the run-time library (here) and for the IR (flags-ir.ts); a test compares
 * the two over all flag images.
 */
import { DF, EFLAGS_SYS, F_AF, F_CF, F_DF, F_OF, F_PF, F_SF, F_ZF, FLAGS_AUX, FLAGS_RES } from "./state.ts";

/** The bits of FLAGS_AUX an arithmetic result determines; the others correct SF and PF. */
export const AUX_CARRIES = 0xc0000008 | 0;
/** CF and the carry below it: flipping both changes CF and keeps OF. */
export const AUX_CF_PO = 0xc0000000 | 0;
/** The EFLAGS bits this module computes. */
export const ARITH_FLAGS = F_CF | F_PF | F_AF | F_ZF | F_SF | F_OF;
/** A nibble's even parity: bit n is 1 if n has an even number of one bits. */
export const PARITY = 0x9669;

/** The arithmetic flags as EFLAGS bits. */
export function readArithFlags(R: Int32Array): number {
  const res = R[FLAGS_RES], aux = R[FLAGS_AUX];
  const p = res ^ (aux >>> 8);
  return (aux >>> 31)
    | ((PARITY >>> ((p ^ (p >>> 4)) & 15)) & 1) << 2
    | ((aux & 8) << 1)
    | (res === 0 ? F_ZF : 0)
    | (((res >>> 31) ^ (aux & 1)) << 7)
    | (((aux ^ (aux << 1)) >>> 31) << 11);
}

/** Sets the arithmetic flags from EFLAGS bits; other bits of `flags` are ignored. */
export function writeArithFlags(R: Int32Array, flags: number): void {
  const zf = (flags >>> 6) & 1, pf = (flags >>> 2) & 1;
  R[FLAGS_RES] = 1 - zf;
  R[FLAGS_AUX] = (flags << 31)
    | (((flags ^ (flags >>> 11)) & 1) << 30)
    | ((flags & F_AF) >>> 1)
    | ((flags >>> 7) & 1)
    | ((zf === 1 ? 1 - pf : pf) << 8);
}

/** The whole EFLAGS register (bit 1 reads as 1). */
export function readEflags(R: Int32Array): number {
  return readArithFlags(R) | R[EFLAGS_SYS] | (R[DF] < 0 ? F_DF : 0) | 2;
}

/** Sets the whole EFLAGS register; reserved bits are ignored. */
export function writeEflags(R: Int32Array, flags: number): void {
  writeArithFlags(R, flags);
  R[DF] = (flags & F_DF) !== 0 ? -1 : 1;
  R[EFLAGS_SYS] = flags & 0x3f7300;
}
