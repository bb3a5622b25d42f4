// The checker as a program: what it prints and how it ends. The executor answers whatever a file holds.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { formatR } from "../oracle/line-protocol.ts";
import { toHex } from "../oracle/bytes.ts";
import { resetFxImage } from "../oracle/machine-model.ts";
import type { Vector } from "../oracle/vector.ts";

const CHECK = fileURLToPath(new URL("./check.js", import.meta.url));
const REGISTERS = [1, 2, 3, 4, 5, 6, 7, 8];

describe("check", () => {
  let folder = "";
  const path = (name: string) => join(folder, name);
  /** A command that takes its vectors and answers what the file holds. */
  const answering = (name: string) => {
    writeFileSync(path("executor"), `cat >/dev/null; cat '${path(name)}'`);
    return `sh ${path("executor")}`;
  };
  const check = (...args: readonly string[]) => spawnSync(process.execPath, [CHECK, ...args], { encoding: "utf8" });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "vectors-"));
    const vector: Vector = {
      id: 1, g: "alu", n: "nop", c: "90", ip: 0x100000, r: REGISTERS, f: 0x202, fm: 0x8d5, e: { ip: 0x100001, r: REGISTERS, f: 0 },
    };
    const answer = { id: 1, exception: 3, errorCode: 0, cr2: 0, eip: 0x100001, regs: REGISTERS, eflags: 0x202, fx: toHex(resetFxImage()), changed: [] };
    writeFileSync(path("one.jsonl"), JSON.stringify(vector) + "\n");
    writeFileSync(path("right"), formatR(answer));
    writeFileSync(path("wrong"), formatR({ ...answer, eip: 0x100000 }));
    writeFileSync(path("broken"), "R 1 3 0\n");
    writeFileSync(path("empty.jsonl"), "");
    writeFileSync(path("other.jsonl"), "{}\n");
  });

  after(() => rmSync(folder, { recursive: true }));

  it("ends with 0 when all vectors pass", () => {
    const result = check(path("one.jsonl"), answering("right"));
    expect(result.stdout).to.contain("passed 1/1");
    expect(result.status, result.stdout).to.equal(0);
  });

  it("ends with 1 and says what differs when one fails", () => {
    const result = check(path("one.jsonl"), answering("wrong"));
    expect(result.stdout).to.contain("#1 alu: nop (90): eip 100000, expected 100001").and.to.contain("passed 0/1");
    expect(result.status).to.equal(1);
  });

  it("ends with 1 when an answer breaks off or the executor fails", () => {
    expect(check(path("one.jsonl"), answering("broken")).status).to.equal(1);
    expect(check(path("one.jsonl"), "false").status).to.equal(1);
  });

  it("ends with 2 and the usage when asked for nonsense", () => {
    const nonsense = [
      [], [path("one.jsonl")], [path("missing.jsonl"), "cat"], [path("other.jsonl"), "cat"], [path("empty.jsonl"), "cat"],
      [path("one.jsonl"), "no-such-program"], [path("one.jsonl"), "cat", "--show", "x"], [path("one.jsonl"), "cat", "--groups", "x87"],
      [path("one.jsonl"), "cat", "--bogus"],
    ];
    for (const args of nonsense) {
      const result = check(...args);
      expect(result.stderr, args.join(" ")).to.contain("usage: check");
      expect(result.status, args.join(" ")).to.equal(2);
    }
  });
});
