// Multiboot kernels: finding the header, both ways to load, what the kernel is told, modules, and everything refused.

import { expect } from "chai";
import type { BareOptions } from "../../../../src/index.ts";
import { BareMachine } from "../../../../src/index.ts";
import { expectErrno } from "../../kvm/errno.ts";
import { bytesOf, ENGINES, peek } from "../../kvm/guest.ts";
import type { MultibootOptions } from "./images.ts";
import { elfImage, FLAG_ADDRESSES, MULTIBOOT_MAGIC, multibootHeader, multibootImage, withWords } from "./images.ts";

const HLT = bytesOf("f4");
const MIB = 0x100000;

const kernel = (options: Partial<MultibootOptions> = {}): Uint8Array => multibootImage({ code: HLT, ...options });
const boot = (image: Uint8Array, options: BareOptions = {}): BareMachine => new BareMachine(image, options);

/** The NUL-terminated string at a physical address. */
function stringAt({ vm }: BareMachine, address: number): string {
  const bytes = vm.readPhys(address, 0x200);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** What the kernel finds at EBX. */
function infoOf(machine: BareMachine) {
  const at = machine.vcpu.getRegs().rbx, word = (offset: number): number => peek(machine.vm, at + offset, 4);
  const map = Array.from({ length: word(44) / 24 }, (_, i) => {
    const entry = word(48) + 24 * i;
    return [0, 4, 8, 12, 16, 20].map((offset) => peek(machine.vm, entry + offset, 4));
  });
  const modules = Array.from({ length: word(20) }, (_, i) => {
    const entry = word(24) + 16 * i, [start, end, text] = [0, 4, 8].map((offset) => peek(machine.vm, entry + offset, 4));
    return { start, end, text: stringAt(machine, text) };
  });
  return { flags: word(0), lower: word(4), upper: word(8), cmdline: stringAt(machine, word(16)), loader: stringAt(machine, word(64)), map, modules };
}

describe("multiboot images", () => {
  for (const [name, vm] of ENGINES) {
    it(`start as the specification says, with ${name}`, () => {
      const machine = boot(kernel({ code: bytesOf("89 c1 43 4b f4   ; mov ecx, eax; inc ebx; dec ebx; hlt") }), { vm });
      expect(machine.boot.format).to.equal("multiboot");
      expect(machine.run()).to.deep.equal({ kind: "halt" });
      const { rax, rbx, rcx, rip, rflags } = machine.vcpu.getRegs(), { cs, ss, ds, es, fs, gs, cr0 } = machine.vcpu.getSregs();
      expect([rax, rcx, rip, rflags & 0x20200]).to.deep.equal([0x2badb002, 0x2badb002, MIB + 37, 0]);
      expect([cr0 & 0x80000001, cs.base, cs.limit, cs.db]).to.deep.equal([1, 0, 0xffffffff, 1]);
      for (const s of [ss, ds, es, fs, gs]) expect([s.base, s.limit, s.type & 2]).to.deep.equal([0, 0xffffffff, 2]);
      expect(rbx).to.be.within(0x1000, 0x9f000);
    });
  }

  it("are told the memory, the command line and the loader's name", () => {
    const info = infoOf(boot(kernel(), { memoryBytes: 8 * MIB, cmdline: "root=ram0 größe=2" }));
    expect(info).to.deep.equal({
      flags: 0x24d, lower: 640, upper: 7 * 1024, cmdline: "root=ram0 größe=2", loader: "tcgjs", modules: [],
      map: [[20, 0, 0, 640 * 1024, 0, 1], [20, MIB, 0, 7 * MIB, 0, 1]],
    });
  });

  it("fit into little memory, with the information where there is room", () => {
    const image = kernel({ load_addr: 0x1000, bss_end_addr: 0x3000 }), machine = boot(image, { memoryBytes: 0x4000 }), info = infoOf(machine);
    expect(machine.vcpu.getRegs().rbx).to.equal(0x3000);
    expect([info.lower, info.upper, info.map]).to.deep.equal([16, 0, [[20, 0, 0, 0x4000, 0, 1]]]);
    const low = kernel({ load_addr: 0x1000, bss_end_addr: 0xa0000 });
    expect(boot(low, { memoryBytes: MIB }).vcpu.getRegs().rbx, "above, if all below 640 KiB but the first page is taken").to.equal(0xff000);
    const all = kernel({ load_addr: 0, bss_end_addr: 0x4000 });
    expectErrno("EINVAL", /no room in memory for the 0x[0-9a-f]+ bytes of information/, () => boot(all, { memoryBytes: 0x4000 }));
  });

  it("are told of modules, which lie behind them on pages of their own", () => {
    const modules = [{ bytes: bytesOf("01 02 03"), text: "first a=1" }, { bytes: new Uint8Array(0x1001).fill(7), text: "second" }, { bytes: bytesOf("09"), text: "" }];
    const machine = boot(kernel({ bss_end_addr: MIB + 0x1234 }), { modules });
    expect(infoOf(machine).modules).to.deep.equal([
      { start: MIB + 0x2000, end: MIB + 0x2003, text: "first a=1" }, { start: MIB + 0x3000, end: MIB + 0x4001, text: "second" }, { start: MIB + 0x5000, end: MIB + 0x5001, text: "" },
    ]);
    expect([peek(machine.vm, MIB + 0x2000, 4), peek(machine.vm, MIB + 0x4000, 2)]).to.deep.equal([0x030201, 7]);
    expectErrno("EINVAL", /module "second" of 0x1001 bytes goes to 0x103000, beyond memory, which ends at 0x103fff/,
      () => boot(kernel({ bss_end_addr: MIB + 0x1234 }), { modules, memoryBytes: MIB + 0x4000 }));
  });

  it("have their header anywhere in the first 8192 bytes, on a multiple of 4", () => {
    for (const before of [0, 4, 64, 8192 - 32]) expect(boot(kernel({ before })).boot.start).to.deep.include({ entry: MIB + before + 32 });
    expect(boot(kernel({ before: 2 }), { bits: 32 }).boot.format, "not on a multiple of 4").to.equal("flat");
    expect(boot(kernel({ before: 8192 }), { bits: 32 }).boot.format, "too late").to.equal("flat");
    expectErrno("EINVAL", /address fields at 0x1ff0 are not all within the first 8192 bytes/, () => boot(kernel({ before: 8192 - 28 })));
    const decoy = new Uint8Array([...withWords(multibootHeader(0), 8, 5), ...kernel({ load_addr: MIB - 12, header_addr: MIB })]);
    expect(boot(decoy).boot.start, "one whose checksum is wrong is none").to.deep.include({ entry: MIB + 32 });
  });

  it("are loaded by their address fields, which come before ELF headers", () => {
    const image = kernel({ before: 16, header_addr: 0x200008, load_addr: 0x200000, load_end_addr: 0x200029, bss_end_addr: 0x203000, entry_addr: 0x200028 });
    const machine = boot(image), [segment] = machine.boot.segments;
    expect([segment.address, segment.bytes.length, segment.sizeBytes]).to.deep.equal([0x200000, 0x29, 0x3000]);
    expect(peek(machine.vm, 0x200008, 4), "what is 8 bytes before the header goes to load_addr").to.equal(MULTIBOOT_MAGIC);
    const inElf = elfImage({ entry: 0x100000, segments: [{ paddr: 0x100000, bytes: image.subarray(16) }] });
    expect(boot(withWords(inElf, 52 + 32 + 12, 0x300000, 0x300000, 0, 0, 0x300020)).boot.start).to.deep.include({ entry: 0x300020 });
  });

  it("may be ELF files", () => {
    const code = new Uint8Array([...multibootHeader(3), 0xf4]);
    const machine = boot(elfImage({ entry: 0xc010000c, segments: [{ vaddr: 0xc0100000, paddr: MIB, bytes: code, memsz: 0x1000 }] }), { cmdline: "x" });
    expect([machine.boot.format, machine.run().kind, machine.vcpu.getRegs().rip]).to.deep.equal(["multiboot", "halt", MIB + 13]);
  });

  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["a video mode", kernel({ flags: FLAG_ADDRESSES | 4 }), /wants a video mode \(flags 0x10004, bit 2\), and the machine has no display/],
    ["unknown requirements", kernel({ flags: FLAG_ADDRESSES | 0x8008 }), /requirements .* not known: 0x8008; known are 0x3/],
    ["neither addresses nor ELF headers", kernel({ flags: 0 }), /no ELF file, and its header has no address fields/],
    ["address fields that are cut off", kernel().subarray(0, 28), /address fields at 0xc are not all within .* of the file, which has 28/],
    ["load_addr above header_addr", kernel({ header_addr: MIB - 1 }), /load_addr 0x100000 is above header_addr 0xfffff/],
    ["more bytes before the header than there are", kernel({ before: 4, header_addr: MIB + 8 }), /is 0x8 bytes before header_addr, but the file has only 0x4/],
    ["an end before the header", kernel({ load_end_addr: MIB }), /load_end_addr 0x100000 is not above header_addr 0x100000/],
    ["an end beyond the file", kernel({ load_end_addr: MIB + 0x1000 }), /asks for 0x1000 bytes from 0x0 of the file, which has 0x21/],
    ["a bss that ends before the data", kernel({ bss_end_addr: MIB + 1 }), /bss_end_addr 0x100001 is below the end of what is loaded, 0x100021/],
    ["a bss outside memory", kernel({ bss_end_addr: 0xfffffff0 }), /wants memory at 0x100000\.\.0xffffffef; the machine's is from 0 to 0xffffff/],
    ["a load address that wraps around", kernel({ load_addr: 0xfffffff0 }), /0x21 bytes at 0xfffffff0, which end beyond 4 GiB/],
    ["an entry outside", kernel({ entry_addr: MIB + 0x21 }), /entry at 0x100021, outside what it loads: 0x100000\.\.0x100020/],
  ];
  for (const [what, image, message] of refused) {
    it(`are refused with ${what}`, () => expectErrno("EINVAL", message, () => boot(image)));
  }

  it("are refused where there is none", () => {
    expectErrno("EINVAL", /no multiboot header in the first 8192 bytes$/, () => boot(HLT, { format: "multiboot" }));
    expectErrno("EINVAL", /at 0x0 the magic number, flags and checksum add up to 0x1, not 0/, () => boot(withWords(kernel(), 8, -MULTIBOOT_MAGIC - FLAG_ADDRESSES + 1), { format: "multiboot" }));
    expectErrno("EINVAL", /a module goes with multiboot images; this one is loaded as flat/, () => boot(HLT, { modules: [{ bytes: HLT, text: "" }] }));
    expectErrno("EINVAL", /format is a\.out; allowed are auto, flat/, () => boot(HLT, { format: "a.out" as "flat" }));
  });
});
