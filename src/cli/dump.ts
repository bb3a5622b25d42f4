/** `tcgjs dump IMAGE`: runs a guest, then prints what became of its code. */
import { wantsColour } from "../host/tty.ts";
import { cacheDot } from "../inspect/dot.ts";
import { cacheJson } from "../inspect/json.ts";
import type { CacheReport } from "../inspect/report.ts";
import { reportCache } from "../inspect/report.ts";
import { blockText, cacheHeadline, regionText } from "../inspect/text.ts";
import type { BareOutcome } from "../machine/bare.ts";
import { BareMachine } from "../machine/bare.ts";
import { defineCommand, STATUS_INTERRUPTED, STATUS_OK } from "./command.ts";
import { sentenceOf } from "./run/end-report.ts";
import { csIpText } from "./exit-text.ts";
import { readGuest, vmOptionsOf } from "./guest.ts";
import type { AddressRange } from "./numbers.ts";
import { isInRanges, parseRanges } from "./numbers.ts";
import type { OptionTable } from "./option-table.ts";
import { choice, number, value } from "./option-table.ts";
import { runnableMachine, Session } from "./session.ts";
import { engineOptions, imageFormat, limitOptions, machineOptions } from "./vm-options.ts";

const imageOptions = { "image-format": imageFormat, ...machineOptions };

const selection = {
  format: choice(["text", "json", "dot"], {
    help: "text: for people, each insn with its ops, then the JavaScript; json: for programs (schema in src/inspect/json.ts); dot: a graph for Graphviz",
    initial: "text",
  }),
  pc: value(parseRanges, { argument: "RANGE", help: "only blocks that hold one of these addresses: 0x1000..0x1fff, 0x1000+0x100, 0x1024" }),
  top: number({ argument: "N", help: "only the N blocks that ran most often, the hottest first", min: 1, max: 2 ** 20, initial: null }),
};

type DumpTable = typeof imageOptions & typeof engineOptions & typeof limitOptions & typeof selection;

export const dumpCommand = defineCommand<DumpTable>({
  name: "dump",
  about: "Runs a guest, then prints its translation cache: per block the guest's bytes and insns, the IR as lowered and as optimised, the JavaScript, "
    + "where it goes and what it is chained to, and how often it ran. Blocks are translated at once unless --threshold says otherwise. "
    + "With --region-threshold it goes on with the regions that hot blocks were fused into. What the guest prints is dropped.",
  images: "one",
  imageOption: "bios",
  groups: [
    { title: "What to print", options: selection },
    { title: "Machine", options: imageOptions as OptionTable },
    { title: "Engine", options: engineOptions },
    { title: "Limits", note: "The cache is printed when one is reached, too, and after Ctrl-C.", options: limitOptions },
  ],
  notes: [],
  examples: [
    { line: "tcgjs dump --bits 32 --top 1 guests/sieve/sieve.bin", does: "the hottest block of the sieve, from bytes to JavaScript" },
    { line: "tcgjs dump --bits 32 --top 1 --region-threshold 400 guests/sieve/sieve.bin", does: "the same, and the region it is in" },
    { line: "tcgjs dump --bits 32 --max-insns 1M --format dot guests/fib/fib.bin | dot -Tsvg > fib.svg", does: "a picture of the blocks and how they are chained" },
  ],
  async run({ images: [image], values, output }) {
    const guest = readGuest(image, values, values["image-format"]);
    const machine = new BareMachine(guest.image, { ...guest.machine, vm: { ...vmOptionsOf(values, "jit", 1, 0), inspect: true } });
    const session = new Session<BareOutcome>(output, { maxInsns: values["max-insns"], timeoutMs: values.timeout });
    const { end, insns } = await session.run(runnableMachine(machine));
    const sentence = sentenceOf(end, insns, csIpText(machine.vcpu));
    if (sentence !== null) output.error(`tcgjs dump: ${sentence}\n`);
    const report = select(reportCache(machine.vcpu.engine), values.pc, values.top);
    if (values.format === "json") output.out(cacheJson(report));
    else if (values.format === "dot") output.out(cacheDot(report));
    else {
      const options = { isColoured: wantsColour(output.stdout) };
      output.out(cacheHeadline(report));
      for (const block of report.blocks) output.out(`\n${blockText(block, options)}`);
      for (const region of report.regions) output.out(`\n${regionText(region, options)}`);
    }
    return end.kind === "interrupted" ? STATUS_INTERRUPTED : STATUS_OK;
  },
});

/** The blocks that were asked for, and the regions they are in. */
function select(report: CacheReport, ranges: readonly AddressRange[] | null, top: number | null): CacheReport {
  let { blocks } = report;
  if (ranges !== null) blocks = blocks.filter((b) => b.insns.some((i) => Array.from(i.bytes, (_, n) => i.address + n).some((a) => isInRanges(ranges, a))));
  if (top !== null) blocks = [...blocks].sort((a, b) => (b.executions ?? 0) - (a.executions ?? 0)).slice(0, top);
  const numbers = new Set(blocks.map((b) => b.number));
  return { ...report, blocks, regions: report.regions.filter((region) => region.blocks.some((n) => numbers.has(n))) };
}
