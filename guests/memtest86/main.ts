/**
 * Starts Memtest86+ (or what else follows the Linux boot protocol and needs no more) by its own 16-bit setup code, and prints
 * the text screen at the end. The machine has memory, a keyboard on which Enter is pressed, and of a BIOS only INT 15h, E820:
 * its vector leads to an OUT, and the call is answered here.
 *
 *   npm run build && node dist/guests/memtest86/main.js /boot/memtest86+ia32.bin [MILLION INSNS]
 */
import { readFileSync } from "node:fs";
import type { KvmExitIo, Vcpu, Vm } from "../../src/index.ts";
import { openKvm } from "../../src/index.ts";

const MEMORY_BYTES = 64 * 2 ** 20, MEBIBYTE = 2 ** 20;
/** Where a loader puts the two parts (Linux: Documentation/arch/x86/boot.rst). */
const SETUP_SEGMENT = 0x9020, SYSTEM_ADDRESS = 0x100000;
const SECTOR_BYTES = 512, OFFSET_SETUP_SECTORS = 0x1f1, OFFSET_MAGIC = 0x202;
/** The BIOS: OUT to a port of ours, IRET. */
const BIOS_SEGMENT = 0xf000, BIOS_PORT = 0xb5, BIOS_CODE = Uint8Array.of(0xe6, BIOS_PORT, 0xcf);
const VECTOR_SYSTEM = 0x15, FLAG_CARRY = 1, SMAP = 0x534d4150;
/** 8042: data, status; output buffer full. Enter is pressed when the status has been read so often. */
const KEYBOARD_DATA = 0x60, KEYBOARD_STATUS = 0x64, OUTPUT_FULL = 1, ENTER = 0x1c, POLLS_BEFORE_ENTER = 40;
const SCREEN = 0xb8000, COLUMNS = 80, ROWS = 25;
const DEFAULT_MILLIONS = 2000;

const [path, millions = String(DEFAULT_MILLIONS)] = process.argv.slice(2);
if (path === undefined) throw new Error("which image? See /boot/memtest86+ia32.bin of Debian's package memtest86+");
const { vm, vcpu } = load(readFileSync(path));
console.log(run(vcpu, vm, Number(millions) * 1e6));
console.log(screenText(vm));

/** A machine with the image in it, about to run its setup code. */
function load(file: Uint8Array): { vm: Vm; vcpu: Vcpu } {
  if (new TextDecoder("latin1").decode(file.subarray(OFFSET_MAGIC, OFFSET_MAGIC + 4)) !== "HdrS") throw new Error(`${path} does not follow the Linux boot protocol`);
  const kvm = openKvm(), machine = kvm.createVm(), setupBytes = (file[OFFSET_SETUP_SECTORS] + 1) * SECTOR_BYTES;
  machine.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: MEMORY_BYTES });
  machine.writePhys(SETUP_SEGMENT * 16, file.subarray(SECTOR_BYTES, setupBytes));
  machine.writePhys(SYSTEM_ADDRESS, file.subarray(setupBytes));
  machine.writePhys(BIOS_SEGMENT * 16, BIOS_CODE);
  machine.writePhys(VECTOR_SYSTEM * 4, words(2, 0, BIOS_SEGMENT));
  const cpu = machine.createVcpu(0), data = { selector: 0, base: 0 };
  cpu.setCpuid2(kvm.getSupportedCpuid());
  cpu.setSregs({ cs: { selector: SETUP_SEGMENT, base: SETUP_SEGMENT * 16 }, ds: data, es: data, ss: data });
  cpu.setRegs({ rip: 0, rsp: 0x7000 });
  return { vm: machine, vcpu: cpu };
}

/** Runs so many insns; how it ended. */
function run(cpu: Vcpu, machine: Vm, maxInsns: number): string {
  let insns = 0, polls = 0;
  while (insns < maxInsns) {
    const exit = cpu.run({ maxInsns: maxInsns - insns });
    insns += exit.insns;
    if (exit.reason === "KVM_EXIT_IO" && exit.direction === "in") answer(exit, exit.port === KEYBOARD_STATUS ? ++polls : polls);
    else if (exit.reason === "KVM_EXIT_IO" && exit.port === BIOS_PORT) systemCall(cpu, machine);
    else if (exit.reason === "KVM_EXIT_MMIO") exit.data.fill(0xff);
    else if (exit.reason !== "KVM_EXIT_IO" && exit.reason !== "KVM_EXIT_INTR") return `${exit.reason} after ${insns} insns`;
  }
  return `${insns} insns`;
}

/** Ports without a device read as ones. */
function answer({ port, data }: KvmExitIo, polls: number): void {
  data.fill(0xff);
  if (port === KEYBOARD_STATUS) data[0] = polls > POLLS_BEFORE_ENTER ? OUTPUT_FULL : 0;
  if (port === KEYBOARD_DATA) data[0] = ENTER;
}

/** INT 15h: the memory map is in two parts; nothing else is known. FLAGS are on the stack, behind CS:IP. */
function systemCall(cpu: Vcpu, machine: Vm): void {
  const { rax, rbx, rdi, rsp } = cpu.getRegs(), { es, ss } = cpu.getSregs(), flagsAt = ss.base + ((rsp + 4) & 0xffff);
  const [flags] = machine.readPhys(flagsAt, 1), isKnown = rax === 0xe820 && rbx < 2;
  machine.writePhys(flagsAt, Uint8Array.of(isKnown ? flags & ~FLAG_CARRY : flags | FLAG_CARRY));
  if (!isKnown) return;
  const [base, length] = rbx === 0 ? [0, 0xa0000] : [MEBIBYTE, MEMORY_BYTES - MEBIBYTE];
  machine.writePhys(es.base + (rdi & 0xffff), words(4, base, 0, length, 0, 1));
  cpu.setRegs({ rax: SMAP, rbx: rbx === 0 ? 1 : 0, rcx: 20 });
}

/** Little-endian numbers of `size` bytes each. */
function words(size: number, ...values: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: values.length * size }, (_, i) => values[Math.floor(i / size)] >>> (8 * (i % size)));
}

/** The text screen, without its colours; line-drawing characters come out as #. */
function screenText(machine: Vm): string {
  const cells = machine.readPhys(SCREEN, COLUMNS * ROWS * 2);
  const character = (code: number): string => (code === 0 ? " " : code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "#");
  const line = (y: number): string => Array.from({ length: COLUMNS }, (_, x) => character(cells[(y * COLUMNS + x) * 2])).join("").trimEnd();
  return Array.from({ length: ROWS }, (_, y) => line(y)).join("\n").trimEnd();
}
