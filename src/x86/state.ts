/**
 * The guest CPU's state file: one Int32Array whose slots emitted code, helpers and the engine share.
 * This is the only place that knows the layout; the IR names the slots as globals. The numbers come first and nothing is imported,
 * so that bundling puts them where they are used.
 */
import type { Global } from "../../tcg/ir/types.ts";

/** Register numbers as x86 encodes them. */
export const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4, EBP = 5, ESI = 6, EDI = 7;
/** Segment register numbers as x86 encodes them. */
export const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;

/** Slot indices in the state file. General registers come first: their bytes are the byte registers. */
export const EIP = 8;
/** Result of the last flag-setting insn, sign extended from its width (flags.ts). */
export const FLAGS_RES = 9;
/** Carry bits and corrections to FLAGS_RES (flags.ts). */
export const FLAGS_AUX = 10;
/** +1 or -1: direction of string insns; EFLAGS.DF is kept here only. */
export const DF = 11;
/** EFLAGS bits that are neither arithmetic nor DF: TF IF IOPL NT RF VM AC VIF VIP ID. */
export const EFLAGS_SYS = 12;
/** Six each, by segment number. */
export const SEG_SELECTOR = 13, SEG_BASE = 19, SEG_LIMIT = 25, SEG_ATTR = 31;
export const CR0 = 37, CR2 = 38, CR3 = 39, CR4 = 40;
export const GDT_BASE = 41, GDT_LIMIT = 42, IDT_BASE = 43, IDT_LIMIT = 44;
/** LDTR and TR: selector, base, limit, attributes. */
export const LDTR = 45, TR = 49;
/** Insns of the running block that were counted but not retired when it left early (set by emitted code). */
export const LEFT = 53;
/** Not 0 while the insn that set the interrupt shadow (STI, MOV SS, POP SS) is the last retired one. */
export const SHADOW = 54;
/** Values of SHADOW: MOV SS also holds off debug traps (SDM 3A §6.8.3). */
export const SHADOW_STI = 1, SHADOW_MOV_SS = 2;
/** Debug registers DR0..DR7 (DR4 and DR5 unused). */
export const DR = 55;
/**
 * XMM registers: register n is dwords XMM + 4n … XMM + 4n + 3; as doubles (`CpuState.F64`) from XMM / 2 + 2n. Then MXCSR.
 */
export const XMM = 64, MXCSR = 96;
/** IA32_EFER, low word. */
export const EFER = 97;
/**
 * The x87 registers by physical number 0..7, not relative to TOP: significand as two words, low first (an MMX register is
 * just these), then sign and exponent in 16 bits. FPU_TAGS has bit n set while register n is not empty.
 */
export const FPU_SIGNIFICAND = 98, FPU_SIGN_EXP = 114, FPU_TOP = 122, FPU_TAGS = 123, FPU_CONTROL = 124,
  /** Status word without TOP. */
  FPU_STATUS = 125,
  /** Last opcode (11 bits), instruction and operand pointers. */
  FPU_OPCODE = 126, FPU_IP = 127, FPU_CS = 128, FPU_DP = 129, FPU_DS = 130;
/** Not 0 from the delivery of an NMI to the next IRET. */
export const NMI_BLOCKED = 131;
/** What was left of the budget behind the running block, for helpers that count insns (set by emitted code). */
export const BUDGET = 132;
/** Two vectors of four dwords that belong to nobody: operands and results of one helper call at a time (helpers/sse). */
export const SIMD_SCRATCH = 184;
/** Model-specific registers of 32 bits, and of 64 bits, low word first (helpers/msr.ts). */
export const SYSENTER_CS = 192, SYSENTER_ESP = 193, SYSENTER_EIP = 194, TSC_AUX = 195, MCG_STATUS = 196, MTRR_DEF_TYPE = 197,
  MISC_ENABLE = 198, PAT = 200,
  /** 11 registers for the first MiB, then 8 pairs of base and mask. */
  MTRR_FIXED = 202, MTRR_VARIABLE = 224;
/**
 * x87 registers that are kept as pairs of doubles (float80/pair.ts): while bit n of FPU_PAIRS is set, register n is
 * F64[FPU_PAIR / 2 + 2n] plus the next, and its words are out of date. Behind the registers a pair for an operand or result
 * of one helper call at a time, whose second double is always 0, and a double that belongs to nobody.
 */
export const FPU_PAIR = 256, FPU_OPERAND = 288, FPU_SCRATCH = 292, FPU_PAIRS = 294;
/** How a region was left (tcg/js/target.ts). */
export const WAY = 296, WAY_PC = 297;
export const STATE_SLOTS = 298;

/** EFLAGS bits (SDM 1 §3.4.3). */
export const F_CF = 0x1, F_PF = 0x4, F_AF = 0x10, F_ZF = 0x40, F_SF = 0x80, F_TF = 0x100, F_IF = 0x200, F_DF = 0x400, F_OF = 0x800,
  F_IOPL = 0x3000, F_NT = 0x4000, F_RF = 0x10000, F_VM = 0x20000, F_AC = 0x40000, F_VIF = 0x80000, F_VIP = 0x100000, F_ID = 0x200000;

/** CR0 bits (SDM 3A §2.5). */
export const CR0_PE = 0x1, CR0_MP = 0x2, CR0_EM = 0x4, CR0_TS = 0x8, CR0_ET = 0x10, CR0_NE = 0x20, CR0_WP = 0x10000,
  CR0_AM = 0x40000, CR0_NW = 0x20000000, CR0_CD = 0x40000000, CR0_PG = 0x80000000 | 0;

/** CR4 bits (SDM 3A §2.5) and EFER bits (SDM 3A §2.2.1). */
export const CR4_VME = 0x1, CR4_PVI = 0x2, CR4_TSD = 0x4, CR4_DE = 0x8, CR4_PSE = 0x10, CR4_PAE = 0x20, CR4_MCE = 0x40, CR4_PGE = 0x80,
  CR4_PCE = 0x100, CR4_OSFXSR = 0x200, CR4_OSXMMEXCPT = 0x400, CR4_UMIP = 0x800, CR4_SMEP = 0x100000, CR4_SMAP = 0x200000;
export const EFER_NXE = 0x800;

/** DR6 and DR7 bits (SDM 3B §17.2.3, §17.2.4): what reads as 1 in DR6, access to a guarded register, single step, task switch; guard. */
export const DR6_FIXED = 0xffff0ff0 | 0, DR6_BD = 0x2000, DR6_BS = 0x4000, DR6_BT = 0x8000, DR7_GD = 0x2000;

/** Bits of IA32_MISC_ENABLE (SDM 4, table 2-2), low word; then bit 34, in the high one. */
export const MISC_FAST_STRINGS = 0x1, MISC_NO_BRANCH_TRACE = 0x800, MISC_NO_PRECISE_EVENTS = 0x1000, MISC_LIMIT_CPUID = 0x400000,
  MISC_HIGH_NO_EXECUTE_DISABLE = 0x4;

/**
 * Segment attributes: bits 8–15 and 20–23 of the descriptor's second dword, shifted right by 8 (SDM 3A §3.4.5):
 * type 0–3, S 4, DPL 5–6, P 7, AVL 12, D/B 14, G 15.
 */
export const ATTR_ACCESSED = 0x1, ATTR_WRITABLE = 0x2, ATTR_EXPAND_DOWN = 0x4, ATTR_CODE = 0x8, ATTR_S = 0x10, ATTR_P = 0x80,
  ATTR_DPL_SHIFT = 5, ATTR_DB = 0x4000, ATTR_G = 0x8000;

const REG_NAMES = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;
const SEG_NAMES = ["es", "cs", "ss", "ds", "fs", "gs"] as const;

const slot = (name: string, index: number): Global => ({ name, index, type: "i32" });

/** Globals the IR knows. */
export const REGS: readonly Global[] = REG_NAMES.map((name, i) => slot(name, i));
export const G_FLAGS_RES = slot("flags_res", FLAGS_RES);
export const G_FLAGS_AUX = slot("flags_aux", FLAGS_AUX);
export const G_DF = slot("df", DF);
export const G_EFLAGS_SYS = slot("eflags_sys", EFLAGS_SYS);
export const G_SHADOW = slot("shadow", SHADOW);
export const SEG_SELECTORS: readonly Global[] = SEG_NAMES.map((name, i) => slot(name, SEG_SELECTOR + i));
export const SEG_BASES: readonly Global[] = SEG_NAMES.map((name, i) => slot(`${name}_base`, SEG_BASE + i));
export const SEG_LIMITS: readonly Global[] = SEG_NAMES.map((name, i) => slot(`${name}_limit`, SEG_LIMIT + i));
export const G_CR0 = slot("cr0", CR0), G_CR4 = slot("cr4", CR4);
/** Dwords of the XMM registers: register n's are 4n … 4n + 3. */
export const XMM_WORDS: readonly Global[] = Array.from({ length: 32 }, (_, i) => slot(`xmm${i >> 2}_${i & 3}`, XMM + i));
/** The same as singles. */
export const XMM_SINGLES: readonly Global[] = XMM_WORDS.map(({ name, index }) => ({ name: `${name}f`, index, type: "f32", isTame: true }));
/** And as doubles: register n's are 2n and 2n + 1. */
export const XMM_DOUBLES: readonly Global[] = Array.from({ length: 16 }, (_, i) => ({ name: `xmm${i >> 1}${i % 2 === 0 ? "" : "_high"}`, index: XMM + 2 * i, type: "f64", isTame: true }));
export const G_MXCSR = slot("mxcsr", MXCSR);
/** Words of the x87 significands, which are the MMX registers: register n's are 2n and 2n + 1. */
export const MMX_WORDS: readonly Global[] = Array.from({ length: 16 }, (_, i) => slot(`mm${i >> 1}_${i & 1}`, FPU_SIGNIFICAND + i));
export const FPU_SIGN_EXPS: readonly Global[] = Array.from({ length: 8 }, (_, i) => slot(`fpu_sign_exp${i}`, FPU_SIGN_EXP + i));
export const G_FPU_TOP = slot("fpu_top", FPU_TOP), G_FPU_TAGS = slot("fpu_tags", FPU_TAGS), G_FPU_STATUS = slot("fpu_status", FPU_STATUS);
export const G_FPU_CONTROL = slot("fpu_control", FPU_CONTROL), G_FPU_PAIRS = slot("fpu_pairs", FPU_PAIRS);
/** The two doubles of each register, where it is a pair. */
export const FPU_FIRSTS: readonly Global[] = Array.from({ length: 8 }, (_, i) => ({ name: `fpu${i}_h`, index: FPU_PAIR + 4 * i, type: "f64" }));
export const FPU_SECONDS: readonly Global[] = Array.from({ length: 8 }, (_, i) => ({ name: `fpu${i}_l`, index: FPU_PAIR + 4 * i + 2, type: "f64" }));
/** Pointers to the last x87 insn and its operand. */
export const G_FPU_OPCODE = slot("fpu_opcode", FPU_OPCODE), G_FPU_IP = slot("fpu_ip", FPU_IP), G_FPU_CS = slot("fpu_cs", FPU_CS),
  G_FPU_DP = slot("fpu_dp", FPU_DP), G_FPU_DS = slot("fpu_ds", FPU_DS);

/**
 * In regions FLAGS_AUX is in parts (region-flags.ts), which have no place in the state file of their own: these are not used
 * for anything else.
 */
export const G_CC_KIND = slot("cc_kind", 252), G_CC_X = slot("cc_x", 253), G_CF_A = slot("cf_a", 254), G_CF_B = slot("cf_b", 255);

/** Every global, for the parser of the textual IR and the verifier (invariant I7). */
export const GLOBALS: readonly Global[] = [
  ...REGS, G_FLAGS_RES, G_FLAGS_AUX, G_DF, G_EFLAGS_SYS, G_SHADOW, ...SEG_SELECTORS, ...SEG_BASES, ...SEG_LIMITS, G_CR0, G_CR4,
  ...XMM_WORDS, ...XMM_SINGLES, ...XMM_DOUBLES, G_MXCSR, ...MMX_WORDS, ...FPU_SIGN_EXPS, G_FPU_TOP, G_FPU_TAGS, G_FPU_STATUS, G_FPU_CONTROL, G_FPU_PAIRS, ...FPU_FIRSTS, ...FPU_SECONDS,
  G_FPU_OPCODE, G_FPU_IP, G_FPU_CS, G_FPU_DP, G_FPU_DS,
];
