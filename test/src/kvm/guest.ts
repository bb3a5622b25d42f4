// Small guests for the tests of the VM API: code as hex with the assembly beside it, a VM around it, and a device that
// answers what reaches nothing and writes down what it saw.

import type { KvmExit, Vcpu, Vm, VmOptions } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { enterFlatProtectedMode, enterRealMode } from "../../../src/machine/bare-entry.ts";

/** Every engine, by name; each must behave the same. */
export const ENGINES: readonly (readonly [string, VmOptions])[] = [
  ["the interpreter", { engine: "interp", checked: true }],
  ["blocks translated at once", { engine: "jit", threshold: 1, checked: true }],
  ["regions made at once", { engine: "jit", threshold: 1, regionThreshold: 1, checked: true }],
  ["blocks of one insn, not chained", { engine: "jit", threshold: 1, maxBlockInsns: 1, chaining: false }],
];

/** Where code goes, and how much memory there is from 0; what lies above has no memory. */
export const CODE = 0x1000, MEMORY = 0x10000;

export interface Guest {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
}

/** Bytes from lines of `hex ; assembly`. */
export function bytesOf(text: string): Uint8Array {
  const hex = text.split("\n").map((line) => line.split(";")[0]).join(" ").trim();
  return Uint8Array.from(hex === "" ? [] : hex.split(/\s+/), (byte) => {
    if (!/^[0-9a-f]{2}$/.test(byte)) throw new Error(`not a byte: ${byte}`);
    return parseInt(byte, 16);
  });
}

/** A VM with 64 KiB of memory and code at 0x1000, about to run it in flat 32-bit mode. */
export function guest32(code: string, options: VmOptions = {}): Guest {
  const made = emptyGuest(code, options);
  enterFlatProtectedMode(made.vcpu, CODE);
  return made;
}

/** The same in real mode, at 0:1000. */
export function guest16(code: string, options: VmOptions = {}): Guest {
  const made = emptyGuest(code, options);
  enterRealMode(made.vcpu, CODE);
  return made;
}

function emptyGuest(code: string, options: VmOptions): Guest {
  const vm = openKvm().createVm(options), region = { slot: 0, guestPhysAddr: 0, memorySize: MEMORY };
  // An arena for the few that make regions: a thousand of them keep the garbage collector busy.
  const isHandedOver = options.regionThreshold !== undefined;
  vm.setUserMemoryRegion(isHandedOver ? { ...region, userspaceAddr: vm.allocateMemory(MEMORY), isHandedOver } : region);
  vm.writePhys(CODE, bytesOf(code));
  return { vm, vcpu: vm.createVcpu(0) };
}

/** Writes a little-endian word of `size` bytes into guest memory. */
export function poke(vm: Vm, address: number, size: number, value: number): void {
  vm.writePhys(address, Uint8Array.from({ length: size }, (_, i) => value >>> (8 * i)));
}

/** Reads one, unsigned. */
export function peek(vm: Vm, address: number, size: number): number {
  return unsigned(vm.readPhys(address, size), size);
}

function unsigned(bytes: Uint8Array, size: number): number {
  return bytes.subarray(0, size).reduceRight((value, byte) => value * 256 + byte, 0);
}

/** The same as hexadecimal digits, also of 8 bytes. */
function hexOf(bytes: Uint8Array, size: number): string {
  return bytes.subarray(0, size).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n).toString(16);
}

/** A device behind every port and address without memory: bytes that keep what is written, and a diary. */
export class Device {
  /** One line an access: `r4 100000`, `w2 100002=1234`, `in1 60`, `out2 10=abcd`. */
  readonly diary: string[] = [];
  private readonly bytes = new Map<string, number>();

  /** Sets what `size` bytes at an address of memory (or of ports) hold. */
  set(address: number, size: number, value: number, space: "memory" | "port" = "memory"): this {
    for (let i = 0; i < size; i++) this.bytes.set(`${space} ${address + i}`, (value >>> (8 * i)) & 0xff);
    return this;
  }

  get(address: number, size: number, space: "memory" | "port" = "memory"): number {
    return unsigned(Uint8Array.from({ length: size }, (_, i) => this.bytes.get(`${space} ${address + i}`) ?? 0), size);
  }

  /** Answers an exit if it is for a device. */
  answers(exit: KvmExit): boolean {
    if (exit.reason === "KVM_EXIT_MMIO") {
      const { physAddr, len, data } = exit, at = physAddr.toString(16);
      if (exit.isWrite) {
        this.diary.push(`w${len} ${at}=${hexOf(data, len)}`);
        for (let i = 0; i < len; i++) this.set(physAddr + i, 1, data[i]);
      } else {
        this.diary.push(`r${len} ${at}`);
        for (let i = 0; i < len; i++) data[i] = this.get(physAddr + i, 1);
      }
      return true;
    }
    if (exit.reason !== "KVM_EXIT_IO") return false;
    const { port, size, count, data } = exit;
    for (let at = 0; at < size * count; at += size) {
      if (exit.direction === "out") {
        this.diary.push(`out${size} ${port.toString(16)}=${hexOf(data.subarray(at), size)}`);
      } else {
        this.diary.push(`in${size} ${port.toString(16)}`);
        for (let i = 0; i < size; i++) data[at + i] = this.get(port + i, 1, "port");
      }
    }
    return true;
  }

  /** Runs until an exit that is not for a device. */
  run(vcpu: Vcpu, maxInsns = 10_000): KvmExit {
    for (let left = maxInsns; ;) {
      const exit = vcpu.run({ maxInsns: left });
      left -= exit.insns;
      if (!this.answers(exit)) return exit;
    }
  }
}
