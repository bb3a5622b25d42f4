/** The images that `tcgjs boot` is given for its drives: opened before the machine is made, closed after it has ended. */
import type { Image } from "../block/device.ts";
import { openImage } from "../block/formats.ts";
import { FILE_HOST } from "../host/storage.ts";
import type { Media } from "../machine/media.ts";
import { value } from "./option-table.ts";
import type { ValuesOf } from "./option-table.ts";

/** Disks in the order of the IDE channels. */
const DISKS = ["hda", "hdb", "hdc", "hdd"] as const;
/** A drive with nothing in it. */
const EMPTY = "none";

const disk = (where: string) => value((path) => path, { argument: "IMAGE", help: `the disk that is the ${where}: raw, qcow2, vdi or vmdk` });

export const mediaOptions = {
  hda: disk("first IDE channel's first"),
  hdb: disk("first IDE channel's second"),
  hdc: disk("second IDE channel's first"),
  hdd: disk("second IDE channel's second"),
  cdrom: value((path) => path, { argument: "IMAGE", help: `the disc in a CD-ROM drive, the second IDE channel's first; ${EMPTY} for an empty drive` }),
};

/**
 * Opens what the options name, for as long as `action` takes.
 * @throws VmError for what cannot be opened, or closed
 */
export async function withMedia<T>(values: ValuesOf<typeof mediaOptions>, action: (media: Media) => Promise<T>): Promise<T> {
  const images: Image[] = [];
  const open = async (path: string, isReadOnly: boolean): Promise<Image> => {
    const image = await openImage(FILE_HOST, path, { format: null, isReadOnly });
    images.push(image);
    return image;
  };
  try {
    const { cdrom } = values, disks: (Image | null)[] = [];
    for (const name of DISKS) disks.push(values[name] === null ? null : await open(values[name], false));
    return await action({ disks, cdrom: cdrom === null ? undefined : cdrom === EMPTY ? null : await open(cdrom, true) });
  } finally {
    for (const image of images) await image.close();
  }
}
