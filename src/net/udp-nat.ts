/** UDP between the guest and sockets of the host: a socket for each pair of ends, until it has been silent for a while. */
import type { Alarm, Clock } from "../bus/clock.ts";
import { seenByGuest } from "./addresses.ts";
import type { HostSockets, UdpSocket } from "./host-sockets.ts";
import type { Endpoint, UdpDatagram } from "./udp.ts";

/** As many pairs at a time; the one that has been silent for longest gives way. */
const MAX_FLOWS = 256;
/** Silence, guest time, after which a pair is forgotten (RFC 4787 §4.3 asks for two minutes). */
const IDLE_NS = 120e9;
const FIRST_EPHEMERAL = 49_152, EPHEMERALS = 16_384;

interface Flow {
  readonly socket: UdpSocket;
  /** Where to on the host; null if the socket is connected. */
  readonly peer: Endpoint | null;
  lastNs: number;
}

/** What the guest gets. */
export interface UdpOutput {
  send(datagram: UdpDatagram): void;
  /** Nobody is where a datagram of the guest's went. */
  refuse(datagram: UdpDatagram): void;
}

export class UdpNat {
  private readonly clock: Clock;
  private readonly sockets: HostSockets;
  private readonly output: UdpOutput;
  /** By both ends as the guest sees them; the one used last is last. */
  private readonly flows = new Map<string, Flow>();
  private readonly alarm: Alarm;

  constructor(clock: Clock, sockets: HostSockets, output: UdpOutput) {
    this.clock = clock;
    this.sockets = sockets;
    this.output = output;
    this.alarm = clock.newAlarm(() => this.forgetSilent());
  }

  get openCount(): number {
    return this.flows.size;
  }

  /** A datagram from the guest to a place that it may go to. @param to  where that is for the host */
  send(datagram: UdpDatagram, to: Endpoint): void {
    const { source, destination, data } = datagram, key = keyOf(source, destination), known = this.flows.get(key);
    const flow = known ?? {
      lastNs: 0, peer: null,
      socket: this.sockets.connectUdp(to, {
        datagram: (answer) => this.deliver(key, { source: destination, destination: source, data: answer }),
        refused: () => this.output.refuse(datagram),
      }),
    };
    this.use(key, flow);
    flow.socket.send(data, flow.peer);
  }

  /** Datagrams that come to a socket of the host go to the guest, as from its gateway. */
  forward(at: Endpoint, guest: Endpoint): Promise<void> {
    return this.sockets.bindUdp(at, (socket) => ({
      datagram: (data, from) => {
        const source = this.sourceFor(from, guest, socket);
        if (source !== null) this.deliver(keyOf(guest, source), { source, destination: guest, data });
      },
      refused: () => undefined,
    }));
  }

  private deliver(key: string, datagram: UdpDatagram): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    this.use(key, flow);
    this.output.send(datagram);
  }

  /** What the guest sees as the source of a forwarded datagram: the gateway, with the port of the peer or one that stands for it. */
  private sourceFor(peer: Endpoint, guest: Endpoint, socket: UdpSocket): Endpoint | null {
    for (let i = -1; i < EPHEMERALS; i++) {
      const source = { address: seenByGuest(peer.address), port: i < 0 ? peer.port : FIRST_EPHEMERAL + i }, key = keyOf(guest, source), flow = this.flows.get(key);
      if (flow === undefined) this.use(key, { socket, peer, lastNs: 0 });
      else if (flow.socket !== socket || flow.peer?.port !== peer.port || flow.peer.address !== peer.address) continue;
      return source;
    }
    return null;
  }

  /** Makes it the one used last. */
  private use(key: string, flow: Flow): void {
    flow.lastNs = this.clock.nowNs();
    this.flows.delete(key);
    this.flows.set(key, flow);
    if (this.flows.size > MAX_FLOWS) this.forgetOldest();
    if (this.alarm.deadlineNs === Infinity) this.alarm.setAt(flow.lastNs + IDLE_NS);
  }

  private forgetSilent(): void {
    const nowNs = this.clock.nowNs();
    for (;;) {
      const [oldest] = this.flows.values();
      if (oldest === undefined) return;
      if (oldest.lastNs + IDLE_NS > nowNs) return this.alarm.setAt(oldest.lastNs + IDLE_NS);
      this.forgetOldest();
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.flows;
    if (oldest === undefined) return;
    const [key, { socket, peer }] = oldest;
    this.flows.delete(key);
    // A socket that datagrams are forwarded from serves many.
    if (peer === null) socket.close();
  }
}

function keyOf(guest: Endpoint, remote: Endpoint): string {
  return `${guest.address}:${guest.port} ${remote.address}:${remote.port}`;
}
