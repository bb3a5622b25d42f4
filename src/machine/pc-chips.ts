/** The chips of a PC's board, and the wires between them. Their ports and requests are those of an AT. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Clock } from "../bus/clock.ts";
import type { Device, Line } from "../bus/device.ts";
import { NOT_CONNECTED } from "../bus/device.ts";
import type { BusMemory, HostWork } from "../bus/host-work.ts";
import { AcpiPm, SmiCommand } from "../devices/acpi-pm.ts";
import type { FwCfg } from "../devices/fw-cfg.ts";
import { FW_CFG_PORTS } from "../devices/fw-cfg.ts";
import { MmcDrive } from "../devices/cdrom/mmc-drive.ts";
import { DMA_PAGE_PORTS, DmaPages } from "../devices/dma-pages.ts";
import type { FloppyDrive } from "../devices/floppy/floppy-drive.ts";
import { I82077 } from "../devices/floppy/i82077.ts";
import { Hpet, HPET_BYTES } from "../devices/hpet.ts";
import { I8042 } from "../devices/i8042.ts";
import { I8237 } from "../devices/i8237.ts";
import { I8254 } from "../devices/i8254.ts";
import type { I8259Pair } from "../devices/i8259-pair.ts";
import { Mc146818 } from "../devices/mc146818.ts";
import { IDE_CONTROL_PORTS, PiixIde } from "../devices/ide/piix-ide.ts";
import { PciBus } from "../devices/pci/pci-bus.ts";
import type { PciFunction } from "../devices/pci/pci-function.ts";
import { BASE_ADDRESS, COMMAND, COMMAND_IO, COMMAND_MASTER } from "../devices/pci/pci-function.ts";
import { hostBridge, IsaBridge, pirqOf, PIRQ_ROUTING } from "../devices/pci/piix.ts";
import { PiixPm } from "../devices/pci/piix-pm.ts";
import { Ps2Keyboard } from "../devices/ps2-keyboard.ts";
import { Ps2Mouse } from "../devices/ps2-mouse.ts";
import { SetTwoToOne } from "../devices/scan-codes.ts";
import type { Saveable } from "../devices/saveable.ts";
import { ResetControl, SystemControlA, SystemControlB } from "../devices/system-ports.ts";
import { Uart16550 } from "../devices/uart16550.ts";
import { Vga, VGA_PORTS } from "../devices/vga/vga.ts";
import { VGA_WINDOW_BYTES } from "../devices/vga/vga-memory.ts";
import { vgaFunction } from "../devices/vga/vga-pci.ts";
import type { VirtioDevice } from "../devices/virtio/virtio-device.ts";
import { VirtioPci } from "../devices/virtio/virtio-pci.ts";
import { PIRQ_PIN } from "./acpi/madt.ts";
import { HPET_BASE } from "./acpi/hpet-table.ts";
import { ACPI_DISABLE, ACPI_ENABLE, PM_BASE, RESET_PORT, SCI_IRQ, SMI_COMMAND } from "./acpi/tables.ts";
import type { MemoryRange } from "../kvm/memory-handlers.ts";
import { VIDEO_MEMORY } from "./memory-map.ts";
import type { MmioSpace } from "./mmio-space.ts";
import { LineSwitch } from "./line-switch.ts";
import type { ProcessorPins } from "./pc-interrupts.ts";
import { PcInterrupts } from "./pc-interrupts.ts";
import { PciResources } from "./pci-resources.ts";
import type { Media } from "./media.ts";
import { floppyCmos, floppyDrives, ideDrives } from "./media.ts";
import type { PortSpace } from "./port-space.ts";

/** What the chips need from the board. */
export interface BoardWires {
  readonly clock: Clock;
  readonly processor: ProcessorPins;
  readonly a20: Line;
  /** Something resets the processor. */
  readonly resetCpu: () => void;
  /** The guest asks for a sleep state: SLP_TYP (ACPI). */
  readonly sleep: (type: number) => void;
  readonly memory: BusMemory;
  /** What firmware is told. */
  readonly firmware: FwCfg;
  readonly work: HostWork;
  readonly media: Media;
  /** The VGA's own ROM. */
  readonly vgaRom: Uint8Array | undefined;
  readonly virtio: readonly VirtioDevice[];
  /** Seconds since 1970 that the clock chip shows at the start. */
  readonly startSeconds: number;
}

/** Interrupt requests of an AT. */
const TIMER_IRQ = 0, KEYBOARD_IRQ = 1, FLOPPY_IRQ = 6, CLOCK_IRQ = 8, MOUSE_IRQ = 12;
export const UARTS = [{ port: 0x3f8, irq: 4 }, { port: 0x2f8, irq: 3 }, { port: 0x3e8, irq: 4 }, { port: 0x2e8, irq: 3 }] as const;
const UART_PORTS = 8;
const IDE_IRQS = [14, 15] as const;
const FLOPPY_DMA = 2, FLOPPY_PORT = 0x3f0, FLOPPY_DIR = 7;
const DMA_PORTS = 16, DMA_MODE = 11, DMA_CLEAR_MASK = 14, DMA_CASCADE = 0xc0;
const IDE_PORTS = [{ command: 0x1f0, control: 0x3f6 }, { command: 0x170, control: 0x376 }] as const;
/** Where firmware would put the IDE bus masters. */
const BUS_MASTER_PORTS = 0xc000;
const FW_CFG_PORT = 0x510;
/** CRTC and status of a monochrome card, what all have, CRTC and status of a colour card. */
const VGA_RANGES = [[0x3b4, 2], [0x3ba, 1], [0x3c0, 16], [0x3d4, 2], [0x3da, 1]] as const, VBE_PORTS = 0x1ce;
const PCI_CONFIG_PORT = 0xcf8, ISA_SLOT = 1;
/** Virtio devices have the slots from here on; what a PC has anyway is below. */
const VGA_SLOT = 2, VIRTIO_SLOT = 4, SLOTS = 32;
/** Requests that the four PCI interrupt lines are routed to by firmware; the I/O APIC has inputs for them (acpi/dsdt.ts says the same). */
export const PIRQ_IRQS = [10, 10, 11, 11] as const;

export class PcChips {
  readonly interrupts: PcInterrupts;
  readonly pic: I8259Pair;
  readonly pit: I8254;
  readonly rtc: Mc146818;
  private readonly hpet: Hpet;
  readonly uarts: readonly Uart16550[];
  readonly keyboard = new Ps2Keyboard();
  readonly mouse = new Ps2Mouse();
  readonly keyboardController: I8042;
  readonly vga: Vga;
  readonly pci: PciBus;
  readonly isaBridge: IsaBridge;
  readonly ide: PiixIde;
  /** Null if there is none. */
  readonly cdDrive: MmcDrive | null;
  readonly floppies: readonly (FloppyDrive | null)[];
  private readonly dma: readonly [I8237, I8237];
  private readonly dmaPages = new DmaPages();
  private readonly floppyController: I82077;
  readonly virtio: readonly VirtioPci[];
  private readonly fwCfg: FwCfg;
  private readonly hostBridge = hostBridge();
  private readonly powerFunction: PiixPm;
  private readonly vgaFunction: PciFunction;
  readonly powerManagement: AcpiPm;
  private readonly smi: SmiCommand;
  readonly resetControl: ResetControl;
  private readonly controlA: SystemControlA;
  private readonly controlB: SystemControlB;
  private readonly scanCodes = new SetTwoToOne();

  constructor({ clock, processor, a20, resetCpu, sleep, memory, work, media, virtio, firmware, startSeconds, vgaRom }: BoardWires, ports: PortSpace, mmio: MmioSpace) {
    const interrupts = this.interrupts = new PcInterrupts(clock, mmio, processor);
    this.pic = interrupts.pic;
    const timerLine = new LineSwitch(interrupts.line(TIMER_IRQ)), clockLine = new LineSwitch(interrupts.line(CLOCK_IRQ));
    this.pit = new I8254(clock, [timerLine.input(0), NOT_CONNECTED, NOT_CONNECTED]);
    this.rtc = new Mc146818(clock, startSeconds, clockLine.input(0));
    this.hpet = new Hpet(clock, {
      legacy: [timerLine.input(1), clockLine.input(1)], route: (input, isActive) => interrupts.setPciInput(input, isActive),
      replacesLegacy: (isOn) => { timerLine.usesSecond = clockLine.usesSecond = isOn; },
    });
    mmio.map(HPET_BASE, HPET_BYTES, this.hpet);
    const shared = new SharedLines(interrupts);
    this.uarts = UARTS.map(({ irq }) => new Uart16550(clock, shared.line(irq)));
    this.keyboardController = new I8042({
      keyboardInterrupt: interrupts.line(KEYBOARD_IRQ), auxInterrupt: interrupts.line(MOUSE_IRQ), resetCpu,
      a20: (isOn) => {
        this.controlA.isA20On = isOn;
        a20(isOn);
      },
    }, { keyboard: this.keyboard, mouse: this.mouse }, this.scanCodes);
    this.controlA = new SystemControlA({
      resetCpu,
      a20: (isOn) => {
        this.keyboardController.a20 = isOn;
        a20(isOn);
      },
    });
    this.powerManagement = new AcpiPm(clock, { sci: interrupts.line(SCI_IRQ), sleep });
    this.smi = new SmiCommand((command) => {
      if (command === ACPI_ENABLE || command === ACPI_DISABLE) this.powerManagement.isAcpiMode = command === ACPI_ENABLE;
    });
    this.resetControl = new ResetControl(resetCpu);
    this.pci = new PciBus(ports, mmio);
    this.isaBridge = new IsaBridge((irq, isHigh) => interrupts.setIrq(irq, isHigh), (line, isHeld) => interrupts.setPciInput(PIRQ_PIN + line, isHeld));
    this.pci.add(0, 0, this.hostBridge);
    this.pci.add(ISA_SLOT, 0, this.isaBridge.pci);
    const byWords = new I8237({ memory, unitBytes: 2, page: (channel) => this.dmaPages.base(4 + channel), hasBus: () => true });
    const byBytes = new I8237({ memory, unitBytes: 1, page: (channel) => this.dmaPages.base(channel), hasBus: () => byWords.passes(0) });
    this.dma = [byBytes, byWords];
    this.floppies = floppyDrives(media);
    for (const [address, value] of floppyCmos(this.floppies)) this.rtc.setByte(address, value);
    this.floppyController = new I82077({ clock, drives: this.floppies, dma: byBytes.channel(FLOPPY_DMA), work, interrupt: interrupts.line(FLOPPY_IRQ) });
    this.cdDrive = media.cdrom === undefined ? null : new MmcDrive(media.cdrom);
    this.ide = new PiixIde({
      memory, work, drives: ideDrives(media, this.cdDrive), interrupts: [interrupts.line(IDE_IRQS[0]), interrupts.line(IDE_IRQS[1])],
    });
    this.pci.add(ISA_SLOT, 1, this.ide.pci);
    this.powerFunction = new PiixPm(this.powerManagement, ports);
    this.pci.add(ISA_SLOT, 3, this.powerFunction.pci);
    if (virtio.length > SLOTS - VIRTIO_SLOT) throw new VmError("EINVAL", `there are ${SLOTS - VIRTIO_SLOT} slots for virtio devices, not ${virtio.length}`);
    this.virtio = virtio.map((device, i) => new VirtioPci({ device, memory, work, interrupt: this.isaBridge.line(VIRTIO_SLOT + i, 1), sendMessage: interrupts.messages }));
    this.virtio.forEach(({ pci }, i) => this.pci.add(VIRTIO_SLOT + i, 0, pci));
    this.vga = new Vga(clock);
    this.vgaFunction = vgaFunction(this.vga, vgaRom);
    this.pci.add(VGA_SLOT, 0, this.vgaFunction);
    this.fwCfg = firmware;
    this.controlB = new SystemControlB(clock, this.pit.counters[2]);
    this.connect(ports);
  }

  /** What firmware would have set up, for systems that are started without. */
  initialise(): void {
    PIRQ_IRQS.forEach((irq, i) => this.isaBridge.pci.writeByte(PIRQ_ROUTING + i, irq));
    this.interrupts.initialise();
    this.ide.enableChannels();
    this.dma[1].writeByte(DMA_MODE, DMA_CASCADE);
    this.dma[1].writeByte(DMA_CLEAR_MASK, 0);
    this.powerFunction.place(PM_BASE);
    this.ide.pci.writeByte(BASE_ADDRESS + 4 * 4 + 1, BUS_MASTER_PORTS >>> 8);
    this.ide.pci.writeByte(COMMAND, COMMAND_IO | COMMAND_MASTER);
    const resources = new PciResources();
    resources.assign(this.vgaFunction, 0);
    this.virtio.forEach(({ pci }, i) => resources.assign(pci, PIRQ_IRQS[pirqOf(VIRTIO_SLOT + i, 1)]));
  }

  /** Where all of video memory lies, once the base addresses are set. */
  get videoMemory(): number {
    return (this.vgaFunction.readByte(BASE_ADDRESS + 3) << 24) >>> 0;
  }

  /** Video memory where the processor has always found it. */
  get videoWindow(): MemoryRange {
    const { memory } = this.vga;
    return { first: VIDEO_MEMORY, count: VGA_WINDOW_BYTES, read: (offset, size) => memory.readWide(offset, size), write: (offset, size, value) => memory.writeWide(offset, size, value) };
  }

  /** Gives the chips their ports. */
  private connect(ports: PortSpace): void {
    const { pic, keyboardController } = this;
    const { dma: [byBytes, byWords] } = this;
    ports.addBytes(0, DMA_PORTS, byBytes);
    ports.addBytes(0xc0, 2 * DMA_PORTS, { readByte: (offset) => byWords.readByte(offset >>> 1), writeByte: (offset, value) => byWords.writeByte(offset >>> 1, value) });
    ports.addBytes(0x81, DMA_PAGE_PORTS, this.dmaPages);
    // The port between is the IDE channel's.
    ports.addBytes(FLOPPY_PORT, FLOPPY_DIR - 1, this.floppyController);
    ports.addBytes(FLOPPY_PORT + FLOPPY_DIR, 1, this.floppyController, FLOPPY_DIR);
    ports.addBytes(0x20, 2, pic.master);
    ports.addBytes(0xa0, 2, pic.slave);
    ports.addBytes(0x4d0, 2, pic.edgeLevel);
    ports.addBytes(0x40, 4, this.pit);
    ports.addBytes(0x60, 1, keyboardController);
    ports.addBytes(0x61, 1, this.controlB);
    ports.addBytes(0x64, 1, keyboardController, 4);
    ports.addBytes(0x70, 2, this.rtc);
    ports.addBytes(0x92, 1, this.controlA);
    ports.addBytes(SMI_COMMAND, 2, this.smi);
    ports.addWide(PCI_CONFIG_PORT, 1, this.pci);
    ports.addWide(PCI_CONFIG_PORT + 4, 4, { read: (offset, size) => this.pci.read(offset + 4, size), write: (offset, size, value) => this.pci.write(offset + 4, size, value) });
    ports.addBytes(RESET_PORT, 1, this.resetControl);
    ports.addWide(FW_CFG_PORT, FW_CFG_PORTS, this.fwCfg);
    IDE_PORTS.forEach(({ command, control }, i) => {
      ports.addWide(command, 8, this.ide.commandBlock(i));
      ports.addWide(control, IDE_CONTROL_PORTS, this.ide.controlBlock(i));
    });
    UARTS.forEach(({ port }, i) => ports.addBytes(port, UART_PORTS, this.uarts[i]));
    for (const [first, count] of VGA_RANGES) ports.addBytes(first, count, this.vga, first - VGA_PORTS);
    ports.addWide(VBE_PORTS, 2, this.vga.vbePorts);
  }

  /** By the names under which their states are saved; interrupt controllers come last, so that they see their inputs settled. */
  get devices(): ReadonlyMap<string, Device & Saveable> {
    const { pic, interrupts: { ioApic, localApic } } = this;
    return new Map<string, Device & Saveable>([
      ["pit", this.pit], ["rtc", this.rtc], ["hpet", this.hpet], ...this.uarts.map((uart, i): [string, Device & Saveable] => [`com${i + 1}`, uart]), ["keyboard", this.keyboard], ["mouse", this.mouse],
      ["scan-codes", this.scanCodes], ["i8042", this.keyboardController], ["port92", this.controlA], ["port61", this.controlB],
      ["acpi-pm", this.powerManagement], ["smi", this.smi], ["reset-control", this.resetControl], ["fw-cfg", this.fwCfg], ["pci", this.pci],
      ["dma1", this.dma[0]], ["dma2", this.dma[1]], ["dma-pages", this.dmaPages], ["floppy", this.floppyController],
      ["i440fx", this.hostBridge], ["piix3", this.isaBridge.pci], ["piix3-ide", this.ide.pci],
      ...this.ide.channels.map((channel, i): [string, Device & Saveable] => [`ide${i}`, channel]), ...this.ide.busMasters.map((master, i): [string, Device & Saveable] => [`ide${i}-dma`, master]),
      ...this.virtio.map((device, i): [string, Device & Saveable] => [`virtio${i}`, device]),
      ["vga", this.vga], ["vga-pci", this.vgaFunction], ["piix4-pm", this.powerFunction.pci], ["ioapic", ioApic], ["pic2", pic.slave], ["pic1", pic.master],
      ...(localApic === null ? [] : [["lapic", localApic] satisfies [string, Device & Saveable]]),
    ]);
  }

  reset(): void {
    for (const device of this.devices.values()) device.reset();
  }
}

/** Interrupt requests that several chips share: high while one of them is. */
class SharedLines {
  private readonly interrupts: PcInterrupts;
  private readonly levels = new Map<number, boolean[]>();

  constructor(interrupts: PcInterrupts) {
    this.interrupts = interrupts;
  }

  line(irq: number): Line {
    const levels = this.levels.get(irq) ?? [], mine = levels.length;
    levels.push(false);
    this.levels.set(irq, levels);
    return (isHigh) => {
      levels[mine] = isHigh;
      this.interrupts.setIrq(irq, levels.includes(true));
    };
  }
}
