/**
 * The state of a CPU by name, as text: what lockstep compares and what filetests say (`eax=0x1 cs=0x8:0x0:0xffffffff:0xc09b`).
 * Everything a guest can see is here; slots of the state file that nobody has named appear by number, so that nothing new is
 * overlooked. How flags are kept, and what helpers use in passing, is not state.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import type { Cpu } from "./cpu.ts";
import { APIC_BASE_RESET } from "./cpu.ts";
import { readEflags, writeEflags } from "./flags.ts";
import { fpuOf } from "./helpers/fpu/fpu.ts";
import { BUDGET, CR0, CR2, CR3, CR4, CS, DF, DR, DS, EFER, EFLAGS_SYS, EIP, ES, FLAGS_AUX, FLAGS_RES, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_PAIR, FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_STATUS, FPU_TAGS, FPU_TOP, FS, GDT_BASE, GDT_LIMIT, GS, IDT_BASE, IDT_LIMIT, LDTR, LEFT, MCG_STATUS, MISC_ENABLE, MTRR_DEF_TYPE, MXCSR, NMI_BLOCKED, PAT, REGS, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SHADOW, SIMD_SCRATCH, SS, STATE_SLOTS, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP, TR, TSC_AUX, XMM } from "./state.ts";

/** Fields that are one slot each. */
const SCALARS: readonly (readonly [name: string, slot: number])[] = [
  ...REGS.map(({ name, index }) => [name, index] as const), ["eip", EIP], ["shadow", SHADOW], ["nmi_blocked", NMI_BLOCKED],
  ["cr0", CR0], ["cr2", CR2], ["cr3", CR3], ["cr4", CR4], ["efer", EFER],
  ["dr0", DR], ["dr1", DR + 1], ["dr2", DR + 2], ["dr3", DR + 3], ["dr6", DR + 6], ["dr7", DR + 7],
  ["mxcsr", MXCSR], ["fcw", FPU_CONTROL], ["fsw", FPU_STATUS], ["ftop", FPU_TOP], ["ftags", FPU_TAGS], ["fop", FPU_OPCODE],
  ["fip", FPU_IP], ["fcs", FPU_CS], ["fdp", FPU_DP], ["fds", FPU_DS],
  ["sysenter_cs", SYSENTER_CS], ["sysenter_esp", SYSENTER_ESP], ["sysenter_eip", SYSENTER_EIP], ["tsc_aux", TSC_AUX], ["mcg_status", MCG_STATUS],
  ["mtrr_def_type", MTRR_DEF_TYPE],
];

const segment = (n: number): readonly number[] => [SEG_SELECTOR + n, SEG_BASE + n, SEG_LIMIT + n, SEG_ATTR + n];
const from = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first + i);
const eight = (fields: (n: number) => readonly [string, readonly number[]]): (readonly [string, readonly number[]])[] => from(0, 8).map(fields);

/**
 * Fields of several slots, written one after the other with colons: a segment is selector:base:limit:attributes (as SEG_ATTR
 * has them), a vector register its dwords from the highest, an x87 register (by physical number) its sign and exponent,
 * then the significand's two words.
 */
const GROUPS: readonly (readonly [name: string, slots: readonly number[]])[] = [
  ["es", segment(ES)], ["cs", segment(CS)], ["ss", segment(SS)], ["ds", segment(DS)], ["fs", segment(FS)], ["gs", segment(GS)],
  ["misc_enable", [MISC_ENABLE + 1, MISC_ENABLE]], ["pat", [PAT + 1, PAT]],
  ["ldtr", from(LDTR, 4)], ["tr", from(TR, 4)], ["gdtr", [GDT_BASE, GDT_LIMIT]], ["idtr", [IDT_BASE, IDT_LIMIT]],
  ...eight((n) => [`xmm${n}`, from(XMM + 4 * n, 4).toReversed()]),
  ...eight((n) => [`fpr${n}`, [FPU_SIGN_EXP + n, FPU_SIGNIFICAND + 2 * n + 1, FPU_SIGNIFICAND + 2 * n]]),
];

/** Slots that are not state by themselves: EFLAGS in parts, x87 registers in another form, and what is used in passing. */
const HIDDEN: readonly number[] = [FLAGS_RES, FLAGS_AUX, DF, EFLAGS_SYS, LEFT, BUDGET, ...from(SIMD_SCRATCH, 8), ...from(FPU_PAIR, STATE_SLOTS - FPU_PAIR)];

const named = new Set([...SCALARS.map(([, slot]) => slot), ...GROUPS.flatMap(([, slots]) => slots), ...HIDDEN]);
const UNNAMED = from(0, STATE_SLOTS).filter((slot) => !named.has(slot));
/** Slots that hold state as they are. */
export const PLAIN_SLOTS: readonly number[] = from(0, STATE_SLOTS).filter((slot) => !HIDDEN.includes(slot));

const SLOTS: ReadonlyMap<string, readonly number[]> = new Map([
  ...SCALARS.map(([name, slot]) => [name, [slot]] as const), ...GROUPS, ...UNNAMED.map((slot) => [`slot${slot}`, [slot]] as const),
]);

/** What is not in the state file. */
interface Other {
  readonly read: (cpu: Cpu) => bigint;
  readonly write: (cpu: Cpu, value: bigint) => void;
}

const pointerEntry = (n: number): Other => ({
  read: (cpu) => BigInt(cpu.mmu.walker.pointerEntries[n] >>> 0),
  write: (cpu, value) => {
    cpu.mmu.walker.pointerEntries[n] = Number(value);
  },
});

const OTHERS: ReadonlyMap<string, Other> = new Map<string, Other>([
  ["eflags", { read: (cpu) => BigInt(readEflags(cpu.R) >>> 0), write: (cpu, value) => writeEflags(cpu.R, Number(value)) }],
  ["a20", {
    read: (cpu) => (cpu.a20 ? 1n : 0n),
    write: (cpu, value) => {
      cpu.a20 = value !== 0n;
    },
  }],
  ["tsc_offset", {
    read: (cpu) => BigInt.asUintN(64, cpu.state.tscOffset),
    write: (cpu, value) => {
      cpu.state.tscOffset = value;
    },
  }],
  ["apic_base", {
    read: (cpu) => cpu.apicBase,
    write: (cpu, value) => {
      cpu.apicBase = value;
    },
  }],
]);

/** What a CPU has read from memory with CR3; only under PAE paging is it state. */
const POINTER_ENTRIES: ReadonlyMap<string, Other> = new Map(from(0, 4).map((n) => [`pdpte${n}`, pointerEntry(n)]));

const text = (value: number | bigint): string => `0x${value.toString(16)}`;

/** Every field by name; a new map, the caller's to keep. */
export function readNamedState(cpu: Cpu): Map<string, string> {
  const { R } = cpu, all = new Map<string, string>();
  fpuOf(cpu).pairs.flush();
  for (const [name, slots] of SLOTS) {
    // A slot without a name is shown once it holds something.
    if (!name.startsWith("slot") || R[slots[0]] !== 0) all.set(name, slots.map((slot) => text(R[slot] >>> 0)).join(":"));
  }
  for (const [name, other] of cpu.mmu.isPae ? [...OTHERS, ...POINTER_ENTRIES] : OTHERS) all.set(name, text(other.read(cpu)));
  return all;
}

/**
 * Sets a CPU to a state: the fields that are given, as `readNamedState` gives them, and all others as after RESET.
 * @throws InternalError for a name that does not exist, or text of another form
 */
export function writeNamedState(cpu: Cpu, fields: ReadonlyMap<string, string>): void {
  cpu.state.reset();
  cpu.a20 = true;
  cpu.apicBase = APIC_BASE_RESET;
  cpu.mmu.walker.pointerEntries.fill(0);
  for (const [name, value] of fields) writeField(cpu, name, value);
  cpu.mmu.controlChanged();
}

function writeField(cpu: Cpu, name: string, value: string): void {
  const slots = SLOTS.get(name), other = OTHERS.get(name) ?? POINTER_ENTRIES.get(name), parts = value.split(":");
  if ((slots === undefined && other === undefined) || parts.length !== (slots?.length ?? 1) || !parts.every((part) => /^0x[0-9a-f]+$/.test(part))) {
    throw new InternalError(`the CPU has no state ${name}=${value}`);
  }
  slots?.forEach((slot, i) => {
    cpu.R[slot] = Number(parts[i]);
  });
  other?.write(cpu, BigInt(value));
}
