/** Images that are open: whoever opens one here need not think of closing it at the end. */
import type { Image } from "../../block/device.ts";
import type { DriveChoice } from "./drives.ts";
import { openDrive } from "./drives.ts";

export class ImageShelf {
  private readonly images = new Set<Image>();

  /** @throws VmError for an image that cannot be opened */
  async open(choice: Omit<DriveChoice, "bus">): Promise<Image> {
    const image = await openDrive(choice);
    this.images.add(image);
    return image;
  }

  /** How many have been opened and are not closed. */
  get count(): number {
    return this.images.size;
  }

  /** Ends what is under way with an image, and closes it. @throws VmError */
  async close(image: Image): Promise<void> {
    this.images.delete(image);
    await image.close();
  }

  /** @throws VmError */
  async closeAll(): Promise<void> {
    for (const image of this.images) await this.close(image);
  }
}
