/**
 * The BIOS data area (IBM PS/2 and PC BIOS Interface Technical Reference, section 3) as firmware leaves it, for kernels that are started without:
 * they look there for serial lines, the end of base memory, and what the screen is like.
 */
import { BASE_MEMORY_END } from "../memory-map.ts";
import type { Segment } from "./plan.ts";

const ADDRESS = 0x400, BYTES = 0x100;
/** Offsets. */
const COM_PORTS = 0x00, EBDA_SEGMENT = 0x0e, EQUIPMENT = 0x10, BASE_KIB = 0x13, KEYBOARD_HEAD = 0x1a, KEYBOARD_TAIL = 0x1c, VIDEO_MODE = 0x49, COLUMNS = 0x4a, PAGE_BYTES = 0x4c, CURSOR_SHAPE = 0x60,
  CRTC_PORT = 0x63, KEYBOARD_START = 0x80, KEYBOARD_END = 0x82, LAST_ROW = 0x84, CHARACTER_LINES = 0x85;
/** Of the list of equipment: a mathematics coprocessor, a mouse, 80 columns in colour; the number of serial lines goes to bits 9 to 11. */
const COPROCESSOR = 1 << 1, POINTING_DEVICE = 1 << 2, COLOUR_80 = 2 << 4, SERIAL_LINES = 9;
const KEYBOARD_BUFFER = 0x1e, KEYBOARD_BUFFER_END = 0x3e;
const TEXT_MODE = 3;

/** @param comPorts  of the serial lines */
export function biosData(comPorts: readonly number[]): Segment {
  const bytes = new Uint8Array(BYTES), view = new DataView(bytes.buffer), half = (at: number, value: number): void => view.setUint16(at, value, true);
  comPorts.forEach((port, i) => half(COM_PORTS + 2 * i, port));
  half(EBDA_SEGMENT, BASE_MEMORY_END >>> 4);
  half(EQUIPMENT, COPROCESSOR | POINTING_DEVICE | COLOUR_80 | (comPorts.length << SERIAL_LINES));
  half(BASE_KIB, BASE_MEMORY_END / 1024);
  half(KEYBOARD_HEAD, KEYBOARD_BUFFER);
  half(KEYBOARD_TAIL, KEYBOARD_BUFFER);
  half(KEYBOARD_START, KEYBOARD_BUFFER);
  half(KEYBOARD_END, KEYBOARD_BUFFER_END);
  bytes[VIDEO_MODE] = TEXT_MODE;
  half(COLUMNS, 80);
  half(PAGE_BYTES, 0x1000);
  half(CURSOR_SHAPE, 0x0d0e);
  half(CRTC_PORT, 0x3d4);
  bytes[LAST_ROW] = 24;
  half(CHARACTER_LINES, 16);
  return { address: ADDRESS, bytes, sizeBytes: BYTES, isCode: false };
}
