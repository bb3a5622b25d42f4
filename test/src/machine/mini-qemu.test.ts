// The ported tutorial VMM prints what the C program prints.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../../support/project.ts";

const runProgram = (name: string): string =>
  execFileSync(process.execPath, [join(projectRoot, "dist/guests/mini-qemu", name)], { encoding: "utf8", timeout: 100_000 });

describe("guests/mini-qemu", () => {
  it("prints the tutorial's transcript on counter16", () => {
    expect(runProgram("main.js").split("\n")).to.deep.equal([
      "open /dev/kvm...",
      "get vm fd...",
      "load guest_test.bin...",
      "get vcpu fd...",
      "set vcpu regs...",
      "vcpu run...",
      "KVM_EXIT_IO",
      "guest put io data: 0",
      "vcpu run...",
      "KVM_EXIT_IO",
      "guest put io data: 1",
      "vcpu run...",
      "KVM_EXIT_IO",
      "guest put io data: 2",
      "vcpu run...",
      "KVM_EXIT_HLT",
      "",
    ]);
  });

  it("prints what hello prints", () => {
    expect(runProgram("hello.js")).to.equal("Hello\n");
  });
});
