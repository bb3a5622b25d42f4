/** Commands to a virtio network device (§5.1.6.5): which frames it takes, and its address. */
import type { DescriptorChain } from "./descriptor-chain.ts";

/** Classes and commands. */
const RX = 0, PROMISC = 0, ALL_MULTICAST = 1;
const MAC = 1, TABLE_SET = 0, ADDRESS_SET = 1;
const OK = 0, ERROR = 1;
const MAC_BYTES = 6, COUNT_BYTES = 4, COMMAND_BYTES = 2;

export class NetControl {
  /** Takes every frame. */
  isPromiscuous = false;
  /** The table had more addresses than are kept: all frames are taken (§5.1.6.5.2). */
  isTableOver = false;
  /** Addresses besides the card's own, 48 bits each. */
  addresses: readonly number[] = [];
  private readonly mostAddresses: number;

  /** @param mostAddresses  how many are kept */
  constructor(mostAddresses: number) {
    this.mostAddresses = mostAddresses;
  }

  reset(): void {
    this.isPromiscuous = this.isTableOver = false;
    this.addresses = [];
  }

  /** Whether a frame to a single card is taken, though that is not this card's own address. */
  takes(frame: Uint8Array): boolean {
    return this.isPromiscuous || this.isTableOver || (this.addresses.length > 0 && this.addresses.includes(macAt(frame, 0)));
  }

  /** Does what a command says and puts the answer behind it. Returns the card's new address, if that was it. */
  obey(chain: DescriptorChain): Uint8Array | null {
    const [commandClass, command] = chain.read(0, COMMAND_BYTES), length = chain.readableBytes - COMMAND_BYTES;
    let isDone = false, mac: Uint8Array | null = null;
    if (commandClass === RX && (command === PROMISC || command === ALL_MULTICAST) && length === 1) {
      // Frames for groups are taken in any case.
      if (command === PROMISC) this.isPromiscuous = chain.read(COMMAND_BYTES, 1)[0] !== 0;
      isDone = true;
    } else if (commandClass === MAC && command === TABLE_SET) isDone = this.setTable(chain, length);
    else if (commandClass === MAC && command === ADDRESS_SET && length === MAC_BYTES) {
      mac = chain.read(COMMAND_BYTES, MAC_BYTES);
      isDone = true;
    }
    chain.write(0, Uint8Array.of(isDone ? OK : ERROR));
    return mac;
  }

  /** A count and so many addresses of single cards; then the same for groups. */
  private setTable(chain: DescriptorChain, length: number): boolean {
    const count = dwordAt(chain.read(COMMAND_BYTES, COUNT_BYTES));
    if (count === null || count * MAC_BYTES + COUNT_BYTES > length) return false;
    this.isTableOver = count > this.mostAddresses;
    const kept = this.isTableOver ? 0 : count, table = chain.read(COMMAND_BYTES + COUNT_BYTES, kept * MAC_BYTES);
    this.addresses = Array.from({ length: kept }, (_, i) => macAt(table, i * MAC_BYTES));
    return true;
  }
}

function macAt(bytes: Uint8Array, at: number): number {
  let mac = 0;
  for (let i = 0; i < MAC_BYTES; i++) mac = mac * 256 + bytes[at + i];
  return mac;
}

function dwordAt(bytes: Uint8Array): number | null {
  return bytes.length === COUNT_BYTES ? (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0 : null;
}
