// A function in the JavaScript that emitters write, run both as JavaScript and compiled to WebAssembly, each over a memory of its own.

import { parse } from "acorn";
import type { FunctionDeclaration, Program } from "estree";
import type { Helper, Type } from "../../../tcg/ir/types.ts";
import type { Environment } from "../../../tcg/js/compile.ts";
import { inlineFunction } from "../../../tcg/js/inline.ts";
import { RUNTIME } from "../../../tcg/js/runtime.ts";
import type { WasmMemory } from "../../../tcg/support/webassembly.ts";
import { webAssembly } from "../../../tcg/support/webassembly.ts";
import { Unit } from "../../../tcg/wasm/unit.ts";
import { PACKED_FLAGS } from "../../../src/x86/region-flags.ts";
import { ITEMS, VIEW_BYTES } from "./random-function.ts";
import { hash, Random } from "./random.ts";

const I: Type = "i32", D: Type = "f64";

const HELPERS: readonly (Pick<Helper, "name" | "params" | "result" | "inline"> & { readonly run: (...args: number[]) => number })[] = [
  { name: "mix", params: [I, I], result: I, run: (x, y) => hash(x, y) },
  { name: "twice", params: [I], result: I, inline: { params: 1, steps: ["$0 + 1 | 0", "$1 << 1", "+($2 < $0)", "($2 ^ $3) - $0 | 0"] }, run: () => 0 },
  { name: "pack", params: [I, I, I, I, I], result: I, inline: PACKED_FLAGS.pack.inline ?? { params: 0, steps: [] }, run: () => 0 },
  { name: "note", params: [I], result: "void", run: () => 0 },
  { name: "scale", params: [D, I], result: D, run: (x, n) => x * 2 ** (n & 15) },
  { name: "compare", params: [D, "f32"], result: I, run: (x, y) => Number(x < y) },
];

const BODY_HELPERS: ReadonlySet<Helper> = new Set(HELPERS.map(({ name, params, result, inline }) =>
  ({ name, params, result, pure: false, reads: [], writes: [], mayFault: false, doc: "For tests.", ...(inline === undefined ? {} : { inline }) })));

/** Where arrays lie in the memory, the widest first; a byte before the view, so that nothing in it is aligned. */
const PLACES = { X: 0, D: 128, A: 256, O: 320, Y: 384, S: 448, H: 512, B: 544, dv: 561 };
const MEMORY_BYTES = 561 + VIEW_BYTES;

const DOUBLES = [0, -0, 1, -1, 0.5, -1.5, 2 ** 31, -(2 ** 31), 2 ** 31 - 0.5, -(2 ** 31) - 1, 2 ** 32, 2 ** 32 + 1.5, -(2 ** 33) - 2, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 84, -(2 ** 83) - 2 ** 31, 1e308, 5e-324, Infinity, -Infinity, NaN];
const SINGLES = DOUBLES.map(Math.fround).concat([2 ** -126, 2 ** -149, 1.1, -3.3, 16777217, 3.4e38].map(Math.fround));

/** What a run has left, as text: result, calls, memory. NaNs are all alike. */
type Outcome = string;

/** The statements of a function body in text. */
export function parseBody(text: string): FunctionDeclaration["body"]["body"] {
  const program = parse(`function f(at, n, left) {\n${text}\n}`, { ecmaVersion: 2022, sourceType: "script" }) as Program;
  return (program.body[0] as FunctionDeclaration).body.body;
}

class Run {
  readonly buffer: ArrayBuffer;
  readonly calls: string[] = [];

  constructor(buffer: ArrayBuffer, seed: number) {
    this.buffer = buffer;
    new Uint8Array(buffer, 0, MEMORY_BYTES).fill(0);
    const random = new Random(seed), { X, Y, A, H, B, dv } = this.arrays();
    for (let i = 0; i < ITEMS; i++) {
      X[i] = random.chance(70) ? random.pick(DOUBLES) : random.next() / 65536;
      Y[i] = random.chance(70) ? random.pick(SINGLES) : random.next() / 65536;
      for (const words of [A, H, B]) words[i] = random.value();
    }
    // Singles and doubles that are numbers, at any place.
    for (let i = 0; i < VIEW_BYTES; i++) dv.setUint8(i, random.next() & 0x3f);
  }

  arrays() {
    const { buffer } = this, { X, D, A, O, Y, S, H, B, dv } = PLACES;
    return {
      X: new Float64Array(buffer, X, ITEMS), D: new Float64Array(buffer, D, ITEMS), A: new Int32Array(buffer, A, ITEMS), O: new Int32Array(buffer, O, ITEMS),
      Y: new Float32Array(buffer, Y, ITEMS), S: new Float32Array(buffer, S, ITEMS), H: new Uint16Array(buffer, H, ITEMS), B: new Uint8Array(buffer, B, ITEMS),
      dv: new DataView(buffer, dv, VIEW_BYTES),
    };
  }

  readonly helpers = Object.fromEntries(HELPERS.map(({ name, inline, run }) => [name, (...args: number[]): number => {
    if (inline !== undefined) return inlineFunction(inline)(...args);
    this.calls.push(`${name}(${args.join(", ")})`);
    return run(...args);
  }]));

  names(): Environment {
    return { ...RUNTIME, ...this.arrays(), ...this.helpers };
  }

  outcome(result: number): Outcome {
    const { D, S, O, H, B, dv } = this.arrays();
    const items = Object.entries({ D, S, O, H, B }).map(([name, list]) => `${name} ${[...list].map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(" ")}`);
    return [`gives ${result}`, ...this.calls, ...items, `dv ${new Uint8Array(dv.buffer, dv.byteOffset, VIEW_BYTES).join(" ")}`].join("\n");
  }
}

type Body = (at: number, n: number, left: number) => number;

function scriptOf(text: string, names: object): Body {
  const make = new Function("names", `"use strict"; const { ${Object.keys(names).join(", ")} } = names; return function f(at, n, left) {\n${text}\nreturn n;\n};`) as (names: object) => Body;
  return make(names);
}

/** Runs functions both ways, over a memory that is always the same. */
export class BothWays {
  private readonly memory: WasmMemory;
  private readonly buffer = new ArrayBuffer(MEMORY_BYTES);

  constructor() {
    if (webAssembly === undefined) throw new Error("this host has no WebAssembly");
    this.memory = new webAssembly.Memory({ initial: 1, maximum: 1 });
  }

  /**
   * What the two disagree about with that state and that many turns of loops; null for nothing, and for text that is no function.
   * What becomes of the text when it is compiled counts as well.
   */
  differenceOf(text: string, seed: number, turns: number): string | null {
    const expected = this.runScript(text, seed, turns);
    if (expected === null) return null;
    let got: Outcome;
    try {
      got = this.runWasm(text, seed, turns);
    } catch (e) {
      got = String(e);
    }
    if (got === expected) return null;
    const ours = got.split("\n"), theirs = expected.split("\n");
    return `expected\n${theirs.filter((line, i) => line !== ours[i]).join("\n")}\ngot\n${ours.filter((line, i) => line !== theirs[i]).join("\n")}`;
  }

  private runScript(text: string, seed: number, turns: number): Outcome | null {
    const run = new Run(this.buffer, seed);
    try {
      return run.outcome(scriptOf(text, run.names())(0, turns, 0));
    } catch (e) {
      if (e instanceof ReferenceError || e instanceof SyntaxError) return null;
      throw e;
    }
  }

  /** As WebAssembly. @throws Error if there is none for it */
  runWasm(text: string, seed: number, turns: number): Outcome {
    const run = new Run(this.memory.buffer, seed), code = this.unitOf(text, run.names())?.link()?.functions[0];
    if (code === undefined) throw new Error("no WebAssembly for it");
    return run.outcome(code(0, turns, 0));
  }

  /** Null where there is no WebAssembly for a body; what it gives is what is left of `n`. */
  unitOf(text: string, names: Environment): Unit | null {
    const unit = new Unit(names, this.memory, ["at", "n", "left"]);
    const isDone = unit.add({ name: "f", helpers: BODY_HELPERS }, (compiler) => {
      compiler.statements(parseBody(text));
      compiler.result({ type: "Identifier", name: "n" });
    });
    return isDone ? unit : null;
  }

  /** True if there is WebAssembly for a body. */
  compiles(text: string): boolean {
    return this.unitOf(text, new Run(this.memory.buffer, 0).names()) !== null;
  }
}
