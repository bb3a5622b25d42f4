// Random blocks that keep the invariants: several insns, each with computation, accesses that may leave, then writes of
// state. Operands come mostly from the latest values, so that ops meet the patterns which passes look for.

import { Block, Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import type { OpDef, OpName } from "../../../tcg/ir/ops.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import type { MemOp } from "../../../tcg/ir/types.ts";
import { CONDS, memOp } from "../../../tcg/ir/types.ts";
import { DOUBLES, FIELDS, GLOBALS, helperNamed, SINGLES } from "./guest.ts";
import { Random } from "./random.ts";

const PURE: readonly OpName[] = Object.values(OPS)
  .filter((def) => def.effect === "pure" && def.attr === "none" && def.evaluate !== null && !def.name.endsWith("2"))
  .map((def) => def.name);
const LONG_DIVISION: readonly OpName[] = ["divu2", "remu2", "divs2", "rems2"];
/** What x86 lowerings are made of, so that these meet more often. */
const COMMON: readonly OpName[] = ["add", "sub", "and", "or", "xor", "shl", "shr", "sar", "neg", "not"];
const DOUBLE: readonly OpName[] = ["add_f64", "sub_f64", "mul_f64", "div_f64", "sqrt_f64", "round_f32", "floor_f64", "ceil_f64", "trunc_f64"];
const FLOATS = [...SINGLES, ...DOUBLES];
const FIELD_POSITIONS = [[0, 8], [8, 8], [0, 16], [16, 16], [0, 1], [31, 1], [24, 8], [4, 4]] as const;

/** A random block or test function; equal seeds give equal blocks. */
export function randomBlock(seed: number): Block {
  return new Generator(seed).block();
}

class Generator {
  readonly #random: Random;
  readonly #block: Block;
  readonly #values: Op[] = [];
  readonly #doubles: Op[] = [];
  /** Handlers index the register file; blocks name globals only. */
  readonly #isHandler: boolean;
  readonly #isFunction: boolean;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#block = new Block(`random_${seed}`);
    this.#isHandler = this.#random.chance(20);
    this.#isFunction = this.#random.chance(20);
  }

  block(): Block {
    const random = this.#random;
    if (this.#isFunction) {
      this.#block.params = random.below(4);
      for (let i = 0; i < this.#block.params; i++) this.#add(OPS.param, [], i);
    }
    const insns = 1 + random.below(this.#isHandler ? 1 : 5);
    for (let i = 0; i < insns; i++) this.#insn(0x7c00 + 4 * i);
    this.#exit();
    return this.#block;
  }

  #insn(pc: number): void {
    const random = this.#random;
    this.#add(OPS.insn_start, [], pc, 1 + random.below(15));
    for (let n = random.below(8); n > 0; n--) random.chance(75) ? this.#compute() : this.#mayLeave();
    for (let n = random.below(8); n > 0; n--) random.chance(50) ? this.#compute() : this.#write();
    if (random.chance(10)) this.#add(OPS.retry_if, [this.#condition()]);
  }

  #compute(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 6) this.#computeDouble();
    else if (kind < 20) this.#add(OPS.get, [], 0, 0, random.pick(GLOBALS));
    else if (kind < 50) this.#plain(random.pick(COMMON));
    else if (kind < 56) this.#plain(random.pick(PURE));
    else if (kind < 58) this.#plain(random.pick(LONG_DIVISION));
    else if (kind < 72) this.#field(random.pick([OPS.extract, OPS.sextract, OPS.deposit]));
    else if (kind < 84) this.#add(OPS.setcond, this.#operands(2), random.below(CONDS.length));
    else if (kind < 92) {
      this.#add(OPS.movcond, this.#operands(4), random.below(CONDS.length));
    } else if (kind < 94) this.#add(OPS.call, [this.#value(), this.#value()], 0, 0, helperNamed("mix"));
    else if (kind < 96) this.#guestLoad(memOp(random.pick([8, 16, 32]), "none"));
    else if (this.#isHandler) this.#readIndexed();
    else this.#add(OPS.call, [], 0, 0, helperNamed(random.pick(["look", "read_df"])));
  }

  #computeDouble(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 30) this.#add(OPS.get_f64, [], 0, 0, random.pick(FLOATS));
    else if (kind < 45) this.#add(OPS.f64_from_i32, [this.#value()]);
    else if (kind < 75) {
      const def = OPS[random.pick(DOUBLE)];
      this.#add(def, def.params.map(() => this.#double()));
    } else if (kind < 85) this.#add(OPS.setcond_f64, [this.#double(), this.#double()], random.below(6));
    else if (kind < 90) this.#add(OPS.movcond_f64, [this.#double(), this.#double(), this.#double(), this.#double()], random.below(6));
    else this.#add(random.pick([OPS.abnormal_f64, OPS.abnormal_f32, OPS.tiny_f64, OPS.tiny_f32]), [this.#double()]);
  }

  #double(): Op {
    const random = this.#random;
    if (this.#doubles.length === 0) return this.#add(OPS.get_f64, [], 0, 0, random.pick(FLOATS));
    return random.pick(this.#doubles);
  }

  #plain(name: OpName): void {
    const def = OPS[name];
    this.#add(def, this.#operands(def.params.length));
  }

  #field(def: OpDef): void {
    const random = this.#random;
    const [pos, len] = random.chance(75) ? random.pick(FIELD_POSITIONS) : this.#anyField();
    this.#add(def, this.#operands(def.params.length), pos, len);
  }

  #anyField(): readonly [number, number] {
    const len = 1 + this.#random.below(32);
    return [this.#random.below(33 - len), len];
  }

  #readIndexed(): void {
    const random = this.#random;
    if (random.chance(50)) this.#add(OPS.field, [], 0, 0, random.pick(FIELDS));
    const [def, size] = random.pick([[OPS.env_ld8, 32], [OPS.env_ld16, 16], [OPS.env_ld32, 8]] as const);
    this.#add(def, [this.#index(size)]);
  }

  /** A register number in bounds: constant or computed. */
  #index(size: number): Op {
    if (this.#random.chance(40)) return constant(this.#random.below(size));
    return this.#add(OPS.and, [this.#value(), constant(size - 1)]);
  }

  #mayLeave(): void {
    const random = this.#random;
    const kind = random.below(100);
    const bits = random.pick([8, 16, 32] as const);
    if (kind < 45) this.#guestLoad(memOp(bits, random.pick(["read", "write"]), bits < 32 && random.chance(30)));
    else if (kind < 75) this.#guestStore(memOp(bits, "write"));
    else if (kind < 90) {
      this.#add(OPS.fault_if, [this.#condition()], 0, 0, random.chance(50) ? { vector: 6 } : { vector: 13, error: 0 });
    } else if (kind < 93) this.#add(OPS.leave_if, [this.#condition()]);
    else this.#add(OPS.call, [this.#value()], 0, 0, helperNamed("may_fault"));
  }

  #guestLoad(mem: MemOp): void {
    this.#add(OPS.guest_ld, [this.#value()], 0, 0, mem);
  }

  #guestStore(mem: MemOp): void {
    this.#add(OPS.guest_st, [this.#value(), this.#value()], 0, 0, mem);
  }

  #write(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 8) this.#add(OPS.set_f64, [this.#double()], 0, 0, random.pick(DOUBLES));
    else if (kind < 14) this.#add(OPS.set_f64, [this.#add(OPS.round_f32, [this.#double()])], 0, 0, random.pick(SINGLES));
    else if (kind < 70) this.#add(OPS.set, [this.#value()], 0, 0, random.pick(GLOBALS));
    else if (kind < 85 && this.#isHandler) {
      const [def, size] = random.pick([[OPS.env_st8, 32], [OPS.env_st16, 16], [OPS.env_st32, 8]] as const);
      this.#add(def, [this.#index(size), this.#value()]);
    } else if (kind < 92) this.#add(OPS.call, [this.#value()], 0, 0, helperNamed(random.pick(["write_edx", "write_cc_op", "flags", "clobber"])));
    else this.#guestStore(memOp(random.pick([8, 16, 32]), "none"));
  }

  /** Mostly 0 when it runs, so that the rest of the block is reached. */
  #condition(): Op {
    const random = this.#random;
    if (random.chance(15)) return this.#value();
    return this.#add(OPS.setcond, [this.#value(0), constant(random.next())], CONDS.indexOf("eq"));
  }

  #exit(): void {
    const random = this.#random;
    if (this.#isFunction) this.#add(OPS.ret, [this.#value()]);
    else switch (random.below(5)) {
      case 0: this.#add(OPS.goto_tb, [], random.below(2)); break;
      case 1: this.#add(OPS.goto_tb_if, [this.#value()]); break;
      case 2: this.#add(OPS.lookup_and_goto_ptr, [this.#value()]); break;
      case 3: this.#add(OPS.exit_tb_if, [this.#value()]); break;
      default: this.#add(OPS.exit_tb, []);
    }
  }

  /** An operand: sometimes a constant, mostly a late value, sometimes what a late value was made from. */
  #value(constants = 15): Op {
    const random = this.#random;
    if (random.chance(constants)) return constant(random.value());
    const values = this.#values;
    if (values.length === 0) return this.#add(OPS.get, [], 0, 0, random.pick(GLOBALS));
    const reach = random.chance(70) ? Math.min(3, values.length) : values.length;
    const value = values[values.length - 1 - random.below(reach)];
    const inputs = value.args.filter(({ type }) => type === "i32");
    return inputs.length > 0 && random.chance(20) ? random.pick(inputs) : value;
  }

  /** Operands of a pure op: the first seldom constant, so that not all of it folds away. */
  #operands(count: number): Op[] {
    return Array.from({ length: count }, (_, i) => this.#value(i === 0 ? 2 : 35));
  }

  #add(def: OpDef, args: Op[], imm = 0, imm2 = 0, ref: Op["ref"] = null): Op {
    const op = new Op(def, args, imm, imm2, ref);
    this.#block.ops.push(op);
    if (op.type === "f64") this.#doubles.push(op);
    else if (op.type !== "void") this.#values.push(op);
    return op;
  }
}
