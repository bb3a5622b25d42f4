// Functions compiled to WebAssembly against the same text as JavaScript.

import { expect } from "chai";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../support/random.ts";
import { randomBody, shrinkPiece, textOf } from "../support/random-function.ts";
import { BothWays } from "../support/wasm-function.ts";

const FUNCTIONS = 200, STATES = 3, TURNS = 20;

const WORDS = [0, 1, 2, 7, 10, 31, 32, 64, 255, 65535, 65536, 0x7ffffffe, 0x7fffffff, -1, -2, -10, -65, -65536, -0x7fffffff, -0x80000000];
const DOUBLES = ["0", "-0", "0.5", "-0.5", "0.9999999999999999", "1.5", "2.5", "-1.5", "5e-324", "-5e-324", "2147483647.5", "2147483648", "-2147483648", "-2147483648.5", "-2147483649", "4294967295.5", "4294967296", "4294967297.75", "-4294967297.75", "6442450944",
  "9007199254740991", "9007199254740992", "-9007199254740993", "9223372036854775807", "-9223372036854777856", "18446744073709551616", "36893488147419111424", "1.9342813113834067e25", "-3.8685626227668134e25", "1e300", "1.7976931348623157e308", "1e309", "-1e309", "0 / 0"];

describe("functions of WebAssembly", () => {
  const seed = testSeed(1), both = new BothWays();

  /** Statements that each do the same. */
  const agree = (statements: readonly string[], turns = TURNS): void => {
    expect(statements).not.to.be.empty;
    const text = statements.join("\n");
    if (both.differenceOf(text, 0, turns) === null) return;
    const first = statements.find((s) => both.differenceOf(s, 0, turns) !== null) ?? text;
    expect.fail(`${first}\n${both.differenceOf(first, 0, turns) ?? ""}`);
  };

  it(`do what the same text does as JavaScript, at random (SEED=${seed})`, () => {
    for (let i = 0; i < FUNCTIONS; i++) {
      const body = randomBody(new Random(seed + i)), text = textOf(body);
      for (let state = 0; state < STATES; state++) {
        if (both.differenceOf(text, state, TURNS) === null) continue;
        const smaller = textOf(shrinkPiece(body, (p) => both.differenceOf(textOf(p), state, TURNS) !== null));
        expect.fail(`SEED=${seed + i}, state ${state}\n${smaller}\n${both.differenceOf(smaller, state, TURNS) ?? ""}`);
      }
    }
  });

  for (const source of ["imul(x, y)", "muluh(x, y)", "mulsh(x, y)", "+mulso(x, y)", "x / y | 0", "x % y | 0", "(x >>> 0) / (y >>> 0) | 0", "(x >>> 0) % (y >>> 0) | 0", "x << y", "x >> y", "x >>> y | 0", "x << y | x >>> -y", "x >>> y | x << -y"]) {
    it(`compute ${source} of any words`, () => {
      for (const x of WORDS) agree(WORDS.flatMap((y) => [`A[0] = ${x}; A[1] = ${y};`, `note(${source.replaceAll("x", "A[0]").replaceAll("y", "A[1]")});`, `note(${source.replaceAll("x", `(${x})`).replaceAll("y", `(${y})`)});`]));
    });
  }

  for (const source of ["clz32(x)", "ctz32(x)", "ctpop(x)", "bswap32(x)", "twice(x)", "x / 10 | 0", "x % 10 | 0", "x / -1 | 0", "x / 0 | 0", "x % 0 | 0", "-x >> 1", "~x"]) {
    it(`compute ${source} of any word`, () => {
      agree(WORDS.flatMap((x) => [`A[0] = ${x};`, `note(${source.replaceAll("x", "A[0]")});`, `note(${source.replaceAll("x", `(${x})`)});`]));
    });
  }

  /** hi:lo by d, for quotients that fit. */
  for (const name of ["divu2", "remu2", "divs2", "rems2"]) {
    it(`compute ${name} wherever the quotient fits, and do not trap where it does not`, () => {
      const isSigned = name.endsWith("s2");
      for (const d of WORDS) {
        const statements: string[] = [], others: string[] = [];
        for (const hi of WORDS) {
          for (const lo of [0, 1, 0x7fffffff, -1, -0x80000000]) {
            const text = `A[0] = ${lo}; A[1] = ${hi}; A[2] = ${d}; note(${name}(A[0], A[1], A[2]));`;
            (fits(lo, hi, d, isSigned) ? statements : others).push(text);
          }
        }
        if (d !== 0) agree(statements);
        both.runWasm(others.join("\n"), 0, TURNS);
      }
    });
  }

  it("turn doubles into words as ECMAScript does", () => {
    agree(DOUBLES.flatMap((x) => [`X[0] = ${x.replace("0 / 0", "0.5 * 0 / 0")};`, "note(X[0] | 0);", "note(~X[0]);", "note(X[0] + 0.5 | 0);", "Y[0] = X[0]; note(Y[0] | 0);", "const v = X[0]; note(v | 0);"].map((s) => `{ ${s} }`)));
  });

  it("round to singles once", () => {
    const singles = ["1.1", "3.4028234663852886e38", "1.1754943508222875e-38", "1.401298464324817e-45", "-0", "16777217", "0.3333333432674408", "-2.7", "1e309"];
    agree(singles.flatMap((x) => singles.flatMap((y) => ["+", "-", "*", "/"].map((operator) =>
      `Y[0] = ${x}; Y[1] = ${y}; S[0] = fround(Y[0] ${operator} Y[1]); S[1] = fround(sqrt(Y[0])); S[2] = fround(X[0] ${operator} Y[1]); D[0] = S[0]; D[1] = Y[0] ${operator} Y[1]; note(compare(D[0], S[2]));`))));
  });

  it("ask where floats lie as their squares do", () => {
    const edges = [-1074, -1022, -501, -500, -499, -150, -149, -127, -126, -125, 0, 126, 127, 128, 129, 499, 500, 501, 1023].map((exponent) => 2 ** exponent);
    const values = ["0", "-0", "X[0] * 0 / 0", "X[0] / 0", "-1 / 0", "-5e-324", ...edges.flatMap((x) => [x, -x, x * (1 + 2 ** -52), x * (1 - 2 ** -53), x * (1 + 2 ** -23), x * (1 - 2 ** -24)]).map(String)];
    const questions = ["isAbnormal64", "isTiny64", "isAbnormal32", "isTiny32"].flatMap((f) => ["X[0]", "Y[0]"].map((x) => `note(+${f}(${x}));`));
    agree(values.map((x) => `X[0] = 1; X[0] = ${x}; Y[0] = X[0]; ${questions.join(" ")}`), 1);
  });

  it("keep sums of sums exact as long as doubles are, and round as they do", () => {
    const doubled = Array.from({ length: 40 }, (_, i) => `const w${i + 1} = w${i} + w${i};`).join(" ");
    agree([`const w0 = A[0] + 1; ${doubled} D[0] = w40 + 1 - w40; D[1] = w40 - 1; note(w40 - 1 | 0); note(w40 + w30 + 1 | 0);`]);
  });

  it("know -0 from 0", () => {
    agree(["D[0] = -0;", "const z = A[0] - A[0]; D[1] = -z; D[2] = -(A[0] - A[0]); D[3] = -(+(A[0] < A[0]));", "D[4] = 0 - z; D[5] = z * -1; D[6] = -(A[0] >>> 31);"]);
  });

  it("leave blocks and loops, from any depth", () => {
    agree([`
      let v1 = 0;
      B1: { B2: { if (A[0] < A[1]) { if (A[2] < A[3]) break B1; break B2; } v1 = 1; } v1 = v1 | 2; }
      L3: for (;;) {
        L4: for (;;) {
          if ((n = n - 1 | 0) < 0) break L3;
          B5: { if ((n & 1) === 0) break B5; if ((n & 3) === 1) continue L3; if ((n & 7) === 3) break L4; v1 = v1 + n | 0; continue L4; }
          v1 = v1 ^ n;
          if ((n & 15) === 8) break L4;
        }
        note(v1);
      }
      O[0] = v1;`], 1000);
  });

  it("have any number of variables, imports and instructions", () => {
    const names = Array.from({ length: 2000 }, (_, i) => `w${i}`);
    agree([`${names.map((name, i) => `const ${name} = A[${i % 16}] + ${i} | 0;`).join("\n")}\n note(${names.join(" ^ ")}); ${names.map((name) => `O[3] = O[3] + ${name} | 0;`).join("\n")}`]);
  });

  it("have constants of any size", () => {
    const values = Array.from({ length: 53 }, (_, i) => [2 ** i - 1, 2 ** i, 2 ** i + 1]).flat();
    agree(values.flatMap((v) => [`note(A[0] + ${v} | 0); note(A[0] - -${v} | 0);`, `note(+(A[0] + ${v} < A[1] - ${v})); note(+(A[0] + A[1] === ${v}));`, `D[0] = ${v}; D[1] = -${v}; S[0] = ${v}; note(compare(D[0], S[0])); note(compare(-${v}, S[0]));`]));
  });

  it("compile nothing that is not of the language, and do not fail", () => {
    for (const text of [
      "while (n) n = n - 1 | 0;", "for (let i = 0; i < 3; i = i + 1) note(i);", "do { n = 0; } while (n);", "for (;;) { break; }", "L1: for (;;) { break; }", "L1: for (;;) { continue; }",
      "switch (n) { default: }", "try { n = 0; } catch { n = 1; }", "throw n;", "return 1;", "let v1;", "const [v1] = A;", "let { n: v1 } = A;", "function g() {}", "class C {}", "debugger;",
      "n += 1;", "n++;", "v9 = 1;", "note(v9);", "unknown(1);", "A.length = 1;", "Q[0] = 1;", "note(Q[0]);", "note(A.length);", "note(dv[0]);", "dv[0] = 1;", "A(0);", "n;", "n + 1;",
      "note('a');", "note(1n);", "note(null);", "note(`1`);", "note(/a/);", "note(this);", "note(typeof n);", "note(void 0);", "note([1]);", "note({});", "note(() => 1);", "note(new Q());", "note(n ** 2);", "note(n in A);", "note(n == 1);",
      "note(n ?? 1);", "note(n && 1);", "note(n || 1);", "note(X[0] % 2);", "if (X[0]) n = 0;", "if (!X[0]) n = 0;", "D[0] = note(1);", "note(note(1));", "note(O[0] = 1);", "dv.setInt8(0, 1);", "note(dv.getInt32(0));", "note(dv.getInt32(0, false));", "dv.setInt32(0, 1);", "note(dv.getBigInt64(0, true));",
      "note(A.at(0));", "note((0, n));", "note(n ? 'a' : 1);", "note(n?.x);", "note(await1);",
    ]) {
      expect(both.compiles(text), text).to.equal(false);
    }
    expect(both.compiles("n = 0;")).to.equal(true);
  });

  it("compile nothing that is larger than hosts take", () => {
    // Each has a local of its own.
    expect(both.compiles("n = bswap32(n);\n".repeat(50_001))).to.equal(false);
  });
});

function fits(lo: number, hi: number, d: number, isSigned: boolean): boolean {
  if (d === 0) return false;
  if (!isSigned) return hi >>> 0 < d >>> 0;
  const n = BigInt(hi) * 2n ** 32n + BigInt(lo >>> 0), q = n / BigInt(d);
  return q === BigInt.asIntN(32, q);
}
