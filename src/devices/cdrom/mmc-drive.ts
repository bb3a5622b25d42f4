/**
 * A CD-ROM drive (MMC-5, SPC-3) and the disc in it: what commands mean, whatever brings them. ide/atapi-cdrom.ts brings them by ATA's
 * packets, and fetches the blocks.
 */
import type { BlockDevice } from "../../block/device.ts";
import type { Device } from "../../bus/device.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { BYTE, FLAG, nullable, record, restoreFields, saveFields, upTo } from "../saveable.ts";
import {
  BLOCK_BYTES, capacityData, configuration, discInformation, fullTocData, inquiryData, mechanismStatus, mediaEvent, modeData, noEvent, sessionData, subChannelData, tocData, trackInformation,
} from "./mmc-data.ts";
import type { Sense } from "./sense.ts";
import {
  INVALID_FIELD, MEDIUM_CHANGED, NO_MEDIUM, NO_SAVED_PAGES, NO_SENSE, NO_SUCH_BLOCK, POWER_ON, READ_ERROR, REMOVAL_PREVENTED, senseData, TRAY_OPEN, UNKNOWN_COMMAND, WRONG_TRACK_MODE,
} from "./sense.ts";

export const COMMAND_BYTES = 12;

/** What a command comes to. */
export type Reply =
  /** Bytes for the host; at most as many as it said it has room for. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  /** Blocks of the disc for the host. */
  | { readonly kind: "blocks"; readonly first: number; readonly count: number }
  /** Nothing more. */
  | { readonly kind: "done" }
  /** It failed; REQUEST SENSE says why. */
  | { readonly kind: "failed"; readonly key: number };

const DONE: Reply = { kind: "done" };

/** Media events (§6.6.3). */
const EVENT_NONE = 0, EVENT_EJECT_REQUEST = 1, EVENT_NEW_MEDIUM = 2, EVENT_REMOVAL = 3;

interface State {
  sense: Sense;
  /** Waits to be told, in answer to a command. */
  attention: Sense | null;
  isOpen: boolean;
  isLocked: boolean;
  event: number;
}

const SENSE = record<Sense>({ key: upTo(15), code: BYTE, qualifier: BYTE });
const SHAPE: Shape<State> = { sense: SENSE, attention: nullable(SENSE), isOpen: FLAG, isLocked: FLAG, event: upTo(EVENT_REMOVAL) };
const powerOn = (): State => ({ sense: NO_SENSE, attention: POWER_ON, isOpen: false, isLocked: false, event: EVENT_NONE });

/** A command descriptor block of 12 bytes. */
type Command = Uint8Array;
type Handler = (drive: MmcDrive, command: Command) => Reply;

interface Entry {
  readonly handle: Handler;
  readonly needsMedium: boolean;
  /** Works while a unit attention waits, and does not tell it (SPC-3, §5.6.1; MMC-5, §4.1.6.1). */
  readonly passesAttention: boolean;
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];
const dword = (bytes: Uint8Array, at: number): number => word(bytes, at) * 0x10000 + word(bytes, at + 2);

const onDisc = (handle: Handler): Entry => ({ handle, needsMedium: true, passesAttention: false });
const onDrive = (handle: Handler): Entry => ({ handle, needsMedium: false, passesAttention: false });
const always = (handle: Handler): Entry => ({ handle, needsMedium: false, passesAttention: true });

/** Sectors of other kinds than READ CD may ask for: any, or mode 1. */
const READ_CD_TYPES = [0, 2], READ_CD_NOTHING = 0, READ_CD_USER_DATA = 0x10;

const COMMANDS: ReadonlyMap<number, Entry> = new Map<number, Entry>([
  // TEST UNIT READY
  [0x00, onDisc(() => DONE)],
  // REQUEST SENSE
  [0x03, always((drive, c) => drive.requestSense(c[4]))],
  // INQUIRY; there are no pages of vital product data.
  [0x12, always((drive, c) => ((c[1] & 1) !== 0 || c[2] !== 0 ? drive.fail(INVALID_FIELD) : answer(inquiryData(), c[4])))],
  // START STOP UNIT
  [0x1b, onDrive((drive, c) => drive.startStop((c[4] & 2) !== 0, (c[4] & 1) !== 0))],
  // PREVENT ALLOW MEDIUM REMOVAL
  [0x1e, onDrive((drive, c) => drive.lock((c[4] & 1) !== 0))],
  // READ CAPACITY
  [0x25, onDisc((drive) => answer(capacityData(drive.blockCount), 8))],
  // READ(10), READ(12)
  [0x28, onDisc((drive, c) => drive.read(dword(c, 2), word(c, 7)))],
  [0xa8, onDisc((drive, c) => drive.read(dword(c, 2), dword(c, 6)))],
  // SEEK(10)
  [0x2b, onDisc((drive, c) => (dword(c, 2) < drive.blockCount ? DONE : drive.fail(NO_SUCH_BLOCK)))],
  // READ SUB-CHANNEL
  [0x42, onDisc((drive, c) => drive.answerIf(subChannelData((c[2] & 0x40) !== 0 ? c[3] : 0), word(c, 7)))],
  // READ TOC/PMA/ATIP
  [0x43, onDisc((drive, c) => drive.readToc(c))],
  // GET CONFIGURATION
  [0x46, always((drive, c) => ((c[1] & 3) === 3 ? drive.fail(INVALID_FIELD) : answer(configuration(drive.hasMedium ? drive.blockCount : null, c[1] & 3, word(c, 2)), word(c, 7))))],
  // GET EVENT STATUS NOTIFICATION
  [0x4a, always((drive, c) => drive.eventStatus((c[1] & 1) !== 0, c[4], word(c, 7)))],
  // READ DISC INFORMATION, READ TRACK INFORMATION
  [0x51, onDisc((_drive, c) => answer(discInformation(), word(c, 7)))],
  [0x52, onDisc((drive, c) => answer(trackInformation(drive.blockCount), word(c, 7)))],
  // MODE SENSE(10): page control 1 asks for what can be changed, 3 for what is saved.
  [0x5a, onDrive((drive, c) => (c[2] >>> 6 === 3 ? drive.fail(NO_SAVED_PAGES) : drive.answerIf(modeData(c[2] & 0x3f, c[2] >>> 6 === 1, drive.isLocked), word(c, 7))))],
  // SET CD SPEED
  [0xbb, onDrive(() => DONE)],
  // MECHANISM STATUS
  [0xbd, onDrive((drive, c) => answer(mechanismStatus(drive.isOpen), word(c, 8)))],
  // READ CD: user data only.
  [0xbe, onDisc((drive, c) => drive.readCd((c[1] >>> 2) & 7, dword(c, 2), dword(c, 5) % 0x1000000, c[9]))],
]);

function answer(bytes: Uint8Array, room: number): Reply {
  return room === 0 ? DONE : { kind: "data", bytes: bytes.subarray(0, room) };
}

export class MmcDrive implements Device, Saveable {
  private readonly s = powerOn();
  private image: BlockDevice | null;

  constructor(image: BlockDevice | null) {
    this.image = image;
  }

  // ---- a person's side

  /** Puts another disc into the drive, or none, and closes it; whether the guest has locked it is not asked. The image stays the caller's to close. */
  change(image: BlockDevice | null): void {
    const { s } = this;
    this.image = image;
    s.isOpen = s.isLocked = false;
    this.noteMedium();
  }

  /** A person presses the button: opens the tray, or asks the guest to if it has locked it. Returns whether it is open. */
  pressEject(): boolean {
    const { s } = this;
    if (s.isLocked) s.event = EVENT_EJECT_REQUEST;
    else this.moveTray(true);
    return s.isOpen;
  }

  // ---- the guest's side

  execute(command: Command): Reply {
    const { s } = this, entry = COMMANDS.get(command[0]);
    if (entry?.passesAttention !== true) {
      const { attention } = s;
      s.attention = null;
      if (attention !== null) return this.fail(attention);
      s.sense = NO_SENSE;
    }
    if (entry === undefined) return this.fail(UNKNOWN_COMMAND);
    if (entry.needsMedium && !this.hasMedium) return this.fail(s.isOpen ? TRAY_OPEN : NO_MEDIUM);
    return entry.handle(this, command);
  }

  /** Blocks that were asked for. Rejects if the image cannot be read, or is there no more. */
  async readBlocks(first: number, bytes: Uint8Array): Promise<void> {
    if (this.image === null) throw new Error("the disc has been taken out");
    await this.image.read(first * BLOCK_BYTES, bytes);
  }

  /** They could not be read. */
  failRead(): Reply {
    return this.fail(READ_ERROR);
  }

  get hasMedium(): boolean {
    return this.image !== null && !this.s.isOpen;
  }

  get isOpen(): boolean {
    return this.s.isOpen;
  }

  get isLocked(): boolean {
    return this.s.isLocked;
  }

  get blockCount(): number {
    return this.image === null ? 0 : Math.floor(this.image.sizeBytes / BLOCK_BYTES);
  }

  reset(): void {
    Object.assign(this.s, powerOn());
  }

  save(): SavedState {
    return saveFields(this.s);
  }

  restore(state: SavedState): void {
    restoreFields("CD-ROM", this.s, SHAPE, state);
  }

  // ---- commands

  fail(sense: Sense): Reply {
    this.s.sense = sense;
    return { kind: "failed", key: sense.key };
  }

  answerIf(bytes: Uint8Array | null, room: number): Reply {
    return bytes === null ? this.fail(INVALID_FIELD) : answer(bytes, room);
  }

  /** Tells what went wrong last, or a unit attention; once. */
  requestSense(room: number): Reply {
    const { s } = this, sense = s.sense.key === 0 && s.attention !== null ? s.attention : s.sense;
    if (sense === s.attention) s.attention = null;
    s.sense = NO_SENSE;
    return answer(senseData(sense), room);
  }

  read(first: number, count: number): Reply {
    if (first + count > this.blockCount) return this.fail(NO_SUCH_BLOCK);
    return count === 0 ? DONE : { kind: "blocks", first, count };
  }

  readCd(type: number, first: number, count: number, parts: number): Reply {
    if (!READ_CD_TYPES.includes(type)) return this.fail(WRONG_TRACK_MODE);
    if (parts === READ_CD_NOTHING) return DONE;
    return parts === READ_CD_USER_DATA ? this.read(first, count) : this.fail(INVALID_FIELD);
  }

  /** The format is in byte 2; drives older than MMC have it in byte 9. */
  readToc(command: Command): Reply {
    const isTime = (command[1] & 2) !== 0, format = (command[2] & 15) || command[9] >>> 6, room = word(command, 7);
    switch (format) {
      case 0: return this.answerIf(tocData(this.blockCount, command[6], isTime), room);
      case 1: return answer(sessionData(isTime), room);
      case 2: return answer(fullTocData(this.blockCount), room);
      default: return this.fail(INVALID_FIELD);
    }
  }

  startStop(movesTray: boolean, starts: boolean): Reply {
    if (!movesTray) return DONE;
    if (!starts && this.s.isLocked) return this.fail(REMOVAL_PREVENTED);
    this.moveTray(!starts);
    return DONE;
  }

  lock(isLocked: boolean): Reply {
    this.s.isLocked = isLocked;
    return DONE;
  }

  /** Only the way without an interrupt is offered. */
  eventStatus(isPolled: boolean, classes: number, room: number): Reply {
    const { s } = this, mediaClass = 0x10;
    if (!isPolled) return this.fail(INVALID_FIELD);
    if ((classes & mediaClass) === 0) return answer(noEvent(), room);
    const { event } = s;
    s.event = EVENT_NONE;
    return answer(mediaEvent(event, s.isOpen, this.hasMedium), room);
  }

  private moveTray(isOpen: boolean): void {
    if (this.s.isOpen === isOpen) return;
    this.s.isOpen = isOpen;
    this.noteMedium();
  }

  private noteMedium(): void {
    const { s } = this;
    s.event = this.hasMedium ? EVENT_NEW_MEDIUM : EVENT_REMOVAL;
    if (this.hasMedium) s.attention = MEDIUM_CHANGED;
  }
}
