// The DHCP server by messages of RFC 2131.

import { expect } from "chai";
import { UserNetwork } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { address, ALL, be16, bytes, DNS, ethernet, GATEWAY, GUEST, GUEST_MAC, GuestCard, mac, readPacket, readUdp, udpFrame } from "./guest-card.ts";

const DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6, RELEASE = 7, INFORM = 8;

interface Message {
  readonly type: number;
  readonly client?: string;
  readonly flags?: number;
  readonly hardware?: number;
  readonly options?: Uint8Array;
}

function message({ type, client = "0.0.0.0", flags = 0, hardware = GUEST_MAC, options = bytes() }: Message): Uint8Array {
  return bytes("01 01 06 00 cafe0001 0000", be16(flags), address(client), "00000000 00000000 00000000", mac(hardware), new Uint8Array(10 + 64 + 128), "63825363 35 01", type, options, 255);
}

function frame(fields: Message, source = "0.0.0.0"): Uint8Array {
  const data = udpFrame(68, 67, message(fields), { source, destination: "255.255.255.255" }).subarray(14);
  return ethernet(0x0800, data, ALL, fields.hardware ?? GUEST_MAC);
}

function reply(frames: readonly Uint8Array[]) {
  expect(frames).to.have.length(1);
  const packet = readPacket(frames[0]), { data, from, to, source } = readUdp(packet), options = new Map<number, string>();
  expect([from, to, source, data[0], Buffer.from(data.subarray(4, 8)).toString("hex")]).to.deep.equal([67, 68, GATEWAY, 2, "cafe0001"]);
  for (let at = 240; data[at] !== 255; at += 2 + data[at + 1]) options.set(data[at], data.subarray(at + 2, at + 2 + data[at + 1]).join("."));
  return { type: Number(options.get(53)), yours: data.subarray(16, 20).join("."), options, destination: packet.destination, mac: packet.to, length: data.length };
}

const requested = (ip: string): Uint8Array => bytes(50, 4, address(ip)), server = (ip: string): Uint8Array => bytes(54, 4, address(ip));

describe("DhcpServer", () => {
  const bench = (): GuestCard => new GuestCard(new UserNetwork(new FakeClock(), { sockets: new FakeSockets() }));

  it("offers an address, then gives it, with mask, router, name server and lease time", () => {
    const card = bench(), offer = reply(card.send(frame({ type: DISCOVER })));
    expect([offer.type, offer.yours, offer.destination, offer.mac]).to.deep.equal([OFFER, GUEST, GUEST, GUEST_MAC]);
    const ack = reply(card.send(frame({ type: REQUEST, options: bytes(requested(GUEST), server(GATEWAY)) })));
    expect([ack.type, ack.yours]).to.deep.equal([ACK, GUEST]);
    expect([54, 1, 3, 6, 51].map((code) => ack.options.get(code))).to.deep.equal([GATEWAY, "255.255.255.0", GATEWAY, DNS, "0.1.81.128"]);
    expect(ack.length).to.be.at.least(300);
  });

  it("answers to everybody where the client asks for that", () => {
    const offer = reply(bench().send(frame({ type: DISCOVER, flags: 0x8000 })));
    expect([offer.destination, offer.mac]).to.deep.equal(["255.255.255.255", ALL]);
  });

  it("renews what a client has, and gives a rebooted one what it had", () => {
    const card = bench();
    expect(reply(card.send(frame({ type: REQUEST, client: GUEST }, GUEST))).type).to.equal(ACK);
    expect(reply(card.send(frame({ type: REQUEST, options: requested(GUEST) }))).type).to.equal(ACK);
  });

  it("refuses any other address, to everybody, and leaves clients of other servers alone", () => {
    const card = bench(), nak = reply(card.send(frame({ type: REQUEST, options: requested("192.168.1.5") })));
    expect([nak.type, nak.yours, nak.destination]).to.deep.equal([NAK, "0.0.0.0", "255.255.255.255"]);
    expect(card.send(frame({ type: REQUEST, options: bytes(requested(GUEST), server("10.0.2.99")) }))).to.be.empty;
  });

  it("tells a client with an address of its own the rest", () => {
    const ack = reply(bench().send(frame({ type: INFORM, client: "10.0.2.40" }, "10.0.2.40")));
    expect([ack.type, ack.yours, ack.destination, ack.options.get(3), ack.options.has(51)]).to.deep.equal([ACK, "0.0.0.0", "10.0.2.40", GATEWAY, false]);
  });

  it("gives each card an address, the same each time, for sixteen cards", () => {
    const card = bench(), ask = (n: number): string[] => card.send(frame({ type: DISCOVER, hardware: 0x020000000000 + n })).map((f) => reply([f]).yours);
    expect([1, 2, 1, 3].flatMap(ask)).to.deep.equal(["10.0.2.15", "10.0.2.16", "10.0.2.15", "10.0.2.17"]);
    for (let n = 4; n <= 16; n++) ask(n);
    expect([17, 18, 5].flatMap(ask)).to.deep.equal(["10.0.2.19"]);
  });

  it("says nothing to what it does not understand", () => {
    const card = bench(), good = message({ type: DISCOVER });
    const sent = (data: Uint8Array): Uint8Array[] => card.send(ethernet(0x0800, udpFrame(68, 67, data, { source: "0.0.0.0", destination: "255.255.255.255" }).subarray(14), ALL));
    const changed = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
    for (const bad of [changed(0, 2), changed(1, 6), changed(2, 5), changed(236, 0), changed(24, 10), changed(240, 77), good.subarray(0, 239), good.subarray(0, 241), message({ type: RELEASE }), message({ type: 99 })]) {
      expect(sent(bad)).to.be.empty;
    }
    expect(sent(good)).to.have.length(1);
  });
});
