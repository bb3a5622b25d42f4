// Runs a vector on an engine: what a vector runner has to do besides starting the engine and speaking the line protocol
// (../oracle/line-protocol.ts). The engine comes in as a VectorExecutor.

import { fromHex, toHex } from "../oracle/bytes.ts";
import { BP, REGIONS, resetFxImage } from "../oracle/machine-model.ts";
import type { Outcome, Placed, VectorInput } from "../oracle/vector.ts";

/** The CPU state that vectors name. General registers in the order eax ecx edx ebx esp ebp esi edi, any sign. */
export interface CpuState {
  readonly eip: number;
  readonly regs: readonly number[];
  readonly eflags: number;
  /** First 288 bytes of an FXSAVE image, by machine-model.ts. */
  readonly fx: Uint8Array;
}

export interface StoppedAt {
  /** Exception vector, or `DID_NOT_END` if the executor's own limit was reached. */
  readonly exception: number;
  /** 0 for exceptions without one. */
  readonly errorCode: number;
  /** 0 for exceptions other than #PF. */
  readonly cr2: number;
}

/**
 * A machine by machine-model.ts: segments and control registers set up, the four regions mapped, nothing else.
 * One executor runs many vectors, so code of the last one may still be translated when memory is written anew.
 */
export interface VectorExecutor {
  /** Writes memory from outside, past protection; translations of it are void. */
  writeMemory(linear: number, bytes: Uint8Array): void;
  readMemory(linear: number, sizeBytes: number): Uint8Array;
  setState(state: CpuState): void;
  /** Runs until the first exception, which is not delivered: the state is what delivery would push. */
  run(): StoppedAt;
  /** EIP as the exception would push it: for INT3 and the other traps behind the instruction. */
  readState(): CpuState;
}

/** Places the vector, runs it and collects what became of it. */
export function runVector(input: VectorInput, executor: VectorExecutor): Outcome {
  const before = startMemory(input);
  REGIONS.forEach(({ base }, i) => executor.writeMemory(base, before[i]));
  executor.setState({ eip: input.ip, regs: input.r, eflags: input.f, fx: input.fx === undefined ? resetFxImage() : fromHex(input.fx) });
  const { exception, errorCode, cr2 } = executor.run();
  const { eip, regs, eflags, fx } = executor.readState();
  return {
    id: input.id,
    exception,
    errorCode,
    cr2,
    eip: exception === BP ? eip - 1 : eip,
    regs: regs.map((value) => value >>> 0),
    eflags,
    fx: toHex(fx),
    changed: REGIONS.flatMap(({ base, sizeBytes }, i) => changedRuns(base, before[i], executor.readMemory(base, sizeBytes))),
  };
}

/** The bytes of each region at the start. */
function startMemory(input: VectorInput): Uint8Array[] {
  const memory = REGIONS.map(({ sizeBytes, fill }) => new Uint8Array(sizeBytes).fill(fill));
  for (const [address, hex] of [[input.ip, input.c] as const, ...(input.m ?? [])]) {
    const bytes = fromHex(hex);
    const index = REGIONS.findIndex(({ base, sizeBytes }) => address >= base && address + bytes.length <= base + sizeBytes);
    if (index < 0) throw new RangeError(`vector ${input.id}: ${bytes.length} bytes at ${address.toString(16)} lie in no region`);
    memory[index].set(bytes, address - REGIONS[index].base);
  }
  return memory;
}

function changedRuns(base: number, before: Uint8Array, after: Uint8Array): Placed[] {
  const runs: Placed[] = [];
  for (let i = 0; i < before.length; i++) {
    const from = i;
    while (i < before.length && before[i] !== after[i]) i++;
    if (i > from) runs.push([base + from, toHex(after.subarray(from, i))]);
  }
  return runs;
}
