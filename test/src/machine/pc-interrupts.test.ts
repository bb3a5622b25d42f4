// The PC's interrupt controllers as its own software sees them, under every engine.

import { expect } from "chai";
import { openKvm } from "../../../src/kvm/system.ts";
import type { PcOptions } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { bytesOf, ENGINES } from "../kvm/guest.ts";
import { linuxImage } from "./linux-image.ts";

const MIB = 2 ** 20, NOTES = 0x3000, NS_PER_INSN = 8;

/**
 * Notes five interrupts of the local APIC's timer; two of the 8254 through the I/O APIC, with the local APIC's registers elsewhere; one that it sends
 * itself, which waits for TPR. Switches the local APIC off, and notes what CPUID says of it and what is where it was.
 */
const BY_APIC = bytesOf(`
  bc 00 00 09 00                  ; start: mov esp, 0x90000
  b0 ff                           ; mov al, 0xff
  e6 21                           ; out 0x21, al
  e6 a1                           ; out 0xa1, al
  b8 33 01 10 00                  ; mov eax, on_timer
  bf 88 21 00 00                  ; mov edi, 0x2000+8*0x31
  e8 02 01 00 00                  ; call gate
  b8 3a 01 10 00                  ; mov eax, on_pit
  bf 10 22 00 00                  ; mov edi, 0x2000+8*0x42
  e8 f3 00 00 00                  ; call gate
  b8 41 01 10 00                  ; mov eax, on_self
  bf 98 22 00 00                  ; mov edi, 0x2000+8*0x53
  e8 e4 00 00 00                  ; call gate
  0f 01 1d 56 01 10 00            ; lidt [idtr]
  bb 00 00 e0 fe                  ; mov ebx, 0xfee00000
  bf 00 30 00 00                  ; mov edi, 0x3000
  c7 83 e0 03 00 00 0b 00 00 00   ; mov dword [ebx+0x3e0], 11
  c7 83 20 03 00 00 31 00 02 00   ; mov dword [ebx+0x320], 0x20031
  c7 83 80 03 00 00 a0 86 01 00   ; mov dword [ebx+0x380], 100000
  fb                              ; sti
  f4                              ; again: hlt
  81 ff 14 30 00 00               ; cmp edi, 0x3014
  72 f7                           ; jb again
  fa                              ; cli
  c7 83 20 03 00 00 00 00 01 00   ; mov dword [ebx+0x320], 0x10000
  b9 1b 00 00 00                  ; mov ecx, 0x1b                               relocate the page, and the PIT by the I/O APIC
  b8 00 09 00 d0                  ; mov eax, 0xd0000900
  31 d2                           ; xor edx, edx
  0f 30                           ; wrmsr
  bb 00 00 00 d0                  ; mov ebx, 0xd0000000
  be 00 00 c0 fe                  ; mov esi, 0xfec00000
  c7 06 14 00 00 00               ; mov dword [esi], 0x14
  c7 46 10 42 00 00 00            ; mov dword [esi+16], 0x42
  b0 34                           ; mov al, 0x34
  e6 43                           ; out 0x43, al
  b0 9c                           ; mov al, 0x9c
  e6 40                           ; out 0x40, al
  b0 2e                           ; mov al, 0x2e
  e6 40                           ; out 0x40, al
  fb                              ; sti
  f4                              ; more: hlt
  81 ff 1c 30 00 00               ; cmp edi, 0x301c
  72 f7                           ; jb more
  c7 83 80 00 00 00 50 00 00 00   ; mov dword [ebx+0x80], 0x50                  an interrupt that it sends itself comes when TPR lets it
  c7 83 00 03 00 00 53 40 04 00   ; mov dword [ebx+0x300], 0x44053
  90                              ; nop
  fa                              ; cli
  c7 07 11 11 11 11               ; mov dword [edi], 0x11111111
  83 c7 04                        ; add edi, 4
  c7 46 10 42 00 01 00            ; mov dword [esi+16], 0x10042
  fb                              ; sti
  90                              ; nop
  c7 83 80 00 00 00 00 00 00 00   ; mov dword [ebx+0x80], 0
  90                              ; nop
  fa                              ; cli
  b9 1b 00 00 00                  ; mov ecx, 0x1b                               without it CPUID has no APIC
  b8 00 01 00 d0                  ; mov eax, 0xd0000100
  31 d2                           ; xor edx, edx
  0f 30                           ; wrmsr
  b8 01 00 00 00                  ; mov eax, 1
  53                              ; push ebx
  0f a2                           ; cpuid
  5b                              ; pop ebx
  81 e2 00 02 00 00               ; and edx, 0x200
  89 17                           ; mov [edi], edx
  8b 43 30                        ; mov eax, [ebx+0x30]
  89 47 04                        ; mov [edi+4], eax
  66 ba 04 06                     ; mov dx, 0x604
  66 b8 00 20                     ; mov ax, 0x2000
  66 ef                           ; out dx, ax
  eb fe                           ; hang: jmp hang
  66 89 07                        ; gate: mov [edi], ax
  66 c7 47 02 10 00               ; mov word [edi+2], 0x10
  66 c7 47 04 00 8e               ; mov word [edi+4], 0x8e00
  c1 e8 10                        ; shr eax, 16
  66 89 47 06                     ; mov [edi+6], ax
  c3                              ; ret
  b8 31 00 00 00                  ; on_timer: mov eax, 0x31
  eb 0c                           ; jmp note
  b8 42 00 00 00                  ; on_pit: mov eax, 0x42
  eb 05                           ; jmp note
  b8 53 00 00 00                  ; on_self: mov eax, 0x53
  89 07                           ; note: mov [edi], eax
  83 c7 04                        ; add edi, 4
  c7 83 b0 00 00 00 00 00 00 00   ; mov dword [ebx+0xb0], 0
  cf                              ; iret
  ff 07                           ; idtr: dw 0x7ff
  00 20 00 00                     ; dd 0x2000
`);

/**
 * Waits three times for a deadline 5000 ticks of the time-stamp counter away, and notes by how many it was late, and IA32_TSC_DEADLINE then. Sets
 * another, puts the counter to 1000 ticks before it, waits, and notes the counter. Counts the interrupts at 0x3020.
 */
const BY_DEADLINE = bytesOf(`
  bc 00 00 09 00                  ; start: mov esp, 0x90000
  b0 ff                           ; mov al, 0xff
  e6 21                           ; out 0x21, al
  e6 a1                           ; out 0xa1, al
  b8 a4 00 10 00                  ; mov eax, on_timer
  bf 88 21 00 00                  ; mov edi, 0x2000+8*0x31
  66 89 07                        ; mov [edi], ax
  66 c7 47 02 10 00               ; mov word [edi+2], 0x10
  66 c7 47 04 00 8e               ; mov word [edi+4], 0x8e00
  c1 e8 10                        ; shr eax, 16
  66 89 47 06                     ; mov [edi+6], ax
  0f 01 1d b5 00 10 00            ; lidt [idtr]
  bb 00 00 e0 fe                  ; mov ebx, 0xfee00000
  bf 00 30 00 00                  ; mov edi, 0x3000
  c7 83 20 03 00 00 31 00 04 00   ; mov dword [ebx+0x320], 0x40031
  0f 31                           ; again: rdtsc
  05 88 13 00 00                  ; add eax, 5000
  83 d2 00                        ; adc edx, 0
  89 c6                           ; mov esi, eax
  b9 e0 06 00 00                  ; mov ecx, 0x6e0
  0f 30                           ; wrmsr
  fb                              ; sti
  f4                              ; hlt
  fa                              ; cli
  0f 31                           ; rdtsc
  29 f0                           ; sub eax, esi
  89 07                           ; mov [edi], eax
  b9 e0 06 00 00                  ; mov ecx, 0x6e0
  0f 32                           ; rdmsr
  89 47 04                        ; mov [edi+4], eax
  83 c7 08                        ; add edi, 8
  81 ff 18 30 00 00               ; cmp edi, 0x3018
  72 cf                           ; jb again
  b8 a0 86 01 00                  ; mov eax, 100000
  31 d2                           ; xor edx, edx
  b9 e0 06 00 00                  ; mov ecx, 0x6e0
  0f 30                           ; wrmsr
  b9 10 00 00 00                  ; mov ecx, 0x10
  b8 b8 82 01 00                  ; mov eax, 99000
  0f 30                           ; wrmsr
  fb                              ; sti
  f4                              ; hlt
  fa                              ; cli
  0f 31                           ; rdtsc
  89 07                           ; mov [edi], eax
  66 ba 04 06                     ; mov dx, 0x604
  66 b8 00 20                     ; mov ax, 0x2000
  66 ef                           ; out dx, ax
  eb fe                           ; jmp $
  ff 05 20 30 00 00               ; on_timer: inc dword [0x3020]
  c7 83 b0 00 00 00 00 00 00 00   ; mov dword [ebx+0xb0], 0
  cf                              ; iret
  ff 07                           ; idtr: dw 0x7ff
  00 20 00 00                     ; dd 0x2000
`);

const POWER_OFF = bytesOf("66 ba 04 06  66 b8 00 20  66 ef  eb fe   ; mov dx, 0x604; mov ax, 0x2000; out dx, ax; jmp $");

function run(code: Uint8Array, options: Partial<PcOptions>, sliceInsns = Infinity): { readonly pc: Pc; readonly notes: number[] } {
  const pc = new Pc({ boot: { kernel: linuxImage(code) }, memoryBytes: 4 * MIB, clock: { kind: "virtual", nsPerInsn: NS_PER_INSN }, ...options });
  let outcome = pc.run({ maxInsns: sliceInsns, maxSteps: 100_000 });
  for (let slices = 0; (outcome.kind === "budget" || outcome.kind === "idle") && slices < 10_000; slices++) outcome = pc.run({ maxInsns: sliceInsns, maxSteps: 100_000 });
  expect(outcome).to.deep.equal({ kind: "power-off" });
  const view = new DataView(pc.vm.readPhys(NOTES, 44).buffer);
  return { pc, notes: Array.from({ length: 11 }, (_, i) => view.getUint32(4 * i, true)) };
}

/** What the ACPI tables are called, and everything else there that looks so. */
function tables(pc: Pc): string {
  return new TextDecoder("latin1").decode(pc.vm.readPhys(0xe0000, 0x2000));
}

describe("a PC's interrupt controllers", () => {
  it("interrupt by the local APIC's timer, by the I/O APIC and by itself, at the same insn under every engine, in slices of any length", () => {
    const runs = ENGINES.flatMap(([, vm]) => [Infinity, 1, 7].map((slice) => {
      const { pc, notes } = run(BY_APIC, { vm }, slice), { interrupts: { ioApic, localApic } } = pc.chips;
      return { notes, insns: pc.insns, nowNs: pc.clock.nowNs(), states: [ioApic.save(), localApic?.save()] };
    }));
    expect(runs[0].notes).to.deep.equal([0x31, 0x31, 0x31, 0x31, 0x31, 0x42, 0x42, 0x11111111, 0x53, 0, 0xffffffff]);
    // Five times 100 us; the 8254's output rises when it is set up, and again after 10 ms.
    expect(runs[0].nowNs).to.be.closeTo(500_000 + (11_932 * 1e9) / 1_193_182, 2000);
    for (const other of runs) expect(other).to.deep.equal(runs[0]);
  });

  it("interrupt at deadlines of the time-stamp counter, at the same insn under every engine", () => {
    const runs = ENGINES.flatMap(([, vm]) => [Infinity, 1, 7].map((slice) => {
      const { pc, notes } = run(BY_DEADLINE, { vm }, slice);
      return { notes, insns: pc.insns, nowNs: pc.clock.nowNs() };
    }));
    const [{ notes: [first, ...others], nowNs }] = runs;
    expect(first).to.be.within(0, 10);
    expect(others).to.deep.equal([0, first, 0, first, 0, 100_000 + first, 0, 4, 0, 0]);
    expect(nowNs).to.be.closeTo((3 * 5000 + 1000) * NS_PER_INSN, 2000);
    for (const other of runs) expect(other).to.deep.equal(runs[0]);
  });

  it("interrupt at deadlines in the host's time", () => {
    let hostNs = 0;
    const { notes } = run(BY_DEADLINE, { clock: { kind: "real", hostNs: () => (hostNs += 100) } }, 1000);
    expect(notes[8]).to.equal(4);
    expect([notes[1], notes[3], notes[5]]).to.deep.equal([0, 0, 0]);
  });

  for (const cpu of ["486", "max,-apic"]) {
    it(`are the 8259s for a processor without an APIC, ${cpu}, and no table tells of others`, () => {
      const { pc } = run(POWER_OFF, { cpuid: openKvm().getModelCpuid(cpu) });
      expect(pc.chips.interrupts.localApic).to.equal(null);
      expect(tables(pc)).to.include("FACP").and.not.include("APIC");
    });
  }

  it("are told of by ACPI where there is one", () => {
    expect(tables(run(POWER_OFF, {}).pc)).to.include("APIC");
  });
});
