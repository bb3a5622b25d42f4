// Ports handled in this process: no exits, each access once, and errors that come out of run.

import { expect } from "chai";
import { openKvm } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";
import { Device, ENGINES, guest32, poke } from "./guest.ts";

for (const [name, options] of ENGINES) {
  describe(`handlePorts with ${name}`, () => {
    it("answers IN and OUT, INS and OUTS, without exits", () => {
      const { vm, vcpu } = guest32(`
        e4 61                     ; in al, 0x61
        e7 60                     ; out 0x60, eax
        ba 60 00 00 00            ; mov edx, 0x60
        b9 03 00 00 00            ; mov ecx, 3
        f3 6d                     ; rep insd
        f3 6e                     ; rep outsb: none
        b9 02 00 00 00            ; mov ecx, 2
        66 f3 6f                  ; rep outsw
        f4                        ; hlt
      `, options);
      const calls: string[] = [];
      let next = 0xff000001;
      vm.handlePorts({
        first: 0x60, count: 2,
        read: (port, size) => (calls.push(`in${size} ${port.toString(16)}`), next++),
        write: (port, size, value) => void calls.push(`out${size} ${port.toString(16)}=${value.toString(16)}`),
      });
      poke(vm, 0x2000, 4, 0x22221111);
      vcpu.setRegs({ rax: 0xffffffff, rsi: 0x2000, rdi: 0x3000 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 9 });
      expect(calls).to.deep.equal(["in1 61", "out4 60=ffffff01", "in4 60", "in4 60", "in4 60", "out2 60=1111", "out2 60=2222"]);
      expect([...new Uint32Array(vm.readPhys(0x3000, 12).buffer)]).to.deep.equal([0xff000002, 0xff000003, 0xff000004]);
    });

    it("leaves a direction without handler to the caller", () => {
      const { vm, vcpu } = guest32("e6 10 e4 10 f4   ; out 0x10, al; in al, 0x10; hlt", options);
      const written: number[] = [];
      vm.handlePorts({ first: 0x10, count: 1, write: (_port, _size, value) => void written.push(value) });
      const exit = vcpu.run();
      expect([exit.reason, exit.insns, written]).to.deep.equal(["KVM_EXIT_IO", 1, [0]]);
    });

    it("is read once by INS to a device that answers later", () => {
      const { vm, vcpu } = guest32("f3 6c f4   ; rep insb; hlt", options);
      let reads = 0;
      vm.handlePorts({ first: 0x60, count: 1, read: () => ++reads });
      vcpu.setRegs({ rcx: 3, rdx: 0x60, rdi: 0x100000 });
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["w1 100000=1", "w1 100001=2", "w1 100002=3"]);
      expect(reads).to.equal(3);
    });

    it("lets what it throws out of run, and is asked again by the next", () => {
      const { vm, vcpu } = guest32("40 e4 10 f4   ; inc eax; in al, 0x10; hlt", options);
      let calls = 0;
      vm.handlePorts({
        first: 0x10, count: 1,
        read: () => {
          if (calls++ === 0) throw new RangeError("no such register");
          return 0x77;
        },
      });
      expect(() => vcpu.run()).to.throw(RangeError, "no such register");
      expect(vcpu.getRegs()).to.include({ rip: 0x1001, rax: 1 });
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(vcpu.getRegs().rax).to.equal(0x77);
    });
  });
}

describe("handlePorts", () => {
  it("refuses ranges outside the ports and ports that are taken", () => {
    const vm = openKvm().createVm();
    vm.handlePorts({ first: 0x60, count: 5 });
    expectErrno("EEXIST", /port 0x64 has a handler/, () => vm.handlePorts({ first: 0x64, count: 1 }));
    expectErrno("EINVAL", /first is 65536/, () => vm.handlePorts({ first: 0x10000, count: 1 }));
    expectErrno("EINVAL", /count is 2/, () => vm.handlePorts({ first: 0xffff, count: 2 }));
    vm.handlePorts({ first: 0xffff, count: 1 });
  });
});
