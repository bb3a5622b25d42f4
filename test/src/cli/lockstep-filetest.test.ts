// What lockstep writes at a difference: a filetest that holds by itself.

import { expect } from "chai";
import { filetestText } from "../../../src/cli/run/lockstep-filetest.ts";
import { BareMachine } from "../../../src/machine/bare.ts";
import { CaseMachine } from "../../../src/machine/case-machine.ts";
import { parseFiletests } from "../../support/filetest.ts";
import { parseCase } from "../../support/x86-case.ts";

/** mov eax,[0x2000] / add eax,ecx / push eax / out 0x10,al */
const CODE32 = [0xa1, 0x00, 0x20, 0x00, 0x00, 0x01, 0xc8, 0x50, 0xe6, 0x10];
/** mov ax,[0x2000] / inc ax / loop back */
const CODE16 = [0xa1, 0x00, 0x20, 0x40, 0xe2, 0xfa];

/** A machine that has run so far, and what is written in front of the next insns. */
function written(code: readonly number[], bits: 16 | 32, before: number, count: number): string {
  const machine = new BareMachine(Uint8Array.from(code), { bits, memoryBytes: 0x10000 });
  machine.vm.writePhys(0x2000, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  machine.vcpu.setRegs({ rcx: 3, rsp: 0x3000 });
  machine.run({ maxInsns: before });
  return filetestText(machine, count, bits);
}

describe("filetests that lockstep writes", () => {
  it("say what an insn starts from and what it does", () => {
    expect(written(CODE32, 32, 1, 3)).to.equal([
      "; test bits=32 memory=0x0:0x10000", "x86 {",
      "  code 0x1005: 01 c8                     ; add eax,ecx",
      "  code 0x1007: 50                        ; push eax",
      "  code 0x1008: e6 10                     ; out 0x10,al",
      "  in: eax=0x12345678 ecx=0x3 esp=0x3000",
      "}",
      "; expect:",
      ";   eax=0x1234567b esp=0x2ffc eip=0x100a eflags=0x6",
      ";   memory 0x2ff0: 00 00 00 00 00 00 00 00 00 00 00 00 7b 56 34 12",
      ";   3: out port 0x10 size 1: 7b", "",
    ].join("\n"));
  });

  for (const [name, text] of [["32", written(CODE32, 32, 0, 4)], ["16", written(CODE16, 16, 0, 7)]] as const) {
    it(`come to what they expect, in ${name}-bit code`, () => {
      const [test] = parseFiletests("written.x86", text), c = parseCase(test), machine = new CaseMachine(c.regions, { engine: "jit", threshold: 1 });
      machine.load(c);
      machine.runAll(c);
      expect(machine.result()).to.equal(test.expected);
    });
  }
});
