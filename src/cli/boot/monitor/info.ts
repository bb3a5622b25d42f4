/** `info`: what the machine is doing, as QEMU's monitor tells it. */
import { COMMAND, COMMAND_IO, COMMAND_MEMORY, DEVICE_ID, isIoBar, BASE_ADDRESS, CLASS, INTERRUPT_LINE, INTERRUPT_PIN, VENDOR_ID } from "../../../devices/pci/pci-function.ts";
import type { PciFunction } from "../../../devices/pci/pci-function.ts";
import type { SavedState } from "../../../devices/saveable.ts";
import { isState } from "../../../devices/saveable.ts";
import { cpuText } from "../../../inspect/cpu-text.ts";
import { EIP } from "../../../x86/state.ts";
import { packageVersion } from "../../own-package.ts";
import type { MonitorParts } from "./monitor.ts";

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** By what may follow `info`. */
export const INFO: Readonly<Record<string, (parts: MonitorParts) => string>> = {
  registers: ({ pc: { vcpu: { engine: { cpu } } } }) => cpuText(cpu, cpu.R[EIP]),
  pic: interruptControllers,
  lapic: localApic,
  pci: pciFunctions,
  mem: mappings,
  block: ({ drives }) => drives.text,
  status: ({ pc, control }) => `${control.isPaused ? "paused" : "running"}, ${pc.insns} insns, guest time ${(pc.clock.nowNs() / 1e9).toFixed(3)} s\n`,
  version: () => `tcgjs ${packageVersion()}\n`,
};

/** The fields of a saved state; bytes and words are hexadecimal. */
function fieldsText(state: SavedState): string {
  const text = (value: unknown): string => (typeof value === "number" ? hex(value, 2) : Array.isArray(value) ? value.map(text).join(",") : String(value));
  return Object.entries(state).map(([field, value]) => `${field}=${text(value)}`).join(" ");
}

function interruptControllers({ pc: { chips: { pic, interrupts: { ioApic } } } }: MonitorParts): string {
  return `pic0: ${fieldsText(pic.master.save())}\npic1: ${fieldsText(pic.slave.save())}\nioapic: ${fieldsText(ioApic.save())}\n`;
}

function localApic({ pc: { chips: { interrupts: { localApic: apic } } } }: MonitorParts): string {
  if (apic === null) return "the processor has no local APIC\n";
  return Object.entries(apic.save()).map(([part, state]) => `${part}: ${isState(state) ? fieldsText(state) : ""}\n`).join("");
}

// ---- PCI

function word(pci: PciFunction, at: number): number {
  return pci.byteAt(at) | (pci.byteAt(at + 1) << 8);
}

function pciFunctions({ pc: { chips } }: MonitorParts): string {
  return chips.pci.list.map(({ slot, number, pci }) => {
    const kind = hex((pci.byteAt(CLASS + 2) << 8) | pci.byteAt(CLASS + 1), 4), pin = pci.byteAt(INTERRUPT_PIN);
    const interrupt = pin === 0 ? "" : `  IRQ ${pci.byteAt(INTERRUPT_LINE)}, pin ${String.fromCharCode(0x40 + pin)}\n`;
    return `bus 0, device ${slot}, function ${number}: class ${kind}, ${hex(word(pci, VENDOR_ID), 4)}:${hex(word(pci, DEVICE_ID), 4)}\n${interrupt}${baseAddresses(pci)}`;
  }).join("");
}

function baseAddresses(pci: PciFunction): string {
  return pci.bars.map((bar) => {
    const at = BASE_ADDRESS + 4 * bar.index, value = (word(pci, at) | (word(pci, at + 2) << 16)) >>> 0, isIo = isIoBar(bar), base = value - (value % bar.sizeBytes);
    const isOn = (pci.byteAt(COMMAND) & (isIo ? COMMAND_IO : COMMAND_MEMORY)) !== 0, digits = isIo ? 4 : 8;
    return `  BAR${bar.index}: ${isIo ? "I/O" : "memory"} at 0x${hex(base, digits)} [0x${hex(base + bar.sizeBytes - 1, digits)}]${isOn ? "" : " (off)"}\n`;
  }).join("");
}

// ---- paging

const PAGE_BYTES = 4096, PAGES = 2 ** 20, CR0_PG = 0x80000000;

/** Ranges of linear addresses that are mapped alike. */
function mappings({ pc: { vcpu } }: MonitorParts): string {
  if ((vcpu.getSregs().cr0 & CR0_PG) === 0) return "paging is off\n";
  let text = "", first = 0, kind = "";
  for (let page = 0; page <= PAGES; page++) {
    const found = page < PAGES ? vcpu.translate(page * PAGE_BYTES) : null, now = found?.valid === true ? `${found.usermode ? "u" : "-"}r${found.writeable ? "w" : "-"}` : "";
    if (now === kind) continue;
    if (kind !== "") text += `${hex(first * PAGE_BYTES, 8)}-${hex(page * PAGE_BYTES, 8)} ${hex((page - first) * PAGE_BYTES, 8)} ${kind}\n`;
    first = page;
    kind = now;
  }
  return text;
}
