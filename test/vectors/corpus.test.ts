// Every committed integer vector under every engine, and under translation at first sight: what a real processor did.

import { expect } from "chai";
import type { EngineOptions } from "../../src/exec/options.ts";
import { differences } from "./compare.ts";
import { EngineExecutor } from "./engine-executor.ts";
import { runVector } from "./executor.ts";
import { corpusPath, readVectors } from "./vector-file.ts";

const ENGINES: Readonly<Record<string, Partial<EngineOptions>>> = {
  "the interpreter": { engine: "interp" },
  "the translator": { engine: "jit" },
  "the translator at first sight": { engine: "jit", threshold: 1 },
};
const SHOWN = 10;

describe("vectors of the real processor", () => {
  const vectors = readVectors(corpusPath("integer.jsonl.gz"));
  const groups = [...new Set(vectors.map(({ g }) => g))];

  for (const [engine, options] of Object.entries(ENGINES)) {
    describe(`under ${engine}`, () => {
      const executor = new EngineExecutor(options);
      for (const group of groups) {
        it(`come out right in ${group}`, () => {
          const failures = vectors
            .filter(({ g }) => g === group)
            .map((vector) => ({ vector, wrong: differences(vector, runVector(vector, executor)) }))
            .filter(({ wrong }) => wrong.length > 0)
            .map(({ vector, wrong }) => `#${vector.id} ${vector.n} (${vector.c}): ${wrong.join("; ")}`);
          expect(failures.slice(0, SHOWN), `${failures.length} vectors fail`).to.deep.equal([]);
        });
      }
    });
  }
});
