/** Virtio entropy device (§5.4): fills the driver's buffers with random bytes. One queue, no features, no configuration. */
import type { SavedState } from "../saveable.ts";
import { array, DWORD, restoreFields } from "../saveable.ts";
import type { EntropySource } from "./entropy.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { VIRTIO_ENTROPY } from "./virtio-device.ts";

/** A buffer may be given back with fewer bytes than it has room for, but at least one. */
const MOST_BYTES = 1 << 16;

export class VirtioRng implements VirtioDevice {
  readonly name = "virtio-rng";
  readonly type = VIRTIO_ENTROPY;
  readonly classCode = 0xff0000;
  readonly features = [];
  readonly queueSizes = [8];
  readonly config = new Uint8Array(0);
  private readonly source: EntropySource;
  private transport: VirtioTransport | null = null;

  constructor(source: EntropySource) {
    this.source = source;
  }

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  notify(): void {
    const queue = this.transport?.queues[0];
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      const bytes = new Uint8Array(Math.min(chain.writableBytes, MOST_BYTES));
      this.source.fill(bytes);
      chain.write(0, bytes);
      queue?.complete(chain);
    }
  }

  /** The numbers go on. */
  reset(): void {
    return;
  }

  save(): SavedState {
    return { state: [...this.source.state] };
  }

  restore(state: SavedState): void {
    const fields = { state: this.source.state };
    restoreFields(this.name, fields, { state: array(this.source.state.length, DWORD) }, state);
    this.source.state = fields.state;
  }
}
