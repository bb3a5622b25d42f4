/**
 * Repeated string insns: a few runs per call (string-run.ts). Registers are committed after every element that a device may
 * interrupt, so that the insn goes on where it was. Comparisons set the flags when the insn is done: at a fault on the way
 * they are as before the insn (SDM 2B REP).
 *
 * Every helper takes log2 of the element size, the address-size mask (-1 or 0xffff) and returns 1 if there is more to do.
 */
import type { Global } from "../../../tcg/ir/types.ts";
import type { MemoryWindow } from "../../mem/physical-memory.ts";
import type { Cpu } from "../cpu.ts";
import { AUX_CARRIES } from "../flags.ts";
import { READ, WRITE } from "../mmu/page-walk.ts";
import { DF, EAX, ECX, EDI, ES, ESI, FLAGS_AUX, FLAGS_RES, G_FLAGS_AUX, G_FLAGS_RES, REGS } from "../state.ts";
import type { HelperDef } from "./define.ts";
import { defHelper } from "./define.ts";
import { endRun, firstPhysical, isPlain, plainLength, propagate, readCounter, runLength, windowIndex, withinSegment, writeCount, writeCounter } from "./string-run.ts";

/** Repeat prefixes (`Facts.rep`): REPE goes on while elements are equal, REPNE while they differ. */
const REPE = 1;

/** Runs of one call: whoever stops the processor does not wait longer for them than for a slice. */
const MAX_RUNS = 16;

/** Runs up to this many elements are not worth a call of a bulk operation, which costs some 50 ns. */
const FEW = 16;

/** One element of the window, zero extended. */
function element({ u8, view }: MemoryWindow, at: number, size: number): number {
  return size === 1 ? u8[at] : size === 2 ? view.getUint16(at, true) : view.getInt32(at, true);
}

function setElement({ u8, view }: MemoryWindow, at: number, size: number, value: number): void {
  if (size === 1) u8[at] = value;
  else if (size === 2) view.setInt16(at, value, true);
  else view.setInt32(at, value, true);
}

/** Copies few elements upwards, one after the other. */
function copyFew({ u8, view }: MemoryWindow, src: number, dst: number, n: number, shift: number): void {
  // The choice is outside of the loops: inside it costs as much as the rest.
  if (shift === 0) for (let i = 0; i < n; i++) u8[dst + i] = u8[src + i];
  else if (shift === 1) for (let i = 0; i < n; i++) view.setInt16(dst + i * 2, view.getInt16(src + i * 2, true), true);
  else for (let i = 0; i < n; i++) view.setInt32(dst + i * 4, view.getInt32(src + i * 4, true), true);
}

/** Copies a run of `n` elements within the window, to what its elements one after the other would make of it. */
function copy(window: MemoryWindow, src: number, dst: number, n: number, size: number, direction: number): void {
  const bytes = n * size, ahead = dst - src;
  if (n > FEW) {
    const isApart = ahead >= bytes || -ahead >= bytes;
    if (isApart || (direction > 0 ? ahead <= 0 : ahead >= 0)) {
      window.u8.copyWithin(dst, src, src + bytes);
      return;
    }
    // A destination a little ahead of its source repeats what is between the two.
    if (direction > 0 && ahead >= size) {
      propagate(window.u8, dst, ahead, bytes);
      return;
    }
  }
  const step = size * direction;
  for (let i = 0, at = direction > 0 ? 0 : bytes - size; i < n; i++, at += step) setElement(window, dst + at, size, element(window, src + at, size));
}

/** A plain run (string-run.ts); -1 if it is none after all, and nothing has been done. */
function plainMovs(cpu: Cpu, shift: number): number {
  const { R } = cpu.state, count = R[ECX], si = R[ESI], di = R[EDI];
  const n = plainLength(di, shift, plainLength(si, shift, count)), bytes = n << shift;
  if (n === 0) return -1;
  const src = windowIndex(cpu, cpu.physical(si, READ), 0, bytes, READ), dst = windowIndex(cpu, cpu.physical(di, WRITE), 0, bytes, WRITE);
  if (src < 0 || dst < 0) return -1;
  if (n <= FEW) copyFew(cpu.memory.window, src, dst, n, shift);
  else copy(cpu.memory.window, src, dst, n, 1 << shift, 1);
  R[ESI] = si + bytes;
  R[EDI] = di + bytes;
  R[ECX] = count - n;
  return count === n ? 0 : 1;
}

function movs(cpu: Cpu, shift: number, mask: number, seg: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  if (isPlain(R, seg, mask) && isPlain(R, ES, mask)) {
    const more = plainMovs(cpu, shift);
    if (more >= 0) return more;
  }
  const direction = R[DF], size = 1 << shift, step = direction << shift;
  const si = readCounter(cpu, ESI, mask), di = readCounter(cpu, EDI, mask);
  const from = cpu.segLinear(seg, si, size, false), fromPhys = firstPhysical(cpu, from, size, READ);
  const to = cpu.segLinear(ES, di, size, true), toPhys = firstPhysical(cpu, to, size, WRITE);
  let n = runLength(cpu, si, from, shift, direction, mask, count);
  n = runLength(cpu, di, to, shift, direction, mask, n);
  n = withinSegment(R, seg, si, shift, direction, n);
  n = withinSegment(R, ES, di, shift, direction, n);
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes;
  const src = windowIndex(cpu, fromPhys, low, bytes, READ), dst = windowIndex(cpu, toPhys, low, bytes, WRITE);
  if (src >= 0 && dst >= 0) {
    copy(cpu.memory.window, src, dst, n, size, direction);
    writeCounter(cpu, ESI, mask, si + n * step);
    writeCounter(cpu, EDI, mask, di + n * step);
    writeCount(cpu, mask, count - n);
  } else {
    for (let i = 0; i < n; i++) {
      cpu.store((to + i * step) | 0, size, cpu.load((from + i * step) | 0, size));
      writeCounter(cpu, ESI, mask, si + (i + 1) * step);
      writeCounter(cpu, EDI, mask, di + (i + 1) * step);
      writeCount(cpu, mask, count - i - 1);
    }
  }
  return count === n ? 0 : 1;
}

/** Stores the low bytes of `value` all over a run. */
function fill(window: MemoryWindow, at: number, n: number, size: number, value: number): void {
  if (n <= FEW) {
    for (let i = 0; i < n; i++) setElement(window, at + i * size, size, value);
  } else if (size === 1) {
    window.u8.fill(value, at, at + n);
  } else {
    setElement(window, at, size, value);
    propagate(window.u8, at + size, size, (n - 1) * size);
  }
}

function plainStos(cpu: Cpu, shift: number): number {
  const { R } = cpu.state, count = R[ECX], di = R[EDI], n = plainLength(di, shift, count), bytes = n << shift;
  if (n === 0) return -1;
  const dst = windowIndex(cpu, cpu.physical(di, WRITE), 0, bytes, WRITE);
  if (dst < 0) return -1;
  fill(cpu.memory.window, dst, n, 1 << shift, R[EAX]);
  R[EDI] = di + bytes;
  R[ECX] = count - n;
  return count === n ? 0 : 1;
}

function stos(cpu: Cpu, shift: number, mask: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  if (isPlain(R, ES, mask)) {
    const more = plainStos(cpu, shift);
    if (more >= 0) return more;
  }
  const direction = R[DF], size = 1 << shift, step = direction << shift;
  const di = readCounter(cpu, EDI, mask), to = cpu.segLinear(ES, di, size, true), toPhys = firstPhysical(cpu, to, size, WRITE);
  const n = withinSegment(R, ES, di, shift, direction, runLength(cpu, di, to, shift, direction, mask, count));
  const bytes = n << shift, dst = windowIndex(cpu, toPhys, direction > 0 ? 0 : size - bytes, bytes, WRITE);
  if (dst >= 0) {
    fill(cpu.memory.window, dst, n, size, R[EAX]);
    writeCounter(cpu, EDI, mask, di + n * step);
    writeCount(cpu, mask, count - n);
  } else {
    for (let i = 0; i < n; i++) {
      cpu.store((to + i * step) | 0, size, R[EAX]);
      writeCounter(cpu, EDI, mask, di + (i + 1) * step);
      writeCount(cpu, mask, count - i - 1);
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
  const si = readCounter(cpu, ESI, mask), from = cpu.segLinear(seg, si, size, false), phys = firstPhysical(cpu, from, size, READ);
  const n = withinSegment(R, seg, si, shift, direction, runLength(cpu, si, from, shift, direction, mask, count));
  const bytes = n << shift, src = windowIndex(cpu, phys, direction > 0 ? 0 : size - bytes, bytes, READ);
  // In memory only the last element matters.
  for (let i = src >= 0 ? n - 1 : 0; i < n; i++) {
    writeAccumulator(cpu, size, cpu.load((from + i * step) | 0, size));
    writeCounter(cpu, ESI, mask, si + (i + 1) * step);
    writeCount(cpu, mask, count - i - 1);
  }
  return count === n ? 0 : 1;
}

/** The flags of x - y, both zero extended from `size` bytes. */
function compareFlags(R: Int32Array, size: number, x: number, y: number): void {
  const r = (x - y) | 0, carries = (r & y) | ((r | y) & ~x), unused = 32 - 8 * size;
  R[FLAGS_RES] = (r << unused) >> unused;
  R[FLAGS_AUX] = unused === 0 ? carries & AUX_CARRIES : (carries << unused) | (carries & 8);
}

/**
 * Number of the element that ends a comparison of two runs in the window: the first at which equality is not
 * `whileEqual`; n if none does.
 */
function compareRuns({ u8, view }: MemoryWindow, first: number, second: number, n: number, step: number, whileEqual: boolean): number {
  // The choice is outside of the loops: inside it costs as much as the rest.
  let a = first, b = second;
  if (step === 1 || step === -1) {
    for (let i = 0; i < n; i++, a += step, b += step) if ((u8[a] === u8[b]) !== whileEqual) return i;
  } else if (step === 2 || step === -2) {
    for (let i = 0; i < n; i++, a += step, b += step) if ((view.getInt16(a, true) === view.getInt16(b, true)) !== whileEqual) return i;
  } else {
    for (let i = 0; i < n; i++, a += step, b += step) if ((view.getInt32(a, true) === view.getInt32(b, true)) !== whileEqual) return i;
  }
  return n;
}

function plainCmps(cpu: Cpu, shift: number, rep: number): number {
  const { R } = cpu.state, { window } = cpu.memory, count = R[ECX], si = R[ESI], di = R[EDI], size = 1 << shift;
  const n = plainLength(di, shift, plainLength(si, shift, count)), bytes = n << shift;
  if (n === 0) return -1;
  const first = windowIndex(cpu, cpu.physical(si, READ), 0, bytes, READ), second = windowIndex(cpu, cpu.physical(di, READ), 0, bytes, READ);
  if (first < 0 || second < 0) return -1;
  const found = compareRuns(window, first, second, n, size, rep === REPE), at = Math.min(found, n - 1) << shift;
  R[ESI] = si + at + size;
  R[EDI] = di + at + size;
  R[ECX] = count - (at >> shift) - 1;
  if (found === n && count !== n) return 1;
  compareFlags(R, size, element(window, first + at, size), element(window, second + at, size));
  return 0;
}

function cmps(cpu: Cpu, shift: number, mask: number, seg: number, rep: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  if (isPlain(R, seg, mask) && isPlain(R, ES, mask)) {
    const more = plainCmps(cpu, shift, rep);
    if (more >= 0) return more;
  }
  const direction = R[DF], size = 1 << shift, step = direction << shift, whileEqual = rep === REPE;
  const si = readCounter(cpu, ESI, mask), di = readCounter(cpu, EDI, mask);
  const from = cpu.segLinear(seg, si, size, false), fromPhys = firstPhysical(cpu, from, size, READ);
  const to = cpu.segLinear(ES, di, size, false), toPhys = firstPhysical(cpu, to, size, READ);
  let n = runLength(cpu, si, from, shift, direction, mask, count);
  n = runLength(cpu, di, to, shift, direction, mask, n);
  n = withinSegment(R, seg, si, shift, direction, n);
  n = withinSegment(R, ES, di, shift, direction, n);
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes, { window } = cpu.memory;
  const src = windowIndex(cpu, fromPhys, low, bytes, READ), dst = windowIndex(cpu, toPhys, low, bytes, READ);
  const isMemory = src >= 0 && dst >= 0, first = src - low, second = dst - low;
  // In memory, on to the last element at once.
  let done = isMemory ? Math.min(n - 1, compareRuns(window, first, second, n, step, whileEqual)) : 0;
  while (done < n) {
    const at = done * step;
    const x = isMemory ? element(window, first + at, size) : cpu.load((from + at) | 0, size);
    const y = isMemory ? element(window, second + at, size) : cpu.load((to + at) | 0, size);
    done++;
    writeCounter(cpu, ESI, mask, si + done * step);
    writeCounter(cpu, EDI, mask, di + done * step);
    writeCount(cpu, mask, count - done);
    if ((x === y) !== whileEqual || done === count) {
      compareFlags(R, size, x, y);
      return 0;
    }
  }
  return 1;
}

/** The same of one run and a value, zero extended. */
function scanRun({ u8, view }: MemoryWindow, first: number, n: number, step: number, x: number, whileEqual: boolean): number {
  let a = first;
  if (step === 1 || step === -1) {
    for (let i = 0; i < n; i++, a += step) if ((u8[a] === x) !== whileEqual) return i;
  } else if (step === 2 || step === -2) {
    for (let i = 0; i < n; i++, a += step) if ((view.getUint16(a, true) === x) !== whileEqual) return i;
  } else {
    for (let i = 0; i < n; i++, a += step) if ((view.getInt32(a, true) === x) !== whileEqual) return i;
  }
  return n;
}

/** The low bytes of EAX. */
const accumulator = (R: Int32Array, size: number): number => (size === 4 ? R[EAX] : R[EAX] & ((1 << (8 * size)) - 1));

function plainScas(cpu: Cpu, shift: number, rep: number): number {
  const { R } = cpu.state, { window } = cpu.memory, count = R[ECX], di = R[EDI], size = 1 << shift;
  const n = plainLength(di, shift, count), x = accumulator(R, size);
  if (n === 0) return -1;
  const first = windowIndex(cpu, cpu.physical(di, READ), 0, n << shift, READ);
  if (first < 0) return -1;
  const found = scanRun(window, first, n, size, x, rep === REPE), at = Math.min(found, n - 1) << shift;
  R[EDI] = di + at + size;
  R[ECX] = count - (at >> shift) - 1;
  if (found === n && count !== n) return 1;
  compareFlags(R, size, x, element(window, first + at, size));
  return 0;
}

function scas(cpu: Cpu, shift: number, mask: number, rep: number): number {
  const { R } = cpu.state, count = readCounter(cpu, ECX, mask);
  if (count === 0) return 0;
  if (isPlain(R, ES, mask)) {
    const more = plainScas(cpu, shift, rep);
    if (more >= 0) return more;
  }
  const direction = R[DF], size = 1 << shift, step = direction << shift, whileEqual = rep === REPE;
  const x = accumulator(R, size);
  const di = readCounter(cpu, EDI, mask), to = cpu.segLinear(ES, di, size, false), phys = firstPhysical(cpu, to, size, READ);
  const n = withinSegment(R, ES, di, shift, direction, runLength(cpu, di, to, shift, direction, mask, count));
  const bytes = n << shift, low = direction > 0 ? 0 : size - bytes, { window } = cpu.memory;
  const dst = windowIndex(cpu, phys, low, bytes, READ), isMemory = dst >= 0, first = dst - low;
  let done = isMemory ? Math.min(n - 1, scanRun(window, first, n, step, x, whileEqual)) : 0;
  while (done < n) {
    const at = done * step, y = isMemory ? element(window, first + at, size) : cpu.load((to + at) | 0, size);
    done++;
    writeCounter(cpu, EDI, mask, di + done * step);
    writeCount(cpu, mask, count - done);
    if ((x === y) !== whileEqual || done === count) {
      compareFlags(R, size, x, y);
      return 0;
    }
  }
  return 1;
}

const COUNTER = REGS[ECX], SOURCE = REGS[ESI], DESTINATION = REGS[EDI];

/** One run; returns 1 if there is more to do. */
type Run = (cpu: Cpu, shift: number, mask: number, x: number, y: number) => number;

/** A helper that does runs: of (log2 of the size, address mask, and what else the run wants to know). */
function repHelper(name: string, params: 2 | 3 | 4, writes: readonly Global[], doc: string, run: Run): HelperDef {
  return defHelper(name, {
    params, result: "i32", writes, doc,
    bind: (cpu) => (shift, mask, x, y) => {
      for (let done = 1; ; done++) {
        const more = endRun(cpu, run(cpu, shift, mask, x, y));
        // Something may have to come between elements.
        if (more === 0 || done === MAX_RUNS || cpu.stepsElements) return more;
      }
    },
  });
}

export const repMovs = repHelper("rep_movs", 3, [COUNTER, SOURCE, DESTINATION], "Runs of REP MOVS: (log2 of the size, address mask, source segment).", movs);
export const repStos = repHelper("rep_stos", 2, [COUNTER, DESTINATION], "Runs of REP STOS: (log2 of the size, address mask).", stos);
export const repLods = repHelper("rep_lods", 3, [COUNTER, SOURCE, REGS[EAX]], "Runs of REP LODS: (log2 of the size, address mask, source segment).", lods);
export const repCmps = repHelper("rep_cmps", 4, [COUNTER, SOURCE, DESTINATION, G_FLAGS_RES, G_FLAGS_AUX],
  "Runs of REPE or REPNE CMPS: (log2 of the size, address mask, source segment, 1 for REPE or 2 for REPNE).", cmps);
export const repScas = repHelper("rep_scas", 3, [COUNTER, DESTINATION, G_FLAGS_RES, G_FLAGS_AUX],
  "Runs of REPE or REPNE SCAS: (log2 of the size, address mask, 1 for REPE or 2 for REPNE).", scas);
