/**
 * A case: a machine's memory and state, and what happens to it from outside, small enough to be written down as a filetest
 * (test/filetests/x86, read by test/support/x86-case.ts). Lockstep writes one at the first difference, and so does the fuzzer.
 *
 *     ; test bits=32 memory=0x0:0x100000
 *     x86 {
 *       code 0x1000: 01 d8              ; add eax,ebx
 *       code 0x1002: 11 d1              ; adc ecx,edx
 *       in: eax=0xffffffff ebx=0x1 eflags=0x2
 *       memory 0x2000: 01 02 03
 *       at 1: interrupt 0x20            ; asked for when that many insns have retired
 *       at 1: write 0x1002: 90 90       ; by the host
 *       at 2: set eax=0x1
 *       run 3                           ; default: as many insns as there are lines of code
 *     }
 *     ; expect:
 *     ;   eax=0x0 ecx=0x1 eflags=0x56
 *
 * The machine starts as the bare machine does (bare-entry.ts) at the first line of code, but for the fields that `in` names
 * (x86/named-state.ts). Regions of memory are base:size, with `:ro` for read-only ones; without any there is 1 MiB from 0.
 * Reads of anything else give all ones.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import { openKvm } from "../kvm/system.ts";
import { enterFlatProtectedMode, enterRealMode } from "./bare-entry.ts";

export interface CaseRegion {
  readonly base: number;
  /** Bytes, a multiple of 4096. */
  readonly size: number;
  readonly isReadOnly: boolean;
}

export interface CaseInsn {
  /** Physical address. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Disassembly, for people; may be empty. */
  readonly text: string;
}

export interface CaseBytes {
  /** Physical address. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Something from outside, when `insns` insns have retired. */
export type CaseEvent =
  | { readonly kind: "interrupt"; readonly insns: number; readonly vector: number }
  | { readonly kind: "write"; readonly insns: number; readonly address: number; readonly bytes: Uint8Array }
  /** A general register, EIP, EFLAGS or a control register, set by the host. */
  | { readonly kind: "set"; readonly insns: number; readonly name: string; readonly value: string };

export interface X86Case {
  /** How the machine starts: real mode or flat protected mode. */
  readonly bits: 16 | 32;
  readonly regions: readonly CaseRegion[];
  readonly code: readonly CaseInsn[];
  /** What differs from the entry state. */
  readonly state: ReadonlyMap<string, string>;
  readonly memory: readonly CaseBytes[];
  /** By ascending `insns`. */
  readonly events: readonly CaseEvent[];
  /** When it ends. */
  readonly insns: number;
}

export const DEFAULT_REGIONS: readonly CaseRegion[] = [{ base: 0, size: 2 ** 20, isReadOnly: false }];
const PAGE_SIZE = 4096, REAL_MODE_END = 0x100000;

/** Where the machine starts. */
export function entryOf({ bits, code }: Pick<X86Case, "bits" | "code">): number {
  const first = code[0]?.address ?? 0;
  return bits === 16 && first >= REAL_MODE_END ? 0 : first;
}

/** All of the CPU's state as the bare machine starts with it. */
export function entryState(bits: 16 | 32, entry: number): Map<string, string> {
  const vm = openKvm().createVm();
  vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: PAGE_SIZE });
  const vcpu = vm.createVcpu(0);
  if (bits === 16) enterRealMode(vcpu, entry);
  else enterFlatProtectedMode(vcpu, entry);
  return new Map(vcpu.describeState());
}

/** What of `after` is not as in `before`. */
export function changedFields(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Map<string, string> {
  const changed = new Map([...after].filter(([name, value]) => before.get(name) !== value));
  // What is named only when it is not 0.
  for (const name of before.keys()) if (!after.has(name)) changed.set(name, "0x0");
  return changed;
}

const hex = (n: number): string => `0x${n.toString(16)}`;
export const bytesText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
export const fieldsText = (fields: ReadonlyMap<string, string>): string => [...fields].map(([name, value]) => `${name}=${value}`).join(" ");
export const lineText = ({ address, bytes }: CaseBytes): string => `${hex(address)}: ${bytesText(bytes)}`;

/** The case as a filetest, with its result (`caseResult`) as what is expected. */
export function printCase(c: X86Case, result: string): string {
  const expected = result.includes("\n") ? ["; expect:", ...result.split("\n").map((line) => `;   ${line}`)] : [`; expect: ${result}`];
  const insns = c.insns === c.code.length ? [] : [`  run ${c.insns}`];
  return [
    `; test bits=${c.bits}${regionsText(c.regions)}`,
    "x86 {",
    ...c.code.map((insn) => `  code ${lineText(insn)}`.padEnd(COMMENT_COLUMN) + (insn.text === "" ? "" : ` ; ${insn.text}`)).map((line) => line.trimEnd()),
    ...(c.state.size === 0 ? [] : [`  in: ${fieldsText(c.state)}`]),
    ...c.memory.map((piece) => `  memory ${lineText(piece)}`),
    ...c.events.map(eventText),
    ...insns, "}", ...expected, "",
  ].join("\n");
}

const COMMENT_COLUMN = 40;

function regionsText(regions: readonly CaseRegion[]): string {
  const text = regions.map(({ base, size, isReadOnly }) => `${hex(base)}:${hex(size)}${isReadOnly ? ":ro" : ""}`).join(",");
  return regions === DEFAULT_REGIONS ? "" : ` memory=${text}`;
}

function eventText(event: CaseEvent): string {
  const at = `  at ${event.insns}:`;
  switch (event.kind) {
    case "interrupt": return `${at} interrupt ${hex(event.vector)}`;
    case "write": return `${at} write ${lineText(event)}`;
    case "set": return `${at} set ${event.name}=${event.value}`;
  }
}

/** The region that holds all of a stretch of memory. */
export function regionOf(regions: readonly CaseRegion[], { address, bytes }: CaseBytes): CaseRegion {
  const found = regions.find((r) => address >= r.base && address + bytes.length <= r.base + r.size);
  if (found === undefined) throw new InternalError(`the case has no memory for ${bytes.length} bytes at ${hex(address)}`);
  return found;
}
