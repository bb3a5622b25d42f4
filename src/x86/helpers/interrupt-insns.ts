/** INT n, INT3, INT1 and INTO (SDM 2A INT n/INTO/INT3/INT1). */
import type { Cpu } from "../cpu.ts";
import { BP, DB, GP, OF } from "../fault.ts";
import { readArithFlags } from "../flags.ts";
import { EIP, F_OF } from "../state.ts";
import { defHelper } from "./define.ts";
import { ioplOf } from "./eflags.ts";
import { deliver } from "./interrupt.ts";

function software(cpu: Cpu, vector: number, returnEip: number): void {
  deliver(cpu, vector, { error: -1, isSoftware: true, isFault: false, returnEip });
}

export const interruptInsn = defHelper("int_n", {
  params: 2,
  doc: "INT n: sensitive to IOPL in V86 (SDM 3B §21.2.7); #GP, #NP, #SS, #TS.",
  bind: (cpu) => (vector, returnEip) => {
    if (cpu.isV86() && ioplOf(cpu) < 3) cpu.fault(GP, 0);
    software(cpu, vector, returnEip);
  },
});

export const trapInsn = defHelper("int3_int1", {
  params: 2,
  doc: "INT3, a software interrupt that IOPL does not stop, or INT1, which the gate's DPL does not stop either.",
  bind: (cpu) => (vector, returnEip) => {
    if (vector === BP) software(cpu, BP, returnEip);
    else deliver(cpu, DB, { error: -1, isSoftware: false, isFault: false, returnEip });
  },
});

export const overflowTrap = defHelper("into", {
  params: 1,
  doc: "INTO: vector 4 if OF is set; EIP is `returnEip` otherwise.",
  bind: (cpu) => (returnEip) => {
    if ((readArithFlags(cpu.R) & F_OF) !== 0) software(cpu, OF, returnEip);
    else cpu.R[EIP] = returnEip;
  },
});
