// A second stack at the guest's end of a cable that loses, repeats and reorders frames.

import type { Alarm, Clock } from "../../../src/bus/clock.ts";
import type { EthernetCard, EthernetFrame, EthernetNetwork } from "../../../src/bus/ethernet.ts";
import { GATEWAY } from "../../../src/net/addresses.ts";
import { ETHERNET_HEADER } from "../../../src/net/ethernet.ts";
import { IpLink } from "../../../src/net/ip-link.ts";
import { parseIpv4Packet } from "../../../src/net/ipv4.ts";
import type { TcpConnection, TcpUser } from "../../../src/net/tcp-connection.ts";
import { TcpTable } from "../../../src/net/tcp-table.ts";
import type { Random } from "../../tcg/support/random.ts";

/** What a frame takes from end to end, ns; one that is late takes longer. */
const DELAY_NS = 50_000, LATE_NS = 400_000;
const GUEST = 0x0a00020f;

/** Chances in 100. */
export interface Weather {
  readonly loss: number;
  readonly repetition: number;
  readonly lateness: number;
}

interface Arrival {
  readonly atNs: number;
  readonly deliver: () => void;
}

/** Delays frames, and treats them as the weather is. */
class Cable {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly weather: Weather;
  /** By time. */
  private readonly underWay: Arrival[] = [];
  private readonly alarm: Alarm;

  constructor(clock: Clock, random: Random, weather: Weather) {
    this.clock = clock;
    this.random = random;
    this.weather = weather;
    this.alarm = clock.newAlarm(() => this.arrive());
  }

  carry(frame: EthernetFrame, deliver: (frame: EthernetFrame) => void): void {
    const { random, weather, underWay } = this;
    if (random.chance(weather.loss)) return;
    for (let copies = random.chance(weather.repetition) ? 2 : 1; copies > 0; copies--) {
      const atNs = this.clock.nowNs() + DELAY_NS + (random.chance(weather.lateness) ? random.below(LATE_NS) : 0);
      let at = underWay.length;
      while (at > 0 && underWay[at - 1].atNs > atNs) at--;
      underWay.splice(at, 0, { atNs, deliver: () => deliver({ ...frame, bytes: Uint8Array.from(frame.bytes) }) });
    }
    if (underWay.length > 0) this.alarm.setAt(underWay[0].atNs);
  }

  private arrive(): void {
    const nowNs = this.clock.nowNs();
    while (this.underWay.length > 0 && this.underWay[0].atNs <= nowNs) this.underWay.shift()?.deliver();
    if (this.underWay.length > 0) this.alarm.setAt(this.underWay[0].atNs);
  }
}

/** A guest with a TCP of its own. */
export class PeerGuest {
  readonly tcp: TcpTable;
  /** Calls that have come, in order. */
  readonly calls: TcpConnection[] = [];

  /** @param user  of calls that come */
  constructor(network: EthernetNetwork, clock: Clock, random: Random, weather: Weather, user: (connection: TcpConnection) => TcpUser) {
    const cable = new Cable(clock, random, weather), link = new IpLink();
    this.tcp = new TcpTable(link, clock, {
      reaches: () => true,
      answer: (connection) => {
        this.calls.push(connection);
        connection.user = user(connection);
        connection.accept();
      },
    });
    const card: EthernetCard = {
      mac: 0x525400123456, takesUnsummed: false, largestFrame: 0,
      receive: (frame) => {
        cable.carry(frame, ({ bytes }) => {
          const packet = parseIpv4Packet(bytes.subarray(ETHERNET_HEADER));
          if (packet !== null) this.tcp.receive(packet, true);
          this.tcp.endBurst();
        });
        return true;
      },
    };
    network.attach(card);
    link.attach({
      mac: 0x52550a000202, takesUnsummed: false, largestFrame: 0,
      receive: (frame) => {
        cable.carry(frame, (arrived) => {
          network.send(arrived);
          network.endBurst();
        });
        return true;
      },
    });
  }

  /** Calls a port of the gateway. */
  call(port: number, user: (connection: TcpConnection) => TcpUser): TcpConnection {
    const connection = this.tcp.newCall({ address: GUEST, port: 0 }, { address: GATEWAY, port });
    if (connection === null) throw new Error("no room");
    connection.user = user(connection);
    connection.connect();
    return connection;
  }
}
