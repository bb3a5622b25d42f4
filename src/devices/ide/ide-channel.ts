/**
 * An IDE channel (ATA/ATAPI-6, clause 7): up to two units share its ports. What is written goes to both, and the one that is selected
 * answers and executes.
 */
import type { Device, Line } from "../../bus/device.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { BYTE, restoreFields, restoreParts, saveFields, saveParts } from "../saveable.ts";
import type { BusMaster } from "./bus-master.ts";
import type { IdeDrive } from "./ide-unit.ts";
import { DATA, DEVICE, IdeUnit, STATUS } from "./ide-unit.ts";

const CONTROL_NO_INTERRUPT = 2, CONTROL_RESET = 4, CONTROL_HIGH_BYTE = 0x80;
const DEVICE_SECOND = 0x10;
/** Goes to both units, whichever is selected. */
const DIAGNOSTIC = 0x90;

interface Registers {
  /** Device register, as written last: which unit is selected. */
  device: number;
  control: number;
}

const SHAPE: Shape<Registers> = { device: BYTE, control: BYTE };

export interface ChannelParts {
  readonly drives: readonly [IdeDrive | null, IdeDrive | null];
  readonly busMaster: BusMaster;
  readonly work: HostWork;
  readonly interrupt: Line;
}

export class IdeChannel implements Device, Saveable {
  readonly units: readonly [IdeUnit | null, IdeUnit | null];
  private readonly r: Registers = { device: 0, control: 0 };
  private readonly parts: ChannelParts;
  private isHigh = false;

  constructor(parts: ChannelParts) {
    const { drives: [first, second], busMaster, work } = parts;
    const unitOf = (drive: IdeDrive | null): IdeUnit | null => (drive === null ? null : new IdeUnit({ drive, busMaster, work, onInterrupt: () => this.drive() }));
    this.parts = parts;
    this.units = [unitOf(first), unitOf(second)];
    busMaster.onStart = () => this.selected?.dmaStarted();
  }

  /** Command block. A unit that is not there reads as 0. */
  read(offset: number, size: number): number {
    return this.selected?.read(offset, size, (this.r.control & CONTROL_HIGH_BYTE) !== 0) ?? 0;
  }

  write(offset: number, size: number, value: number): void {
    const { r } = this, byte = value & 0xff;
    if (offset === DATA) {
      this.selected?.writeData(size, value);
      return;
    }
    r.control &= ~CONTROL_HIGH_BYTE;
    if (offset === STATUS) return this.execute(byte);
    for (const unit of this.units) unit?.writeRegister(offset, byte);
    if (offset !== DEVICE) return;
    r.device = byte;
    this.drive();
  }

  /** Alternate status: as the status, and the interrupt stays. */
  readAlternateStatus(): number {
    return this.selected?.r.status ?? 0;
  }

  /** Device control. */
  writeControl(value: number): void {
    const { r } = this, wasReset = (r.control & CONTROL_RESET) !== 0, isReset = (value & CONTROL_RESET) !== 0;
    r.control = value & (CONTROL_NO_INTERRUPT | CONTROL_RESET | CONTROL_HIGH_BYTE);
    if (isReset && !wasReset) this.softReset();
    if (isReset || wasReset) for (const unit of this.units) unit?.holdReset(isReset);
    this.drive();
  }

  reset(): void {
    Object.assign(this.r, { device: 0, control: 0 });
    for (const unit of this.units) unit?.reset();
    this.drive();
  }

  save(): SavedState {
    return saveParts(this.saveables);
  }

  restore(state: SavedState): void {
    restoreParts("IDE channel", this.saveables, state);
    this.drive();
  }

  private get saveables(): Readonly<Record<string, Saveable>> {
    const { r, units: [first, second] } = this;
    return {
      ...(first === null ? {} : { unit0: first }), ...(second === null ? {} : { unit1: second }),
      registers: { save: () => saveFields(r), restore: (state) => restoreFields("IDE channel", r, SHAPE, state) },
    };
  }

  private get selected(): IdeUnit | null {
    return this.units[(this.r.device & DEVICE_SECOND) !== 0 ? 1 : 0];
  }

  private execute(command: number): void {
    if (command !== DIAGNOSTIC) {
      this.selected?.execute(command);
      return;
    }
    this.softReset();
    this.selected?.setInterrupt(true);
  }

  /** Selects the first unit. */
  private softReset(): void {
    this.r.device = 0;
    for (const unit of this.units) unit?.softReset();
  }

  /** INTRQ is the selected unit's; the bus master sees it rise. */
  private drive(): void {
    const wasHigh = this.isHigh;
    this.isHigh = this.selected?.hasInterrupt === true && (this.r.control & CONTROL_NO_INTERRUPT) === 0;
    if (this.isHigh && !wasHigh) this.parts.busMaster.noteInterrupt();
    this.parts.interrupt(this.isHigh);
  }
}
