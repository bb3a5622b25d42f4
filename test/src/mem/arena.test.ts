import { expect } from "chai";
import { Arena } from "../../../src/mem/arena.ts";
import { PAGE_NOT_RAM, PhysicalMemory } from "../../../src/mem/physical-memory.ts";
import { CpuState } from "../../../src/x86/cpu-state.ts";
import type { Accessor } from "../../../src/x86/mmu/tlb.ts";
import { KERNEL, KERNEL_AC, SoftTlb, USER } from "../../../src/x86/mmu/tlb.ts";

const RAM_BYTES = 0x5000;

describe("Arena", () => {
  it("has RAM at the start of a WebAssembly.Memory", () => {
    const { memory, ram } = Arena.make(RAM_BYTES);
    expect(ram.buffer).to.equal(memory?.buffer);
    expect([ram.byteOffset, ram.length]).to.deep.equal([0, RAM_BYTES]);
  });

  it("hands out zeroed pieces behind RAM that do not overlap", () => {
    const arena = Arena.make(RAM_BYTES), pieces = [arena.ram, ...[1, 64, 100, 4096].map((bytes) => arena.allocate(bytes)), arena.allocateWords(7)];
    pieces.forEach((piece, i) => {
      expect(piece.every((value) => value === 0), `piece ${i}`).to.equal(true);
      expect(piece.byteOffset % 64).to.equal(0);
      expect(piece.buffer).to.equal(arena.memory?.buffer);
      piece.fill(-1);
    });
  });

  it("has room for all that a CPU wants of it", () => {
    const memory = new PhysicalMemory(), ram = memory.allocate(RAM_BYTES), { arena } = memory, { R, R8, R16, F32, F64 } = new CpuState(arena), tlb = new SoftTlb(arena);
    const tables = [USER, KERNEL, KERNEL_AC].flatMap((who) => [tlb.table(false, who as Accessor), tlb.table(true, who as Accessor)]);
    for (const array of [ram, memory.pageFlags, R, R8, R16, F32, F64, ...tables]) expect(array.buffer).to.equal(arena.memory?.buffer);
    for (const view of [R8, R16, F32, F64]) expect([view.byteOffset, view.byteLength]).to.deep.equal([R.byteOffset, R.byteLength]);
  });

  it("hands out other memory once it is used up", () => {
    const arena = Arena.make(RAM_BYTES), most = (arena.memory?.buffer.byteLength ?? 0) - RAM_BYTES;
    expect(arena.allocate(most + 1).buffer).not.to.equal(arena.memory?.buffer);
    expect(arena.allocate(most).buffer).to.equal(arena.memory?.buffer);
    expect(arena.allocate(1).buffer).not.to.equal(arena.memory?.buffer);
  });

  it("is of ordinary buffers where WebAssembly has not so much memory", () => {
    const { memory, ram } = Arena.make(2 ** 32 - 2 ** 24);
    expect(memory).to.equal(null);
    expect(ram.length).to.equal(2 ** 32 - 2 ** 24);
  });

  it("can be made and dropped time and again", () => {
    for (let i = 0; i < 300; i++) expect(Arena.make(RAM_BYTES).memory).not.to.equal(null);
  });
});

describe("PhysicalMemory", () => {
  it("makes the first memory in an arena, and takes its page flags along", () => {
    const memory = new PhysicalMemory();
    memory.setRegion(0, 0x1000, new Uint8Array(0x1000));
    const ram = memory.allocate(RAM_BYTES), later = memory.allocate(RAM_BYTES), buffer = memory.arena.memory?.buffer;
    expect([...memory.pageFlags.subarray(0, 3)]).to.deep.equal([PAGE_NOT_RAM, 0, PAGE_NOT_RAM]);
    expect([memory.pageFlags.buffer === buffer, ram.buffer === buffer, later.buffer === buffer]).to.deep.equal([true, true, false]);
  });

  it("stays with its arena once somebody listens", () => {
    const memory = new PhysicalMemory();
    memory.addListener({});
    expect(memory.allocate(RAM_BYTES).length).to.equal(RAM_BYTES);
    expect(memory.arena.memory).to.equal(null);
  });
});
