/** What is in a PC's drives, and which drives those are. */
import { VmError } from "../../tcg/support/errors.ts";
import type { BlockDevice } from "../block/device.ts";
import type { MmcDrive } from "../devices/cdrom/mmc-drive.ts";
import { AtapiCdrom } from "../devices/ide/atapi-cdrom.ts";
import { AtaDisk } from "../devices/ide/ata-disk.ts";
import type { IdeDrive } from "../devices/ide/ide-unit.ts";
import { FloppyDrive } from "../devices/floppy/floppy-drive.ts";

/** Images stay the caller's to close. */
export interface Media {
  /** Disks on IDE: primary master and slave, secondary master and slave; null for none. */
  readonly disks?: readonly (BlockDevice | null)[] | undefined;
  /** A CD-ROM drive on IDE, secondary master, and the disc in it; null for an empty one. Default: no drive. */
  readonly cdrom?: BlockDevice | null | undefined;
  /** Up to two floppy disk drives, and what is in them: null for an empty one, undefined for no drive. Default: none. */
  readonly floppies?: readonly (BlockDevice | null | undefined)[] | undefined;
}

const IDE_UNITS = [0, 1, 2, 3], CD_UNIT = 2;

/** The units of both IDE channels. @throws VmError EINVAL if a disk is where the CD-ROM drive is */
export function ideDrives({ disks = [] }: Media, cdDrive: MmcDrive | null): (IdeDrive | null)[] {
  const serial = (unit: number): string => `TCGJS${unit}`;
  const drives: (IdeDrive | null)[] = IDE_UNITS.map((unit) => (disks[unit] ? new AtaDisk(disks[unit], serial(unit)) : null));
  if (cdDrive === null) return drives;
  if (drives[CD_UNIT] !== null) throw new VmError("EINVAL", "the CD-ROM drive is the secondary master, where a disk is to be too");
  return drives.with(CD_UNIT, new AtapiCdrom(cdDrive, serial(CD_UNIT)));
}

const FLOPPY_UNITS = [0, 1];

/** @throws VmError EINVAL for an image that is larger than a floppy disk */
export function floppyDrives({ floppies = [] }: Media): (FloppyDrive | null)[] {
  return FLOPPY_UNITS.map((unit) => (floppies[unit] === undefined ? null : new FloppyDrive(floppies[unit])));
}

/** CMOS bytes of an AT: the kinds of its floppy disk drives; its equipment, which is those, a coprocessor and a mouse. */
const CMOS_FLOPPY_TYPES = 0x10, CMOS_EQUIPMENT = 0x14, EQUIPMENT_COPROCESSOR = 2, EQUIPMENT_MOUSE = 4;

/** What CMOS says of the drives, by address. */
export function floppyCmos(drives: readonly (FloppyDrive | null)[]): ReadonlyMap<number, number> {
  const [first = 0, second = 0] = drives.map((drive) => drive?.type ?? 0), count = drives.filter((drive) => drive !== null).length;
  const equipment = EQUIPMENT_COPROCESSOR | EQUIPMENT_MOUSE | (count === 0 ? 0 : 1 | ((count - 1) << 6));
  return new Map([[CMOS_FLOPPY_TYPES, (first << 4) | second], [CMOS_EQUIPMENT, equipment]]);
}
