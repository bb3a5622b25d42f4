// The command as it is shipped: the bundle in dist/bin, and V8's code cache beside it.

import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { CODE_CACHE } from "../../../src/cli/bundle/bundled-program.ts";
import { guestPath, TemporaryFolder } from "../../support/cli.ts";
import { projectRoot, readFixture } from "../../support/project.ts";

const BIN = join(projectRoot, "dist/bin");

function node(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 100_000 });
  return { status, stdout, stderr };
}

const runHello = (folder: string): object => node(join(folder, "main.js"), "run", guestPath("hello"));
const HELLO = { status: 0, stdout: "Hello\n", stderr: "" };

describe("the bundled command", () => {
  const files = new TemporaryFolder();

  it("runs a guest", () => {
    expect(runHello(BIN)).to.deep.equal(HELLO);
  });

  it("knows its package", () => {
    const { version } = JSON.parse(new TextDecoder().decode(readFixture("package.json"))) as { version: string };
    expect(node(join(BIN, "main.js"), "--version").stdout).to.equal(`tcgjs ${version}\n`);
  });

  it("finds its BIOS", () => {
    expect(node(join(BIN, "main.js"), "boot", "--display", "none", "--max-insns", "1000", guestPath("boot-sector")).status).to.equal(124);
  });

  it("returns the status of what failed", () => {
    expect(node(join(BIN, "main.js"), "run", files.path("none.bin")).status).to.equal(2);
  });

  it("has a code cache that V8 takes", () => {
    const load = pathToFileURL(join(projectRoot, "dist/src/cli/bundle/bundled-program.js")), tune = pathToFileURL(join(projectRoot, "dist/src/host/v8.js"));
    const script = `
      import { createRequire } from "node:module";
      import { loadProgram } from "${load.href}";
      import { tuneV8 } from "${tune.href}";
      tuneV8();
      console.log(loadProgram(process.argv[1], createRequire("${load.href}")).script.cachedDataRejected);
    `;
    expect(node("--input-type=module", "--eval", script, BIN)).to.deep.equal({ status: 0, stdout: "false\n", stderr: "" });
  });

  it("does without a code cache", () => {
    const folder = copyOf("without");
    rmSync(join(folder, CODE_CACHE));
    expect(runHello(folder)).to.deep.equal(HELLO);
  });

  it("does without the code cache of another V8, and of one with other flags", () => {
    const folder = copyOf("other"), cache = readFileSync(join(folder, CODE_CACHE));
    cache[4] ^= 1;   // in the hash of V8's version
    files.write(`other/${CODE_CACHE}`, cache);
    expect(runHello(folder)).to.deep.equal(HELLO);
    expect(node("--no-lazy", join(BIN, "main.js"), "run", guestPath("hello"))).to.deep.equal(HELLO);
  });

  it("does without a code cache that is cut off", () => {
    const folder = copyOf("cut"), cache = readFileSync(join(folder, CODE_CACHE));
    for (const length of [0, 1, 20, cache.length >> 1, cache.length - 8]) {
      files.write(`cut/${CODE_CACHE}`, cache.subarray(0, length));
      expect(runHello(folder), `${length} bytes`).to.deep.equal(HELLO);
    }
  });

  function copyOf(name: string): string {
    cpSync(BIN, files.path(name), { recursive: true });
    return files.path(name);
  }
});
