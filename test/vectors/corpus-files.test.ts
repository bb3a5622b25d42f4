// The committed vector files are whole, and mean what the machine model says. No engine runs here.

import { readdirSync, statSync } from "node:fs";
import { expect } from "chai";
import { fromHex } from "../oracle/bytes.ts";
import { COMPARED_FLAGS, ERROR_CODE_VECTORS, FX_BYTES, REGIONS } from "../oracle/machine-model.ts";
import type { Vector } from "../oracle/vector.ts";
import { corpusPath, readVectors } from "./vector-file.ts";

const MAX_CORPUS_BYTES = 2_000_000;

/** Vectors and groups that each file must have at least. */
const FILES: Readonly<Record<string, readonly [vectors: number, groups: readonly string[]]>> = {
  "integer.jsonl.gz": [8000, ["alu", "shift", "muldiv", "bits", "string", "bcd", "lea", "data", "stack", "cond", "branch", "seq", "hot", "smc"]],
  "fault.jsonl.gz": [1500, ["fault"]],
  "x87.jsonl.gz": [2500, ["x87", "trans"]],
  "simd.jsonl.gz": [5500, ["mmx", "sse", "sse2fp", "sse2int", "sse3", "ssse3", "sse4", "aes"]],
  "fpfault.jsonl.gz": [1000, ["fpfault"]],
};

describe("vector corpus", () => {
  it("has the files that the tests name, and no others", () => {
    const present = readdirSync(corpusPath(".")).filter((name) => name.endsWith(".gz"));
    expect(present).to.have.members(Object.keys(FILES));
  });

  it("stays small enough for a repository", () => {
    const sizes = Object.keys(FILES).map((name) => statSync(corpusPath(name)).size);
    expect(sizes.reduce((sum, size) => sum + size)).to.be.below(MAX_CORPUS_BYTES);
  });

  for (const [name, [count, groups]] of Object.entries(FILES)) {
    describe(name, () => {
      const vectors = readVectors(corpusPath(name));

      it(`has ${count} vectors, of ${groups.join(", ")}`, () => {
        expect(vectors).to.have.length(count);
        expect([...new Set(vectors.map(({ g }) => g))]).to.have.members(groups);
      });

      it("numbers each vector once", () => {
        expect(new Set(vectors.map(({ id }) => id)).size).to.equal(vectors.length);
      });

      it("keeps to the machine model", () => {
        expect(vectors.flatMap(complaints)).to.deep.equal([]);
      });
    });
  }
});

function complaints(vector: Vector): string[] {
  const found: string[] = [];
  const { e } = vector;
  const where = `#${vector.id} ${vector.n}`;
  for (const [address, hex] of [[vector.ip, vector.c] as const, ...(vector.m ?? []), ...(e.m ?? [])]) {
    const end = address + fromHex(hex).length;
    if (!REGIONS.some(({ base, sizeBytes }) => address >= base && end <= base + sizeBytes)) found.push(`${where}: memory at ${address.toString(16)}`);
  }
  if (vector.r.length !== 8 || e.r.length !== 8) found.push(`${where}: number of registers`);
  if (vector.fm & ~COMPARED_FLAGS || e.f & ~COMPARED_FLAGS) found.push(`${where}: flags`);
  if ((vector.fx === undefined) !== (e.fx === undefined)) found.push(`${where}: FXSAVE image on one side only`);
  if (vector.fx !== undefined && fromHex(vector.fx).length !== FX_BYTES) found.push(`${where}: length of the FXSAVE image`);
  if ((e.err !== undefined) !== (e.x !== undefined && ERROR_CODE_VECTORS.has(e.x))) found.push(`${where}: error code`);
  return found;
}
