// A guest that sends anything: the network never throws, never keeps more than it should, and still answers.

import { expect } from "chai";
import { UserNetwork } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { ACK, address, ALL, be16, be32, bytes, DNS, ethernet, FIN, GATEWAY, GUEST, GUEST_MAC, GuestCard, icmp, ip, mac, PSH, RST, SYN, tcpFrame, udpFrame } from "./guest-card.ts";

const ROUNDS = 6000, MAX_SOCKETS = 256;

const BOOTP = bytes("01 01 06 00 cafe0001 0000 0000", new Uint8Array(16), mac(GUEST_MAC), new Uint8Array(202), "63825363 35 01 01 ff");
const QUERY = bytes("1234 0100 0001 0000 0000 0000", 4, bytes("686f7374"), 8, bytes("696e7465726e616c"), 0, be16(1), be16(1));

/** A good frame of some kind. */
function goodFrame(random: Random): Uint8Array {
  const port = 1 + random.below(3), flags = random.pick([SYN, ACK, ACK | PSH, FIN | ACK, RST, SYN | ACK, RST | ACK, 0x3f]);
  switch (random.below(8)) {
    case 0: return ethernet(0x0806, bytes("0001 0800 06 04 0001", mac(GUEST_MAC), address(GUEST), "000000000000", address(random.pick([GATEWAY, DNS, GUEST]))), ALL);
    case 1: return ip(1, icmp(8, 0, new Uint8Array(random.below(1400))));
    case 2: return udpFrame(68, 67, BOOTP, { source: "0.0.0.0", destination: "255.255.255.255" });
    case 3: return udpFrame(port, 53, QUERY, { destination: DNS });
    case 4: return udpFrame(random.below(65536), random.below(65536), new Uint8Array(random.below(1400)));
    case 5: return ip(17, new Uint8Array(8 * random.below(100)), { identification: random.below(40), fragment: random.below(0x4000) });
    default: return tcpFrame({
      from: random.below(4) === 0 ? random.below(65536) : port, to: 80, seq: random.value() >>> 0, ack: random.value() >>> 0, flags, window: random.below(65536),
      tcpOptions: random.pick([bytes(), bytes("020405b4"), bytes("0303 0e 01"), bytes("02000000"), bytes("05ff0102"), bytes("01010101")]), data: new Uint8Array(random.below(1400)),
    });
  }
}

/** With bytes changed, the end cut off, or something behind; with the header's checksum right all the same, as often as not. */
function spoil(frame: Uint8Array, random: Random): Uint8Array {
  const spoiled = random.chance(20) ? bytes(frame, new Uint8Array(random.below(100))) : frame.slice(0, random.chance(30) ? random.below(frame.length + 1) : frame.length);
  for (let n = random.below(4); n > 0 && spoiled.length > 0; n--) spoiled[random.below(random.chance(70) ? Math.min(60, spoiled.length) : spoiled.length)] = random.next();
  if (spoiled.length < 34 || random.chance(30)) return spoiled;
  spoiled.fill(0, 24, 26);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += (spoiled[i] << 8) | spoiled[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  spoiled.set(be16(0xffff - sum), 24);
  return spoiled;
}

describe("a hostile guest", () => {
  it("does not bring the network down with any frames, nor make it keep more than its share", () => {
    const random = new Random(testSeed(0xbad)), clock = new FakeClock(), sockets = new FakeSockets(), network = new UserNetwork(clock, { sockets, isOutsideAllowed: true }), card = new GuestCard(network);
    sockets.resolve = () => Promise.reject(new Error("nobody knows"));
    for (let i = 0; i < ROUNDS; i++) {
      const frame = goodFrame(random), isSummed = random.chance(50);
      network.send({ bytes: random.chance(60) ? spoil(frame, random) : frame, isSummed, segmentBytes: 0 });
      if (random.chance(30)) network.endBurst();
      if (random.chance(5)) clock.advance(random.below(1e9));
      if (random.chance(10)) card.room = random.below(5);
      if (random.chance(20)) {
        card.room = Infinity;
        network.roomAgain();
      }
      const socket = sockets.tcp[random.below(Math.max(1, sockets.tcp.length))];
      if (socket !== undefined && !socket.isDestroyed && random.chance(50)) disturb(socket.hears, random);
      card.take();
    }
    expect(sockets.udp.filter(({ isClosed }) => !isClosed).length).to.be.at.most(MAX_SOCKETS);
    expect(sockets.tcp.length).to.be.at.least(10);
    card.room = Infinity;
    network.roomAgain();
    card.take();
    expect(card.send(ip(1, icmp(8, 0, be32(1))))).to.have.length(1);
  });

  it("cannot make a connection keep what comes too early for ever", () => {
    const clock = new FakeClock(), sockets = new FakeSockets(), network = new UserNetwork(clock, { sockets }), card = new GuestCard(network);
    card.send(tcpFrame({ seq: 0, flags: SYN }));
    sockets.tcp[0].hears.socketOpen();
    const seq = 1, [answer] = card.take(), ack = new DataView(answer.buffer).getUint32(38) + 1;
    card.send(tcpFrame({ seq, ack, flags: ACK }));
    for (let i = 2000; i > 0; i--) card.send(tcpFrame({ seq: seq + 2 * i, ack, flags: ACK, data: bytes(1) }));
    card.send(tcpFrame({ seq, ack, flags: ACK, data: bytes(1, 2) }));
    expect(sockets.tcp[0].all.length).to.be.at.most(4);
  });
});

function disturb(events: { socketOpen(): void; socketData(bytes: Uint8Array): void; socketEnd(): void; socketClosed(hasFailed: boolean): void }, random: Random): void {
  switch (random.below(10)) {
    case 0: return events.socketEnd();
    case 1: return events.socketClosed(random.chance(50));
    case 2:
    case 3: return events.socketData(new Uint8Array(random.below(5000)));
    default: return events.socketOpen();
  }
}
