/**
 * Writes what the interpreter did to a few insns as a filetest (test/filetests/x86, test/support/x86-filetest.ts):
 *
 *     ; test bits=32
 *     x86 {
 *       code 0x1000: 01 d8 | 11 d1     ; add eax,ebx | adc ecx,edx
 *       in: eax=0xffffffff ebx=0x1 eflags=0x2
 *       memory 0x2000: 01 02 03
 *     }
 *     ; expect: eax=0x0 ecx=0x1 eflags=0x56
 */
import { nextInsn } from "../inspect/insn-at.ts";
import { memoryOperands } from "../inspect/operand-address.ts";
import { bytesText } from "../inspect/text.ts";
import { CS, EIP, SEG_BASE } from "../x86/state.ts";
import type { BareMachine } from "../machine/bare.ts";

const REGISTERS = [
  ["eax", "rax"], ["ebx", "rbx"], ["ecx", "rcx"], ["edx", "rdx"], ["esi", "rsi"], ["edi", "rdi"], ["ebp", "rbp"], ["esp", "rsp"], ["eflags", "rflags"],
] as const;
const SEGMENTS = ["cs", "ds", "es", "fs", "gs", "ss"] as const;
const LINE_BYTES = 16;

/**
 * @param before  a machine in front of the insns
 * @param after   the interpreting machine behind them
 * @param count   how many insns
 */
export function filetestText(before: BareMachine, after: BareMachine, count: number, bits: 16 | 32): string {
  const start = registersOf(before, bits), end = registersOf(after, bits), linear = linearPc(before);
  // Stepping changes `before`, so what it held is taken first.
  const memoryBefore = memoryOf(before).slice();
  const { pieces, texts, lines } = stepThrough(before, count);
  const memoryAfter = memoryOf(after);
  const changedLines = new Set<number>();
  for (let at = 0; at < memoryBefore.length; at++) if (memoryBefore[at] !== memoryAfter[at]) changedLines.add(at - (at % LINE_BYTES));
  const used = [...new Set([...lines, ...changedLines])].filter((at) => at + LINE_BYTES <= memoryBefore.length).sort((a, b) => a - b);
  const memoryLine = (bytes: Uint8Array, at: number): string => `0x${at.toString(16)}: ${bytesText(bytes.subarray(at, at + LINE_BYTES))}`;
  const changed = [...end].filter(([name, value]) => start.get(name) !== value).map(([name, value]) => `${name}=${value}`);
  return [
    `; test bits=${bits}`,
    "x86 {",
    `  code 0x${linear.toString(16)}: ${pieces.join(" | ")}     ; ${texts.join(" | ")}`,
    `  in: ${[...start].map(([name, value]) => `${name}=${value}`).join(" ")}`,
    ...used.map((at) => `  memory ${memoryLine(memoryBefore, at)}`),
    "}",
    `; expect: ${[...changed, ...[...changedLines].map((at) => `memory ${memoryLine(memoryAfter, at)}`)].join("; ") || "nothing changes"}`,
    "",
  ].join("\n");
}

/** Runs the insns one by one; gives their bytes, their texts and the lines of memory they may touch. */
function stepThrough(machine: BareMachine, count: number): { pieces: string[]; texts: string[]; lines: number[] } {
  const pieces: string[] = [], texts: string[] = [], lines: number[] = [], { cpu } = machine.vcpu.engine;
  for (let i = 0; i < count; i++) {
    const { bytes, text, insn } = nextInsn(cpu);
    for (const { address, length } of insn === null ? [] : memoryOperands(cpu, insn)) {
      for (let at = address - (address % LINE_BYTES); at < address + length; at += LINE_BYTES) lines.push(at);
    }
    pieces.push(bytesText(bytes));
    texts.push(text.replaceAll(/ +/g, " "));
    machine.run({ maxInsns: 1, maxSteps: 1 });
  }
  return { pieces, texts, lines };
}

function memoryOf(machine: BareMachine): Uint8Array {
  return machine.vcpu.engine.cpu.memory.window.u8;
}

function linearPc(machine: BareMachine): number {
  const { R } = machine.vcpu.engine.cpu;
  return (R[SEG_BASE + CS] + R[EIP]) >>> 0;
}

function registersOf(machine: BareMachine, bits: 16 | 32): Map<string, string> {
  const regs = machine.vcpu.getRegs(), sregs = machine.vcpu.getSregs(), all = new Map<string, string>();
  for (const [name, field] of REGISTERS) all.set(name, `0x${regs[field].toString(16)}`);
  if (bits === 16) for (const name of SEGMENTS) all.set(name, `0x${sregs[name].selector.toString(16)}`);
  return all;
}
