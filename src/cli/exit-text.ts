/** Exits of the vCPU as text: for `--trace exits`, `-d exit` and `--trace kvm`. */
import { numberAt } from "../bus/bytes.ts";
import type { KvmExit } from "../kvm/exits.ts";
import type { Vcpu } from "../kvm/vcpu.ts";

const hex = (n: number, digits = 0): string => n.toString(16).padStart(digits, "0");

/** Where the guest goes on: `1234:0010` in real mode, `0008:00001002` with 32-bit code. */
export function csIpText(vcpu: Vcpu): string {
  const { cs } = vcpu.getSregs(), { rip } = vcpu.getRegs();
  return `${hex(cs.selector, 4)}:${hex(rip, cs.db === 1 ? 8 : 4)}`;
}

/** One line: the reason, what belongs to it, and the next CS:IP. Null for exits that only the run loop is concerned with. */
export function exitText(exit: KvmExit, vcpu: Vcpu): string | null {
  if (exit.reason === "KVM_EXIT_INTR") return null;
  return `${[exit.reason, ...details(exit), `next ${csIpText(vcpu)}`].join(" ")}\n`;
}

function details(exit: KvmExit): string[] {
  switch (exit.reason) {
    case "KVM_EXIT_IO": {
      const { direction, port, size, count, data } = exit;
      return [direction, `port 0x${hex(port)}`, `size ${size}`, ...(count > 1 ? [`count ${count}`] : []), `data ${elements(data, size).map((v) => `0x${hex(v, 2 * size)}`).join(",")}`];
    }
    case "KVM_EXIT_MMIO": {
      const { physAddr, len, data, isWrite } = exit;
      return [isWrite ? "write" : "read", `address 0x${hex(physAddr, 8)}`, `size ${len}`, `data 0x${hex(elements(data.subarray(0, len), len)[0], 2 * len)}`];
    }
    case "KVM_EXIT_DEBUG": return [`pc 0x${hex(exit.pc, 8)}`, `dr6 0x${hex(exit.dr6)}`];
    case "KVM_EXIT_FAIL_ENTRY": return [exit.detail];
    case "KVM_EXIT_INTERNAL_ERROR": return [`suberror ${exit.suberror}`, `address 0x${hex(exit.address, 8)}`];
    default: return [];
  }
}

/** What the classic tutorial programs on /dev/kvm print for an exit. */
export function tutorialText(exit: KvmExit): string {
  if (exit.reason === "KVM_EXIT_INTR") return "";
  const lines: string[] = [exit.reason];
  if (exit.reason === "KVM_EXIT_IO" && exit.direction === "out") {
    lines.push(...elements(exit.data, exit.size).map((value) => `guest put io data: ${value}`));
  }
  return `${lines.join("\n")}\n`;
}

/** The little-endian values of `size` bytes each. */
function elements(data: Uint8Array, size: number): number[] {
  const values: number[] = [];
  for (let at = 0; at < data.length; at += size) values.push(numberAt(data, at, size));
  return values;
}
