// Opcodes that several SIMD groups share: the same instruction on MMX and, with 66h, on XMM registers.

export type Opcode = readonly [opcode: number, name: string];

/** Two-byte opcodes, `0f xx /r` with mm and `66 0f xx /r` with xmm (SDM 2A, 2B). */
export const PACKED_INTEGER: readonly Opcode[] = [
  [0x60, "punpcklbw"], [0x61, "punpcklwd"], [0x62, "punpckldq"], [0x63, "packsswb"], [0x64, "pcmpgtb"], [0x65, "pcmpgtw"],
  [0x66, "pcmpgtd"], [0x67, "packuswb"], [0x68, "punpckhbw"], [0x69, "punpckhwd"], [0x6a, "punpckhdq"], [0x6b, "packssdw"],
  [0x74, "pcmpeqb"], [0x75, "pcmpeqw"], [0x76, "pcmpeqd"], [0xd1, "psrlw"], [0xd2, "psrld"], [0xd3, "psrlq"], [0xd4, "paddq"],
  [0xd5, "pmullw"], [0xd8, "psubusb"], [0xd9, "psubusw"], [0xda, "pminub"], [0xdb, "pand"], [0xdc, "paddusb"], [0xdd, "paddusw"],
  [0xde, "pmaxub"], [0xdf, "pandn"], [0xe0, "pavgb"], [0xe1, "psraw"], [0xe2, "psrad"], [0xe3, "pavgw"], [0xe4, "pmulhuw"],
  [0xe5, "pmulhw"], [0xe8, "psubsb"], [0xe9, "psubsw"], [0xea, "pminsw"], [0xeb, "por"], [0xec, "paddsb"], [0xed, "paddsw"],
  [0xee, "pmaxsw"], [0xef, "pxor"], [0xf1, "psllw"], [0xf2, "pslld"], [0xf3, "psllq"], [0xf4, "pmuludq"], [0xf5, "pmaddwd"],
  [0xf6, "psadbw"], [0xf8, "psubb"], [0xf9, "psubw"], [0xfa, "psubd"], [0xfb, "psubq"], [0xfc, "paddb"], [0xfd, "paddw"], [0xfe, "paddd"],
];

const SHIFTS_BY_REGISTER = new Set([0xd1, 0xd2, 0xd3, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3]);

/** The second operand is a count, of which random bits would nearly always shift everything out. */
export function isShift([opcode]: Opcode): boolean {
  return SHIFTS_BY_REGISTER.has(opcode);
}

/** Three-byte opcodes of SSSE3, `0f 38 xx /r`. */
export const SSSE3_INTEGER: readonly Opcode[] = [
  [0x00, "pshufb"], [0x01, "phaddw"], [0x02, "phaddd"], [0x03, "phaddsw"], [0x04, "pmaddubsw"], [0x05, "phsubw"], [0x06, "phsubd"],
  [0x07, "phsubsw"], [0x08, "psignb"], [0x09, "psignw"], [0x0a, "psignd"], [0x0b, "pmulhrsw"], [0x1c, "pabsb"], [0x1d, "pabsw"], [0x1e, "pabsd"],
];

/** Shifts by an immediate, opcode and ModRM.reg: words, doublewords, quadwords; right, arithmetic right, left. */
export const IMMEDIATE_SHIFTS: readonly (readonly [opcode: number, reg: number])[] = [
  [0x71, 2], [0x71, 4], [0x71, 6], [0x72, 2], [0x72, 4], [0x72, 6], [0x73, 2], [0x73, 6],
];
/** PSRLDQ and PSLLDQ, of XMM registers only. */
export const BYTE_SHIFTS: readonly (readonly [opcode: number, reg: number])[] = [[0x73, 3], [0x73, 7]];
