/**
 * Repeated string insns: one run per call (string-run.ts). Registers and, for comparisons, flags are committed after every
 * element that a device may interrupt, so that the insn goes on where it was (SDM 2B REP).
 *
 * Every helper takes log2 of the element size, the address-size mask (-1 or 0xffff) and returns 1 if there is more to do.
 */
import type { MemoryWindow } from "../../mem/physical-memory.ts";
import type { Cpu } from "../cpu.ts";
import { AUX_CARRIES } from "../flags.ts";
import { DF, EAX, ECX, EDI, ES, ESI, FLAGS_AUX, FLAGS_RES, G_FLAGS_AUX, G_FLAGS_RES, REGS } from "../state.ts";
import { defHelper } from "./define.ts";
import { propagate, readCounter, runLength, windowIndex, withinSegment, writeCounter } from "./string-run.ts";

/** Repeat prefixes (`Facts.rep`): REPE goes on while elements are equal, REPNE while they differ. */
const REPE = 1;

/** Copies a run within the window exactly as its elements would one after the other; false if only elements can do it. */
function copy(u8: Uint8Array, src: number, dst: number, bytes: number, size: number, direction: number): boolean {
  const ahead = dst - src, apart = ahead >= bytes || -ahead >= bytes;
  if (apart || (direction > 0 ? ahead <= 0 : ahead >= 0)) {
    u8.copyWithin(dst, src, src + bytes);
    return true;
  }
  // A destination a little ahead of its source repeats what is between the two.
  if (direction < 0 || ahead < size) return false;
  propagate(u8, dst, ahead, bytes);
  return true;
}

function movs(cpu: Cpu, shift: number, mask: number, seg: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  const direction = R[DF], size = 1 << shift, step = direction << shift;
  const si = readCounter(cpu, ESI, mask), di = readCounter(cpu, EDI, mask);
  const from = cpu.segLinear(seg, si, size, false), to = cpu.segLinear(ES, di, size, true);
  let n = runLength(si, from, shift, direction, mask, count);
  n = runLength(di, to, shift, direction, mask, n);
  n = withinSegment(R, seg, si, shift, direction, n);
  n = withinSegment(R, ES, di, shift, direction, n);
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes;
  const src = windowIndex(cpu, from + low, bytes, false), dst = windowIndex(cpu, to + low, bytes, true);
  if (src >= 0 && dst >= 0 && copy(cpu.memory.window.u8, src, dst, bytes, size, direction)) {
    writeCounter(cpu, ESI, mask, si + n * step);
    writeCounter(cpu, EDI, mask, di + n * step);
    writeCounter(cpu, ECX, mask, count - n);
  } else {
    for (let i = 0; i < n; i++) {
      cpu.store((to + i * step) | 0, size, cpu.load((from + i * step) | 0, size));
      writeCounter(cpu, ESI, mask, si + (i + 1) * step);
      writeCounter(cpu, EDI, mask, di + (i + 1) * step);
      writeCounter(cpu, ECX, mask, count - i - 1);
    }
  }
  return count === n ? 0 : 1;
}

/** Stores the low bytes of `value` all over a run. */
function fill(window: MemoryWindow, at: number, bytes: number, size: number, value: number): void {
  if (size === 1) {
    window.u8.fill(value, at, at + bytes);
    return;
  }
  if (size === 2) window.view.setInt16(at, value, true);
  else window.view.setInt32(at, value, true);
  propagate(window.u8, at + size, size, bytes - size);
}

function stos(cpu: Cpu, shift: number, mask: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  const direction = R[DF], size = 1 << shift, step = direction << shift;
  const di = readCounter(cpu, EDI, mask), to = cpu.segLinear(ES, di, size, true);
  const n = withinSegment(R, ES, di, shift, direction, runLength(di, to, shift, direction, mask, count));
  const bytes = n << shift, dst = windowIndex(cpu, to + (direction > 0 ? 0 : size - bytes), bytes, true);
  if (dst >= 0) {
    fill(cpu.memory.window, dst, bytes, size, R[EAX]);
    writeCounter(cpu, EDI, mask, di + n * step);
    writeCounter(cpu, ECX, mask, count - n);
  } else {
    for (let i = 0; i < n; i++) {
      cpu.store((to + i * step) | 0, size, R[EAX]);
      writeCounter(cpu, EDI, mask, di + (i + 1) * step);
      writeCounter(cpu, ECX, mask, count - i - 1);
    }
  }
  return count === n ? 0 : 1;
}

function writeAccumulator(cpu: Cpu, size: number, value: number): void {
  const { state } = cpu;
  if (size === 1) state.R8[EAX] = value;
  else if (size === 2) state.R16[EAX] = value;
  else state.R[EAX] = value;
}

function lods(cpu: Cpu, shift: number, mask: number, seg: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  const direction = R[DF], size = 1 << shift, step = direction << shift;
  const si = readCounter(cpu, ESI, mask), from = cpu.segLinear(seg, si, size, false);
  const n = withinSegment(R, seg, si, shift, direction, runLength(si, from, shift, direction, mask, count));
  const bytes = n << shift, src = windowIndex(cpu, from + (direction > 0 ? 0 : size - bytes), bytes, false);
  // In memory only the last element matters.
  for (let i = src >= 0 ? n - 1 : 0; i < n; i++) {
    writeAccumulator(cpu, size, cpu.load((from + i * step) | 0, size));
    writeCounter(cpu, ESI, mask, si + (i + 1) * step);
    writeCounter(cpu, ECX, mask, count - i - 1);
  }
  return count === n ? 0 : 1;
}

/** The flags of x - y, both zero extended from `size` bytes. */
function compareFlags(R: Int32Array, size: number, x: number, y: number): void {
  const r = (x - y) | 0, carries = (r & y) | ((r | y) & ~x), unused = 32 - 8 * size;
  R[FLAGS_RES] = (r << unused) >> unused;
  R[FLAGS_AUX] = unused === 0 ? carries & AUX_CARRIES : (carries << unused) | (carries & 8);
}

/** One element of the window, zero extended. */
function element({ u8, view }: MemoryWindow, at: number, size: number): number {
  return size === 1 ? u8[at] : size === 2 ? view.getUint16(at, true) : view.getInt32(at, true);
}

function cmps(cpu: Cpu, shift: number, mask: number, seg: number, rep: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  const direction = R[DF], size = 1 << shift, step = direction << shift, whileEqual = rep === REPE;
  const si = readCounter(cpu, ESI, mask), di = readCounter(cpu, EDI, mask);
  const from = cpu.segLinear(seg, si, size, false), to = cpu.segLinear(ES, di, size, false);
  let n = runLength(si, from, shift, direction, mask, count);
  n = runLength(di, to, shift, direction, mask, n);
  n = withinSegment(R, seg, si, shift, direction, n);
  n = withinSegment(R, ES, di, shift, direction, n);
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes, { window } = cpu.memory;
  const first = windowIndex(cpu, from + low, bytes, false) - low, second = windowIndex(cpu, to + low, bytes, false) - low;
  const inWindow = first + low >= 0 && second + low >= 0;
  let done = 0, goesOn = true;
  while (done < n && goesOn) {
    const at = done * step;
    const x = inWindow ? element(window, first + at, size) : cpu.load((from + at) | 0, size);
    const y = inWindow ? element(window, second + at, size) : cpu.load((to + at) | 0, size);
    done++;
    goesOn = (x === y) === whileEqual;
    if (inWindow && goesOn && done < n) continue;
    writeCounter(cpu, ESI, mask, si + done * step);
    writeCounter(cpu, EDI, mask, di + done * step);
    writeCounter(cpu, ECX, mask, count - done);
    compareFlags(R, size, x, y);
  }
  return goesOn && done !== count ? 1 : 0;
}

function scas(cpu: Cpu, shift: number, mask: number, rep: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  const direction = R[DF], size = 1 << shift, step = direction << shift, whileEqual = rep === REPE;
  const x = size === 4 ? R[EAX] : R[EAX] & ((1 << (8 * size)) - 1);
  const di = readCounter(cpu, EDI, mask), to = cpu.segLinear(ES, di, size, false);
  const n = withinSegment(R, ES, di, shift, direction, runLength(di, to, shift, direction, mask, count));
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes, { window } = cpu.memory;
  const first = windowIndex(cpu, to + low, bytes, false) - low, inWindow = first + low >= 0;
  let done = 0, goesOn = true;
  while (done < n && goesOn) {
    const at = done * step, y = inWindow ? element(window, first + at, size) : cpu.load((to + at) | 0, size);
    done++;
    goesOn = (x === y) === whileEqual;
    if (inWindow && goesOn && done < n) continue;
    writeCounter(cpu, EDI, mask, di + done * step);
    writeCounter(cpu, ECX, mask, count - done);
    compareFlags(R, size, x, y);
  }
  return goesOn && done !== count ? 1 : 0;
}

const COUNTER = REGS[ECX], SOURCE = REGS[ESI], DESTINATION = REGS[EDI];

export const repMovs = defHelper("rep_movs", {
  params: 3,
  result: "i32",
  writes: [COUNTER, SOURCE, DESTINATION],
  doc: "A run of REP MOVS: (log2 of the size, address mask, source segment).",
  bind: (cpu) => (shift, mask, seg) => movs(cpu, shift, mask, seg),
});

export const repStos = defHelper("rep_stos", {
  params: 2,
  result: "i32",
  writes: [COUNTER, DESTINATION],
  doc: "A run of REP STOS: (log2 of the size, address mask).",
  bind: (cpu) => (shift, mask) => stos(cpu, shift, mask),
});

export const repLods = defHelper("rep_lods", {
  params: 3,
  result: "i32",
  writes: [COUNTER, SOURCE, REGS[EAX]],
  doc: "A run of REP LODS: (log2 of the size, address mask, source segment).",
  bind: (cpu) => (shift, mask, seg) => lods(cpu, shift, mask, seg),
});

export const repCmps = defHelper("rep_cmps", {
  params: 4,
  result: "i32",
  writes: [COUNTER, SOURCE, DESTINATION, G_FLAGS_RES, G_FLAGS_AUX],
  doc: "A run of REPE or REPNE CMPS: (log2 of the size, address mask, source segment, 1 for REPE or 2 for REPNE).",
  bind: (cpu) => (shift, mask, seg, rep) => cmps(cpu, shift, mask, seg, rep),
});

export const repScas = defHelper("rep_scas", {
  params: 3,
  result: "i32",
  writes: [COUNTER, DESTINATION, G_FLAGS_RES, G_FLAGS_AUX],
  doc: "A run of REPE or REPNE SCAS: (log2 of the size, address mask, 1 for REPE or 2 for REPNE).",
  bind: (cpu) => (shift, mask, rep) => scas(cpu, shift, mask, rep),
});

/** For the list of all helpers. */
export const STRING_HELPERS = [repMovs, repStos, repLods, repCmps, repScas];
