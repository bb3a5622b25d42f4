/**
 * What the elements of XMM registers are in a block: words, singles or doubles. Arithmetic says it, but MOVAPS, XORPS and
 * their like move any, and compilers use them so. A move takes the kind of what its source was made by, or else of what its
 * result is used for; in the wrong one nothing goes wrong, but every change of kind leads through memory.
 */
import type { Insn } from "./isa/insn.ts";
import { SHAPE_REG } from "./isa/insn.ts";

export type ElementKind = "word" | "single" | "double";

/** The XMM registers of an insn, by slot; null for those it does not have. */
interface Registers {
  readonly destination: number | null;
  readonly source: number | null;
  /** The old value of the destination does not matter. */
  readonly replaces: boolean;
  /** Both are the same, and the result is 0. */
  readonly clears: boolean;
}

const CLEARING: ReadonlySet<string> = new Set(["xorps", "xorpd", "pxor"]);

function registersOf(insn: Insn): Registers {
  const { form } = insn;
  const [first, second] = (form?.operands ?? []).slice(0, 2).map(({ kind }) => {
    if (kind === "V") return insn.b;
    return kind === "U" || (kind === "W" && insn.shape === SHAPE_REG) ? insn.a : null;
  });
  const destination = first ?? null, source = second ?? null;
  const clears = destination !== null && destination === source && CLEARING.has(form?.def.name ?? "");
  const { moves, elements } = form?.def ?? {};
  const replaces = clears || Array.isArray(elements) || (moves !== undefined && form?.def.mixes !== true);
  return { destination, source, replaces, clears };
}

/** The kinds of the insns in the block that only move elements. */
export function elementKindsOf(insns: readonly Insn[]): ReadonlyMap<Insn, ElementKind> {
  const kinds = new Map<Insn, ElementKind>();
  const registers = insns.map((insn) => registersOf(insn));
  if (registers.every(({ destination, source }) => destination === null && source === null)) return kinds;
  const made = new Map<number, ElementKind>();
  insns.forEach((insn, i) => {
    const { moves, elements } = insn.form?.def ?? {}, { destination, source, clears } = registers[i];
    let kind: ElementKind = "word";
    if (moves !== undefined || clears) {
      const before = clears ? undefined : madeBy(made, source) ?? madeBy(made, destination);
      kind = before ?? usedFor(insns, registers, i) ?? moves ?? "double";   // 0 is the same in all views
      kinds.set(insn, kind);
    } else if (elements !== undefined) {
      const [to, from] = typeof elements === "string" ? [elements, elements] : elements;
      if (source !== null && !made.has(source)) made.set(source, from);
      kind = to;
    }
    if (destination !== null) made.set(destination, kind);
  });
  return kinds;
}

const madeBy = (made: ReadonlyMap<number, ElementKind>, slot: number | null): ElementKind | undefined => (slot === null ? undefined : made.get(slot));

/** What the first insn that says something about the result of the `i`-th takes it as. */
function usedFor(insns: readonly Insn[], registers: readonly Registers[], i: number): ElementKind | undefined {
  const { destination: result } = registers[i];
  if (result === null) return undefined;
  const copies = new Set([result]);
  for (let k = i + 1; k < insns.length && copies.size > 0; k++) {
    const { moves, elements } = insns[k].form?.def ?? {}, { destination, source, replaces, clears } = registers[k];
    const isSource = source !== null && copies.has(source), isDestination = destination !== null && copies.has(destination);
    if (!isSource && !isDestination) continue;
    if (moves === undefined && !clears && (isSource || !replaces)) {
      if (typeof elements === "string") return elements;
      return elements === undefined ? "word" : elements[isSource ? 1 : 0];
    }
    if (isSource && destination !== null && !clears) copies.add(destination);
    else if (replaces && destination !== null) copies.delete(destination);
  }
  return undefined;
}
