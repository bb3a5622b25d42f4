import { expect } from "chai";
import { enablePaging } from "../../bench/identity-paging.ts";
import { BareMachine } from "../../src/machine/bare.ts";

/** mov eax, [0x5000]; mov [0x6000], eax; hlt */
const CODE = Buffer.from([0xa1, 0x00, 0x50, 0x00, 0x00, 0xa3, 0x00, 0x60, 0x00, 0x00, 0xf4]);
const MEMORY_BYTES = 8 * 2 ** 20, ACCESSED = 0x20, DIRTY = 0x40;

describe("identity paging", () => {
  const machine = new BareMachine(CODE, { bits: 32, memoryBytes: MEMORY_BYTES });
  machine.vm.writePhys(0x5000, new Uint8Array([1, 2, 3, 4]));
  enablePaging(machine, MEMORY_BYTES);
  const outcome = machine.run({ maxInsns: 100 });
  const entry = (address: number): number => {
    const bytes = machine.vm.readPhys(MEMORY_BYTES + 4096 + (address >>> 12) * 4, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  };

  it("lets a guest run to its end as without", () => {
    expect(outcome).to.deep.equal({ kind: "halt" });
    expect([...machine.vm.readPhys(0x6000, 4)]).to.deep.equal([1, 2, 3, 4]);
  });

  it("is on: the processor marks the pages it reads and writes", () => {
    expect(entry(0x5000) & (ACCESSED | DIRTY)).to.equal(ACCESSED);
    expect(entry(0x6000) & (ACCESSED | DIRTY)).to.equal(ACCESSED | DIRTY);
    expect(entry(0x7000) & (ACCESSED | DIRTY)).to.equal(0);
  });

  it("maps the last page as the first", () => {
    expect(entry(0) >>> 12).to.equal(0);
    expect(entry(MEMORY_BYTES - 1) >>> 12).to.equal((MEMORY_BYTES - 1) >>> 12);
  });
});
