// The machine that every vector assumes: which memory is mapped, what it holds before the vector's own bytes, and the
// reset values of flags, FPU and segments. Used by the generator here and by every executor; native.c says the same in C.

/** A mapped stretch of linear memory, user read-write-execute. Nothing outside the four regions is mapped. */
export interface Region {
  readonly base: number;
  readonly sizeBytes: number;
  /** Every byte of the region before code and memory of the vector are placed. */
  readonly fill: number;
}

/** Where code runs. Filled with INT3, so that whatever a vector jumps to ends it. */
export const CODE: Region = { base: 0x100000, sizeBytes: 0x2000, fill: 0xcc };
export const DATA: Region = { base: 0x200000, sizeBytes: 0x2000, fill: 0 };
export const STACK: Region = { base: 0x210000, sizeBytes: 0x1000, fill: 0 };
/** Below 64 KiB, for 16-bit addresses and for branches with 16-bit operand size, which cut EIP to 16 bits. */
export const LOW: Region = { base: 0x8000, sizeBytes: 0x1000, fill: 0 };

export const REGIONS: readonly Region[] = [CODE, DATA, STACK, LOW];

/** General registers by number; the order of every register list in a vector. */
export const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4, EBP = 5, ESI = 6, EDI = 7;
export const REGISTER_NAMES = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;

export const CF = 0x001, PF = 0x004, AF = 0x010, ZF = 0x040, SF = 0x080, DF = 0x400, OF = 0x800;
export const ARITHMETIC_FLAGS = CF | PF | AF | ZF | SF | OF;
/** The EFLAGS bits a vector can be about; `Expected.f` has no others. */
export const COMPARED_FLAGS = ARITHMETIC_FLAGS | DF;
/** EFLAGS with all of those clear: IF and the bit that is always one. IOPL is 0. */
export const EFLAGS_BASE = 0x202;

/** Exception vectors (SDM 3A §6.15) that vectors end with. */
export const DE = 0, DB = 1, BP = 3, OF_TRAP = 4, BR = 5, UD = 6, GP = 13, PF_FAULT = 14, MF = 16, XM = 19;
/** Not an exception: the executor gave up because the vector did not end. */
export const DID_NOT_END = 255;
/** Exceptions that push an error code. */
export const ERROR_CODE_VECTORS: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17]);

/** Bytes of an FXSAVE image that vectors hold: header, ST0–7, XMM0–7. */
export const FX_BYTES = 288;
/** Offsets in the image (SDM 1 §10.5.1). */
export const FX_FCW = 0, FX_FSW = 2, FX_FTW = 4, FX_MXCSR = 24, FX_ST = 32, FX_XMM = 160;
const FCW_RESET = 0x37f;
export const MXCSR_RESET = 0x1f80;

/** The FXSAVE image of a vector that names none: FNINIT and MXCSR 1f80, all registers zero. */
export function resetFxImage(): Uint8Array {
  const image = new Uint8Array(FX_BYTES);
  const view = new DataView(image.buffer);
  view.setUint16(FX_FCW, FCW_RESET, true);
  view.setUint32(FX_MXCSR, MXCSR_RESET, true);
  return image;
}

/**
 * Segments as a 32-bit process sees them: base 0, limit 4 GiB, CPL 3. FS and GS are null. A selector of a GDT entry past
 * `gdtLimit`, or of the LDT (there is none), faults with #GP(selector & ~3), which the fault vectors rely on.
 */
export const SEGMENTS = { cs: 0x23, ss: 0x2b, ds: 0x2b, es: 0x2b, fs: 0, gs: 0, gdtLimit: 0x7f, ldt: 0, cpl: 3 } as const;

/** MP, ET, NE, WP, PE and PG set: paging on, supervisor writes obey read-only pages, x87 errors by #MF. AM clear: no #AC. */
export const CR0 = 0x80010033;
/** PSE, OSFXSR and OSXMMEXCPT. */
export const CR4 = 0x610;
