/**
 * Dead code: an op that only computes a value which nobody uses goes, and with it the use of its operands. Accesses to
 * guest memory stay whether used or not: they may fault or reach a device.
 */
import type { Op } from "../ir/block.ts";
import { hasEffect } from "../ir/block.ts";
import type { Report } from "./report.ts";

/** True if the op, met on a walk backwards with exact use counts, is of no use. */
export function isUnused(op: Op, report: Report | undefined): boolean {
  if (op.uses !== 0 || hasEffect(op)) return false;
  report?.("dce", op, "nobody uses it");
  return true;
}
