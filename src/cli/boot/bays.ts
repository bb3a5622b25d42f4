/** The drives of a machine by name, and what is in them: what a person changes while it runs. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Image } from "../../block/device.ts";
import type { PcChips } from "../../machine/pc-chips.ts";
import type { ImageShelf } from "./image-shelf.ts";

/** A drive as it was at the start. */
export interface DriveContents {
  /** As the options have it: `hda`, `cdrom`, `virtio0`. */
  readonly name: string;
  /** Null for an empty drive. */
  readonly image: Image | null;
  /** The file as it was named. */
  readonly path: string;
  /** What is written is thrown away. */
  readonly isSnapshot: boolean;
}

/** What can be taken out of a drive. */
interface Removable {
  readonly isReadOnly: boolean;
  readonly isLocked: boolean;
  change(image: Image | null): void;
  /** The guest is asked to let go of what is in it. */
  askToOpen(): void;
}

interface Bay {
  contents: DriveContents;
  /** Null for a disk that stays. */
  readonly removable: Removable | null;
}

/** Names that QEMU has for drives of a PC. */
const QEMU_NAMES: Readonly<Record<string, string>> = {
  "ide0-hd0": "hda", "ide0-hd1": "hdb", "ide1-hd0": "hdc", "ide1-hd1": "hdd", "ide1-cd0": "cdrom", floppy0: "fda", floppy1: "fdb",
};

export class DriveBays {
  private readonly shelf: ImageShelf;
  private readonly bays: ReadonlyMap<string, Bay>;

  constructor(contents: readonly DriveContents[], shelf: ImageShelf, chips: Pick<PcChips, "cdDrive" | "floppies">) {
    this.shelf = shelf;
    this.bays = new Map(contents.map((each) => [each.name, { contents: each, removable: removableOf(each.name, chips) }]));
  }

  /** All drives, a line each, as `info block` shows them. */
  get text(): string {
    if (this.bays.size === 0) return "no drives\n";
    return [...this.bays].map(([name, { contents: { image, path, isSnapshot }, removable }]) => {
      const what = image === null ? "nothing" : `${path} (${image.format}, ${image.sizeBytes} bytes${image.isReadOnly ? ", read-only" : ""}${isSnapshot ? ", snapshot" : ""})`;
      return `${name}: ${what}${removable === null ? "" : `; removable${removable.isLocked ? ", locked" : ""}`}\n`;
    }).join("");
  }

  /** True if what is written to some disk is thrown away. */
  get hasSnapshots(): boolean {
    return [...this.bays.values()].some(({ contents: { isSnapshot } }) => isSnapshot);
  }

  /**
   * Puts another image into a drive. @param format  null: as the file's start says
   * @throws VmError ENXIO for no such drive, EBUSY for one that the guest has locked, others for an image that cannot be opened; nothing has changed then
   */
  async change(name: string, path: string, format: string | null, isForced: boolean): Promise<void> {
    const { bay, removable } = this.opened(name, isForced), { isSnapshot } = bay.contents;
    const image = await this.shelf.open({ path, format, isReadOnly: removable.isReadOnly, isSnapshot });
    try {
      removable.change(image);
    } catch (e) {
      await this.shelf.close(image);
      throw e;
    }
    await this.replace(bay, { ...bay.contents, image, path });
  }

  /** Takes out what is in a drive. @throws VmError as `change` */
  async eject(name: string, isForced: boolean): Promise<void> {
    const { bay, removable } = this.opened(name, isForced);
    removable.change(null);
    await this.replace(bay, { ...bay.contents, image: null });
  }

  private async replace(bay: Bay, contents: DriveContents): Promise<void> {
    const { image } = bay.contents;
    bay.contents = contents;
    if (image !== null) await this.shelf.close(image);
  }

  /** A drive that something can be taken out of now. */
  private opened(name: string, isForced: boolean): { readonly bay: Bay; readonly removable: Removable } {
    const bay = this.bays.get(QEMU_NAMES[name] ?? name), names = [...this.bays.keys()].join(", ");
    if (bay === undefined) throw new VmError("ENXIO", `there is no drive "${name}"; ${names === "" ? "the machine has none" : `the machine has ${names}`}`);
    const { removable } = bay;
    if (removable === null) throw new VmError("EINVAL", `${name} is a disk that cannot be taken out`);
    if (removable.isLocked && !isForced) {
      removable.askToOpen();
      throw new VmError("EBUSY", `${name} is locked by the guest, which has been asked to open it: try again, or with -f`);
    }
    return { bay, removable };
  }
}

function removableOf(name: string, { cdDrive, floppies }: Pick<PcChips, "cdDrive" | "floppies">): Removable | null {
  if (name === "cdrom" && cdDrive !== null) {
    return { isReadOnly: true, get isLocked() { return cdDrive.isLocked; }, change: (image) => cdDrive.change(image), askToOpen: () => void cdDrive.pressEject() };
  }
  const floppy = floppies[["fda", "fdb"].indexOf(name)] ?? null;
  return floppy === null ? null : { isReadOnly: false, isLocked: false, change: (image) => floppy.change(image), askToOpen: () => undefined };
}
