/**
 * Two machines over one image, one interpreting and one translating, compared as they go: the CPU's state and
 * what they print after every chunk of insns, memory now and then. At a difference the run is repeated to find the first
 * insn after which the two differ.
 *
 * Only what is a guest's to see is compared, at counts of insns that both have retired. Runs are deterministic and chunks
 * lie at fixed counts, so a repeated run goes the same way.
 */
import type { VmOptions } from "../kvm/options.ts";
import type { BareMachine, BareOutcome, UnhandledAccess } from "./bare.ts";

export type Side = "interp" | "jit";

/** Who hears of what a machine does; see `BareOptions`. */
export interface MachineListener {
  readonly onOutput: (byte: number) => void;
  readonly onUnhandled: (access: UnhandledAccess) => void;
  readonly onPostCode?: (code: number) => void;
}

/** Makes one of the two machines, always the same; `engine` goes into its VM's options, the listener into its own. */
export type MakeMachine = (engine: VmOptions, listener: MachineListener) => BareMachine;

/** What `compare` looks at, besides memory. */
export interface MachineState {
  readonly insns: number;
  /** All of the CPU by name, as text. */
  readonly cpu: ReadonlyMap<string, string>;
  /** How the run up to here ended. */
  readonly outcome: BareOutcome;
}

/** A register that differs, or something else with a name. */
export interface FieldDifference {
  readonly name: string;
  readonly interp: string;
  readonly jit: string;
}

/** A byte of guest memory that differs. */
export interface ByteDifference {
  readonly address: number;
  readonly interp: number;
  readonly jit: number;
}

export interface Difference {
  /** The two agree after one insn less, and differ after so many. */
  readonly insns: number;
  readonly interp: MachineState;
  readonly jit: MachineState;
  readonly fields: readonly FieldDifference[];
  /** The first of them. */
  readonly bytes: readonly ByteDifference[];
  /** The machines as of the difference, to look into. */
  readonly machines: Readonly<Record<Side, BareMachine>>;
}

/** Chunks end at multiples of this; memory is compared at multiples of that. */
const CHUNK_INSNS = 10_000, MEMORY_INSNS = 2_000_000;
/** Steps that retire nothing, at once, and in a row before it is time to look around. */
const STEPS = 5_000, MAX_IDLE_STEPS = 20_000;
const MAX_BYTES_SHOWN = 16;

const NOBODY: MachineListener = { onOutput: () => undefined, onUnhandled: () => undefined };

/** One of the two, and what it has done since the last comparison. */
class Runner {
  readonly machine: BareMachine;
  readonly events: string[] = [];
  outcome: BareOutcome = { kind: "budget" };

  constructor(make: MakeMachine, engine: VmOptions, listener: MachineListener = NOBODY) {
    this.machine = make(engine, {
      onOutput: (byte) => {
        this.events.push(`console ${byte}`);
        listener.onOutput(byte);
      },
      onUnhandled: (access) => {
        this.events.push(`${access.kind} ${access.isWrite ? "write" : "read"} ${access.address} ${access.size} ${access.value}`);
        listener.onUnhandled(access);
      },
      onPostCode: (code) => {
        this.events.push(`POST ${code}`);
        listener.onPostCode?.(code);
      },
    });
  }

  runTo(goal: number): void {
    if (this.outcome.kind === "budget") this.outcome = runMachineTo(this.machine, goal);
  }

  /** It has not come as far as it should, although nothing has ended. */
  isStuckBefore(goal: number): boolean {
    return this.outcome.kind === "budget" && this.machine.insns < goal;
  }

  get state(): MachineState {
    const { machine, outcome } = this;
    return { insns: machine.insns, cpu: machine.vcpu.describeState(), outcome };
  }

  get memory(): readonly Uint8Array[] {
    return this.machine.vcpu.engine.cpu.memory.all.map((region) => region.bytes);
  }
}

/**
 * Runs a machine until `goal` insns have retired since it was made, or something ends it; a guest that retires nothing any
 * more is left where it is, with the outcome `budget`.
 */
export function runMachineTo(machine: BareMachine, goal: number): BareOutcome {
  let idleSteps = 0;
  while (machine.insns < goal && idleSteps < MAX_IDLE_STEPS) {
    const before = machine.insns, outcome = machine.run({ maxInsns: goal - before, maxSteps: STEPS });
    if (outcome.kind !== "budget") return outcome;
    idleSteps = machine.insns === before ? idleSteps + STEPS : 0;
  }
  return { kind: "budget" };
}

/** The names and values of what differs between two states. */
function compareStates(interp: MachineState, jit: MachineState): FieldDifference[] {
  const a = flatten(interp), b = flatten(jit), names = [...new Set([...a.keys(), ...b.keys()])];
  return names.filter((name) => a.get(name) !== b.get(name)).map((name) => ({ name, interp: a.get(name) ?? "", jit: b.get(name) ?? "" }));
}

/** Everything compared, by name and as text. */
export function flatten({ cpu, insns, outcome }: MachineState): Map<string, string> {
  return new Map([...cpu, ["insns", String(insns)], ["outcome", Object.values(outcome).join(" ")]]);
}

/** The first bytes of memory that differ. */
function compareMemory(a: Runner, b: Runner): ByteDifference[] {
  const found: ByteDifference[] = [], { memory } = b, { all } = a.machine.vcpu.engine.cpu.memory;
  a.memory.forEach((mine, region) => {
    const theirs = memory[region], { base } = all[region];
    const x = new Int32Array(mine.buffer, mine.byteOffset, mine.length >> 2), y = new Int32Array(theirs.buffer, theirs.byteOffset, theirs.length >> 2);
    for (let word = 0; word < x.length && found.length < MAX_BYTES_SHOWN; word++) {
      if (x[word] === y[word]) continue;
      for (let at = word * 4; at < word * 4 + 4; at++) {
        if (mine[at] !== theirs[at]) found.push({ address: base + at, interp: mine[at], jit: theirs[at] });
      }
    }
  });
  return found;
}

/** How a lockstep run ended: as the guest did, by a limit, or because the engines differ. */
export type LockstepOutcome = BareOutcome | { readonly kind: "difference" };

export class Lockstep {
  private readonly make: MakeMachine;
  private readonly options: VmOptions;
  private readonly interp: Runner;
  private readonly jit: Runner;
  private readonly lastInsn: number;
  private exitRequested = false;
  private comparedMemoryAt = 0;
  /** Where both agreed, memory included unless it was not looked at. */
  private agreedAt = 0;

  /**
   * @param options   how the translating engine works
   * @param maxInsns  where to stop, exactly; Infinity for never
   * @param listener  hears of what the interpreting machine does
   */
  constructor(make: MakeMachine, options: VmOptions, maxInsns: number, listener: MachineListener) {
    this.make = make;
    this.options = options;
    this.lastInsn = maxInsns;
    this.interp = new Runner(make, { ...options, engine: "interp" }, listener);
    this.jit = new Runner(make, { ...options, engine: "jit" });
  }

  /** Insns that both have retired. */
  get insns(): number {
    return Math.min(this.interp.machine.insns, this.jit.machine.insns);
  }

  /** The two machines. */
  get machines(): Readonly<Record<Side, BareMachine>> {
    return { interp: this.interp.machine, jit: this.jit.machine };
  }

  requestExit(): void {
    this.exitRequested = true;
  }

  /** Runs whole chunks until `maxInsns` more insns have retired, or something ends it. */
  run({ maxInsns }: { readonly maxInsns: number }): LockstepOutcome {
    const goal = this.insns + maxInsns, { interp, jit } = this;
    this.exitRequested = false;
    while (this.insns < Math.min(goal, this.lastInsn) && !this.exitRequested) {
      const end = nextChunkEnd(this.insns, this.lastInsn);
      interp.runTo(end);
      jit.runTo(end);
      // One that retires nothing for long, such as by faulting for ever, cannot be compared; the caller decides how long.
      if (interp.isStuckBefore(end) || jit.isStuckBefore(end)) return { kind: "budget" };
      if (this.differs(end)) return { kind: "difference" };
      this.agreedAt = end;
      if (interp.outcome.kind !== "budget") return interp.outcome;
    }
    return { kind: "budget" };
  }

  private differs(at: number): boolean {
    const { interp, jit } = this;
    if (compareStates(interp.state, jit.state).length > 0 || !sameEvents(interp, jit)) return true;
    interp.events.length = jit.events.length = 0;
    const isLast = interp.outcome.kind !== "budget" || at === this.lastInsn;
    if (!isLast && at - this.comparedMemoryAt < MEMORY_INSNS) return false;
    this.comparedMemoryAt = at;
    return compareMemory(interp, jit).length > 0;
  }

  /**
   * After `run` has ended with a difference: repeats the run to find the first insn after which the two differ.
   * @param options  other options for the translating engine, such as blocks of one insn; null if with them nothing differs
   */
  findFirst(options: VmOptions): Difference | null {
    // They agree after `low` insns and differ after `high`. Memory is compared rarely: a difference there may be old.
    let low = 0, high = Math.max(this.interp.machine.insns, this.jit.machine.insns);
    const isOld = compareStates(this.interp.state, this.jit.state).length === 0 && sameEvents(this.interp, this.jit);
    if (!isOld && this.repeat(options, this.agreedAt).isSame) low = this.agreedAt;
    const end = this.repeat(options, high);
    if (end.isSame) return null;
    let found = end.difference(high);
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2), { isSame, difference } = this.repeat(options, middle);
      if (isSame) {
        low = middle;
      } else {
        high = middle;
        found = difference(middle);
      }
    }
    return found;
  }

  /** Both machines anew, run for `insns` insns in the same chunks as before. */
  private repeat(options: VmOptions, insns: number): { readonly isSame: boolean; readonly difference: (insns: number) => Difference } {
    const interp = new Runner(this.make, { ...this.options, engine: "interp" });
    const jit = new Runner(this.make, { ...this.options, ...options, engine: "jit" });
    while (Math.min(interp.machine.insns, jit.machine.insns) < insns && interp.outcome.kind === "budget" && jit.outcome.kind === "budget") {
      const end = nextChunkEnd(Math.min(interp.machine.insns, jit.machine.insns), insns);
      interp.runTo(end);
      jit.runTo(end);
      if (interp.machine.insns < end || jit.machine.insns < end) break;
    }
    const fields = compareStates(interp.state, jit.state), bytes = compareMemory(interp, jit), isSame = fields.length === 0 && bytes.length === 0 && sameEvents(interp, jit);
    return {
      isSame,
      difference: (at) => ({
        insns: at, interp: interp.state, jit: jit.state, fields: [...fields, ...eventDifference(interp, jit)], bytes,
        machines: { interp: interp.machine, jit: jit.machine },
      }),
    };
  }
}

/** The count at which the chunk that holds insn number `from` ends. */
function nextChunkEnd(from: number, last: number): number {
  return Math.min(last, (Math.floor(from / CHUNK_INSNS) + 1) * CHUNK_INSNS);
}

function sameEvents(a: Runner, b: Runner): boolean {
  return a.events.length === b.events.length && a.events.every((event, i) => event === b.events[i]);
}

/** The first access to the outside that differs. */
function eventDifference(interp: Runner, jit: Runner): FieldDifference[] {
  const length = Math.max(interp.events.length, jit.events.length);
  for (let i = 0; i < length; i++) {
    const a = interp.events.at(i) ?? "nothing", b = jit.events.at(i) ?? "nothing";
    if (a !== b) return [{ name: `access ${i + 1}`, interp: a, jit: b }];
  }
  return [];
}
