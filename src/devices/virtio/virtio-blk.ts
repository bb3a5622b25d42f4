/**
 * Virtio block device (§5.2): a disk on top of an image. Requests run side by side and end in any order; long ones go in pieces, so that a
 * driver cannot make the host hold more than MAX_REQUESTS pieces at a time.
 */
import type { BlockDevice } from "../../block/device.ts";
import type { SavedState, Shape } from "../saveable.ts";
import { DWORD, FLAG, list, record, restoreFields, saveFields, TIME, WORD } from "../saveable.ts";
import type { DescriptorChain } from "./descriptor-chain.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { VIRTIO_BLOCK } from "./virtio-device.ts";

const F_SEG_MAX = 2, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_CONFIG_WCE = 11, F_DISCARD = 13, F_WRITE_ZEROES = 14;
/** Types of requests, and how they end (§5.2.6). */
const IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13;
const OK = 0, IO_ERROR = 1, UNSUPPORTED = 2;
const HEADER_BYTES = 16, SECTOR_BYTES = 512, ID_BYTES = 20, RANGE_BYTES = 16, RANGE_UNMAP = 1;

/** Offsets in the configuration space (§5.2.4). */
const CAPACITY = 0, SEG_MAX = 12, BLK_SIZE = 20, WRITEBACK = 32, MAX_DISCARD_SECTORS = 36, MAX_DISCARD_SEG = 40, DISCARD_ALIGNMENT = 44, MAX_ZEROES_SECTORS = 48,
  MAX_ZEROES_SEG = 52, ZEROES_MAY_UNMAP = 56, CONFIG_BYTES = 60;

const QUEUE_SIZE = 128;
/** Requests under way at a time, and what one holds of its data. */
const MAX_REQUESTS = 16, PIECE_BYTES = 1 << 20;
/** Most ranges of a request to discard or clear, and sectors in each. */
const MAX_RANGES = 16, MOST_DISCARDED = 1 << 22, MOST_CLEARED = 1 << 15;
/** What a request takes, ns of guest time: a fast solid-state disk's. */
const LATENCY_NS = 25_000, NS_PER_SECTOR = 250;

/** A piece of work of the host for a request. */
interface Step {
  readonly work: () => Promise<void>;
  /** Bytes of the request's data that it moves. */
  readonly bytes: number;
  /** The request ends with it. */
  readonly isLast: boolean;
  /** Told when it is done. */
  readonly then?: () => void;
}

/** A request that the host works for. */
interface Request {
  readonly chain: DescriptorChain;
  /** Bytes of its data that have been moved. */
  done: number;
  /** When the step under way ends, ns of guest time. */
  endsNs: number;
}

/** A request as it is saved: what it asks for is in guest memory. */
interface SavedRequest {
  readonly head: number;
  readonly done: number;
  readonly endsNs: number;
}

interface Fields {
  writeback: boolean;
  requests: readonly SavedRequest[];
}

const SHAPE: Shape<Fields> = { writeback: FLAG, requests: list(MAX_REQUESTS, record<SavedRequest>({ head: WORD, done: DWORD, endsNs: TIME })) };

/** Sectors that a request is about. */
interface SectorRange {
  readonly first: number;
  readonly count: number;
  readonly flags: number;
}

export class VirtioBlk implements VirtioDevice {
  readonly name = "virtio-blk";
  readonly type = VIRTIO_BLOCK;
  readonly classCode = 0x010000;
  readonly features: readonly number[];
  readonly queueSizes = [QUEUE_SIZE];
  readonly config = new Uint8Array(CONFIG_BYTES);
  private readonly image: BlockDevice;
  private readonly serial: Uint8Array;
  private readonly sectorCount: number;
  private transport: VirtioTransport | null = null;
  private readonly underWay = new Set<Request>();

  /** @param serial  what the driver is told, up to 20 bytes of ASCII */
  constructor(image: BlockDevice, serial: string) {
    this.image = image;
    this.serial = new TextEncoder().encode(serial).slice(0, ID_BYTES);
    this.sectorCount = Math.floor(image.sizeBytes / SECTOR_BYTES);
    this.features = [F_SEG_MAX, F_BLK_SIZE, F_FLUSH, F_CONFIG_WCE, ...(image.isReadOnly ? [F_RO] : [F_DISCARD, F_WRITE_ZEROES])];
    const view = new DataView(this.config.buffer);
    view.setBigUint64(CAPACITY, BigInt(this.sectorCount), true);
    for (const [offset, value] of [
      [SEG_MAX, QUEUE_SIZE - 2], [BLK_SIZE, SECTOR_BYTES], [MAX_DISCARD_SECTORS, MOST_DISCARDED], [MAX_DISCARD_SEG, MAX_RANGES], [DISCARD_ALIGNMENT, 1],
      [MAX_ZEROES_SECTORS, MOST_CLEARED], [MAX_ZEROES_SEG, MAX_RANGES], [ZEROES_MAY_UNMAP, 1],
    ]) view.setUint32(offset, value, true);
    this.config[WRITEBACK] = 1;
  }

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  writeConfig(offset: number, value: number): void {
    if (offset === WRITEBACK && this.transport?.has(F_CONFIG_WCE) === true) this.config[WRITEBACK] = value & 1;
  }

  notify(): void {
    const { transport } = this;
    while (transport !== null && this.underWay.size < MAX_REQUESTS) {
      const chain = transport.queues[0].take();
      if (chain === null) return;
      this.begin(transport, chain);
    }
  }

  /** What is under way goes on to its end, and nobody hears of it. */
  reset(): void {
    this.config[WRITEBACK] = 1;
  }

  save(): SavedState {
    const { transport } = this, requests = [...this.underWay].filter(({ chain }) => transport?.queues[0].isOut(chain) === true);
    return saveFields({ writeback: this.config[WRITEBACK] !== 0, requests: requests.map(({ chain: { head }, done, endsNs }) => ({ head, done, endsNs })) });
  }

  /** What was under way is begun anew where its step began, and ends when it would have ended. */
  restore(state: SavedState): void {
    const fields: Fields = { writeback: false, requests: [] }, { transport } = this;
    restoreFields(this.name, fields, SHAPE, state);
    this.config[WRITEBACK] = Number(fields.writeback);
    for (const { head, done, endsNs } of fields.requests) {
      const chain = transport?.queues[0].takeAgain(head) ?? null;
      if (chain === null || transport === null) continue;
      const request = { chain, done, endsNs }, step = this.stepOf(request);
      if (typeof step === "number") this.end(chain, step);
      else this.run(transport, request, step, (work, then) => transport.work.resume(work, endsNs, then));
    }
  }

  // ---- requests

  private begin(transport: VirtioTransport, chain: DescriptorChain): void {
    // There is no way to fail a request that has no room for its status.
    if (chain.readableBytes < HEADER_BYTES || chain.writableBytes === 0) return transport.needsReset();
    this.proceed(transport, { chain, done: 0, endsNs: 0 });
  }

  /** Begins the next step of a request. */
  private proceed(transport: VirtioTransport, request: Request): void {
    const step = this.stepOf(request);
    if (typeof step === "number") return this.end(request.chain, step);
    this.run(transport, request, step, (work, then) => {
      request.endsNs = transport.work.start(work, LATENCY_NS + (NS_PER_SECTOR * step.bytes) / SECTOR_BYTES, then);
    });
  }

  private run(transport: VirtioTransport, request: Request, step: Step, start: (work: Step["work"], then: (hasFailed: boolean) => void) => void): void {
    this.underWay.add(request);
    start(step.work, (hasFailed) => {
      this.underWay.delete(request);
      request.done += step.bytes;
      if (!hasFailed) step.then?.();
      if (hasFailed) this.end(request.chain, IO_ERROR);
      else if (step.isLast) this.end(request.chain, OK);
      else this.proceed(transport, request);
      this.notify();
    });
  }

  /** The status is the last byte of what the driver has given to be written. */
  private end(chain: DescriptorChain, status: number): void {
    chain.write(chain.writableBytes - 1, Uint8Array.of(status));
    this.transport?.queues[0].complete(chain);
  }

  /** What is to be done next for a request, or how it has ended. */
  private stepOf({ chain, done }: Request): Step | number {
    const { image } = this, { type, sector } = headerOf(chain), isOut = type === OUT || type === DISCARD || type === WRITE_ZEROES;
    if (isOut && image.isReadOnly) return IO_ERROR;
    switch (type) {
      case IN: return this.isOnDisk(sector, chain.writableBytes - 1) ? this.readStep(chain, sector * SECTOR_BYTES, done) : IO_ERROR;
      case OUT: return this.isOnDisk(sector, chain.readableBytes - HEADER_BYTES) ? this.writeStep(chain, sector * SECTOR_BYTES, done) : IO_ERROR;
      case FLUSH: return { work: () => image.flush(), bytes: 0, isLast: true };
      case DISCARD:
      case WRITE_ZEROES: return this.rangesStep(chain, type);
      case GET_ID:
        chain.write(0, this.idFor(chain.writableBytes - 1));
        return OK;
      default: return UNSUPPORTED;
    }
  }

  private isOnDisk(sector: number, bytes: number): boolean {
    return bytes % SECTOR_BYTES === 0 && sector + bytes / SECTOR_BYTES <= this.sectorCount;
  }

  private readStep(chain: DescriptorChain, offset: number, done: number): Step {
    const left = Math.max(0, chain.writableBytes - 1 - done), bytes = new Uint8Array(Math.min(PIECE_BYTES, left));
    return { work: () => this.image.read(offset + done, bytes), bytes: bytes.length, isLast: bytes.length === left, then: () => void chain.write(done, bytes) };
  }

  private writeStep(chain: DescriptorChain, offset: number, done: number): Step {
    const bytes = chain.read(HEADER_BYTES + done, PIECE_BYTES), isLast = HEADER_BYTES + done + bytes.length >= chain.readableBytes;
    return {
      work: async () => {
        await this.image.write(offset + done, bytes);
        if (isLast && this.isWriteThrough) await this.image.flush();
      },
      bytes: bytes.length, isLast,
    };
  }

  /** A driver that does not flush wants each write to last (§5.2.6.2). */
  private get isWriteThrough(): boolean {
    return this.transport?.has(F_FLUSH) !== true || this.config[WRITEBACK] === 0;
  }

  /** Discards or clears ranges, one after the other. */
  private rangesStep(chain: DescriptorChain, type: number): Step | number {
    const bytes = chain.readableBytes - HEADER_BYTES, isDiscard = type === DISCARD;
    if (bytes === 0 || bytes % RANGE_BYTES !== 0 || bytes / RANGE_BYTES > MAX_RANGES) return IO_ERROR;
    const ranges = rangesOf(chain.read(HEADER_BYTES, bytes)), allowedFlags = isDiscard ? 0 : RANGE_UNMAP, most = isDiscard ? MOST_DISCARDED : MOST_CLEARED;
    if (ranges.some(({ flags }) => (flags & ~allowedFlags) !== 0)) return UNSUPPORTED;
    if (ranges.some(({ first, count }) => count > most || first + count > this.sectorCount)) return IO_ERROR;
    return {
      work: async () => {
        for (const { first, count } of ranges) {
          const offset = first * SECTOR_BYTES, length = count * SECTOR_BYTES;
          await (isDiscard ? this.image.discard(offset, length) : this.image.writeZeroes(offset, length));
        }
        if (this.isWriteThrough) await this.image.flush();
      },
      bytes: 0, isLast: true,
    };
  }

  private idFor(room: number): Uint8Array {
    const id = new Uint8Array(ID_BYTES);
    id.set(this.serial);
    return id.subarray(0, room);
  }
}

/** What the driver wants (§5.2.6). */
function headerOf(chain: DescriptorChain): { readonly type: number; readonly sector: number } {
  const header = new DataView(chain.read(0, HEADER_BYTES).buffer);
  return { type: header.getUint32(0, true), sector: header.getUint32(12, true) * 2 ** 32 + header.getUint32(8, true) };
}

function rangesOf(bytes: Uint8Array): SectorRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / RANGE_BYTES }, (_, i) => {
    const at = i * RANGE_BYTES;
    return { first: view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true), count: view.getUint32(at + 8, true), flags: view.getUint32(at + 12, true) };
  });
}
