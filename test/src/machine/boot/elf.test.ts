// ELF executables: what goes where, where they start, and everything that is refused.

import { expect } from "chai";
import { BareMachine } from "../../../../src/index.ts";
import { expectErrno } from "../../kvm/errno.ts";
import { bytesOf, ENGINES } from "../../kvm/guest.ts";
import type { ElfSegment } from "./images.ts";
import { ELF_HEADER_BYTES, elfImage, withHalves, withWords } from "./images.ts";

const CODE = bytesOf("a1 00 00 20 00 f4   ; mov eax, [0x200000]; hlt");
const DATA = bytesOf("78 56 34 12");
const GOOD: readonly ElfSegment[] = [{ paddr: 0x100000, bytes: CODE }, { paddr: 0x200000, bytes: DATA, memsz: 0x1000, flags: 6 }];

/** Offset of a field of program header `n`. */
const field = (n: number, offset: number): number => ELF_HEADER_BYTES + n * 32 + offset;

describe("ELF images", () => {
  const good = elfImage({ entry: 0x100000, segments: GOOD });

  for (const [name, vm] of ENGINES) {
    it(`are loaded by segment and run from their entry in flat protected mode, with ${name}`, () => {
      const machine = new BareMachine(good, { vm });
      expect(machine.boot.format).to.equal("elf");
      expect(machine.run()).to.deep.equal({ kind: "halt" });
      const { rax, rip, rbx } = machine.vcpu.getRegs(), { cs, ds, cr0 } = machine.vcpu.getSregs();
      expect([rax, rip, rbx, cs.db, ds.limit, cr0 & 1]).to.deep.equal([0x12345678, 0x100006, 0, 1, 0xffffffff, 1]);
    });
  }

  it("go to their physical addresses, and the entry with them", () => {
    const segments = [{ vaddr: 0xc0100000, paddr: 0x100000, bytes: CODE }, { vaddr: 0xc0200000, paddr: 0x200000, bytes: DATA }];
    const { boot } = new BareMachine(elfImage({ entry: 0xc0100005, segments }));
    expect(boot.segments.map((s) => s.address)).to.deep.equal([0x100000, 0x200000]);
    expect(boot.start).to.deep.include({ kind: "protected", entry: 0x100005 });
  });

  it("may have segments without memory, notes and program headers for others", () => {
    const segments = [...GOOD, { paddr: 0x100000, bytes: new Uint8Array(0) }, { type: 4, paddr: 0x100000, bytes: DATA }, { type: 0x6474e551, paddr: 0, bytes: new Uint8Array(0) }];
    expect(new BareMachine(elfImage({ entry: 0x100000, segments })).boot.segments).to.have.length(2);
  });

  it("may end with memory", () => {
    const segments = [{ paddr: 0x3000, bytes: CODE, memsz: 0x1000 }], image = elfImage({ entry: 0x3000, segments });
    expect(new BareMachine(image, { memoryBytes: 0x4000 }).boot.segments[0].sizeBytes).to.equal(0x1000);
    expectErrno("EINVAL", /memory at 0x3000\.\.0x3fff; the machine's is from 0 to 0x2fff/, () => new BareMachine(image, { memoryBytes: 0x3000 }));
  });

  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["a header that is cut off", good.subarray(0, 51), /has 51 bytes, an ELF header 52/],
    ["64 bits", Uint8Array.from(good, (b, i) => (i === 4 ? 2 : b)), /class is 2 \(64 bits\); wanted is 1/],
    ["big endian", Uint8Array.from(good, (b, i) => (i === 5 ? 2 : b)), /byte order is 2 \(big endian\)/],
    ["another version", withWords(good, 20, 2), /version is 1 and 2; wanted is 1/],
    ["another machine", withHalves(good, 18, 62), /machine is 62; wanted is 3/],
    ["an object file", withHalves(good, 16, 1), /an object file.*wanted is an executable/],
    ["a shared object", withHalves(good, 16, 3), /link with -no-pie/],
    ["an unknown type", withHalves(good, 16, 77), /it is of type 77/],
    ["no program headers", withHalves(good, 44, 0), /no program headers/],
    ["uncounted program headers", withHalves(good, 44, 0xffff), /65535 or more program headers; allowed are 65534/],
    ["very many program headers", withHalves(good, 44, 0xfffe), /65534 program headers at 0x34 end beyond the file/],
    ["program headers of another size", withHalves(good, 42, 56), /have 56 bytes; wanted are 32/],
    ["program headers outside the file", withWords(good, 28, 0xffffffe0), /end beyond the file/],
    ["nothing to load", withWords(withWords(good, field(0, 0), 0), field(1, 0), 0), /no PT_LOAD segment/],
    ["a dynamic executable", withWords(good, field(1, 0), 3), /dynamically linked.*link with -static/],
    ["more bytes in the file than in memory", withWords(good, field(0, 20), 2), /has 0x6 bytes in the file but 0x2 in memory/],
    ["a segment that is cut off", good.subarray(0, good.length - 1), /segment at 0x200000 is at .* of the file/],
    ["an offset beyond the file", withWords(good, field(0, 4), 0xfffffffe), /is at 0xfffffffe\.\.0x100000003 of the file/],
    ["a segment outside memory", withWords(good, field(1, 12), 0x1000000), /wants memory at 0x1000000\.\.0x1000fff/],
    ["a segment that wraps around", withWords(good, field(1, 12), 0xfffffffe), /0x1000 bytes at 0xfffffffe, which end beyond 4 GiB/],
    ["overlapping segments", withWords(good, field(1, 12), 0x0ff001), /0xff001\.\.0x100000 and 0x100000\.\.0x100005, which overlap/],
    ["an entry outside its segments", withWords(good, 24, 0x100006), /entry at 0x100006, outside what it loads/],
  ];
  for (const [what, image, message] of refused) {
    it(`are refused with ${what}`, () => expectErrno("EINVAL", message, () => new BareMachine(image)));
  }

  it("are refused where something else was promised", () => {
    expectErrno("EINVAL", /begins with 0x90 0xf4, not 0x7f "ELF"/, () => new BareMachine(bytesOf("90 f4"), { format: "elf" }));
    expectErrno("EINVAL", /a load address \(0x7c00\) goes with flat images; this one is loaded as elf/, () => new BareMachine(good, { loadAddress: 0x7c00 }));
    expectErrno("EINVAL", /an entry/, () => new BareMachine(good, { entry: 0x7c00 }));
    expectErrno("EINVAL", /a mode to start in \(16 bits\)/, () => new BareMachine(good, { bits: 16 }));
    expectErrno("EINVAL", /a command line goes with multiboot images/, () => new BareMachine(good, { cmdline: "x" }));
    expect(new BareMachine(good, { format: "flat" }).boot.format).to.equal("flat");
  });
});
