// The list of groups: a new one is added here and described in README.md.

import type { Group } from "./group.ts";
import { aes } from "./groups/aes.ts";
import { alu } from "./groups/alu.ts";
import { bcd } from "./groups/bcd.ts";
import { bits } from "./groups/bits.ts";
import { branch } from "./groups/branch.ts";
import { cond } from "./groups/cond.ts";
import { data } from "./groups/data.ts";
import { fault } from "./groups/fault.ts";
import { fpfault } from "./groups/fpfault.ts";
import { hot } from "./groups/hot.ts";
import { lea } from "./groups/lea.ts";
import { mmx } from "./groups/mmx.ts";
import { muldiv } from "./groups/muldiv.ts";
import { seq } from "./groups/seq.ts";
import { shift } from "./groups/shift.ts";
import { smc } from "./groups/smc.ts";
import { sse } from "./groups/sse.ts";
import { sse2fp } from "./groups/sse2fp.ts";
import { sse2int } from "./groups/sse2int.ts";
import { sse3 } from "./groups/sse3.ts";
import { sse4 } from "./groups/sse4.ts";
import { ssse3 } from "./groups/ssse3.ts";
import { stack } from "./groups/stack.ts";
import { string } from "./groups/string.ts";
import { trans } from "./groups/trans.ts";
import { x87 } from "./groups/x87.ts";

const INTEGER_GROUPS: readonly Group[] = [
  alu, shift, muldiv, bits, string, bcd, lea, data, stack, cond, branch, seq, hot, smc,
];

/** About x87, MMX and XMM state. */
const FLOAT_AND_SIMD_GROUPS: readonly Group[] = [x87, trans, mmx, sse, sse2fp, sse2int, sse3, ssse3, sse4, aes, fpfault];

export const ALL_GROUPS: readonly Group[] = [...INTEGER_GROUPS, fault, ...FLOAT_AND_SIMD_GROUPS];
