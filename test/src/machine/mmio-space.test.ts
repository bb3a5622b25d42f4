// Physical addresses of registers: who answers, and how wide accesses are split.

import { expect } from "chai";
import { MmioSpace } from "../../../src/machine/mmio-space.ts";
import { VmError } from "../../../tcg/support/errors.ts";

function bench() {
  const seen: string[] = [], regions: string[] = [];
  const space = new MmioSpace({
    setUserMemoryRegion: ({ slot, guestPhysAddr, memorySize }) => {
      if (guestPhysAddr === TAKEN) throw new VmError("EEXIST", "there is memory");
      regions.push(`${slot} ${guestPhysAddr.toString(16)},${memorySize}`);
    },
  }, [5, 6]);
  space.map(0xfe000000, 0x100, {
    read: (offset, size) => {
      seen.push(`read ${offset},${size}`);
      return 0x89abcdef % 2 ** (8 * size);
    },
    write: (offset, size, value) => void seen.push(`write ${offset},${size} ${value.toString(16)}`),
  });
  return { seen, space, regions };
}

const TAKEN = 0x100000, PAGE = 4096;

describe("MmioSpace", () => {
  it("answers accesses inside a range, and no others", () => {
    const { space } = bench(), data = new Uint8Array(4);
    expect([0xfdffffff, 0xfe000000, 0xfe0000fc, 0xfe0000fd, 0xfe000100].map((address) => space.read(address, data))).to.deep.equal([false, true, true, false, false]);
    space.unmap(0xfe000000, 0x100);
    expect(space.read(0xfe000000, data)).to.equal(false);
  });

  it("gives a device's own memory a slot while it is mapped, and none where there is memory or no slot is left", () => {
    const { space, regions } = bench(), bytes = new Uint8Array(PAGE);
    space.mapBytes(TAKEN, bytes, false);
    space.unmap(TAKEN, PAGE);
    space.mapBytes(0xfd000000, bytes, false);
    space.mapBytes(0xfc000000, bytes, true);
    space.mapBytes(0xfb000000, bytes, true);
    space.unmap(0xfb000000, PAGE);
    space.unmap(0xfd000000, PAGE);
    expect(regions).to.deep.equal(["6 fd000000,4096", "5 fc000000,4096", "6 0,0"]);
  });

  it("splits accesses into dwords, words and bytes", () => {
    const { space, seen } = bench(), data = new Uint8Array(8);
    expect(space.read(0xfe000008, data)).to.equal(true);
    expect([...data]).to.deep.equal([0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab, 0x89]);
    space.write(0xfe000010, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    expect(seen).to.deep.equal(["read 8,4", "read 12,4", "write 16,4 4030201", "write 20,2 605", "write 22,1 7"]);
  });
});
