// Known bits: what they claim of a result must hold for all operands that agree with what is known of these.

import { expect } from "chai";
import { Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import type { OpDef } from "../../../tcg/ir/ops.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import { CONDS, memOp } from "../../../tcg/ir/types.ts";
import { KnownBits } from "../../../tcg/opt/known-bits.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../support/random.ts";

const PURE = Object.values(OPS).filter((def) => def.effect === "pure" && def.evaluate !== null && def !== OPS.const);
const ROUNDS = 2000;
const TRIES = 6;

/** Known bits whose claims about operands a test makes up. */
class GivenBits extends KnownBits {
  #count = 0;

  /** A value with these bits known. */
  value(zeros: number, ones: number): Op {
    const op = new Op(OPS.get, []);
    op.id = ++this.#count;
    this.z = zeros;
    this.o = ones;
    this.keep(op);
    return op;
  }
}

/** A mask with many, few, or a run of ones. */
function mask(random: Random): number {
  switch (random.below(5)) {
    case 0: return random.next() & random.next();
    case 1: return random.next() | random.next();
    case 2: return -1 << random.below(32);
    case 3: return -1 >>> random.below(32) | 0;
    default: return 0;
  }
}

describe("known bits", () => {
  const seed = testSeed(1);

  for (const def of PURE) {
    it(`claim of ${def.name} only what holds (SEED=${seed})`, () => {
      const random = new Random(seed + def.code);
      for (let round = 0; round < ROUNDS; round++) checkClaim(def, random);
    });
  }

  it("bound a value, signed and unsigned, by what is known of it", () => {
    const bits = new GivenBits();
    const random = new Random(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const zeros = mask(random);
      const ones = mask(random) & ~zeros;
      const value = bits.value(zeros, ones);
      const actual = random.value() & ~zeros | ones;
      expect(actual).to.be.within(bits.smin(value), bits.smax(value));
      expect(actual >>> 0).to.be.within(bits.umin(value), bits.umax(value));
      const up = 32 - bits.signedWidth(value);
      expect(actual << up >> up).to.equal(actual);
    }
  });

  it("know how wide a sign extension is from the op that made it", () => {
    const bits = new GivenBits();
    const x = bits.value(0, 0);
    expect(bits.signedWidth(x)).to.equal(32);
    expect(bits.signedWidth(new Op(OPS.sextract, [x], 8, 8))).to.equal(8);
    expect(bits.signedWidth(new Op(OPS.sar, [x, constant(24)]))).to.equal(8);
    expect(bits.signedWidth(new Op(OPS.guest_ld, [x], 0, 0, memOp(16, "read", true)))).to.equal(16);
    expect(bits.signedWidth(new Op(OPS.guest_ld, [x], 0, 0, memOp(16, "read")))).to.equal(32);
    expect(bits.signedWidth(bits.value(~0xff, 0))).to.equal(9);
    expect(bits.signedWidth(constant(-1))).to.equal(1);
    expect(bits.signedWidth(constant(127))).to.equal(8);
  });

  it("hold for what accesses extend with zeros", () => {
    const bits = new GivenBits();
    const x = bits.value(0, 0);
    const zerosOf = (op: Op): number => {
      bits.compute(op);
      return bits.z;
    };
    expect(zerosOf(new Op(OPS.guest_ld, [x], 0, 0, memOp(8, "read")))).to.equal(~0xff);
    expect(zerosOf(new Op(OPS.guest_ld, [x], 0, 0, memOp(16, "write")))).to.equal(~0xffff);
    expect(zerosOf(new Op(OPS.guest_ld, [x], 0, 0, memOp(32, "read")))).to.equal(0);
    expect(zerosOf(new Op(OPS.guest_ld, [x], 0, 0, memOp(8, "read", true)))).to.equal(0);
    expect(zerosOf(new Op(OPS.env_ld8, [x]))).to.equal(~0xff);
    expect(zerosOf(new Op(OPS.env_ld16, [x]))).to.equal(~0xffff);
    expect(zerosOf(new Op(OPS.env_ld32, [x]))).to.equal(0);
  });
});

function checkClaim(def: OpDef, random: Random): void {
  const bits = new GivenBits();
  const known = def.params.map(() => {
    const zeros = mask(random);
    return { zeros, ones: mask(random) & ~zeros };
  });
  const args = known.map(({ zeros, ones }, i) =>
    i > 0 && random.chance(40) ? constant(random.value()) : bits.value(zeros, ones));
  const len = 1 + random.below(32);
  const [imm, imm2] =
    def.attr === "bits" ? [random.below(33 - len), len] : def.attr === "cond" ? [random.below(CONDS.length), 0] : [0, 0];
  const op = new Op(def, args, imm, imm2);
  const isAll = bits.compute(op);
  const { z, o } = bits;
  expect(isAll).to.equal((z | o) === -1);
  for (let i = 0; i < TRIES; i++) {
    const [x, y = 0, t = 0, f = 0] = args.map((arg, k) =>
      arg.def === OPS.const ? arg.imm : random.value() & ~known[k].zeros | known[k].ones);
    const value = def.evaluate?.(x, y, t, f, imm, imm2) ?? 0;
    if ((value & z) === 0 && (value & o) === o) continue;
    const claim = `zeros ${z >>> 0}, ones ${o >>> 0}`;
    expect.fail(`${def.name} ${[x, y, t, f].join(", ")} (${imm}, ${imm2}) is ${value}, which is not of ${claim}`);
  }
}
