/** The images that `tcgjs boot` is given for its drives: opened before the machine is made, closed after it has ended. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Image } from "../../block/device.ts";
import { VirtioBlk } from "../../devices/virtio/virtio-blk.ts";
import type { Media } from "../../machine/media.ts";
import { flag, value, values } from "../option-table.ts";
import type { ValuesOf } from "../option-table.ts";
import type { DriveContents } from "./bays.ts";
import type { DriveChoice } from "./drives.ts";
import { DRIVE_ARGUMENT, parseDrive } from "./drives.ts";
import { ImageShelf } from "./image-shelf.ts";

/** Disks in the order of the IDE channels. */
const DISKS = ["hda", "hdb", "hdc", "hdd"] as const;
/** Among them, where the CD-ROM drive is. */
const CDROM_PLACE = 2;
/** A drive with nothing in it. */
const EMPTY = "none";

const disk = (where: string) => value((path) => path, { argument: "IMAGE", help: `the disk that is the ${where}: raw, qcow2, vdi or vmdk` });

const floppy = (which: string) => value((path) => path, { argument: "IMAGE", help: `the disk in the ${which} floppy disk drive, of 360K to 2.88M; ${EMPTY} for an empty drive` });

export const mediaOptions = {
  hda: disk("first IDE channel's first"),
  hdb: disk("first IDE channel's second"),
  hdc: disk("second IDE channel's first"),
  hdd: disk("second IDE channel's second"),
  fda: floppy("first"),
  fdb: floppy("second"),
  cdrom: value((path) => path, { argument: "IMAGE", help: `the disc in a CD-ROM drive, the second IDE channel's first; ${EMPTY} for an empty drive` }),
  drive: values(parseDrive, {
    argument: DRIVE_ARGUMENT, help: "a disk on IDE, at the first place that is free, or on virtio; given again it is one more. format= says what the image is, which is told "
      + "by its first bytes otherwise; snapshot=on throws away what is written",
  }),
  snapshot: flag({ help: "throw away what is written to any disk" }),
};

/** True if there is anything that a machine could start from. */
export function hasMedia(options: ValuesOf<typeof mediaOptions>): boolean {
  return [...DISKS.map((name) => options[name]), options.fda, options.fdb, options.cdrom].some((image) => image !== null) || options.drive.length > 0;
}

/** What the machine is given. */
export interface BootMedia extends Media {
  readonly virtio: readonly VirtioBlk[];
  /** The same, by the names of the drives. */
  readonly contents: readonly DriveContents[];
  readonly shelf: ImageShelf;
}

/**
 * Opens what the options name, for as long as `action` takes.
 * @throws VmError for what cannot be opened, or closed
 */
export async function withMedia<T>(options: ValuesOf<typeof mediaOptions>, action: (media: BootMedia) => Promise<T>): Promise<T> {
  const shelf = new ImageShelf(), contents: DriveContents[] = [], { cdrom, snapshot } = options;
  const open = async (name: string, choice: Omit<DriveChoice, "bus">): Promise<Image> => {
    const image = await shelf.open(choice);
    contents.push({ name, image, path: choice.path, isSnapshot: choice.isSnapshot && !choice.isReadOnly });
    return image;
  };
  const plain = { format: null, isReadOnly: false, isSnapshot: snapshot };
  try {
    const disks: (Image | null)[] = [], virtio: VirtioBlk[] = [];
    for (const name of DISKS) disks.push(options[name] === null ? null : await open(name, { ...plain, path: options[name] }));
    for (const drive of options.drive) {
      const choice = { ...drive, isSnapshot: drive.isSnapshot || snapshot };
      if (drive.bus === "virtio") virtio.push(new VirtioBlk(await open(`virtio${virtio.length}`, choice), `TCGJS${shelf.count - 1}`));
      else {
        const place = freePlace(disks, cdrom !== null);
        disks[place] = await open(DISKS[place], choice);
      }
    }
    const removable = async (name: "fda" | "fdb" | "cdrom", isReadOnly: boolean): Promise<Image | null | undefined> => {
      const path = options[name];
      if (path === null) return undefined;
      if (path !== EMPTY) return open(name, { ...plain, path, isReadOnly });
      contents.push({ name, image: null, path, isSnapshot: snapshot && !isReadOnly });
      return null;
    };
    const floppies = [await removable("fda", false), await removable("fdb", false)];
    return await action({ disks, virtio, floppies, cdrom: await removable("cdrom", true), contents, shelf });
  } finally {
    await shelf.closeAll();
  }
}

/** Where the next IDE disk goes. @throws VmError EINVAL if all places are taken */
function freePlace(disks: readonly (Image | null)[], hasCdrom: boolean): number {
  const free = disks.findIndex((image, i) => image === null && !(hasCdrom && i === CDROM_PLACE));
  if (free < 0) throw new VmError("EINVAL", `--drive: all ${DISKS.length} places on IDE are taken; if=virtio has more`);
  return free;
}
