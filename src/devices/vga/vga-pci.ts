/**
 * QEMU's standard VGA on the PCI bus (QEMU, docs/specs/standard-vga.rst): the chip of vga.ts, all of its memory behind base address 0, and
 * behind base address 2 the registers once more:
 *
 * | offset | registers |
 * |---|---|
 * | 0x400 to 0x41f | ports 0x3c0 to 0x3df |
 * | 0x500 to 0x515 | the Bochs extension's words |
 */
import { allOnes } from "../../bus/bytes.ts";
import type { WidePorts } from "../../bus/device.ts";
import { PciFunction, SUBSYSTEM, SUBSYSTEM_VENDOR } from "../pci/pci-function.ts";
import type { Vga } from "./vga.ts";
import { VGA_PORTS } from "./vga.ts";

const VENDOR = 0x1234, DEVICE = 0x1111, REVISION = 2, CLASS_VGA = 0x030000, RED_HAT = 0x1af4, QEMU_DEVICE = 0x1100;
const FRAME_BUFFER_BAR = 0, REGISTER_BAR = 2, REGISTER_BYTES = 4096;
const PORTS_FIRST = 0x400, PORTS_END = 0x420, FIRST_PORT = 0x3c0, VBE_FIRST = 0x500, VBE_END = 0x516;

/** @param rom  its video BIOS, for firmware to run */
export function vgaFunction(vga: Vga, rom: Uint8Array | undefined): PciFunction {
  const fixed = (offset: number, value: number) => [{ offset, value: value & 0xff, writable: 0 }, { offset: offset + 1, value: value >>> 8, writable: 0 }];
  return new PciFunction({
    vendor: VENDOR, device: DEVICE, revision: REVISION, classCode: CLASS_VGA, rom,
    bars: [
      { index: FRAME_BUFFER_BAR, sizeBytes: vga.memory.bytes.length, memory: vga.memory.bytes }, { index: REGISTER_BAR, sizeBytes: REGISTER_BYTES, memory: registersOf(vga) },
    ],
    registers: [...fixed(SUBSYSTEM_VENDOR, RED_HAT), ...fixed(SUBSYSTEM, QEMU_DEVICE)],
  });
}

function registersOf(vga: Vga): WidePorts {
  const portOf = (offset: number): number => offset - PORTS_FIRST + FIRST_PORT - VGA_PORTS;
  const isPort = (offset: number, size: number): boolean => offset >= PORTS_FIRST && offset + size <= PORTS_END;
  const isWord = (offset: number, size: number): boolean => size === 2 && offset % 2 === 0 && offset >= VBE_FIRST && offset < VBE_END;
  return {
    read(offset, size) {
      if (isWord(offset, size)) return vga.vbe.readRegister((offset - VBE_FIRST) / 2);
      if (!isPort(offset, size)) return offset < PORTS_FIRST ? 0 : allOnes(size);
      let value = 0;
      for (let i = 0; i < size; i++) value += vga.readByte(portOf(offset + i)) * 2 ** (8 * i);
      return value;
    },
    write(offset, size, value) {
      if (isWord(offset, size)) vga.writeVbe((offset - VBE_FIRST) / 2, value);
      else if (isPort(offset, size)) for (let i = 0; i < size; i++) vga.writeByte(portOf(offset + i), (value >>> (8 * i)) & 0xff);
    },
  };
}
