// Real-mode guests that tell which exception stopped them: every vector's handler is a HLT of its own.

import type { KvmSregsUpdate, VmOptions } from "../../../../src/index.ts";
import type { Guest } from "../../kvm/guest.ts";
import { guest16, poke } from "../../kvm/guest.ts";

/** The HLT of vector n lies at HANDLERS + n. */
const HANDLERS = 0x600, VECTORS = 32, HLT = 0xf4;

export const UD = 6, NM = 7, GP = 13, MF = 16;
export const CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_NE = 0x20;
const CR0_ET = 0x10, CR4_OSFXSR = 0x200;

/** What to set in the control registers. */
export interface Controls {
  readonly cr0?: number;
  /** Default: OSFXSR. */
  readonly cr4?: number;
}

/** A real-mode guest about to run `code` at 0:1000, with its stack below 8000h. */
export function guestWithHandlers(code: string, controls: Controls, options: VmOptions): Guest {
  const made = guest16(code, options), { vm, vcpu } = made;
  for (let vector = 0; vector < VECTORS; vector++) {
    poke(vm, 4 * vector, 4, HANDLERS + vector);
    poke(vm, HANDLERS + vector, 1, HLT);
  }
  const sregs: KvmSregsUpdate = { cr0: CR0_ET | (controls.cr0 ?? 0), cr4: controls.cr4 ?? CR4_OSFXSR };
  vcpu.setSregs(sregs);
  vcpu.setRegs({ rsp: 0x8000 });
  return made;
}

/** Runs to a HLT: the vector whose handler that is, or null if it is the guest's own. */
export function vectorOf({ vcpu }: Guest): number | null {
  const exit = vcpu.run({ maxInsns: 1000 });
  if (exit.reason !== "KVM_EXIT_HLT") throw new Error(`the guest ends with ${exit.reason}`);
  const at = vcpu.getRegs().rip - 1 - HANDLERS;
  return at >= 0 && at < VECTORS ? at : null;
}
