/** Virtio console device (§5.3), with one port: bytes to the driver and from it, and the size of the screen behind it. */
import type { SavedState, Shape } from "../saveable.ts";
import { restoreFields, saveFields, WORD } from "../saveable.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { VIRTIO_CONSOLE } from "./virtio-device.ts";

const F_SIZE = 0, F_EMERG_WRITE = 2;
const RECEIVE = 0, TRANSMIT = 1;
/** Offsets in the configuration space (§5.3.4). */
const COLUMNS = 0, ROWS = 2, MAX_PORTS = 4, EMERGENCY = 8, CONFIG_BYTES = 12;
/** Bytes moved at a time, and most of one buffer: more than any driver sends at once. */
const PIECE_BYTES = 4096, MOST_BYTES = 1 << 20;
const DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 25;

/** The other end. */
export interface ConsolePeer {
  transmit(bytes: Uint8Array): void;
  /** The driver has room again for bytes that `receive` did not take. */
  roomAgain(): void;
}

interface Size {
  columns: number;
  rows: number;
}

const SHAPE: Shape<Size> = { columns: WORD, rows: WORD };

export class VirtioConsole implements VirtioDevice {
  readonly name = "virtio-console";
  readonly type = VIRTIO_CONSOLE;
  readonly classCode = 0x078000;
  readonly features = [F_SIZE, F_EMERG_WRITE];
  readonly queueSizes = [64, 64];
  readonly config = new Uint8Array(CONFIG_BYTES);
  private readonly view = new DataView(this.config.buffer);
  private transport: VirtioTransport | null = null;
  private peer: ConsolePeer = { transmit: () => undefined, roomAgain: () => undefined };

  constructor() {
    this.view.setUint16(COLUMNS, DEFAULT_COLUMNS, true);
    this.view.setUint16(ROWS, DEFAULT_ROWS, true);
    this.view.setUint32(MAX_PORTS, 1, true);
  }

  connectPeer(peer: ConsolePeer): void {
    this.peer = peer;
  }

  /** Bytes for the driver: returns how many it had room for. */
  receive(bytes: Uint8Array): number {
    const queue = this.transport?.queues[RECEIVE];
    let taken = 0;
    while (taken < bytes.length) {
      const chain = queue?.take() ?? null;
      if (chain === null) break;
      taken += chain.write(0, bytes.subarray(taken));
      queue?.complete(chain);
    }
    return taken;
  }

  /** The screen has so many characters now, each way 1..65535. */
  resize(columns: number, rows: number): void {
    this.view.setUint16(COLUMNS, columns, true);
    this.view.setUint16(ROWS, rows, true);
    this.transport?.configChanged();
  }

  // ---- for the transport

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  /** A driver in distress writes a character where it needs no queue. */
  writeConfig(offset: number, value: number): void {
    if (offset === EMERGENCY) this.peer.transmit(Uint8Array.of(value));
  }

  notify(index: number): void {
    if (index === RECEIVE) return this.peer.roomAgain();
    const queue = this.transport?.queues[TRANSMIT];
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      for (let at = 0; at < Math.min(chain.readableBytes, MOST_BYTES); at += PIECE_BYTES) this.peer.transmit(chain.read(at, PIECE_BYTES));
      queue?.complete(chain);
    }
  }

  reset(): void {
    return;
  }

  save(): SavedState {
    return saveFields({ columns: this.view.getUint16(COLUMNS, true), rows: this.view.getUint16(ROWS, true) });
  }

  restore(state: SavedState): void {
    const size: Size = { columns: 0, rows: 0 };
    restoreFields(this.name, size, SHAPE, state);
    this.view.setUint16(COLUMNS, size.columns, true);
    this.view.setUint16(ROWS, size.rows, true);
  }
}
