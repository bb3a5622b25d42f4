/** `tcgjs run IMAGE`: runs a flat binary on the bare machine. */
import { VmError } from "../../../tcg/support/errors.ts";
import { createFile } from "../../host/files.ts";
import type { Output } from "../../host/output.ts";
import type { KvmExit } from "../../kvm/exits.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import type { BareOptions, BareOutcome } from "../../machine/bare.ts";
import { BareMachine } from "../../machine/bare.ts";
import type { Invocation } from "../command.ts";
import { defineCommand } from "../command.ts";
import type { Guest } from "../guest.ts";
import { DEFAULT_THRESHOLD, readGuest, vmOptionsOf } from "../guest.ts";
import { parseRanges } from "../numbers.ts";
import type { OptionTable } from "../option-table.ts";
import { flag, value, words } from "../option-table.ts";
import { runnableMachine, Session } from "../session.ts";
import { engineChoice, engineOptions, imageFormat, limitOptions, machineOptions } from "../vm-options.ts";
import { deviceOptions, devicesOf } from "./devices.ts";
import { endReport } from "./end-report.ts";
import { GuestRecord } from "./guest-record.ts";
import { LOG_ITEMS } from "./log-items.ts";

const TRACES = ["exits", "kvm", "insns", "blocks"] as const;

const tracing = {
  trace: words(TRACES, {
    argument: TRACES.join("|"),
    help: "exits: each exit of the vCPU, with port, size, data and the next CS:IP; kvm: exits as the /dev/kvm tutorials print them, on stdout, "
      + "instead of what the guest prints; insns: each insn, interpreted one at a time; blocks: each translation block entered",
  }),
  log: words(LOG_ITEMS, {
    argument: "LIST", short: "d",
    help: `after QEMU's -d: ${LOG_ITEMS.join(",")}. in_asm, op, op_opt, out_js: a block's insns, IR, optimised IR and JavaScript when it is translated; `
      + "exec, cpu: each block entered, all registers before it; int: faults and interrupts; exit: exits of the vCPU",
  }),
  "log-file": value((path) => path, { argument: "FILE", short: "D", help: "where -d goes instead of stderr" }),
  dfilter: value(parseRanges, { argument: "RANGE", help: "only log blocks that begin here: 0x1000..0x1fff, 0x1000+0x100, 0x1fff-0x100, several with commas" }),
};

const reporting = {
  stats: flag({ help: "print counters on stderr at the end" }),
  json: flag({ help: "print one JSON object on stdout at the end: how the run ended, what the guest printed, all counters" }),
};

const imageOptions = { format: imageFormat, ...machineOptions };


type RunTable = typeof engineChoice & typeof engineOptions & typeof imageOptions & typeof deviceOptions & typeof limitOptions & typeof tracing & typeof reporting;
type RunInvocation = Invocation<RunTable>;

export const runCommand = defineCommand<RunTable>({
  name: "run",
  about: "Runs a flat binary, a multiboot kernel, an ELF executable or a ROM on a bare machine: memory, a console that takes bytes on ports 0xe9, 0xf1 and "
    + "0x3f8 and prints them on stdout, and a timer that counts insns on ports 0x5a0 and 0x5a4 (src/devices/insn-timer.ts). "
    + "Other ports are reported on stderr, and read as all ones. HLT ends the run, unless the timer can interrupt it.",
  images: "one",
  imageOption: "bios",
  groups: [
    { title: "Machine", options: { ...imageOptions, ...deviceOptions } as OptionTable },
    { title: "Engine", note: "What the guest sees does not depend on these.", options: { ...engineChoice, ...engineOptions } as OptionTable },
    { title: "Limits", options: limitOptions },
    { title: "Tracing", note: "On stderr, unless it says otherwise. Where blocks are printed, --threshold is 1 by default.", options: tracing },
    { title: "Report", options: reporting },
  ],
  notes: [
    "Exit status: 0 the guest halted; 1 it shut down (triple fault) or can go no further, or tcgjs failed; 2 usage or bad input; "
      + "124 --max-insns or --timeout used up; 130 Ctrl-C; with --isa-debug-exit (V << 1) | 1.",
  ],
  examples: [
    { line: "tcgjs run guests/hello/hello.bin", does: "prints Hello" },
    { line: "tcgjs run --bits 32 --stats guests/sieve/sieve.bin", does: "a compute guest, and what its run cost" },
    { line: "tcgjs run --trace exits guests/counter16/counter16.bin", does: "what a hypervisor sees of a guest" },
    { line: "tcgjs run -d in_asm,op_opt,out_js --dfilter 0x1000+0x40 --bits 32 guests/sieve/sieve.bin", does: "the first blocks, from insns to JavaScript" },
    { line: "tcgjs run --cmdline syscall=int --module guests/sieve/sieve.bin guests/kernel/kernel.elf", does: "a kernel, and a guest as its process" },
    { line: "tcgjs run --bios bios.bin --post-port 0x80", does: "a ROM, and how far it comes" },
    { line: "tcgjs run --engine lockstep --bits 32 --max-insns 10M guests/sha256/sha256.bin", does: "interpreter and translated code side by side" },
  ],
  async run(invocation) {
    const { images: [image], values } = invocation;
    checkCombinations(values);
    const guest = readGuest(image, values, values.format);
    if (values.engine === "lockstep") return (await import("./run-lockstep.ts")).runLockstep({ ...invocation, guest });
    return runGuest(invocation, guest);
  },
});

/** @throws VmError for options that make no sense together */
function checkCombinations(values: RunInvocation["values"]): void {
  const { engine, log, trace, dfilter } = values, hasLog = log.length > 0;
  if (values["log-file"] !== null && !hasLog) throw new VmError("EINVAL", "-D FILE goes with -d LIST: there is nothing to write into it");
  if (dfilter !== null && !hasLog && !trace.includes("blocks")) throw new VmError("EINVAL", "--dfilter goes with -d LIST or --trace blocks: there is nothing to filter");
  if (engine === "jit") return;
  const ofBlocks = [...log.filter((item) => item !== "int" && item !== "exit").map((item) => `-d ${item}`), ...(trace.includes("blocks") ? ["--trace blocks"] : [])];
  if (engine === "interp" && ofBlocks.length > 0) throw new VmError("EINVAL", `${ofBlocks[0]} is about translation, and --engine interp translates nothing`);
  if (engine === "lockstep" && (hasLog || trace.length > 0)) throw new VmError("EINVAL", "--engine lockstep runs two machines; -d and --trace go with one");
}

async function runGuest({ values, output }: RunInvocation, guest: Guest): Promise<number> {
  const engine = values.engine === "interp" ? "interp" : "jit";
  const session = new Session<BareOutcome>(output, { maxInsns: values["max-insns"], timeoutMs: values.timeout });
  const say = (line: string): void => output.error(`tcgjs run: ${line}\n`);
  // Whoever watches exits sees these anyway.
  const showsExits = values.trace.includes("exits") || values.trace.includes("kvm");
  const record = new GuestRecord({ output, tick: session.tick, keepsOutput: values.json, sayUnhandled: showsExits ? () => undefined : say });
  const logFile = values["log-file"] === null ? null : createFile(values["log-file"]);
  const log = logFile === null ? (text: string) => output.error(text) : (text: string) => output.file(logFile, text);
  const engineLog = await makeEngineLog(values, log, output);
  const threshold = engineLog?.printsBlocks === true ? 1 : DEFAULT_THRESHOLD;
  const machine = new BareMachine(guest.image, {
    ...guest.machine,
    vm: { ...vmOptionsOf(values, engine, threshold), observer: engineLog, inspect: engineLog?.printsBlocks === true },
    ...devicesOf(values),
    // On stdout exits take the place of what the guest prints.
    onOutput: values.trace.includes("kvm") && !values.json ? session.tick : record.onOutput,
    onPostCode: record.onPostCode,
    onUnhandled: record.onUnhandled,
    ...(await exitListener(values, output, log, session.tick)),
  });
  engineLog?.attach(machine.vcpu.engine);
  const result = await session.run(await runnableOf(values, machine, output, session.tick));
  return endReport({ result, machine, record, values, output, say });
}

async function makeEngineLog(values: RunInvocation["values"], log: (text: string) => void, output: Output) {
  const items = values.log.filter((item) => item !== "exit"), tracesBlocks = values.trace.includes("blocks");
  if (items.length === 0 && !tracesBlocks) return null;
  const { EngineLog } = await import("./engine-log.ts");
  return new EngineLog({ items, ranges: values.dfilter, log, traceBlocks: tracesBlocks ? (text) => output.error(text) : null });
}

/** Listens to exits if somebody wants to see them; the console is faster without. */
async function exitListener(values: RunInvocation["values"], output: Output, log: (text: string) => void, tick: () => void): Promise<Pick<BareOptions, "onExit">> {
  const wantsTrace = values.trace.includes("exits"), wantsTutorial = values.trace.includes("kvm"), wantsLog = values.log.includes("exit");
  if (!wantsTrace && !wantsTutorial && !wantsLog) return {};
  const { exitText, tutorialText } = await import("../exit-text.ts");
  return {
    onExit(exit: KvmExit, vcpu: Vcpu) {
      const text = exitText(exit, vcpu);
      if (text !== null && wantsTrace) output.error(text);
      if (text !== null && wantsLog) log(text);
      // stdout is one JSON object with --json.
      if (wantsTutorial && values.json) output.error(tutorialText(exit));
      else if (wantsTutorial) output.out(tutorialText(exit));
      tick();
    },
  };
}

async function runnableOf(values: RunInvocation["values"], machine: BareMachine, output: Output, tick: () => void) {
  if (!values.trace.includes("insns")) return runnableMachine(machine);
  const { INSN_TRACE_HEADING, tracingInsns } = await import("./insn-trace.ts");
  output.error(INSN_TRACE_HEADING);
  return tracingInsns(machine, (text) => output.error(text), tick);
}
