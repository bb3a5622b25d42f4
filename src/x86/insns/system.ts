/**
 * System instructions: control and debug registers, descriptor tables, segment registers, the interrupt flag, and the insns that
 * do nothing. What they do is in helpers; lowerings fetch operands and say how control goes on.
 */
import { UD } from "../fault.ts";
import { clearInterruptFlag, setInterruptFlag } from "../helpers/eflags.ts";
import { clearTaskSwitched, halt, invalidatePage, loadGlobalTable, loadInterruptTable, loadStatusWord, readControl, storeTableBase, storeTableLimit, writeControl } from "../helpers/cpu-control.ts";
import { readDebug, writeDebug } from "../helpers/debug-registers.ts";
import { requireKernel, requireProtectedMode, requireSystem, requireUserMayAsk } from "../helpers/privilege.ts";
import { loadAccessRights, loadLimit, loadLocalTable, loadTask, readLocalTable, readTask, verifyRead, verifyWrite } from "../helpers/system-segments.ts";
import type { HelperDef } from "../helpers/define.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Facts } from "../isa/insn.ts";
import type { Lowering, Val } from "../lowering.ts";
import type { Operand } from "../operands.ts";
import { DS, ES, F_IF, FS, G_EFLAGS_SYS, G_CR0, GS, SEG_SELECTORS, SS, G_SHADOW, SHADOW_MOV_SS } from "../state.ts";
import { farPointer } from "./control.ts";
import { endLoad, soloLoad, leaveToNext, loadSreg } from "./segment-load.ts";

/** CPL 0 whatever IOPL says: CLI and STI need no check (SDM 2A CLI). Real mode is privilege level 0. */
function isKernel(facts: Facts): boolean {
  return !facts.mode.v86 && facts.mode.cpl === 0;
}

/** SGDT, SIDT, SLDT, STR and SMSW tell user code about the system, unless CR4.UMIP says no (SDM 3A §2.5). */
function checkUmip(b: Lowering, { mode }: Facts): void {
  if (mode.cpl > 0) b.call(requireUserMayAsk);
}

/** Writes a selector or status word: 16 bits to memory, zero extended to a register (SDM 2B MOV, SLDT, SMSW). */
function storeWord(b: Lowering, dst: Operand, v: Val): void {
  if (dst.isMemory) dst.at(b.imm(0), 16).write(v);
  else dst.write(v);
}

const sreg: readonly InsnDef[] = [
  defInsn("mov", {
    ref: "SDM 2B MOV", forms: ["8c /r  Ev,Sw"],
    lower: (b, [dst], facts) => storeWord(b, dst, b.get(SEG_SELECTORS[facts.sreg])),
  }),
  defInsn("mov", {
    ref: "SDM 2B MOV", solo: soloLoad, forms: ["8e /r  Sw,Ew"],
    lower(b, [, src], facts) {
      const isChanged = loadSreg(b, facts, src.read());
      if (facts.sreg === SS) b.set(G_SHADOW, b.imm(SHADOW_MOV_SS));
      endLoad(b, facts, isChanged);
    },
  }),
  ...([["les", ES, "c4"], ["lds", DS, "c5"], ["lss", SS, "0f b2"], ["lfs", FS, "0f b4"], ["lgs", GS, "0f b5"]] as const).map(
    ([name, destination, opcode]) => defInsn(name, {
      ref: "SDM 2A LDS/LES/LFS/LGS/LSS", sreg: destination, solo: soloLoad, forms: [`${opcode} /r  Gv,Mp`],
      lower(b, [dst, pointer], facts) {
        const { offset, selector } = farPointer(b, pointer);
        const isChanged = loadSreg(b, facts, selector);
        dst.write(offset);
        endLoad(b, facts, isChanged);
      },
    })),
];

const flags: readonly InsnDef[] = [
  defInsn("cli", {
    ref: "SDM 2A CLI", privilege: true, solo: (facts) => !isKernel(facts), forms: ["fa"],
    lower(b, _operands, facts) {
      if (isKernel(facts)) b.set(G_EFLAGS_SYS, b.and(b.get(G_EFLAGS_SYS), b.imm(~F_IF)));
      else b.call(clearInterruptFlag);
    },
  }),
  defInsn("sti", {
    ref: "SDM 2B STI", solo: "last", forms: ["fb"],
    lower(b) {
      b.call(setInterruptFlag);
      leaveToNext(b);
    },
  }),
  defInsn("hlt", { ref: "SDM 2A HLT", solo: true, forms: ["f4"], lower: (b) => void b.call(halt) }),
];

const idle: readonly InsnDef[] = [
  defInsn("nop", { ref: "SDM 2B NOP", forms: ["np 90"], lower: () => {} }),
  defInsn("nop", {
    ref: "SDM 2B NOP", feature: "p6", forms: ["18", "19", "1a", "1b", "1c", "1d", "1e", "1f"].map((opcode) => `0f ${opcode} /r  Ev`),
    lower: () => {},
  }),
  defInsn("pause", { ref: "SDM 2B PAUSE", forms: ["f3 90"], lower: () => {} }),
  ...([["ud0", "0f ff /r  Gv,Ev"], ["ud1", "0f b9 /r  Gv,Ev"], ["ud2", "0f 0b"]] as const).map(
    ([name, form]) => defInsn(name, { ref: "SDM 2B UD", branch: "always", forms: [form], lower: (b) => b.fault(UD) })),
];

/** LGDT and LIDT: limit, then a base of which 16-bit operands load 24 bits. */
function loadTable(helper: HelperDef, name: string, form: string): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A LGDT/LIDT", solo: true, forms: [form],
    lower(b, [m], { opsize }) {
      b.call(requireKernel);
      const limit = m.at(b.imm(0), 16).read(), base = m.at(b.imm(2), 32).read();
      b.call(helper, limit, opsize === 32 ? base : b.and(base, b.imm(0xffffff)));
    },
  });
}

/** SGDT and SIDT store all 32 bits of the base whatever the operand size, as 386 and later do. */
function storeTable(table: 0 | 1, name: string, form: string): InsnDef {
  return defInsn(name, {
    ref: "SDM 2B SGDT, SIDT", privilege: true, forms: [form],
    lower(b, [m], facts) {
      checkUmip(b, facts);
      const which = b.imm(table);
      m.at(b.imm(0), 16).write(b.call(storeTableLimit, which));
      m.at(b.imm(2), 32).write(b.call(storeTableBase, which));
    },
  });
}

const control: readonly InsnDef[] = [
  loadTable(loadGlobalTable, "lgdt", "0f 01 /2  M"),
  loadTable(loadInterruptTable, "lidt", "0f 01 /3  M"),
  storeTable(0, "sgdt", "0f 01 /0  M"),
  storeTable(1, "sidt", "0f 01 /1  M"),
  defInsn("smsw", {
    ref: "SDM 2B SMSW", privilege: true, forms: ["0f 01 /4  Ev"],
    lower(b, [dst], facts) {
      checkUmip(b, facts);
      storeWord(b, dst, b.get(G_CR0));
    },
  }),
  defInsn("lmsw", {
    ref: "SDM 2A LMSW", solo: "last", forms: ["0f 01 /6  Ew"],
    lower(b, [src]) {
      b.call(requireKernel);
      b.call(loadStatusWord, src.read());
      leaveToNext(b);
    },
  }),
  defInsn("invlpg", {
    ref: "SDM 2A INVLPG", solo: "last", forms: ["0f 01 /7  M"],
    lower(b, [page]) {
      b.call(invalidatePage, b.field("seg"), page.offset());
      leaveToNext(b);
    },
  }),
  defInsn("clts", { ref: "SDM 2A CLTS", forms: ["0f 06"], lower: (b) => void b.call(clearTaskSwitched) }),
  defInsn("mov", {
    ref: "SDM 2B MOV CRn", forms: ["0f 20 /r  Rd,Cd"],
    lower: (b, [dst], facts) => dst.write(b.call(readControl, b.imm(facts.sreg))),
  }),
  defInsn("mov", {
    ref: "SDM 2B MOV CRn", solo: "last", forms: ["0f 22 /r  Cd,Rd"],
    lower(b, [, src], facts) {
      b.call(writeControl, b.imm(facts.sreg), src.read());
      leaveToNext(b);
    },
  }),
  defInsn("mov", {
    ref: "SDM 2B MOV DRn", solo: true, forms: ["0f 21 /r  Rd,Dd"],
    lower: (b, [dst], facts) => dst.write(b.call(readDebug, b.imm(facts.sreg))),
  }),
  defInsn("mov", {
    ref: "SDM 2B MOV DRn", solo: true, forms: ["0f 23 /r  Dd,Rd"],
    lower(b, [, src], facts) {
      b.call(writeDebug, b.imm(facts.sreg), src.read());
      leaveToNext(b);
    },
  }),
];

/** VERR and VERW: ZF says whether the selector may be used. */
function verify(helper: HelperDef, name: string, form: string): InsnDef {
  return defInsn(name, {
    ref: "SDM 2D VERR/VERW", forms: [form],
    lower(b, [selector]) {
      b.call(requireProtectedMode);
      b.flags.setZero(b.call(helper, selector.read()));
    },
  });
}

/** LAR and LSL: the helper writes ZF's answer; the destination keeps its value where the selector is no good. */
function loadDescriptorPart(helper: HelperDef, name: string, form: string): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A LAR, LSL", forms: [form],
    lower(b, [dst, selector]) {
      b.call(requireProtectedMode);
      const s = selector.read(), isGood = b.call(helper, s, b.imm(0)), value = b.call(helper, s, b.imm(1));
      dst.write(b.select(isGood, value, dst.read()));
      b.flags.setZero(isGood);
    },
  });
}

const segments: readonly InsnDef[] = [
  ...([["sldt", "0f 00 /0  Ev", readLocalTable], ["str", "0f 00 /1  Ev", readTask]] as const).map(([name, form, helper]) => defInsn(name, {
    ref: `SDM 2B ${name.toUpperCase()}`, privilege: true, forms: [form],
    lower(b, [dst], facts) {
      b.call(requireProtectedMode);
      checkUmip(b, facts);
      storeWord(b, dst, b.call(helper));
    },
  })),
  defInsn("lldt", {
    ref: "SDM 2A LLDT", solo: true, forms: ["0f 00 /2  Ew"],
    lower(b, [selector]) {
      b.call(requireSystem);
      b.call(loadLocalTable, selector.read());
    },
  }),
  defInsn("ltr", {
    ref: "SDM 2A LTR", solo: true, forms: ["0f 00 /3  Ew"],
    lower(b, [selector]) {
      b.call(requireSystem);
      b.call(loadTask, selector.read());
    },
  }),
  verify(verifyRead, "verr", "0f 00 /4  Ew"),
  verify(verifyWrite, "verw", "0f 00 /5  Ew"),
  loadDescriptorPart(loadAccessRights, "lar", "0f 02 /r  Gv,Ew"),
  loadDescriptorPart(loadLimit, "lsl", "0f 03 /r  Gv,Ew"),
  defInsn("arpl", {
    ref: "SDM 2A ARPL", forms: ["63 /r  Ew,Gw"],
    lower(b, [dst, src]) {
      b.call(requireProtectedMode);
      const old = dst.readForWrite(), rpl = b.and(src.read(), b.imm(3));
      const raised = b.setcond("ltu", b.and(old, b.imm(3)), rpl);
      dst.write(b.select(raised, b.deposit(old, rpl, 0, 2), old));
      b.flags.setZero(raised);
    },
  }),
];

export const SYSTEM_INSNS: readonly InsnDef[] = [...sreg, ...flags, ...idle, ...control, ...segments];
