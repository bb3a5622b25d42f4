/** The insn a CPU would execute next, for traces. Reads memory as the CPU would, but changes and raises nothing. */
import type { Cpu } from "../x86/cpu.ts";
import { X86_OPCODES } from "../x86/insns/table.ts";
import type { CodeWindow } from "../x86/isa/decode.ts";
import { Decoder, MAX_INSN_BYTES } from "../x86/isa/decode.ts";
import { disassemble } from "../x86/isa/disasm.ts";
import { Insn } from "../x86/isa/insn.ts";
import { modeKey, modeOfKey } from "../x86/isa/mode.ts";
import { CS, EIP, SEG_BASE } from "../x86/state.ts";

export interface NextInsn {
  /** Linear address, unsigned. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Intel syntax; `(no memory)` where there is none. */
  readonly text: string;
  /** Decoded, but for nobody to run; null where there is no memory. */
  readonly insn: Insn | null;
}

/** The insn at CS:EIP. */
export function nextInsn(cpu: Cpu): NextInsn {
  const { R } = cpu, linear = (R[SEG_BASE + CS] + R[EIP]) | 0;
  const window: CodeWindow = { bytes: new Uint8Array(MAX_INSN_BYTES), available: 0 };
  for (; window.available < MAX_INSN_BYTES; window.available++) {
    const byte = byteAt(cpu, (linear + window.available) | 0);
    if (byte === null) break;
    window.bytes[window.available] = byte;
  }
  const insn = new Insn(modeOfKey(modeKey(R, cpu.a20, false)), R[EIP], linear, (i) => i, null);
  const isShort = window.available === 0 || new Decoder(X86_OPCODES).decode(window, insn) === "short";
  const text = isShort ? "(no memory)" : disassemble(insn);
  return { address: linear >>> 0, bytes: window.bytes.subarray(0, isShort ? window.available : insn.length), text, insn: isShort ? null : insn };
}

function byteAt(cpu: Cpu, linear: number): number | null {
  const phys = cpu.a20 ? linear : linear & ~(1 << 20), region = cpu.memory.find(phys);
  return region === null ? null : region.bytes[(phys >>> 0) - region.base];
}
