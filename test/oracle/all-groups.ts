// The list of groups: a new one is added here and described in README.md.

import type { Group } from "./group.ts";
import { alu } from "./groups/alu.ts";
import { bcd } from "./groups/bcd.ts";
import { bits } from "./groups/bits.ts";
import { branch } from "./groups/branch.ts";
import { cond } from "./groups/cond.ts";
import { data } from "./groups/data.ts";
import { fault } from "./groups/fault.ts";
import { hot } from "./groups/hot.ts";
import { lea } from "./groups/lea.ts";
import { muldiv } from "./groups/muldiv.ts";
import { seq } from "./groups/seq.ts";
import { shift } from "./groups/shift.ts";
import { smc } from "./groups/smc.ts";
import { stack } from "./groups/stack.ts";
import { string } from "./groups/string.ts";

export const INTEGER_GROUPS: readonly Group[] = [
  alu, shift, muldiv, bits, string, bcd, lea, data, stack, cond, branch, seq, hot, smc,
];

export const ALL_GROUPS: readonly Group[] = [...INTEGER_GROUPS, fault];
