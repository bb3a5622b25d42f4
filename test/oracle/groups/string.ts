// MOVS CMPS STOS LODS SCAS with all repeat prefixes, both directions, overlapping blocks and 16-bit addresses.
// REPNE with MOVS, STOS and LODS is left out: the manual reserves it.

import { le } from "../bytes.ts";
import { Case, SIZES, type Size } from "../case.ts";
import type { Group } from "../group.ts";
import { DATA, DF, EAX, ECX, EDI, ESI, LOW } from "../machine-model.ts";
import { wide } from "./alu.ts";

export const string: Group = {
  name: "string",
  weight: 7,
  make(random) {
    const c = new Case(random, "string");
    const operation = random.pick(OPERATIONS);
    const size = random.pick(SIZES);
    const repeat = random.pick(operation.compares ? COMPARE_REPEATS : MOVE_REPEATS);
    c.eflags |= random.chance(0.4) ? DF : 0;
    const is16 = random.chance(0.12);
    c.name = `${repeat.name}${operation.name}${size * 8}${is16 ? " a16" : ""}`;
    const block = layOut(c, size, (is16 ? LOW : DATA).base);
    fill(c, operation.name, size, block, repeat.prefix === REPNE);
    setRegisters(c, block, is16);
    c.operandSize(size);
    if (repeat.prefix !== undefined) c.prefix(repeat.prefix);
    return c.emit(operation.opcode | wide(size));
  },
};

const ADDRESS_SIZE = 0x67;
const REPE = 0xf3, REPNE = 0xf2;
const MAX_COUNT = 24;

const OPERATIONS = [
  { name: "movs", opcode: 0xa4, compares: false },
  { name: "cmps", opcode: 0xa6, compares: true },
  { name: "stos", opcode: 0xaa, compares: false },
  { name: "lods", opcode: 0xac, compares: false },
  { name: "scas", opcode: 0xae, compares: true },
] as const;
type OperationName = (typeof OPERATIONS)[number]["name"];

interface Repeat {
  readonly name: string;
  readonly prefix?: number;
}
const NO_REPEAT: Repeat = { name: "" };
const MOVE_REPEATS: readonly Repeat[] = [NO_REPEAT, { name: "rep ", prefix: REPE }, { name: "rep ", prefix: REPE }];
const COMPARE_REPEATS: readonly Repeat[] = [NO_REPEAT, { name: "repe ", prefix: REPE }, { name: "repne ", prefix: REPNE }];

interface Block {
  readonly source: number;
  readonly destination: number;
  readonly count: number;
  /** Bytes before and behind the start that an operation may touch, whatever its direction. */
  readonly span: number;
}

function layOut(c: Case, size: Size, base: number): Block {
  const { random } = c;
  const source = base + 0x200 + random.below(0x200);
  const overlaps = random.chance(0.3);
  const destination = overlaps ? source + random.between(-8, 8) : base + 0x700 + random.below(0x200);
  const count = random.chance(0.17) ? 0 : random.below(MAX_COUNT);
  return { source, destination, count, span: (count + 1) * size + 8 };
}

/** Bytes around both blocks; equal or nearly equal ones where a comparison should go on for a while. */
function fill(c: Case, operation: OperationName, size: Size, block: Block, untilEqual: boolean): void {
  const { random } = c;
  const around = (address: number, bytes: readonly number[]) => c.place(address - block.span, bytes);
  if (operation === "scas" && random.chance(0.8)) {
    around(block.destination, scannedBytes(c, size, block, untilEqual));
    return;
  }
  const bytes = random.bytes(2 * block.span);
  const isApart = Math.abs(block.source - block.destination) > 64;
  around(isApart ? block.source : Math.min(block.source, block.destination), isApart ? bytes : [...bytes, ...random.bytes(8)]);
  if (!isApart) return;
  around(block.destination, operation === "cmps" && !untilEqual ? almostEqual(c, bytes) : random.bytes(2 * block.span));
}

/** A copy that differs from the original in one byte, or not at all. */
function almostEqual(c: Case, bytes: readonly number[]): number[] {
  const copy = [...bytes];
  copy[c.random.below(copy.length)] ^= c.random.pick([0, 1, 0x80]);
  return copy;
}

/** Elements equal to the accumulator but one, or for REPNE all different but one. */
function scannedBytes(c: Case, size: Size, block: Block, untilEqual: boolean): number[] {
  const { random } = c;
  const element = random.value();
  c.setSized(EAX, size, element);
  const usual = untilEqual ? le(~element, size) : le(element, size);
  const odd = untilEqual ? le(element, size) : le(element ^ (1 << random.below(8 * size)), size);
  const phase = block.span % size; // elements line up with the start of the block
  const bytes = Array.from({ length: 2 * block.span }, (_, i) => usual[(i - phase + size) % size]);
  const direction = c.eflags & DF ? -1 : 1;
  const oddAt = block.span + direction * size * random.below(block.count + 1);
  bytes.splice(oddAt, size, ...odd);
  return bytes;
}

function setRegisters(c: Case, block: Block, is16: boolean): void {
  if (is16) c.prefix(ADDRESS_SIZE);
  const noise = () => (is16 ? c.random.u32() & ~0xffff : 0);
  c.set(ESI, noise() | block.source).set(EDI, noise() | block.destination).set(ECX, noise() | block.count);
}
