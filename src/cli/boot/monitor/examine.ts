/** `x` and `xp`: memory in the formats of gdb and QEMU. */
import { VmError } from "../../../../tcg/support/errors.ts";
import { numberAt } from "../../../bus/bytes.ts";
import { VGA_WINDOW_BYTES } from "../../../devices/vga/vga-memory.ts";
import { VIDEO_MEMORY } from "../../../machine/memory-map.ts";
import type { Pc } from "../../../machine/pc.ts";
import { X86_OPCODES } from "../../../x86/insns/table.ts";
import { disassembleRange } from "../../../x86/isa/disasm.ts";
import { parseNumber } from "../../numbers.ts";

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4 };
const PAGE_BYTES = 4096, MAX_COUNT = 10_000, MAX_INSN_BYTES = 15, LINE_BYTES = 16;
const FORMATS = "xduoci";

interface Format {
  readonly count: number;
  readonly kind: string;
  readonly size: number;
}

/** @throws VmError EINVAL for a format or address that is none */
export function examine(pc: Pc, words: readonly string[], space: "linear" | "physical"): string {
  const format = words[0]?.startsWith("/") ? parseFormat(words[0].slice(1)) : parseFormat(""), text = words[words[0]?.startsWith("/") ? 1 : 0] ?? "";
  const address = addressOf(pc, text);
  if (address === null) throw new VmError("EINVAL", `wants an address, such as 0x7c00 or $eip; not "${text}"`);
  return format.kind === "i" ? listing(pc, address, format.count, space) : dump(pc, address, format, space);
}

/** The most that goes to a file at once. */
const MAX_BYTES = 2 ** 30;

/** Memory that a person names by where it begins and how long it is. @throws VmError EINVAL for what is no such place, EFAULT where there is no memory */
export function memoryBytes(pc: Pc, address: string, size: string, space: "linear" | "physical"): Uint8Array {
  const first = addressOf(pc, address), length = parseNumber(size);
  if (first === null || length === null || length < 1 || length > MAX_BYTES) throw new VmError("EINVAL", `wants an address and a size up to ${MAX_BYTES}, not "${address} ${size}"`);
  const bytes = readBytes(pc, first, length, space);
  if (bytes.length < length) throw new VmError("EFAULT", `there is no memory at 0x${hex((first + bytes.length) % 2 ** 32, 8)}`);
  return bytes;
}

function parseFormat(text: string): Format {
  const match = /^([0-9]*)([a-z]*)$/.exec(text), letters = match?.[2] ?? "", kinds = [...letters].filter((c) => FORMATS.includes(c)), sizes = [...letters].filter((c) => c in SIZES);
  const count = Number(match?.[1] || 1);
  if (match === null || kinds.length > 1 || sizes.length > 1 || kinds.length + sizes.length !== letters.length || count < 1 || count > MAX_COUNT) {
    throw new VmError("EINVAL", `/${text}: a format is a count up to ${MAX_COUNT}, one of ${[...FORMATS].join(" ")} and one of ${Object.keys(SIZES).join(" ")}, such as /8xb`);
  }
  const kind = kinds.at(0) ?? "x";
  return { count, kind, size: SIZES[sizes.at(0) ?? (kind === "c" ? "b" : "w")] };
}

/** A number, or a register by `$name`. */
function addressOf({ vcpu }: Pc, text: string): number | null {
  if (!text.startsWith("$")) return parseNumber(text);
  const { cs, ss } = vcpu.getSregs(), regs = vcpu.getRegs(), name = text.slice(1).replace(/^e/, "r");
  if (name === "pc" || name === "rip") return (cs.base + regs.rip) % 2 ** 32;
  if (name === "sp" || name === "rsp") return (ss.base + regs.rsp) % 2 ** 32;
  const found = Object.entries(regs).find(([register]) => register === name);
  return found === undefined ? null : Number(found[1]);
}

/** Up to `length` bytes; fewer where there is no memory. */
function readBytes(pc: Pc, address: number, length: number, space: "linear" | "physical"): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (let at = address; done < length && at < 2 ** 32;) {
    const inPage = Math.min(length - done, PAGE_BYTES - (at % PAGE_BYTES)), translation = space === "linear" ? pc.vcpu.translate(at) : null;
    if (translation !== null && !translation.valid) break;
    try {
      bytes.set(readPhysical(pc, translation === null ? at : translation.physicalAddress, inPage), done);
    } catch (e) {
      if (!(e instanceof VmError)) throw e;
      break;
    }
    at += inPage;
    done += inPage;
  }
  return bytes.subarray(0, done);
}

/** Memory within a page, video memory as well. @throws VmError EFAULT where there is none */
function readPhysical({ vm, chips: { vga } }: Pc, address: number, length: number): Uint8Array {
  const offset = address - VIDEO_MEMORY;
  if (offset < 0 || offset >= VGA_WINDOW_BYTES) return vm.readPhys(address, length);
  // A look changes nothing.
  const { latches } = vga.registers, bytes = Uint8Array.from({ length }, (_, i) => vga.memory.read(offset + i));
  vga.registers.latches = latches;
  return bytes;
}

function dump(pc: Pc, address: number, { count, kind, size }: Format, space: "linear" | "physical"): string {
  const bytes = readBytes(pc, address, count * size, space), values = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => show(bytes, i * size, size, kind));
  const perLine = Math.max(1, kind === "c" ? 8 : LINE_BYTES / size);
  let text = "";
  for (let i = 0; i < values.length; i += perLine) text += `${hex(address + i * size, 8)}: ${values.slice(i, i + perLine).join(" ")}\n`;
  return values.length < count ? `${text}there is no memory at 0x${hex((address + values.length * size) % 2 ** 32, 8)}\n` : text;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

function show(bytes: Uint8Array, at: number, size: number, kind: string): string {
  const value = numberAt(bytes, at, size);
  switch (kind) {
    case "d": return String(value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value);
    case "u": return String(value);
    case "o": return `0${value.toString(8)}`;
    case "c": return value >= 0x20 && value < 0x7f ? `'${String.fromCharCode(value)}'` : `'\\x${hex(value, 2 * size)}'`;
    default: return `0x${hex(value, 2 * size)}`;
  }
}

function listing(pc: Pc, address: number, count: number, space: "linear" | "physical"): string {
  const bytes = readBytes(pc, address, count * MAX_INSN_BYTES, space), bits = pc.vcpu.getSregs().cs.db === 1 ? 32 : 16;
  let text = "", left = count;
  for (const insn of disassembleRange(X86_OPCODES, bytes, address, bits)) {
    if (left-- === 0) break;
    text += `0x${hex(insn.address, 8)}:  ${insn.text}\n`;
  }
  return text;
}
