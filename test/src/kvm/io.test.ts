// KVM_EXIT_IO: ports in both directions, all sizes, string insns, and what happens to an IN between its exit and its end.

import { expect } from "chai";
import type { KvmExitIo, Vcpu } from "../../../src/index.ts";
import { Device, ENGINES, guest16, guest32, peek, poke } from "./guest.ts";

/** Runs up to a port exit. */
function runToPort(vcpu: Vcpu): KvmExitIo {
  const exit = vcpu.run({ maxInsns: 1000 });
  if (exit.reason !== "KVM_EXIT_IO") throw new Error(`expected a port exit, not ${exit.reason}`);
  return exit;
}

for (const [name, options] of ENGINES) {
  describe(`KVM_EXIT_IO with ${name}`, () => {
    it("reports OUT in every form, with RIP behind the insn", () => {
      const { vcpu } = guest32(`
        b8 44 33 22 11            ; mov eax, 0x11223344
        ba 34 12 00 00            ; mov edx, 0x1234
        e6 80                     ; out 0x80, al
        66 e7 81                  ; out 0x81, ax
        e7 82                     ; out 0x82, eax
        ee                        ; out dx, al
        66 ef                     ; out dx, ax
        ef                        ; out dx, eax
        f4                        ; hlt
      `, options);
      const seen: [number, number, number, string, number][] = [];
      for (let i = 0; i < 6; i++) {
        const { direction, port, size, count, data, insns } = runToPort(vcpu);
        expect([direction, count]).to.deep.equal(["out", 1]);
        seen.push([port, size, insns, Buffer.from(data).toString("hex"), vcpu.getRegs().rip]);
      }
      expect(seen).to.deep.equal([
        [0x80, 1, 3, "44", 0x100c], [0x81, 2, 1, "4433", 0x100f], [0x82, 4, 1, "44332211", 0x1011],
        [0x1234, 1, 1, "44", 0x1012], [0x1234, 2, 1, "4433", 0x1014], [0x1234, 4, 1, "44332211", 0x1015],
      ]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("lets the caller answer IN in every form; RIP stays at the insn until it has its data", () => {
      const { vcpu } = guest32(`
        ba 34 12 00 00            ; mov edx, 0x1234
        e4 60                     ; in al, 0x60
        66 e5 61                  ; in ax, 0x61
        e5 62                     ; in eax, 0x62
        ec                        ; in al, dx
        66 ed                     ; in ax, dx
        ed                        ; in eax, dx
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rax: 0xaaaaaaaa });
      const steps: [number, number, number, number][] = [];
      const answer = [0x01, 0x02, 0x83, 0x84];
      for (let i = 0; i < 6; i++) {
        const { direction, port, size, data } = runToPort(vcpu);
        expect(direction).to.equal("in");
        steps.push([port, size, vcpu.getRegs().rip, vcpu.getRegs().rax]);
        data.set(answer.slice(0, size));
      }
      expect(steps).to.deep.equal([
        [0x60, 1, 0x1005, 0xaaaaaaaa], [0x61, 2, 0x1007, 0xaaaaaa01], [0x62, 4, 0x100a, 0xaaaa0201],
        [0x1234, 1, 0x100c, 0x84830201], [0x1234, 2, 0x100d, 0x84830201], [0x1234, 4, 0x100f, 0x84830201],
      ]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
    });

    it("reads zeros from a port the caller does not answer", () => {
      const { vcpu } = guest32("e5 60 f4   ; in eax, 0x60; hlt", options);
      vcpu.setRegs({ rax: 0xffffffff });
      runToPort(vcpu);
      vcpu.run();
      expect(vcpu.getRegs().rax).to.equal(0);
    });

    it("keeps the data of an IN while the caller looks at registers and sets others", () => {
      const { vcpu } = guest32("ed f4   ; in eax, dx; hlt", options);
      vcpu.setRegs({ rdx: 0x60, rcx: 5 });
      runToPort(vcpu).data.set([1, 2, 3, 4]);
      const regs = vcpu.getRegs();
      vcpu.setRegs({ ...regs, rbx: 9, rcx: 77 });
      vcpu.setSregs(vcpu.getSregs());
      expect(vcpu.run({ maxInsns: 0 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 0 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(vcpu.getRegs()).to.include({ rax: 0x04030201, rbx: 9, rcx: 77 });
    });

    it("asks anew when the caller has made it another access", () => {
      const { vcpu } = guest32("ed f4   ; in eax, dx; hlt", options);
      vcpu.setRegs({ rdx: 0x60 });
      runToPort(vcpu).data.fill(1);
      vcpu.setRegs({ rdx: 0x61 });
      const second = runToPort(vcpu);
      expect(second.port).to.equal(0x61);
      second.data.fill(2);
      vcpu.run();
      expect(vcpu.getRegs().rax).to.equal(0x02020202);
    });

    it("drops an IN when the caller sets RIP elsewhere", () => {
      const { vcpu } = guest32(`
        ed                        ; in eax, dx
        f4                        ; hlt
        ed                        ; in eax, dx
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rdx: 0x60 });
      runToPort(vcpu).data.fill(1);
      vcpu.setRegs({ rip: 0x1002 });
      runToPort(vcpu).data.fill(2);
      vcpu.run();
      expect(vcpu.getRegs()).to.include({ rax: 0x02020202, rip: 0x1004 });
    });

    it("gives each IN of a loop its own data", () => {
      const { vcpu } = guest32(`
        b9 03 00 00 00            ; mov ecx, 3
        ec                        ; in al, dx
        00 c3                     ; add bl, al
        e2 fb                     ; loop to the in
        f4                        ; hlt
      `, options);
      let next = 1;
      for (let exit = vcpu.run(); exit.reason === "KVM_EXIT_IO"; exit = vcpu.run()) exit.data[0] = next++;
      expect(vcpu.getRegs()).to.include({ rbx: 6, rcx: 0 });
      expect(next).to.equal(4);
    });

    it("gathers REP OUTS into one exit, up to a page", () => {
      const { vm, vcpu } = guest32(`
        fc                        ; cld
        f3 6e                     ; rep outsb
        f4                        ; hlt
      `, options);
      for (let i = 0; i < 5000; i++) poke(vm, 0x2000 + i, 1, i);
      vcpu.setRegs({ rcx: 5000, rsi: 0x2000, rdx: 0x10 });
      const first = runToPort(vcpu);
      expect([first.port, first.size, first.count, first.insns]).to.deep.equal([0x10, 1, 4096, 1]);
      expect(vcpu.getRegs()).to.include({ rcx: 904, rsi: 0x3000, rip: 0x1001 });
      const second = runToPort(vcpu);
      expect([second.count, second.insns, second.data[0], second.data[903]]).to.deep.equal([904, 1, 0, 4999 & 0xff]);
      expect(vcpu.getRegs()).to.include({ rcx: 0, rsi: 0x2000 + 5000, rip: 0x1003 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("does OUTS of words downwards, and nothing for a count of 0", () => {
      const { vm, vcpu } = guest16(`
        fd                        ; std
        f3 6f                     ; rep outsw
        b9 02 00                  ; mov cx, 2
        f3 6f                     ; rep outsw
        f4                        ; hlt
      `, options);
      for (let i = 0; i < 4; i++) poke(vm, 0x2000 + 2 * i, 2, 0x1000 * i);
      vcpu.setRegs({ rcx: 0xffff0000, rsi: 0x2006, rdx: 0x3f0 });
      const { count, data, insns } = runToPort(vcpu);
      expect([count, insns, Buffer.from(data).toString("hex")]).to.deep.equal([2, 4, "00300020"]);
      expect(vcpu.getRegs()).to.include({ rcx: 0xffff0000, rsi: 0x2002 });
    });

    it("does REP INS element by element", () => {
      const { vm, vcpu } = guest32(`
        fc                        ; cld
        66 f3 6d                  ; rep insw
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rcx: 3, rdi: 0x2000, rdx: 0x1f0 });
      for (let i = 1; i <= 3; i++) {
        const { direction, port, size, count, data } = runToPort(vcpu);
        expect([direction, port, size, count, vcpu.getRegs().rcx]).to.deep.equal(["in", 0x1f0, 2, 1, 4 - i]);
        data.set([i, 0x80 + i]);
      }
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(Buffer.from(vm.readPhys(0x2000, 6)).toString("hex")).to.equal("018102820383");
      expect(vcpu.getRegs()).to.include({ rcx: 0, rdi: 0x2006 });
    });

    it("moves strings between ports and addresses without memory, one access an exit", () => {
      const { vcpu } = guest32(`
        f3 6c                     ; rep insb
        b9 02 00 00 00            ; mov ecx, 2
        be 00 00 20 00            ; mov esi, 0x200000
        f3 6e                     ; rep outsb
        f4                        ; hlt
      `, options);
      vcpu.setRegs({ rcx: 2, rdi: 0x200000, rdx: 0x60 });
      const device = new Device().set(0x60, 1, 0x5a, "port");
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal([
        "in1 60", "w1 200000=5a", "in1 60", "w1 200001=5a", "r1 200000", "out1 60=5a", "r1 200001", "out1 60=5a",
      ]);
    });

    it("raises the guest's own fault where it may not use the port", () => {
      // Ring 3 with IOPL 0 and no permission bitmap: #GP, and without an IDT a triple fault.
      const { vcpu } = guest32("e6 80 f4   ; out 0x80, al; hlt", options);
      vcpu.setSregs({ cs: { dpl: 3, selector: 0x1b }, ss: { dpl: 3, selector: 0x23 }, tr: { limit: 0x40 } });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_SHUTDOWN", insns: 0 });
    });

    it("ends a run that a port handler wants ended, behind the insn", () => {
      const { vm, vcpu } = guest32(`
        e6 80                     ; out 0x80, al
        40                        ; inc eax
        f4                        ; hlt
      `, options);
      vm.handlePorts({ first: 0x80, count: 1, write: () => vcpu.requestExit() });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 1 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(peek(vm, 0x1000, 1)).to.equal(0xe6);
    });
  });
}
