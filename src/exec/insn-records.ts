/**
 * Decoded insns as records in the VM's memory, for threaded code (tcg/wasm/handler-unit.ts): the fields of an `Insn` that handlers
 * read, links to the records of its successors, the number of the function that does it. What an insn is, its object says; a
 * record is written from that, and holds as long as the object is the one that has it.
 */
import type { ThreadLayout } from "../../tcg/wasm/handler-unit.ts";
import type { Arena } from "../mem/arena.ts";
import { INSN_RECORD_BYTES, INSN_RECORD_COUNT, THREAD_JUMPS, THREAD_WORDS } from "../mem/arena.ts";
import type { FieldName, Insn } from "../x86/isa/insn.ts";
import { BUDGET, LEFT as STATE_LEFT, WAY_PC } from "../x86/state.ts";

/** Words of a record: what every insn needs comes first. */
const CODE = 0, NEXT = 1, TGT = 2, RUNS = 3;
const FIELD_WORDS: Readonly<Record<FieldName, number>> = { operands: 4, disp: 5, imm: 6, seg: 7, imm2: 8, eip: 9, neip: 10, teip: 11 };
const FIELD_LIST = Object.entries(FIELD_WORDS) as readonly (readonly [FieldName, number])[];
const RECORD_WORDS = INSN_RECORD_BYTES / 4;
/** Words in front of the jump cache. */
const LEFT = 0, AT = 1, EPOCH = 2, WAY_OUT = 3, BLOCK_INSNS = 4, GLOBAL_EPOCH = 5;
const JUMP_WORDS = 4;

/** Numbers of functions in the table. The first stops at a record nobody has tried to thread yet, the second at one that cannot be. */
export const UNTRIED = 0, NEVER = 1, LINK = 2, BLOCK = 3, FIRST_HANDLER = 4;
/** Runs of what does not start blocks. */
const UNCOUNTED = 0x7fffffff;
/** Most insns that one slice may decode or link before anybody looks at how much room is left. */
const RESERVE = 150_000;

/** What records are made over. */
export interface RecordParts {
  readonly exitInsn: Insn;
  /** Address of the state file. */
  readonly state: number;
}

export class InsnRecords {
  readonly layout: ThreadLayout;
  /** Words of the memory, all of it. */
  private readonly words: Int32Array;
  private readonly base: number;
  private readonly control: number;
  /** By number of the record. */
  private insns: Insn[] = [];
  /** What `lost` stands for: an insn that has no record. */
  private lostInsn: Insn;
  private readonly exitInsn: Insn;
  private readonly lost: number;
  private isStale = false;

  private constructor(memory: ArrayBuffer, control: number, base: number, { exitInsn, state }: RecordParts) {
    this.words = new Int32Array(memory);
    this.control = control / 4;
    this.base = base;
    this.exitInsn = this.lostInsn = exitInsn;
    this.lost = base + INSN_RECORD_BYTES;
    this.layout = {
      fields: { next: 4 * NEXT, tgt: 4 * TGT, ...Object.fromEntries(FIELD_LIST.map(([name, word]) => [name, 4 * word])) },
      code: 4 * CODE, runs: 4 * RUNS, left: control + 4 * LEFT, at: control + 4 * AT, epoch: control + 4 * EPOCH, globalEpoch: control + 4 * GLOBAL_EPOCH, way: control + 4 * WAY_OUT, blockInsns: control + 4 * BLOCK_INSNS, wayPc: state + 4 * WAY_PC, budget: state + 4 * BUDGET, rest: state + 4 * STATE_LEFT,
      blockCode: 4 * FIELD_WORDS.operands, blockSize: 4 * FIELD_WORDS.disp,
      jumps: control + 4 * (THREAD_WORDS - JUMP_WORDS * THREAD_JUMPS), jumpCount: THREAD_JUMPS, exit: base,
    };
    this.reset();
  }

  /** Null where the arena has no room for them that WebAssembly reaches. */
  static in(arena: Arena, parts: RecordParts): InsnRecords | null {
    const { memory } = arena;
    if (memory === null) return null;
    const control = arena.allocateWords(THREAD_WORDS), records = arena.allocate(INSN_RECORD_BYTES * INSN_RECORD_COUNT);
    if (records.buffer !== memory.buffer || control.buffer !== memory.buffer) return null;
    return new InsnRecords(memory.buffer, control.byteOffset, records.byteOffset, parts);
  }

  /** There is hardly any room left. */
  get isFull(): boolean {
    return this.insns.length > INSN_RECORD_COUNT - RESERVE;
  }

  /** Everything decoded is dropped: records are given out anew once nobody is on one (`begin`). */
  clear(): void {
    this.isStale = true;
  }

  /** Before threaded code runs. */
  begin(): void {
    if (this.isStale) this.reset();
  }

  private reset(): void {
    const { words, base, lost, exitInsn } = this;
    words.fill(0, base / 4, base / 4 + RECORD_WORDS * this.insns.length);
    this.insns = [exitInsn, exitInsn];
    exitInsn.record = base;
    for (const at of [base, lost]) {
      words[at / 4 + CODE] = NEVER;
      words[at / 4 + RUNS] = UNCOUNTED;
    }
    this.isStale = false;
  }

  /** Of what was found in other epochs nothing holds (CodeSpace). */
  setEpochs(epoch: number, globalEpoch: number): void {
    this.words[this.control + EPOCH] = epoch;
    this.words[this.control + GLOBAL_EPOCH] = globalEpoch;
  }

  // ---- where threaded code stands

  get left(): number {
    return this.words[this.control + LEFT];
  }

  /** The insn that was under way when somebody was called; null if it was a block. */
  get current(): Insn | null {
    const at = this.words[this.control + AT];
    return (at & 1) !== 0 ? null : this.insnAt(at);
  }

  /** How a block was left, if somebody has to look at that: 0 if not. Forgets it. */
  takeWay(): number {
    const { words, control } = this, way = words[control + WAY_OUT];
    words[control + WAY_OUT] = 0;
    return way;
  }

  /** Insns of the blocks that have run since the last call. */
  takeBlockInsns(): number {
    const { words, control } = this, insns = words[control + BLOCK_INSNS];
    words[control + BLOCK_INSNS] = 0;
    return insns;
  }

  insnAt(record: number): Insn {
    return record === this.lost ? this.lostInsn : this.insns[(record - this.base) / INSN_RECORD_BYTES];
  }

  /** A record that stands for an insn which has none. */
  lostAt(insn: Insn): number {
    this.lostInsn = insn;
    return this.lost;
  }

  /** The record of an insn that threaded code has to look up; it finds it by itself from now on, as long as the epoch lasts. */
  found(insn: Insn, pc: number, epoch: number): number {
    const record = this.recordOf(insn), { words, control } = this;
    if (record === 0) return this.lostAt(insn);
    const entry = control + THREAD_WORDS - JUMP_WORDS * (THREAD_JUMPS - ((pc ^ (pc >>> 12)) & (THREAD_JUMPS - 1)));
    words[entry] = pc;
    words[entry + 1] = epoch;
    words[entry + 2] = record;
    return record;
  }

  // ---- records

  /** True if an insn has a record. */
  private has(insn: Insn): boolean {
    return insn.record !== 0 && this.insnAt(insn.record) === insn;
  }

  /** The record of an insn, written if it is decoded; 0 if there is no room for it. */
  private recordOf(insn: Insn): number {
    if (!this.has(insn)) insn.record = this.newRecord(insn);
    return insn.record;
  }

  private newRecord(insn: Insn): number {
    const number = this.insns.length, record = this.base + INSN_RECORD_BYTES * number;
    if (number >= INSN_RECORD_COUNT) return 0;
    this.insns.push(insn);
    this.words[record / 4 + CODE] = UNTRIED;
    this.words[record / 4 + RUNS] = UNCOUNTED;
    return record;
  }

  /** The number of the function of the block that starts with an insn, or did until it ran. */
  blockCodeOf(start: Insn): number {
    return this.words[start.record / 4 + FIELD_WORDS.operands];
  }

  /** True for an insn whose record says how it is done. */
  isTried(insn: Insn): boolean {
    return this.has(insn) && this.words[insn.record / 4 + CODE] !== UNTRIED;
  }

  /** The function of an insn's record; NEVER for one that has none. */
  codeOf(insn: Insn): number {
    return this.has(insn) ? this.words[insn.record / 4 + CODE] : NEVER;
  }

  /**
   * Writes the record of a decoded insn, to be done by a function of this number, or by none.
   * @param runs  how often it may start a block, if it does, until somebody wants to know
   */
  write(insn: Insn, code: number, runs: number): void {
    const record = this.recordOf(insn);
    if (record !== 0) this.fill(record / 4, insn, code, runs);
  }

  private fill(at: number, insn: Insn, code: number, runs: number): void {
    const next = this.recordOf(insn.next), tgt = insn.form?.def.branch === undefined ? next : this.recordOf(insn.tgt), { words } = this;
    words[at + CODE] = next === 0 || tgt === 0 ? NEVER : code;
    words[at + NEXT] = next;
    words[at + TGT] = tgt;
    words[at + RUNS] = runs;
    for (const [name, word] of FIELD_LIST) words[at + word] = insn[name];
  }

  /** The same for an insn that reaches into another page: its own record is a link to the one that does it. */
  writeAcross(insn: Insn, code: number, epoch: number): void {
    const link = this.recordOf(insn) / 4, { words } = this, before = words[link + NEXT];
    if (link === 0) return;
    const isKept = before !== 0 && before !== insn.record && this.insnAt(before) === insn, body = isKept ? before : this.newRecord(insn);
    if (body === 0) return;
    this.fill(body / 4, insn, code, UNCOUNTED);
    words[link + CODE] = LINK;
    words[link + NEXT] = body;
    words[link + FIELD_WORDS.imm] = epoch;
    words[link + RUNS] = UNCOUNTED;
  }

  /** The rest of such an insn is in its place, in this epoch. */
  renewAcross(insn: Insn, epoch: number): void {
    if (this.codeOf(insn) === LINK) this.words[insn.record / 4 + FIELD_WORDS.imm] = epoch;
  }

  /** Has a block run where it starts; `code` is the number of its function. False if there is no room. */
  writeBlock(start: Insn, last: Insn, code: number, size: number): boolean {
    this.write(start, BLOCK, UNCOUNTED);
    if (this.codeOf(start) !== BLOCK) return false;
    const record = start.record / 4, next = this.recordOf(last.next), tgt = last.form?.def.branch === undefined ? next : this.recordOf(last.tgt), { words } = this;
    if (next === 0 || tgt === 0) {
      words[record + CODE] = UNTRIED;
      return false;
    }
    words[record + NEXT] = next;
    words[record + TGT] = tgt;
    words[record + FIELD_WORDS.operands] = code;
    words[record + FIELD_WORDS.disp] = size;
    return true;
  }

  /** A link into another page leads to an insn, in the epoch that it has itself. */
  writeLink(link: Insn, to: Insn): void {
    if (!this.has(link)) return;
    const record = link.record / 4, next = this.recordOf(to), { words } = this;
    if (next === 0) return;
    words[record + CODE] = LINK;
    words[record + NEXT] = next;
    words[record + FIELD_WORDS.imm] = link.imm;
    words[record + RUNS] = UNCOUNTED;
  }

  /** The insn is no longer what its record says, or there is no block. */
  forget(insn: Insn): void {
    if (!this.has(insn)) return;
    const { words } = this, record = insn.record / 4, body = words[record + NEXT];
    if (words[record + CODE] === LINK && this.insnAt(body) === insn) words[body / 4 + CODE] = UNTRIED;
    words[record + CODE] = UNTRIED;
  }

  /** Sets how many runs as a block's start somebody wants to hear of. */
  setRuns(insn: Insn, runs: number): void {
    if (this.has(insn)) this.words[insn.record / 4 + RUNS] = runs;
  }

  /** True if an insn has started so many blocks. */
  isAwaited(insn: Insn): boolean {
    return this.has(insn) && this.words[insn.record / 4 + RUNS] <= 0;
  }
}
