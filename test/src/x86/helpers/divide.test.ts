import { expect } from "chai";
import { idivOverflows } from "../../../../src/x86/helpers/divide.ts";
import { Random } from "../../../oracle/random.ts";
import { textSeed } from "../../../support/seed.ts";

function reference(lo: number, hi: number, d: number): number {
  if (d === 0) return 1;
  const quotient = ((BigInt(hi) << 32n) | BigInt(lo >>> 0)) / BigInt(d);
  return quotient === BigInt.asIntN(32, quotient) ? 0 : 1;
}

describe("idivOverflows", () => {
  const seed = textSeed("idiv"), EDGES = [0, 1, 2, 3, 0x7fffffff, -0x80000000, -1, -2, -3, 0x40000000, -0x40000000];

  it("knows the quotients next to the limits", () => {
    // Dividends around d * 2^31, -d * 2^31 and -d * (2^31 + 1).
    for (const d of [...EDGES, 5, -7, 0x12345679, -0x7fffffff]) {
      for (const limit of [1n << 31n, -(1n << 31n), -(1n << 31n) - 1n]) {
        for (let near = -2n; near <= 2n; near++) {
          const n = BigInt.asIntN(64, BigInt(d) * limit + near), lo = Number(BigInt.asIntN(32, n)), hi = Number(n >> 32n);
          expect(idivOverflows(lo, hi, d), `${n} / ${d}`).to.equal(reference(lo, hi, d));
        }
      }
    }
  });

  it(`agrees with whole numbers on random operands, seed ${seed}`, () => {
    const random = new Random(seed), any = (): number => (random.bool() ? random.pick(EDGES) : random.u32() >> random.below(32));
    for (let i = 0; i < 50_000; i++) {
      const lo = any(), hi = any(), d = any();
      expect(idivOverflows(lo, hi, d), `${hi}:${lo} / ${d}`).to.equal(reference(lo, hi, d));
    }
  });
});
