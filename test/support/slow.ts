// How much of a slow test to do. `npm run test:slow` does all of it; CI does a slice of every one by setting
// TCGJS_SLOW_SHARE, so that no slow test can rot unseen.

/**
 * The number of rounds a slow test should do.
 * @param fullCount  rounds of a full run, >= 1
 * @returns `fullCount` times TCGJS_SLOW_SHARE (0 < share <= 1, default 1), at least 1
 */
export function slowCount(fullCount: number): number {
  const given = process.env["TCGJS_SLOW_SHARE"] ?? "1";
  const share = Number(given);
  if (!(share > 0 && share <= 1)) throw new Error(`TCGJS_SLOW_SHARE is "${given}"; it must be above 0 and at most 1`);
  return Math.max(1, Math.ceil(fullCount * share));
}
