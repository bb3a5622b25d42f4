/**
 * Ports that are answered without an exit, as KVM's own devices are. For machines whose devices live in this process: a
 * console that prints a million bytes should not cost a million exits.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { hex, requireInteger } from "./check.ts";

/** Who answers for a range of ports. What is left out goes to the caller of `run` as KVM_EXIT_IO. */
export interface PortRange {
  /** First port, and how many. */
  readonly first: number;
  readonly count: number;
  /** Answers IN; `size` is 1, 2 or 4 bytes, the result unsigned. */
  readonly read?: (port: number, size: number) => number;
  /** Takes OUT; `value` is unsigned. */
  readonly write?: (port: number, size: number, value: number) => void;
}

export class PortHandlers {
  private readonly ranges = new Map<number, PortRange>();

  /** @throws VmError EINVAL if the range leaves 0..0xffff, EEXIST if a port of it has a handler */
  add(range: PortRange): void {
    requireInteger("handlePorts: first", range.first, 0, 0xffff);
    requireInteger("handlePorts: count", range.count, 1, 0x10000 - range.first);
    const ports = Array.from({ length: range.count }, (_, i) => range.first + i);
    const taken = ports.find((port) => this.ranges.has(port));
    if (taken !== undefined) throw new VmError("EEXIST", `handlePorts: port ${hex(taken)} has a handler already`);
    for (const port of ports) this.ranges.set(port, range);
  }

  find(port: number): PortRange | undefined {
    return this.ranges.get(port);
  }
}
