// Debian's SeaBIOS, unmodified: finds the disk, and starts its boot sector, which reads on by INT 13h.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { BlockDevice } from "../../../src/block/device.ts";
import type { VmOptions } from "../../../src/index.ts";
import type { PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { bytesOf } from "../kvm/guest.ts";

const BIOS = "/usr/share/seabios/bios.bin";
const SECTOR = 512, DISK_BYTES = 1 << 20;
const MAX_INSNS = 400e6, SLICE = 1e6;

/** Prints "1", reads the second sector to 0:8000, prints its first byte, and ends by the debug exit; "E" if it cannot be read. */
const BOOT_SECTOR = bytesOf(`
  31 c0  8e d8                       ; xor ax, ax; mov ds, ax
  b0 31  e6 e9                       ; mov al, '1'; out 0xe9, al
  b4 42  b2 80  be 40 7c  cd 13      ; int 0x13: extended read by the packet at 0x7c40
  a0 00 80                           ; mov al, [0x8000]
  73 02  b0 45                       ; jnc +2; mov al, 'E'
  e6 e9                              ; out 0xe9, al
  b0 00  e6 f4  f4                   ; mov al, 0; out 0xf4, al; hlt
`);
/** The packet: 16 bytes, one sector, to 0:8000, from sector 1. */
const PACKET = bytesOf("10 00 01 00 00 80 00 00 01 00 00 00 00 00 00 00");

class BootDisk implements BlockDevice {
  readonly sizeBytes = DISK_BYTES;
  readonly isReadOnly = true;
  private readonly bytes = new Uint8Array(DISK_BYTES);

  constructor() {
    this.bytes.set(BOOT_SECTOR);
    this.bytes.set(PACKET, 0x40);
    this.bytes.set([0x55, 0xaa], SECTOR - 2);
    this.bytes[SECTOR] = "2".charCodeAt(0);
  }

  read(offset: number, buffer: Uint8Array): Promise<void> {
    buffer.set(this.bytes.subarray(offset, offset + buffer.length));
    return Promise.resolve();
  }

  write(): Promise<void> {
    return Promise.reject(new Error("the disk is read-only"));
  }

  writeZeroes(): Promise<void> {
    return this.write();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe("SeaBIOS", () => {
  if (!existsSync(BIOS)) {
    it.skip(`starts a boot sector (there is no ${BIOS}; Debian's package seabios has it)`);
    return;
  }

  /** From power-on to the debug exit, and a line of the processor's state at every millionth insn. */
  async function start(vm: VmOptions): Promise<{ readonly outcome: PcOutcome; readonly debug: string; readonly states: readonly string[] }> {
    const states: string[] = [];
    let debug = "";
    const pc = new Pc({ boot: { bios: readFileSync(BIOS) }, disks: [new BootDisk()], isaDebugExit: true, onDebugByte: (byte) => { debug += String.fromCharCode(byte); }, vm });
    for (;;) {
      const outcome = pc.run({ maxInsns: Math.ceil((pc.insns + 1) / SLICE) * SLICE - pc.insns });
      if (outcome.kind === "blocked") {
        await outcome.until;
        continue;
      }
      states.push([pc.insns, pc.clock.nowNs(), ...[...pc.vcpu.describeState()].flat()].join(" "));
      if (outcome.kind !== "budget" || pc.insns > MAX_INSNS) return { outcome, debug, states };
    }
  }

  it("starts a boot sector, which reads from the disk; at the same insns in every run, interpreted and translated", async () => {
    const runs = [await start({ engine: "jit" }), await start({ engine: "jit" }), await start({ engine: "interp" })], [first] = runs;
    expect(first.outcome, first.debug).to.deep.equal({ kind: "debug-exit", status: 1 });
    expect(first.debug).to.match(/Booting from Hard Disk[^]*12$/);
    for (const { debug, states } of runs) {
      expect(states.length).to.be.above(1);
      expect(states).to.deep.equal(first.states);
      expect(debug).to.equal(first.debug);
    }
  });
});
