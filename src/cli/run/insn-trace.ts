/** `--trace insns`: runs a machine an insn at a time and prints each before it runs. */
import { flagLetters } from "../../inspect/cpu-text.ts";
import { nextInsn } from "../../inspect/insn-at.ts";
import { insnText } from "../../inspect/text.ts";
import type { BareMachine, BareOutcome } from "../../machine/bare.ts";
import type { Runnable } from "../session.ts";

/** Steps that retire nothing, of one insn: a fault, a run of a repeated string insn. */
const STEPS_PER_INSN = 1;

/**
 * A machine that prints what it executes: address, bytes, insn, and the registers before it.
 * @param tick  called for each insn, to keep slices short
 */
export function tracingInsns(machine: BareMachine, print: (text: string) => void, tick: () => void): Runnable<BareOutcome> {
  const state = { exitRequested: false };
  const traceOne = (): BareOutcome => {
    const { cpu } = machine.vcpu.engine, regs = machine.vcpu.getRegs();
    const hex = (n: number): string => n.toString(16).padStart(8, "0");
    const { rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp } = regs;
    print(`${insnText(nextInsn(cpu)).padEnd(72)}  ${[rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp].map(hex).join(" ")} [${flagLetters(regs.rflags)}]\n`);
    return machine.run({ maxInsns: 1, maxSteps: STEPS_PER_INSN });
  };
  return {
    get insns() { return machine.insns; },
    requestExit() { state.exitRequested = true; },
    run({ maxInsns, maxSteps }) {
      const goal = machine.insns + maxInsns;
      let steps = 0;
      state.exitRequested = false;
      while (machine.insns < goal && steps < maxSteps && !state.exitRequested) {
        const before = machine.insns, outcome = traceOne();
        if (outcome.kind !== "budget") return outcome;
        if (machine.insns === before) steps++;
        tick();
      }
      return { kind: "budget" };
    },
  };
}

/** What the columns of registers mean. */
export const INSN_TRACE_HEADING = `${"address     bytes                    insn".padEnd(72)}  eax      ebx      ecx      edx      esi      edi      ebp      esp      flags\n`;
