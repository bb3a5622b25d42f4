// ARP, IPv4, ICMP and UDP of the user-mode network, by frames as RFC 826, 791, 792 and 768 have them.

import { expect } from "chai";
import { UserNetwork } from "../../../src/net/user-network.ts";
import type { UserNetworkOptions } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { address, ALL, be16, be32, bytes, DNS, DNS_MAC, ethernet, GATEWAY, GATEWAY_MAC, GUEST, GUEST_MAC, GuestCard, icmp, ip, mac, readPacket, readUdp, udp, udpFrame } from "./guest-card.ts";
import type { Packet } from "./guest-card.ts";

function bench(options: Partial<UserNetworkOptions> = {}) {
  const clock = new FakeClock(), sockets = new FakeSockets(), network = new UserNetwork(clock, { sockets, ...options }), card = new GuestCard(network);
  return { clock, sockets, network, card };
}

const ECHO = 8, ECHO_REPLY = 0, UNREACHABLE = 3;
const OUTSIDE = "93.184.216.34";

function arp(operation: number, sender: string, target: string): Uint8Array {
  return ethernet(0x0806, bytes("0001 0800 06 04", be16(operation), mac(GUEST_MAC), address(sender), "000000000000", address(target)), ALL);
}

function onlyPacket(frames: readonly Uint8Array[]): Packet {
  expect(frames).to.have.length(1);
  return readPacket(frames[0]);
}

describe("UserNetwork", () => {
  describe("ARP", () => {
    it("says where the gateway and the name server are", () => {
      const { card } = bench();
      for (const [target, where] of [[GATEWAY, GATEWAY_MAC], [DNS, DNS_MAC]] as const) {
        const [answer] = card.send(arp(1, GUEST, target));
        expect(Buffer.from(answer).toString("hex")).to.equal(Buffer.from(bytes(
          mac(GUEST_MAC), mac(where), "0806 0001 0800 06 04 0002", mac(where), address(target), mac(GUEST_MAC), address(GUEST), new Uint8Array(18),
        )).toString("hex"));
      }
    });

    it("leaves other addresses to those who have them: a guest's probe for its own stays unanswered", () => {
      const { card } = bench();
      expect(card.send(arp(1, "0.0.0.0", GUEST), arp(1, GUEST, GUEST), arp(1, GUEST, "10.0.2.77"), arp(2, GUEST, GATEWAY))).to.be.empty;
    });
  });

  describe("ICMP", () => {
    it("answers echo requests with their data, for both addresses and any length", () => {
      const { card } = bench();
      for (const [destination, length] of [[GATEWAY, 0], [DNS, 56], [GATEWAY, 1472]] as const) {
        const data = bytes("1234 0001", new Uint8Array(length).map((_, i) => i)), packet = onlyPacket(card.send(ip(1, icmp(ECHO, 0, data), { destination })));
        expect([packet.source, packet.destination, packet.protocol, packet.to]).to.deep.equal([destination, GUEST, 1, GUEST_MAC]);
        expect(packet.data).to.deep.equal(icmp(ECHO_REPLY, 0, data));
      }
    });

    it("says that what is outside is prohibited, and that nobody else is on the cable", () => {
      const { card } = bench(), outside = ip(1, icmp(ECHO, 0, bytes("1234 0001 61")), { destination: OUTSIDE });
      const prohibited = onlyPacket(card.send(outside));
      expect(prohibited.source).to.equal(GATEWAY);
      expect(prohibited.data).to.deep.equal(icmp(UNREACHABLE, 13, bytes(be32(0), outside.subarray(14, 14 + 28))));
      expect(onlyPacket(card.send(ip(1, icmp(ECHO, 0, be32(1)), { destination: "10.0.2.9" }))).data.subarray(0, 2)).to.deep.equal(bytes(UNREACHABLE, 1));
      expect(onlyPacket(card.send(ip(47, be32(1)))).data.subarray(0, 2)).to.deep.equal(bytes(UNREACHABLE, 2));
    });

    it("never answers an error, a reply, or a message that is damaged", () => {
      const { card } = bench(), damaged = ip(1, icmp(ECHO, 0, be32(7)));
      damaged[40] ^= 1;
      expect(card.send(ip(1, icmp(UNREACHABLE, 1, be32(0)), { destination: OUTSIDE }), ip(1, icmp(ECHO_REPLY, 0, be32(1))), damaged)).to.be.empty;
    });
  });

  describe("IPv4", () => {
    it("puts fragments together, in any order, and answers in fragments", () => {
      const { card } = bench(), data = bytes("1234 0001", new Uint8Array(4000).map((_, i) => i * 7)), message = icmp(ECHO, 0, data);
      const parts = [0, 1480, 2960].map((at) => ip(1, message.subarray(at, at + 1480), { identification: 9, fragment: at / 8 + (at < 2960 ? 0x2000 : 0) }));
      for (const order of [[0, 1, 2], [2, 0, 1], [1, 1, 2, 0]]) {
        const packets = card.send(...order.map((i) => parts[i])).map(readPacket), whole = new Uint8Array(message.length);
        expect(packets.map((p) => p.fragment & 0x2000)).to.deep.equal([0x2000, 0x2000, 0]);
        for (const packet of packets) whole.set(packet.data, (packet.fragment & 0x1fff) * 8);
        expect(whole).to.deep.equal(icmp(ECHO_REPLY, 0, data));
      }
    });

    it("drops fragments that overlap, that have two ends, that make more than a packet can have, or whose others never come", () => {
      const { card, clock } = bench(), piece = (fragment: number, length = 16): Uint8Array => ip(1, new Uint8Array(length), { fragment });
      expect(card.send(piece(0x2000), piece(0x2001), piece(2))).to.be.empty;
      expect(card.send(piece(4), piece(8), piece(0x2000))).to.be.empty;
      expect(card.send(piece(0x1fff, 64), piece(0x3fff, 64))).to.be.empty;
      const message = icmp(ECHO, 0, new Uint8Array(28)), first = ip(1, message.subarray(0, 16), { fragment: 0x2000 }), last = ip(1, message.subarray(16), { fragment: 2 });
      card.send(first);
      clock.advance(31e9);
      expect(card.send(last)).to.be.empty;
      expect(card.send(first)).to.have.length(1);
    });

    it("reads past options, and drops wrong versions, lengths and checksums", () => {
      const { card } = bench(), good = ip(1, icmp(ECHO, 0, be32(1)), { options: bytes("01010101") });
      expect(card.send(good)).to.have.length(1);
      const broken = (at: number, value: number): Uint8Array => {
        const frame = Uint8Array.from(good);
        frame[at] = value;
        return frame;
      };
      expect(card.send(broken(14, 0x65), broken(14, 0x44), broken(14, 0x4f), broken(17, 255), broken(24, 0), good.subarray(0, 30), good.subarray(0, 5))).to.be.empty;
    });

    it("takes frames for its own cards and for groups only", () => {
      const { card } = bench(), data = ip(1, icmp(ECHO, 0, be32(1))).subarray(14);
      expect(card.send(ethernet(0x0800, data, 0x525400999999), ethernet(0x0800, data, GATEWAY_MAC, ALL), ethernet(0x86dd, data))).to.be.empty;
      expect(card.send(ethernet(0x0800, data, ALL))).to.have.length(1);
    });

    it("answers to the card that an address was last seen at", () => {
      const { card } = bench(), data = ip(1, icmp(ECHO, 0, be32(1)), { source: "10.0.2.50" }).subarray(14);
      expect(onlyPacket(card.send(ethernet(0x0800, data, GATEWAY_MAC, 0x020000000001))).to).to.equal(0x020000000001);
    });

    it("believes no packet that comes from an address of ours, a group or loopback", () => {
      const { card } = bench();
      for (const source of [GATEWAY, "127.0.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.2.255"]) expect(card.send(ip(1, icmp(ECHO, 0, be32(1)), { source })), source).to.be.empty;
    });
  });

  describe("UDP", () => {
    it("goes to the host's loopback at the gateway's address, and answers come back from there", () => {
      const { card, sockets } = bench();
      expect(card.send(udpFrame(5000, 7, bytes("68 69")))).to.be.empty;
      const [socket] = sockets.udp;
      expect([socket.to, socket.sent]).to.deep.equal([{ address: 0x7f000001, port: 7 }, [{ data: bytes("68 69"), to: null }]]);
      socket.events?.datagram(bytes("79 6f"), { address: 0x7f000001, port: 7 });
      expect(card.take().map((frame) => readUdp(readPacket(frame)))).to.deep.equal([{ source: GATEWAY, from: 7, to: 5000, data: bytes("79 6f") }]);
    });

    it("has a socket for each pair of ends, until it has been silent for two minutes", () => {
      const { card, sockets, clock, network } = bench();
      card.send(udpFrame(5000, 7, bytes(1)), udpFrame(5000, 7, bytes(2)), udpFrame(5001, 7, bytes(3)), udpFrame(5000, 8, bytes(4)));
      expect(sockets.udp.map(({ sent }) => sent.length)).to.deep.equal([2, 1, 1]);
      expect(network.isOpen).to.equal(true);
      clock.advance(100e9);
      card.send(udpFrame(5001, 7, bytes(5)));
      clock.advance(100e9);
      expect(sockets.udp.map(({ isClosed }) => isClosed)).to.deep.equal([true, false, true]);
      clock.advance(100e9);
      expect(network.isOpen).to.equal(false);
    });

    it("never has more than 256 sockets", () => {
      const { card, sockets } = bench();
      for (let port = 1; port <= 1000; port++) card.send(udpFrame(port, 7, bytes(1)));
      expect(sockets.udp.filter(({ isClosed }) => !isClosed)).to.have.length(256);
    });

    it("tells the guest where nobody listens, and where it may not go", () => {
      const { card, sockets } = bench(), frame = udpFrame(5000, 7, bytes("6869"));
      card.send(frame);
      sockets.udp[0].events?.refused();
      const refused = onlyPacket(card.take());
      expect([refused.source, refused.data[0], refused.data[1]]).to.deep.equal([GATEWAY, UNREACHABLE, 3]);
      expect(refused.data.subarray(8 + 12)).to.deep.equal(frame.subarray(14 + 12, 14 + 28));
      expect(onlyPacket(card.send(udpFrame(5000, 53, bytes(1), { destination: OUTSIDE }))).data.subarray(0, 2)).to.deep.equal(bytes(UNREACHABLE, 13));
      expect(onlyPacket(card.send(udpFrame(5000, 99, bytes(1), { destination: DNS }))).data.subarray(0, 2)).to.deep.equal(bytes(UNREACHABLE, 3));
      expect(sockets.udp).to.have.length(1);
    });

    it("goes outside where that is allowed, but not to the host's own addresses by their names", () => {
      const { card, sockets } = bench({ isOutsideAllowed: true });
      card.send(udpFrame(5000, 123, bytes(1), { destination: OUTSIDE }));
      expect(sockets.udp.map(({ to }) => to)).to.deep.equal([{ address: 0x5db8d822, port: 123 }]);
      card.send(udpFrame(5000, 123, bytes(1), { destination: "127.0.0.1" }), udpFrame(5000, 123, bytes(1), { destination: "224.0.0.251" }), udpFrame(5000, 0, bytes(1)));
      expect(sockets.udp).to.have.length(1);
    });

    it("drops damaged datagrams, and takes those without a checksum", () => {
      const { card, sockets } = bench(), good = udp(5000, 7, bytes("6869"));
      const changed = (at: number, ...values: number[]): Uint8Array => {
        const datagram = Uint8Array.from(good);
        datagram.set(values, at);
        return ip(17, datagram);
      };
      card.send(changed(8, 0), changed(4, 0, 7), changed(4, 0, 99), ip(17, good.subarray(0, 7)));
      expect(sockets.udp).to.be.empty;
      card.send(changed(6, 0, 0));
      expect(sockets.udp).to.have.length(1);
    });

    it("carries datagrams of a forwarded port to the guest, and its answers back to each peer", async () => {
      const { card, sockets, network } = bench({ forwards: [{ protocol: "udp", host: { address: 0x7f000001, port: 5353 }, guest: { address: 0, port: 53 } }] });
      await network.open();
      const [socket] = sockets.udp, peers = [{ address: 0x7f000001, port: 4000 }, { address: 0x7f000002, port: 4000 }];
      for (const peer of peers) socket.events?.datagram(bytes("71"), peer);
      const [one, two] = card.take().map((frame) => readUdp(readPacket(frame)));
      expect([one.source, one.from, one.to, two.source, two.to]).to.deep.equal([GATEWAY, 4000, 53, GATEWAY, 53]);
      expect(two.from).to.not.equal(4000);
      card.send(udpFrame(53, two.from, bytes("32")), udpFrame(53, one.from, bytes("31")));
      expect(socket.sent).to.deep.equal([{ data: bytes("32"), to: peers[1] }, { data: bytes("31"), to: peers[0] }]);
    });

    it("sends long datagrams in fragments", () => {
      const { card, sockets } = bench();
      card.send(udpFrame(5000, 7, bytes(1)));
      sockets.udp[0].events?.datagram(new Uint8Array(3000).fill(7), { address: 0x7f000001, port: 7 });
      const packets = card.take().map(readPacket), whole = bytes(...packets.map(({ data }) => data));
      expect(packets).to.have.length(3);
      expect(readUdp({ ...packets[0], data: whole }).data).to.deep.equal(new Uint8Array(3000).fill(7));
    });
  });

  describe("a card without room", () => {
    it("is offered what waits once it has room, in order; what is too much is lost", () => {
      const { card, network } = bench();
      card.room = 0;
      for (let i = 0; i < 300; i++) card.send(ip(1, icmp(ECHO, 0, be32(i))));
      card.room = 10;
      network.roomAgain();
      card.room = Infinity;
      network.roomAgain();
      const got = card.take().map((frame) => readPacket(frame).data);
      expect(got).to.deep.equal(Array.from({ length: 256 }, (_, i) => icmp(ECHO_REPLY, 0, be32(i))));
    });
  });
});
