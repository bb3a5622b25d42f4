/** Whether the tables of a sparse VMDK file leave each other, and each grain, alone. */
import { viewOf } from "../bytes.ts";
import type { Storage } from "../storage.ts";
import { SECTOR_BYTES } from "./descriptor.ts";
import { directoryEntries, FLAG_COMPRESSED, FLAG_ZERO_GRAINS, GT_SECTORS, GTES } from "./sparse-header.ts";
import type { SparseHeader } from "./sparse-header.ts";

/** Sectors looked at together, a bit each. */
const WINDOW = 2 ** 28;
const CHUNK_BYTES = 2 ** 16, MAX_MESSAGES = 20;

export interface SparseFindings {
  corruptions: number;
  /** The first of them. */
  messages: string[];
  /** Grains in use. */
  grains: number;
}

/** Looks at every table. Memory is bounded by the window; no table is looked at twice in one. */
export async function auditSparse(storage: Storage, header: SparseHeader): Promise<SparseFindings> {
  const audit = new SparseAudit(storage, header);
  for (let from = 0; from < audit.fileSectors && audit.findings.corruptions === 0; from += WINDOW) await audit.run(from);
  return audit.findings;
}

class SparseAudit {
  readonly findings: SparseFindings = { corruptions: 0, messages: [], grains: 0 };
  readonly fileSectors: number;
  private readonly storage: Storage;
  private readonly header: SparseHeader;
  private readonly taken: Uint8Array;
  private from = 0;

  constructor(storage: Storage, header: SparseHeader) {
    this.storage = storage;
    this.header = header;
    this.fileSectors = Math.ceil(storage.sizeBytes / SECTOR_BYTES);
    this.taken = new Uint8Array(Math.ceil(Math.min(WINDOW, this.fileSectors) / 8));
  }

  /** Looks at what lies in the window from sector `from` on. */
  async run(from: number): Promise<void> {
    const { directoryAt, redundantAt, descriptorAt, descriptorLength } = this.header, sectors = Math.ceil(directoryEntries(this.header) * 4 / SECTOR_BYTES);
    this.from = from;
    this.taken.fill(0);
    this.take("the header", 0, 1);
    if (descriptorAt !== 0) this.take("the descriptor", descriptorAt, descriptorLength);
    this.take("the grain directory", directoryAt, sectors);
    if (redundantAt !== 0) this.take("the redundant grain directory", redundantAt, sectors);
    // Tables that overlap would be read again and again.
    const before = this.findings.corruptions;
    for (const at of redundantAt === 0 ? [directoryAt] : [directoryAt, redundantAt]) {
      for await (const { table, index } of this.tables(at)) this.take(`grain table ${index}`, table, GT_SECTORS);
    }
    if (this.findings.corruptions > before) return;
    for await (const { table, index } of this.tables(directoryAt)) await this.takeGrains(table, index, redundantAt === 0 ? 0 : await this.tableOf(redundantAt, index));
  }

  private async tableOf(directoryAt: number, index: number): Promise<number> {
    const bytes = new Uint8Array(4);
    await this.storage.read(directoryAt * SECTOR_BYTES + index * 4, bytes);
    return viewOf(bytes).getUint32(0, true);
  }

  /** The sectors of the tables that a directory names. */
  private async* tables(directoryAt: number): AsyncGenerator<{ readonly table: number; readonly index: number }> {
    const entries = directoryEntries(this.header), bytes = new Uint8Array(Math.min(CHUNK_BYTES, entries * 4)), view = viewOf(bytes);
    for (let first = 0; first < entries; first += CHUNK_BYTES / 4) {
      await this.storage.read(directoryAt * SECTOR_BYTES + first * 4, bytes);
      for (let i = 0; i < CHUNK_BYTES / 4 && first + i < entries; i++) {
        const table = view.getUint32(i * 4, true);
        if (table !== 0) yield { table, index: first + i };
      }
    }
  }

  /** Takes the grains of a table, which the redundant one has too: one of them may miss some, after a crash between two writes. */
  private async takeGrains(table: number, index: number, redundant: number): Promise<void> {
    const { flags, grain } = this.header, view = await this.tableAt(table), other = redundant === 0 ? view : await this.tableAt(redundant);
    for (let i = 0; i < GTES; i++) {
      const sector = view.getUint32(i * 4, true), otherSector = other.getUint32(i * 4, true), number = index * GTES + i;
      if (sector === 0 || sector === 1 && (flags & FLAG_ZERO_GRAINS) !== 0) continue;
      if (this.from === 0) {
        this.findings.grains++;
        if (otherSector !== 0 && otherSector !== sector) this.complain(`grain ${number} is at sector ${sector} by one table, at ${otherSector} by the other`);
      }
      // A compressed grain is as long as it turns out to be; nothing is written to it.
      this.take(`grain ${number}`, sector, (flags & FLAG_COMPRESSED) !== 0 ? 1 : grain);
    }
  }

  private async tableAt(sector: number): Promise<DataView> {
    const bytes = new Uint8Array(GT_SECTORS * SECTOR_BYTES);
    await this.storage.read(sector * SECTOR_BYTES, bytes);
    return viewOf(bytes);
  }

  /** Notes that sectors belong to something, and complains if they belong to something else or are not in the file. */
  private take(what: string, at: number, sectors: number): void {
    if (this.from === 0 && at + sectors > this.fileSectors + this.header.grain - 1) this.complain(`${what} (sectors ${at} to ${at + sectors - 1}) is not in the file of ${this.fileSectors} sectors`);
    const from = Math.max(0, at - this.from), to = Math.min(this.taken.length * 8, at + sectors - this.from);
    let isTaken = false;
    for (let i = from; i < to; i++) {
      if ((this.taken[i >> 3] & 1 << (i & 7)) !== 0) isTaken = true;
      this.taken[i >> 3] |= 1 << (i & 7);
    }
    if (isTaken) this.complain(`${what} (sector ${at}) overlaps something else`);
  }

  private complain(message: string): void {
    this.findings.corruptions++;
    if (this.findings.messages.length < MAX_MESSAGES) this.findings.messages.push(message);
  }
}
