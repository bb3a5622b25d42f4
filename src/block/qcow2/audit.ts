/**
 * Counts what the tables of a qcow2 image really name, and compares that with its refcounts and with the "copied" flags
 * that say a cluster may be written in place. Finds what is wrong before anything is written, repairs it, and moves
 * refcounts to what they have to be before and after snapshots come and go.
 *
 * Memory is bounded: clusters of the file are counted a window at a time. Time is too: no L2 table is read twice for a
 * window, and L1 tables may not overlap.
 */
import { isZero, readU64, roundUp, viewOf } from "../bytes.ts";
import type { Repair } from "../device.ts";
import { ImageError } from "../errors.ts";
import { COPIED, decodeL2, hasReservedL1, hasReservedL2, isCopied, offsetOf } from "./entries.ts";
import { readRefcount, writeRefcount } from "./refcounts.ts";
import type { Qcow2Tables } from "./tables.ts";

/** Clusters counted at a time; a multiple of 8, so that every window starts with a byte of a refcount block. */
const WINDOW = 2 ** 21, MAX_CLUSTERS = 2 ** 31;
/** Bytes of a table read at a time. */
const CHUNK_BYTES = 2 ** 18;
const MAX_MESSAGES = 20;

/** A table of a disk or a snapshot. */
export interface L1Table {
  readonly at: number;
  readonly entries: number;
  /** Its copied flags count. */
  readonly isActive: boolean;
}

/** What belongs to the image besides its clusters of data. */
export interface Claims {
  readonly l1Tables: readonly L1Table[];
  /** The snapshot table, and whatever else has clusters of its own. */
  readonly pieces: readonly { readonly what: string; readonly at: number; readonly bytes: number }[];
}

export interface Findings {
  corruptions: number;
  leaks: number;
  /** Of both: what is still so. */
  unrepaired: number;
  /** Of the corruptions: flags that are missing, which only costs a copy. */
  missingFlags: number;
  /** Of the corruptions: tables that are where nothing or something else is, which no count can put right. */
  misplaced: number;
  /** Refcounts have no place: they can only be repaired by making all of them anew. */
  needsNewRefcounts: boolean;
  messages: string[];
  /** The first of the corruptions that are not missing flags. */
  worst: string;
  /** No cluster below is free; none from `end` on is in use. */
  firstFree: number;
  end: number;
  allocatedClusters: number;
  compressedClusters: number;
}

export class RefcountAudit {
  readonly findings: Findings = {
    corruptions: 0, leaks: 0, unrepaired: 0, missingFlags: 0, misplaced: 0, needsNewRefcounts: false, messages: [], worst: "", firstFree: 0, end: 0, allocatedClusters: 0, compressedClusters: 0,
  };
  private readonly tables: Qcow2Tables;
  private readonly claims: Claims;
  private readonly repair: Repair;
  private readonly fileClusters: number;
  private readonly counts: Uint32Array;
  /** How many L1 entries name an L2 table, by its cluster; and whether an active one does. */
  private readonly weights: Uint32Array;
  private readonly isActive: Uint8Array;
  /** First cluster of the windows. */
  private countsFrom = 0;
  private weightsFrom = -1;

  /** The tables' cache must hold nothing that is not on the disk, and is to be cleared afterwards if there was a repair. */
  constructor(tables: Qcow2Tables, claims: Claims, repair: Repair) {
    this.tables = tables;
    this.claims = claims;
    this.repair = repair;
    this.fileClusters = tables.fileClusters;
    if (this.fileClusters > MAX_CLUSTERS) throw new ImageError("unsupported", `${tables.path}: it has ${this.fileClusters} clusters, too many to check`);
    const window = Math.min(roundUp(this.fileClusters, 8), WINDOW);
    this.counts = new Uint32Array(window);
    this.weights = new Uint32Array(window);
    this.isActive = new Uint8Array(window);
  }

  /** Counts and compares. */
  async run(): Promise<Findings> {
    if (!this.claimsAreApart()) return this.findings;
    for (let from = 0; from < this.fileClusters; from += WINDOW) {
      await this.count(from, true);
      await this.compare(from, Math.min(from + WINDOW, roundUp(this.fileClusters, 8)));
      await this.checkFlags();
    }
    if (!this.findings.needsNewRefcounts) await this.compareBeyond();
    return this.findings;
  }

  /** Counts the window from cluster `from` on. @returns how often each cluster is named; valid until the next call */
  async count(from: number, withRefcounts: boolean): Promise<Uint32Array> {
    this.countsFrom = from;
    this.counts.fill(0);
    for (const { at, bytes } of this.ownPieces(withRefcounts)) this.add(at, bytes, 1);
    if (withRefcounts) await this.forEachRefcountBlock((index, at) => this.countRefcountBlock(index, at));
    for (let w = 0; w < this.fileClusters; w += WINDOW) {
      await this.weigh(w);
      await this.countL2Tables();
    }
    if (withRefcounts) await this.checkOwnPieces();
    return this.counts;
  }

  private corrupt(message: () => string): void {
    this.findings.misplaced++;
    this.note("corruption", message);
  }

  private note(kind: "corruption" | "missing flag" | "leak", message: () => string): void {
    const { findings } = this;
    findings.unrepaired++;
    if (kind === "leak") findings.leaks++;
    else findings.corruptions++;
    if (kind === "missing flag") findings.missingFlags++;
    if (kind === "corruption" && findings.worst === "") findings.worst = message();
    if (findings.messages.length < MAX_MESSAGES) findings.messages.push(message());
  }

  /** Findings about entries are made once, not for each window. */
  private get isFirstWindow(): boolean {
    return this.countsFrom === 0;
  }

  private ownPieces(withRefcounts: boolean): Claims["pieces"] {
    const { header, clusterBytes } = this.tables;
    return [
      { what: "the header", at: 0, bytes: clusterBytes },
      ...(withRefcounts ? [{ what: "the refcount table", at: header.refcountTableOffset, bytes: header.refcountTableClusters * clusterBytes }] : []),
      ...this.claims.l1Tables.map(({ at, entries }) => ({ what: "an L1 table", at, bytes: entries * 8 })),
      ...this.claims.pieces,
    ].filter(({ bytes }) => bytes > 0);
  }

  /** Whether the pieces lie in the file and do not overlap: otherwise nothing can be said about the rest. */
  private claimsAreApart(): boolean {
    const { clusterBytes } = this.tables, before = this.findings.corruptions;
    const pieces = [...this.ownPieces(true)].sort((a, b) => a.at - b.at);
    for (const [i, { what, at, bytes }] of pieces.entries()) {
      if (at % clusterBytes !== 0 || at + bytes > this.fileClusters * clusterBytes) this.corrupt(() => `${what} (${bytes} bytes at ${at}) is not at clusters of the file`);
      const next = pieces[i + 1];
      if (next !== undefined && next.at < at + roundUp(bytes, clusterBytes)) this.corrupt(() => `${what} at ${at} overlaps ${next.what} at ${next.at}`);
    }
    return this.findings.corruptions === before;
  }

  /** Adds `weight` to the clusters of a piece of the file. */
  private add(at: number, bytes: number, weight: number): void {
    const { clusterBytes } = this.tables, { counts } = this;
    const from = Math.max(0, Math.floor(at / clusterBytes) - this.countsFrom), to = Math.min(counts.length, Math.ceil((at + bytes) / clusterBytes) - this.countsFrom);
    for (let i = from; i < to; i++) counts[i] += weight;
  }

  private isInFile(at: number): boolean {
    return at % this.tables.clusterBytes === 0 && at > 0 && at < this.tables.storage.sizeBytes;
  }

  private async forEachRefcountBlock(action: (index: number, at: number) => void): Promise<void> {
    const { header, refcountBlocks } = this.tables;
    for await (const { view, first, entries } of this.chunks(header.refcountTableOffset, refcountBlocks)) {
      for (let i = 0; i < entries; i++) {
        const at = readU64(view, i * 8);
        if (at !== 0) action(first + i, at);
      }
    }
  }

  private countRefcountBlock(index: number, at: number): void {
    if (this.isInFile(at)) this.add(at, this.tables.clusterBytes, 1);
    else if (this.isFirstWindow) {
      this.corrupt(() => `refcount block ${index} is at ${at}, which is not a cluster of the file`);
      this.findings.needsNewRefcounts = true;
    }
  }

  /** Tables that are written in place must be nobody else's. */
  private async checkOwnPieces(): Promise<void> {
    const { clusterBytes } = this.tables;
    for (const { what, at, bytes } of this.ownPieces(true)) {
      for (let c = at / clusterBytes; c * clusterBytes < at + bytes; c++) {
        if (!this.isShared(c)) continue;
        this.corrupt(() => `cluster ${c} belongs to ${what}, and is named ${this.countOf(c) - 1} times more`);
        if (what === "the refcount table") this.findings.needsNewRefcounts = true;
      }
    }
    await this.forEachRefcountBlock((index, at) => {
      if (!this.isInFile(at) || !this.isShared(at / clusterBytes)) return;
      this.corrupt(() => `refcount block ${index} at ${at} is something else too`);
      this.findings.needsNewRefcounts = true;
    });
  }

  /** How often a cluster is named; 0 outside the window. */
  private countOf(cluster: number): number {
    return this.counts[cluster - this.countsFrom] ?? 0;
  }

  private isShared(cluster: number): boolean {
    return this.countOf(cluster) > 1;
  }

  /** Sets `weights` and `isActive` for L2 tables in the window from cluster `from` on. */
  private async weigh(from: number): Promise<void> {
    const { clusterBytes } = this.tables, { weights, isActive } = this;
    const isKnown = this.weightsFrom === from;
    this.weightsFrom = from;
    if (!isKnown) {
      weights.fill(0);
      isActive.fill(0);
    }
    for (const l1 of this.claims.l1Tables) {
      for await (const { view, first, entries } of this.chunks(l1.at, l1.entries)) {
        for (let i = 0; i < entries; i++) {
          const high = view.getUint32(i * 8), low = view.getUint32(i * 8 + 4), at = offsetOf(high, low);
          if (at === 0) continue;
          if (!this.isInFile(at)) {
            if (this.isFirstWindow && from === 0) this.corrupt(() => `L1 entry ${first + i}: its L2 table is at ${at}, which is not a cluster of the file`);
            continue;
          }
          if (this.isFirstWindow && from === 0 && hasReservedL1(high, low)) this.corrupt(() => `L1 entry ${first + i} has reserved bits set`);
          const w = at / clusterBytes - from;
          if (w < 0 || w >= weights.length) continue;
          this.add(at, clusterBytes, 1);
          if (isKnown) continue;
          weights[w]++;
          if (l1.isActive) isActive[w] = 1;
        }
      }
    }
  }

  /** Counts what L2 tables in the window of weights name. */
  private async countL2Tables(): Promise<void> {
    const { clusterBytes, l2Entries, header, storage } = this.tables, { findings } = this;
    for (const [w, weight] of this.weights.entries()) {
      if (weight === 0) continue;
      const table = (this.weightsFrom + w) * clusterBytes;
      for await (const { view, first, entries } of this.chunks(table, l2Entries)) {
        for (let i = 0; i < entries; i++) {
          const high = view.getUint32(i * 8), low = view.getUint32(i * 8 + 4);
          if ((high | low) === 0) continue;
          const entry = decodeL2(high, low, header.clusterBits);
          if (entry.kind === "absent" || entry.kind === "zero" && entry.at === 0) continue;
          const isPacked = entry.kind === "packed";
          const isGood = isPacked ? entry.at > 0 && entry.at < storage.sizeBytes : this.isInFile(entry.at) && !hasReservedL2(high, low, header.version);
          if (this.isFirstWindow) {
            if (!isGood) this.corrupt(() => `L2 table at ${table}, entry ${first + i}: cluster at ${entry.at} in a file of ${storage.sizeBytes} bytes, or reserved bits`);
            if (this.isActive[w] === 1) {
              findings.allocatedClusters++;
              if (isPacked) findings.compressedClusters++;
            }
          }
          if (isGood) this.add(entry.at, isPacked ? entry.length : clusterBytes, weight);
        }
      }
    }
  }

  /** Compares flags with counts, for what is named in the window of counts. */
  private async checkFlags(): Promise<void> {
    const { clusterBytes, l2Entries, header } = this.tables;
    for (const l1 of this.claims.l1Tables) {
      if (l1.isActive) await this.checkTableFlags(l1.at, l1.entries, (high, low) => offsetOf(high, low));
    }
    for (let w = 0; w < this.fileClusters; w += WINDOW) {
      if (this.weightsFrom !== w) {
        const counted = this.counts.slice();
        await this.weigh(w);
        this.counts.set(counted);
      }
      for (let i = 0; i < this.isActive.length; i++) {
        if (this.isActive[i] === 0) continue;
        await this.checkTableFlags((this.weightsFrom + i) * clusterBytes, l2Entries, (high, low) => {
          const entry = decodeL2(high, low, header.clusterBits);
          return entry.kind === "data" || entry.kind === "zero" ? entry.at : 0;
        });
      }
    }
  }

  private async checkTableFlags(at: number, entries: number, target: (high: number, low: number) => number): Promise<void> {
    const { clusterBytes, storage } = this.tables, { findings, counts, repair } = this;
    for await (const chunk of this.chunks(at, entries)) {
      let hasChanged = false;
      for (let i = 0; i < chunk.entries; i++) {
        const high = chunk.view.getUint32(i * 8), offset = target(high, chunk.view.getUint32(i * 8 + 4));
        const c = offset / clusterBytes - this.countsFrom;
        if (offset === 0 || !(c >= 0 && c < counts.length) || !Number.isInteger(c)) continue;
        const isOwn = counts[c] === 1;
        if (isCopied(high) === isOwn) continue;
        this.note(isOwn ? "missing flag" : "corruption", () => `table at ${at}, entry ${chunk.first + i}: the copied flag is ${isOwn ? "missing" : "set"} for cluster ${offset / clusterBytes}, which is named ${counts[c]} times`);
        // A flag may be set where every count is right: then nobody else can come to the cluster.
        if (repair !== "all" && !(repair === "leaks" && isOwn && findings.corruptions === findings.missingFlags)) continue;
        chunk.view.setUint32(i * 8, isOwn ? high | COPIED : high & ~COPIED);
        findings.unrepaired--;
        hasChanged = true;
      }
      if (hasChanged) await storage.write(at + chunk.first * 8, new Uint8Array(chunk.view.buffer, 0, chunk.entries * 8));
    }
  }

  /** Compares refcounts with counts for clusters of the window. */
  private async compare(from: number, to: number): Promise<void> {
    const { refcountsPerBlock: perBlock } = this.tables;
    for (let c = from; c < to;) {
      const next = Math.min(to, (Math.floor(c / perBlock) + 1) * perBlock, c + CHUNK_BYTES / 8);
      await this.comparePiece(c, next);
      c = next;
    }
  }

  /** Nothing names clusters beyond the end of the file. */
  private async compareBeyond(): Promise<void> {
    const { header, refcountsPerBlock: perBlock, refcountBlocks } = this.tables, firstBlock = Math.floor(this.fileClusters / perBlock);
    this.counts.fill(0);
    for await (const { view, first, entries } of this.chunks(header.refcountTableOffset, refcountBlocks)) {
      for (let i = Math.max(0, firstBlock - first); i < entries; i++) {
        const from = Math.max(roundUp(this.fileClusters, 8), (first + i) * perBlock);
        if (readU64(view, i * 8) !== 0) await this.compare(from, (first + i + 1) * perBlock);
      }
    }
  }

  /** Offset of a refcount block, 0 if it is not there or not in the file. */
  private async blockAt(block: number): Promise<number> {
    const { tables } = this, { header } = tables;
    if (block >= tables.refcountBlocks) return 0;
    const page = await tables.cache.page(header.refcountTableOffset + block * 8), at = readU64(page.view, header.refcountTableOffset + block * 8 - page.at);
    return this.isInFile(at) ? at : 0;
  }

  /** As `compare`, for clusters whose refcounts are in one block, starting with a byte of it. */
  private async comparePiece(from: number, to: number): Promise<void> {
    const { refcountsPerBlock: perBlock, refcountBits: bits, storage } = this.tables, { findings, repair } = this;
    const block = await this.blockAt(Math.floor(from / perBlock)), offset = block + from % perBlock * bits / 8;
    const bytes = new Uint8Array(Math.ceil((to - from) * bits / 8)), view = viewOf(bytes);
    if (block !== 0) await storage.read(offset, bytes);
    if (from >= this.fileClusters && isZero(bytes)) return;
    let hasChanged = false;
    for (let c = from; c < to; c++) {
      const is = readRefcount(view, (c - from) * bits, bits), shouldBe = this.countOf(c), isLeak = is > shouldBe;
      let stays = is;
      if (is !== shouldBe) {
        this.note(isLeak ? "leak" : "corruption", () => `cluster ${c} has refcount ${is}, but is named ${shouldBe} times`);
        if (block === 0) findings.needsNewRefcounts = true;
        else if (repair === "all" && shouldBe < 2 ** bits || repair === "leaks" && isLeak) {
          writeRefcount(view, (c - from) * bits, bits, shouldBe);
          findings.unrepaired--;
          hasChanged = true;
          stays = shouldBe;
        }
      }
      if (stays !== 0) findings.end = c + 1;
      if (stays !== 0 && findings.firstFree === c) findings.firstFree = c + 1;
    }
    if (hasChanged) await storage.write(offset, bytes);
  }

  /** Entries of 8 bytes from `at` on, in pieces. */
  private async* chunks(at: number, entries: number): AsyncGenerator<{ readonly view: DataView; readonly first: number; readonly entries: number }> {
    const perChunk = CHUNK_BYTES / 8, bytes = new Uint8Array(Math.min(entries, perChunk) * 8), view = viewOf(bytes);
    for (let first = 0; first < entries; first += perChunk) {
      const n = Math.min(perChunk, entries - first);
      await this.tables.storage.read(at + first * 8, bytes.subarray(0, n * 8));
      yield { view, first, entries: n };
    }
  }
}
