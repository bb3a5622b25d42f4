/**
 * 82077AA floppy disk controller (Intel 290166), as an AT has it. Commands come byte by byte, and so do their results; what moves data is
 * in sector-transfer.ts. There are no deleted sectors (an image cannot tell them), and no SCAN commands.
 *
 * | offset | read | write |
 * |---|---|---|
 * | 2 | DOR | DOR: drive, reset, DMA gate, motors |
 * | 3 | TDR | TDR |
 * | 4 | main status | data rate, reset |
 * | 5 | FIFO | FIFO |
 * | 7 | DIR: disk change | data rate |
 */
import type { Alarm, Clock } from "../../bus/clock.ts";
import type { BytePorts, Device, Line } from "../../bus/device.ts";
import type { DmaChannel } from "../../bus/dma.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, BYTE, bytesUpTo, FLAG, nullable, oneOf, record, restoreFields, restoreParts, saveFields, saveParts, TIME, upTo } from "../saveable.ts";
import type { FloppyCommand, FloppyOperation } from "./commands.ts";
import { commandOf } from "./commands.ts";
import type { FloppyDrive } from "./floppy-drive.ts";
import { LAST_CYLINDER } from "./floppy-drive.ts";
import { SectorTransfer, ST0_ABNORMAL } from "./sector-transfer.ts";
import type { TransferKind } from "./sector-transfer.ts";

const FLOPPY_DRIVES = 4;
const DOR = 2, TDR = 3, MAIN_STATUS = 4, FIFO = 5, DIR = 7;

const DOR_NOT_RESET = 4, DOR_DMA_GATE = 8;
const RATE_RESET = 0x80, RATE_MASK = 3;
const MSR_READY = 0x80, MSR_TO_HOST = 0x40, MSR_NON_DMA = 0x20, MSR_BUSY = 0x10;
const DIR_CHANGED = 0x80, NOBODY = 0xff;

/** Status register 0: the seek has ended; track 0 was not found; an invalid command, an abnormal end by polling. */
const ST0_SEEK_END = 0x20, ST0_EQUIPMENT_CHECK = 0x10, ST0_INVALID = 0x80, ST0_POLLING = 0xc0;
const ST1_NO_ADDRESS_MARK = 1;
/** Status register 3: always ready and two-sided. */
const ST3_WRITE_PROTECTED = 0x40, ST3_READY = 0x20, ST3_TRACK_0 = 0x10, ST3_TWO_SIDED = 8;

/** CONFIGURE, second byte: implied seeks, no FIFO, no polling, FIFO threshold. */
const CONFIG_IMPLIED_SEEK = 0x40, CONFIG_NO_FIFO = 0x20, CONFIG_NO_POLLING = 0x10;
/** SPECIFY, second byte. */
const SPECIFY_NON_DMA = 1;
const VERSION_82077 = 0x90;
/** RECALIBRATE steps no further. */
const RECALIBRATE_STEPS = 79;
/** What a seek takes, ns of guest time: far less than the real one's. */
const NS_PER_SEEK = 1_000_000;
const NS_PER_REVOLUTION = 200_000_000;

/** Heads on their way. */
interface Seek {
  /** When they are there, ns of guest time. */
  readonly endsNs: number;
  /** Where they are going; where the controller takes them to be then; status register 0. */
  readonly to: number;
  readonly cylinder: number;
  readonly st0: number;
}

type Phase = "command" | "execution" | "result";

interface Registers {
  dor: number;
  tape: number;
  rate: number;
  specify: readonly number[];
  config: number;
  precompensation: number;
  isLocked: boolean;
  perpendicular: number;
  phase: Phase;
  /** Bytes of the command, or of the result, and how many of those were read. */
  command: Uint8Array;
  result: Uint8Array;
  taken: number;
  /** PCN: where the controller takes each drive's heads to be. */
  cylinders: readonly number[];
  /** For SENSE INTERRUPT STATUS: status register 0 of each drive, or none. */
  ended: readonly number[];
  /** What each drive's heads do, if they move; and drives whose seek has not been asked after yet. */
  seeks: readonly (Seek | null)[];
  seeking: number;
  /** Sectors in a track, or the last one's number, as the last command said. */
  lastSector: number;
  interrupts: boolean;
}

/** In `ended`: nothing. No status register 0 is like that. */
const NONE = 0x100;
const MAX_COMMAND = 9, MAX_RESULT = 10;
const SHAPE: Shape<Registers> = {
  dor: BYTE, tape: BYTE, rate: upTo(3), specify: array(2, BYTE), config: BYTE, precompensation: BYTE, isLocked: FLAG, perpendicular: BYTE,
  phase: oneOf<Phase>("command", "execution", "result"), command: bytesUpTo(MAX_COMMAND), result: bytesUpTo(MAX_RESULT), taken: upTo(MAX_RESULT),
  cylinders: array(FLOPPY_DRIVES, BYTE), ended: array(FLOPPY_DRIVES, upTo(NONE)),
  seeks: array(FLOPPY_DRIVES, nullable(record<Seek>({ endsNs: TIME, to: upTo(LAST_CYLINDER), cylinder: BYTE, st0: BYTE }))), seeking: upTo(15), lastSector: BYTE, interrupts: FLAG,
};
const NOTHING = new Uint8Array(0);
const DEFAULT_RATE = 2;

/** What a reset by software, or by DOR, begins anew; LOCK keeps the configuration. */
const afterReset = (): Omit<Registers, "dor" | "tape" | "rate" | "specify" | "isLocked" | "lastSector" | "config" | "precompensation"> => ({
  phase: "command", command: NOTHING, result: NOTHING, taken: 0, cylinders: [0, 0, 0, 0], ended: [NONE, NONE, NONE, NONE],
  seeks: [null, null, null, null], seeking: 0, perpendicular: 0, interrupts: false,
});
const defaults = () => ({ config: CONFIG_NO_FIFO, precompensation: 0 });
const powerOn = (): Registers => ({ dor: 0, tape: 0, rate: DEFAULT_RATE, specify: [0, 0], isLocked: false, lastSector: 0, ...defaults(), ...afterReset() });

export interface FloppyParts {
  readonly clock: Clock;
  readonly drives: readonly (FloppyDrive | null)[];
  readonly dma: DmaChannel;
  readonly work: HostWork;
  readonly interrupt: Line;
}

export class I82077 implements Device, Saveable, BytePorts {
  private readonly r = powerOn();
  private readonly parts: FloppyParts;
  private readonly transfer: SectorTransfer;
  /** Of each drive: its heads are there. */
  private readonly alarms: readonly Alarm[];

  constructor(parts: FloppyParts) {
    this.parts = parts;
    this.alarms = Array.from({ length: FLOPPY_DRIVES }, (_, unit) => parts.clock.newAlarm(() => this.endSeek(unit)));
    this.transfer = new SectorTransfer({
      drive: () => this.drive, canRead: () => this.canRead, work: parts.work, onFifo: () => this.setInterrupt(true), onEnd: (st0, st1, st2) => this.endTransfer(st0, st1, st2),
      dma: {
        toMemory: (bytes) => (this.isGated ? parts.dma.toMemory(bytes) : { count: 0, isTerminal: false }),
        fromMemory: (bytes) => (this.isGated ? parts.dma.fromMemory(bytes) : { count: 0, isTerminal: false }),
      },
    });
  }

  readByte(offset: number): number {
    const { r } = this;
    switch (offset) {
      case DOR: return r.dor;
      case TDR: return r.tape;
      case MAIN_STATUS: return this.mainStatus;
      case FIFO: return this.readFifo();
      case DIR: return this.selected?.isChanged === true ? DIR_CHANGED : 0;
      default: return NOBODY;
    }
  }

  writeByte(offset: number, value: number): void {
    const { r } = this;
    switch (offset) {
      case DOR: return this.writeDor(value);
      case TDR:
        r.tape = value & 3;
        return;
      case MAIN_STATUS:
        r.rate = value & RATE_MASK;
        if ((value & RATE_RESET) !== 0) this.restart();
        return;
      case FIFO: return this.writeFifo(value);
      case DIR:
        r.rate = value & RATE_MASK;
        return;
    }
  }

  reset(): void {
    this.abandon();
    Object.assign(this.r, powerOn());
    for (const drive of this.parts.drives) drive?.reset();
    this.driveLine();
  }

  save(): SavedState {
    return saveParts(this.saveables);
  }

  restore(state: SavedState): void {
    restoreParts("82077", this.saveables, state);
    this.driveLine();
    this.alarms.forEach((alarm, unit) => alarm.setAt(this.r.seeks[unit]?.endsNs ?? Infinity));
    this.transfer.resume();
  }

  private get saveables(): Readonly<Record<string, Saveable>> {
    const { r, transfer, parts: { drives } } = this;
    const present = drives.flatMap((drive, i): [string, Saveable][] => (drive === null ? [] : [[`drive${i}`, drive]]));
    return { ...Object.fromEntries(present), transfer, registers: { save: () => saveFields(r), restore: (state) => restoreFields("82077", r, SHAPE, state) } };
  }

  // ---- registers

  private get isReset(): boolean {
    return (this.r.dor & DOR_NOT_RESET) === 0;
  }

  private get isGated(): boolean {
    return (this.r.dor & DOR_DMA_GATE) !== 0;
  }

  private get mainStatus(): number {
    const { r, transfer } = this;
    if (this.isReset) return 0;
    switch (r.phase) {
      case "command": return MSR_READY | (r.command.length > 0 ? MSR_BUSY : 0) | r.seeking;
      case "result": return MSR_READY | MSR_TO_HOST | MSR_BUSY | r.seeking;
      case "execution": return MSR_BUSY | r.seeking | (transfer.usesFifo ? MSR_READY | MSR_NON_DMA | (transfer.isToHost ? MSR_TO_HOST : 0) : 0);
    }
  }

  /** The drive that DOR selects. */
  private get selected(): FloppyDrive | null {
    return this.parts.drives[this.r.dor & 3] ?? null;
  }

  /** The drive that the command under way names. */
  private get drive(): FloppyDrive | null {
    return this.parts.drives[this.unit] ?? null;
  }

  private get unit(): number {
    return (this.r.command[1] ?? 0) & 3;
  }

  private get head(): number {
    return ((this.r.command[1] ?? 0) >>> 2) & 1;
  }

  /** The disk can be read at the rate that is set, and as MFM. */
  private get canRead(): boolean {
    const { r } = this, isMfm = ((r.command[0] ?? 0) & 0x40) !== 0;
    return isMfm && this.drive?.format?.rates.includes(r.rate) === true;
  }

  private writeDor(value: number): void {
    const { r } = this, wasReset = this.isReset;
    r.dor = value;
    if (this.isReset) this.abandon();
    else if (wasReset) this.restart();
    this.driveLine();
  }

  /** The end of a reset: with polling, drives are found to have become ready, each by an interrupt status of its own. */
  private restart(): void {
    const { r } = this;
    this.abandon();
    Object.assign(r, r.isLocked ? {} : defaults(), afterReset());
    if ((r.config & CONFIG_NO_POLLING) !== 0 || this.isReset) return this.setInterrupt(false);
    r.ended = [0, 1, 2, 3].map((unit) => ST0_POLLING | unit);
    this.setInterrupt(true);
  }

  private abandon(): void {
    for (const alarm of this.alarms) alarm.cancel();
    this.r.seeks = afterReset().seeks;
    this.transfer.abandon();
  }

  private setInterrupt(isPending: boolean): void {
    this.r.interrupts = isPending;
    this.driveLine();
  }

  private driveLine(): void {
    this.parts.interrupt(this.r.interrupts && this.isGated && !this.isReset);
  }

  // ---- the FIFO

  private readFifo(): number {
    const { r, transfer } = this;
    if (this.isReset) return 0;
    if (r.phase === "execution" && transfer.usesFifo && transfer.isToHost) {
      this.setInterrupt(false);
      return transfer.takeByte();
    }
    if (r.phase !== "result") return 0;
    // Reading the result acknowledges the interrupt of its command.
    if (r.taken === 0 && commandOf(r.command[0])?.moves === true) this.setInterrupt(false);
    const byte = r.result[r.taken] ?? 0;
    r.taken++;
    if (r.taken >= r.result.length) Object.assign(r, { phase: "command", command: NOTHING, result: NOTHING, taken: 0 });
    return byte;
  }

  private writeFifo(value: number): void {
    const { r, transfer } = this;
    if (this.isReset) return;
    if (r.phase === "execution" && transfer.usesFifo && !transfer.isToHost) {
      this.setInterrupt(false);
      return transfer.giveByte(value);
    }
    if (r.phase !== "command") return;
    r.command = Uint8Array.of(...r.command, value);
    const command = commandOf(r.command[0]);
    if (command === null) this.finish(ST0_INVALID);
    else if (r.command.length > command.parameters) this.execute(command);
  }

  /** The command's result: bytes to be read. Without any it is over. */
  private finish(...result: readonly number[]): void {
    const { r } = this;
    if (result.length === 0) Object.assign(r, { phase: "command", command: NOTHING });
    else Object.assign(r, { phase: "result", result: Uint8Array.from(result), taken: 0 });
  }

  // ---- commands

  private execute({ operation }: FloppyCommand): void {
    const { r } = this, [, first, second, third] = r.command;
    switch (operation) {
      case "read":
      case "write":
      case "verify":
      case "read-track":
      case "read-deleted": return this.startTransfer(operation);
      case "format": return this.startFormat();
      case "read-id": return this.readId();
      case "recalibrate": return this.recalibrate();
      case "seek": return this.seek(second);
      case "relative-seek": return this.seekBy((r.command[0] & 0x40) !== 0 ? second : -second);
      case "sense-interrupt": return this.senseInterrupt();
      case "sense-drive": return this.finish(this.driveStatus());
      case "specify":
        r.specify = [first, second];
        return this.finish();
      case "configure":
        r.config = second;
        r.precompensation = third;
        return this.finish();
      case "perpendicular":
        // Bits of drives change only with OW, bit 7.
        r.perpendicular = (first & 0x80) !== 0 ? first & 0x3f : (r.perpendicular & 0x3c) | (first & 3);
        return this.finish();
      case "lock":
        r.isLocked = (r.command[0] & 0x80) !== 0;
        return this.finish(r.isLocked ? 0x10 : 0);
      case "version": return this.finish(VERSION_82077);
      case "dump-registers":
        return this.finish(...r.cylinders, ...r.specify, r.lastSector, (r.isLocked ? 0x80 : 0) | r.perpendicular, r.config, r.precompensation);
    }
  }

  private startTransfer(operation: Exclude<FloppyOperation, "format"> & (TransferKind | "read-track" | "read-deleted")): void {
    const { r } = this, [opcode, flags, c, h, first, n, eot, , length] = r.command, isTrack = operation === "read-track";
    // VERIFY with EC counts sectors, 0 for 256; READ TRACK reads as many as EOT says, from the first on.
    const most = operation === "verify" && (flags & 0x80) !== 0 ? length || 256 : isTrack ? eot : 256;
    r.lastSector = eot;
    r.phase = "execution";
    if ((r.config & CONFIG_IMPLIED_SEEK) !== 0) this.move(c);
    this.transfer.start({
      kind: operation === "write" || operation === "verify" ? operation : "read", isMultiTrack: (opcode & 0x80) !== 0 && !isTrack, head: this.head, c, h, r: isTrack ? 1 : first, n, eot, most,
      filler: 0, hasOtherMark: operation === "read-deleted", isDma: this.isDma,
    });
  }

  private startFormat(): void {
    const { r } = this, [, , n, count, , filler] = r.command;
    r.lastSector = count;
    r.phase = "execution";
    this.transfer.start({ kind: "format", isMultiTrack: false, head: this.head, c: 0, h: 0, r: 0, n, eot: 0, most: count || 256, filler, hasOtherMark: false, isDma: this.isDma });
  }

  private get isDma(): boolean {
    return (this.r.specify[1] & SPECIFY_NON_DMA) === 0;
  }

  private endTransfer(st0: number, st1: number, st2: number): void {
    const { s } = this.transfer;
    this.endWithId(st0, st1, st2, [s.c, s.h, s.r, s.n], s.head);
  }

  private endWithId(st0: number, st1: number, st2: number, id: readonly number[], head: number): void {
    this.finish(st0 | (head << 2) | this.unit, st1, st2, ...id);
    this.setInterrupt(true);
  }

  /** The ID of the sector that is under the head now. Without a disk it waits for one. */
  private readId(): void {
    const { r, drive, head } = this, format = drive?.format ?? null;
    r.phase = "execution";
    if (drive === null || format === null) return;
    if (!this.canRead || drive.cylinder >= format.cylinders) return this.endWithId(ST0_ABNORMAL, ST1_NO_ADDRESS_MARK, 0, [0, 0, 0, 0], head);
    const sector = Math.floor(((this.parts.clock.nowNs() % NS_PER_REVOLUTION) / NS_PER_REVOLUTION) * format.sectors) + 1;
    this.endWithId(0, 0, 0, [drive.cylinder, head, sector, 2], head);
  }

  private driveStatus(): number {
    const { drive, head, unit } = this;
    return ST3_READY | ST3_TWO_SIDED | (head << 2) | unit | (drive?.cylinder === 0 ? ST3_TRACK_0 : 0) | (drive?.isWriteProtected === true ? ST3_WRITE_PROTECTED : 0);
  }

  // ---- seeks

  private recalibrate(): void {
    const { drive } = this, to = Math.max(0, (drive?.cylinder ?? 0) - RECALIBRATE_STEPS), isAtZero = drive !== null && to === 0;
    this.startSeek(to, 0, isAtZero ? ST0_SEEK_END : ST0_SEEK_END | ST0_ABNORMAL | ST0_EQUIPMENT_CHECK);
  }

  private seek(cylinder: number): void {
    this.seekBy(cylinder - this.r.cylinders[this.unit]);
  }

  private seekBy(steps: number): void {
    this.startSeek(this.cylinderAfter(steps), (this.r.cylinders[this.unit] + steps) & 0xff, ST0_SEEK_END | (this.head << 2));
  }

  /** Where so many steps bring the heads. */
  private cylinderAfter(steps: number): number {
    return Math.max(0, Math.min(LAST_CYLINDER, (this.drive?.cylinder ?? 0) + steps));
  }

  /** The command is over at once, and the drive is busy until its heads are there. */
  private startSeek(to: number, cylinder: number, st0: number): void {
    const { r, unit } = this, endsNs = this.parts.clock.nowNs() + NS_PER_SEEK;
    r.seeking |= 1 << unit;
    r.seeks = r.seeks.with(unit, { endsNs, to, cylinder, st0: st0 | unit });
    this.alarms[unit].setAt(endsNs);
    this.finish();
  }

  private endSeek(unit: number): void {
    const { r } = this, { seeks: { [unit]: seek } } = r;
    if (seek === null) return;
    this.parts.drives[unit]?.seek(seek.to);
    r.seeks = r.seeks.with(unit, null);
    r.cylinders = r.cylinders.with(unit, seek.cylinder);
    r.ended = r.ended.with(unit, seek.st0);
    this.setInterrupt(true);
  }

  /** An implied seek: part of a command. */
  private move(cylinder: number): void {
    const { unit, r } = this;
    this.drive?.seek(this.cylinderAfter(cylinder - r.cylinders[unit]));
    r.cylinders = r.cylinders.with(unit, cylinder);
  }

  private senseInterrupt(): void {
    const { r } = this, unit = r.ended.findIndex((st0) => st0 !== NONE);
    if (unit < 0) return this.finish(ST0_INVALID);
    const { ended: { [unit]: st0 }, cylinders: { [unit]: cylinder } } = r;
    r.ended = r.ended.with(unit, NONE);
    r.seeking &= ~(1 << unit);
    if (r.ended.every((other) => other === NONE)) this.setInterrupt(false);
    this.finish(st0, cylinder);
  }
}
