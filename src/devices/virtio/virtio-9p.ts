/** Virtio 9P transport (§5.9; Linux, net/9p/trans_virtio.c): a chain is a message of the driver's and room for the answer. */
import type { HostFolder } from "../../bus/host-folder.ts";
import type { SavedState } from "../saveable.ts";
import { HEADER_BYTES } from "./p9/p9-message.ts";
import { MAX_MESSAGE, P9Server } from "./p9/p9-server.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { VIRTIO_9P } from "./virtio-device.ts";

const F_MOUNT_TAG = 0;
/** The least that an answer needs: that of an error. */
const MIN_ANSWER = 11;
/** Most bytes of a tag, in UTF-8. */
export const MAX_TAG_BYTES = 31;

export class Virtio9p implements VirtioDevice {
  readonly name = "virtio-9p";
  readonly type = VIRTIO_9P;
  readonly classCode = 0x018000;
  readonly features = [F_MOUNT_TAG];
  readonly queueSizes = [128];
  /** The tag, by which the driver mounts the folder, with its length before it. */
  readonly config: Uint8Array;
  private readonly server: P9Server;
  private transport: VirtioTransport | null = null;

  /** @param tag  1..MAX_TAG_BYTES bytes */
  constructor(folder: HostFolder, tag: string) {
    const bytes = new TextEncoder().encode(tag).subarray(0, MAX_TAG_BYTES);
    this.config = Uint8Array.of(bytes.length, 0, ...bytes);
    this.server = new P9Server(folder);
  }

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notify(): void {
    const { transport } = this, queue = transport?.queues[0];
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      // There is no way to fail a message that has no header or no room for its answer.
      if (chain.readableBytes < HEADER_BYTES || chain.writableBytes < MIN_ANSWER) return transport?.needsReset();
      chain.write(0, this.server.answer(chain.read(0, MAX_MESSAGE), chain.writableBytes));
      queue?.complete(chain);
    }
  }

  reset(): void {
    this.server.reset();
  }

  save(): SavedState {
    return this.server.save();
  }

  restore(state: SavedState): void {
    this.server.restore(state);
  }
}
