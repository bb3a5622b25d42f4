// Debian's SeaBIOS with its video BIOS, unmodified: a boot sector sets one mode after the other, and draws by INT 10h.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { Pc } from "../../../src/index.ts";
import { MemoryImage } from "../../support/memory-image.ts";
import { bytesOf } from "../kvm/guest.ts";

const BIOS = "/usr/share/seabios/bios.bin", VIDEO_BIOS = "/usr/share/seabios/vgabios-stdvga.bin";
const SECTOR = 512, DISK_BYTES = 1 << 20, MODES_AT = 0x80, MAX_INSNS = 400e6, SLICE = 1e6;
/** What the boot sector writes to the debug console when a mode is set and drawn in, or cannot be. */
const DRAWN = 1, REFUSED = 2;

/** Takes words from 0x7c80 up to 0xffff; those above 0xff are VBE modes. In each prints "A" and draws a line of 20 red points from (40,41). */
const BOOT_SECTOR = bytesOf(`
  31 c0  8e d8  8e d0  bc 00 7c  fc  ; xor ax, ax; mov ds, ax; mov ss, ax; mov sp, 0x7c00; cld
  be 80 7c                           ; mov si, modes
  ad  83 f8 ff  74 42                ; next: lodsw; cmp ax, -1; je done
  89 c3  84 e4  74 0c                ; mov bx, ax; test ah, ah; jz standard
  b8 02 4f  cd 10                    ; mov ax, 0x4f02; int 0x10
  83 f8 4f  75 2c  eb 02             ; cmp ax, 0x4f; jne refused; jmp draw
  cd 10                              ; standard: int 0x10
  b8 41 0e  bb 07 00  cd 10          ; draw: mov ax, 0x0e41; mov bx, 7; int 0x10
  b9 28 00  ba 29 00                 ; mov cx, 40; mov dx, 41
  b8 04 0c  bb 00 00  51 52 56       ; line: mov ax, 0x0c04; mov bx, 0; push cx; push dx; push si
  cd 10  5e 5a 59                    ; int 0x10; pop si; pop dx; pop cx
  41  83 f9 3c  72 ec                ; inc cx; cmp cx, 60; jb line
  b0 01  e6 e9  eb be                ; mov al, 1; out 0xe9, al; jmp next
  b0 02  e6 e9  eb b8                ; refused: mov al, 2; out 0xe9, al; jmp next
  b0 00  e6 f4  fa  f4               ; done: mov al, 0; out 0xf4, al; cli; hlt
`);

/** By mode: size, colour of the "A" (28 points with a font of 8 lines, 35 of 14, 39 of 16), colour of the line; none where there is no such colour. */
const MODES: readonly (readonly [mode: number, size: string, letter: string, line: string])[] = [
  [0x03, "720x400", "aaaaaa", ""], [0x01, "360x400", "aaaaaa", ""], [0x04, "320x200", "ffffff", ""], [0x06, "640x200", "ffffff", ""], [0x0d, "320x200", "aaaaaa", "aa0000"],
  [0x0e, "640x200", "aaaaaa", "aa0000"], [0x10, "640x350", "aaaaaa", "aa0000"], [0x11, "640x480", "ffffff", ""], [0x12, "640x480", "aaaaaa", "aa0000"],
  [0x13, "320x200", "aaaaaa", "aa0000"], [0x101, "640x480", "aaaaaa", "aa0000"], [0x102, "800x600", "aaaaaa", "aa0000"], [0x103, "800x600", "aaaaaa", "aa0000"],
  [0x110, "640x480", "adadad", "ad0000"], [0x111, "640x480", "adaaad", "ad0000"], [0x112, "640x480", "aaaaaa", "aa0000"], [0x4144, "1024x768", "aaaaaa", "aa0000"],
];
/** Points of the line; of the letter, the last with the cursor of a text mode. */
const LINE_POINTS = 20, LETTER_POINTS = [28, 35, 39, 57];

function bootDisk(): MemoryImage {
  const bytes = new Uint8Array(DISK_BYTES), view = new DataView(bytes.buffer);
  bytes.set(BOOT_SECTOR);
  [...MODES.map(([mode]) => mode), 0xffff].forEach((mode, i) => view.setUint16(MODES_AT + 2 * i, mode, true));
  bytes.set([0x55, 0xaa], SECTOR - 2);
  return new MemoryImage(bytes, true);
}

describe("SeaBIOS' video BIOS", () => {
  if (!existsSync(BIOS) || !existsSync(VIDEO_BIOS)) {
    it.skip(`sets modes (there is no ${VIDEO_BIOS}; Debian's package seabios has it)`);
    return;
  }

  it("shows its text, sets every kind of mode, and draws in it", async () => {
    let mark = 0, debug = "", greeting: readonly string[] | null = null;
    const seen: string[] = [];
    const pc: Pc = new Pc({
      boot: { bios: readFileSync(BIOS), order: "c" }, vgaRom: readFileSync(VIDEO_BIOS), disks: [bootDisk()], isaDebugExit: true,
      onDebugByte: (byte) => {
        debug += String.fromCharCode(byte);
        if (byte !== DRAWN && byte !== REFUSED) return;
        mark = byte;
        pc.requestExit();
      },
    });
    for (;;) {
      if (mark === 0 && seen.length === 0) greeting = pc.screenText() ?? greeting;
      const outcome = pc.run({ maxInsns: SLICE });
      if (outcome.kind === "blocked") await outcome.until;
      if (mark !== 0) seen.push(mark === DRAWN ? describePicture(pc) : "refused");
      mark = 0;
      if (outcome.kind === "debug-exit") break;
      if (pc.insns > MAX_INSNS) expect.fail(`no end after ${MAX_INSNS} insns: ${debug}`);
    }
    expect(greeting?.[0]).to.match(/^SeaBIOS \(version/);
    expect(seen).to.deep.equal(MODES.map(([, size, letter, line]) => `${size} ${[letter, line].filter((c) => c !== "").sort().join(" ")}`));
  });

  /** The size, and the colours that as many points have as a letter or the line; they are all but the background. */
  function describePicture(pc: Pc): string {
    const { width, height, rgb } = pc.picture(), counts = new Map<string, number>();
    for (let at = 0; at < rgb.length; at += 3) {
      const colour = ((rgb[at] << 16) | (rgb[at + 1] << 8) | rgb[at + 2]).toString(16);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    counts.delete("0");
    const isExpected = (count: number): boolean => count === LINE_POINTS || LETTER_POINTS.includes(count);
    return `${width}x${height} ${[...counts].map(([colour, count]) => (isExpected(count) ? colour : `${colour}: ${count} points`)).sort().join(" ")}`;
  }
});
