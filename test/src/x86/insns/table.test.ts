// What holds for every instruction, whatever it does: its encodings reach it, its IR keeps the invariants, and a lowering
// means the same with the insn's fields bound (translator) and unbound (interpreter).

import { expect } from "chai";
import { evaluate } from "../../../../tcg/eval/evaluate.ts";
import type { Outcome } from "../../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../../tcg/ir/block.ts";
import { countUses } from "../../../../tcg/ir/block.ts";
import { printBlock } from "../../../../tcg/text/print.ts";
import { verify } from "../../../../tcg/verify/verify.ts";
import type { IoSpace } from "../../../../src/bus/io.ts";
import { PhysicalMemory } from "../../../../src/mem/physical-memory.ts";
import { Cpu } from "../../../../src/x86/cpu.ts";
import { CpuidTable } from "../../../../src/x86/cpuid.ts";
import { GuestFault } from "../../../../src/x86/fault.ts";
import { writeEflags } from "../../../../src/x86/flags.ts";
import type { HelperDef } from "../../../../src/x86/helpers/define.ts";
import { X86_OPCODES } from "../../../../src/x86/insns/table.ts";
import { lowerUnbound } from "../../../../src/x86/interpret.ts";
import { Decoder } from "../../../../src/x86/isa/decode.ts";
import { disassemble } from "../../../../src/x86/isa/disasm.ts";
import { Insn } from "../../../../src/x86/isa/insn.ts";
import type { Mode } from "../../../../src/x86/isa/mode.ts";
import { modeKey, modeOfKey } from "../../../../src/x86/isa/mode.ts";
import { CpuState } from "../../../../src/x86/cpu-state.ts";
import { CR0, CR0_PE, CS, EIP, GLOBALS, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, CR4, CR4_OSFXSR, CR4_OSXMMEXCPT, MXCSR, SIMD_SCRATCH, XMM } from "../../../../src/x86/state.ts";
import { lowerBlock } from "../../../../src/x86/translate.ts";
import { Random } from "../../../oracle/random.ts";
import { textSeed } from "../../../support/seed.ts";
import { randomEncoding } from "../isa/random-encodings.ts";

const SEED = textSeed("table");
const ENCODINGS_PER_FORM = 4, STATES_PER_ENCODING = 3;
const RAM_BYTES = 0x20000, CODE = 0x1000;

const NO_DEVICES: IoSpace = { portRead: () => 0x5a, portWrite: () => {}, mmioRead: () => -1, mmioWrite: () => {} };

/** Segments for one kind of code: real mode, flat 32-bit, 32-bit with segments that need run-time checks. */
type Setup = (R: Int32Array) => void;

const segments = (R: Int32Array, base: (seg: number) => number, limit: number, codeAttr: number, dataAttr: number): void => {
  for (let seg = 0; seg < 6; seg++) {
    R[SEG_BASE + seg] = base(seg);
    R[SEG_LIMIT + seg] = limit;
    R[SEG_SELECTOR + seg] = 8 * (seg + 1);
    R[SEG_ATTR + seg] = seg === CS ? codeAttr : dataAttr;
  }
};

const SETUPS: Readonly<Record<string, Setup>> = {
  "real mode": (R) => segments(R, (seg) => (seg === CS ? 0 : seg * 0x1230), 0xffff, 0x9b, 0x93),
  "flat 32-bit code": (R) => {
    segments(R, () => 0, -1, 0xc09b, 0xc093);
    R[CR0] |= CR0_PE;
  },
  "32-bit code in limited segments": (R) => {
    segments(R, (seg) => (seg === CS ? 0 : seg * 0x1001), 0x17fff, 0xc09b, 0xc093);
    R[CR0] |= CR0_PE;
  },
};

function modeOf(setup: Setup): Mode {
  const state = new CpuState();
  setup(state.R);
  return modeOfKey(modeKey(state.R, true, false));
}

function decode(bytes: readonly number[], mode: Mode): Insn {
  const insn = new Insn(mode, CODE, CODE, (i) => i, null);
  const code = Uint8Array.from([...bytes, ...new Array<number>(15).fill(0)]);
  new Decoder(X86_OPCODES).decode({ bytes: code, available: code.length }, insn);
  return insn;
}

interface World {
  readonly cpu: Cpu;
  readonly ram: Uint8Array;
}

function world(): World {
  const memory = new PhysicalMemory(), ram = new Uint8Array(RAM_BYTES);
  memory.setRegion(0, 0, ram);
  return { cpu: new Cpu(memory, NO_DEVICES, new CpuidTable()), ram };
}

/** How one run ended, and everything it may have changed. */
interface Ending {
  readonly outcome: Outcome | { readonly end: "thrown"; readonly vector: number; readonly error: number };
  readonly state: Int32Array;
  readonly ram: Uint8Array;
}

function run(block: Block, insn: Insn, { cpu, ram }: World, before: Int32Array, memory: Uint8Array): Ending {
  const { R, R8 } = cpu.state;
  R.set(before);
  ram.set(memory);
  const end = (outcome: Ending["outcome"]): Ending => ({ outcome, state: R.slice(), ram: ram.slice() });
  try {
    return end(evaluate(block, {
      state: R, registers: R8,
      field: ({ name }) => insn[name as "imm"],
      load: (at, { bits, isFloat }) => (bits === 64 ? loadDouble(cpu, at) : isFloat ? singleOf(cpu.load(at, 4)) : cpu.load(at, bits / 8)),
      store: (at, { bits, isFloat }, value) => (bits === 64 ? storeDouble(cpu, at, value) : cpu.store(at, bits / 8, isFloat ? bitsOf(value) : value)),
      call: (helper, args) => (helper as HelperDef).bind(cpu)(...args),
    }));
  } catch (e) {
    if (e instanceof GuestFault) return end({ end: "thrown", vector: e.vector, error: e.error });
    throw e;
  }
}

const leaves = ({ outcome }: Ending): boolean => outcome.end === "leave";

/** A double in one access: nothing is stored unless all of it can be. */
const pair = new DataView(new ArrayBuffer(8));
function singleOf(bits: number): number {
  pair.setInt32(0, bits, true);
  return pair.getFloat32(0, true);
}
function bitsOf(single: number): number {
  pair.setFloat32(0, single, true);
  return pair.getInt32(0, true);
}
function loadDouble(cpu: Cpu, at: number): number {
  pair.setInt32(0, cpu.load(at, 4), true);
  pair.setInt32(4, cpu.load((at + 4) | 0, 4), true);
  return pair.getFloat64(0, true);
}
function storeDouble(cpu: Cpu, at: number, value: number): void {
  cpu.loadForWrite32((at + 4) | 0);
  pair.setFloat64(0, value, true);
  cpu.store(at, 4, pair.getInt32(0, true));
  cpu.store((at + 4) | 0, 4, pair.getInt32(4, true));
}

function randomState(setup: Setup, random: Random): Int32Array {
  const state = new CpuState(), { R } = state;
  for (let r = 0; r < 8; r++) R[r] = random.bool() ? random.below(RAM_BYTES) : random.pick([0, 1, -1, 0x7fff, 0x8000, 0xff, random.u32()]);
  R[CR4] = CR4_OSFXSR | CR4_OSXMMEXCPT;
  if (random.bool()) R[MXCSR] = 0x1fa0;
  for (let i = XMM; i < XMM + 32; i++) R[i] = random.u32();
  for (let i = 0; i < 16; i++) if (random.chance(0.7)) state.F64[XMM / 2 + i] = random.pick([0, -0, 1, -1.5, 3, 1e300, 1e-300, 4e9, Infinity, random.below(1000) / 7]);
  for (let i = 0; i < 32; i++) if (random.chance(0.4)) state.F32[XMM + i] = random.pick([0, -0, 1, -1.5, 3, 1e38, 1e-37, 1e-40, 4e9, Infinity, random.below(1000) / 7]);
  setup(R);
  writeEflags(R, random.u32() & 0xcd5);
  R[EIP] = CODE;
  return R;
}

for (const [name, setup] of Object.entries(SETUPS)) {
  describe(`the instruction table, ${name}, seed ${SEED}`, () => {
    const mode = modeOf(setup), random = new Random(SEED + name);
    const insns = X86_OPCODES.forms.flatMap((form) => Array.from({ length: ENCODINGS_PER_FORM }, () => ({ form, insn: decode(randomEncoding(form, random), mode) })));

    it("decodes every encoding as the form it was made from", () => {
      const wrong = insns.filter(({ form, insn }) => insn.form !== form && !(form.text === "90+r  Zv,rAX" && insn.form?.def.name === "nop"));
      expect(wrong.map(({ form, insn }) => `${form.def.name} ${form.text}: ${disassemble(insn)}`)).to.deep.equal([]);
    });

    it("makes IR that keeps the invariants, bound and unbound", () => {
      for (const { insn } of insns) {
        for (const block of [lowerBlock([insn], "bound"), lowerUnbound(insn, "unbound")]) {
          countUses(block);
          verify(block, { globals: GLOBALS });
        }
      }
    });

    it("means the same bound and unbound", () => {
      const bound = world(), unbound = world(), memory = new Uint8Array(RAM_BYTES);
      for (let i = 0; i < memory.length; i += 4) memory[i] = random.below(256);
      for (const { insn } of insns) {
        const boundBlock = lowerBlock([insn], "bound"), unboundBlock = lowerUnbound(insn, "unbound");
        for (let n = 0; n < STATES_PER_ENCODING; n++) {
          const before = randomState(setup, random);
          const y = run(unboundBlock, insn, unbound, before, memory), inBlock = run(boundBlock, insn, bound, before, memory);
          // Where a block leaves, the interpreter goes on.
          const x = leaves(inBlock) ? y : inBlock;
          const what = (): string => `${disassemble(insn)}\n${printBlock(boundBlock)}\n${printBlock(unboundBlock)}`;
          if (!same(x, y)) expect.fail(`${what()}\nbound ${show(x)}\nunbound ${show(y)}`);
        }
      }
    });
  });
}

/** Where an insn ended is the fields' business: the bound block says its address, the unbound one does not know it. */
function same(x: Ending, y: Ending): boolean {
  const { outcome: a } = x, { outcome: b } = y;
  if (a.end !== b.end) return false;
  if (a.end === "goto_tb" && b.end === "goto_tb" && a.target !== b.target) return false;
  if (a.end === "lookup_and_goto_ptr" && b.end === "lookup_and_goto_ptr" && a.pc !== b.pc) return false;
  if (a.end === "fault" && b.end === "fault" && (a.fault.vector !== b.fault.vector || a.fault.error !== b.fault.error)) return false;
  if (a.end === "thrown" && b.end === "thrown" && (a.vector !== b.vector || a.error !== b.error)) return false;
  // What helpers leave in their scratch slots is nobody's.
  return x.state.every((v, i) => v === y.state[i] || i >= SIMD_SCRATCH) && Buffer.compare(x.ram, y.ram) === 0;
}

function show({ outcome, state }: Ending): string {
  return `${JSON.stringify(outcome)} ${[...state].map((v) => (v >>> 0).toString(16)).join(" ")}`;
}
