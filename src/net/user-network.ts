/**
 * A network without privileges: the other end of the guest's cable is this program. It hands out an address, answers for the gateway
 * and the name server, and carries TCP and UDP over sockets of the host: to services on the host's loopback, which the guest reaches at
 * its gateway's address, and further only where that is allowed. It has no state that a saved machine would need: the
 * guest's connections are reset after a restore, as if the network had been away for long.
 */
import type { Clock } from "../bus/clock.ts";
import type { EthernetCard, EthernetFrame, EthernetNetwork } from "../bus/ethernet.ts";
import { BROADCAST, FIRST_GUEST, GATEWAY, isOnNetwork, isOurs, isUnicast, LOOPBACK, macOf, NAME_SERVER, NETWORK_BROADCAST, seenByGuest, UNSPECIFIED } from "./addresses.ts";
import { answerArp, parseArp } from "./arp.ts";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpServer } from "./dhcp.ts";
import { answerDns, DNS_PORT } from "./dns.ts";
import { ETHERNET_HEADER, isGroup, parseEthernet, TYPE_ARP, TYPE_IPV4 } from "./ethernet.ts";
import { FragmentAssembler } from "./fragments.ts";
import type { HostSockets } from "./host-sockets.ts";
import { answerEcho, mayBeAnsweredByError, UNREACHABLE, unreachable } from "./icmp.ts";
import { IpLink } from "./ip-link.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { ICMP, parseIpv4Packet, putIpv4Header, TCP, UDP, IPV4_HEADER } from "./ipv4.ts";
import type { TcpConnection } from "./tcp-connection.ts";
import { TcpRelay } from "./tcp-relay.ts";
import { TcpTable } from "./tcp-table.ts";
import { UdpNat } from "./udp-nat.ts";
import type { Endpoint, UdpDatagram } from "./udp.ts";
import { MAX_DATAGRAM, parseUdp, udpBytes } from "./udp.ts";

/** A port of the host that leads into the guest. */
export interface PortForward {
  readonly protocol: "tcp" | "udp";
  readonly host: Endpoint;
  /** An address of 0 is the first guest's. */
  readonly guest: Endpoint;
}

export interface UserNetworkOptions {
  readonly sockets: HostSockets;
  /** The guest may go beyond the host's loopback. Default: no. */
  readonly isOutsideAllowed?: boolean | undefined;
  readonly forwards?: readonly PortForward[] | undefined;
}

/** Lookups under way; more are not answered. */
const MAX_LOOKUPS = 64;

export class UserNetwork implements EthernetNetwork {
  private readonly sockets: HostSockets;
  private readonly isOutsideAllowed: boolean;
  private readonly forwards: readonly PortForward[];
  private readonly link = new IpLink();
  private readonly fragments: FragmentAssembler;
  private readonly dhcp = new DhcpServer();
  private readonly tcp: TcpTable;
  private readonly udp: UdpNat;
  private lookups = 0;

  constructor(clock: Clock, { sockets, isOutsideAllowed = false, forwards = [] }: UserNetworkOptions) {
    this.sockets = sockets;
    this.isOutsideAllowed = isOutsideAllowed;
    this.forwards = forwards;
    this.fragments = new FragmentAssembler(clock);
    this.tcp = new TcpTable(this.link, clock, {
      reaches: (to) => this.hostEndpoint(to) !== null,
      answer: (connection) => this.relayCall(connection),
    });
    this.udp = new UdpNat(clock, sockets, { send: (datagram) => this.sendUdp(datagram), refuse: (datagram) => this.refuseUdp(datagram) });
  }

  /** Opens the ports of the host that lead into the guest. @throws VmError EINVAL, by rejecting, if one cannot be had */
  async open(): Promise<void> {
    for (const { protocol, host, guest } of this.forwards) {
      const to: Endpoint = { address: guest.address || FIRST_GUEST, port: guest.port };
      if (protocol === "udp") await this.udp.forward(host, to);
      else await this.forwardTcp(host, to);
    }
  }

  /** True while something may come from outside at any time. */
  get isOpen(): boolean {
    return this.forwards.length > 0 || this.lookups > 0 || this.tcp.openCount > 0 || this.udp.openCount > 0;
  }

  // ---- the cable

  attach(card: EthernetCard): void {
    this.link.attach(card);
  }

  send({ bytes, isSummed }: EthernetFrame): void {
    const header = parseEthernet(bytes);
    if (header === null || isGroup(header.source)) return;
    const data = bytes.subarray(ETHERNET_HEADER);
    if (header.type === TYPE_ARP) this.receiveArp(data);
    else if (header.type === TYPE_IPV4 && (isGroup(header.destination) || header.destination === macOf(GATEWAY) || header.destination === macOf(NAME_SERVER))) {
      this.receiveIpv4(data, header.source, isSummed);
    }
  }

  endBurst(): void {
    this.tcp.endBurst();
  }

  roomAgain(): void {
    this.link.drain();
    if (this.link.hasRoom) this.tcp.roomAgain();
  }

  // ---- what comes from the guest

  private receiveArp(bytes: Uint8Array): void {
    const packet = parseArp(bytes), answer = packet === null ? null : answerArp(packet);
    if (packet !== null && isUnicast(packet.sender) && !isOurs(packet.sender)) this.link.learn(packet.sender, packet.senderMac);
    if (answer !== null) this.link.sendPlain(answer);
  }

  private receiveIpv4(bytes: Uint8Array, mac: number, isSummed: boolean): void {
    const part = parseIpv4Packet(bytes), packet = part === null ? null : this.fragments.add(part);
    if (packet === null) return;
    const { source, destination, protocol } = packet, isFromGuest = isUnicast(source) && !isOurs(source);
    if (isFromGuest) this.link.learn(source, mac);
    if (protocol === UDP && (isFromGuest || source === UNSPECIFIED)) return this.receiveUdp(packet, isSummed);
    if (!isFromGuest || !isUnicast(destination)) return;
    if (!isOurs(destination) && isOnNetwork(destination)) return this.refuse(packet, UNREACHABLE.host);
    if (protocol === TCP) {
      if (!this.tcp.receive(packet, isSummed)) this.refuse(packet, UNREACHABLE.prohibited);
    } else if (protocol === ICMP) this.receiveIcmp(packet);
    else this.refuse(packet, isOurs(destination) ? UNREACHABLE.protocol : UNREACHABLE.prohibited);
  }

  private receiveIcmp(packet: Ipv4Packet): void {
    if (!isOurs(packet.destination)) return this.refuse(packet, UNREACHABLE.prohibited);
    const answer = answerEcho(packet.data);
    if (answer !== null) this.link.sendData({ source: packet.destination, destination: packet.source, protocol: ICMP }, answer);
  }

  private receiveUdp(packet: Ipv4Packet, isSummed: boolean): void {
    const datagram = parseUdp(packet, isSummed);
    if (datagram === null) return;
    const { source, destination } = datagram, isForAll = destination.address === BROADCAST || destination.address === NETWORK_BROADCAST;
    if (destination.port === DHCP_SERVER_PORT && (isForAll || isOurs(destination.address))) return this.receiveDhcp(datagram.data);
    if (isForAll || !isUnicast(source.address) || !isUnicast(destination.address)) return;
    if (destination.address === NAME_SERVER && destination.port === DNS_PORT) return this.receiveDns(datagram);
    const to = this.hostEndpoint(destination);
    if (to !== null) this.udp.send(datagram, to);
    else this.refuse(packet, isOurs(destination.address) ? UNREACHABLE.port : isOnNetwork(destination.address) ? UNREACHABLE.host : UNREACHABLE.prohibited);
  }

  private receiveDhcp(message: Uint8Array): void {
    const reply = this.dhcp.answer(message);
    if (reply === null) return;
    const source = { address: GATEWAY, port: DHCP_SERVER_PORT }, destination = { address: reply.destination, port: DHCP_CLIENT_PORT };
    const bytes = udpBytes({ source, destination, data: reply.message }), header = { source: GATEWAY, destination: reply.destination, protocol: UDP };
    // A client without an address cannot be asked for its card.
    if (reply.destination === BROADCAST) this.link.sendData(header, bytes);
    else this.link.sendData(header, bytes, reply.mac);
  }

  private receiveDns({ source, destination, data }: UdpDatagram): void {
    const reply = (message: Uint8Array): void => this.sendUdp({ source: destination, destination: source, data: message });
    const mayResolve = this.isOutsideAllowed && this.lookups < MAX_LOOKUPS, answer = answerDns(data, mayResolve ? (name) => this.sockets.resolve(name) : null);
    if (answer === null) return;
    if (answer instanceof Uint8Array) return reply(answer);
    this.lookups++;
    void answer.then((message) => {
      this.lookups--;
      reply(message);
    });
  }

  // ---- what goes to the guest

  private sendUdp(datagram: UdpDatagram): void {
    if (datagram.data.length > MAX_DATAGRAM) return;
    this.link.sendData({ source: datagram.source.address, destination: datagram.destination.address, protocol: UDP }, udpBytes(datagram));
  }

  /** Tells the guest why a packet of its went nowhere. */
  private refuse(packet: Ipv4Packet, code: number): void {
    if (mayBeAnsweredByError(packet)) this.link.sendData({ source: GATEWAY, destination: packet.source, protocol: ICMP }, unreachable(packet, code));
  }

  /** The host has no service where a datagram went. The message quotes the packet, as far as that matters. */
  private refuseUdp({ source, destination, data }: UdpDatagram): void {
    const header = { source: source.address, destination: destination.address, protocol: UDP }, udp = udpBytes({ source, destination, data }), bytes = new Uint8Array(IPV4_HEADER + udp.length);
    putIpv4Header(bytes, 0, { ...header, dataBytes: udp.length });
    bytes.set(udp, IPV4_HEADER);
    const message = unreachable({ ...header, identification: 0, fragmentOffset: 0, hasMoreFragments: false, bytes, data: bytes.subarray(IPV4_HEADER) }, UNREACHABLE.port);
    this.link.sendData({ source: destination.address, destination: source.address, protocol: ICMP }, message);
  }

  // ---- the host

  /** Where a place that the guest names is for the host; null if it may not go there. */
  private hostEndpoint({ address, port }: Endpoint): Endpoint | null {
    if (port === 0) return null;
    if (address === GATEWAY) return { address: LOOPBACK, port };
    return this.isOutsideAllowed && isUnicast(address) && !isOnNetwork(address) ? { address, port } : null;
  }

  /** A call of the guest's, to where it may go. */
  private relayCall(connection: TcpConnection): void {
    const to = this.hostEndpoint(connection.local);
    if (to === null) connection.abort();
    else new TcpRelay(connection, (events) => this.sockets.connectTcp(to, events));
  }

  private forwardTcp(host: Endpoint, guest: Endpoint): Promise<void> {
    return this.sockets.listenTcp(host, (socket, from) => {
      const connection = this.tcp.newCall({ address: seenByGuest(from.address), port: from.port }, guest);
      if (connection === null) return null;
      const relay = new TcpRelay(connection, () => socket);
      connection.connect();
      return relay;
    });
  }
}
