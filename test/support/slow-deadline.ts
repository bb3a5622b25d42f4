// Loaded by `npm run test:slow`. With TCGJS_SLOW_SECONDS=N, tests that would begin later than that are skipped: whole boots
// cannot be shortened as rounds can, and CI has an end.

const SECONDS = process.env["TCGJS_SLOW_SECONDS"] ?? "Infinity", limit = Number(SECONDS);
if (!(limit >= 0)) throw new Error(`TCGJS_SLOW_SECONDS is "${SECONDS}"; it must be a number of seconds`);

let skipped = 0;

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    if (performance.now() <= limit * 1000) return;
    skipped++;
    this.skip();
  },
  afterAll(): void {
    if (skipped > 0) console.error(`${skipped} tests skipped: TCGJS_SLOW_SECONDS=${SECONDS} were over`);
  },
};
