/** What is in a PC's drives, and which drives those are. */
import { VmError } from "../../tcg/support/errors.ts";
import type { BlockDevice } from "../block/device.ts";
import type { MmcDrive } from "../devices/cdrom/mmc-drive.ts";
import { AtapiCdrom } from "../devices/ide/atapi-cdrom.ts";
import { AtaDisk } from "../devices/ide/ata-disk.ts";
import type { IdeDrive } from "../devices/ide/ide-unit.ts";

/** Images stay the caller's to close. */
export interface Media {
  /** Disks on IDE: primary master and slave, secondary master and slave; null for none. */
  readonly disks?: readonly (BlockDevice | null)[] | undefined;
  /** A CD-ROM drive on IDE, secondary master, and the disc in it; null for an empty one. Default: no drive. */
  readonly cdrom?: BlockDevice | null | undefined;
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
