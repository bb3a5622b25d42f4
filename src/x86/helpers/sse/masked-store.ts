/** MASKMOVQ and MASKMOVDQU. */
import { defHelper } from "../define.ts";

export const maskedStore = defHelper("masked_store", {
  params: 4,
  doc: "Stores to `linear` the bytes of the register at slot `data` whose top bit is set in the register at slot `mask`.",
  bind: (cpu) => (linear, data, mask, sizeBytes) => {
    const { R8 } = cpu.state;
    const isChosen = (i: number): boolean => (R8[4 * mask + i] & 0x80) !== 0;
    for (let i = 0; i < sizeBytes; i++) if (isChosen(i)) cpu.probeWrite((linear + i) | 0, 1);
    for (let i = 0; i < sizeBytes; i++) if (isChosen(i)) cpu.store8((linear + i) | 0, R8[4 * data + i]);
  },
});
