/** Declares helpers of the x87 unit: bound to the unit, with its state as their effects, and without faults of their own. */
import type { Global } from "../../../../tcg/ir/types.ts";
import type { HelperDef, HelperFn } from "../define.ts";
import { defHelper } from "../define.ts";
import { G_FPU_CONTROL } from "../../state.ts";
import type { Fpu } from "./fpu.ts";
import { FPU_STATE, fpuOf } from "./fpu.ts";

interface FpuHelperSpec {
  readonly doc: string;
  /** Number of int32 parameters; default 0. */
  readonly params?: number;
  readonly result?: "i32";
  /** Globals outside of the register stack, the status and the control word. */
  readonly alsoReads?: readonly Global[];
  readonly alsoWrites?: readonly Global[];
  readonly mayFault?: boolean;
  /** Changes nothing. */
  readonly readsOnly?: boolean;
  /** Writes registers only in another form. */
  readonly restates?: boolean;
  readonly bind: (f: Fpu) => HelperFn;
}

export function defFpuHelper(name: string, spec: FpuHelperSpec): HelperDef {
  return defHelper(name, {
    params: spec.params ?? 0,
    ...(spec.result === undefined ? {} : { result: spec.result }),
    reads: [...FPU_STATE, G_FPU_CONTROL, ...(spec.alsoReads ?? [])],
    writes: spec.readsOnly === true ? [] : [...FPU_STATE, ...(spec.alsoWrites ?? [])],
    mayFault: spec.mayFault ?? false,
    restates: spec.restates === true,
    doc: spec.doc,
    bind: (cpu) => spec.bind(fpuOf(cpu)),
  });
}
