/**
 * Packed integer operations lane by lane: result lane i is a function of lanes i of the two operands (SDM 2B, the P…
 * instructions of MMX, SSE2, SSSE3 and SSE4.1). One row each; `insns/sse/packed.ts` gives them their encodings.
 */
import type { Cpu } from "../../cpu.ts";
import type { VectorBody, VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** How the operands are divided: lane width in bits, signed or not. Results wrap to the same width. */
export type LaneType = "u8" | "s8" | "u16" | "s16" | "u32" | "s32";
export type LaneFunction = (x: number, y: number) => number;

const clamp = (low: number, high: number): ((v: number) => number) => (v) => (v < low ? low : v > high ? high : v);
export const toS8 = clamp(-128, 127), toU8 = clamp(0, 255), toS16 = clamp(-32768, 32767), toU16 = clamp(0, 65535);

const least: LaneFunction = (x, y) => (x < y ? x : y), greatest: LaneFunction = (x, y) => (x > y ? x : y);
const equal: LaneFunction = (x, y) => (x === y ? -1 : 0), greater: LaneFunction = (x, y) => (x > y ? -1 : 0);
const average: LaneFunction = (x, y) => (x + y + 1) >> 1;
const sign: LaneFunction = (x, y) => (y < 0 ? -x : y === 0 ? 0 : x);
const absolute: LaneFunction = (_x, y) => Math.abs(y);
const add: LaneFunction = (x, y) => x + y, subtract: LaneFunction = (x, y) => x - y;

/** What each insn does to a pair of lanes. */
export const LANE_OPERATIONS = {
  paddb: ["u8", add], paddw: ["u16", add],
  psubb: ["u8", subtract], psubw: ["u16", subtract],
  paddsb: ["s8", (x, y) => toS8(x + y)], paddsw: ["s16", (x, y) => toS16(x + y)],
  paddusb: ["u8", (x, y) => toU8(x + y)], paddusw: ["u16", (x, y) => toU16(x + y)],
  psubsb: ["s8", (x, y) => toS8(x - y)], psubsw: ["s16", (x, y) => toS16(x - y)],
  psubusb: ["u8", (x, y) => toU8(x - y)], psubusw: ["u16", (x, y) => toU16(x - y)],
  pminub: ["u8", least], pmaxub: ["u8", greatest], pminsw: ["s16", least], pmaxsw: ["s16", greatest],
  pminsb: ["s8", least], pmaxsb: ["s8", greatest], pminuw: ["u16", least], pmaxuw: ["u16", greatest],
  pminsd: ["s32", least], pmaxsd: ["s32", greatest], pminud: ["u32", least], pmaxud: ["u32", greatest],
  pavgb: ["u8", average], pavgw: ["u16", average],
  pcmpeqb: ["u8", equal], pcmpeqw: ["u16", equal], pcmpgtb: ["s8", greater], pcmpgtw: ["s16", greater],
  pmullw: ["s16", (x, y) => Math.imul(x, y)],
  pmulhw: ["s16", (x, y) => Math.imul(x, y) >> 16], pmulhuw: ["u16", (x, y) => (x * y) / 65536],
  pmulhrsw: ["s16", (x, y) => ((Math.imul(x, y) >> 14) + 1) >> 1],
  psignb: ["s8", sign], psignw: ["s16", sign], psignd: ["s32", sign],
  pabsb: ["s8", absolute], pabsw: ["s16", absolute], pabsd: ["s32", absolute],
} satisfies Record<string, readonly [LaneType, LaneFunction]>;

export type LaneOperation = keyof typeof LANE_OPERATIONS;

type Lanes = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/** The state file divided into lanes. */
export function lanesOf(cpu: Cpu, type: LaneType): Lanes {
  const { buffer, byteOffset, byteLength } = cpu.R;
  switch (type) {
    case "u8": return new Uint8Array(buffer, byteOffset, byteLength);
    case "s8": return new Int8Array(buffer, byteOffset, byteLength);
    case "u16": return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case "s16": return new Int16Array(buffer, byteOffset, byteLength / 2);
    case "u32": return new Uint32Array(buffer, byteOffset, byteLength / 4);
    case "s32": return new Int32Array(buffer, byteOffset, byteLength / 4);
  }
}

/** The helper for a row on registers of 2 (MMX) or 4 (XMM) words. */
export function laneHelper(name: LaneOperation, words: 2 | 4): VectorHelper {
  const row: readonly [LaneType, LaneFunction] = LANE_OPERATIONS[name], [type, compute] = row;
  return defVectorHelper(`${name}_${words * 32}`, {
    doc: `${name.toUpperCase()} on ${words * 32} bits.`,
    bind: (cpu) => laneByLane(lanesOf(cpu, type), words, compute),
  });
}

function laneByLane(lanes: Lanes, words: number, compute: LaneFunction): VectorBody {
  const perWord = 4 / lanes.BYTES_PER_ELEMENT, count = words * perWord;
  return (dst, src) => {
    const d = dst * perWord, s = src * perWord;
    for (let i = 0; i < count; i++) lanes[d + i] = compute(lanes[d + i], lanes[s + i]);
  };
}
