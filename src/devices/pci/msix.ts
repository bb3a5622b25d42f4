/**
 * MSI-X of a PCI function (PCI Local Bus Specification 3.0, §6.8.2): a capability, and behind a base address a table of messages, any of which
 * the function sends as an interrupt. A message that is masked waits.
 */
import { partOf } from "../../bus/bytes.ts";
import type { WidePorts } from "../../bus/device.ts";
import { array, DWORD, FLAG, restoreFields, saveFields } from "../saveable.ts";
import type { Saveable, SavedState } from "../saveable.ts";
import type { PciFunction } from "./pci-function.ts";

/** Sends a message: a word written to a physical address below 4 GiB. */
export type MessageWriter = (address: number, data: number) => void;

/** What is behind the base address: the table, and the bits of messages that wait. */
export const MSIX_BYTES = 4096;
const PENDING = 0x800, ENTRY_BYTES = 16, WORDS = 4;
/** Words of an entry: address, its upper half, data, control. */
const ADDRESS = 0, ADDRESS_HIGH = 1, DATA = 2, CONTROL = 3, CONTROL_MASKED = 1;
const CAPABILITY_ID = 0x11, CONTROL_HIGH = 3;
/** Upper byte of the message control register. */
const ENABLED = 0x80, ALL_MASKED = 0x40;

interface Registers {
  /** Four words for each message. */
  table: readonly number[];
  pending: readonly boolean[];
}

export class Msix implements Saveable {
  /** Messages that there are. */
  readonly count: number;
  private readonly at: number;
  private readonly send: MessageWriter;
  private readonly r: Registers;
  private control: () => number = () => 0;

  /** @param at  offset of the capability, a multiple of 4 @param count  1..128 */
  constructor(at: number, count: number, send: MessageWriter) {
    this.at = at;
    this.count = count;
    this.send = send;
    this.r = this.initial();
  }

  /** Registers for the function's configuration. @param bar  the base address that `memory` is behind @param next  the next capability, or 0 */
  capability(bar: number, next: number): { readonly offset: number; readonly value: number; readonly writable: number }[] {
    const bytes = [CAPABILITY_ID, next, this.count - 1, 0, bar, 0, 0, 0, PENDING | bar, PENDING >>> 8, 0, 0];
    return bytes.map((value, i) => ({ offset: this.at + i, value: value & 0xff, writable: i === CONTROL_HIGH ? ENABLED | ALL_MASKED : 0 }));
  }

  /** Joins it to its function. `changed` is to be called whenever the configuration may have changed. */
  connect(pci: PciFunction): void {
    this.control = () => pci.byteAt(this.at + CONTROL_HIGH);
  }

  /** The system has chosen messages: the function does not use its pin. */
  get isOn(): boolean {
    return (this.control() & ENABLED) !== 0;
  }

  /** Sends what waits and is no longer masked. */
  changed(): void {
    this.r.pending.forEach((isPending, message) => { if (isPending) this.raise(message); });
  }

  /** Interrupts by a message, 0..count - 1; others are none. */
  raise(message: number): void {
    const { r } = this;
    if (message >= this.count || !this.isOn) return;
    const isMasked = (this.control() & ALL_MASKED) !== 0 || (this.word(message, CONTROL) & CONTROL_MASKED) !== 0;
    r.pending = r.pending.with(message, isMasked);
    if (!isMasked && this.word(message, ADDRESS_HIGH) === 0) this.send(this.word(message, ADDRESS), this.word(message, DATA));
  }

  /** The registers behind the base address: words of 32 bits, read in parts as well. */
  readonly memory: WidePorts = {
    read: (offset, size) => partOf(this.dword(offset & ~3), offset & 3, size),
    write: (offset, size, value) => {
      const at = offset >>> 2;
      if (size !== 4 || (offset & 3) !== 0 || at >= this.r.table.length) return;
      this.r.table = this.r.table.with(at, wordOf(at % WORDS, value));
      this.changed();
    },
  };

  reset(): void {
    Object.assign(this.r, this.initial());
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("MSI-X", this.r, { table: array(this.count * WORDS, DWORD), pending: array(this.count, FLAG) }, state);
  }

  private initial(): Registers {
    return { table: Array.from({ length: this.count * WORDS }, (_, at) => (at % WORDS === CONTROL ? CONTROL_MASKED : 0)), pending: new Array<boolean>(this.count).fill(false) };
  }

  private word(message: number, which: number): number {
    return this.r.table[message * WORDS + which];
  }

  private dword(offset: number): number {
    const { table, pending } = this.r;
    if (offset < this.count * ENTRY_BYTES) return table[offset >>> 2];
    const first = 8 * (offset - PENDING);
    return first < 0 ? 0 : pending.slice(first, first + 32).reduce((bits, isPending, i) => bits + (isPending ? 2 ** i : 0), 0);
  }
}

/** What an entry's word keeps of what is written. */
function wordOf(which: number, value: number): number {
  if (which === CONTROL) return value & CONTROL_MASKED;
  return which === ADDRESS ? (value & ~3) >>> 0 : value;
}
