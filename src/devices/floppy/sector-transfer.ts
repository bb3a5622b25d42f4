/**
 * The data commands of a floppy controller (Intel 82077AA, "Data Transfer Commands"): goes from sector to sector, moves their bytes by DMA
 * or through the FIFO, and says how the command has ended. i82077.ts has the registers and starts it.
 */
import type { DmaChannel } from "../../bus/dma.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { BYTE, bytesUpTo, FLAG, nullable, oneOf, restoreFields, saveFields, TIME, upTo } from "../saveable.ts";
import { SECTOR_BYTES } from "./disk-format.ts";
import type { FloppyDrive } from "./floppy-drive.ts";

/** Status register 0: bits 7 and 6. */
export const ST0_ABNORMAL = 0x40;
/** Status register 1: no address mark, write protected, no such sector, overrun, data error, end of cylinder. */
const ST1_NO_ADDRESS_MARK = 1, ST1_WRITE_PROTECTED = 2, ST1_NO_DATA = 4, ST1_OVERRUN = 0x10, ST1_DATA_ERROR = 0x20, ST1_END_OF_CYLINDER = 0x80;
/** Status register 2: wrong cylinder; a data error in the data field; a sector with the other kind of data mark. */
const ST2_WRONG_CYLINDER = 0x10, ST2_DATA_ERROR = 0x20, ST2_CONTROL_MARK = 0x40;

/** 512 bytes in a sector, as N. */
const N_512 = 2;
const ID_BYTES = 4;
/** What a sector takes, ns of guest time: far less than the real one's, which nobody waits for gladly. */
const NS_PER_SECTOR = 100_000;
const MOST_SECTORS = 256;

/** Moves sectors to the host or from it; reads them for nothing; writes them over by the IDs that the host gives. */
export type TransferKind = "read" | "write" | "verify" | "format";

export interface TransferRequest {
  readonly kind: TransferKind;
  /** As given in the command: MT, the head that is selected, C, H, R, N, EOT. */
  readonly isMultiTrack: boolean;
  readonly head: number;
  readonly c: number;
  readonly h: number;
  readonly r: number;
  readonly n: number;
  readonly eot: number;
  /** Ends normally after so many sectors. */
  readonly most: number;
  /** What formatted sectors are filled with. */
  readonly filler: number;
  /** Sectors have the other kind of data mark than the one that is looked for: the first is moved, and is the last. */
  readonly hasOtherMark: boolean;
  readonly isDma: boolean;
}

interface State extends TransferRequest {
  c: number;
  h: number;
  r: number;
  n: number;
  head: number;
  most: number;
  /** A sector or an ID on its way through the FIFO, and how much of it is through; empty while there is none. */
  buffer: Uint8Array;
  position: number;
  /** The host works for it until then, guest time in ns; null if it does not. What it writes, and whether the count has ended with that. */
  workEndsNs: number | null;
  written: Uint8Array;
  isTerminal: boolean;
}

const SHAPE: Shape<State> = {
  kind: oneOf<TransferKind>("read", "write", "verify", "format"), isMultiTrack: FLAG, head: upTo(1), c: BYTE, h: BYTE, r: BYTE, n: BYTE, eot: BYTE, most: upTo(MOST_SECTORS),
  filler: BYTE, hasOtherMark: FLAG, isDma: FLAG, buffer: bytesUpTo(SECTOR_BYTES), position: upTo(SECTOR_BYTES), workEndsNs: nullable(TIME), written: bytesUpTo(SECTOR_BYTES),
  isTerminal: FLAG,
};

export interface TransferParts {
  /** The drive that is selected; null if there is none. */
  readonly drive: () => FloppyDrive | null;
  /** Whether the data rate and the encoding that are set are those of its disk. */
  readonly canRead: () => boolean;
  readonly dma: DmaChannel;
  readonly work: HostWork;
  /** Bytes are wanted from the FIFO or for it. */
  readonly onFifo: () => void;
  readonly onEnd: (st0: number, st1: number, st2: number) => void;
}

const NOTHING = new Uint8Array(0);
const idle = () => ({ buffer: NOTHING, position: 0, workEndsNs: null, written: NOTHING, isTerminal: false });

export class SectorTransfer implements Saveable {
  readonly s: State = {
    kind: "read", isMultiTrack: false, head: 0, c: 0, h: 0, r: 0, n: 0, eot: 0, most: 0, filler: 0, hasOtherMark: false, isDma: true, ...idle(),
  };
  private readonly parts: TransferParts;
  /** Grows when a command is given up: what was under way then is void. */
  private epoch = 0;

  constructor(parts: TransferParts) {
    this.parts = parts;
  }

  /** Ends by `onEnd`; never, if there is no disk: the controller waits for its index hole. */
  start(request: TransferRequest): void {
    const { kind } = request, drive = this.parts.drive();
    Object.assign(this.s, request, idle());
    if (drive === null || drive.format === null) return;
    if ((kind === "write" || kind === "format") && drive.isWriteProtected) return this.fail(ST1_WRITE_PROTECTED);
    this.next(drive);
  }

  /** The command under way is no more. */
  abandon(): void {
    this.epoch++;
    Object.assign(this.s, idle());
  }

  /** A machine was saved while the host worked for this, which starts that anew; everything is as it was then. */
  resume(): void {
    const { s, parts } = this, { workEndsNs } = s, drive = parts.drive();
    if (workEndsNs === null || drive === null) return;
    if (s.kind === "read" || s.kind === "verify") this.readNext(drive, workEndsNs);
    else this.writeNext(s.written, s.isTerminal, workEndsNs);
  }

  /** Bytes wait in the FIFO, or there is room for some. */
  get usesFifo(): boolean {
    return this.s.buffer.length > 0;
  }

  get isToHost(): boolean {
    return this.s.kind === "read";
  }

  takeByte(): number {
    const { s } = this, byte = s.buffer[s.position] ?? 0;
    this.advance();
    return byte;
  }

  giveByte(value: number): void {
    this.s.buffer[this.s.position] = value;
    this.advance();
  }

  save(): SavedState {
    return saveFields(this.s);
  }

  restore(state: SavedState): void {
    restoreFields("floppy transfer", this.s, SHAPE, state);
    this.epoch++;
  }

  // ---- from sector to sector

  private next(drive: FloppyDrive): void {
    switch (this.s.kind) {
      case "read":
      case "verify": return this.readNext(drive);
      case "write": return this.fetch(SECTOR_BYTES);
      case "format": return this.fetch(ID_BYTES);
    }
  }

  /** @param endsNs  when it ends, if it was begun before */
  private readNext(drive: FloppyDrive, endsNs: number | null = null): void {
    const { s } = this, bytes = new Uint8Array(SECTOR_BYTES);
    if (!this.isThere(drive)) return;
    this.work(() => drive.read(s.head, s.r, bytes), endsNs, () => {
      if (s.kind === "verify") return this.sectorDone(false);
      if (!s.isDma) return this.openFifo(bytes);
      const { count, isTerminal } = this.parts.dma.toMemory(bytes);
      if (count < SECTOR_BYTES && !isTerminal) this.fail(ST1_OVERRUN);
      else this.sectorDone(isTerminal);
    });
  }

  /** Bytes of the host for the next sector. */
  private fetch(length: number): void {
    const bytes = new Uint8Array(length);
    if (!this.s.isDma) return this.openFifo(bytes);
    const { count, isTerminal } = this.parts.dma.fromMemory(bytes);
    // What is missing of a sector is written as zeroes.
    bytes.fill(0, count);
    if (count === 0 || (count < length && !isTerminal)) this.fail(ST1_OVERRUN);
    else this.writeNext(bytes, isTerminal);
  }

  /** @param endsNs  as `readNext` */
  private writeNext(bytes: Uint8Array, isTerminal: boolean, endsNs: number | null = null): void {
    const { s } = this, drive = this.parts.drive();
    s.written = bytes;
    s.isTerminal = isTerminal;
    if (s.kind === "format") [s.c = 0, s.h = 0, s.r = 0, s.n = 0] = bytes;
    if (drive === null || !this.isThere(drive)) return;
    const data = s.kind === "format" ? new Uint8Array(SECTOR_BYTES).fill(s.filler) : bytes;
    this.work(() => drive.write(s.head, s.r, data), endsNs, () => this.sectorDone(isTerminal));
  }

  /** A sector has been moved. @param isTerminal  the host wants no more */
  private sectorDone(isTerminal: boolean): void {
    const { s } = this, drive = this.parts.drive();
    s.most = Math.max(0, s.most - 1);
    if (s.kind === "format") {
      // The IDs say where a track ends; how many there are was said in the command.
      if (s.most === 0) return this.parts.onEnd(0, 0, 0);
    } else {
      const isEnd = this.advanceId();
      if (s.hasOtherMark) return this.parts.onEnd(ST0_ABNORMAL, 0, ST2_CONTROL_MARK);
      if (isTerminal || s.most === 0) return this.parts.onEnd(0, 0, 0);
      if (isEnd) return this.fail(ST1_END_OF_CYLINDER);
    }
    if (drive === null) this.fail(ST1_NO_ADDRESS_MARK);
    else this.next(drive);
  }

  /** The ID of the sector that follows; true if that is behind the last one ("Result Phase"). */
  private advanceId(): boolean {
    const { s } = this, isLast = s.r === s.eot;
    s.r = isLast ? 1 : (s.r + 1) & 0xff;
    if (!isLast) return false;
    if (s.isMultiTrack && s.head === 0) {
      s.head = 1;
      s.h ^= 1;
      return false;
    }
    if (s.isMultiTrack) s.h ^= 1;
    s.c = (s.c + 1) & 0xff;
    return true;
  }

  /** Whether the sector's ID would be found on the track; ends the command if not. */
  private isThere(drive: FloppyDrive): boolean {
    const { s } = this, { format } = drive;
    if (format === null || !this.parts.canRead() || s.head >= format.heads || drive.cylinder >= format.cylinders) this.fail(ST1_NO_ADDRESS_MARK);
    else if (s.c !== drive.cylinder) this.fail(ST1_NO_DATA, ST2_WRONG_CYLINDER);
    else if (s.h !== s.head || s.n !== N_512 || s.r < 1 || s.r > format.sectors) this.fail(ST1_NO_DATA);
    else return true;
    return false;
  }

  private fail(st1: number, st2 = 0): void {
    this.parts.onEnd(ST0_ABNORMAL, st1, st2);
  }

  private work(work: () => Promise<void>, endsNs: number | null, done: () => void): void {
    const { epoch, s, parts } = this;
    const end = (hasFailed: boolean): void => {
      if (epoch !== this.epoch) return;
      s.workEndsNs = null;
      if (hasFailed) this.fail(ST1_DATA_ERROR, ST2_DATA_ERROR);
      else done();
    };
    if (endsNs === null) s.workEndsNs = parts.work.start(work, NS_PER_SECTOR, end);
    else parts.work.resume(work, endsNs, end);
  }

  // ---- the FIFO

  private openFifo(bytes: Uint8Array): void {
    this.s.buffer = bytes;
    this.s.position = 0;
    this.parts.onFifo();
  }

  private advance(): void {
    const { s } = this, { buffer } = s;
    s.position++;
    if (s.position < buffer.length) return;
    s.buffer = NOTHING;
    if (this.isToHost) this.sectorDone(false);
    else this.writeNext(buffer, false);
  }
}
