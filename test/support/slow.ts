// How much of a slow test to do. `npm run test:slow` does all of it; CI does a slice of every one by setting
// TCGJS_SLOW_SHARE, so that no slow test can rot unseen.

const GIVEN = process.env["TCGJS_SLOW_SHARE"] ?? "1", SHARE = Number(GIVEN);
if (!(SHARE > 0 && SHARE <= 1)) throw new Error(`TCGJS_SLOW_SHARE is "${GIVEN}"; it must be above 0 and at most 1`);

/** Slow tests are to be done whole. */
export const isWhole = SHARE === 1;

/**
 * The number of rounds a slow test should do.
 * @param fullCount  rounds of a full run, >= 1
 * @param least      1 <= `least` <= `fullCount`
 * @returns `fullCount` times TCGJS_SLOW_SHARE (0 < share <= 1, default 1), at least `least`
 */
export function slowCount(fullCount: number, least = 1): number {
  return Math.max(least, Math.ceil(fullCount * SHARE));
}
