// The library example of README.md does what its comments say.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../support/project.ts";

/** The first JavaScript of the README. */
function example(): string {
  const found = /```js\n([\s\S]*?)```/.exec(readFileSync(join(projectRoot, "README.md"), "utf8"));
  return found?.[1] ?? expect.fail("README.md has no JavaScript in it");
}

describe("README.md", () => {
  it("has an example that runs from plain JavaScript and prints what it says", () => {
    const folder = mkdtempSync(join(tmpdir(), "tcgjs-readme-"));
    try {
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(projectRoot, join(folder, "node_modules/tcgjs"), "dir");
      writeFileSync(join(folder, "example.mjs"), example());
      const printed = execFileSync(process.execPath, ["--preserve-symlinks", "example.mjs"], { cwd: folder, encoding: "utf8" });
      const promised = [...example().matchAll(/\/\/ ((?:port|KVM).*)$/gm)].map(([, text]) => text);
      expect(printed.trimEnd().split("\n")).to.deep.equal(promised);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
