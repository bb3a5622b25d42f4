/** `tcgjs bench IMAGE…`: the same guest interpreted and translated, side by side. */
import { basename } from "node:path";
import type { Output } from "../../host/output.ts";
import { onInterrupt } from "../../host/signals.ts";
import { turnEventLoop } from "../../host/time.ts";
import type { Invocation } from "../command.ts";
import { defineCommand, STATUS_FAILED, STATUS_INTERRUPTED, STATUS_OK } from "../command.ts";
import type { Guest } from "../guest.ts";
import { DEFAULT_THRESHOLD, readGuest, vmOptionsOf } from "../guest.ts";
import type { OptionTable, ValuesOf } from "../option-table.ts";
import { flag, number } from "../option-table.ts";
import type { Cell } from "../table.ts";
import { tableText } from "../table.ts";
import { engineOptions, imageFormat, limitOptions, machineOptions } from "../vm-options.ts";
import { readGuestNote } from "./guest-file.ts";
import { detailsText } from "./bench-details.ts";
import type { MeasureRequest, Measurement, TransferCount } from "./measure.ts";
import { countTransfers, measure } from "./measure.ts";
import { geometricMean } from "./statistics.ts";
import type { TierShares } from "./tier-time.ts";
import { profileTiers } from "./tier-time.ts";
import type { CurvePoint } from "./warm-up.ts";
import { breakEven, curveOf } from "./warm-up.ts";

/** What is cold: by default nothing, the whole run counts; with --warm the first half. */
const WARM_SHARE = 0.5;
/** Insns of the run that counts transfers. */
const COUNTED_INSNS = 20_000_000;

const benching = {
  warm: flag({ help: "measure the speed of the second half of each run only, without warming up" }),
  runs: number({ argument: "N", help: "fresh machines per engine; the fastest counts", min: 1, max: 100, initial: 1 }),
  details: flag({ help: "also print, below each guest, its speed over time, when translating had paid, where the time went, and side exits by cause" }),
  json: flag({ help: "print JSON on stdout instead of a table" }),
};

const imageOptions = { format: imageFormat, ...machineOptions };

type BenchTable = typeof imageOptions & typeof engineOptions & typeof limitOptions & typeof benching;

/** One guest's figures, as --json prints them. */
export interface BenchRow {
  readonly guest: string;
  readonly insns: number;
  readonly interp: EngineFigures;
  readonly jit: EngineFigures & JitFigures;
  /** Speed of jit over that of interp. */
  readonly ratio: number;
}

interface EngineFigures {
  readonly ended: Measurement["outcome"];
  readonly seconds: number;
  readonly mips: number;
  readonly warmMips: number;
}

interface JitFigures extends TransferCount {
  readonly translationMs: number;
  readonly translationUsPerByte: number;
  readonly warmUpSeconds: number;
  readonly warmUpInsns: number;
  readonly blocks: number;
  readonly guestBytes: number;
  readonly javascriptChars: number;
  /** Its speed over time. */
  readonly warmUpCurve: readonly CurvePoint[];
  /** Insns after which it has taken less time than interp, for good; null if it never does. */
  readonly breakEvenInsns: number | null;
  /** Shares of the time; null if nobody asked for details. */
  readonly tiers: TierShares | null;
}

export const benchCommand = defineCommand<BenchTable>({
  name: "bench",
  about: "Runs each guest twice, interpreted and translated, on fresh machines, and compares. Bits, load address and memory come from a guest.json "
    + "beside the image if there is one, unless the command line says otherwise. What the guest prints is dropped.",
  images: "several",
  imageOption: "bios",
  groups: [
    { title: "Measuring", options: benching },
    { title: "Machine", options: imageOptions as OptionTable },
    { title: "Engine", options: engineOptions },
    { title: "Limits", note: "For each run.", options: limitOptions },
  ],
  notes: [
    "Columns: insns the guest retired; seconds and MIPS (million insns a second) interpreted and translated; ratio of the speeds; translate: time spent translating; "
      + "warm-up: time until 90 % of the final speed; blocks, and KB of JavaScript in the cache; chained: direct transfers between blocks that went along a chained link; "
      + "jumps: indirect ones that the jump cache knew. The last two are counted in a third, shorter run.",
    "Details (--details, --json): the tiers' shares of the time are sampled by V8's profiler in a run of its own; side exits are those of the shorter run: "
      + "fault, the insn faulted; code, it wrote over translated code; operands, numbers that the fast code is not made for; memory, devices, pages the TLB does not know, "
      + "and pages with code.",
  ],
  examples: [
    { line: "tcgjs bench guests/*/sieve.bin", does: "the sieve, 32-bit as its guest.json says" },
    { line: "tcgjs bench --details guests/sha256/sha256.bin", does: "one guest, and how it gets fast" },
    { line: "tcgjs bench --warm --runs 3 guests/fib/fib.bin guests/sha256/sha256.bin", does: "two guests, the best of three runs, warm" },
  ],
  async run(invocation) {
    const { images, output, values } = invocation;
    // All are read before any runs: a wrong name should not come out after minutes.
    const guests = images.map((image) => readBenchGuest(image, invocation));
    const signal = { isInterrupted: false };
    const stopListening = onInterrupt(() => { signal.isInterrupted = true; });
    const pause = async (): Promise<boolean> => {
      await turnEventLoop();
      return signal.isInterrupted;
    };
    const rows: BenchRow[] = [], nameWidth = Math.max(5, ...guests.map(({ name }) => name.length));
    try {
      for (const guest of guests) {
        const row = await benchOne(guest, values, pause);
        if (signal.isInterrupted) break;
        rows.push(row);
        if (!values.json) await printRow(row, rows.length === 1, nameWidth, values, output);
      }
    } finally {
      stopListening();
    }
    if (values.json) output.out(`${JSON.stringify({ format: "tcgjs-bench", version: 1, warm: values.warm, guests: rows }, null, 2)}\n`);
    else if (rows.length > 1) output.out(`geometric mean of the ratios: ${geometricMean(rows.map((r) => r.ratio)).toFixed(2)}\n`);
    if (signal.isInterrupted) return STATUS_INTERRUPTED;
    return rows.some((r) => isBad(r)) ? STATUS_FAILED : STATUS_OK;
  },
});

interface BenchGuest extends Guest {
  readonly name: string;
}

/** Reads an image; what the command line leaves open is as its guest.json says. */
function readBenchGuest(path: string, { values, given }: Invocation<BenchTable>): BenchGuest {
  const note = readGuestNote(path);
  const machineValues = {
    ...values,
    bits: given.has("bits") ? values.bits : note.bits ?? values.bits,
    load: given.has("load") ? values.load : note.load ?? values.load,
    memory: given.has("memory") ? values.memory : note.memory ?? values.memory,
  };
  return { name: basename(path).replace(/\.bin$/, ""), ...readGuest(path, machineValues, values.format) };
}

async function benchOne({ name, image, machine }: BenchGuest, values: ValuesOf<BenchTable>, pause: () => Promise<boolean>): Promise<BenchRow> {
  const request = (engine: "interp" | "jit"): MeasureRequest => ({
    image, machine, vm: vmOptionsOf(values, engine, DEFAULT_THRESHOLD), maxInsns: values["max-insns"] ?? Infinity,
    timeoutMs: values.timeout ?? Infinity, coldShare: WARM_SHARE, pause,
  });
  const interp = await best(request("interp"), values.runs, values.warm), jit = await best(request("jit"), values.runs, values.warm);
  const transfers = await countTransfers({ ...request("jit"), maxInsns: Math.min(jit.insns, COUNTED_INSNS) });
  const tiers = values.details || values.json ? await profileTiers(() => measure({ ...request("jit"), maxInsns: jit.insns })) : null;
  const { stats, translator } = jit.machine.vcpu.engine;
  return {
    guest: name, insns: jit.insns,
    interp: figures(interp),
    jit: {
      ...figures(jit), ...transfers, translationMs: stats.translationMs,
      translationUsPerByte: stats.bytesTranslated === 0 ? 0 : stats.translationMs * 1000 / stats.bytesTranslated,
      warmUpSeconds: jit.warmUpSeconds, warmUpInsns: jit.warmUpInsns,
      blocks: translator.allBlocks().length, guestBytes: stats.bytesTranslated, javascriptChars: stats.charsEmitted,
      warmUpCurve: curveOf(jit.samples), breakEvenInsns: breakEven(jit.samples, interp.samples), tiers,
    },
    ratio: values.warm ? jit.warmMips / interp.warmMips : jit.mips / interp.mips,
  };
}

/** The fastest of some runs. */
async function best(request: MeasureRequest, runs: number, isWarm: boolean): Promise<Measurement> {
  let found: Measurement | null = null;
  for (let i = 0; i < runs; i++) {
    const m = await measure(request);
    if (found === null || (isWarm ? m.warmMips > found.warmMips : m.mips > found.mips)) found = m;
  }
  return found ?? measure(request);
}

function figures({ outcome, seconds, mips, warmMips }: Measurement): EngineFigures {
  return { ended: outcome, seconds, mips, warmMips };
}

const COLUMNS = ["insns", "interp s", "MIPS", "jit s", "MIPS", "ratio", "translate", "warm-up", "blocks", "JS", "chained", "jumps"] as const;
const WIDTHS = [13, 8, 6, 8, 6, 6, 9, 8, 6, 7, 8, 8];

async function printRow(row: BenchRow, isFirst: boolean, nameWidth: number, { warm, details }: ValuesOf<BenchTable>, output: Output): Promise<void> {
  const { interp, jit } = row, speedOf = (f: EngineFigures): string => (warm ? f.warmMips : f.mips).toFixed(0);
  const percent = (share: number): string => (Number.isNaN(share) ? "-" : `${(share * 100).toFixed(2)} %`);
  const cells: Cell[] = [
    row.insns.toLocaleString("en-US"), interp.seconds.toFixed(3), speedOf(interp), jit.seconds.toFixed(3), speedOf(jit), row.ratio.toFixed(2),
    `${jit.translationMs.toFixed(1)} ms`, `${(jit.warmUpSeconds * 1000).toFixed(0)} ms`, jit.blocks, `${(jit.javascriptChars / 1024).toFixed(0)} KB`,
    percent(jit.chainHitRate), percent(jit.jumpHitRate),
  ];
  const lines = tableText([...(isFirst ? [["guest", ...COLUMNS]] : []), [row.guest, ...cells]], [nameWidth, ...WIDTHS]);
  output.out(details ? `${lines}${detailsText(row)}` : lines);
  if (interp.ended !== "halt" || jit.ended !== "halt") output.error(`tcgjs bench: ${row.guest} did not halt: interp ${interp.ended}, jit ${jit.ended}\n`);
  await output.flush();
}

/** A guest that neither halts nor reaches a limit has not been measured. */
function isBad({ interp, jit }: BenchRow): boolean {
  return [interp, jit].some(({ ended }) => ended !== "halt" && ended !== "budget" && ended !== "timeout" && ended !== "debug-exit");
}
