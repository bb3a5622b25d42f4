// The name server by messages of RFC 1035.

import { expect } from "chai";
import { UserNetwork } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { be16, bytes, DNS, GuestCard, readPacket, readUdp, udpFrame } from "./guest-card.ts";

const A = 1, PTR = 12, AAAA = 28;
const OK = 0, SERVER_FAILURE = 2, NO_SUCH_NAME = 3, NOT_IMPLEMENTED = 4, REFUSED = 5;

function query(name: string, type = A): Uint8Array {
  const labels = name.split(".").map((label) => bytes(label.length, new TextEncoder().encode(label)));
  return bytes("1234 0100 0001 0000 0000 0000", ...labels, 0, be16(type), be16(1));
}

function readAnswer(frames: readonly Uint8Array[]) {
  expect(frames).to.have.length(1);
  const { data, source, from } = readUdp(readPacket(frames[0])), view = new DataView(data.buffer);
  expect([source, from, view.getUint16(0), view.getUint16(2) & 0xfff0]).to.deep.equal([DNS, 53, 0x1234, 0x8180]);
  const count = view.getUint16(6), records = data.length - 16 * count;
  return { code: data[3] & 15, question: data.slice(12, records), addresses: Array.from({ length: count }, (_, i) => data.subarray(records + 16 * i + 12, records + 16 * i + 16).join(".")) };
}

describe("the name server", () => {
  function bench(isOutsideAllowed: boolean) {
    const sockets = new FakeSockets(), network = new UserNetwork(new FakeClock(), { sockets, isOutsideAllowed }), card = new GuestCard(network);
    const ask = (message: Uint8Array): Uint8Array[] => card.send(udpFrame(4321, 53, message, { destination: DNS }));
    return { sockets, network, card, ask };
  }

  it("knows the host by a name of its own, in any case of letters", () => {
    const { ask, sockets } = bench(false);
    for (const name of ["host.internal", "HOST.Internal"]) {
      expect(readAnswer(ask(query(name)))).to.deep.equal({ code: OK, question: query(name).slice(12), addresses: ["10.0.2.2"] });
    }
    expect(readAnswer(ask(query("host.internal", AAAA)))).to.deep.include({ code: OK, addresses: [] });
    expect(readAnswer(ask(query("nobody.internal"))).code).to.equal(NO_SUCH_NAME);
    expect(sockets.asked).to.be.empty;
  });

  it("refuses other names where the guest may not go outside", () => {
    const { ask, sockets } = bench(false);
    expect(readAnswer(ask(query("example.org"))).code).to.equal(REFUSED);
    expect(sockets.asked).to.be.empty;
  });

  it("asks the host's resolver where it may, and says what came of it", async () => {
    const { ask, sockets, card, network } = bench(true);
    sockets.names = new Map([["example.org", [0x01020304, 0x05060708]], ["nothing.org", []]]);
    const outcome = async (name: string) => {
      expect(ask(query(name))).to.be.empty;
      expect(network.isOpen).to.equal(true);
      await new Promise(setImmediate);
      expect(network.isOpen).to.equal(false);
      return readAnswer(card.take());
    };
    expect(await outcome("example.org")).to.deep.include({ code: OK, addresses: ["1.2.3.4", "5.6.7.8"] });
    expect((await outcome("nothing.org")).code).to.equal(NO_SUCH_NAME);
    expect((await outcome("broken.org")).code).to.equal(SERVER_FAILURE);
    expect(readAnswer(ask(query("example.org", PTR)))).to.deep.include({ code: OK, addresses: [] });
    expect(sockets.asked).to.deep.equal(["example.org", "nothing.org", "broken.org"]);
  });

  it("has no more than 64 lookups under way", () => {
    const { ask, sockets } = bench(true);
    sockets.resolve = () => new Promise(() => undefined);
    for (let i = 0; i < 64; i++) expect(ask(query("slow.org"))).to.be.empty;
    expect(readAnswer(ask(query("slow.org"))).code).to.equal(REFUSED);
  });

  it("does not implement other operations, several questions, pointers and names of other letters", () => {
    const { ask } = bench(true), good = query("example.org"), changed = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
    for (const bad of [changed(5, 2), changed(5, 0), changed(12, 0xc0), changed(12, 63), changed(13, 0x20), changed(13, 0), good.subarray(0, 20), good.subarray(0, 26)]) {
      expect(readAnswer(ask(bad)).code, Buffer.from(bad).toString("hex")).to.equal(NOT_IMPLEMENTED);
    }
    expect(ask(changed(2, 0x81)), "an answer").to.be.empty;
    expect(ask(good.subarray(0, 11)), "no header").to.be.empty;
  });
});
