import { expect } from "chai";
import { timeSubjects } from "../../bench/sampling.ts";

describe("sampling", () => {
  it("calls every sample once, in order, and gives a time for each", async () => {
    const calls: string[] = [];
    const subject = (name: string) => ({ name, samples: [1, 2, 3].map((n) => () => { calls.push(`${name}${n}`); }) });
    const times = await timeSubjects("test", [subject("a"), subject("b")]);
    expect(calls).to.deep.equal(["a1", "a2", "a3", "b1", "b2", "b3"]);
    expect(times.map((t) => t.length)).to.deep.equal([3, 3]);
    for (const seconds of times.flat()) expect(seconds).to.be.within(0, 60);
  });

  it("waits for samples that are not done at once", async () => {
    let done = 0;
    const later = () => new Promise<void>((resolve) => { setImmediate(() => { done++; resolve(); }); });
    await timeSubjects("test", [{ name: "later", samples: [later, later] }]);
    expect(done).to.equal(2);
  });

  it("fails with what a sample throws, and calls no other", async () => {
    let calls = 0;
    const samples = [1, 2].map(() => () => { calls++; throw new Error("astray"); });
    const error: unknown = await timeSubjects("test", [{ name: "bad", samples }]).catch((e: unknown) => e);
    expect(error).to.be.an("error").with.property("message", "astray");
    expect(calls).to.equal(1);
  });
});
