/**
 * The IDE function of a 82371SB (Intel 290550, "IDE Controller"): two channels at the ports of an AT, and their bus masters behind base
 * address 4.
 */
import type { Line, WidePorts } from "../../bus/device.ts";
import type { BusMemory, HostWork } from "../../bus/host-work.ts";
import { PciFunction } from "../pci/pci-function.ts";
import { BusMaster } from "./bus-master.ts";
import { IdeChannel } from "./ide-channel.ts";
import type { IdeDrive } from "./ide-unit.ts";

const BUS_MASTER_BAR = 4, BUS_MASTER_BYTES = 16, BYTES_PER_CHANNEL = 8;
/** IDETIM, a word for each channel: bit 15 lets it answer. */
const IDETIM = 0x40, DECODE = 0x80;
/** Ports of the control block that matter: status and control. */
export const IDE_CONTROL_PORTS = 1;

export interface IdeParts {
  /** Masters and slaves: primary, secondary. */
  readonly drives: readonly (IdeDrive | null)[];
  readonly memory: BusMemory;
  readonly work: HostWork;
  /** IRQ 14 and 15. */
  readonly interrupts: readonly [Line, Line];
}

export class PiixIde {
  readonly pci: PciFunction;
  readonly channels: readonly IdeChannel[];
  readonly busMasters: readonly BusMaster[];

  constructor({ drives, memory, work, interrupts }: IdeParts) {
    this.busMasters = interrupts.map(() => new BusMaster(memory));
    this.channels = interrupts.map((interrupt, i) => new IdeChannel({
      drives: [drives[2 * i] ?? null, drives[2 * i + 1] ?? null], busMaster: this.busMasters[i], work, interrupt,
    }));
    this.pci = new PciFunction({
      vendor: 0x8086, device: 0x7010, classCode: 0x010180, bars: [{ index: BUS_MASTER_BAR, sizeBytes: BUS_MASTER_BYTES, ports: this.busMasterPorts() }],
      registers: Array.from({ length: 4 }, (_, i) => ({ offset: IDETIM + i, value: 0, writable: 0xff })),
    });
  }

  /** What firmware writes so that a channel answers. */
  enableChannels(): void {
    for (const i of [0, 1]) this.pci.writeByte(IDETIM + 2 * i + 1, DECODE);
  }

  /** A channel's command block, 8 ports. It answers whatever IDETIM says: nobody else has these ports. */
  commandBlock(channel: number): WidePorts {
    const { [channel]: ports } = this.channels;
    return { read: (offset, size) => ports.read(offset, size), write: (offset, size, value) => ports.write(offset, size, value) };
  }

  /** Its control block's port for status and control. */
  controlBlock(channel: number): WidePorts {
    const { [channel]: ports } = this.channels;
    return {
      read: (_offset, size) => ports.readAlternateStatus() | (2 ** (8 * size) - 0x100),
      write: (_offset, _size, value) => ports.writeControl(value & 0xff),
    };
  }

  private busMasterPorts(): WidePorts {
    const at = (offset: number): BusMaster => this.busMasters[offset >= BYTES_PER_CHANNEL ? 1 : 0];
    return {
      read: (offset, size) => {
        let value = 0;
        for (let i = 0; i < size; i++) value += at(offset + i).readByte((offset + i) % BYTES_PER_CHANNEL) * 2 ** (8 * i);
        return value;
      },
      write: (offset, size, value) => {
        for (let i = 0; i < size; i++) at(offset + i).writeByte((offset + i) % BYTES_PER_CHANNEL, (value >>> (8 * i)) & 0xff);
      },
    };
  }
}
