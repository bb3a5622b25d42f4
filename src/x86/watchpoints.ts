/**
 * Data and I/O breakpoints of debug registers (SDM 3B §17.2.4): which an access hits. The registers, guest's or debugger's, are eight
 * words, by number.
 */

const RW_WRITE = 1, RW_IO = 2, RW_ANY = 3;
const DR7_ENABLES = 0xff;

/** True if any enabled breakpoint is for data. */
export function watchesData(registers: Int32Array): boolean {
  const dr7 = registers[7];
  if ((dr7 & DR7_ENABLES) === 0) return false;
  for (let n = 0; n < 4; n++) {
    const rw = (dr7 >> (16 + 4 * n)) & 3;
    if ((rw === RW_WRITE || rw === RW_ANY) && ((dr7 >> (2 * n)) & 3) !== 0) return true;
  }
  return false;
}

/** Bytes a breakpoint covers, from its LEN field: 1, 2, 8 (Pentium 4 on; here as 4), 4. */
const LENGTHS = [1, 2, 4, 4];

/**
 * DR6 bits of the breakpoints an access of `size` bytes hits; all matching ones, if one of them is enabled. For ports only
 * where CR4.DE is set.
 */
export function watchHits(registers: Int32Array, address: number, size: number, kind: "read" | "write" | "io"): number {
  const dr7 = registers[7];
  let hits = 0, isEnabled = false;
  for (let n = 0; n < 4; n++) {
    const rw = (dr7 >> (16 + 4 * n)) & 3;
    const applies = kind === "io" ? rw === RW_IO : rw === RW_ANY || (kind === "write" && rw === RW_WRITE);
    if (!applies) continue;
    const length = LENGTHS[(dr7 >> (18 + 4 * n)) & 3], first = (registers[n] & ~(length - 1)) >>> 0, at = address >>> 0;
    if (at >= first + length || first >= at + size) continue;
    hits |= 1 << n;
    isEnabled ||= ((dr7 >> (2 * n)) & 3) !== 0;
  }
  return isEnabled ? hits : 0;
}
