// Programs of floating-point insns at random, under interpreter and translator: what blocks and regions do inline needs operands
// and control words that insns at random seldom have. A test makes programs and data; here they run.

import { expect } from "chai";
import type { VmOptions } from "../../src/index.ts";
import { Random } from "../oracle/random.ts";
import { guest32 } from "../src/kvm/guest.ts";

/** Machine code, and what is in memory where it finds its operands. */
export interface FloatProgram {
  readonly code: readonly number[];
  readonly data: Uint8Array;
}

export interface FloatPrograms {
  readonly seed: string;
  readonly count: number;
  readonly make: (random: Random) => FloatProgram;
  /** Where data goes, and where programs store. */
  readonly dataAt: number;
  readonly out: { readonly at: number; readonly bytes: number };
  readonly cr4: number;
}

export const DATA = 0x9000, OUT = 0xa000;

const SLICES = 3, SLICE_INSNS = 121, FXSAVE_BYTES = 512;

export const word32 = (x: number): number[] => [x & 255, (x >> 8) & 255, (x >> 16) & 255, (x >>> 24) & 255];
export const hexOf = (code: readonly number[]): string => code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Registers, floating-point state and stores after each slice of the run. */
function states({ code, data }: FloatProgram, { dataAt, out, cr4 }: FloatPrograms, options: VmOptions): string[] {
  const { vm, vcpu } = guest32(hexOf(code), options), all: string[] = [];
  vm.writePhys(dataAt, data);
  vcpu.setSregs({ cr4 });
  for (let slice = 0; slice < SLICES; slice++) {
    vcpu.run({ maxInsns: slice === SLICES - 1 ? 100_000 : SLICE_INSNS });
    const { rax, rdx, rip, rflags } = vcpu.getRegs(), stored = Buffer.from(vm.readPhys(out.at, out.bytes)).toString("hex");
    all.push(`${rax} ${rdx} ${rip} ${rflags}\n${Buffer.from(vcpu.getFpu()).subarray(0, FXSAVE_BYTES).toString("hex").replaceAll(/(.{32})/g, "$1\n")}\n${stored}`);
  }
  return all;
}

/** A test for each of the settings: they go as interpreted. */
export function goAsInterpreted(programs: FloatPrograms, settings: readonly (readonly [string, VmOptions])[]): void {
  const { seed, count, make } = programs;
  for (const [name, options] of settings) {
    it(`go as interpreted, ${name}`, () => {
      for (let n = 0; n < count; n++) {
        const program = make(new Random(`${seed} ${n}`));
        expect(states(program, programs, options), `program ${n} of seed ${seed}`).to.deep.equal(states(program, programs, { engine: "interp" }));
      }
    });
  }
}
