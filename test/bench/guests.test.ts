import { expect } from "chai";
import { GuestRun } from "../../bench/guest-run.ts";
import { chooseGuests, GUEST_GROUPS, inGroup, readGuests } from "../../bench/guests.ts";
import { VmError } from "../../tcg/support/errors.ts";
import { projectRoot } from "../support/project.ts";

const guests = readGuests(projectRoot);

describe("the guests of the bench", () => {
  it("are those whose guest.json says so", () => {
    const names = guests.map((g) => g.name);
    expect(names).to.include.members(["sieve", "fib", "sieve16", "nbody-x87", "cold"]);
    expect(names).not.to.include("hello");
  });

  it("leave no group without one", () => {
    for (const group of GUEST_GROUPS) expect(inGroup(guests, group), group).not.to.be.empty;
  });

  it("print in their long images what the short ones print, so and so many times", () => {
    for (const { name, image, expected, long } of guests.filter((g) => g.long !== null)) {
      expect(long?.image.equals(image), name).to.equal(false);
      expect(long?.expected.length, name).to.be.above(expected.length);
      expect(long?.expected.subarray(-expected.length), name).to.deep.equal(expected);
    }
  });

  it("are found by name, and a slip of the pen is put right", () => {
    expect(chooseGuests(guests, ["fib", "crc32"]).map((g) => g.name)).to.deep.equal(["fib", "crc32"]);
    expect(() => chooseGuests(guests, ["siev"])).to.throw(VmError, "did you mean sieve?");
  });
});

describe("a run of a guest", () => {
  const [sieve] = chooseGuests(guests, ["sieve"]), setting = { engine: "jit", paging: false } as const;

  for (const paging of [false, true]) {
    it(`stops at exactly the insn it is told to, paging ${paging ? "on" : "off"}`, () => {
      const run = new GuestRun(sieve, { engine: "jit", paging });
      run.runTo(100_001);
      run.requireRunning(100_001);
      run.runTo(200_002);
      run.requireRunning(200_002);
    });
  }

  for (const paging of [false, true]) {
    it(`does the same again after rewinding, paging ${paging ? "on" : "off"}`, () => {
      // add [0x5000], 1; mov eax, [0x5000]; add al, '0'; out 0xe9, al; hlt
      const image = Buffer.from("83050050000001a1005000000430e6e9f4", "hex");
      const guest = { ...sieve, image, expected: Buffer.from("1"), retiredInsns: 5 };
      const run = new GuestRun(guest, { engine: "jit", paging });
      for (let pass = 0; pass < 3; pass++) {
        run.rewind();
        run.runTo(Infinity);
        run.requireDone();
      }
    });
  }

  it("does not pass for done before it is", () => {
    const run = new GuestRun(sieve, setting);
    run.runTo(1000);
    expect(() => run.requireDone()).to.throw(VmError, "did not halt");
    expect(() => run.requireRunning(2000)).to.throw(VmError, "1000 of 2000");
  });

  it("does not pass if it prints or retires something else", () => {
    const small = { ...sieve, image: Buffer.from([0xf4]), expected: Buffer.alloc(0), retiredInsns: 1 };
    const done = (guest: typeof small): void => {
      const run = new GuestRun(guest, setting);
      run.runTo(Infinity);
      run.requireDone();
    };
    expect(() => done(small)).not.to.throw();
    expect(() => done({ ...small, expected: Buffer.from("1") })).to.throw(VmError, "expected.txt");
    expect(() => done({ ...small, retiredInsns: 2 })).to.throw(VmError, "retired 1");
  });
});
