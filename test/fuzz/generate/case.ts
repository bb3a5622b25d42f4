// Makes a fuzz case from a seed: a mode, tables, page tables, a program, and what happens from outside.

import type { CaseEvent, CaseInsn, X86Case } from "../../../src/machine/x86-case.ts";
import { ATTR_DB, ATTR_P, CR0_AM, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR4_DE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_SMAP, CR4_SMEP, CR4_TSD, CR4_UMIP, CR4_VME, EFER_NXE, F_AC, F_ID, F_IF, F_IOPL, F_NT, F_RF, F_TF, F_VM } from "../../../src/x86/state.ts";
import { Random } from "../../oracle/random.ts";
import type { CodeContext, Flavour, Piece } from "./code.ts";
import { layOut, pointer, randomBytes, randomInsn, somewhere } from "./code.ts";
import type { Segment } from "./descriptors.ts";
import { Descriptors, isSize32 } from "./descriptors.ts";
import { putGates, putRealHandlers } from "./handlers.ts";
import { prologue, randomIdiom } from "./idioms.ts";
import { Image, word16, word32 } from "./image.ts";
import { vectorBytes } from "./numbers.ts";
import { CODE, CODE_END, CODE_OTHER, CODE_OTHER_END, DATA, DATA_END, FAR_DATA, GDT, GDT_SLOTS, IDT, IDT_SLOTS, POINTER_COUNT, POINTERS, REGIONS, ROM, SLOT_BYTES, STACK_BYTES, STACKS, stackTop } from "./layout.ts";
import type { Paging } from "./paging.ts";
import { put32BitTables, putPaeTables } from "./paging.ts";
import { putTasks } from "./tasks.ts";

type ModeName = "real" | "v86" | "protected";

/** Segment registers in the order of their numbers. */
const SEGMENT_NAMES = ["es", "cs", "ss", "ds", "fs", "gs"] as const;
const ATTR_REAL_DATA = 0x93, ATTR_REAL_CODE = 0x9b, ATTR_V86 = 0xf3;
const MAX_INSNS = 600, LONG_INSNS = 3000;

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const segmentText = ({ selector, base, limit, attr }: Segment): string => [selector, base, limit, attr].map(hex).join(":");

/** Sixteen bytes as a state field: dwords from the highest. */
function vectorText(bytes: readonly number[]): string {
  const { buffer } = Uint8Array.from(bytes), view = new DataView(buffer);
  return [12, 8, 4, 0].map((at) => hex(view.getUint32(at, true))).join(":");
}

/** Each of the bits with its own chance. */
function someBits(random: Random, chances: readonly (readonly [bit: number, chance: number])[]): number {
  let bits = 0;
  for (const [bit, chance] of chances) if (random.chance(chance)) bits |= bit;
  return bits;
}

class CaseMaker {
  private readonly random: Random;
  private readonly image = new Image();
  private readonly state = new Map<string, string>();
  private readonly mode: ModeName;
  private readonly level: number;
  /** How much is out of order, 0..1. */
  private readonly chaos: number;
  private readonly isSlotted: boolean;
  private readonly isCalm: boolean;
  private readonly flavour: Flavour;
  private readonly descriptors: Descriptors;
  private readonly paging: Paging | null;
  private readonly code: Segment;
  private readonly dataSegment: Segment;

  constructor(seed: string) {
    const random = new Random(seed);
    this.random = random;
    this.mode = random.weighted<ModeName>([[2, "real"], [2, "v86"], [6, "protected"]]);
    this.level = this.mode === "v86" ? 3 : this.mode === "real" ? 0 : random.pick([0, 0, 0, 3, 3, 3, 1, 2]);
    this.chaos = random.pick([0, 0.05, 0.2, 0.2, 0.6, 1]);
    this.isSlotted = random.chance(0.6);
    this.isCalm = random.chance(0.5);
    this.flavour = random.pick<Flavour>(["any", "any", "any", "vector", "float", "x87"]);
    this.putData();
    this.descriptors = new Descriptors(this.image, random, this.chaos);
    this.paging = this.mode !== "real" && random.chance(0.6) ? this.makePaging() : null;
    putTasks(this.image, random, this.descriptors, this.chaos, this.paging?.cr3 ?? 0);
    this.putPointers();
    if (this.mode === "real") putRealHandlers(this.image, random, this.isSlotted);
    else putGates(this.image, random, this.descriptors, this.chaos, this.isSlotted);
    const is32 = this.mode === "protected" && random.chance(0.75);
    this.code = this.mode === "protected" ? this.descriptors.code(this.level, is32) : this.realSegment(0, true);
    this.dataSegment = this.mode === "protected" ? this.chooseData(is32) : this.realSegment(random.pick([0, 0, 0x100, DATA >> 4]), false);
  }

  private makePaging(): Paging {
    const { random, image, chaos } = this;
    const isUser = this.level === 3;
    return random.chance(0.4) ? putPaeTables(image, random, chaos, isUser) : put32BitTables(image, random, chaos, isUser, random.chance(0.6));
  }

  private putData(): void {
    const { image, random } = this;
    // Not all of it: a case is to be read by people.
    for (let i = 0; i < 32; i++) image.put(random.between(DATA, DATA_END - 16) & ~15, random.bool() ? random.bytes(16) : vectorBytes(random));
    for (let i = 0; i < 8; i++) image.put(STACKS + (random.below(5 * STACK_BYTES) & ~15), random.bytes(16));
    image.put(FAR_DATA, random.bytes(32));
    image.put(ROM, random.bytes(32));
  }

  private putPointers(): void {
    const { image, random } = this;
    const tables = [[GDT_SLOTS * 8 - 1, GDT], [IDT_SLOTS * 8 - 1, IDT], [random.below(0x200), GDT], [0x3ff, random.pick([0, IDT, random.u32()])]];
    for (let i = 0; i < POINTER_COUNT; i++) image.put(POINTERS + 8 * i, [...word16(tables[i][0]), ...word32(tables[i][1])]);
  }

  /** A segment of real mode or V86. */
  private realSegment(selector: number, isCode: boolean): Segment {
    return { selector, base: selector << 4, limit: 0xffff, attr: this.mode === "v86" ? ATTR_V86 : isCode ? ATTR_REAL_CODE : ATTR_REAL_DATA };
  }

  private chooseData(is32: boolean): Segment {
    const { random, descriptors, level } = this;
    return random.chance(0.15) ? descriptors.anyData(level) : descriptors.data(level, random.chance(0.85) ? is32 : !is32);
  }

  private context(is32: boolean, code: Segment): CodeContext {
    const { random, mode, descriptors, paging, level } = this;
    const entries = Array.from({ length: 6 }, (_, i) => CODE + SLOT_BYTES * i), isProtected = mode === "protected";
    const segments = [code, descriptors.code(level, isSize32(code)), descriptors.code(level, !isSize32(code)), descriptors.code(3, true), descriptors.conforming];
    const farTargets = isProtected ? segments.flatMap((s) => entries.map((at) => ({ selector: s.selector, offset: ((isSize32(s) === is32 ? at : CODE_OTHER) - s.base) >>> 0 })))
      : entries.map((at) => ({ selector: 0, offset: at }));
    return {
      random, is32, data: this.dataSegment, isPaged: paging !== null, isCalm: this.isCalm, flavour: this.flavour, farTargets, controls: this.controls(),
      selectors: isProtected ? descriptors.selectors : [0, 0x100, 0xb00, 0x1000, 0xf000, 0xffff], gates: isProtected ? descriptors.gates : [],
      pageEntries: paging?.entries ?? [],
    };
  }

  /** Values of CR0, CR3 and CR4 that leave the program running, most of them. */
  private controls(): ReadonlyMap<number, readonly number[]> {
    const cr0 = Number(this.state.get("cr0") ?? 0), cr4 = Number(this.state.get("cr4") ?? 0), cr3 = this.paging?.cr3 ?? 0;
    return new Map([
      [0, [cr0, cr0 ^ CR0_WP, cr0 ^ CR0_PG, cr0 ^ CR0_TS, cr0 ^ CR0_EM, cr0 ^ CR0_NE, cr0 ^ CR0_AM, cr0 ^ CR0_PE]],
      [3, [cr3, cr3, cr3 ^ 8]],
      [4, [cr4, cr4 ^ CR4_PGE, cr4 ^ CR4_PSE, cr4 ^ CR4_SMEP, cr4 ^ CR4_SMAP, cr4 ^ CR4_TSD, cr4 ^ CR4_DE, cr4 ^ CR4_VME, cr4 ^ CR4_PVI, cr4 ^ CR4_UMIP, cr4 ^ CR4_PAE]],
    ]);
  }

  make(): X86Case {
    this.setControls();
    this.setSegments();
    this.setRegisters();
    const { random } = this, is32 = isSize32(this.code), other = this.descriptors.code(0, !is32);
    const start = this.isSlotted || random.chance(0.5) ? CODE : CODE + 0xf00 + random.below(0x100);
    const code = [
      ...this.program(this.context(is32, this.code), start, CODE_END, random.between(4, 30)),
      ...this.program(this.context(!is32, other), CODE_OTHER, CODE_OTHER_END, random.between(2, 8)),
    ];
    for (let at = CODE; at < CODE_OTHER_END; at += SLOT_BYTES) {
      if (code.every(({ address, bytes }) => address >= at + SLOT_BYTES || address + bytes.length <= at)) this.putWayBack(at, at < CODE_END ? start : CODE_OTHER);
    }
    this.state.set("eip", hex(start - this.code.base));
    // Calm programs go round often enough to be chained; of the others, a few do.
    const insns = random.chance(this.isCalm ? 0.7 : 0.1) ? random.between(MAX_INSNS, LONG_INSNS) : random.between(20, MAX_INSNS);
    return { bits: 32, regions: REGIONS, code, state: this.state, memory: this.image.lines, events: this.events(insns), insns };
  }

  /** What lies around a program leads into it: JMP, with a displacement that both code sizes understand. */
  private putWayBack(at: number, to: number): void {
    this.image.put(at, [0xe9, ...word32(to - (at + 5))]);
  }

  private program(context: CodeContext, start: number, end: number, pieceCount: number): CaseInsn[] {
    const { random } = this, pieces: Piece[] = random.chance(0.9) ? [prologue(context)] : [];
    for (let i = 0; i < pieceCount; i++) {
      pieces.push(random.weighted<() => Piece>([[60, () => [randomInsn(context)]], [25, () => randomIdiom(context)], [5, () => [randomBytes(random)]]])());
    }
    return layOut(context, pieces, start, end, this.isSlotted);
  }

  private setControls(): void {
    const { random, state, mode, paging } = this;
    let cr0 = CR0_ET | someBits(random, [[CR0_MP, 0.3], [CR0_EM, 0.04], [CR0_TS, 0.06], [CR0_NE, 0.6], [CR0_WP, 0.5], [CR0_AM, 0.3]]);
    let cr4 = someBits(random, [
      [CR4_VME, 0.3], [CR4_PVI, 0.2], [CR4_TSD, 0.1], [CR4_DE, 0.4], [CR4_PSE, 0.6], [CR4_PGE, 0.5], [CR4_PCE, 0.4], [CR4_OSFXSR, 0.9], [CR4_OSXMMEXCPT, 0.6],
      [CR4_UMIP, 0.2], [CR4_SMEP, 0.1], [CR4_SMAP, 0.2],
    ]);
    // Programs that are about floating point have it.
    if (this.isCalm && this.flavour !== "any" && random.chance(0.95)) {
      cr0 &= ~(CR0_EM | CR0_TS);
      cr4 |= CR4_OSFXSR;
    }
    if (mode !== "real") cr0 |= CR0_PE;
    if (paging !== null) cr0 |= CR0_PG;
    if (paging === null ? random.chance(0.1) : paging.isPae) cr4 |= CR4_PAE;
    state.set("cr0", hex(cr0)).set("cr3", hex(paging?.cr3 ?? 0)).set("cr4", hex(cr4));
    if (random.chance(0.5)) state.set("efer", hex(EFER_NXE));
    if (random.chance(0.04)) state.set("a20", "0x0");
    if (random.chance(0.15)) this.setDebugRegisters();
  }

  private setDebugRegisters(): void {
    const { random, state } = this;
    for (let n = 0; n < 4; n++) state.set(`dr${n}`, hex(random.pick([CODE + SLOT_BYTES * random.below(16), random.between(DATA, DATA_END)])));
    const conditions = random.u32() & 0xffff0000, enables = random.u32() & random.u32() & 0xff;
    state.set("dr7", hex(conditions | enables | 0x400));
  }

  private setSegments(): void {
    const { random, state, mode, descriptors, level } = this;
    state.set("gdtr", `${hex(GDT)}:${hex(GDT_SLOTS * 8 - 1)}`);
    state.set("idtr", mode === "real" ? "0x0:0x3ff" : `${hex(IDT)}:${hex(random.chance(this.chaos * 0.1) ? random.below(0x800) : IDT_SLOTS * 8 - 1)}`);
    state.set("tr", segmentText(descriptors.task)).set("ldtr", segmentText(descriptors.localTable));
    const is32 = isSize32(this.code);
    const stack = mode === "protected" ? descriptors.data(level, random.chance(0.9) ? is32 : !is32) : this.realSegment(random.pick([0, STACKS >> 4]), false);
    const others = SEGMENT_NAMES.map((name): Segment => {
      if (name === "cs") return this.code;
      if (name === "ss") return stack;
      if (name === "ds" || (name === "es" && random.chance(0.8))) return this.dataSegment;
      if (mode !== "protected") return this.realSegment(random.pick([0, 0x100, 0xb00, 0x1000, 0x8000, 0xf000]), false);
      return random.chance(0.1) ? { selector: 0, base: 0, limit: 0, attr: 0 } : this.chooseData(is32);
    });
    others.forEach((segment, n) => state.set(SEGMENT_NAMES[n], segmentText(segment)));
    const isWide = (stack.attr & ATTR_DB) !== 0, esp = ((mode === "protected" ? stackTop(level) : 0xfff0) - (mode === "protected" ? stack.base : 0)) >>> 0;
    state.set("esp", hex(isWide ? esp : (esp & 0xffff) | (random.chance(0.1) ? random.u32() & 0xffff0000 : 0)));
    if ((stack.attr & ATTR_P) === 0) throw new RangeError("the stack segment is always there");
  }

  private setRegisters(): void {
    const { random, state, mode } = this, context = this.context(isSize32(this.code), this.code);
    for (const name of ["ebx", "esi", "edi", "ebp"]) state.set(name, hex(pointer(context)));
    state.set("eax", hex(random.value())).set("ecx", hex(random.below(20))).set("edx", hex(random.value()));
    let eflags = 2 | (random.u32() & 0x8d5) | someBits(random, [[F_TF, 0.04], [F_IF, 0.5], [F_NT, 0.04], [F_RF, 0.05], [F_AC, 0.1], [F_ID, 0.2]]);
    eflags |= random.chance(0.5) ? F_IOPL : random.below(4) << 12;
    if (mode === "v86") eflags |= F_VM;
    state.set("eflags", hex(eflags));
    for (let n = 0; n < 8; n++) if (random.chance(0.7)) state.set(`xmm${n}`, vectorText(vectorBytes(random)));
    if (random.chance(0.7)) state.set("mxcsr", hex(random.weighted([[6, 0x1fa0], [1, 0x1fa0 ^ (1 << random.below(16))], [1, 0x9fc0], [1, random.u32() & 0xffff]])));
    state.set("fcw", hex(random.pick([0x37f, 0x37f, 0x27f, 0x40, random.u32() & 0x1f3f | 0x40])));
    if (random.chance(0.5)) this.setFpu();
  }

  private setFpu(): void {
    const { random, state } = this;
    state.set("ftop", hex(random.below(8))).set("ftags", hex(random.byte()));
    for (let n = 0; n < 8; n++) {
      const significand = random.chance(0.9) ? (random.u32() | 0x80000000) : random.u32();
      state.set(`fpr${n}`, [random.pick([0x3fff, 0x4000, 0xbfff, 0x7fff, 0, random.u32() & 0xffff]), significand, random.value()].map(hex).join(":"));
    }
  }

  private events(insns: number): CaseEvent[] {
    const { random } = this, context = this.context(isSize32(this.code), this.code), events: CaseEvent[] = [];
    for (let count = random.pick([0, 0, 1, 2, 4, 12]); count > 0; count--) {
      const at = random.below(insns);
      events.push(random.weighted<() => CaseEvent>([
        [5, () => ({ kind: "interrupt", insns: at, vector: random.pick([random.between(32, 63), 0x80, random.byte()]) })],
        [4, () => ({ kind: "write", insns: at, address: random.between(CODE, CODE + 0x200), bytes: Uint8Array.from(random.bytes(random.between(1, 8))) })],
        [2, () => ({ kind: "write", insns: at, address: random.between(DATA, DATA_END - 8), bytes: Uint8Array.from(random.bytes(random.between(1, 8))) })],
        [1, () => ({ kind: "set", insns: at, name: random.pick(["eax", "ebx", "esi", "edi"]), value: hex(somewhere(context)) })],
      ])());
    }
    return events.sort((a, b) => a.insns - b.insns);
  }
}

/** The case of a seed: always the same. */
export function makeCase(seed: string): X86Case {
  return new CaseMaker(seed).make();
}
