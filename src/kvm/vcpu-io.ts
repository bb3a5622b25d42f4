/**
 * The I/O space of one vCPU: turns the accesses of insns into requests for the caller of `run`, and feeds the answers back.
 *
 * OUT is recorded and the engine leaves behind the insn. Everything else leaves in the middle of it: the access throws, and
 * the insn is executed again from its start once the caller has answered. What it has asked before is in `log` then, and
 * is answered from there, so that no device sees an access twice. The log ends with its insn; for a repeated string insn
 * with its element, which is recognised by the count in ECX.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import { numberAt, putNumber } from "../bus/bytes.ts";
import type { IoSpace } from "../bus/io.ts";
import { IoRequest } from "../exec/exits.ts";
import { ECX } from "../x86/state.ts";
import type { ExitBody } from "./exits.ts";
import type { MemoryHandlers } from "./memory-handlers.ts";
import type { PortHandlers } from "./port-handlers.ts";

type AccessKind = "port-read" | "mmio-read" | "mmio-write";

/** One access of the insn in progress. */
interface Access {
  readonly kind: AccessKind;
  readonly address: number;
  readonly size: number;
  /** What was read or written. */
  value: number;
}

/** What OUT and OUTS have written and nobody has seen yet. */
interface Output {
  readonly port: number;
  readonly size: number;
  readonly bytes: number[];
}

/** Most bytes of one KVM_EXIT_IO: a page, as in KVM. */
const MAX_OUTPUT_BYTES = 4096;
const MMIO_DATA_BYTES = 8;

/** What the engine shows of itself. */
export interface EngineSignals {
  /** Set here: leave behind the current insn. */
  ioPending: boolean;
  /** Insns retired; exact while a port is accessed. */
  readonly retired: number;
}

const request = new IoRequest();

function toBytes(value: number, size: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  putNumber(bytes, 0, size, value);
  return bytes;
}

export class VcpuIo implements IoSpace {
  /** When the next element of a repeated insn wants an access, leave without asking: an interrupt may come first. */
  yieldsAtElement = false;
  /** What a port handler has thrown. */
  failure: { readonly error: unknown } | null = null;
  private readonly handlers: PortHandlers;
  private readonly memoryHandlers: MemoryHandlers;
  private registers: Int32Array = new Int32Array(1);
  private engine: EngineSignals = { ioPending: false, retired: 0 };
  private readonly log: Access[] = [];
  /** How much of the log this execution has used. */
  private cursor = 0;
  /** ECX when the element began. */
  private element = 0;
  /** The access that waits for the caller; the last of the log. */
  private pending: Access | null = null;
  /** Where the caller puts the answer to `pending`. */
  private answerBytes: Uint8Array | null = null;
  /** The caller was asked for the 4 bytes behind `pending` as well. */
  private isWide = false;
  private output: Output | null = null;
  /** What the last handled port has answered, and during which insn and element. */
  private handled: Access | null = null;
  private handledAt = 0;
  private handledElement = 0;

  constructor(handlers: PortHandlers, memoryHandlers: MemoryHandlers) {
    this.handlers = handlers;
    this.memoryHandlers = memoryHandlers;
  }

  /** Must be called once, before anything runs. */
  connect(registers: Int32Array, engine: EngineSignals): void {
    this.registers = registers;
    this.engine = engine;
  }

  // ---- for the vCPU

  /** True if no insn is in the middle of its accesses. */
  get isIdle(): boolean {
    return this.log.length === 0;
  }

  /** True while an access waits for the caller, who may have been told or not. */
  get isAsking(): boolean {
    return this.pending !== null;
  }

  /** True if OUT has written something that the caller has not seen. */
  get hasOutput(): boolean {
    return this.output !== null;
  }

  /** True if there is something for the caller. */
  get hasRequest(): boolean {
    return this.isAsking || this.hasOutput;
  }

  /** Physical address of the access that waits. */
  get pendingAddress(): number {
    return this.pending?.address ?? 0;
  }

  /** True if a dword of a device waits: it may be half of a wider operand. */
  get isAskingDword(): boolean {
    return this.pending !== null && this.pending.kind !== "port-read" && this.pending.size === 4;
  }

  /** True if the insn has used answers since it was restarted. */
  get hasReplayed(): boolean {
    return this.cursor > 0;
  }

  /** The insn has ended, or will not go on. */
  clear(): void {
    this.log.length = 0;
    this.pending = null;
    this.answerBytes = null;
  }

  /** Forgets everything that waits. */
  reset(): void {
    this.clear();
    this.output = this.handled = this.failure = null;
  }

  /** Takes the caller's answer to the last request. */
  takeAnswer(): void {
    const { pending, answerBytes } = this;
    if (pending !== null && answerBytes !== null) {
      pending.value = numberAt(answerBytes, 0, pending.size) | 0;
      if (this.isWide) this.log.push({ ...pending, address: pending.address + pending.size, value: numberAt(answerBytes, pending.size, pending.size) | 0 });
      this.pending = null;
    }
    this.answerBytes = null;
  }

  /** The insn is about to be executed again, from its start. */
  restart(): void {
    this.cursor = 0;
    this.element = this.registers[ECX];
  }

  /**
   * The request for the caller. A write counts as answered.
   * @param isWide  a dword is the first half of 8 bytes: a read asks for all of them, a write waits for `joinWrite`
   */
  takeRequest(isWide: boolean): ExitBody {
    const { output, pending } = this;
    if (output !== null) {
      this.output = null;
      const { port, size, bytes } = output;
      return { reason: "KVM_EXIT_IO", direction: "out", port, size, count: bytes.length / size, data: Uint8Array.from(bytes) };
    }
    if (pending === null) throw new InternalError("the engine left for I/O that nobody has asked for");
    const { kind, address, size, value } = pending;
    if (kind === "port-read") {
      this.answerBytes = new Uint8Array(size);
      return { reason: "KVM_EXIT_IO", direction: "in", port: address, size, count: 1, data: this.answerBytes };
    }
    const isWrite = kind === "mmio-write", data = toBytes(value, isWrite ? size : 0, MMIO_DATA_BYTES);
    if (isWrite) this.pending = null;
    else this.answerBytes = data;
    this.isWide = isWide && !isWrite;
    return { reason: "KVM_EXIT_MMIO", physAddr: address >>> 0, data, len: this.isWide ? 2 * size : size, isWrite };
  }

  /** Adds the second half of a wide write, if that is what waits; it counts as answered then. */
  joinWrite(body: ExitBody): ExitBody {
    const { pending } = this;
    if (body.reason !== "KVM_EXIT_MMIO" || pending?.kind !== "mmio-write" || pending.address >>> 0 !== body.physAddr + body.len) return body;
    this.pending = null;
    body.data.set(toBytes(pending.value, pending.size, pending.size), body.len);
    return { ...body, len: body.len + pending.size };
  }

  /** True if another element of REP OUTS fits into the request. */
  get outputHasRoom(): boolean {
    return this.output !== null && this.output.bytes.length + this.output.size <= MAX_OUTPUT_BYTES;
  }

  // ---- for the CPU

  portRead(port: number, size: number): number {
    const read = this.handlers.find(port)?.read;
    if (read === undefined) return this.access("port-read", port, size, 0);
    const logged = this.replay("port-read", port, size);
    if (logged !== null) return logged.value;
    const value = this.call(() => read(port, size));
    this.handled = { kind: "port-read", address: port, size, value };
    this.handledAt = this.engine.retired;
    this.handledElement = this.registers[ECX];
    return value;
  }

  portWrite(port: number, size: number, value: number): void {
    const write = this.handlers.find(port)?.write;
    if (write !== undefined) {
      this.call(() => write(port, size, value >>> 0));
      return;
    }
    this.output ??= { port, size, bytes: [] };
    for (let i = 0; i < size; i++) this.output.bytes.push((value >>> (8 * i)) & 0xff);
    this.engine.ioPending = true;
  }

  mmioRead(phys: number, size: number): number {
    const range = this.memoryHandlers.find(phys, size);
    if (range !== null) return this.call(() => range.read((phys >>> 0) - range.first, size)) | 0;
    return this.access("mmio-read", phys, size, 0);
  }

  mmioWrite(phys: number, size: number, value: number): void {
    const range = this.memoryHandlers.find(phys, size);
    if (range !== null) return this.call(() => range.write((phys >>> 0) - range.first, size, value >>> 0));
    this.access("mmio-write", phys, size, value);
  }

  /** The value of an access, if the caller has answered it; else leaves the insn to ask. */
  private access(kind: AccessKind, address: number, size: number, value: number): number {
    const logged = this.replay(kind, address, size);
    if (logged !== null) return logged.value;
    if (this.yieldsAtElement && this.isIdle) throw request;
    this.logHandledRead();
    this.pending = { kind, address, size, value };
    this.log.push(this.pending);
    throw request;
  }

  /** The next entry of the log if it is this access. */
  private replay(kind: AccessKind, address: number, size: number): Access | null {
    const { log, registers } = this;
    if (registers[ECX] !== this.element) {
      this.clear();
      this.cursor = 0;
      this.element = registers[ECX];
    }
    if (this.cursor >= log.length) return null;
    const next = log[this.cursor];
    if (next.kind === kind && next.address === address && next.size === size) {
      this.cursor++;
      return next;
    }
    // The caller has changed registers: it is another access.
    log.length = this.cursor;
    return null;
  }

  /** If this insn has read a handled port (INS to a place without memory), that is not to happen again. */
  private logHandledRead(): void {
    const { handled } = this;
    if (handled === null) return;
    this.handled = null;
    if (this.handledAt === this.engine.retired && this.handledElement === this.registers[ECX]) this.log.push(handled);
  }

  private call<T>(handler: () => T): T {
    try {
      return handler();
    } catch (error) {
      this.failure = { error };
      throw request;
    }
  }
}
