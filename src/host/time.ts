/** The host's clocks, for statistics, time limits, benches and dates; the guest's time never comes from here. */

/** Milliseconds since some fixed moment, with fractions. */
export function nowMs(): number {
  // `performance` would do, but node takes some milliseconds to load it.
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Lets the event loop turn once: signals and finished writes are then dealt with. */
export function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Milliseconds since 1970, for dates that people read. */
export function dateMs(): number {
  return Date.now();
}
