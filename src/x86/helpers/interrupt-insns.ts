/** INT n, INT3, INT1 and INTO (SDM 2A INT n/INTO/INT3/INT1); in V86 the redirection of INT n (SDM 3B §21.3.3). */
import type { Cpu } from "../cpu.ts";
import { BP, DB, GP, OF } from "../fault.ts";
import { readArithFlags, readEflags } from "../flags.ts";
import { CR4, CR4_VME, EFLAGS_SYS, EIP, F_IF, F_OF, F_RF, F_TF, F_VIF, TR } from "../state.ts";
import { defHelper } from "./define.ts";
import { TYPE_386 } from "../descriptor.ts";
import { hasVirtualInterruptFlag, ioplOf, readVirtualFlags } from "./eflags.ts";
import { deliver, enterByVector, releaseDebugRegisters } from "./interrupt.ts";
import { readSystem16, readSystem8 } from "./system-memory.ts";
import { TSS_IO_MAP_BASE } from "./tss.ts";

function software(cpu: Cpu, vector: number, returnEip: number): void {
  deliver(cpu, vector, { error: -1, isSoftware: true, isFault: false, returnEip });
}

/** Bytes of the map that says which vectors of INT n go to the IDT; it ends where the I/O permission bitmap begins. */
const REDIRECTION_BYTES = 32;

/** True if the task lets INT `vector` of a V86 program go to the program's own handler. #GP(0) without a map. */
function isRedirected(cpu: Cpu, vector: number): boolean {
  const { R } = cpu, base = R[TR + 1], limit = R[TR + 2] >>> 0;
  if ((R[TR + 3] & TYPE_386) === 0 || limit < TSS_IO_MAP_BASE + 1) cpu.fault(GP, 0);
  const at = readSystem16(cpu, (base + TSS_IO_MAP_BASE) | 0) - REDIRECTION_BYTES + (vector >> 3);
  if (at < 0 || at > limit) cpu.fault(GP, 0);
  return ((readSystem8(cpu, (base + at) | 0) >> (vector & 7)) & 1) === 0;
}

/** Enters the V86 program's own handler, by the vector table at linear address 0 (SDM 3B table 21-2, methods 5 and 6). */
function redirect(cpu: Cpu, vector: number, returnEip: number): void {
  const { R } = cpu, isVirtual = hasVirtualInterruptFlag(cpu);
  enterByVector(cpu, 4 * vector, returnEip, isVirtual ? readVirtualFlags(cpu) : readEflags(R));
  R[EFLAGS_SYS] &= ~(F_TF | F_RF | (isVirtual ? F_VIF : F_IF));
  cpu.deliveries++;
}

export const interruptInsn = defHelper("int_n", {
  params: 2,
  doc: "INT n: in V86 redirected as the task says, or sensitive to IOPL (SDM 3B table 21-2); #GP, #NP, #SS, #TS.",
  bind: (cpu) => (vector, returnEip) => {
    cpu.onSoftwareInterrupt?.(vector);
    if (cpu.isV86()) {
      if ((cpu.R[CR4] & CR4_VME) !== 0 && isRedirected(cpu, vector)) return redirect(cpu, vector, returnEip);
      if (ioplOf(cpu) < 3) cpu.fault(GP, 0);
    }
    software(cpu, vector, returnEip);
  },
});

export const trapInsn = defHelper("int3_int1", {
  params: 2,
  doc: "INT3, a software interrupt that IOPL does not stop, or INT1, which the gate's DPL does not stop either.",
  bind: (cpu) => (vector, returnEip) => {
    cpu.onSoftwareInterrupt?.(vector);
    if (vector === BP) return software(cpu, BP, returnEip);
    releaseDebugRegisters(cpu);
    deliver(cpu, DB, { error: -1, isSoftware: false, isFault: false, returnEip });
  },
});

export const overflowTrap = defHelper("into", {
  params: 1,
  doc: "INTO: vector 4 if OF is set; EIP is `returnEip` otherwise.",
  bind: (cpu) => (returnEip) => {
    if ((readArithFlags(cpu.R) & F_OF) === 0) {
      cpu.R[EIP] = returnEip;
      return;
    }
    cpu.onSoftwareInterrupt?.(OF);
    software(cpu, OF, returnEip);
  },
});
