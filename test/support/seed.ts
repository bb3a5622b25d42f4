// What random tests start from: the same numbers in every run, so that no run fails by chance and each can be repeated. SEED=n for others;
// SEED=random, for nightly runs, for some that nobody has tried, which are printed.

const MAX_RANDOM = 1_000_000;

/** Null: what each test has of its own. */
const GIVEN = givenSeed(process.env["SEED"]);

/** The seed for a test, which prints it when it fails: SEED when set, else `preset`. */
export function testSeed(preset: number): number {
  return GIVEN ?? preset;
}

/** The same, of tests that start from a text. */
export function textSeed(preset: string): string {
  return GIVEN === null ? preset : String(GIVEN);
}

function givenSeed(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (text === "random") {
    const seed = Math.floor(Math.random() * MAX_RANDOM);
    console.error(`SEED=${seed}`);
    return seed;
  }
  if (!/^-?\d{1,9}$/.test(text)) throw new Error(`SEED is "${text}"; it must be an integer of at most 9 digits, or "random"`);
  return Number(text);
}
