/** How a run gets faster: its speed over time, and when what translating costs has been earned. For `tcgjs bench`. */

/** A point of a run: after so many insns, so much time. */
export interface Sample {
  readonly insns: number;
  readonly ms: number;
}

/** A piece of a run. */
export interface CurvePoint {
  /** Where it ends: insns and seconds since the start. */
  readonly insns: number;
  readonly seconds: number;
  /** Million insns a second in it. */
  readonly mips: number;
}

/** Each piece of the curve ends so many times as far from the start as the one before. */
const STEP = 2;

/**
 * The speed over time, in pieces that get longer as the run gets steadier.
 * @param samples  from the start (0, 0) on, in order
 */
export function curveOf(samples: readonly Sample[]): CurvePoint[] {
  const points: CurvePoint[] = [], last = samples[samples.length - 1];
  let from = samples[0], goal = 0;
  for (const to of samples) {
    if (to.insns === from.insns || (to.insns < goal && to !== last)) continue;
    points.push({ insns: to.insns, seconds: to.ms / 1000, mips: mipsBetween(from, to) });
    from = to;
    goal = to.insns * STEP;
  }
  return points;
}

/** Million insns a second between two points; 0 if no time has passed. */
export function mipsBetween(a: Sample, b: Sample): number {
  return b.ms === a.ms ? 0 : (b.insns - a.insns) / (b.ms - a.ms) / 1000;
}

/**
 * The insns after which `ours` has taken less time than `other` and stays ahead; 0 if it always was, null if it is behind at
 * the end. Both from the start (0, 0) on, in order.
 */
export function breakEven(ours: readonly Sample[], other: readonly Sample[]): number | null {
  const end = Math.min(ours[ours.length - 1].insns, other[other.length - 1].insns);
  const common = ours.filter(({ insns }) => insns <= end);
  const behind = common.findLastIndex(({ insns, ms }) => ms > timeAt(other, insns));
  if (behind < 0) return 0;
  return behind === common.length - 1 ? null : common[behind + 1].insns;
}

/** Milliseconds after so many insns, between samples in proportion. */
function timeAt(samples: readonly Sample[], insns: number): number {
  const at = samples.findIndex((s) => s.insns >= insns), after = samples[at];
  if (at <= 0 || after.insns === insns) return after.ms;
  const before = samples[at - 1];
  return before.ms + (after.ms - before.ms) * (insns - before.insns) / (after.insns - before.insns);
}
