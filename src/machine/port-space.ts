/** The ports of a board: who answers for which, and what the ISA bus does with accesses wider than a device. */
import type { BytePorts, WidePorts } from "../bus/device.ts";
import type { PortRange } from "../kvm/port-handlers.ts";

/** A device's claim to a port: its registers begin at `first`. */
interface Claim {
  readonly first: number;
  readonly bytes: BytePorts | null;
  readonly wide: WidePorts | null;
}

/** Where ports can be handled: `Vm`. */
interface PortHost {
  handlePorts(range: PortRange): void;
}

/** What a read gives where nobody answers. */
const NOBODY = 0xff;

export class PortSpace {
  private readonly host: PortHost;
  private readonly claims = new Map<number, Claim>();

  constructor(host: PortHost) {
    this.host = host;
  }

  /** Registers of eight bits at `count` ports from `first`. @param offset  of the first port in the device's registers */
  addBytes(first: number, count: number, device: BytePorts, offset = 0): void {
    this.add(first, count, { first: first - offset, bytes: device, wide: null });
  }

  /** Registers of any width. */
  addWide(first: number, count: number, device: WidePorts): void {
    this.add(first, count, { first, bytes: null, wide: device });
  }

  /** Registers that come and go, such as those behind PCI base addresses. The host of the ports need not know: it asks `has`. */
  map(first: number, count: number, ports: WidePorts): void {
    for (let port = first; port < first + count; port++) if (!this.claims.has(port)) this.claims.set(port, { first, bytes: null, wide: ports });
  }

  unmap(first: number, count: number): void {
    for (let port = first; port < first + count; port++) if (this.claims.get(port)?.first === first) this.claims.delete(port);
  }

  /** True if somebody answers for a port. */
  has(port: number): boolean {
    return this.claims.has(port);
  }

  private add(first: number, count: number, claim: Claim): void {
    for (let port = first; port < first + count; port++) this.claims.set(port, claim);
    this.host.handlePorts({ first, count, read: (port, size) => this.read(port, size), write: (port, size, value) => this.write(port, size, value) });
  }

  /** IN: `size` is 1, 2 or 4 bytes; unsigned. */
  read(port: number, size: number): number {
    const claim = this.claims.get(port);
    if (claim?.wide) return claim.wide.read(port - claim.first, size);
    if (size === 1) return claim?.bytes ? claim.bytes.readByte(port - claim.first) : NOBODY;
    let value = 0;
    for (let i = 0; i < size; i++) value += this.readByte(port + i) * 2 ** (8 * i);
    return value;
  }

  /** OUT; `value` is unsigned. */
  write(port: number, size: number, value: number): void {
    const claim = this.claims.get(port);
    if (claim?.wide) return claim.wide.write(port - claim.first, size, value);
    for (let i = 0; i < size; i++) {
      const part = this.claims.get((port + i) & 0xffff), byte = (value >>> (8 * i)) & 0xff;
      part?.bytes?.writeByte(port + i - part.first, byte);
    }
  }

  private readByte(port: number): number {
    const claim = this.claims.get(port & 0xffff);
    return claim?.bytes ? claim.bytes.readByte(port - claim.first) : NOBODY;
  }
}
