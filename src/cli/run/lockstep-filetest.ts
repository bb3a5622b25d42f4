/** Writes a few insns in front of which a machine stands as a filetest (machine/x86-case.ts), with what the interpreter makes of them. */
import { nextInsn } from "../../inspect/insn-at.ts";
import { memoryOperands } from "../../inspect/operand-address.ts";
import type { BareMachine } from "../../machine/bare.ts";
import { CaseMachine } from "../../machine/case-machine.ts";
import type { CaseBytes, CaseInsn, X86Case } from "../../machine/x86-case.ts";
import { changedFields, entryOf, entryState, printCase } from "../../machine/x86-case.ts";

const LINE_BYTES = 16;
/** Fields that say when, not what; a case begins at 0. */
const TIMES = ["tsc_offset"];

/**
 * @param machine  stands in front of the insns, and behind them afterwards
 * @param count    how many insns
 */
export function filetestText(machine: BareMachine, count: number, bits: 16 | 32): string {
  const state = machine.vcpu.describeState(), memory = memoryOf(machine).slice(), { code, lines } = stepThrough(machine, count);
  const used = [...new Set(lines)].filter((at) => at + LINE_BYTES <= memory.length).sort((a, b) => a - b);
  const pieces = used.map((address): CaseBytes => ({ address, bytes: memory.subarray(address, address + LINE_BYTES) })).filter(({ bytes }) => bytes.some((byte) => byte !== 0));
  const { all } = machine.vcpu.engine.cpu.memory, entry = entryState(bits, entryOf({ bits, code }));
  const c: X86Case = {
    bits, code, memory: pieces, events: [], insns: count,
    regions: all.map(({ base, size, isReadOnly }) => ({ base, size, isReadOnly })),
    state: new Map([...changedFields(entry, state)].filter(([name]) => !TIMES.includes(name))),
  };
  const alone = new CaseMachine(c.regions, { engine: "interp" });
  alone.load(c);
  alone.runAll(c);
  return printCase(c, alone.result());
}

/** Runs the insns one by one; gives them, and the lines of memory they may touch. */
function stepThrough(machine: BareMachine, count: number): { code: CaseInsn[]; lines: number[] } {
  const code: CaseInsn[] = [], lines: number[] = [], { cpu } = machine.vcpu.engine;
  for (let i = 0; i < count; i++) {
    const { address, bytes, text, insn } = nextInsn(cpu);
    for (const operand of insn === null ? [] : memoryOperands(cpu, insn)) {
      for (let at = operand.address - (operand.address % LINE_BYTES); at < operand.address + operand.length; at += LINE_BYTES) lines.push(at);
    }
    if (bytes.length > 0 && !code.some((one) => one.address === address)) code.push({ address, bytes: bytes.slice(), text: text.replaceAll(/ +/g, " ") });
    machine.run({ maxInsns: 1, maxSteps: 1 });
  }
  return { code, lines };
}

function memoryOf(machine: BareMachine): Uint8Array {
  return machine.vcpu.engine.cpu.memory.window.u8;
}
