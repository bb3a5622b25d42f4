/**
 * IN, OUT, INS, OUTS. A port access may leave for whoever owns the ports by throwing; the insn then starts over and does
 * the same again, so nothing is committed before it.
 */
import type { Cpu } from "../cpu.ts";
import { GP } from "../fault.ts";
import { ATTR_P, CR4, CR4_DE, DF, ECX, EDI, EDX, ES, ESI, TR } from "../state.ts";
import { watchHits } from "../watchpoints.ts";
import { defHelper } from "./define.ts";
import { TYPE_386, TYPE_TSS16 } from "../descriptor.ts";
import { ioplOf } from "./eflags.ts";
import { endRun } from "./string-run.ts";
import { readSystem16 } from "./system-memory.ts";
import { TSS_IO_MAP_BASE } from "./tss.ts";

/**
 * #GP(0) unless the current program may access ports [port, port + size): CPL <= IOPL outside V86, or bits of the TSS's
 * I/O permission bitmap that are all 0 (SDM 1 §18.5). Real mode may do everything.
 */
function checkIoPermission(cpu: Cpu, port: number, size: number): void {
  if (cpu.isRealMode() || (!cpu.isV86() && cpu.cpl <= ioplOf(cpu))) return;
  const { R } = cpu, base = R[TR + 1], limit = R[TR + 2] >>> 0, attr = R[TR + 3];
  if ((attr & ATTR_P) === 0 || (attr & (TYPE_386 | TYPE_TSS16)) !== (TYPE_386 | TYPE_TSS16)) cpu.fault(GP, 0);
  if (limit < TSS_IO_MAP_BASE + 1) cpu.fault(GP, 0);
  // Two bytes are read whatever the bits needed, so the map must end with a byte of ones.
  const at = readSystem16(cpu, (base + TSS_IO_MAP_BASE) | 0) + (port >> 3);
  if (at + 1 > limit) cpu.fault(GP, 0);
  const bits = readSystem16(cpu, (base + at) | 0) >> (port & 7);
  if ((bits & ((1 << size) - 1)) !== 0) cpu.fault(GP, 0);
}

/** Notes the I/O breakpoints an access hits; #DB follows when the insn has retired (SDM 3B §17.2.4). */
function watchPort(cpu: Cpu, port: number, size: number): void {
  if ((cpu.R[CR4] & CR4_DE) !== 0) cpu.debugHits |= watchHits(cpu.debugRegisters, port, size, "io");
}

const truncate = (value: number, size: number): number => (size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value);

export const portIn = defHelper("port_in", {
  params: 2,
  result: "i32",
  writes: [],
  doc: "Reads `size` bytes from a port; #GP(0) (SDM 2A IN).",
  bind: (cpu) => (port, size) => {
    checkIoPermission(cpu, port, size);
    const value = truncate(cpu.io.portRead(port, size), size);
    watchPort(cpu, port, size);
    return value;
  },
});

export const portOut = defHelper("port_out", {
  params: 3,
  writes: [],
  doc: "Writes `size` bytes of `value` to a port; #GP(0) (SDM 2B OUT).",
  bind: (cpu) => (port, size, value) => {
    checkIoPermission(cpu, port, size);
    cpu.io.portWrite(port, size, truncate(value, size));
    watchPort(cpu, port, size);
  },
});

const addressMask = (adsize: number): number => (adsize === 32 ? -1 : 0xffff);

/** Moves an index register on by one element and, under REP, counts; 1 while elements remain. */
function advance(cpu: Cpu, index: number, size: number, adsize: number, rep: number): number {
  const { R } = cpu, mask = addressMask(adsize);
  R[index] = (R[index] & ~mask) | ((R[index] + R[DF] * size) & mask);
  if (rep === 0) return 0;
  const left = (R[ECX] - 1) & mask;
  R[ECX] = (R[ECX] & ~mask) | left;
  return endRun(cpu, left === 0 ? 0 : 1);
}

/** REP with a count of 0; a processor checks permission all the same. */
const isDone = (cpu: Cpu, adsize: number, rep: number): boolean => rep !== 0 && (cpu.R[ECX] & addressMask(adsize)) === 0;

export const inputString = defHelper("port_ins", {
  params: 3,
  result: "i32",
  doc: "One element from port DX to ES:rDI; 1 if REP has more to do. #GP(0), #SS(0) (SDM 2A INS).",
  bind: (cpu) => (size, adsize, rep) => {
    const { R } = cpu, port = R[EDX] & 0xffff;
    checkIoPermission(cpu, port, size);
    if (isDone(cpu, adsize, rep)) return 0;
    const to = cpu.segLinear(ES, R[EDI] & addressMask(adsize), size, true);
    cpu.probeWrite(to, size);
    cpu.store(to, size, cpu.io.portRead(port, size));
    watchPort(cpu, port, size);
    return advance(cpu, EDI, size, adsize, rep);
  },
});

export const outputString = defHelper("port_outs", {
  params: 4,
  result: "i32",
  doc: "One element from `seg`:rSI to port DX; 1 if REP has more to do. #GP(0), #SS(0) (SDM 2B OUTS).",
  bind: (cpu) => (size, adsize, rep, seg) => {
    const { R } = cpu, port = R[EDX] & 0xffff;
    checkIoPermission(cpu, port, size);
    if (isDone(cpu, adsize, rep)) return 0;
    const from = cpu.segLinear(seg, R[ESI] & addressMask(adsize), size, false);
    cpu.io.portWrite(port, size, cpu.load(from, size));
    watchPort(cpu, port, size);
    return advance(cpu, ESI, size, adsize, rep);
  },
});
