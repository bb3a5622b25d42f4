/**
 * What the emitters know of the machine code runs in: names that emitted text may use, and how guest memory is reached.
 * The engine makes one per VM and puts the objects behind the names into the environment of every function.
 */
import type { Global, Helper } from "../ir/types.ts";

/**
 * Guest memory without paging: `index = address - base` in the views `u8` and `dv`, valid where `address - base < size`;
 * `pf[page]` is 0 where a store needs nothing but the store.
 */
export interface FlatMemory {
  readonly kind: "flat";
  readonly base: number;
  readonly size: number;
  /** A load, too, must ask for its page: bit 0 of `pf[page]` is 1 where there is no memory. */
  readonly hasHoles: boolean;
}

/**
 * Guest memory through a soft TLB: tables of 2^20 words, `table[page] ^ address` is the index into `u8` and `dv`, or
 * negative. Named by kind of access; which tables is a matter of privilege and so of the mode.
 */
export interface TlbMemory {
  readonly kind: "tlb";
  readonly read: string;
  readonly write: string;
}

/** Guest memory that is not to be reached directly: every access takes the slow path. */
export interface NoMemory {
  readonly kind: "none";
}

/** How guest memory is reached. */
export type MemoryTarget = FlatMemory | TlbMemory | NoMemory;

/** State-file slots that emitted code writes by itself. */
export interface StateTarget {
  /** Guest pc. */
  readonly pc: number;
  /** Insns of the running block that have not retired, when it leaves early. */
  readonly left: number;
  /** What was left of the budget behind the block when it was entered, for helpers that count insns. */
  readonly budget: number;
  /** Which way a region compiled to WebAssembly was left, and the guest pc where that is not told by the way. */
  readonly way: number;
  readonly wayPc: number;
}

/**
 * A slot that regions keep in parts, because the parts are cheaper to write than the slot and seldom read: globals that
 * have no place in the state file.
 */
export interface PackedSlot {
  readonly slot: Global;
  /** The parts, and how each is made of the slot's value, `$0`. */
  readonly parts: readonly { readonly global: Global; readonly unpack: string }[];
  /** Makes the slot's value of the parts and then `also`. */
  readonly pack: Helper;
  readonly also: readonly Global[];
}

/** A slot that usually holds an address of a stack frame. */
export interface FrameSlot {
  readonly slot: Global;
  /** Bytes from that address on that code of the frame leaves alone: where they are used, the slot holds something else. */
  readonly linkBytes: number;
}

/** What emitted code is made for. */
export interface EmitTarget {
  readonly memory: MemoryTarget;
  readonly state: StateTarget;
  readonly packed: PackedSlot | null;
  /** What lies near an address of a stack frame is likely to lie in one page. */
  readonly frames: readonly FrameSlot[];
}
