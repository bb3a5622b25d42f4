// Turns a case and what the processor made of it into a vector, or says why it is not fit to be one.

import type { Case } from "./case.ts";
import { significantFx } from "./fx-image.ts";
import { BP, COMPARED_FLAGS, DE, DF, DID_NOT_END, ERROR_CODE_VECTORS, PF_FAULT, ZF } from "./machine-model.ts";
import type { Expected, Outcome, Vector } from "./vector.ts";

const BREAKPOINT = 0xcc;

/** Why a case is dropped; undefined: it is kept. */
export function dropReason(c: Case, outcome: Outcome): string | undefined {
  const { exception } = outcome;
  if (exception === DID_NOT_END) return `${c.group}: does not end`;
  if (exception !== BP && !c.expectedFaults.includes(exception)) return `${c.name}: unexpected exception ${exception}`;
  const endsWhereItStarts = exception === BP && outcome.eip === c.ip && c.code[0] !== BREAKPOINT;
  if (endsWhereItStarts) return `${c.name}: ends where it starts`;
  if (c.dropsIfZero && outcome.eflags & ZF) return "bit scan of zero";
  return undefined;
}

/** The vector of a case that is kept. */
export function toVector(c: Case, outcome: Outcome, id: number): Vector {
  const input = c.input(id);
  return {
    id: input.id,
    g: c.group,
    n: c.name,
    c: input.c,
    ip: input.ip,
    r: input.r,
    f: input.f,
    ...(input.fx === undefined ? {} : { fx: input.fx }),
    ...(input.m === undefined ? {} : { m: input.m }),
    fm: comparedFlags(c, outcome),
    e: expected(c, outcome),
    ...(Object.keys(c.notes).length > 0 ? { k: c.notes } : {}),
  };
}

/** After #DE the saved flags differ between processors. */
function comparedFlags(c: Case, outcome: Outcome): number {
  return outcome.exception === DE ? DF : COMPARED_FLAGS & ~c.undefinedFlags;
}

function expected(c: Case, outcome: Outcome): Expected {
  const { exception } = outcome;
  return {
    ip: outcome.eip,
    r: outcome.regs,
    f: outcome.eflags & COMPARED_FLAGS,
    ...(exception === BP ? {} : { x: exception }),
    ...(ERROR_CODE_VECTORS.has(exception) ? { err: outcome.errorCode } : {}),
    ...(exception === PF_FAULT ? { cr2: outcome.cr2 } : {}),
    ...(c.fx ? { fx: significantFx(outcome.fx) } : {}),
    ...(outcome.changed.length > 0 ? { m: outcome.changed } : {}),
  };
}
