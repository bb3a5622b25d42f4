/** Comparisons: CMPccPS and its like, COMIS and UCOMIS, MIN and MAX. */
import { DENORMAL, FloatUnit, IE, QUIET, SIGNALING, ZERO } from "./float-unit.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** How two elements compare. */
export const LESS = 0, EQUAL = 1, GREATER = 2, UNORDERED = 3;

/** Compares two elements: SNaNs are invalid, quiet ones too if `signalsQuiet`; denormals raise DE or are zeros. */
function relation(unit: FloatUnit, x: number, y: number, isSingle: boolean, signalsQuiet: boolean): number {
  const cx = unit.classOf(x, isSingle), cy = unit.classOf(y, isSingle);
  if (cx >= QUIET || cy >= QUIET) {
    if (signalsQuiet || cx === SIGNALING || cy === SIGNALING) unit.raised |= IE;
    return UNORDERED;
  }
  const a = unit.operandClass(x, isSingle) === ZERO ? 0 : unit.valueOf(x, isSingle);
  const b = unit.operandClass(y, isSingle) === ZERO ? 0 : unit.valueOf(y, isSingle);
  return a < b ? LESS : a > b ? GREATER : EQUAL;
}

/** Whether predicates 0..3 (EQ, LT, LE, UNORD) hold, a bit per relation; predicate n + 4 is the negation. */
const HOLDS = [1 << EQUAL, 1 << LESS, (1 << LESS) | (1 << EQUAL), 1 << UNORDERED];

/** CMPccPS: all ones where the predicate holds. LT, LE and their negations signal quiet NaNs. */
export function comparePredicate(unit: FloatUnit, x: number, y: number, out: number, imm: number, isSingle: boolean): void {
  const kind = imm & 3, found = relation(unit, x, y, isSingle, kind === 1 || kind === 2);
  const holds = ((HOLDS[kind] >> found) & 1) !== ((imm >> 2) & 1);
  unit.R[out] = holds ? -1 : 0;
  if (!isSingle) unit.R[out + 1] = holds ? -1 : 0;
}

/** The second operand wins if either is a NaN, which is invalid whatever its kind, and if both are zeros (SDM 2B MINPS). */
export function minMax(unit: FloatUnit, isMax: boolean, x: number, y: number, out: number, isSingle: boolean): void {
  const found = relation(unit, x, y, isSingle, true);
  const first = found === (isMax ? GREATER : LESS), chosen = first ? x : y;
  if (unit.daz && unit.classOf(chosen, isSingle) === DENORMAL) unit.putZero(out, unit.signOf(chosen, isSingle), isSingle);
  else unit.copy(out, chosen, isSingle);
}

/** COMIS and UCOMIS: returns ZF, PF and CF at their places in EFLAGS. */
const compareScalars = (name: string, isSingle: boolean, signalsQuiet: boolean): VectorHelper => defVectorHelper(name, {
  doc: `${name.toUpperCase()}: returns ZF, PF, CF.`, isFloat: true, hasResult: true,
  bind(cpu) {
    const unit = new FloatUnit(cpu);
    return (x, y) => {
      unit.begin();
      const found = relation(unit, x, y, isSingle, signalsQuiet);
      unit.end();
      return found === LESS ? 0x01 : found === EQUAL ? 0x40 : found === GREATER ? 0 : 0x45;
    };
  },
});

export const COMPARE_SCALARS = {
  ucomiss: compareScalars("ucomiss", true, false), ucomisd: compareScalars("ucomisd", false, false),
  comiss: compareScalars("comiss", true, true), comisd: compareScalars("comisd", false, true),
};
