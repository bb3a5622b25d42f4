/** Gives the guest its address: DHCP (RFC 2131, options of RFC 2132), the server's side. */
import { BROADCAST, FIRST_GUEST, GATEWAY, NAME_SERVER, NETMASK, UNSPECIFIED } from "./addresses.ts";
import type { Ipv4Address } from "./addresses.ts";
import { DOMAIN } from "./dns.ts";
import { get16, get32, get48, put16, put32 } from "./network-order.ts";

export const DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68;

/** Offsets (RFC 2131 §2). */
const OP = 0, HARDWARE_TYPE = 1, HARDWARE_LENGTH = 2, TRANSACTION = 4, FLAGS = 10, CLIENT = 12, YOURS = 16, RELAY = 24, HARDWARE = 28, COOKIE = 236, OPTIONS = 240;
const BOOT_REQUEST = 1, BOOT_REPLY = 2, ETHERNET = 1, MAC_BYTES = 6, COOKIE_VALUE = 0x63825363, BROADCAST_FLAG = 0x8000;
/** Clients of BOOTP's time expect no less. */
const MIN_MESSAGE = 300;
const OPTION = { pad: 0, mask: 1, router: 3, nameServer: 6, domain: 15, requested: 50, leaseTime: 51, type: 53, server: 54, end: 255 } as const;
const DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6, INFORM = 8;
const LEASE_SECONDS = 86_400;
/** 10.0.2.15 and so on. */
const MAX_LEASES = 16;

/** An answer, and where it goes. */
export interface DhcpReply {
  readonly message: Uint8Array;
  readonly destination: Ipv4Address;
  /** The card it goes to, unless `destination` is everybody. */
  readonly mac: number;
}

export class DhcpServer {
  /** Cards in the order in which they asked; the n-th has the n-th address. */
  private readonly leases: number[] = [];

  /** The answer to a message, or null if there is none. */
  answer(message: Uint8Array): DhcpReply | null {
    if (message.length < OPTIONS || message[OP] !== BOOT_REQUEST || message[HARDWARE_TYPE] !== ETHERNET || message[HARDWARE_LENGTH] !== MAC_BYTES) return null;
    if (get32(message, COOKIE) !== COOKIE_VALUE || get32(message, RELAY) !== UNSPECIFIED) return null;
    const options = parseOptions(message), type = options.get(OPTION.type)?.[0];
    switch (type) {
      case DISCOVER: return this.reply(message, OFFER);
      case REQUEST: return this.answerRequest(message, options);
      case INFORM: return this.reply(message, ACK);
      default: return null;
    }
  }

  /** A client wants an address: the one that was offered, or the one it had (RFC 2131 §4.3.2). */
  private answerRequest(message: Uint8Array, options: ReadonlyMap<number, Uint8Array>): DhcpReply | null {
    const server = addressOption(options, OPTION.server), wanted = addressOption(options, OPTION.requested) ?? get32(message, CLIENT);
    if (server !== null && server !== GATEWAY) return null;
    return this.reply(message, wanted === this.addressFor(get48(message, HARDWARE)) ? ACK : NAK);
  }

  private reply(message: Uint8Array, type: number): DhcpReply | null {
    const mac = get48(message, HARDWARE), isInform = parseOptions(message).get(OPTION.type)?.[0] === INFORM;
    const address = isInform ? UNSPECIFIED : this.addressFor(mac), client = get32(message, CLIENT);
    if (address === null || (isInform && client === UNSPECIFIED)) return null;
    const options = new OptionWriter();
    options.bytes(OPTION.type, [type]);
    options.address(OPTION.server, GATEWAY);
    if (type !== NAK) {
      if (!isInform) options.address(OPTION.leaseTime, LEASE_SECONDS);
      options.address(OPTION.mask, NETMASK);
      options.address(OPTION.router, GATEWAY);
      options.address(OPTION.nameServer, NAME_SERVER);
      options.bytes(OPTION.domain, new TextEncoder().encode(DOMAIN));
    }
    const isForAll = type === NAK || (client === UNSPECIFIED && (get16(message, FLAGS) & BROADCAST_FLAG) !== 0);
    return { message: replyBytes(message, type === NAK ? UNSPECIFIED : address, options.finish()), destination: isForAll ? BROADCAST : client || address, mac };
  }

  /** Null if there are no more. */
  private addressFor(mac: number): Ipv4Address | null {
    let index = this.leases.indexOf(mac);
    if (index < 0) {
      if (this.leases.length === MAX_LEASES) return null;
      index = this.leases.push(mac) - 1;
    }
    return FIRST_GUEST + index;
  }
}

function replyBytes(request: Uint8Array, yours: Ipv4Address, options: Uint8Array): Uint8Array {
  const reply = new Uint8Array(Math.max(MIN_MESSAGE, OPTIONS + options.length));
  reply[OP] = BOOT_REPLY;
  reply[HARDWARE_TYPE] = ETHERNET;
  reply[HARDWARE_LENGTH] = MAC_BYTES;
  reply.set(request.subarray(TRANSACTION, TRANSACTION + 4), TRANSACTION);
  put16(reply, FLAGS, get16(request, FLAGS) & BROADCAST_FLAG);
  reply.set(request.subarray(CLIENT, CLIENT + 4), CLIENT);
  put32(reply, YOURS, yours);
  reply.set(request.subarray(HARDWARE, HARDWARE + 16), HARDWARE);
  put32(reply, COOKIE, COOKIE_VALUE);
  reply.set(options, OPTIONS);
  return reply;
}

/** Options up to the end mark or the end of the message; the first of several alike counts. */
function parseOptions(message: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS; at < message.length && message[at] !== OPTION.end;) {
    if (message[at] === OPTION.pad) {
      at++;
      continue;
    }
    const length = at + 1 < message.length ? message[at + 1] : 0, end = at + 2 + length;
    if (end > message.length) break;
    if (!options.has(message[at])) options.set(message[at], message.subarray(at + 2, end));
    at = end;
  }
  return options;
}

function addressOption(options: ReadonlyMap<number, Uint8Array>, code: number): Ipv4Address | null {
  const bytes = options.get(code);
  return bytes?.length === 4 ? get32(bytes, 0) : null;
}

class OptionWriter {
  private readonly written: number[] = [];

  bytes(code: number, value: ArrayLike<number>): void {
    this.written.push(code, value.length, ...Array.from(value));
  }

  /** A number of 32 bits. */
  address(code: number, value: number): void {
    const bytes = new Uint8Array(4);
    put32(bytes, 0, value);
    this.bytes(code, bytes);
  }

  finish(): Uint8Array {
    return Uint8Array.of(...this.written, OPTION.end);
  }
}
