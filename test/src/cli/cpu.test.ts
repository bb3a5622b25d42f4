// `--cpu`: the processor a guest runs on.

import { expect } from "chai";
import { guestPath, tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";

const CPUID = guestPath("cpuid");

describe("--cpu", () => {
  const files = new TemporaryFolder();

  it("gives the guest the processor it names, with its brand string", async () => {
    const brand = async (...args: string[]) => (await tcgjs("run", "--bits", "32", ...args, CPUID)).stdout.trim();
    expect(await brand()).to.equal("tcgjs virtual CPU");
    expect(await brand("--cpu", "core")).to.equal("tcgjs virtual CPU");
    expect(await brand("--cpu", "486,model-id=of old,, and slow")).to.equal("of old, and slow");
    expect(await brand("--cpu", "max,model-id=this", "--model-id", "that")).to.equal("that");
  });

  it("makes insns of what is not there undefined, in every engine", async () => {
    const image = files.write("cmov.bin", bytesOf("0f 40 c1 b0 2e e6 e9 f4   ; cmovo ax, cx; mov al, '.'; out 0xe9, al; hlt"));
    for (const engine of ["interp", "jit", "lockstep"]) {
      const run = (cpu: string) => tcgjs("run", "--engine", engine, "--threshold", "1", "--max-insns", "10", "--cpu", cpu, image);
      expect(await run("pentium3"), engine).to.include({ status: 0, stdout: "." });
      expect((await run("pentium")).stdout, engine).to.equal("");
      expect((await run("max,-cmov")).stdout, engine).to.equal("");
    }
  });

  it("says what there is when asked for something else, status 2", async () => {
    const { status, stderr } = await tcgjs("run", "--cpu", "586", CPUID);
    expect(status).to.equal(2);
    expect(stderr).to.contain('--cpu knows no CPU model "586"; models are 486 pentium pentium3 core max');
    for (const [cpu, message] of [
      ["max,+avx", /--cpu knows no feature "avx"; features are fpu vme/], ["max,sse", /--cpu wants \+FEATURE, -FEATURE or model-id=TEXT after the model; not "sse"/],
      [`max,model-id=${"x".repeat(48)}`, /--cpu has room for 47 bytes/], ["", /--cpu needs an argument/],
    ] as const) {
      const result = await tcgjs("run", "--cpu", cpu, CPUID);
      expect(result.status, cpu).to.equal(2);
      expect(result.stderr, cpu).to.match(message);
    }
  });
});
