/**
 * What is known of floats at a point of a block: that going on has answered a question about them. The questions are "tiny and
 * not 0" and "abnormal and not 0", of singles or doubles; for a NaN both hold.
 */
import type { Op } from "../ir/block.ts";
import { isConst } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import { CONDS } from "../ir/types.ts";

const {
  and: AND, or: OR, setcond_f64: SETCOND_F64, movcond_f64: MOVCOND_F64, f64_from_i32: F64_FROM_I32, round_f32: ROUND_F32, floor_f64: FLOOR_F64, ceil_f64: CEIL_F64, trunc_f64: TRUNC_F64,
  tiny_f32: TINY_F32, tiny_f64: TINY_F64, abnormal_f32: ABNORMAL_F32, abnormal_f64: ABNORMAL_F64,
} = OPS;
const NE = CONDS.indexOf("ne");

/** What an answer means for other questions: the least of these that is known of a float counts. */
const ORDINARY_SINGLE = 0, TAME_SINGLE = 1, ORDINARY = 2, TAME = 3, NOTHING = 4;

/** Which answers do for which. An ordinary single is tame, and all of that as a double too, which has room to spare. */
const DOES: readonly (readonly number[])[] = [[ORDINARY_SINGLE], [ORDINARY_SINGLE, TAME_SINGLE], [ORDINARY_SINGLE, ORDINARY], [ORDINARY_SINGLE, TAME_SINGLE, ORDINARY, TAME]];

export class FloatFacts {
  readonly #known: readonly Set<Op>[] = DOES.map(() => new Set<Op>());

  /** The value is 0 from here on, or the block has been left. So it is if "not 0" was but one of two reasons to leave. */
  learnFalse(value: Op): void {
    const what = questionOf(value, true);
    if (what !== NOTHING) this.#known[what].add(value.args[0].args[0]);
  }

  /** True if the value, an `and`, is a question whose answer is no. */
  isFalse(value: Op): boolean {
    const what = questionOf(value, false);
    return what !== NOTHING && this.#has(value.args[0].args[0], what);
  }

  /** True if the double is known not to be a NaN. */
  isNumber(x: Op): boolean {
    return this.#has(x, TAME);
  }

  #has(x: Op, what: number): boolean {
    if (DOES[what].some((known) => this.#known[known].has(x))) return true;
    if (what !== TAME && what !== TAME_SINGLE) return false;
    switch (x.def) {
      case F64_FROM_I32: return true;
      case ROUND_F32: return x.args[0].def === F64_FROM_I32;
      case FLOOR_F64:
      case CEIL_F64:
      case TRUNC_F64: return this.#has(x.args[0], what);
      case MOVCOND_F64: return this.#has(x.args[2], what) && this.#has(x.args[3], what);
      default: return false;
    }
  }
}

/** What the `and` asks, or if `more`, asks among others. */
function questionOf({ def, args }: Op, more: boolean): number {
  if (def !== AND) return NOTHING;
  const [range, condition] = args, [x] = range.args;
  if (!isNot0(condition, x) && !(more && condition.def === OR && isNot0(condition.args[0], x))) return NOTHING;
  switch (range.def) {
    case TINY_F32: return TAME_SINGLE;
    case TINY_F64: return TAME;
    case ABNORMAL_F32: return ORDINARY_SINGLE;
    case ABNORMAL_F64: return ORDINARY;
    default: return NOTHING;
  }
}

const isNot0 = ({ def, imm, args }: Op, x: Op | undefined): boolean => def === SETCOND_F64 && imm === NE && args[0] === x && isZero(args[1]);
const isZero = ({ def, args }: Op): boolean => def === F64_FROM_I32 && isConst(args[0]) && args[0].imm === 0;
