// Prefixes that change nothing: overrides of flat segments, repeated ones, an address size without an address, any
// order, up to the 15 bytes an instruction may have (SDM 2A §2.1.1, SDM 3A #GP).

import type { Case } from "./case.ts";

const ES = 0x26, CS = 0x2e, SS = 0x36, DS = 0x3e, ADDRESS_SIZE = 0x67;
const MAX_INSN_BYTES = 15;

/** Adds some to a case of one instruction; others stay as they are. Call it last. */
export function addRedundantPrefixes(c: Case): void {
  if (!c.isSingleInsn) return;
  const { random } = c;
  const room = () => MAX_INSN_BYTES - c.bytes.length;
  const harmless = c.isReadOnly ? [ES, CS, SS, DS] : [ES, SS, DS]; // CS is not writable
  if (c.hasMemoryOperand && random.chance(0.06)) c.prefix(random.pick(harmless));
  if (!c.hasMemoryOperand && c.ignoresAddressSize && random.chance(0.03)) c.prefix(ADDRESS_SIZE);
  const candidates = [...harmless, ...c.prefixes.filter((prefix) => prefix === ADDRESS_SIZE || prefix === 0x66)];
  if (random.chance(0.015)) while (room() > 0) c.prefix(random.pick(candidates));
  else if (random.chance(0.03) && room() > 0) c.prefix(random.pick(candidates));
  shuffle(c);
}

function shuffle(c: Case): void {
  for (let i = c.prefixes.length - 1; i > 0; i--) {
    const j = c.random.below(i + 1);
    [c.prefixes[i], c.prefixes[j]] = [c.prefixes[j], c.prefixes[i]];
  }
}
