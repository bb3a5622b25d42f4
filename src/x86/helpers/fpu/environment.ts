/** Control, status and environment: FLDCW FNSTCW FNSTSW FNCLEX FNINIT FLDENV FNSTENV FRSTOR FNSAVE. */
import type { Cpu } from "../../cpu.ts";
import { isUnsupported } from "../../float80/classify.ts";
import { C0, C1, C2, C3, MAX_EXP } from "../../float80/unit.ts";
import { FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_STATUS, FPU_TAGS, FPU_TOP, G_FPU_CONTROL, G_FPU_CS, G_FPU_DP, G_FPU_DS, G_FPU_IP, G_FPU_OPCODE } from "../../state.ts";
import type { HelperDef } from "../define.ts";
import { defFpuHelper } from "./define.ts";
import type { Fpu } from "./fpu.ts";

const ALL = [G_FPU_CONTROL, G_FPU_IP, G_FPU_CS, G_FPU_DP, G_FPU_DS, G_FPU_OPCODE];

export const registersToWords = defFpuHelper("fpu_words", {
  restates: true,
  doc: "Writes the words of all registers that are kept otherwise, for those who use them as MMX registers.",
  bind: (f) => () => f.pairs.flush(),
});

export const loadControl = defFpuHelper("fldcw", {
  params: 1,
  alsoWrites: [G_FPU_CONTROL],
  doc: "Loads the control word; a flag that is no longer masked pends at once.",
  bind: (f) => (word) => {
    f.control = word;
    f.summarize();
  },
});

export const clearExceptions = defFpuHelper("fnclex", {
  doc: "Clears exception flags, SF, ES and B.",
  bind: (f) => () => {
    f.R[FPU_STATUS] &= C0 | C1 | C2 | C3;
  },
});

/** What FNINIT does (SDM 2A FINIT): the registers themselves stay. */
function initialize(f: Fpu): void {
  const { R } = f;
  f.reset();
  R[FPU_IP] = R[FPU_CS] = R[FPU_DP] = R[FPU_DS] = R[FPU_OPCODE] = 0;
}

export const init = defFpuHelper("fninit", {
  alsoWrites: ALL,
  doc: "Initializes all but the registers.",
  bind: (f) => () => initialize(f),
});

/** How an environment lies in memory (SDM 1 figures 8-9 to 8-12): bit 0 32-bit fields, bit 1 the real-mode format. */
export const ENV_WIDE = 1, ENV_REAL = 2;

/** Bytes of an environment. */
export const environmentBytes = (format: number): number => ((format & ENV_WIDE) !== 0 ? 28 : 14);
const REGISTER_BYTES = 10;

/** Tags as the full tag word has them: what a register holds (SDM 1 §8.1.7). */
function tagOf(f: Fpu, n: number): number {
  const { R } = f;
  if (((R[FPU_TAGS] >> n) & 1) === 0) return 3;
  const se = R[FPU_SIGN_EXP + n] & MAX_EXP, hi = R[FPU_SIGNIFICAND + 1 + 2 * n];
  if (se === 0) return (hi | R[FPU_SIGNIFICAND + 2 * n]) === 0 ? 1 : 2;
  return se === MAX_EXP || isUnsupported(se, hi) ? 2 : 0;
}

function tagWord(f: Fpu): number {
  f.pairs.flush();
  let tags = 0;
  for (let n = 0; n < 8; n++) tags |= tagOf(f, n) << (2 * n);
  return tags;
}

/** The seven fields of an environment, in order. */
function environmentFields(f: Fpu, format: number): number[] {
  const { R } = f, words = [R[FPU_CONTROL], f.statusWord, tagWord(f)];
  const ip = R[FPU_IP], cs = R[FPU_CS], dp = R[FPU_DP], ds = R[FPU_DS], opcode = R[FPU_OPCODE];
  if ((format & ENV_REAL) !== 0) {
    // Linear addresses, in two parts each; the opcode has the rest of the word.
    const i = (cs << 4) + ip, d = (ds << 4) + dp;
    const high = (x: number): number => ((format & ENV_WIDE) !== 0 ? (x >>> 16) << 12 : ((x >>> 16) & 15) << 12);
    return [...words, i & 0xffff, high(i) | opcode, d & 0xffff, high(d)];
  }
  if ((format & ENV_WIDE) !== 0) return [...words, ip, cs | (opcode << 16), dp, ds];
  return [...words, ip, cs, dp, ds];
}

function writeEnvironment(f: Fpu, at: number, format: number): void {
  const { cpu } = f, isWide = (format & ENV_WIDE) !== 0;
  // The upper halves of all but the pointers' fields are all ones (SDM 1 §8.1.10: reserved).
  const reserved = [0, 1, 2, ...((format & ENV_REAL) !== 0 ? [3, 5] : [6])];
  environmentFields(f, format).forEach((value, i) => {
    if (isWide) cpu.store32((at + 4 * i) | 0, reserved.includes(i) ? value | 0xffff0000 : value);
    else cpu.store16((at + 2 * i) | 0, value & 0xffff);
  });
}

/** Reads all fields first, so that a fault leaves the state alone. */
function readEnvironment(f: Fpu, at: number, format: number): () => void {
  const { cpu, R } = f, isWide = (format & ENV_WIDE) !== 0;
  const fields = Array.from({ length: 7 }, (_, i) => (isWide ? cpu.load32((at + 4 * i) | 0) : cpu.load16((at + 2 * i) | 0)));
  return () => {
    const [control, status, tags, ipLow, ipHigh, dpLow, dpHigh] = fields;
    f.control = control & 0xffff;
    f.statusWord = status & 0xffff;
    R[FPU_TAGS] = 0;
    for (let n = 0; n < 8; n++) if (((tags >> (2 * n)) & 3) !== 3) R[FPU_TAGS] |= 1 << n;
    if ((format & ENV_REAL) !== 0) {
      const upper = (x: number): number => (isWide ? (x & 0x0ffff000) << 4 : (x & 0xf000) << 4);
      R[FPU_IP] = upper(ipHigh) | (ipLow & 0xffff);
      R[FPU_DP] = upper(dpHigh) | (dpLow & 0xffff);
      R[FPU_CS] = R[FPU_DS] = 0;
      R[FPU_OPCODE] = ipHigh & 0x7ff;
    } else {
      R[FPU_IP] = ipLow;
      R[FPU_CS] = ipHigh & 0xffff;
      R[FPU_DP] = dpLow;
      R[FPU_DS] = dpHigh & 0xffff;
      R[FPU_OPCODE] = isWide ? (ipHigh >>> 16) & 0x7ff : 0;
    }
    f.summarize();
  };
}

function environmentHelper(name: string, doc: string, run: (f: Fpu, at: number, format: number) => void): HelperDef {
  return defFpuHelper(name, {
    params: 2,
    alsoReads: ALL,
    alsoWrites: ALL,
    mayFault: true,
    doc: `${doc} (linear address, format); #PF.`,
    bind: (f) => (at, format) => run(f, at, format),
  });
}

export const storeEnvironment = environmentHelper("fnstenv", "Stores the environment, then masks all exceptions", (f, at, format) => {
  f.cpu.probeWrite(at, environmentBytes(format));
  writeEnvironment(f, at, format);
  f.control = f.R[FPU_CONTROL] | 0x3f;
  f.summarize();
});

export const loadEnvironment = environmentHelper("fldenv", "Loads the environment", (f, at, format) => readEnvironment(f, at, format)());

export const saveState = environmentHelper("fnsave", "Stores environment and registers, then initializes", (f, at, format) => {
  const { cpu, R } = f, start = at + environmentBytes(format);
  cpu.probeWrite(at, environmentBytes(format) + 8 * REGISTER_BYTES);
  writeEnvironment(f, at, format);
  for (let i = 0; i < 8; i++) {
    const n = (R[FPU_TOP] + i) & 7, to = (start + REGISTER_BYTES * i) | 0;
    cpu.store32(to, R[FPU_SIGNIFICAND + 2 * n]);
    cpu.store32((to + 4) | 0, R[FPU_SIGNIFICAND + 1 + 2 * n]);
    cpu.store16((to + 8) | 0, R[FPU_SIGN_EXP + n]);
  }
  initialize(f);
});

export const restoreState = environmentHelper("frstor", "Loads environment and registers", (f, at, format) => {
  const { cpu, R } = f, start = at + environmentBytes(format);
  const commit = readEnvironment(f, at, format), words = readRegisters(cpu, start);
  commit();
  f.pairs.flush();
  for (let i = 0; i < 8; i++) {
    const n = (R[FPU_TOP] + i) & 7;
    R[FPU_SIGNIFICAND + 2 * n] = words[3 * i];
    R[FPU_SIGNIFICAND + 1 + 2 * n] = words[3 * i + 1];
    R[FPU_SIGN_EXP + n] = words[3 * i + 2];
  }
});

/** Eight values of ten bytes, as three words each. */
function readRegisters(cpu: Cpu, start: number): number[] {
  const words: number[] = [];
  for (let i = 0; i < 8; i++) {
    const from = (start + REGISTER_BYTES * i) | 0;
    words.push(cpu.load32(from), cpu.load32((from + 4) | 0), cpu.load16((from + 8) | 0));
  }
  return words;
}
