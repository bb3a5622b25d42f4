/** The HPET description table (IA-PC HPET specification 1.0a, §3.2.4): where the event timers are. */
import { HPET_BLOCK_ID, MIN_PERIOD_TICKS } from "../../devices/hpet.ts";
import { le16, le32 } from "./aml.ts";

export const HPET_BASE = 0xfed00000;

const IN_MEMORY = 0, REGISTER_BITS = 64, NO_PROTECTION = 0;

/** The table's body. */
export function hpetTable(): number[] {
  return [...le32(HPET_BLOCK_ID), IN_MEMORY, REGISTER_BITS, 0, 0, ...le32(HPET_BASE), ...le32(0), 0, ...le16(MIN_PERIOD_TICKS), NO_PROTECTION];
}
