// Memory with holes: what is computed there (handleMemory), and regions that come and go in them under running code.

import { expect } from "chai";
import type { Vcpu, Vm, VmOptions } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { enterFlatProtectedMode } from "../../../src/machine/bare-entry.ts";
import { expectErrno } from "./errno.ts";
import { bytesOf, CODE, ENGINES, peek, poke } from "./guest.ts";

const PAGE = 4096, HOLE = 0x4000, HOLE_END = 0x6000, END = 0x10000, SLOT_HOLE = 9;
const PAGE_DIRECTORY = 0x8000, PAGE_TABLE = 0x9000;

/** Memory from 0 to 64 KiB in one buffer, but for two pages. */
function holed(options: VmOptions): { readonly vm: Vm; readonly vcpu: Vcpu; readonly bytes: Uint8Array } {
  const vm = openKvm().createVm(options), bytes = vm.allocateMemory(END);
  const place = (slot: number, first: number, end: number): void => vm.setUserMemoryRegion({ slot, guestPhysAddr: first, memorySize: end - first, userspaceAddr: bytes.subarray(first, end), isHandedOver: true });
  place(0, 0, HOLE);
  place(1, HOLE_END, END);
  return { vm, vcpu: vm.createVcpu(0), bytes };
}

function fillHole(vm: Vm, bytes: Uint8Array): void {
  vm.setUserMemoryRegion({ slot: SLOT_HOLE, guestPhysAddr: HOLE, memorySize: HOLE_END - HOLE, userspaceAddr: bytes.subarray(HOLE, HOLE_END), isHandedOver: true });
}

function emptyHole(vm: Vm): void {
  vm.setUserMemoryRegion({ slot: SLOT_HOLE, guestPhysAddr: 0, memorySize: 0 });
}

/** Counts accesses by words of the hole; reads give their number. */
function counter(vm: Vm): string[] {
  const seen: string[] = [];
  vm.handleMemory({
    first: HOLE, count: HOLE_END - HOLE, read: (offset, size) => seen.push(`r${size} ${offset.toString(16)}`),
    write: (offset, size, value) => void seen.push(`w${size} ${offset.toString(16)}=${value.toString(16)}`),
  });
  return seen;
}

/** Identity paging of the first 64 KiB, switched on by the state. */
function enterPaged(vm: Vm, vcpu: Vcpu): void {
  poke(vm, PAGE_DIRECTORY, 4, PAGE_TABLE | 3);
  for (let page = 0; page < END / PAGE; page++) poke(vm, PAGE_TABLE + 4 * page, 4, (page * PAGE) | 3);
  enterFlatProtectedMode(vcpu, CODE);
  const { cr0 } = vcpu.getSregs();
  vcpu.setSregs({ cr3: PAGE_DIRECTORY, cr0: (cr0 | 0x80000000) >>> 0 });
}

const KINDS: readonly (readonly [string, (vm: Vm, vcpu: Vcpu) => void])[] = [["without paging", (_, vcpu) => enterFlatProtectedMode(vcpu, CODE)], ["with paging", enterPaged]];

describe("memory with holes", () => {
  for (const [engine, options] of ENGINES) {
    for (const [kind, enter] of KINDS) {
      it(`reaches what is computed there without an exit, and memory on both sides (${engine}, ${kind})`, () => {
        const { vm, vcpu } = holed(options), seen = counter(vm);
        vm.writePhys(CODE, bytesOf(`
          b9 03 00 00 00           ; mov ecx, 3
          a1 00 40 00 00           ; again: mov eax, [0x4000]
          66 89 05 10 50 00 00     ; mov [0x5010], ax
          80 05 03 40 00 00 01     ; add byte [0x4003], 1
          8b 1d fe 3f 00 00        ; mov ebx, [0x3ffe]: across the edge
          89 1d 00 60 00 00        ; mov [0x6000], ebx
          49 75 de                 ; dec ecx; jnz again
          f4                       ; hlt
        `));
        poke(vm, 0x3ffe, 2, 0xabcd);
        enter(vm, vcpu);
        expect(vcpu.run({ maxInsns: 1000 }).reason).to.equal("KVM_EXIT_HLT");
        expect(seen.length).to.equal(15);
        expect(seen.slice(0, 5)).to.deep.equal(["r4 0", "w2 1010=1", "r1 3", "w1 3=4", "r2 0"]);
        expect(peek(vm, 0x6000, 4)).to.equal(0xfabcd);
      });

      it(`sees a region come and go while its code stays translated (${engine}, ${kind})`, () => {
        const { vm, vcpu, bytes } = holed(options), seen = counter(vm);
        vm.writePhys(CODE, bytesOf(`
          a1 00 40 00 00           ; again: mov eax, [0x4000]
          89 05 04 40 00 00        ; mov [0x4004], eax
          e6 10                    ; out 0x10, al
          eb f1                    ; jmp again
        `));
        vm.handlePorts({ first: 0x10, count: 1, write: () => vcpu.requestExit() });
        enter(vm, vcpu);
        const turn = (): readonly number[] => {
          vcpu.run({ maxInsns: 100 });
          return [seen.length, peek(vm, 0x6000, 1)];
        };
        for (let i = 0; i < 5; i++) turn();
        const before = seen.length;
        poke(vm, CODE, 1, 0xa1);
        fillHole(vm, bytes);
        bytes[HOLE] = 0x77;
        for (let i = 0; i < 5; i++) turn();
        expect([seen.length, bytes[HOLE + 4]]).to.deep.equal([before, 0x77]);
        emptyHole(vm);
        turn();
        expect(seen.length).to.equal(before + 2);
      });
    }

    it(`forgets code in a region that goes (${engine})`, () => {
      const { vm, vcpu, bytes } = holed(options);
      fillHole(vm, bytes);
      vm.writePhys(CODE, bytesOf("e8 fb 2f 00 00  f4"));                // call 0x4000; hlt
      vm.writePhys(HOLE, bytesOf("b8 01 00 00 00  c3"));                // mov eax, 1; ret
      const call = (): string => {
        enterFlatProtectedMode(vcpu, CODE);
        vcpu.setRegs({ rsp: 0x8000, rax: 0 });
        return `${vcpu.run({ maxInsns: 100 }).reason} ${vcpu.getRegs().rax}`;
      };
      const runs = [call(), call()];
      emptyHole(vm);
      runs.push(call());
      fillHole(vm, bytes);
      bytes[HOLE + 1] = 2;
      runs.push(call());
      expect(runs).to.deep.equal(["KVM_EXIT_HLT 1", "KVM_EXIT_HLT 1", "KVM_EXIT_INTERNAL_ERROR 0", "KVM_EXIT_HLT 2"]);
    });

    it(`repeats string insns over the edges of a hole (${engine})`, () => {
      const { vm, vcpu } = holed(options), seen = counter(vm);
      vm.writePhys(CODE, bytesOf(`
        be f0 3f 00 00  bf f0 6f 00 00  b9 08 00 00 00  f3 a5   ; mov esi, 0x3ff0; mov edi, 0x6ff0; mov ecx, 8; rep movsd
        bf f8 3f 00 00  b9 04 00 00 00  31 c0  f3 ab            ; mov edi, 0x3ff8; mov ecx, 4; xor eax, eax; rep stosd
        f4
      `));
      enterFlatProtectedMode(vcpu, CODE);
      expect(vcpu.run({ maxInsns: 100 }).reason).to.equal("KVM_EXIT_HLT");
      expect(seen).to.deep.equal(["r4 0", "r4 4", "r4 8", "r4 c", "w4 0=0", "w4 4=0"]);
      expect([peek(vm, 0x7000, 4), peek(vm, 0x700c, 4)]).to.deep.equal([1, 4]);
    });
  }

  it("gives what a handler throws to the caller of run, and goes on afterwards", () => {
    const { vm, vcpu } = holed({}), failure = new Error("no");
    let fails = true;
    vm.handleMemory({ first: HOLE, count: PAGE, write: () => undefined, read: () => {
      if (fails) throw failure;
      return 7;
    } });
    vm.writePhys(CODE, bytesOf("a0 00 40 00 00  f4"));
    enterFlatProtectedMode(vcpu, CODE);
    expect(() => vcpu.run()).to.throw(failure);
    fails = false;
    expect([vcpu.run().reason, vcpu.getRegs().rax & 0xff]).to.deep.equal(["KVM_EXIT_HLT", 7]);
  });

  it("refuses ranges that are none or overlap", () => {
    const { vm } = holed({}), none = { read: () => 0, write: () => undefined };
    vm.handleMemory({ first: HOLE, count: PAGE, ...none });
    expectErrno("EEXIST", /0x4800 overlaps the handler at 0x4000/, () => vm.handleMemory({ first: HOLE + 0x800, count: PAGE, ...none }));
    expectErrno("EINVAL", /count/, () => vm.handleMemory({ first: 0xffffffff, count: 2, ...none }));
  });
});
