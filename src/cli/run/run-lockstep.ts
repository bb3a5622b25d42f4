/** `tcgjs run --engine lockstep`: interpreter and translated code side by side; the first difference ends the run. */
import { BareMachine } from "../../machine/bare.ts";
import { startBits } from "../../machine/boot/plan.ts";
import type { LockstepOutcome, MakeMachine } from "../../machine/lockstep.ts";
import { Lockstep } from "../../machine/lockstep.ts";
import type { ValuesOf } from "../option-table.ts";
import type { Invocation } from "../command.ts";
import { STATUS_FAILED } from "../command.ts";
import type { Guest } from "../guest.ts";
import { DEFAULT_THRESHOLD, vmOptionsOf } from "../guest.ts";
import type { Runnable } from "../session.ts";
import { Session } from "../session.ts";
import type { engineOptions, limitOptions, machineOptions } from "../vm-options.ts";
import type { deviceOptions } from "./devices.ts";
import { devicesOf } from "./devices.ts";
import { endReport } from "./end-report.ts";
import { GuestRecord } from "./guest-record.ts";

type LockstepTable = typeof machineOptions & typeof deviceOptions & typeof engineOptions & typeof limitOptions;
type LockstepValues = ValuesOf<LockstepTable> & { readonly stats: boolean; readonly json: boolean };

export interface LockstepRun extends Omit<Invocation<LockstepTable>, "values"> {
  readonly values: LockstepValues;
  readonly guest: Guest;
}

export async function runLockstep({ guest, values, output }: LockstepRun): Promise<number> {
  const maxInsns = values["max-insns"];
  const session = new Session<LockstepOutcome>(output, { maxInsns, timeoutMs: values.timeout });
  const say = (line: string): void => output.error(`tcgjs run: ${line}\n`);
  const record = new GuestRecord({ output, tick: session.tick, keepsOutput: values.json, sayUnhandled: say });
  const make: MakeMachine = (engine, listener) => new BareMachine(guest.image, { ...guest.machine, ...devicesOf(values), vm: engine, ...listener });
  const engine = { ...vmOptionsOf(values, "jit", DEFAULT_THRESHOLD), inspect: true };
  const lockstep = new Lockstep(make, engine, maxInsns ?? Infinity, record);
  const runnable: Runnable<LockstepOutcome> = {
    get insns() { return lockstep.insns; },
    run: (limits) => lockstep.run(limits),
    requestExit: () => lockstep.requestExit(),
  };
  const result = await session.run(runnable), { end } = result;
  if (end.kind !== "difference") {
    return endReport({ result: { ...result, end }, machine: lockstep.machines.jit, record, values, output, say });
  }
  await output.flush();
  say(`interpreter and translated code differ somewhere in the first ${lockstep.insns} insns; looking for the first difference …`);
  const { differenceText } = await import("./lockstep-report.ts");
  output.error(differenceText(lockstep, make, startBits(lockstep.machines.jit.boot)));
  return STATUS_FAILED;
}
