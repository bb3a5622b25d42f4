// What INVLPG does to large pages (SDM 3A §4.10.4.1).

import { expect } from "chai";
import { ENGINES, poke } from "./guest.ts";
import { protectedGuest, runToHalt } from "./protected.ts";

const DIRECTORY = 0xc000, CR0_PG = 0x80000000, CR4_PSE = 0x10;
/** A page of 4 MiB, present and writable. */
const LARGE = 0x83;

for (const [name, options] of ENGINES) {
  describe(`INVLPG with ${name}`, () => {
    it("of any address in a large page forgets all of it", () => {
      const made = protectedGuest(`
        a1 00 90 40 00                  ; mov eax, [0x409000]
        8b 1d 00 a0 40 00               ; mov ebx, [0x40a000]
        c7 05 04 c0 00 00 83 00 40 00   ; mov dword [0xc004], 0x400083
        0f 01 3d 00 00 40 00            ; invlpg [0x400000]
        03 05 00 90 40 00               ; add eax, [0x409000]
        03 1d 00 a0 40 00               ; add ebx, [0x40a000]
        f4                              ; hlt`, options), { vm, vcpu } = made;
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x400000, memorySize: 0x10000 });
      for (const [address, value] of [[0x9000, 1], [0xa000, 2], [0x409000, 0x10], [0x40a000, 0x20], [DIRECTORY, LARGE], [DIRECTORY + 4, LARGE]]) poke(vm, address, 4, value);
      vcpu.setSregs({ cr3: DIRECTORY, cr0: 0x11 + CR0_PG, cr4: CR4_PSE });
      expect(runToHalt(made)).to.equal(null);
      expect(vcpu.getRegs()).to.include({ rax: 0x11, rbx: 0x22 });
    });

    it("also where code was executed", () => {
      // The same call twice; the large page that holds the function lies elsewhere the second time.
      const made = protectedGuest(`
        e8 fb 7f 40 00                  ; call 0x409000
        c7 05 04 c0 00 00 83 00 40 00   ; mov dword [0xc004], 0x400083
        0f 01 3d 00 00 40 00            ; invlpg [0x400000]
        e8 e5 7f 40 00                  ; call 0x409000
        f4                              ; hlt`, options), { vm, vcpu } = made;
      vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: 0x400000, memorySize: 0x10000 });
      vm.writePhys(0x9000, Uint8Array.of(0xb8, 1, 0, 0, 0, 0xc3));     // mov eax, 1; ret
      vm.writePhys(0x409000, Uint8Array.of(0x40, 0x40, 0xc3));         // inc eax; inc eax; ret
      for (const address of [DIRECTORY, DIRECTORY + 4]) poke(vm, address, 4, LARGE);
      vcpu.setSregs({ cr3: DIRECTORY, cr0: 0x11 + CR0_PG, cr4: CR4_PSE });
      expect(runToHalt(made)).to.equal(null);
      expect(vcpu.getRegs().rax).to.equal(3);
    });
  });
}
