// Debian's SeaBIOS, unmodified: finds disks and floppy disks, and starts their boot sectors, which read on by INT 13h.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { VmOptions } from "../../../src/index.ts";
import type { Media } from "../../../src/machine/media.ts";
import type { PcOutcome } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { MemoryImage } from "../../support/memory-image.ts";
import { runWithStates } from "../../support/pc-states.ts";
import { bytesOf } from "../kvm/guest.ts";

const BIOS = "/usr/share/seabios/bios.bin";
const SECTOR = 512, DISK_BYTES = 1 << 20, FLOPPY_BYTES = 1_474_560;
const MAX_INSNS = 400e6;

/** Prints "1", reads the second sector to 0:8000, prints its first byte, and ends by the debug exit; "E" if it cannot be read. */
const bootSector = (read: string): Uint8Array => bytesOf(`
  31 c0  8e d8  8e c0                ; xor ax, ax; mov ds, ax; mov es, ax
  b0 31  e6 e9                       ; mov al, '1'; out 0xe9, al
  ${read}
  a0 00 80                           ; mov al, [0x8000]
  73 02  b0 45                       ; jnc +2; mov al, 'E'
  e6 e9                              ; out 0xe9, al
  b0 00  e6 f4  f4                   ; mov al, 0; out 0xf4, al; hlt
`);
/** INT 13h: an extended read by the packet at 0x7c40; one by cylinder, head and sector to es:8000. */
const READ_EXTENDED = "b4 42  b2 80  be 40 7c  cd 13", READ = "b8 01 02  b9 02 00  b6 00  bb 00 80  cd 13";
/** The packet: 16 bytes, one sector, to 0:8000, from sector 1. */
const PACKET = bytesOf("10 00 01 00 00 80 00 00 01 00 00 00 00 00 00 00");

/** A boot sector, its packet, and what it reads, on a disk of so many bytes. */
function bootDisk(sizeBytes: number, read: string): MemoryImage {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(bootSector(read));
  bytes.set(PACKET, 0x40);
  bytes.set([0x55, 0xaa], SECTOR - 2);
  bytes[SECTOR] = "2".charCodeAt(0);
  return new MemoryImage(bytes, true);
}

describe("SeaBIOS", () => {
  if (!existsSync(BIOS)) {
    it.skip(`starts a boot sector (there is no ${BIOS}; Debian's package seabios has it)`);
    return;
  }

  /** From power-on to the debug exit, and a line of the processor's state at every millionth insn. */
  async function start(vm: VmOptions, media: Media, order: string): Promise<{ readonly outcome: PcOutcome; readonly debug: string; readonly states: readonly string[] }> {
    let debug = "";
    const pc = new Pc({ boot: { bios: readFileSync(BIOS), order }, ...media, isaDebugExit: true, onDebugByte: (byte) => { debug += String.fromCharCode(byte); }, vm });
    const { outcome, states } = await runWithStates(pc, MAX_INSNS);
    return { outcome, debug, states };
  }

  /** All runs are the same, interpreted and translated. */
  async function bootsAlike(media: () => Media, order: string, said: RegExp): Promise<void> {
    const runs = [await start({ engine: "jit" }, media(), order), await start({ engine: "jit" }, media(), order), await start({ engine: "interp" }, media(), order)], [first] = runs;
    expect(first.outcome, first.debug).to.deep.equal({ kind: "debug-exit", status: 1 });
    expect(first.debug).to.match(said);
    for (const { debug, states } of runs) {
      expect(states.length).to.be.above(1);
      expect(states).to.deep.equal(first.states);
      expect(debug).to.equal(first.debug);
    }
  }

  it("starts a boot sector, which reads from the disk; at the same insns in every run, interpreted and translated", () =>
    bootsAlike(() => ({ disks: [bootDisk(DISK_BYTES, READ_EXTENDED)] }), "c", /Booting from Hard Disk[^]*12$/));

  it("starts one from a floppy disk in the same way", () =>
    bootsAlike(() => ({ floppies: [bootDisk(FLOPPY_BYTES, READ)] }), "a", /Booting from Floppy[^]*12$/));
});
