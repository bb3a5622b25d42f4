/** Counters of one engine, for `--stats`, the benchmarks and the inspector. */
export class Statistics {
  interpretedInsns = 0;
  soloInsns = 0;
  sideExits = 0;
  faults = 0;
  interrupts = 0;
  /** Blocks translated, their insns, guest bytes, characters of JavaScript and bytes of WebAssembly, and the time it took. */
  blocksTranslated = 0;
  insnsTranslated = 0;
  bytesTranslated = 0;
  charsEmitted = 0;
  wasmBytes = 0;
  translationMs = 0;
  /** Regions made, their blocks and insns (some in several), characters of JavaScript and bytes of WebAssembly, the time it took; regions dropped again. */
  regionsMade = 0;
  regionBlocks = 0;
  regionInsns = 0;
  regionChars = 0;
  regionWasmBytes = 0;
  regionMs = 0;
  regionsDropped = 0;
  handlersMade = 0;
  /** Handlers that are threaded code too, bytes of that, and the time it took. */
  threadedHandlers = 0;
  threadedBytes = 0;
  threadedMs = 0;
  insnsDecoded = 0;
  /** Links followed that were not chained; links chained; look-ups that the jump cache could not answer. */
  linkMisses = 0;
  linksChained = 0;
  jumpCacheMisses = 0;
  /** Blocks dropped because their code was written over; whole-cache flushes. */
  invalidations = 0;
  flushes = 0;
}
