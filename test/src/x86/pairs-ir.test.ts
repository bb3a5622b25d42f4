import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import { add, sub } from "../../../src/x86/float80/add.ts";
import { div } from "../../../src/x86/float80/div.ts";
import { toDouble } from "../../../src/x86/float80/formats.ts";
import { mul } from "../../../src/x86/float80/mul.ts";
import { sqrt } from "../../../src/x86/float80/sqrt.ts";
import type { FloatUnit } from "../../../src/x86/float80/unit.ts";
import { C1, PE } from "../../../src/x86/float80/unit.ts";
import { Lowering } from "../../../src/x86/lowering.ts";
import type { Pair, PairLowering, Precision, Rounded } from "../../../src/x86/pairs-ir.ts";
import { FPU_FIRSTS, FPU_PAIR, FPU_SECONDS, FPU_STATUS, G_FPU_STATUS, STATE_SLOTS } from "../../../src/x86/state.ts";
import { Random } from "../../oracle/random.ts";
import { textSeed } from "../../support/seed.ts";
import { ofPair, operands, pairOf } from "./float80/pair-operands.ts";
import type { Number80 } from "./float80/unit-runner.ts";
import { controlWord, outcomeText, resultOf, text, unitWith } from "./float80/unit-runner.ts";

const seed = textSeed("pairs-ir");
const ROUNDS = 1500;

interface Operation {
  readonly name: string;
  readonly exact: (u: FloatUnit) => void;
  readonly lower: (pairs: PairLowering, x: Pair, y: Pair, precision: Precision) => Rounded;
  /** Of all results, how many have to be delivered at the least. */
  readonly share: number;
}

const OPERATIONS: readonly Operation[] = [
  { name: "sums", exact: add, lower: (pairs, x, y, precision) => pairs.add(x, y, precision), share: 0.5 },
  { name: "differences", exact: sub, lower: (pairs, x, y, precision) => pairs.sub(x, y, precision), share: 0.5 },
  { name: "products", exact: mul, lower: (pairs, x, y, precision) => pairs.mul(x, y, precision), share: 0.5 },
  { name: "quotients", exact: div, lower: (pairs, x, y, precision) => pairs.div(x, y, precision), share: 0.5 },
  { name: "square roots", exact: sqrt, lower: (pairs, x, _y, precision) => pairs.sqrt(x, precision), share: 0.3 },
];

/** Which operands may have a rest. */
const RESTS = [[false, false], [true, false], [false, true], [true, true]] as const;

/** A function that runs an operation on the pairs of registers 0 and 1; null where it leaves. */
function compiled({ lower }: Operation, precision: Precision, [xHasRest, yHasRest]: readonly [boolean, boolean]) {
  const b = new Lowering("pairs", true), { doubles } = b, { pairs } = b.x87;
  const pair = (n: number, hasRest: boolean): Pair => ({ h: doubles.get(FPU_FIRSTS[n]), l: hasRest ? doubles.get(FPU_SECONDS[n]) : null });
  const result = lower(pairs, pair(0, xHasRest), pair(1, yHasRest), precision);
  b.leaveIf(result.isWrong);
  const isInexact = result.excess === null ? b.imm(0) : doubles.compare("ne", result.excess, doubles.zero);
  b.set(G_FPU_STATUS, b.or(b.shl(pairs.roundedUp(result), b.imm(9)), b.shl(isInexact, b.imm(5))));
  doubles.set(FPU_FIRSTS[2], result.pair.h);
  doubles.set(FPU_SECONDS[2], result.pair.l ?? doubles.zero);
  b.endDirect(0);
  const state = new Int32Array(STATE_SLOTS), registers = new Uint8Array(state.buffer), F = new Float64Array(state.buffer, FPU_PAIR * 4, 16);
  return (x: readonly number[], y: readonly number[]): { h: number; l: number; flags: number } | null => {
    F.set([...x, ...y]);
    return evaluate(b.ir.block, { state, registers }).end === "leave" ? null : { h: F[4], l: F[5], flags: state[FPU_STATUS] };
  };
}

/** The number without what a double cannot hold. */
const asDouble = ({ signExp, significand }: Number80): Number80 => ({ signExp, significand: significand & ~0x7ffn });

describe("x86: pairs of doubles in blocks", () => {
  for (const operation of OPERATIONS) {
    for (const precision of [64, 53] as const) {
      it(`${operation.name} have the bits and flags of the arithmetic on words, to ${precision} bits, or leave`, () => {
        const random = new Random(`${seed} ${operation.name} ${precision}`), control = controlWord("nearest", precision);
        for (const rests of precision === 64 ? RESTS : RESTS.slice(0, 1)) {
          const run = compiled(operation, precision, rests);
          let done = 0;
          for (let i = 0; i < ROUNDS; i++) {
            const [a, b] = operands(random).map((x, n) => (rests[n] ? x : asDouble(x))), what = `${text(a)} ${text(b)} of seed ${seed}`;
            const result = run(pairOf(a, random.below(2) === 0), pairOf(b, random.below(2) === 0));
            if (result === null) continue;
            done++;
            const u = unitWith(control, a, b);
            operation.exact(u);
            expect(outcomeText({ ...ofPair(result.h, result.l), flags: result.flags }), what).to.equal(outcomeText(resultOf(u)));
          }
          expect(done, `results with rests ${rests.join()}`).to.be.above(ROUNDS * operation.share);
        }
      });
    }
  }

  it("rounds to doubles", () => {
    const run = compiled({ name: "", exact: add, lower: (pairs, x) => pairs.toDouble(x), share: 1 }, 64, [true, false]), random = new Random(`${seed} formats`);
    const bytes = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b] = operands(random), result = run(pairOf(a, random.below(2) === 0), pairOf(b, false)), u = unitWith(controlWord("nearest"), a);
      toDouble(u);
      bytes.setFloat64(0, result?.h ?? NaN);
      expect([bytes.getInt32(0), bytes.getInt32(4), result?.flags], `${text(a)} of seed ${seed}`).to.deep.equal([u.hi, u.lo, u.flags & (C1 | PE)]);
    }
  });

  it("orders as the difference does", () => {
    for (const [x, y] of [[[1, 2 ** -60], [1, 0]], [[1, 0], [1, 2 ** -60]], [[2, 0], [2, -0]], [[-0, 0], [0, 0]], [[1, 2 ** -53], [1 + 2 ** -52, -(2 ** -53)]]] as const) {
      const b = new Lowering("order", true), pair = (n: number): Pair => ({ h: b.doubles.get(FPU_FIRSTS[n]), l: b.doubles.get(FPU_SECONDS[n]) });
      b.doubles.set(FPU_FIRSTS[2], b.x87.pairs.order(pair(0), pair(1)));
      b.endDirect(0);
      const state = new Int32Array(STATE_SLOTS), F = new Float64Array(state.buffer, FPU_PAIR * 4, 16);
      F.set([...x, ...y]);
      evaluate(b.ir.block, { state, registers: new Uint8Array(state.buffer) });
      expect(Math.sign(F[4]) + 0, `${x.join(" + ")} against ${y.join(" + ")}`).to.equal(Math.sign(x[0] - y[0] + (x[1] - y[1])) + 0);
    }
  });
});
