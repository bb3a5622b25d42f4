/** Single bits and bit strings: BT and its kin, bit scans, population count. */
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val, Width } from "../lowering.ts";
import type { Operand } from "../operands.ts";

/** What happens to the bit after it was copied to CF: `mask` has it set alone. */
type Change = ((b: Lowering, x: Val, mask: Val) => Val) | null;

/** A register's bit number counts from the memory operand's first bit, either way and as far as it goes (SDM 2A BT). */
function wordOfBit(b: Lowering, string: Operand, bit: Val): Operand {
  const { width } = string, shift = width === 32 ? 5 : 4;
  const words = b.sar(b.sext(width, bit), b.imm(shift));
  return string.at(b.shl(words, b.imm(shift - 3)), width);
}

function bitTest(b: Lowering, word: Operand, bit: Val, change: Change): void {
  const width: Width = word.width, x = change === null ? word.read() : word.readForWrite();
  const n = b.and(bit, b.imm(width - 1));
  if (change !== null) word.write(change(b, x, b.shl(b.imm(1), n)));
  b.flags.setCarry(b.and(b.shr(x, n), b.imm(1)));
}

function bitInsn(name: string, opcode: string, digit: number, change: Change): InsnDef[] {
  const shared = { ref: `SDM 2A ${name.toUpperCase()}`, lock: change !== null };
  return [
    defInsn(name, {
      ...shared, forms: [`0f ${opcode} /r  Ev,Gv`],
      lower(b, [dst, src]) {
        const bit = src.read();
        bitTest(b, dst.isMemory ? wordOfBit(b, dst, bit) : dst, bit, change);
      },
    }),
    defInsn(name, {
      ...shared, forms: [`0f ba /${digit} ib  Ev,Ib`],
      lower(b, [dst, src]) {
        bitTest(b, dst, src.read(), change);
      },
    }),
  ];
}

/** A bit scan: of 0 only ZF says anything, the destination stays. */
function scan(name: string, opcode: string, position: (b: Lowering, x: Val) => Val): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [`0f ${opcode} /r  Gv,Ev`],
    lower(b, [dst, src]) {
      const x = src.read();
      dst.write(b.select(x, position(b, x), dst.read()));
      b.flags.zeroOnly(b.setcond("eq", x, b.imm(0)));
    },
  });
}

export const BITS: readonly InsnDef[] = [
  ...bitInsn("bt", "a3", 4, null),
  ...bitInsn("bts", "ab", 5, (b, x, mask) => b.or(x, mask)),
  ...bitInsn("btr", "b3", 6, (b, x, mask) => b.and(x, b.not(mask))),
  ...bitInsn("btc", "bb", 7, (b, x, mask) => b.xor(x, mask)),

  scan("bsf", "bc", (b, x) => b.ctz(x)),
  scan("bsr", "bd", (b, x) => b.sub(b.imm(31), b.clz(x))),

  defInsn("popcnt", {
    ref: "SDM 2B POPCNT", feature: "popcnt", forms: ["f3 0f b8 /r  Gv,Ev"],
    lower(b, [dst, src]) {
      const x = src.read();
      dst.write(b.ctpop(x));
      b.flags.zeroOnly(b.setcond("eq", x, b.imm(0)));
    },
  }),
];
