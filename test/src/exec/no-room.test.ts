// Hosts that run out of room for the code of WebAssembly: everything is JavaScript then.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { BareMachine } from "../../../src/index.ts";
import { webAssembly } from "../../../tcg/support/webassembly.ts";
import { projectRoot } from "../../support/project.ts";

/** Prints what the guest `hello` does, with blocks and regions made at once. */
function sayHello(): { readonly output: string; readonly modules: number } {
  let output = "", modules = 0;
  const machine = new BareMachine(readFileSync(join(projectRoot, "guests/hello/hello.bin")), {
    memoryBytes: 2 ** 20, vm: { threshold: 1, regionThreshold: 1 }, onOutput: (byte) => { output += String.fromCharCode(byte); },
  });
  machine.run({ maxInsns: 10_000 });
  for (const tb of machine.vcpu.engine.translator.allBlocks()) if (tb.wasmBytes > 0) modules++;
  return { output, modules };
}

describe("a host without room for WebAssembly's code", () => {
  it("runs JavaScript instead", () => {
    if (webAssembly === undefined) throw new Error("this host has no WebAssembly at all");
    const host = webAssembly as { Module: unknown }, { Module } = host, usual = sayHello();
    host.Module = class { constructor() { throw new RangeError("out of memory"); } };
    try {
      const { output, modules } = sayHello();
      expect(modules).to.equal(0);
      expect(output).to.equal(usual.output).and.not.equal("");
    } finally {
      host.Module = Module;
    }
    expect(usual.modules).to.be.above(0);
  });
});
