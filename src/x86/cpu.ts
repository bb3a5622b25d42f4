/**
 * The guest CPU as the run-time library sees it: state, linear memory with its checks, faults, identification, and the way
 * out to ports. Helpers are methods' clients; emitted code reaches the same state through captured arrays.
 */
import type { IoSpace } from "../bus/io.ts";
import type { PhysicalMemory } from "../mem/physical-memory.ts";
import { PAGE_SIZE } from "../mem/physical-memory.ts";
import type { CpuidTable } from "./cpuid.ts";
import { DescriptorCache } from "./descriptor.ts";
import { AC, GP, GuestFault, PF, SSF } from "./fault.ts";
import { checksAlignment } from "./isa/mode.ts";
import { Mmu } from "./mmu/mmu.ts";
import type { AccessKind } from "./mmu/page-walk.ts";
import { READ, WRITE } from "./mmu/page-walk.ts";
import { watchesData, watchHits } from "./watchpoints.ts";
import { CpuState } from "./cpu-state.ts";
import { ATTR_CODE, ATTR_DB, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ATTR_P, ATTR_WRITABLE, BUDGET, CR0, CR0_PE, CR2, DR, EFLAGS_SYS, EIP, F_TF, F_VM, LEFT, SEG_ATTR, SEG_BASE, SEG_LIMIT, SHADOW, SHADOW_STI, SS } from "./state.ts";

/** IA32_APIC_BASE after RESET: where the local APIC would be, enabled, bootstrap processor (SDM 3A §10.4.4). */
export const APIC_BASE_RESET = 0xfee00900n;

/** IA32_TSC_DEADLINE (SDM 3A §10.5.4.1), which is the local APIC's. */
export interface TscDeadline {
  /** The time-stamp counter at which its timer goes off; 0 while it is off. */
  read(): bigint;
  write(deadline: bigint): void;
  /** The time-stamp counter has been written. */
  counterMoved(): void;
}

const NO_DEADLINE: TscDeadline = { read: () => 0n, write: () => undefined, counterMoved: () => undefined };

/** Clears address bit 20 while the A20 gate is closed. */
const A20_MASK = ~(1 << 20);

/**
 * True if `size` bytes at `offset` are within a segment of these attributes and this limit (SDM 3A §5.3); offset and
 * limit as int32, unsigned.
 */
export function isWithinSegment(attr: number, limit: number, offset: number, size: number): boolean {
  const first = offset >>> 0, last = first + size - 1, end = limit >>> 0;
  if ((attr & (ATTR_CODE | ATTR_EXPAND_DOWN)) !== ATTR_EXPAND_DOWN) return last <= end;
  return first > end && last <= ((attr & ATTR_DB) !== 0 ? 0xffffffff : 0xffff);
}

/** Alignment that an operand wants: its size; 8 for 80 bits; 2 or 4 for x87 environments. Vectors see to theirs themselves. */
function alignmentOf(size: number): number {
  if (size <= 8) return size;
  if (size === 10) return 8;
  return size === 16 || size === 512 ? 1 : size % 4 === 0 ? 4 : 2;
}

export class Cpu {
  readonly state: CpuState;
  /** Its slots. */
  readonly R: Int32Array;
  readonly memory: PhysicalMemory;
  readonly io: IoSpace;
  readonly cpuid: CpuidTable;
  /** Insns retired before the one that asks; exact whenever a solo insn runs. */
  retired = 0;
  /** How many will have retired when the budget is used up of the blocks that run. */
  budgetEnd = 0;
  /** Set by HLT; the engine takes it. */
  halted = false;
  /** The repeated string insn at CS:EIP has done elements, and not the last. The engine takes it, too: it becomes RF. */
  isRepeating = false;
  /** IA32_APIC_BASE. */
  apicBase = APIC_BASE_RESET;
  readonly mmu: Mmu;
  readonly descriptors = new DescriptorCache();
  /** Classes of the segments (isa/mode.ts), kept by whatever loads one as long as blocks run; see `InsnStore.enterSpace`. */
  segmentClasses = 0;
  /** State kept by `probeStore`; whoever runs insns sets it to null before. */
  beforeStore: Int32Array | null = null;
  /** Events delivered so far: interrupts, exceptions, INT n. */
  deliveries = 0;
  /** DR6 bits of debug traps that wait: data and I/O breakpoints hit, single steps, task switches. The engine delivers them. */
  debugHits = 0;
  /** Data breakpoints are armed: accesses go through `load` and `store`, which look at them. See `updateWatches`. */
  watches = false;
  /** The guest's debug registers, by number. */
  readonly debugRegisters: Int32Array;
  /** Those of the host's debugger, if it watches data; and DR6 bits of what it has to be told. The guest does not notice. */
  debugger: Int32Array | null = null;
  debuggerHits = 0;
  /** FERR#: an unmasked x87 exception has come up while CR0.NE is 0; IRQ 13 on a PC. */
  onFpuError: () => void = () => undefined;
  /** Hears of INT n and its kin, just before they do what they do. */
  onSoftwareInterrupt: ((vector: number) => void) | null = null;
  /** IA32_APIC_BASE has been written. */
  onApicBase: () => void = () => undefined;
  tscDeadline: TscDeadline = NO_DEADLINE;
  private readonly pendingFault = new GuestFault();

  constructor(memory: PhysicalMemory, io: IoSpace, cpuid: CpuidTable) {
    this.memory = memory;
    this.io = io;
    this.cpuid = cpuid;
    this.state = new CpuState(memory.arena);
    this.R = this.state.R;
    this.debugRegisters = this.state.R.subarray(DR, DR + 8);
    this.mmu = new Mmu(this.state.R, memory, io);
  }

  /** Raises a guest fault. Without an error code the vector pushes none. */
  fault(vector: number, error = -1): never {
    throw this.pendingFault.set(vector, error);
  }

  /** The A20 gate lets address bit 20 through. */
  get a20(): boolean {
    return this.mmu.a20Mask === -1;
  }

  set a20(isOpen: boolean) {
    this.mmu.a20Mask = isOpen ? -1 : A20_MASK;
  }

  isRealMode(): boolean {
    return (this.R[CR0] & CR0_PE) === 0;
  }

  isV86(): boolean {
    return (this.R[EFLAGS_SYS] & F_VM) !== 0;
  }

  /** Insns retired before the one that asks, for helpers that count insns, wherever they are called. */
  retiredNow(): number {
    return this.budgetEnd - this.R[BUDGET] - this.R[LEFT];
  }

  /** Keeps interrupts out until the next insn has retired (STI). */
  shadowInterrupts(): void {
    this.R[SHADOW] = SHADOW_STI;
  }

  /** Current privilege level: 0 in real mode, 3 in V86, else the DPL of SS. */
  get cpl(): number {
    return this.isRealMode() ? 0 : this.isV86() ? 3 : (this.R[SEG_ATTR + SS] >> ATTR_DPL_SHIFT) & 3;
  }

  // ---- linear memory; sizes 1, 2, 4; values zero extended, as int32

  /** Physical address for an access of the current privilege; raises #PF. */
  physical(linear: number, kind: AccessKind): number {
    const { mmu } = this;
    if (!mmu.isOn) return linear & mmu.a20Mask;
    if (!mmu.translate(linear, kind, this.cpl === 3, false)) this.pageFault(linear);
    return mmu.physical;
  }

  /** Raises the #PF that the MMU has just found. */
  pageFault(linear: number): never {
    this.R[CR2] = linear;
    return this.fault(PF, this.mmu.errorCode);
  }

  /** Looks at the debug registers again: after every change of theirs. */
  updateWatches(): void {
    this.watches = watchesData(this.debugRegisters) || this.debugger !== null;
  }

  /** Notes the data breakpoints an access hits; what they lead to follows when the insn has retired. */
  watch(linear: number, size: number, kind: "read" | "write"): void {
    this.debugHits |= watchHits(this.debugRegisters, linear, size, kind);
    if (this.debugger !== null) this.debuggerHits |= watchHits(this.debugger, linear, size, kind);
  }

  /** True while a repeated string insn must stop after each element: single-stepping, data breakpoints. */
  get stepsElements(): boolean {
    return this.watches || (this.R[EFLAGS_SYS] & F_TF) !== 0;
  }

  load8(linear: number): number {
    if (this.watches) this.watch(linear, 1, "read");
    return this.memory.read(this.physical(linear, READ), 1, this.io);
  }

  load16(linear: number): number {
    if (this.watches) this.watch(linear, 2, "read");
    if ((linear & (PAGE_SIZE - 1)) === PAGE_SIZE - 1) return this.load8(linear) | (this.load8((linear + 1) | 0) << 8);
    return this.memory.read(this.physical(linear, READ), 2, this.io);
  }

  /** Across a page boundary it is done in pieces that are aligned, as a bus does it. */
  load32(linear: number): number {
    if (this.watches) this.watch(linear, 4, "read");
    if ((linear & (PAGE_SIZE - 1)) <= PAGE_SIZE - 4) return this.memory.read(this.physical(linear, READ), 4, this.io);
    const half = (linear + 2) | 0;
    if ((linear & 1) === 0) return this.load16(linear) | (this.load16(half) << 16);
    return this.load8(linear) | (this.load16((linear + 1) | 0) << 8) | (this.load8((linear + 3) | 0) << 24);
  }

  /** Loads that also check that a store to the same place will succeed. */
  loadForWrite8(linear: number): number {
    return this.memory.read(this.physical(linear, WRITE), 1, this.io);
  }

  loadForWrite16(linear: number): number {
    this.probeWrite(linear, 2);
    return this.load16(linear);
  }

  loadForWrite32(linear: number): number {
    this.probeWrite(linear, 4);
    return this.load32(linear);
  }

  /** Raises the fault that storing `size` (at most 4096) bytes would raise. */
  probeWrite(linear: number, size: number): void {
    if (!this.mmu.isOn) return;
    this.physical(linear, WRITE);
    const last = (linear + size - 1) | 0;
    if ((linear ^ last) & ~(PAGE_SIZE - 1)) this.physical(last & ~(PAGE_SIZE - 1), WRITE);
  }

  /**
   * The same for an insn of the interpreter that changes state before it stores: x87 stores pop first. Where a device makes
   * it start over (`startOver`), it starts from the state as of now.
   */
  probeStore(linear: number, size: number): void {
    this.probeWrite(linear, size);
    const last = (linear + size - 1) | 0;
    if (this.memory.isWritable(this.physical(linear, WRITE)) && this.memory.isWritable(this.physical(last, WRITE))) return;
    this.beforeStore ??= this.R.slice();
  }

  /** The insn at EIP, which left for a device, has done nothing: puts back what `probeStore` has kept. */
  startOver(): void {
    const { R, beforeStore } = this, eip = R[EIP];
    if (beforeStore === null) return;
    this.beforeStore = null;
    R.set(beforeStore);
    R[EIP] = eip;
  }

  store8(linear: number, value: number): void {
    if (this.watches) this.watch(linear, 1, "write");
    this.memory.write(this.physical(linear, WRITE), 1, value, this.io);
  }

  store16(linear: number, value: number): void {
    if (this.watches) this.watch(linear, 2, "write");
    if ((linear & (PAGE_SIZE - 1)) !== PAGE_SIZE - 1) return this.memory.write(this.physical(linear, WRITE), 2, value, this.io);
    this.probeWrite(linear, 2);
    this.store8(linear, value);
    this.store8((linear + 1) | 0, value >> 8);
  }

  store32(linear: number, value: number): void {
    if (this.watches) this.watch(linear, 4, "write");
    if ((linear & (PAGE_SIZE - 1)) <= PAGE_SIZE - 4) return this.memory.write(this.physical(linear, WRITE), 4, value, this.io);
    this.probeWrite(linear, 4);
    if ((linear & 1) === 0) {
      this.store16(linear, value);
      this.store16((linear + 2) | 0, value >> 16);
    } else {
      this.store8(linear, value);
      this.store16((linear + 1) | 0, value >> 8);
      this.store8((linear + 3) | 0, value >> 24);
    }
  }

  load(linear: number, size: number): number {
    return size === 1 ? this.load8(linear) : size === 2 ? this.load16(linear) : this.load32(linear);
  }

  store(linear: number, size: number, value: number): void {
    if (size === 1) this.store8(linear, value);
    else if (size === 2) this.store16(linear, value);
    else this.store32(linear, value);
  }

  /**
   * Linear address of `size` bytes at `offset` (int32, unsigned) in segment `seg`, after the checks of SDM 3A §5.3 and §5.5:
   * #SS(0) for the stack segment, #GP(0) for the others.
   */
  segLinear(seg: number, offset: number, size: number, write: boolean): number {
    const { R } = this, attr = R[SEG_ATTR + seg];
    let ok = (attr & ATTR_P) !== 0 && isWithinSegment(attr, R[SEG_LIMIT + seg], offset, size);
    const isCode = (attr & ATTR_CODE) !== 0, isProtected = !this.isRealMode() && !this.isV86();
    if (isProtected) {
      if (write ? isCode || (attr & ATTR_WRITABLE) === 0 : isCode && (attr & ATTR_WRITABLE) === 0) ok = false;
    }
    if (!ok) this.fault(seg === SS ? SSF : GP, 0);
    const linear = (R[SEG_BASE + seg] + offset) | 0;
    this.checkAlignment(linear, size);
    return linear;
  }

  /** #AC(0) for an operand of `size` bytes that is not aligned as the manual wants it, where that is checked (SDM 3A table 6-7). */
  checkAlignment(linear: number, size: number): void {
    if (checksAlignment(this.R) && (linear & (alignmentOf(size) - 1)) !== 0) this.fault(AC, 0);
  }
}
