/** Where firmware would put the base addresses of PCI functions, for systems that are started without. */
import type { PciFunction } from "../devices/pci/pci-function.ts";
import { BASE_ADDRESS, COMMAND, COMMAND_IO, COMMAND_MASTER, COMMAND_MEMORY, INTERRUPT_LINE, isIoBar } from "../devices/pci/pci-function.ts";

/** Inside the windows that the DSDT tells of (acpi/dsdt.ts). */
const FIRST_PORT = 0xc100, FIRST_MEMORY = 0xfd000000;

export class PciResources {
  private port = FIRST_PORT;
  private memory = FIRST_MEMORY;

  /** Gives a function its addresses and switches it on. @param irq  what its pin is routed to */
  assign(pci: PciFunction, irq: number): void {
    for (const bar of pci.bars) {
      const at = isIoBar(bar) ? this.port : this.memory, base = Math.ceil(at / bar.sizeBytes) * bar.sizeBytes;
      for (let i = 0; i < 4; i++) pci.writeByte(BASE_ADDRESS + 4 * bar.index + i, (base >>> (8 * i)) & 0xff);
      if (isIoBar(bar)) this.port = base + bar.sizeBytes;
      else this.memory = base + bar.sizeBytes;
    }
    pci.writeByte(INTERRUPT_LINE, irq);
    pci.writeByte(COMMAND, COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
  }
}
