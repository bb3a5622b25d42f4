/** A floppy disk drive: where its heads are, and the disk in it. What the controller (i82077.ts) does with them is its business. */
import type { BlockDevice } from "../../block/device.ts";
import type { Device } from "../../bus/device.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { FLAG, restoreFields, saveFields, upTo } from "../saveable.ts";
import type { DiskFormat } from "./disk-format.ts";
import { FORMAT_1440K, formatOf, SECTOR_BYTES } from "./disk-format.ts";

/** How far heads can be moved. */
export const LAST_CYLINDER = 83;

interface State {
  cylinder: number;
  /** DSKCHG: the disk has been changed since the heads moved last. */
  isChanged: boolean;
}

const SHAPE: Shape<State> = { cylinder: upTo(LAST_CYLINDER), isChanged: FLAG };
const powerOn = (): State => ({ cylinder: 0, isChanged: true });

export class FloppyDrive implements Device, Saveable {
  /** The kind of drive, as CMOS has it; it goes by the first disk. */
  readonly type: number;
  private readonly s = powerOn();
  private image: BlockDevice | null;
  private disk: DiskFormat | null;

  /** @throws VmError EINVAL if the image is larger than a floppy disk */
  constructor(image: BlockDevice | null) {
    this.image = image;
    this.disk = image === null ? null : formatOf(image.sizeBytes);
    this.type = (this.disk ?? FORMAT_1440K).driveType;
  }

  /** Puts another disk into the drive, or none. The image stays the caller's to close. @throws VmError EINVAL if it is too large; nothing has changed then */
  change(image: BlockDevice | null): void {
    this.disk = image === null ? null : formatOf(image.sizeBytes);
    this.image = image;
    this.s.isChanged = true;
  }

  /** Null if there is no disk. */
  get format(): DiskFormat | null {
    return this.disk;
  }

  get cylinder(): number {
    return this.s.cylinder;
  }

  get isChanged(): boolean {
    return this.s.isChanged;
  }

  get isWriteProtected(): boolean {
    return this.image?.isReadOnly ?? false;
  }

  /** Moves the heads, as far as they go. A step with a disk in the drive resets DSKCHG. */
  seek(cylinder: number): void {
    this.s.cylinder = Math.max(0, Math.min(LAST_CYLINDER, cylinder));
    if (this.disk !== null) this.s.isChanged = false;
  }

  /** Reads a sector under the heads; what the image does not reach is zero. @param sector  from 1 on */
  async read(head: number, sector: number, bytes: Uint8Array): Promise<void> {
    const { image } = this, offset = this.offsetOf(head, sector);
    bytes.fill(0);
    if (image === null || offset === null) throw new Error("there is no such sector");
    if (offset < image.sizeBytes) await image.read(offset, bytes.subarray(0, image.sizeBytes - offset));
  }

  /** Writes one; what the image does not reach is lost. */
  async write(head: number, sector: number, bytes: Uint8Array): Promise<void> {
    const { image } = this, offset = this.offsetOf(head, sector);
    if (image === null || offset === null) throw new Error("there is no such sector");
    if (offset < image.sizeBytes) await image.write(offset, bytes.subarray(0, image.sizeBytes - offset));
  }

  reset(): void {
    Object.assign(this.s, powerOn());
  }

  save(): SavedState {
    return saveFields(this.s);
  }

  restore(state: SavedState): void {
    restoreFields("floppy drive", this.s, SHAPE, state);
  }

  private offsetOf(head: number, sector: number): number | null {
    const { disk, s: { cylinder } } = this;
    if (disk === null || cylinder >= disk.cylinders || head >= disk.heads || sector < 1 || sector > disk.sectors) return null;
    return ((cylinder * disk.heads + head) * disk.sectors + sector - 1) * SECTOR_BYTES;
  }
}
