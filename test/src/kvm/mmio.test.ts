// KVM_EXIT_MMIO: whatever an insn does to addresses without memory, a device sees each access once, in order and complete.

import { expect } from "chai";
import type { KvmExitMmio, Vcpu } from "../../../src/index.ts";
import { bytesOf, Device, ENGINES, guest16, guest32, MEMORY, peek, poke } from "./guest.ts";

/** After FNINIT and a reset of MXCSR. */
const RESET_FPU = new Uint8Array(512);
RESET_FPU.set([0x7f, 3]);
RESET_FPU.set([0x80, 0x1f], 24);

function runToMemory(vcpu: Vcpu): KvmExitMmio {
  const exit = vcpu.run({ maxInsns: 1000 });
  if (exit.reason !== "KVM_EXIT_MMIO") throw new Error(`expected a memory exit, not ${exit.reason}`);
  return exit;
}

for (const [name, options] of ENGINES) {
  describe(`KVM_EXIT_MMIO with ${name}`, () => {
    /** Runs code up to its HLT against a device; the diary and the registers. */
    function play(code: string, regs: Parameters<Vcpu["setRegs"]>[0] = {}, device = new Device()) {
      const { vm, vcpu } = guest32(`${code}\n f4 ; hlt`, options);
      vcpu.setRegs(regs);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      return { vm, diary: device.diary, regs: vcpu.getRegs() };
    }

    it("lets the caller answer reads; RIP stays at the insn until it has its data", () => {
      const { vcpu } = guest32("a1 00 00 10 00 f4   ; mov eax, [0x100000]; hlt", options);
      const exit = runToMemory(vcpu);
      expect(exit).to.deep.equal({ reason: "KVM_EXIT_MMIO", physAddr: 0x100000, data: new Uint8Array(8), len: 4, isWrite: false, insns: 0 });
      expect(vcpu.getRegs().rip).to.equal(0x1000);
      exit.data.set([1, 2, 3, 0x84, 5]);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
      expect(vcpu.getRegs().rax).to.equal(0x84030201);
    });

    it("reports writes with RIP behind the insn", () => {
      const { vcpu } = guest32("40 66 a3 02 00 10 00 f4   ; inc eax; mov [0x100002], ax; hlt", options);
      vcpu.setRegs({ rax: 0xaabbccdd });
      expect(runToMemory(vcpu)).to.deep.equal({
        reason: "KVM_EXIT_MMIO", physAddr: 0x100002, data: bytesOf("de cc 00 00 00 00 00 00"), len: 2, isWrite: true, insns: 2,
      });
      expect(vcpu.getRegs().rip).to.equal(0x1007);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 1 });
    });

    it("has the sizes of the insn, with extension where it says so", () => {
      const { diary, regs } = play(`
        a0 00 00 10 00            ; mov al, [0x100000]
        66 8b 1d 02 00 10 00      ; mov bx, [0x100002]
        0f be 0d 04 00 10 00      ; movsx ecx, byte [0x100004]
        0f b7 15 06 00 10 00      ; movzx edx, word [0x100006]
        88 25 08 00 10 00         ; mov [0x100008], ah
        c7 05 0c 00 10 00 78 56 34 12 ; mov dword [0x10000c], 0x12345678
      `, { rax: 0xff00 }, new Device().set(0x100000, 4, 0x8081_8283 | 0).set(0x100004, 4, 0x8485_8687 | 0));
      expect(diary).to.deep.equal(["r1 100000", "r2 100002", "r1 100004", "r2 100006", "w1 100008=ff", "w4 10000c=12345678"]);
      expect(regs).to.include({ rax: 0xff83, rbx: 0x8081, rcx: 0xffffff87, rdx: 0x8485 });
    });

    it("does read-modify-write with one read and one write", () => {
      const { diary, regs } = play(`
        83 05 00 00 10 00 05      ; add dword [0x100000], 5
        f6 1d 04 00 10 00         ; neg byte [0x100004]
        87 05 00 00 10 00         ; xchg [0x100000], eax
        0f ba 2d 00 00 10 00 1f   ; bts dword [0x100000], 31
        f0 0f c1 05 00 00 10 00   ; lock xadd [0x100000], eax
        d1 25 00 00 10 00         ; shl dword [0x100000], 1
      `, { rax: 1 }, new Device().set(0x100000, 4, 10).set(0x100004, 1, 1));
      expect(diary).to.deep.equal([
        "r4 100000", "w4 100000=f", "r1 100004", "w1 100004=ff", "r4 100000", "w4 100000=1", "r4 100000", "w4 100000=80000001",
        "r4 100000", "w4 100000=80000010", "r4 100000", "w4 100000=20",
      ]);
      expect(regs.rax).to.equal(0x80000001);
    });

    it("does CMPXCHG and CMPXCHG8B, which write in either case", () => {
      const { diary, regs } = play(`
        0f b1 0d 00 00 10 00      ; cmpxchg [0x100000], ecx
        0f b1 0d 00 00 10 00      ; cmpxchg [0x100000], ecx
        0f c7 0d 00 00 10 00      ; cmpxchg8b [0x100000]
      `, { rax: 1, rcx: 7, rdx: 2 }, new Device().set(0x100000, 4, 1).set(0x100004, 4, 3));
      expect(diary.slice(0, 4)).to.deep.equal(["r4 100000", "w4 100000=7", "r4 100000", "w4 100000=7"]);
      expect(diary.slice(4)).to.deep.equal(["r8 100000", "w8 100000=300000007"]);
      expect(regs).to.include({ rax: 7, rdx: 3 });
    });

    it("does operands of 8 bytes and more in pieces of 8, and reads nothing that is only written", () => {
      const { vm, vcpu } = guest32(`
        dd 05 00 00 10 00         ; fld qword [0x100000]
        dd 1d 08 00 10 00         ; fstp qword [0x100008]
        db 2d 00 00 10 00         ; fld tbyte [0x100000]
        db 3d 10 00 10 00         ; fstp tbyte [0x100010]
        0f 6f 05 00 00 10 00      ; movq mm0, [0x100000]
        0f 7f 05 20 00 10 00      ; movq [0x100020], mm0
        f3 0f 6f 05 01 00 10 00   ; movdqu xmm0, [0x100001]
        f3 0f 7f 05 31 00 10 00   ; movdqu [0x100031], xmm0
        f2 0f 58 4b 04            ; addsd xmm1, [ebx+4]
        67 66 0f d6 08            ; movq [bx+si], xmm1
        f4                        ; hlt
      `, options);
      vcpu.setSregs({ cr4: 0x600, ds: { base: 0 } });
      vcpu.setFpu(RESET_FPU);
      vcpu.setRegs({ rbx: 0xffffc, rsi: 0x14 });
      const device = new Device().set(0x100000, 4, 0x33221100).set(0x100004, 4, 0x40065544).set(0x100008, 4, 0x4000).set(0x10, 4, 1);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal([
        "r8 100000", "w8 100008=4006554433221100", "r8 100000", "r2 100008", "w8 100010=4006554433221100", "w2 100018=1100",
        "r8 100000", "w8 100020=4006554433221100", "r8 100001", "r8 100009", "w8 100031=40065544332211", "w8 100039=40065544332211",
        "r8 100000",
      ]);
      expect(peek(vm, 0x10, 4), "16-bit addresses wrap").to.equal(0x33221100);
    });

    it("does them by dwords where they cross a page, up to the first piece of 8 bytes behind it", () => {
      const { vcpu } = guest32(`
        0f 10 05 f4 0f 10 00      ; movups xmm0, [0x100ff4]
        0f 11 05 fc 1f 10 00      ; movups [0x101ffc], xmm0
        f2 0f 10 05 fe 1f 10 00   ; movsd xmm0, [0x101ffe]
        f4                        ; hlt
      `, options), device = new Device();
      vcpu.setSregs({ cr4: 0x200 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary.map((line) => line.split("=")[0])).to.deep.equal([
        "r8 100ff4", "r4 100ffc", "r4 101000", "w4 101ffc", "w8 102000", "w4 102008", "r2 101ffe", "r2 102000", "r4 102002",
      ]);
    });

    it("takes an operand of 8 bytes half from memory", () => {
      const { vm, vcpu } = guest32("dd 05 fc ff 00 00 dd 1d fc ff 00 00 f4   ; fld qword [0xfffc]; fstp qword [0xfffc]; hlt", options);
      vcpu.setFpu(RESET_FPU);
      poke(vm, 0xfffc, 4, 0x1234);
      const device = new Device().set(0x10000, 4, 0x40000000);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect([device.diary, peek(vm, 0xfffc, 4)]).to.deep.equal([["r4 10000", "w4 10000=40000000"], 0x1234]);
    });

    it("splits what crosses a page, and goes to memory where there is some", () => {
      const device = new Device().set(0x100ffe, 4, 0x44332211).set(MEMORY, 2, 0x8877);
      const { vm, vcpu } = guest32(`
        a1 fe 0f 10 00            ; mov eax, [0x100ffe]
        8b 1d fe ff 00 00         ; mov ebx, [0xfffe]: the last two bytes of memory and two of the device
        89 1d fe 1f 10 00         ; mov [0x101ffe], ebx
        a3 ff ff 00 00            ; mov [0xffff], eax
        f4                        ; hlt
      `, options);
      poke(vm, 0xfffe, 2, 0x6655);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs()).to.include({ rax: 0x44332211, rbx: 0x88776655 });
      expect(device.get(0x101ffe, 4)).to.equal(0x88776655);
      expect([peek(vm, 0xffff, 1), device.get(0x10000, 3)]).to.deep.equal([0x11, 0x443322]);
      expect(device.diary, "every byte once, in pieces that are aligned").to.deep.equal([
        "r2 100ffe", "r2 101000", "r2 10000", "w2 101ffe=6655", "w2 102000=8877", "w2 10000=3322", "w1 10002=44",
      ]);
    });

    it("pushes and pops", () => {
      const { diary, regs } = play(`
        60                        ; pusha
        61                        ; popa
        ff 35 00 00 20 00         ; push dword [0x200000]
        8f 05 04 00 20 00         ; pop dword [0x200004]
        c8 08 00 00               ; enter 8, 0
        c9                        ; leave
      `, { rax: 0xa, rcx: 0xc, rdx: 0xd, rbx: 0xb, rsp: 0x100020, rbp: 0xbb, rsi: 0x51, rdi: 0xd1 }, new Device().set(0x200000, 4, 0x1234));
      expect(diary.slice(0, 8)).to.deep.equal([
        "w4 10001c=a", "w4 100018=c", "w4 100014=d", "w4 100010=b", "w4 10000c=100020", "w4 100008=bb", "w4 100004=51", "w4 100000=d1",
      ]);
      expect(diary.filter((line) => line.startsWith("r4 1000"))).to.include.members(["r4 10001c", "r4 100000"]);
      expect(diary.slice(-6, -2)).to.deep.equal(["r4 200000", "w4 10001c=1234", "r4 10001c", "w4 200004=1234"]);
      expect(diary.slice(-2), "ENTER checks the new top of the stack, and does not touch it").to.deep.equal(["w4 10001c=bb", "r4 10001c"]);
      expect(regs).to.include({ rax: 0xa, rsp: 0x100020, rbp: 0xbb, rdi: 0xd1 });
    });

    it("calls and returns with a stack of a device", () => {
      const { diary, regs } = play(`
        e8 03 00 00 00            ; call over the next three bytes
        40                        ; inc eax
        eb 02                     ; jmp to the end
        43                        ; inc ebx
        c3                        ; ret
      `, { rsp: 0x100008 });
      expect(diary).to.deep.equal(["w4 100004=1005", "r4 100004"]);
      expect(regs).to.include({ rax: 1, rbx: 1, rsp: 0x100008 });
    });

    it("takes jump targets and descriptors from a device", () => {
      const { diary, regs } = play(`
        ff 25 00 00 10 00         ; jmp [0x100000]
        40                        ; inc eax
        43                        ; inc ebx
      `, {}, new Device().set(0x100000, 4, 0x1007));
      expect(diary).to.deep.equal(["r4 100000"]);
      expect(regs).to.include({ rax: 0, rbx: 1 });
    });

    it("moves strings within a device, each element once", () => {
      const { diary, regs } = play(`
        a5                        ; movsd
        f3 a4                     ; rep movsb
      `, { rcx: 3, rsi: 0x100000, rdi: 0x200000 }, new Device().set(0x100000, 4, 0x11223344).set(0x100004, 3, 0x00778899));
      expect(diary).to.deep.equal([
        "r4 100000", "w4 200000=11223344",
        "r1 100004", "w1 200004=99", "r1 100005", "w1 200005=88", "r1 100006", "w1 200006=77",
      ]);
      expect(regs).to.include({ rcx: 0, rsi: 0x100007, rdi: 0x200007 });
    });

    it("moves strings from memory into a device and on past its end, across pages", () => {
      const device = new Device();
      const { vm, vcpu } = guest32("f3 a5 f4   ; rep movsd; hlt", options);
      for (let i = 0; i < 6; i++) poke(vm, 0xfff4 + 4 * i - 12, 4, 0x100 + i);
      vcpu.setRegs({ rcx: 6, rsi: 0xffe8, rdi: 0x100ff4 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal([...Array(6).keys()].map((i) => `w4 ${(0x100ff4 + 4 * i).toString(16)}=${(0x100 + i).toString(16)}`));
    });

    it("scans and compares a device's bytes up to the difference", () => {
      const device = new Device().set(0x100000, 4, 0x41414141).set(0x100003, 1, 0x42).set(0x200000, 4, 0x41434141);
      const { diary, regs } = play(`
        f3 ae                     ; repe scasb
        b9 05 00 00 00            ; mov ecx, 5
        bf 00 00 10 00            ; mov edi, 0x100000
        f3 a6                     ; repe cmpsb
        ad                        ; lodsd
        f3 aa                     ; rep stosb
      `, { rax: 0x41, rcx: 10, rsi: 0x200000, rdi: 0x100000 }, device);
      expect(diary).to.deep.equal([
        "r1 100000", "r1 100001", "r1 100002", "r1 100003",
        "r1 200000", "r1 100000", "r1 200001", "r1 100001", "r1 200002", "r1 100002",
        "r4 200003", "w1 100003=41", "w1 100004=41",
      ]);
      expect(regs).to.include({ rcx: 0, rsi: 0x200007, rdi: 0x100005 });
    });

    it("walks page tables that are a device's", () => {
      const PRESENT_WRITABLE = 3, ACCESSED_DIRTY = 0x60;
      const { vcpu } = guest32("0f 6f 05 00 80 00 00 a1 08 80 00 00 f4   ; movq mm0, [0x8000]; mov eax, [0x8008]; hlt", options);
      vcpu.setSregs({ cr3: 0x100000, cr0: 0x80000011 });
      const device = new Device().set(0x100000, 4, 0x101000 | PRESENT_WRITABLE).set(0x101004, 4, 0x1000 | PRESENT_WRITABLE);
      device.set(0x101020, 4, 0x102000 | PRESENT_WRITABLE).set(0x102008, 4, 0x1234);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(vcpu.getRegs().rax).to.equal(0x1234);
      expect(device.diary).to.include.members(["r4 100000", "r4 101004", "r4 101020", "r8 102000", "r4 102008"]);
      expect(device.get(0x101020, 4) & ACCESSED_DIRTY).to.equal(0x20);
    });

    it("says where code would be that a device's page tables lead to", () => {
      const PRESENT = 1, { vcpu } = guest32("e9 fb 6f 00 00   ; jmp 0x8000", options);
      vcpu.setSregs({ cr3: 0x100000, cr0: 0x80000011 });
      const device = new Device().set(0x100000, 4, 0x101000 | PRESENT).set(0x101004, 4, 0x1000 | PRESENT).set(0x101020, 4, 0x345000 | PRESENT);
      expect(device.run(vcpu)).to.include({ reason: "KVM_EXIT_INTERNAL_ERROR", suberror: 1, address: 0x345000 });
    });

    it("forgets what it was told when the insn ends in a fault, and starts over after the handler", () => {
      // #SS in PUSH [mem], whose read a device has answered: the stack pointer is outside its segment.
      const { vm, vcpu } = guest32("ff 35 00 00 10 00 f4   ; push dword [0x100000]; hlt", options);
      poke(vm, 0x3000 + 12 * 8, 4, (0x08 << 16) | 0x2000);
      poke(vm, 0x3000 + 12 * 8 + 4, 4, 0x8e00);
      poke(vm, 0x4008, 4, 0x0000ffff);
      poke(vm, 0x400c, 4, 0x00cf9b00);
      poke(vm, 0x4010, 4, 0x0000ffff);
      poke(vm, 0x4014, 4, 0x00cf9300);
      vm.writePhys(0x2000, bytesOf(`
        a1 00 00 10 00            ; mov eax, [0x100000]
        81 2c 24 00 00 00 00      ; sub dword [esp], 0
        f4                        ; hlt
      `));
      vcpu.setSregs({ idt: { base: 0x3000, limit: 0x7ff }, gdt: { base: 0x4000, limit: 0x17 }, ss: { limit: 0x8fff, g: 0 } });
      vcpu.setRegs({ rsp: 0x8000 });
      // First without a fault, then with the stack pointer beyond the limit for PUSH; delivery needs a stack inside it.
      const device = new Device().set(0x100000, 4, 7);
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(peek(vm, 0x7ffc, 4)).to.equal(7);
      vcpu.setRegs({ rip: 0x1000, rsp: 0xfff0 });
      expect(device.run(vcpu).reason, "no room for the fault's frame either").to.equal("KVM_EXIT_SHUTDOWN");
      vcpu.setRegs({ rip: 0x1000, rsp: 0x8000 });
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["r4 100000", "r4 100000", "r4 100000"]);
    });

    it("reads and writes through 16-bit segments", () => {
      const { vcpu } = guest16(`
        b8 00 b8                  ; mov ax, 0xb800
        8e c0                     ; mov es, ax
        26 c7 06 02 00 41 07      ; mov word [es:2], 0x0741
        26 a0 02 00               ; mov al, [es:2]
        f4                        ; hlt
      `, options);
      const device = new Device();
      expect(device.run(vcpu).reason).to.equal("KVM_EXIT_HLT");
      expect(device.diary).to.deep.equal(["w2 b8002=741", "r1 b8002"]);
      expect(vcpu.getRegs().rax).to.equal(0xb841);
    });

    it("keeps its budget: an insn that waits for a device has not retired", () => {
      const { vcpu } = guest32(`
        40                        ; inc eax
        03 1d 00 00 10 00         ; add ebx, [0x100000]
        40                        ; inc eax
        f4                        ; hlt
      `, options);
      const exit = vcpu.run({ maxInsns: 2 });
      expect([exit.reason, exit.insns]).to.deep.equal(["KVM_EXIT_MMIO", 1]);
      expect(vcpu.run({ maxInsns: 1 })).to.deep.equal({ reason: "KVM_EXIT_INTR", insns: 1 });
      expect(vcpu.getRegs().rip).to.equal(0x1007);
      expect(vcpu.run()).to.deep.equal({ reason: "KVM_EXIT_HLT", insns: 2 });
    });
  });
}
