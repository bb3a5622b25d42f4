/**
 * Virtio network device (§5.1): a card with a queue for frames in each direction and one for control. It leaves checksums and the cutting of
 * long TCP segments to the driver or the network, whichever can do without.
 */
import type { EthernetCard, EthernetFrame, EthernetNetwork } from "../../bus/ethernet.ts";
import type { SavedState, Shape } from "../saveable.ts";
import { bytes, FLAG, list, restoreFields, saveFields, upTo } from "../saveable.ts";
import type { DescriptorChain } from "./descriptor-chain.ts";
import type { VirtioDevice, VirtioTransport } from "./virtio-device.ts";
import { F_VERSION_1, VIRTIO_NET } from "./virtio-device.ts";
import { NetControl } from "./virtio-net-control.ts";
import type { Virtqueue } from "./virtqueue.ts";

const F_CSUM = 0, F_GUEST_CSUM = 1, F_MAC = 5, F_GUEST_TSO4 = 7, F_HOST_TSO4 = 11, F_MRG_RXBUF = 15, F_STATUS = 16, F_CTRL_VQ = 17, F_CTRL_RX = 18, F_CTRL_MAC_ADDR = 23;
const RECEIVE = 0, TRANSMIT = 1, CONTROL = 2, QUEUE_SIZE = 256, CONTROL_SIZE = 64;
/** Configuration: the address, and bit 0 of the status for a link that is up. */
const MAC_BYTES = 6, STATUS = 6, CONFIG_BYTES = 8, LINK_UP = 1;

/** The header in front of each frame (§5.1.6): flags, kind of segmentation, lengths, where the checksum goes, count of buffers. */
const FLAGS = 0, GSO_TYPE = 1, HEADER_LENGTH = 2, GSO_SIZE = 4, CHECKSUM_START = 6, CHECKSUM_OFFSET = 8, BUFFER_COUNT = 10, HEADER_BYTES = 12, LEGACY_HEADER_BYTES = 10;
const NEEDS_CHECKSUM = 1, DATA_VALID = 2, GSO_NONE = 0, GSO_TCPV4 = 1;

/** Ethernet's header and the longest packet of IPv4. */
const MAX_FRAME = 14 + 0xffff, MIN_FRAME = 14;
/** What a driver gives a frame where frames may take several buffers, at the least. */
const MERGED_BUFFER = 1500;
/** Where IPv4 says what is within, and how long its header is; where TCP has its checksum and its header's length. */
const IP_HEADER = 14, IP_PROTOCOL = IP_HEADER + 9, TCP = 6, TCP_CHECKSUM = 16, UDP_CHECKSUM = 6, TCP_LENGTH = 12;

interface Registers {
  mac: Uint8Array;
  isPromiscuous: boolean;
  isTableOver: boolean;
  /** Further addresses that frames are taken for. */
  addresses: readonly number[];
}

const MAX_MAC = 2 ** 48 - 1, MAX_ADDRESSES = 64;
const SHAPE: Shape<Registers> = { mac: bytes(MAC_BYTES), isPromiscuous: FLAG, isTableOver: FLAG, addresses: list(MAX_ADDRESSES, upTo(MAX_MAC)) };

export class VirtioNet implements VirtioDevice, EthernetCard {
  readonly name = "virtio-net";
  readonly type = VIRTIO_NET;
  readonly classCode = 0x020000;
  readonly features = [F_CSUM, F_GUEST_CSUM, F_MAC, F_GUEST_TSO4, F_HOST_TSO4, F_MRG_RXBUF, F_STATUS, F_CTRL_VQ, F_CTRL_RX, F_CTRL_MAC_ADDR];
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE, CONTROL_SIZE];
  readonly config = new Uint8Array(CONFIG_BYTES);
  readonly mac: number;
  private readonly network: EthernetNetwork;
  private readonly control: NetControl;
  private transport: VirtioTransport | null = null;

  /** @param mac  48 bits, of a single card */
  constructor(network: EthernetNetwork, mac: number) {
    this.network = network;
    this.mac = mac;
    this.control = new NetControl(MAX_ADDRESSES);
    this.config[STATUS] = LINK_UP;
    this.reset();
    network.attach(this);
  }

  connect(transport: VirtioTransport): void {
    this.transport = transport;
  }

  /** Legacy drivers set their address here; others by a command. */
  writeConfig(offset: number, value: number): void {
    if (offset < MAC_BYTES && !this.has(F_VERSION_1)) this.config[offset] = value;
  }

  notify(queue: number): void {
    if (queue === RECEIVE) this.network.roomAgain();
    else if (queue === TRANSMIT) this.transmit();
    else this.obey();
  }

  reset(): void {
    for (let i = 0; i < MAC_BYTES; i++) this.config[i] = Math.floor(this.mac / 2 ** (8 * (MAC_BYTES - 1 - i)));
    this.control.reset();
  }

  save(): SavedState {
    return saveFields(this.registers());
  }

  restore(state: SavedState): void {
    const r = this.registers();
    restoreFields(this.name, r, SHAPE, state);
    this.config.set(r.mac);
    Object.assign(this.control, { isPromiscuous: r.isPromiscuous, isTableOver: r.isTableOver, addresses: r.addresses });
  }

  // ---- frames from the network

  get takesUnsummed(): boolean {
    return this.has(F_GUEST_CSUM);
  }

  /** Half of the queue's buffers: the driver fills it up when it is less than full. */
  get largestFrame(): number {
    if (!this.has(F_GUEST_TSO4) || !this.has(F_GUEST_CSUM)) return 0;
    return this.has(F_MRG_RXBUF) ? Math.min(MAX_FRAME, (this.receiveQueue?.size ?? 0) / 2 * MERGED_BUFFER) : MAX_FRAME;
  }

  /** While there is no driver, frames are lost. */
  receive(frame: EthernetFrame): boolean {
    const queue = this.receiveQueue, total = this.headerBytes + frame.bytes.length;
    if (queue?.isEnabled !== true || !this.isFor(frame.bytes)) return true;
    const chains = this.takeBuffers(queue, total), room = chains.reduce((sum, chain) => sum + chain.writableBytes, 0);
    if (room < total && this.has(F_MRG_RXBUF) && chains.length < queue.size) {
      for (const chain of chains.reverse()) queue.untake(chain);
      return false;
    }
    if (chains.length === 0) return false;
    if (room >= total) this.fill(chains, frame);
    for (const chain of chains) queue.complete(chain);
    return true;
  }

  private get receiveQueue(): Virtqueue | undefined {
    return this.transport?.queues[RECEIVE];
  }

  /** One buffer, or as many as the frame takes where it may take several; fewer if there are no more. */
  private takeBuffers(queue: Virtqueue, total: number): DescriptorChain[] {
    const chains: DescriptorChain[] = [];
    let room = 0;
    do {
      const chain = queue.take();
      if (chain === null) break;
      chains.push(chain);
      room += chain.writableBytes;
    } while (room < total && this.has(F_MRG_RXBUF));
    return chains;
  }

  private fill(chains: readonly DescriptorChain[], frame: EthernetFrame): void {
    const header = this.headerOf(frame, chains.length);
    let done = 0;
    chains.forEach((chain, i) => {
      const at = i === 0 ? chain.write(0, header) : 0;
      // A buffer that has not even room for the header has no room for more.
      done += chain.write(at, frame.bytes.subarray(done));
    });
  }

  private headerOf({ bytes: frame, isSummed, segmentBytes }: EthernetFrame, bufferCount: number): Uint8Array {
    const header = new Uint8Array(this.headerBytes), view = new DataView(header.buffer);
    if (isSummed) header[FLAGS] = this.has(F_GUEST_CSUM) ? DATA_VALID : 0;
    else {
      const start = IP_HEADER + (frame[IP_HEADER] & 15) * 4, isTcp = frame[IP_PROTOCOL] === TCP;
      header[FLAGS] = NEEDS_CHECKSUM;
      header[GSO_TYPE] = segmentBytes > 0 ? GSO_TCPV4 : GSO_NONE;
      view.setUint16(HEADER_LENGTH, start + (frame[start + TCP_LENGTH] >>> 4) * 4, true);
      view.setUint16(GSO_SIZE, segmentBytes, true);
      view.setUint16(CHECKSUM_START, start, true);
      view.setUint16(CHECKSUM_OFFSET, isTcp ? TCP_CHECKSUM : UDP_CHECKSUM, true);
    }
    if (header.length === HEADER_BYTES) view.setUint16(BUFFER_COUNT, bufferCount, true);
    return header;
  }

  /** Whether a frame is for this card: to its address, to one of those that it has been told, to a group. */
  private isFor(frame: Uint8Array): boolean {
    let isOurs = true;
    for (let i = 0; i < MAC_BYTES; i++) isOurs &&= frame[i] === this.config[i];
    return isOurs || (frame[0] & 1) !== 0 || this.control.takes(frame);
  }

  // ---- frames from the driver

  private transmit(): void {
    const queue = this.transport?.queues[TRANSMIT], { headerBytes } = this;
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      const length = chain.readableBytes - headerBytes;
      if (length >= MIN_FRAME && length <= MAX_FRAME) this.send(chain.read(0, chain.readableBytes));
      queue?.complete(chain);
    }
    this.network.endBurst();
  }

  private send(data: Uint8Array): void {
    const isLarge = data[GSO_TYPE] !== GSO_NONE;
    this.network.send({
      bytes: data.subarray(this.headerBytes), isSummed: (data[FLAGS] & NEEDS_CHECKSUM) === 0, segmentBytes: isLarge ? data[GSO_SIZE] | (data[GSO_SIZE + 1] << 8) : 0,
    });
  }

  // ---- control

  private obey(): void {
    const queue = this.transport?.queues[CONTROL];
    for (let chain = queue?.take(); chain; chain = queue?.take()) {
      const mac = this.control.obey(chain);
      if (mac !== null) this.config.set(mac);
      queue?.complete(chain);
    }
  }

  // ----

  private has(feature: number): boolean {
    return this.transport?.has(feature) ?? false;
  }

  /** Legacy drivers that do not merge buffers have no count of them (§5.1.6.1). */
  private get headerBytes(): number {
    return this.has(F_VERSION_1) || this.has(F_MRG_RXBUF) ? HEADER_BYTES : LEGACY_HEADER_BYTES;
  }

  private registers(): Registers {
    const { control: { isPromiscuous, isTableOver, addresses }, config } = this;
    return { mac: config.slice(0, MAC_BYTES), isPromiscuous, isTableOver, addresses };
  }
}
