/**
 * String insns. One element is inline IR; with a repeat prefix a helper does a run of elements, and the insn is executed
 * again until none are left (helpers/string.ts).
 */
import { repCmps, repLods, repMovs, repScas, repStos } from "../helpers/string.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val, Width } from "../lowering.ts";
import { EAX, EDI, ESI, G_DF, SEG_BASE } from "../state.ts";

const log2Bytes = (width: Width): number => (width === 8 ? 0 : width === 16 ? 1 : 2);

/** What every repeat helper starts with: log2 of the element size, and the address-size mask. */
function runArguments(b: Lowering, width: Width): [Val, Val] {
  return [b.imm(log2Bytes(width)), b.imm(b.facts.adsize === 32 ? -1 : 0xffff)];
}

/** Number of the source's segment, which a prefix may have changed. */
const sourceSegment = (b: Lowering): Val => b.sub(b.field("seg"), b.imm(SEG_BASE));

/** Moves index registers past one element. */
function advance(b: Lowering, width: Width, ...registers: number[]): void {
  const { adsize } = b.facts, step = b.shl(b.get(G_DF), b.imm(log2Bytes(width)));
  for (const n of registers) b.setReg(adsize, n, b.add(b.reg(adsize, n), step));
}

export const STRING: readonly InsnDef[] = [
  defInsn("movs", {
    ref: "SDM 2B MOVS", rep: "rep", forms: ["a4  Yb,Xb", "a5  Yv,Xv"],
    lower(b, [dst, src], { rep }) {
      if (rep !== 0) return b.retryIf(b.call(repMovs, ...runArguments(b, dst.width), sourceSegment(b)));
      dst.write(src.read());
      advance(b, dst.width, ESI, EDI);
    },
  }),

  defInsn("cmps", {
    ref: "SDM 2A CMPS", rep: "repe", forms: ["a6  Xb,Yb", "a7  Xv,Yv"],
    lower(b, [first, second], { rep }) {
      const { width } = first;
      if (rep !== 0) return b.retryIf(b.call(repCmps, ...runArguments(b, width), sourceSegment(b), b.imm(rep)));
      const x = first.read(), y = second.read();
      b.flags.sub(width, b.sub(x, y), x, y);
      advance(b, width, ESI, EDI);
    },
  }),

  defInsn("stos", {
    ref: "SDM 2B STOS", rep: "rep", forms: ["aa  Yb,AL", "ab  Yv,rAX"],
    lower(b, [dst, src], { rep }) {
      if (rep !== 0) return b.retryIf(b.call(repStos, ...runArguments(b, dst.width)));
      dst.write(src.read());
      advance(b, dst.width, EDI);
    },
  }),

  defInsn("lods", {
    ref: "SDM 2A LODS", rep: "rep", forms: ["ac  AL,Xb", "ad  rAX,Xv"],
    lower(b, [, src], { rep }) {
      const { width } = src;
      if (rep !== 0) return b.retryIf(b.call(repLods, ...runArguments(b, width), sourceSegment(b)));
      b.setReg(width, EAX, src.read());
      advance(b, width, ESI);
    },
  }),

  defInsn("scas", {
    ref: "SDM 2B SCAS", rep: "repe", forms: ["ae  AL,Yb", "af  rAX,Yv"],
    lower(b, [src, dst], { rep }) {
      const { width } = dst;
      if (rep !== 0) return b.retryIf(b.call(repScas, ...runArguments(b, width), b.imm(rep)));
      const x = src.read(), y = dst.read();
      b.flags.sub(width, b.sub(x, y), x, y);
      advance(b, width, EDI);
    },
  }),
];
