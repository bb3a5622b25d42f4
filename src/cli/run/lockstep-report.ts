/** What there is to say about the first difference between interpreter and translated code. */
import type { TranslationBlock } from "../../exec/translation-block.ts";
import type { NextInsn } from "../../inspect/insn-at.ts";
import { nextInsn } from "../../inspect/insn-at.ts";
import { reportBlock } from "../../inspect/report.ts";
import { blockText, insnText } from "../../inspect/text.ts";
import type { BareMachine } from "../../machine/bare.ts";
import type { Difference, Lockstep, MakeMachine } from "../../machine/lockstep.ts";
import { flatten, runMachineTo } from "../../machine/lockstep.ts";
import { csIpText } from "../exit-text.ts";
import { filetestText } from "./lockstep-filetest.ts";

/** Registers that are shown even where both agree. */
const ALWAYS_SHOWN = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags"];
const NAME_COLUMNS = 14, VALUE_COLUMNS = 28;

/** Repeats the run to find the first difference, and tells all about it; several lines. */
export function differenceText(lockstep: Lockstep, make: MakeMachine, bits: 16 | 32): string {
  const first = lockstep.findFirst({});
  if (first === null) return "the difference does not come back when the run is repeated: something is not deterministic\n";
  const single = lockstep.findFirst({ maxBlockInsns: 1 });
  const at = (insns: number): BareMachine => machineAt(make, insns);
  const last = at(first.insns - 1), lastInsn = nextInsn(last.vcpu.engine.cpu);
  const block = findBlock(first, lastInsn, at);
  const before = block === null ? last : at(first.insns - block.size);
  const parts = [
    `The engines agree after ${first.insns - 1} insns and differ after ${first.insns}, which is`,
    `  ${csIpText(last.vcpu)}  ${insnText(lastInsn)}`,
    "", differences(first, before),
    singleText(single, first, at),
  ];
  if (block !== null) parts.push("", "The block that ends there:", blockText(reportBlock(first.machines.jit.vcpu.engine, block), { isColoured: false }));
  parts.push("", "As a filetest, with what the interpreter did:", filetestText(before, block?.size ?? 1, bits));
  return `${parts.join("\n")}\n`;
}

/** An interpreting machine after so many insns. */
function machineAt(make: MakeMachine, insns: number): BareMachine {
  const machine = make({ engine: "interp" }, { onOutput: () => undefined, onUnhandled: () => undefined });
  runMachineTo(machine, insns);
  return machine;
}

/** The block that ran last, if one did: it ends with this insn, and the guest was at its start as many insns before. */
function findBlock({ machines, insns }: Difference, lastInsn: NextInsn, at: (insns: number) => BareMachine): TranslationBlock | null {
  const { translator } = machines.jit.vcpu.engine, base = (tb: TranslationBlock): number => tb.space?.csBase ?? 0;
  const candidates = translator.allBlocks().filter((tb) => ((base(tb) + (tb.eips.at(-1) ?? 0)) >>> 0) === lastInsn.address && tb.size <= insns);
  return candidates.find((tb) => nextInsn(at(insns - tb.size).vcpu.engine.cpu).address === ((base(tb) + tb.eip) >>> 0)) ?? null;
}

/** Registers side by side, then memory. */
function differences({ interp, jit, fields, bytes }: Difference, before: BareMachine): string {
  const start = before.vcpu.describeState();
  const a = flatten(interp), b = flatten(jit), row = (cells: readonly string[]): string =>
    `  ${cells.map((c, i) => c.padEnd(i === 0 ? NAME_COLUMNS : VALUE_COLUMNS)).join("")}`.trimEnd();
  const shown = [...new Set([...ALWAYS_SHOWN, ...fields.map((f) => f.name)])];
  const lines = [row(["", "before", "interp", "jit"])];
  for (const name of shown) {
    const field = fields.find((f) => f.name === name);
    const left = field?.interp ?? a.get(name) ?? "", right = field?.jit ?? b.get(name) ?? "";
    lines.push(row([name, name === "insns" ? "" : start.get(name) ?? "", left, right + (left === right ? "" : "  <- differs")]));
  }
  for (const { address, interp: x, jit: y } of bytes) lines.push(row([`[0x${address.toString(16)}]`, "", `0x${x.toString(16)}`, `0x${y.toString(16)}  <- differs`]));
  return lines.join("\n");
}

/** What blocks of one insn each make of it. */
function singleText(single: Difference | null, first: Difference, at: (insns: number) => BareMachine): string {
  if (single === null) return "\nWith blocks of one insn nothing differs: what goes wrong is between insns, in how a block is put together.";
  const machine = at(single.insns - 1);
  const where = `${csIpText(machine.vcpu)}  ${insnText(nextInsn(machine.vcpu.engine.cpu))}`;
  return `\nWith blocks of one insn the first difference is after ${single.insns} insns${single.insns === first.insns ? ", the same" : ""}: this insn goes wrong\n  ${where}`;
}
