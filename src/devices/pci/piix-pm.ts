/**
 * The power-management function of a 82371AB (Intel 290562), which the PC has beside a 82371SB since QEMU: says where the ports of
 * power management are.
 */
import type { WidePorts } from "../../bus/device.ts";
import type { RegisterMapper } from "./pci-function.ts";
import { PciFunction } from "./pci-function.ts";

/** PMBASE: bits 6 to 15 of the first port; PMREGMISC: bit 0 lets it answer. */
const PMBASE = 0x40, PMREGMISC = 0x80, ENABLED = 1, PMBASE_LOW = 0xc0;
/** DEVACTB, upper byte: writes to the SMI command port do what an SMI would; firmware then sets up no handler of its own. */
const DEVACTB_HIGH = 0x5b, APMC_ENABLED = 2;
const PM_PORTS = 64;

export class PiixPm {
  readonly pci: PciFunction;
  private readonly ports: WidePorts;
  private readonly mapper: RegisterMapper;
  /** First port now, or -1. */
  private mapped = -1;

  constructor(ports: WidePorts, mapper: RegisterMapper) {
    this.ports = ports;
    this.mapper = mapper;
    this.pci = new PciFunction({
      vendor: 0x8086, device: 0x7113, revision: 3, classCode: 0x068000, interruptPin: 1,
      registers: [
        { offset: PMBASE, value: 1, writable: PMBASE_LOW }, { offset: PMBASE + 1, value: 0, writable: 0xff }, { offset: PMREGMISC, value: 0, writable: ENABLED },
        { offset: DEVACTB_HIGH, value: APMC_ENABLED, writable: APMC_ENABLED },
      ],
    });
    this.pci.onChange = () => this.remap();
  }

  /** What firmware does: puts the ports somewhere, a multiple of 64. */
  place(first: number): void {
    this.pci.writeByte(PMBASE, first & PMBASE_LOW);
    this.pci.writeByte(PMBASE + 1, first >>> 8);
    this.pci.writeByte(PMREGMISC, ENABLED);
  }

  private remap(): void {
    const base = (this.pci.byteAt(PMBASE) & PMBASE_LOW) | (this.pci.byteAt(PMBASE + 1) << 8);
    const first = (this.pci.byteAt(PMREGMISC) & ENABLED) !== 0 && base !== 0 ? base : -1;
    if (first === this.mapped) return;
    if (this.mapped >= 0) this.mapper.unmap(this.mapped, PM_PORTS);
    if (first >= 0) this.mapper.map(first, PM_PORTS, this.ports);
    this.mapped = first;
  }
}
