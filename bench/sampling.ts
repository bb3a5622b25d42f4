/**
 * Timing by Benchmark.js. What we time takes seconds, starts from a state that cannot be had again (a machine that has
 * not run yet) and may be asynchronous; so each sample is one call, on something prepared for it, and Benchmark.js neither
 * repeats a call until it is long enough nor decides how many samples there are.
 */
import Benchmark from "benchmark";

/** Something to time, once per sample. */
export interface Subject {
  readonly name: string;
  /** One call each; what they need has been prepared. */
  readonly samples: readonly (() => void | Promise<void>)[];
}

/** Any time is long enough for a sample, and the number of samples ends the sampling. Seconds. */
const ANY_TIME = 1e-9, NO_TIME_LIMIT = -1;

/**
 * Times all samples of the first subject, then those of the second, …
 * @returns seconds of each sample, by subject
 * @throws what a sample throws
 */
export async function timeSubjects(title: string, subjects: readonly Subject[]): Promise<number[][]> {
  const suite = new Benchmark.Suite(title), failures: unknown[] = [];
  const benches = subjects.map((subject) => deferred(subject, failures));
  for (const bench of benches) suite.push(bench);
  await new Promise((resolve) => suite.on("complete", resolve).run({ async: true }));
  if (failures.length > 0) throw failures[0];
  return benches.map((bench) => bench.stats.sample as number[]);
}

function deferred({ name, samples }: Subject, failures: unknown[]): Benchmark {
  const left = [...samples];
  return new Benchmark(name, {
    defer: true, initCount: 1, minSamples: samples.length, minTime: ANY_TIME, maxTime: NO_TIME_LIMIT,
    // Benchmark.js calls it again if it throws, so it does not.
    fn(timing: Benchmark.Deferred): void {
      void settle(left.shift(), failures).then(() => timing.resolve());
    },
  });
}

/** Does a sample; skips it if one has failed already. */
async function settle(sample: Subject["samples"][number] | undefined, failures: unknown[]): Promise<void> {
  try {
    if (failures.length === 0) await sample?.();
  } catch (e) {
    failures.push(e);
  }
}
