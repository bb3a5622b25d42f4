/**
 * Runs vectors on our engine: a small 32-bit system around the machine model, whose interrupt gates all lead to HLT, so that
 * an exception is seen exactly as an operating system sees it, through the frame on the ring-0 stack.
 */
import type { IoSpace } from "../../src/bus/io.ts";
import { Engine } from "../../src/exec/engine.ts";
import type { EngineOptions } from "../../src/exec/options.ts";
import { DEFAULT_OPTIONS } from "../../src/exec/options.ts";
import { PhysicalMemory } from "../../src/mem/physical-memory.ts";
import { Cpu } from "../../src/x86/cpu.ts";
import { CpuidTable } from "../../src/x86/cpuid.ts";
import { pushesErrorCode } from "../../src/x86/fault.ts";
import { readEflags, writeEflags } from "../../src/x86/flags.ts";
import { readFxImage, writeFxImage } from "../../src/x86/helpers/fpu/fx-image.ts";
import { CR0, CR2, CR3, CR4, CS, EIP, ESP, GDT_BASE, GDT_LIMIT, IDT_BASE, IDT_LIMIT, LDTR, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SS, TR } from "../../src/x86/state.ts";
import { CR0 as MODEL_CR0, CR4 as MODEL_CR4, DID_NOT_END, FX_BYTES, PF_FAULT, REGIONS, SEGMENTS } from "../oracle/machine-model.ts";
import type { CpuState, StoppedAt, VectorExecutor } from "./executor.ts";

const MEMORY_BYTES = 0x400000;
/** Where the little system lives: above everything a vector names. */
const SYSTEM = 0x300000, GDT = 0x300000, IDT = 0x301000, TSS = 0x302000, HANDLERS = 0x303000, STACK_TOP = 0x305000;
/** Linear minus physical address of the system's pages: out of the way of the addresses vectors fault at. */
const HIGH = 0xff800000 - SYSTEM;
/** Page directory and its two tables: the regions of the model, the system. */
const PAGE_DIRECTORY = 0x310000, PAGE_TABLE = 0x311000, SYSTEM_TABLE = 0x312000;
const PTE_P = 1, PTE_RW = 2, PTE_US = 4;
const KERNEL_CS = 0x08, KERNEL_SS = 0x10, TSS_SELECTOR = 0x30;
const CODE_ATTR = 0xc09b, DATA_ATTR = 0xc093, DPL3 = 0x60;
/** More than the longest vector retires. */
const MAX_INSNS = 2_000_000;

/** No ports and nothing but memory: reads give all ones. */
const NO_IO: IoSpace = { portRead: () => -1, portWrite: () => undefined, mmioRead: () => -1, mmioWrite: () => undefined };

export class EngineExecutor implements VectorExecutor {
  private readonly memory = new PhysicalMemory();
  private readonly bytes = this.memory.allocate(MEMORY_BYTES);
  private readonly view = new DataView(this.bytes.buffer, 0, MEMORY_BYTES);
  private readonly cpu: Cpu;
  private readonly engine: Engine;
  private frame = STACK_TOP;
  private vector = 0;

  constructor(options: Partial<EngineOptions>) {
    this.memory.setRegion(0, 0, this.bytes);
    this.cpu = new Cpu(this.memory, NO_IO, new CpuidTable());
    this.engine = new Engine(this.cpu, { ...DEFAULT_OPTIONS, ...options });
    this.buildSystem();
  }

  private buildSystem(): void {
    const descriptor = (at: number, base: number, limit: number, attr: number): void => {
      this.view.setUint32(GDT + at, (base << 16) | (limit & 0xffff), true);
      this.view.setUint32(GDT + at + 4, (base & 0xff000000) | ((attr & 0xf000) << 8) | (limit & 0xf0000) | ((attr & 0xff) << 8) | ((base >>> 16) & 0xff), true);
    };
    descriptor(KERNEL_CS, 0, 0xfffff, CODE_ATTR);
    descriptor(KERNEL_SS, 0, 0xfffff, DATA_ATTR);
    descriptor(SEGMENTS.cs & ~7, 0, 0xfffff, CODE_ATTR | DPL3);
    descriptor(SEGMENTS.ds & ~7, 0, 0xfffff, DATA_ATTR | DPL3);
    descriptor(TSS_SELECTOR, TSS + HIGH, 0x67, 0x8b);
    for (let v = 0; v < 32; v++) {
      const at = HANDLERS + 16 * v, handler = at + HIGH, dpl = v === 3 || v === 4 ? DPL3 : 0;
      this.bytes[at] = 0xf4;
      this.view.setUint32(IDT + 8 * v, (KERNEL_CS << 16) | (handler & 0xffff), true);
      this.view.setUint32(IDT + 8 * v + 4, (handler & 0xffff0000) | ((0x8e | dpl) << 8), true);
    }
    this.view.setUint32(TSS + 4, STACK_TOP + HIGH, true);
    this.view.setUint16(TSS + 8, KERNEL_SS, true);
    // The I/O permission bitmap lies beyond the limit: no port is allowed.
    this.view.setUint16(TSS + 0x66, 0x68, true);
    this.mapPages();
  }

  /** Maps the regions of the machine model for the user, the system's own pages for level 0, and nothing else. */
  private mapPages(): void {
    const map = (table: number, linear: number, phys: number, sizeBytes: number, bits: number): void => {
      for (let at = 0; at < sizeBytes; at += 4096) this.view.setUint32(table + (((linear + at) >>> 12) & 1023) * 4, (phys + at) | bits, true);
    };
    this.view.setUint32(PAGE_DIRECTORY, PAGE_TABLE | PTE_US | PTE_RW | PTE_P, true);
    this.view.setUint32(PAGE_DIRECTORY + ((SYSTEM + HIGH) >>> 22) * 4, SYSTEM_TABLE | PTE_RW | PTE_P, true);
    for (const { base, sizeBytes } of REGIONS) map(PAGE_TABLE, base, base, sizeBytes, PTE_US | PTE_RW | PTE_P);
    map(SYSTEM_TABLE, SYSTEM + HIGH, SYSTEM, 0x10000, PTE_RW | PTE_P);
  }

  writeMemory(linear: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, linear);
    this.memory.hostWrote(linear, bytes.length);
  }

  readMemory(linear: number, sizeBytes: number): Uint8Array {
    return this.bytes.slice(linear, linear + sizeBytes);
  }

  setState({ eip, regs, eflags, fx }: CpuState): void {
    const { R } = this.cpu;
    this.cpu.state.reset();
    R[CR0] = MODEL_CR0 | 0;
    R[CR3] = PAGE_DIRECTORY;
    R[CR4] = MODEL_CR4;
    this.cpu.mmu.controlChanged();
    const segment = (number: number, selector: number, attr: number): void => {
      R[SEG_SELECTOR + number] = selector;
      R[SEG_BASE + number] = 0;
      R[SEG_LIMIT + number] = attr === 0 ? 0 : -1;
      R[SEG_ATTR + number] = attr;
    };
    for (const n of [0, SS, 3]) segment(n, SEGMENTS.ds, DATA_ATTR | DPL3);
    for (const n of [4, 5]) segment(n, 0, 0);
    segment(CS, SEGMENTS.cs, CODE_ATTR | DPL3);
    R[GDT_BASE] = (GDT + HIGH) | 0;
    R[GDT_LIMIT] = SEGMENTS.gdtLimit;
    R[IDT_BASE] = (IDT + HIGH) | 0;
    R[IDT_LIMIT] = 0xff;
    R.set([TSS_SELECTOR, TSS + HIGH, 0x67, 0x8b], TR);
    R.set([0, 0, 0, 0], LDTR);
    regs.forEach((value, i) => { R[i] = value; });
    R[EIP] = eip;
    writeEflags(R, eflags);
    writeFxImage(this.cpu, fx);
  }

  run(): StoppedAt {
    const { R } = this.cpu;
    const exit = this.engine.run(MAX_INSNS);
    const at = (R[EIP] >>> 0) - HIGH - 1;
    if (exit.kind !== "halt" || R[SEG_SELECTOR + CS] !== KERNEL_CS || at < HANDLERS || at >= HANDLERS + 512) {
      this.frame = 0;
      return { exception: DID_NOT_END, errorCode: 0, cr2: 0 };
    }
    this.vector = (at - HANDLERS) >> 4;
    this.frame = (R[ESP] >>> 0) - HIGH;
    const errorCode = pushesErrorCode(this.vector) ? this.view.getUint32(this.frame, true) : 0;
    if (pushesErrorCode(this.vector)) this.frame += 4;
    return { exception: this.vector, errorCode, cr2: this.vector === PF_FAULT ? R[CR2] >>> 0 : 0 };
  }

  readState(): CpuState {
    const { R } = this.cpu, fx = readFxImage(this.cpu).subarray(0, FX_BYTES);
    const regs = [...R.subarray(0, 8)];
    if (this.frame === 0) return { eip: R[EIP] >>> 0, regs, eflags: readEflags(R), fx };
    const word = (n: number): number => this.view.getUint32(this.frame + 4 * n, true);
    regs[ESP] = word(3);
    return { eip: word(0), regs, eflags: word(2), fx };
  }
}
