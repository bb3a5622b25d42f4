// Memory slots: whose bytes they are, what is refused, read-only memory, the dirty log, and changes under running code.

import { expect } from "chai";
import type { Vm } from "../../../src/index.ts";
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, openKvm } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { bytesOf, CODE, Device, ENGINES, guest32, peek, poke } from "./guest.ts";
import { enterFlatProtectedMode, enterRealMode } from "../../../src/machine/bare-entry.ts";

const PAGE = 4096;

describe("allocateMemory", () => {
  const newVm = () => openKvm().createVm(), bufferOf = (vm: Vm, vcpu = vm.createVcpu(0)) => vcpu.engine.cpu.memory.arena.memory?.buffer;

  it("makes zeroed memory that lies with the vCPU's state in one WebAssembly.Memory", () => {
    const vm = newVm(), ram = vm.allocateMemory(2 * PAGE), vcpu = vm.createVcpu(0), { cpu } = vcpu.engine;
    expect([ram.length, ram.every((b) => b === 0)]).to.deep.equal([2 * PAGE, true]);
    for (const array of [ram, cpu.R, cpu.memory.pageFlags, cpu.mmu.softTlb.table(false, 0)]) expect(array.buffer).to.equal(bufferOf(vm, vcpu));
  });

  it("is what a slot's own memory is made by, but where it is read-only or small", () => {
    const vm = newVm();
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0xff000000, memorySize: 0x100000, flags: KVM_MEM_READONLY });
    vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0, memorySize: 2 * PAGE });
    vm.setUserMemoryRegion({ slot: 2, guestPhysAddr: 0x100000, memorySize: 0x100000 });
    expect(vm.memory(2).buffer).to.equal(bufferOf(vm));
  });

  it("makes ordinary memory later on, and once there is a vCPU", () => {
    const vm = newVm(), first = vm.allocateMemory(PAGE), second = vm.allocateMemory(PAGE);
    expect([first.buffer === bufferOf(vm), second.buffer.byteLength]).to.deep.equal([true, PAGE]);
    const late = newVm(), vcpu = late.createVcpu(0);
    expect(late.allocateMemory(PAGE).buffer.byteLength).to.equal(PAGE);
    expect(bufferOf(late, vcpu)).to.equal(undefined);
  });

  it("refuses sizes that are none, or not of pages", () => {
    for (const bytes of [0, -PAGE, 100, PAGE + 1, 2 ** 32 + PAGE, NaN, "4096"]) expectErrno("EINVAL", /allocateMemory: bytes/, () => newVm().allocateMemory(bytes as number));
  });

  it("keeps two VMs apart", () => {
    const [one, other] = [newVm(), newVm()], a = one.allocateMemory(PAGE), b = other.allocateMemory(PAGE);
    a.fill(1);
    expect([a.buffer === b.buffer, b.every((byte) => byte === 0)]).to.deep.equal([false, true]);
  });
});

describe("setUserMemoryRegion", () => {
  const newVm = () => openKvm().createVm();

  it("makes the caller's bytes the guest's, without a copy", () => {
    const vm = newVm(), backing = new Uint8Array(3 * PAGE), ram = backing.subarray(PAGE, 2 * PAGE);
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0x1000, memorySize: PAGE, userspaceAddr: ram });
    ram.set(bytesOf(`
      c7 05 00 18 00 00 44 33 22 11   ; mov dword [0x1800], 0x11223344
      a1 04 18 00 00                  ; mov eax, [0x1804]
      f4                              ; hlt
    `));
    ram.set([0x78, 0x56, 0x34, 0x12], 0x804);
    const vcpu = vm.createVcpu(0);
    enterFlatProtectedMode(vcpu, 0x1000);
    expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
    expect([...ram.subarray(0x800, 0x804)]).to.deep.equal([0x44, 0x33, 0x22, 0x11]);
    expect(vcpu.getRegs().rax).to.equal(0x12345678);
    expect(backing.subarray(0, PAGE).every((b) => b === 0) && backing.subarray(2 * PAGE).every((b) => b === 0)).to.equal(true);
  });

  it("joins several slots into one memory, also where an access crosses from one to the next", () => {
    const vm = newVm();
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 2 * PAGE });
    vm.setUserMemoryRegion({ slot: 5, guestPhysAddr: 2 * PAGE, memorySize: 4 * PAGE });
    vm.setUserMemoryRegion({ slot: 3, guestPhysAddr: 0xfffff000, memorySize: PAGE });
    vm.writePhys(0x1000, bytesOf(`
      c7 05 fe 1f 00 00 44 33 22 11   ; mov dword [0x1ffe], 0x11223344
      a1 fe 1f 00 00                  ; mov eax, [0x1ffe]
      a3 fc ff ff ff                  ; mov [0xfffffffc], eax
      f4                              ; hlt
    `));
    const vcpu = vm.createVcpu(0);
    enterFlatProtectedMode(vcpu, 0x1000);
    expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
    expect(vcpu.getRegs().rax).to.equal(0x11223344);
    expect(peek(vm, 0x2000, 2)).to.equal(0x1122);
    expect(peek(vm, 0xfffffffc, 4)).to.equal(0x11223344);
    expect([...vm.readPhys(0x1ffe, 4)]).to.deep.equal([0x44, 0x33, 0x22, 0x11]);
  });

  it("moves a slot with its contents, and deletes it", () => {
    const vm = newVm();
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: PAGE });
    poke(vm, 0x123, 1, 7);
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0x4000, memorySize: PAGE });
    expect(peek(vm, 0x4123, 1)).to.equal(7);
    expectErrno("EFAULT", /no memory at 0x123/, () => vm.readPhys(0x123, 1));
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0 });
    expectErrno("EFAULT", /no memory at 0x4123/, () => vm.readPhys(0x4123, 1));
    vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 2 * PAGE });
    expect(peek(vm, 0x123, 1)).to.equal(0);
  });

  it("refuses what KVM refuses", () => {
    const vm = newVm(), set = vm.setUserMemoryRegion.bind(vm);
    set({ slot: 0, guestPhysAddr: 0x10000, memorySize: 4 * PAGE });
    expectErrno("EINVAL", /slot is 32; allowed are integers from 0 to 31/, () => set({ slot: 32, guestPhysAddr: 0, memorySize: PAGE }));
    expectErrno("EINVAL", /memorySize is 0x64; it must be a multiple of 4096/, () => set({ slot: 1, guestPhysAddr: 0, memorySize: 100 }));
    expectErrno("EINVAL", /guestPhysAddr is 0x200/, () => set({ slot: 1, guestPhysAddr: 0x200, memorySize: PAGE }));
    expectErrno("EINVAL", /beyond 4 GiB/, () => set({ slot: 1, guestPhysAddr: 0xfffff000, memorySize: 2 * PAGE }));
    expectErrno("EINVAL", /flags is 4/, () => set({ slot: 1, guestPhysAddr: 0, memorySize: PAGE, flags: 4 }));
    expectErrno("EINVAL", /there is no slot 1/, () => set({ slot: 1, guestPhysAddr: 0, memorySize: 0 }));
    expectErrno("EEXIST", /slot 1 at 0x13000 overlaps slot 0 at 0x10000/, () => set({ slot: 1, guestPhysAddr: 0x13000, memorySize: PAGE }));
    expectErrno("EEXIST", /overlaps slot 0/, () => set({ slot: 1, guestPhysAddr: 0, memorySize: 0x11000 }));
    expectErrno("EFAULT", /has 0x10 bytes, fewer than memorySize 0x1000/,
      () => set({ slot: 1, guestPhysAddr: 0, memorySize: PAGE, userspaceAddr: new Uint8Array(16) }));
    expectErrno("EFAULT", /must be a Uint8Array/,
      () => set({ slot: 1, guestPhysAddr: 0, memorySize: PAGE, userspaceAddr: [] as unknown as Uint8Array }));
    expectErrno("EINVAL", /cannot be resized/, () => set({ slot: 0, guestPhysAddr: 0x10000, memorySize: PAGE }));
    expectErrno("EINVAL", /cannot be given other memory/,
      () => set({ slot: 0, guestPhysAddr: 0x10000, memorySize: 4 * PAGE, userspaceAddr: new Uint8Array(4 * PAGE) }));
    expectErrno("EINVAL", /cannot change KVM_MEM_READONLY/,
      () => set({ slot: 0, guestPhysAddr: 0x10000, memorySize: 4 * PAGE, flags: KVM_MEM_READONLY }));
    expectErrno("ENOENT", /no memory slot 7; slots are 0/, () => vm.memory(7));
    expectErrno("EFAULT", /no memory at 0x14000/, () => vm.writePhys(0x13ffe, new Uint8Array(4)));
    expect(peek(vm, 0x13ffe, 2), "a refused write writes nothing").to.equal(0);
  });
});

for (const [name, options] of ENGINES) {
  describe(`guest memory with ${name}`, () => {
    it("leaves with KVM_EXIT_MMIO for writes to read-only memory, and reads it as memory", () => {
      const { vm, vcpu } = guest32(`
        a1 00 00 02 00                  ; mov eax, [0x20000]
        a3 04 00 02 00                  ; mov [0x20004], eax
        8b 1d 04 00 02 00               ; mov ebx, [0x20004]
        f4                              ; hlt
      `, options);
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x20000, memorySize: PAGE, flags: KVM_MEM_READONLY });
      vm.writePhys(0x20000, bytesOf("01 02 03 04 05 06 07 08"));
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["w4 20004=4030201"]);
      expect(vcpu.getRegs().rbx).to.equal(0x08070605);
    });

    it("treats slots that are neighbours in one buffer as one window, and each by its own rules", () => {
      const { vm, vcpu } = guest32(`
        a1 fe ff 03 00                  ; mov eax, [0x3fffe]
        a3 fe ff 03 00                  ; mov [0x3fffe], eax: half of it to read-only memory
        a3 fc 0f 04 00                  ; mov [0x40ffc], eax
        a3 fc 1f 04 00                  ; mov [0x41ffc], eax
        8b 1d fe 0f 04 00               ; mov ebx, [0x40ffe]
        f4                              ; hlt
      `, options);
      const buffer = new Uint8Array(0x23000), part = (from: number, pages: number) => buffer.subarray(from, from + pages * PAGE);
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x20000, memorySize: 0x20000, userspaceAddr: part(0, 32), isHandedOver: true });
      vm.setUserMemoryRegion({ slot: 2, guestPhysAddr: 0x41000, memorySize: PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES, userspaceAddr: part(0x21000, 1), isHandedOver: true });
      vm.setUserMemoryRegion({ slot: 3, guestPhysAddr: 0x40000, memorySize: PAGE, flags: KVM_MEM_READONLY, userspaceAddr: part(0x20000, 1), isHandedOver: true });
      vm.writePhys(0x3fffe, bytesOf("11 22 33 44"));
      vm.writePhys(0x40ffc, bytesOf("55 66 77 88 99 aa"));
      expect(vm.getDirtyLog(2)[0], "the host's write").to.equal(1);
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["w2 40000=4433", "w4 40ffc=44332211"]);
      expect([vcpu.getRegs().rax, vcpu.getRegs().rbx]).to.deep.equal([0x44332211, 0xaa998877]);
      expect([peek(vm, 0x3fffe, 4), peek(vm, 0x41ffc, 4), vm.getDirtyLog(2)[0]]).to.deep.equal([0x44332211, 0x44332211, 1]);
      const { base, size } = vcpu.engine.cpu.memory.window;
      expect([base, size]).to.deep.equal([0x20000, 0x22000]);
    });

    it("runs code from read-only memory, up to its end", () => {
      const { vm, vcpu } = guest32("", options);
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0xf0000, memorySize: PAGE, flags: KVM_MEM_READONLY });
      vm.writePhys(0xf0ffe, bytesOf("40 40"));
      vcpu.setRegs({ rip: 0xf0ffe });
      expect(vcpu.run({ maxInsns: 2 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 2 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: 0xf1000, insns: 0 });
    });

    it("logs the pages that are written, once each, until the log is taken", () => {
      const { vm, vcpu } = guest32(`
        c6 05 00 00 02 00 01            ; mov byte [0x20000], 1
        c7 05 fe 2f 02 00 01 01 01 01   ; mov dword [0x22ffe], 0x01010101
        a0 00 50 02 00                  ; mov al, [0x25000]
        f4                              ; hlt
        c6 05 00 90 02 00 01            ; mov byte [0x29000], 1
        f4                              ; hlt
      `, options);
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x20000, memorySize: 10 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES });
      expect([...vm.getDirtyLog(1)]).to.deep.equal([0, 0, 0, 0]);
      vcpu.run();
      expect([...vm.getDirtyLog(1)]).to.deep.equal([0b1101, 0, 0, 0]);
      expect([...vm.getDirtyLog(1)]).to.deep.equal([0, 0, 0, 0]);
      vcpu.run();
      poke(vm, 0x24000, 1, 1);
      expect([...vm.getDirtyLog(1)]).to.deep.equal([0b10000, 0b10, 0, 0]);
      vcpu.setRegs({ rip: CODE });
      vcpu.run();
      expect([...vm.getDirtyLog(1)], "a page is logged again").to.deep.equal([0b1101, 0, 0, 0]);
      expectErrno("ENOENT", /slot 0 .* no KVM_MEM_LOG_DIRTY_PAGES/, () => vm.getDirtyLog(0));
      expectErrno("ENOENT", /slot 9/, () => vm.getDirtyLog(9));
    });

    it("logs writes to the main memory too, and code in it still works", () => {
      const { vm, vcpu } = guest32(`
        b9 00 01 00 00                  ; mov ecx, 256
        88 0d 00 30 00 00               ; mov [0x3000], cl
        88 0d 0a 10 00 00               ; mov [0x100a], cl: the displacement's top byte
        49                              ; dec ecx
        75 f1                           ; jnz back to the first mov
        f4                              ; hlt
      `, options);
      vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0x10000, flags: KVM_MEM_LOG_DIRTY_PAGES });
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.have.length(254).and.include("w1 ff003000=fe");
      expect([...vm.getDirtyLog(0)]).to.deep.equal([0b1010, 0, 0, 0]);
    });

    it("notices code that writePhys changes between runs", () => {
      const { vm, vcpu } = guest32(`
        b8 01 00 00 00                  ; mov eax, 1
        f4                              ; hlt
        eb f8                           ; jmp to the mov
      `, options);
      for (const value of [1, 2, 3]) {
        poke(vm, CODE + 1, 1, value);
        expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
        expect(vcpu.getRegs().rax).to.equal(value);
      }
    });

    it("notices code that the caller changes in its own memory, or through memory()", () => {
      const code = bytesOf(`
        b8 01 00 00 00                  ; mov eax, 1
        f4                              ; hlt
        eb f8                           ; jmp to the mov
      `);
      for (const isOwn of [true, false]) {
        const vm = openKvm().createVm(options), own = new Uint8Array(2 * PAGE);
        vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 2 * PAGE, ...(isOwn ? { userspaceAddr: own } : {}) });
        vm.writePhys(CODE, code);
        const vcpu = vm.createVcpu(0);
        enterFlatProtectedMode(vcpu, CODE);
        vcpu.run();
        const bytes = isOwn ? own : vm.memory(0);
        for (const value of [2, 3, 4]) {
          bytes[CODE + 1] = value;
          expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
          expect(vcpu.getRegs().rax, isOwn ? "own memory" : "memory()").to.equal(value);
        }
      }
    });

    it("does not run code of a slot that was replaced", () => {
      const { vm, vcpu } = guest32("b8 01 00 00 00 f4   ; mov eax, 1; hlt", options);
      vcpu.run();
      vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0 });
      vcpu.setRegs({ rip: CODE });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: CODE, insns: 0 });
      vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 2 * PAGE });
      vm.writePhys(CODE, bytesOf("b8 02 00 00 00 f4   ; mov eax, 2; hlt"));
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs().rax).to.equal(2);
    });

    it("finds memory where it has moved to, for the same code", () => {
      const vm = openKvm().createVm(options), ram = vm.allocateMemory(8 * PAGE), place = (slot: number, guestPhysAddr: number, first: number, pages: number): void => {
        vm.setUserMemoryRegion({ slot, guestPhysAddr, memorySize: pages * PAGE, userspaceAddr: ram.subarray(first * PAGE, (first + pages) * PAGE), isHandedOver: true });
      };
      const count = (at: number): number => new DataView(ram.buffer, ram.byteOffset).getInt32(at, true);
      for (const first of [0, 4]) {
        ram.set(bytesOf(`
          b9 d0 07 00 00   ; mov ecx, 2000
          ff 06            ; again: inc dword [esi]
          49               ; dec ecx
          75 fb            ; jnz again
          f4               ; hlt`), first * PAGE);
      }
      place(0, 0, 0, 2);
      const vcpu = vm.createVcpu(0), runs = (eip: number, esi: number): void => {
        enterFlatProtectedMode(vcpu, eip);
        vcpu.setRegs({ rsi: esi });
        expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      };
      runs(0, PAGE);
      place(0, 0x300000, 0, 2);
      runs(0x300000, 0x300000 + PAGE);
      expect(count(PAGE), "moved").to.equal(4000);
      place(1, 0, 4, 2);
      runs(0, PAGE);
      runs(0, 0x300000 + PAGE);
      expect([count(PAGE), count(5 * PAGE)], "of two").to.deep.equal([6000, 2000]);
      vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0 });
      place(2, 0xffffe000, 6, 2);
      runs(0, PAGE);
      runs(0, 0xfffff000);
      expect([count(PAGE), count(5 * PAGE), count(7 * PAGE)], "at the end of all addresses").to.deep.equal([6000, 4000, 2000]);
    });

    it("runs from the reset vector", () => {
      const vm = openKvm().createVm(options), vcpu = vm.createVcpu(0);
      vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0xffff0000, memorySize: 0x10000, flags: KVM_MEM_READONLY });
      vm.writePhys(0xfffffff0, bytesOf("e9 0d e0  ; jmp 0xf000:0xe000"));
      vm.writePhys(0xffffe000, bytesOf("b8 34 12 f4   ; mov ax, 0x1234; hlt"));
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 3 });
      expect(vcpu.getRegs()).to.include({ rax: 0x1234, rip: 0xe004 });
    });

    it("reaches all of a 16-bit guest's first megabyte and 64 KiB through segments", () => {
      const { vm, vcpu } = (() => {
        const made = openKvm().createVm(options);
        made.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0x110000 });
        made.writePhys(CODE, bytesOf(`
          b8 ff ff                      ; mov ax, 0xffff
          8e d8                         ; mov ds, ax
          c7 06 fe ff 34 12             ; mov word [0xfffe], 0x1234
          f4                            ; hlt
        `));
        const cpu = made.createVcpu(0);
        enterRealMode(cpu, CODE);
        return { vm: made, vcpu: cpu };
      })();
      expect(vcpu.run().reason).to.equal("KVM_EXIT_HLT");
      expect(peek(vm, 0x10ffee, 2)).to.equal(0x1234);
    });
  });
}
