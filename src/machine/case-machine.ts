/**
 * Runs cases (x86-case.ts), one after the other, under one engine. What is in memory and on the CPU before has no influence
 * on a case, nor has what ran before it.
 */
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from "../kvm/constants.ts";
import type { KvmExit } from "../kvm/exits.ts";
import type { VmOptions } from "../kvm/options.ts";
import { openKvm } from "../kvm/system.ts";
import type { Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import type { CaseBytes, CaseEvent, CaseRegion, X86Case } from "./x86-case.ts";
import { bytesText, changedFields, entryOf, entryState, fieldsText, lineText, regionOf } from "./x86-case.ts";

/** How a run came to its end: `done`, all insns of the case retired; `stuck`, it retires nothing any more; or as the guest did. */
export type CaseOutcome = "running" | "done" | "stuck" | "shutdown" | "fail-entry" | "no-code" | "no-delivery";

/** Steps in a row that retire nothing before a machine counts as stuck, and exits of any kind in one case. */
const DEFAULT_STEPS = 400, MAX_EXITS = 400;
const LINE_BYTES = 16;

/** A region, and what is to be in it when a case starts. */
interface Region extends CaseRegion {
  readonly start: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What makes no difference to a guest either. */
export interface CaseMachineOptions {
  /** The host writes memory directly, so that the engine has to find out. */
  readonly sharesMemory?: boolean;
  /** Pages that are written are logged. */
  readonly logsDirty?: boolean;
}

export class CaseMachine {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  /** Insns retired since the case was loaded. */
  insns = 0;
  outcome: CaseOutcome = "running";
  /** What the guest has asked of the outside, in words, with the insns retired at the time. */
  readonly log: string[] = [];
  private readonly layout: readonly CaseRegion[];
  private readonly sharesMemory: boolean;
  private readonly regions: readonly Region[];
  private events: readonly CaseEvent[] = [];
  private nextEvent = 0;
  private exits = 0;
  private readonly entries = new Map<string, ReadonlyMap<string, string>>();
  private before: ReadonlyMap<string, string> = new Map();

  /** @param engine  how the engine works */
  constructor(layout: readonly CaseRegion[], engine: VmOptions, options: CaseMachineOptions = {}) {
    const kvm = openKvm(engine), logging = options.logsDirty === true ? KVM_MEM_LOG_DIRTY_PAGES : 0;
    this.layout = layout;
    this.sharesMemory = options.sharesMemory === true;
    this.vm = kvm.createVm();
    layout.forEach(({ base, size, isReadOnly }, slot) => {
      const flags = (isReadOnly ? KVM_MEM_READONLY : 0) | logging, userspaceAddr = this.vm.allocateMemory(size);
      this.vm.setUserMemoryRegion({ slot, guestPhysAddr: base, memorySize: size, flags, userspaceAddr, isHandedOver: true });
      if (this.sharesMemory) this.vm.memory(slot);
    });
    this.vcpu = this.vm.createVcpu(0);
    this.vcpu.setCpuid2(kvm.getSupportedCpuid());
    // Not by `Vm.memory`, unless the host is to write directly: after it the engine looks for changes before each run.
    const { all } = this.vcpu.engine.cpu.memory;
    this.regions = layout.map((region, i) => ({ ...region, start: new Uint8Array(region.size), bytes: all.find((r) => r.slot === i)?.bytes ?? new Uint8Array(0) }));
  }

  /** True if this machine has the memory that a case asks for. */
  fits(c: X86Case): boolean {
    return c.regions === this.layout || JSON.stringify(c.regions) === JSON.stringify(this.layout);
  }

  /** All regions as they are now, in the case's order. */
  get memory(): readonly Uint8Array[] {
    return this.regions.map((region) => region.bytes);
  }

  /** Brings everything to the start of a case. */
  load(c: X86Case): void {
    for (const { start } of this.regions) start.fill(0);
    for (const piece of [...c.memory, ...c.code]) this.put(piece);
    for (const { start, bytes } of this.regions) bytes.set(start);
    this.vcpu.restoreState(new Map([...this.entry(c), ...c.state]));
    this.before = this.vcpu.describeState();
    this.insns = this.nextEvent = this.exits = 0;
    this.outcome = "running";
    this.log.length = 0;
    this.events = c.events;
  }

  private put(piece: CaseBytes): void {
    const found = regionOf(this.layout, piece), region = this.regions[this.layout.indexOf(found)];
    region.start.set(piece.bytes, piece.address - region.base);
  }

  private entry({ bits, code }: X86Case): ReadonlyMap<string, string> {
    const address = entryOf({ bits, code }), key = `${bits} ${address}`;
    let state = this.entries.get(key);
    if (state === undefined) {
      state = entryState(bits, address);
      this.entries.set(key, state);
    }
    return state;
  }

  /**
   * Runs until `goal` insns have retired, with the events on the way; those due at `goal` have not happened yet.
   * @param maxSteps  how often an attempt may retire nothing before the machine counts as stuck
   */
  runTo(goal: number, maxSteps = DEFAULT_STEPS): void {
    for (;;) {
      while (this.nextEvent < this.events.length && this.events[this.nextEvent].insns <= this.insns && this.insns < goal) {
        this.happen(this.events[this.nextEvent++]);
      }
      if (this.outcome !== "running" || this.insns >= goal) return;
      const stop = Math.min(goal, this.events[this.nextEvent]?.insns ?? goal);
      while (this.insns < stop && this.outcome === "running") this.step(stop, maxSteps);
    }
  }

  /** Runs all of a case. */
  runAll(c: X86Case, maxSteps = DEFAULT_STEPS): void {
    this.runTo(c.insns, maxSteps);
    if (this.outcome === "running") this.outcome = "done";
  }

  private step(stop: number, maxSteps: number): void {
    const before = this.insns, exit = this.vcpu.run({ maxInsns: stop - before, maxSteps });
    this.insns += exit.insns;
    if (exit.reason === "KVM_EXIT_INTR") {
      if (this.insns < stop) this.outcome = "stuck";
      return;
    }
    this.log.push(`${this.insns}: ${this.answer(exit)}`);
    if (++this.exits >= MAX_EXITS && this.outcome === "running") this.outcome = "stuck";
  }

  private happen(event: CaseEvent): void {
    switch (event.kind) {
      case "interrupt":
        // One can wait; another is lost, as it is on a PC's line.
        if (this.vcpu.engine.pendingInterrupt < 0) this.vcpu.interrupt(event.vector);
        return;
      case "write": return this.write(event);
      case "set": return this.set(event.name, Number(event.value));
    }
  }

  private write(piece: CaseBytes): void {
    if (!this.sharesMemory) return this.vm.writePhys(piece.address, piece.bytes);
    const found = regionOf(this.layout, piece), region = this.regions[this.layout.indexOf(found)];
    region.bytes.set(piece.bytes, piece.address - region.base);
  }

  private set(name: string, value: number): void {
    if (/^cr[0234]$/.test(name)) this.vcpu.setSregs({ [name]: value });
    else this.vcpu.setRegs({ [name.replace(/^e/, "r")]: value });
  }

  /** Deals with an exit; says what it was. */
  private answer(exit: KvmExit): string {
    switch (exit.reason) {
      case "KVM_EXIT_IO":
        if (exit.direction === "in") exit.data.fill(0xff);
        return `${exit.direction} port 0x${exit.port.toString(16)} size ${exit.size}${exit.direction === "in" ? "" : `: ${bytesText(exit.data)}`}`;
      case "KVM_EXIT_MMIO":
        if (!exit.isWrite) exit.data.fill(0xff, 0, exit.len);
        return `${exit.isWrite ? "write" : "read"} 0x${exit.physAddr.toString(16)}: ${exit.isWrite ? bytesText(exit.data.subarray(0, exit.len)) : `${exit.len} bytes`}`;
      case "KVM_EXIT_SHUTDOWN":
        this.outcome = "shutdown";
        return "shutdown";
      case "KVM_EXIT_FAIL_ENTRY":
        this.outcome = "fail-entry";
        return `no such state: ${exit.detail}`;
      case "KVM_EXIT_INTERNAL_ERROR":
        this.outcome = exit.suberror === 1 ? "no-code" : "no-delivery";
        return `${this.outcome} at 0x${exit.address.toString(16)}`;
      case "KVM_EXIT_HLT": return "halt";
      default: return exit.reason;
    }
  }

  /** What the case has come to so far, as filetests say it: changed state, changed memory, the log, the end. */
  result(): string {
    const fields = changedFields(this.before, this.vcpu.describeState()), lines = fields.size === 0 ? [] : [fieldsText(fields)];
    for (const { base, start, bytes } of this.regions) lines.push(...changedLines(base, start, bytes));
    lines.push(...this.log);
    if (this.outcome === "stuck") lines.push("goes on for ever");
    return lines.join("\n") || "nothing changes";
  }
}

function changedLines(base: number, before: Uint8Array, after: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < after.length; at += LINE_BYTES) {
    const line = after.subarray(at, at + LINE_BYTES);
    if (line.some((byte, i) => byte !== before[at + i])) lines.push(`memory ${lineText({ address: base + at, bytes: line })}`);
  }
  return lines;
}
