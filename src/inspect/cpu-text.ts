/** The CPU's state as text, line by line as QEMU's `-d cpu` and `info registers` print it, so that the two can be compared. */
import type { Cpu } from "../x86/cpu.ts";
import { readEflags } from "../x86/flags.ts";
import { CR0, CR2, CR3, CR4, CS, DS, EAX, EBP, EBX, ECX, EDI, EDX, ES, ESI, ESP, FS, GDT_BASE, GDT_LIMIT, GS, IDT_BASE, IDT_LIMIT, LDTR, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SHADOW, SS, TR } from "../x86/state.ts";

const hex = (n: number, digits: number): string => (n >>> 0).toString(16).padStart(digits, "0");

/** Flags as letters in QEMU's order, `-` where clear. */
export function flagLetters(eflags: number): string {
  return [[0x400, "D"], [0x800, "O"], [0x80, "S"], [0x40, "Z"], [0x10, "A"], [0x4, "P"], [0x1, "C"]]
    .map(([bit, letter]) => ((eflags & Number(bit)) !== 0 ? String(letter) : "-")).join("");
}

/** All registers. @param eip  where EIP stands, which the state may not say while blocks run */
export function cpuText(cpu: Cpu, eip: number): string {
  const { R } = cpu, eflags = readEflags(R);
  const general = (pairs: readonly (readonly [string, number])[]): string => pairs.map(([name, slot]) => `${name}=${hex(R[slot], 8)}`).join(" ");
  const segment = (name: string, n: number): string => segmentText(name, R[SEG_SELECTOR + n], R[SEG_BASE + n], R[SEG_LIMIT + n], R[SEG_ATTR + n]);
  const system = (name: string, at: number): string => segmentText(name, R[at], R[at + 1], R[at + 2], R[at + 3]);
  return [
    general([["EAX", EAX], ["EBX", EBX], ["ECX", ECX], ["EDX", EDX]]),
    general([["ESI", ESI], ["EDI", EDI], ["EBP", EBP], ["ESP", ESP]]),
    `EIP=${hex(eip, 8)} EFL=${hex(eflags, 8)} [${flagLetters(eflags)}] CPL=${cpu.cpl} II=${R[SHADOW]} A20=${cpu.a20 ? 1 : 0} SMM=0 HLT=0`,
    segment("ES", ES), segment("CS", CS), segment("SS", SS), segment("DS", DS), segment("FS", FS), segment("GS", GS),
    system("LDT", LDTR), system("TR", TR),
    `GDT=     ${hex(R[GDT_BASE], 8)} ${hex(R[GDT_LIMIT], 8)}`,
    `IDT=     ${hex(R[IDT_BASE], 8)} ${hex(R[IDT_LIMIT], 8)}`,
    `CR0=${hex(R[CR0], 8)} CR2=${hex(R[CR2], 8)} CR3=${hex(R[CR3], 8)} CR4=${hex(R[CR4], 8)}`,
    "",
  ].join("\n");
}

/** Selector, base, limit, and the attributes where a descriptor has them. */
function segmentText(name: string, selector: number, base: number, limit: number, attr: number): string {
  return `${name.padEnd(3)}=${hex(selector & 0xffff, 4)} ${hex(base, 8)} ${hex(limit, 8)} ${hex((attr & 0xf0ff) << 8, 8)}`;
}
