/** What a drive says of a command that failed (SPC-3, §4.5): a sense key, and a code with its qualifier. */

export interface Sense {
  /** 0..15; what kind of failure. */
  readonly key: number;
  /** Additional sense code, and its qualifier. */
  readonly code: number;
  readonly qualifier: number;
}

const sense = (key: number, code: number, qualifier = 0): Sense => ({ key, code, qualifier });

export const NO_SENSE = sense(0, 0);
/** The tray is closed, with nothing in it; it is open. */
export const NO_MEDIUM = sense(2, 0x3a, 1), TRAY_OPEN = sense(2, 0x3a, 2);
export const READ_ERROR = sense(3, 0x11);
export const UNKNOWN_COMMAND = sense(5, 0x20), NO_SUCH_BLOCK = sense(5, 0x21), INVALID_FIELD = sense(5, 0x24), NO_SAVED_PAGES = sense(5, 0x39), WRONG_TRACK_MODE = sense(5, 0x64),
  REMOVAL_PREVENTED = sense(5, 0x53, 2);
/** Unit attentions: told once, in answer to the next command. */
export const MEDIUM_CHANGED = sense(6, 0x28), POWER_ON = sense(6, 0x29);

const RESPONSE_CURRENT = 0x70, SENSE_BYTES = 18;

/** In the fixed format (§4.5.3). */
export function senseData({ key, code, qualifier }: Sense): Uint8Array {
  const bytes = new Uint8Array(SENSE_BYTES);
  bytes[0] = RESPONSE_CURRENT;
  bytes[2] = key;
  bytes[7] = SENSE_BYTES - 8;
  bytes[12] = code;
  bytes[13] = qualifier;
  return bytes;
}
