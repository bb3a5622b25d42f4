/** The addresses of the virtual network: those that QEMU's user-mode network has. IPv4 addresses are unsigned numbers of 32 bits. */

export type Ipv4Address = number;

/** An address by its four numbers. */
export function ipv4(a: number, b: number, c: number, d: number): Ipv4Address {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** 10.0.2.0/24 is the cable. */
export const NETWORK = ipv4(10, 0, 2, 0), NETMASK = ipv4(255, 255, 255, 0), NETWORK_BROADCAST = ipv4(10, 0, 2, 255);
/** The host, and the way to everything beyond. */
export const GATEWAY = ipv4(10, 0, 2, 2);
/** Answers for names. */
export const NAME_SERVER = ipv4(10, 0, 2, 3);
/** What the first guest is given. */
export const FIRST_GUEST = ipv4(10, 0, 2, 15);
export const BROADCAST = 0xffffffff, UNSPECIFIED = 0;
/** The host as it calls itself. */
export const LOOPBACK = ipv4(127, 0, 0, 1);

export const BROADCAST_MAC = 0xffffffffffff;
/** Addresses of our side are 52:55 and the IPv4 address: locally administered, and easily told from the guest's in a trace. */
const OUR_MAC = 0x5255 * 2 ** 32;

/** The card that an address of ours seems to have. */
export function macOf(address: Ipv4Address): number {
  return OUR_MAC + address;
}

/** True for the addresses that this end of the cable answers to. */
export function isOurs(address: Ipv4Address): boolean {
  return address === GATEWAY || address === NAME_SERVER;
}

export function isOnNetwork(address: Ipv4Address): boolean {
  return ((address & NETMASK) >>> 0) === NETWORK;
}

/** 127.0.0.0/8. */
export function isLoopback(address: Ipv4Address): boolean {
  return address >>> 24 === 127;
}

/** Can be the address of a single machine on the cable or beyond; not loopback, multicast, broadcast or "this network" (RFC 6890). */
export function isUnicast(address: Ipv4Address): boolean {
  const first = address >>> 24;
  return first !== 0 && !isLoopback(address) && first < 224 && address !== NETWORK && address !== NETWORK_BROADCAST;
}

/** As what the guest sees a machine that calls from the host's side: the host itself is the gateway. */
export function seenByGuest(address: Ipv4Address): Ipv4Address {
  return isUnicast(address) && !isOnNetwork(address) ? address : GATEWAY;
}

export function ipv4Text(address: Ipv4Address): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** Null if it is not four numbers with dots between. */
export function parseIpv4(text: string): Ipv4Address | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number) ?? [];
  return parts.length === 4 && parts.every((part) => part <= 255) ? ipv4(parts[0], parts[1], parts[2], parts[3]) : null;
}
