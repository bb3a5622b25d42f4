// Physical addresses of registers: who answers, and how wide accesses are split.

import { expect } from "chai";
import { MmioSpace } from "../../../src/machine/mmio-space.ts";

function bench() {
  const seen: string[] = [], space = new MmioSpace();
  space.map(0xfe000000, 0x100, {
    read: (offset, size) => {
      seen.push(`read ${offset},${size}`);
      return 0x89abcdef % 2 ** (8 * size);
    },
    write: (offset, size, value) => void seen.push(`write ${offset},${size} ${value.toString(16)}`),
  });
  return { seen, space };
}

describe("MmioSpace", () => {
  it("answers accesses inside a range, and no others", () => {
    const { space } = bench(), data = new Uint8Array(4);
    expect([0xfdffffff, 0xfe000000, 0xfe0000fc, 0xfe0000fd, 0xfe000100].map((address) => space.read(address, data))).to.deep.equal([false, true, true, false, false]);
    space.unmap(0xfe000000, 0x100);
    expect(space.read(0xfe000000, data)).to.equal(false);
  });

  it("splits accesses into dwords, words and bytes", () => {
    const { space, seen } = bench(), data = new Uint8Array(8);
    expect(space.read(0xfe000008, data)).to.equal(true);
    expect([...data]).to.deep.equal([0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab, 0x89]);
    space.write(0xfe000010, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    expect(seen).to.deep.equal(["read 8,4", "read 12,4", "write 16,4 4030201", "write 20,2 605", "write 22,1 7"]);
  });
});
