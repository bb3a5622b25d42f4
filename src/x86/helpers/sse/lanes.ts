/**
 * Packed integer operations lane by lane: result lane i is a function of lanes i of the two operands (SDM 2B, the P…
 * instructions of SSSE3), as far as they are not done on words (`insns/sse/packed-words.ts`). One row each;
 * `insns/sse/packed.ts` gives them their encodings.
 */
import type { Cpu } from "../../cpu.ts";
import type { VectorBody, VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** How the operands are divided: lane width in bits; lanes are signed. Results wrap to the same width. */
export type LaneType = "s8" | "s16" | "s32";
export type LaneFunction = (x: number, y: number) => number;

const clamp = (low: number, high: number): ((v: number) => number) => (v) => (v < low ? low : v > high ? high : v);
export const toS8 = clamp(-128, 127), toS16 = clamp(-32768, 32767), toU16 = clamp(0, 65535);

const sign: LaneFunction = (x, y) => (y < 0 ? -x : y === 0 ? 0 : x);
const absolute: LaneFunction = (_x, y) => Math.abs(y);

/** What each insn does to a pair of lanes. */
export const LANE_OPERATIONS = {
  pmulhrsw: ["s16", (x, y) => ((Math.imul(x, y) >> 14) + 1) >> 1],
  psignb: ["s8", sign], psignw: ["s16", sign], psignd: ["s32", sign],
  pabsb: ["s8", absolute], pabsw: ["s16", absolute], pabsd: ["s32", absolute],
} satisfies Record<string, readonly [LaneType, LaneFunction]>;

export type LaneOperation = keyof typeof LANE_OPERATIONS;

type Lanes = Int8Array | Int16Array | Int32Array;

/** The state file divided into lanes. */
export function lanesOf(cpu: Cpu, type: LaneType): Lanes {
  const { buffer, byteOffset, byteLength } = cpu.R;
  switch (type) {
    case "s8": return new Int8Array(buffer, byteOffset, byteLength);
    case "s16": return new Int16Array(buffer, byteOffset, byteLength / 2);
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
