/** What a CD-ROM drive answers about itself and a disc with one data track (MMC-5; SPC-3). Numbers are big endian. */

export const BLOCK_BYTES = 2048;
/** Sectors of a disc's lead-in that times count and addresses do not: two seconds. */
const LEAD_IN = 150, FRAMES_PER_SECOND = 75;
/** More than the longest CD has: such a disc passes for a DVD. */
const MAX_CD_BLOCKS = 99 * 60 * FRAMES_PER_SECOND - LEAD_IN;
/** Control and ADR of a track: data, copying prohibited; its position is in Q (§5.23.3). */
const DATA_TRACK = 0x14;
const LEAD_OUT = 0xaa;
const PROFILE_CD = 0x0008, PROFILE_DVD = 0x0010;

/** `count` bytes with big-endian words and double words in some places. */
class Answer {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(count: number) {
    this.bytes = new Uint8Array(count);
    this.view = new DataView(this.bytes.buffer);
  }

  put(offset: number, ...values: readonly number[]): this {
    this.bytes.set(values, offset);
    return this;
  }

  word(offset: number, value: number): this {
    this.view.setUint16(offset, value);
    return this;
  }

  dword(offset: number, value: number): this {
    this.view.setUint32(offset, value);
    return this;
  }

  text(offset: number, count: number, text: string): this {
    for (let i = 0; i < count; i++) this.bytes[offset + i] = i < text.length ? text.charCodeAt(i) : 0x20;
    return this;
  }
}

/** An address as a double word, or as minutes, seconds and frames. */
function addressBytes(block: number, isTime: boolean): number[] {
  if (!isTime) return [block >>> 24, (block >>> 16) & 0xff, (block >>> 8) & 0xff, block & 0xff];
  const frames = block + LEAD_IN, seconds = Math.floor(frames / FRAMES_PER_SECOND);
  return [0, Math.min(0xff, Math.floor(seconds / 60)), seconds % 60, frames % FRAMES_PER_SECOND];
}

/** INQUIRY: standard data, of a removable CD device. */
export function inquiryData(): Uint8Array {
  return new Answer(36).put(0, 5, 0x80, 0, 0x21, 31).text(8, 8, "TCGJS").text(16, 16, "CD-ROM").text(32, 4, "1.0").bytes;
}

export function capacityData(blockCount: number): Uint8Array {
  return new Answer(8).dword(0, blockCount - 1).dword(4, BLOCK_BYTES).bytes;
}

/** READ TOC/PMA/ATIP, format 0: tracks from `first` on, and the lead-out. Null if there is no such track. */
export function tocData(blockCount: number, first: number, isTime: boolean): Uint8Array | null {
  if (first > 1 && first !== LEAD_OUT) return null;
  const track = first <= 1 ? [0, DATA_TRACK, 1, 0, ...addressBytes(0, isTime)] : [], end = [0, DATA_TRACK, LEAD_OUT, 0, ...addressBytes(blockCount, isTime)];
  return tocAnswer([...track, ...end]);
}

/** Format 1: the first track of the last session. */
export function sessionData(isTime: boolean): Uint8Array {
  return tocAnswer([0, DATA_TRACK, 1, 0, ...addressBytes(0, isTime)]);
}

/** Format 2: what stands in the lead-in: first and last track, the lead-out's start, the track; always as times. */
export function fullTocData(blockCount: number): Uint8Array {
  const entry = (point: number, time: readonly number[]): number[] => [1, DATA_TRACK, 0, point, 0, 0, 0, ...time];
  return tocAnswer([...entry(0xa0, [0, 1, 0, 0]), ...entry(0xa1, [0, 1, 0, 0]), ...entry(0xa2, addressBytes(blockCount, true)), ...entry(1, addressBytes(0, true))]);
}

/** Length, first and last track or session, entries. */
function tocAnswer(entries: readonly number[]): Uint8Array {
  return new Answer(4 + entries.length).word(0, 2 + entries.length).put(2, 1, 1).put(4, ...entries).bytes;
}

/** READ DISC INFORMATION (§6.22): one session, complete. */
export function discInformation(): Uint8Array {
  const isComplete = 0x0e, unrestricted = 0x20;
  return new Answer(34).word(0, 32).put(2, isComplete, 1, 1, 1, 1, unrestricted).bytes;
}

/** READ TRACK INFORMATION (§6.27) of the track. */
export function trackInformation(blockCount: number): Uint8Array {
  return new Answer(36).word(0, 34).put(2, 1, 1, 0, 4, 1).dword(24, blockCount).bytes;
}

/** READ SUB-CHANNEL (§6.25): no audio plays. Null for a format that there is not. @param format  0: the header alone */
export function subChannelData(format: number): Uint8Array | null {
  const noStatus = 0x15, lengths: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 20, 3: 20 }, { [format]: length } = lengths;
  if (length === undefined) return null;
  const answer = new Answer(4 + length).put(1, noStatus).word(2, length);
  return (length > 0 ? answer.put(4, format) : answer).bytes;
}

/** MECHANISM STATUS (§6.11): no changer. */
export function mechanismStatus(isOpen: boolean): Uint8Array {
  return new Answer(8).put(1, isOpen ? 0x10 : 0).bytes;
}

/** GET EVENT STATUS NOTIFICATION (§6.6): the media class, which is the only one. @param event  0 none, 1 eject request, 2 new medium, 3 removal */
export function mediaEvent(event: number, isOpen: boolean, hasMedium: boolean): Uint8Array {
  const mediaClass = 4, supported = 1 << mediaClass;
  return new Answer(8).word(0, 6).put(2, mediaClass, supported, event, (hasMedium ? 2 : 0) | (isOpen ? 1 : 0)).bytes;
}

/** The answer where no class was asked for that there is. */
export function noEvent(): Uint8Array {
  return new Answer(4).word(0, 2).put(2, 0x80, 1 << 4).bytes;
}

/** A feature (§5.3): code; version, persistent and current bits; its data. */
interface Feature {
  readonly code: number;
  readonly isPersistent: boolean;
  readonly isCurrent: boolean;
  readonly data: readonly number[];
}

/** The profile of what is in the drive; 0 for nothing. */
function profileOf(blockCount: number | null): number {
  return blockCount === null ? 0 : blockCount > MAX_CD_BLOCKS ? PROFILE_DVD : PROFILE_CD;
}

function features(profile: number): readonly Feature[] {
  const isReadable = profile !== 0, one = (code: number): number[] => [code >>> 8, code & 0xff, profile === code ? 1 : 0, 0];
  return [
    { code: 0x0000, isPersistent: true, isCurrent: true, data: [...one(PROFILE_DVD), ...one(PROFILE_CD)] },
    // Core: ATAPI; no INQUIRY and removal bits beyond MMC-3.
    { code: 0x0001, isPersistent: true, isCurrent: true, data: [0, 0, 0, 2] },
    // Removable medium: a tray, which can be ejected and locked.
    { code: 0x0003, isPersistent: true, isCurrent: true, data: [0x29, 0, 0, 0] },
    // Random readable: blocks of 2048 bytes, one at a time.
    { code: 0x0010, isPersistent: false, isCurrent: isReadable, data: [0, 0, 8, 0, 0, 1, 0, 0] },
    { code: 0x001e, isPersistent: false, isCurrent: profile === PROFILE_CD, data: [0, 0, 0, 0] },
    { code: 0x001f, isPersistent: false, isCurrent: profile === PROFILE_DVD, data: [] },
  ];
}

/**
 * GET CONFIGURATION (§6.5).
 * @param which  0 all features, 1 those that are current, 2 the one feature `first`; of 0 and 1 those from `first` on
 */
export function configuration(blockCount: number | null, which: number, first: number): Uint8Array {
  const profile = profileOf(blockCount);
  const listed = features(profile).filter(({ code, isCurrent }) => (which === 2 ? code === first : code >= first) && (which !== 1 || isCurrent));
  const bytes = listed.flatMap(({ code, isPersistent, isCurrent, data }) => [code >>> 8, code & 0xff, (isPersistent ? 2 : 0) | (isCurrent ? 1 : 0), data.length, ...data]);
  return new Answer(8 + bytes.length).dword(0, 4 + bytes.length).word(6, profile).put(8, ...bytes).bytes;
}

/** Mode pages (§7): read error recovery, capabilities. */
const PAGES: ReadonlyMap<number, readonly number[]> = new Map([
  [0x01, [0, 3, 0, 0, 0, 0]],
  // Reads CD-R, CD-RW; mode 2 and multiple sessions; a tray that can be locked and ejected; 32 times the speed of a CD of 1x.
  [0x2a, [0x03, 0, 0x60, 0, 0x29, 0, 0x15, 0x80, 0, 2, 2, 0, 0x15, 0x80, 0, 0, 0, 0]],
]);
const ALL_PAGES = 0x3f;
const LOCK_STATE = 2;

/** MODE SENSE(10) (§6.10): the header and pages. Null if there is no such page. @param areZero  what can be changed is asked for: nothing */
export function modeData(page: number, areZero: boolean, isLocked: boolean): Uint8Array | null {
  const wanted = [...PAGES].filter(([code]) => page === ALL_PAGES || page === code);
  if (wanted.length === 0) return null;
  const bytes = wanted.flatMap(([code, data]) => {
    const shown = areZero ? data.map(() => 0) : code === 0x2a && isLocked ? data.with(4, data[4] | LOCK_STATE) : data;
    return [code, data.length, ...shown];
  });
  return new Answer(8 + bytes.length).word(0, 6 + bytes.length).put(8, ...bytes).bytes;
}
