// TCP towards the guest, by segments as RFC 9293 has them.

import { expect } from "chai";
import { UserNetwork } from "../../../src/net/user-network.ts";
import type { UserNetworkOptions } from "../../../src/net/user-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { FakeTcpSocket } from "./fake-sockets.ts";
import { FakeSockets } from "./fake-sockets.ts";
import { ACK, be16, bytes, DNS, FIN, GuestCard, PSH, readPacket, readTcp, RST, SYN, tcpFrame } from "./guest-card.ts";
import type { Segment, TcpFields } from "./guest-card.ts";

const MSS = 1460, ISS = 0xfffffff0, MS = 1e6;
const MSS_OPTION = bytes("020405b4"), SCALE_OPTIONS = bytes(MSS_OPTION, "01030307");
const text = (data: string): Uint8Array => new TextEncoder().encode(data);
const string = (data: ArrayLike<number>): string => String.fromCharCode(...Array.from(data));

/** A guest that keeps no state but what a test gives it. */
class Guest {
  readonly clock = new FakeClock();
  readonly sockets = new FakeSockets();
  readonly network: UserNetwork;
  readonly card: GuestCard;
  /** What it sends next, and has had of us. */
  seq = ISS;
  ack = 0;

  constructor(options: Partial<UserNetworkOptions> = {}) {
    this.network = new UserNetwork(this.clock, { sockets: this.sockets, ...options });
    this.card = new GuestCard(this.network);
  }

  /** Sends a segment where it is; gives what came back. */
  send(fields: Partial<TcpFields>): Segment[] {
    return this.card.send(tcpFrame({ seq: this.seq, ack: this.ack, flags: ACK, ...fields })).map(read);
  }

  take(): Segment[] {
    return this.card.take().map(read);
  }

  after(ns: number): Segment[] {
    this.clock.advance(ns);
    return this.take();
  }

  get socket(): FakeTcpSocket {
    return this.sockets.tcp[this.sockets.tcp.length - 1];
  }

  /** Calls port 80 of the host, which accepts. */
  open(options: { readonly window?: number; readonly tcpOptions?: Uint8Array; readonly from?: number } = {}): this {
    expect(this.send({ flags: SYN, ack: 0, tcpOptions: MSS_OPTION, ...options })).to.be.empty;
    this.socket.hears.socketOpen();
    const [answer] = this.take();
    expect([answer.flags, answer.ack]).to.deep.equal([SYN | ACK, (this.seq + 1) >>> 0]);
    this.seq = answer.ack;
    this.ack = (answer.seq + 1) >>> 0;
    expect(this.send({ ...options, tcpOptions: bytes() })).to.be.empty;
    return this;
  }

  /** Data from the host. */
  host(data: Uint8Array): Segment[] {
    this.socket.hears.socketData(data);
    return this.take();
  }

  /** Has had all of these segments. */
  got(segments: readonly Segment[]): this {
    for (const { data, flags } of segments) this.ack = (this.ack + data.length + ((flags & FIN) !== 0 ? 1 : 0)) >>> 0;
    return this;
  }
}

function read(frame: Uint8Array): Segment {
  return readTcp(readPacket(frame));
}

function flags(segments: readonly Segment[]): number[] {
  return segments.map((s) => s.flags);
}

describe("TCP towards the guest", () => {
  describe("opening", () => {
    it("answers the guest's SYN when the host's service has accepted, with our MSS", () => {
      const guest = new Guest();
      expect(guest.send({ flags: SYN, ack: 0, tcpOptions: MSS_OPTION })).to.be.empty;
      expect(guest.socket.to).to.deep.equal({ address: 0x7f000001, port: 80 });
      guest.socket.hears.socketOpen();
      const [answer] = guest.take();
      expect([answer.flags, answer.ack, answer.from, answer.to]).to.deep.equal([SYN | ACK, ISS + 1, 80, 1000]);
      expect(answer.options.subarray(0, 4)).to.deep.equal(bytes(2, 4, be16(MSS)));
    });

    it("refuses where nobody listens", () => {
      const guest = new Guest();
      guest.send({ flags: SYN, ack: 0 });
      guest.socket.hears.socketClosed(true);
      const [answer] = guest.take();
      expect([answer.flags, answer.seq, answer.ack]).to.deep.equal([RST | ACK, 0, ISS + 1]);
      expect(guest.network.isOpen).to.equal(false);
    });

    it("says by ICMP that a place may not be gone to, and opens no socket", () => {
      for (const destination of ["1.2.3.4", DNS]) {
        const guest = new Guest(), [frame] = guest.card.send(tcpFrame({ seq: 1, flags: SYN, destination }));
        expect(readPacket(frame).data.subarray(0, 2)).to.deep.equal(bytes(3, 13));
        expect(guest.sockets.tcp).to.be.empty;
      }
    });

    it("goes outside where that is allowed", () => {
      const guest = new Guest({ isOutsideAllowed: true });
      guest.send({ flags: SYN, ack: 0, destination: "1.2.3.4" });
      expect(guest.socket.to).to.deep.equal({ address: 0x01020304, port: 80 });
    });

    it("sends its SYN again, after one second, two, four, and gives up after seven", () => {
      const guest = new Guest();
      guest.send({ flags: SYN, ack: 0 });
      guest.socket.hears.socketOpen();
      expect(flags(guest.take())).to.deep.equal([SYN | ACK]);
      expect(flags(guest.after(999 * MS))).to.be.empty;
      expect(flags(guest.after(2 * MS))).to.deep.equal([SYN | ACK]);
      expect(flags(guest.after(1990 * MS))).to.be.empty;
      expect(flags(guest.after(20 * MS))).to.deep.equal([SYN | ACK]);
      expect(flags(guest.after(600e9))).to.have.length(4);
      expect([guest.socket.isDestroyed, guest.network.isOpen]).to.deep.equal([true, false]);
    });

    it("takes a SYN that comes twice for one, and RST before the answer for an end", () => {
      const guest = new Guest();
      guest.send({ flags: SYN, ack: 0 });
      guest.send({ flags: SYN, ack: 0 });
      expect(guest.sockets.tcp).to.have.length(1);
      guest.send({ flags: RST, seq: ISS + 1 });
      expect(guest.socket.isDestroyed).to.equal(true);
      guest.socket.hears.socketOpen();
      expect(guest.take()).to.be.empty;
    });

    it("answers SYN|ACK's acknowledgement of something else with RST", () => {
      const guest = new Guest();
      guest.send({ flags: SYN, ack: 0 });
      guest.socket.hears.socketOpen();
      guest.take();
      expect(guest.send({ seq: ISS + 1, ack: 77 }).map((s) => [s.flags, s.seq])).to.deep.equal([[RST, 77]]);
    });

    it("answers segments of no connection with RST as RFC 9293 §3.10.7.1 says, and RST with nothing", () => {
      const guest = new Guest();
      expect(guest.send({ flags: ACK, seq: 5, ack: 9 }).map((s) => [s.flags, s.seq, s.ack])).to.deep.equal([[RST, 9, 0]]);
      expect(guest.send({ flags: FIN, seq: 5, data: text("abc") }).map((s) => [s.flags, s.seq, s.ack])).to.deep.equal([[RST | ACK, 0, 9]]);
      expect(guest.send({ flags: SYN | ACK, seq: 5, ack: 9 }).map((s) => [s.flags, s.seq])).to.deep.equal([[RST, 9]]);
      expect(guest.send({ flags: RST, seq: 5 })).to.be.empty;
    });

    it("has 256 connections at the most", () => {
      const guest = new Guest();
      for (let from = 1; from <= 400; from++) guest.send({ flags: SYN, ack: 0, from });
      expect(guest.sockets.tcp).to.have.length(256);
      guest.sockets.tcp[9].hears.socketClosed(true);
      guest.send({ flags: SYN, ack: 0, from: 999 });
      expect(guest.sockets.tcp).to.have.length(257);
    });

    it("calls the guest for a forwarded port, with the caller's port", async () => {
      const guest = new Guest({ forwards: [{ protocol: "tcp", host: { address: 0x7f000001, port: 8080 }, guest: { address: 0, port: 80 } }] });
      await guest.network.open();
      const socket = guest.sockets.listening.get(8080)?.({ address: 0x7f000001, port: 40_000 });
      const [syn] = guest.take();
      expect([syn.flags, syn.from, syn.to]).to.deep.equal([SYN, 40_000, 80]);
      socket?.hears.socketData(text("early"));
      const answer = guest.send({ flags: SYN | ACK, seq: 100, ack: syn.seq + 1, from: 80, to: 40_000, tcpOptions: MSS_OPTION });
      expect(answer.map((s) => [s.flags, s.ack, string(s.data)])).to.deep.equal([[ACK, 101, ""], [ACK | PSH, 101, "early"]]);
    });

    it("resets the caller of a forwarded port if the guest does", async () => {
      const guest = new Guest({ forwards: [{ protocol: "tcp", host: { address: 0x7f000001, port: 8080 }, guest: { address: 0, port: 80 } }] });
      await guest.network.open();
      const socket = guest.sockets.listening.get(8080)?.({ address: 0x7f000001, port: 40_000 }), [syn] = guest.take();
      guest.send({ flags: RST | ACK, seq: 0, ack: syn.seq + 2, from: 80, to: 40_000 });
      expect(socket?.isDestroyed).to.equal(false);
      guest.send({ flags: RST | ACK, seq: 0, ack: syn.seq + 1, from: 80, to: 40_000 });
      expect(socket?.isDestroyed).to.equal(true);
    });
  });

  describe("data from the guest", () => {
    it("go to the socket in order, across the end of the sequence numbers, and are acknowledged once a burst", () => {
      const guest = new Guest().open();
      const frames = ["one ", "two ", "three four five six "].map((data) => {
        const frame = tcpFrame({ seq: guest.seq, ack: guest.ack, flags: ACK, data: text(data) });
        guest.seq = (guest.seq + data.length) >>> 0;
        return frame;
      });
      expect(guest.card.send(...frames).map(read).map((s) => [s.flags, s.ack])).to.deep.equal([[ACK, guest.seq]]);
      expect(guest.seq).to.be.below(ISS);
      expect(string(guest.socket.all)).to.equal("one two three four five six ");
    });

    it("are put in order, without repetitions; each that is out of order is answered at once", () => {
      const guest = new Guest().open(), all = "abcdefghijklmnopqrstuvwxyz", at = (from: number, to: number) => ({ seq: (guest.seq + from) >>> 0, data: text(all.slice(from, to)) });
      const answers = [at(20, 26), at(5, 12), at(3, 8), at(0, 4), at(0, 4), at(10, 21)].map((part) => guest.send(part).map((s) => (s.ack - guest.seq) >>> 0));
      expect(answers).to.deep.equal([[0], [0], [0], [12], [12], [26]]);
      expect(string(guest.socket.all)).to.equal(all);
    });

    it("end where the window ends, which does not shrink", () => {
      const guest = new Guest().open();
      guest.socket.isQuick = false;
      const chunk = new Uint8Array(MSS);
      let window = 65535, taken = 0;
      for (let i = 0; i < 60; i++) {
        const [answer] = guest.send({ seq: (guest.seq + i * MSS) >>> 0, data: chunk }), acked = (answer.ack - guest.seq) >>> 0;
        expect(acked + answer.window).to.be.at.least(taken + window);
        [window, taken] = [answer.window, acked];
      }
      expect([taken, window]).to.deep.equal([65535, 0]);
      expect(guest.socket.all).to.have.length(65535);
      guest.socket.flush();
      const told = guest.take();
      expect(told).to.have.length.within(1, 4);
      expect(told[told.length - 1].window).to.be.at.least(49_152);
    });

    it("go on while the window is scaled: up to 256 KiB may be under way", () => {
      const guest = new Guest().open({ tcpOptions: SCALE_OPTIONS });
      const [answer] = guest.send({ data: text("x") });
      expect(answer.window).to.equal(262144 >>> 3);
    });

    it("in a probe into a closed window are answered, and their acknowledgement counts", () => {
      const guest = new Guest().open();
      guest.socket.isQuick = false;
      for (let i = 0; i < 45; i++) guest.send({ seq: (guest.seq + i * MSS) >>> 0, data: new Uint8Array(MSS) });
      guest.seq = (guest.seq + 65535) >>> 0;
      const sent = guest.host(text("hello"));
      guest.got(sent);
      const [answer] = guest.send({ data: bytes(1) });
      expect([answer.ack, answer.window]).to.deep.equal([guest.seq, 0]);
      expect(guest.after(5e9)).to.be.empty;
    });
  });

  describe("data from the host", () => {
    it("go out in segments of the guest's MSS, as far as its window lets them", () => {
      const guest = new Guest().open({ window: 4000 });
      const sent = guest.host(new Uint8Array(10_000).map((_, i) => i));
      expect(sent.map((s) => s.data.length)).to.deep.equal([1460, 1460]);
      const more = guest.got(sent).send({ window: 6000 });
      expect(more.map((s) => s.data.length)).to.deep.equal([1460, 1460, 1460, 1460]);
      const last = guest.got(more).send({ window: 65535 });
      expect(last.map((s) => [s.data.length, s.flags])).to.deep.equal([[1240, ACK | PSH]]);
      expect(bytes(...[...sent, ...more, ...last].map((s) => s.data))).to.deep.equal(new Uint8Array(10_000).map((_, i) => i));
    });

    it("go out in segments of 536 bytes to a guest that has said nothing, of 64 at the least", () => {
      expect(new Guest().open({ tcpOptions: bytes() }).host(new Uint8Array(600)).map((s) => s.data.length)).to.deep.equal([536, 64]);
      expect(new Guest().open({ tcpOptions: bytes("02040001") }).host(new Uint8Array(100)).map((s) => s.data.length)).to.deep.equal([64, 36]);
    });

    it("may fill a window that the guest scales", () => {
      const guest = new Guest().open({ tcpOptions: SCALE_OPTIONS, window: 1000 });
      expect(guest.host(new Uint8Array(200_000)).reduce((sum, s) => sum + s.data.length, 0)).to.be.within(128_000 - MSS, 128_000);
    });

    it("go again when nothing comes back: after a second at first, then twice as long each time, until it is given up", () => {
      const guest = new Guest().open(), [first] = guest.host(text("hello"));
      expect(guest.after(990 * MS)).to.be.empty;
      expect(guest.after(20 * MS)).to.deep.equal([first]);
      expect(guest.after(1980 * MS)).to.be.empty;
      expect(guest.after(20 * MS)).to.deep.equal([first]);
      const rest = guest.after(1000e9);
      expect(rest.map((s) => s.flags)).to.deep.equal([...new Array<number>(8).fill(ACK | PSH), RST | ACK]);
      expect(guest.socket.isDestroyed).to.equal(true);
    });

    it("go again after 200 ms once round trips have been seen to be short", () => {
      const guest = new Guest().open();
      for (let i = 0; i < 5; i++) {
        const sent = guest.host(text("hello"));
        guest.clock.advance(1 * MS);
        guest.got(sent).send({});
      }
      const lost = guest.host(text("lost"));
      expect(guest.after(199 * MS)).to.be.empty;
      expect(guest.after(2 * MS)).to.deep.equal(lost);
    });

    it("go again at the third duplicate acknowledgement, and at each partial one after", () => {
      const guest = new Guest().open(), sent = guest.host(new Uint8Array(8 * MSS).map((_, i) => i >> 8));
      expect(sent).to.have.length(8);
      expect([1, 2].flatMap(() => guest.send({}))).to.be.empty;
      expect(guest.send({})).to.deep.equal([sent[0]]);
      expect(guest.send({})).to.be.empty;
      expect(guest.got(sent.slice(0, 3)).send({})).to.deep.equal([sent[3]]);
      expect(guest.got(sent.slice(3)).send({})).to.be.empty;
      expect(guest.after(10e9)).to.be.empty;
    });

    it("probe a closed window with a byte, for ever while the guest answers, and go on as soon as it opens", () => {
      const guest = new Guest().open({ window: 0 });
      expect(guest.host(text("hello"))).to.be.empty;
      for (let i = 0; i < 20; i++) {
        const probes = guest.after(2e9);
        expect(probes.map((s) => string(s.data))).to.deep.equal(probes.map(() => "h"));
        if (probes.length > 0) expect(guest.send({ window: 0 })).to.be.empty;
      }
      expect(guest.socket.isDestroyed).to.equal(false);
      const opened = guest.send({ window: 1000 });
      expect(opened.map((s) => string(s.data))).to.deep.equal(["h", "ello"]);
      guest.got(opened).send({ window: 1000 });
      expect(guest.after(100e9)).to.be.empty;
    });

    it("stop the socket while much of them waits, and let it go on when that has gone", () => {
      const guest = new Guest().open();
      let waiting: Segment[] = [];
      for (let i = 0; i < 4; i++) waiting.push(...guest.host(new Uint8Array(65536)));
      expect(guest.socket.isPaused).to.equal(true);
      while (guest.socket.isPaused) waiting = guest.got(waiting).send({});
      expect(waiting).to.not.be.empty;
    });

    it("wait while the card has no room", () => {
      const guest = new Guest().open();
      guest.card.room = 2;
      expect(guest.host(new Uint8Array(20_000))).to.have.length(2);
      guest.card.room = Infinity;
      guest.network.roomAgain();
      const rest = guest.take();
      expect(rest.reduce((sum, s) => sum + s.data.length, 0)).to.equal(20_000 - 2 * MSS);
    });

    it("that the guest acknowledges without having got them are answered with where we are", () => {
      const guest = new Guest().open();
      expect(guest.send({ ack: (guest.ack + 1) >>> 0, data: text("x") }).map((s) => [s.flags, s.ack])).to.deep.equal([[ACK, guest.seq]]);
      expect(guest.socket.all).to.be.empty;
    });

    it("go in one frame of many segments to a card that takes such, with the sum of the pseudo-header", () => {
      const guest = new Guest().open({ tcpOptions: SCALE_OPTIONS, window: 0xffff });
      guest.card.takesUnsummed = true;
      guest.card.largestFrame = 1e6;
      guest.socket.hears.socketData(new Uint8Array(100_000));
      expect(guest.card.frames.map((f) => [f.bytes.length, f.isSummed, f.segmentBytes])).to.deep.equal([[54 + 44 * MSS, false, MSS], [54 + 100_000 - 44 * MSS, false, MSS]]);
      const [{ bytes: frame }] = guest.card.frames, length = 20 + 44 * MSS;
      let sum = 0;
      for (const word of [...frame.subarray(26, 34)].map((byte, i) => (i % 2 === 0 ? byte << 8 : byte)).concat([6, length])) sum += word;
      expect((frame[50] << 8) | frame[51]).to.equal((sum & 0xffff) + (sum >>> 16));
    });
  });

  describe("closing", () => {
    it("by the guest first: the socket hears of it, may send on, and the last FIN is ours", () => {
      const guest = new Guest().open();
      expect(flags(guest.send({ flags: FIN | ACK, data: text("bye") }))).to.deep.equal([ACK]);
      guest.seq = (guest.seq + 4) >>> 0;
      expect([guest.socket.isEnded, string(guest.socket.all)]).to.deep.equal([true, "bye"]);
      guest.got(guest.host(text("so long")));
      guest.socket.hears.socketEnd();
      const fin = guest.take();
      expect(flags(fin)).to.deep.equal([FIN | ACK]);
      expect(guest.got(fin).send({})).to.be.empty;
      expect(guest.network.isOpen).to.equal(false);
      expect(guest.socket.isDestroyed).to.equal(false);
      expect(flags(guest.send({}))).to.deep.equal([RST]);
    });

    it("by the host first: FIN goes behind the last data, the guest may send on, then the ports rest for a second", () => {
      const guest = new Guest().open({ window: 3 });
      guest.socket.hears.socketData(text("abcdef"));
      guest.socket.hears.socketEnd();
      const head = guest.take();
      expect(head.map((s) => [s.flags, string(s.data)])).to.deep.equal([[ACK, "abc"]]);
      const tail = guest.got(head).send({ window: 100 });
      expect(tail.map((s) => [s.flags, string(s.data)])).to.deep.equal([[ACK | PSH | FIN, "def"]]);
      guest.got(tail).send({});
      guest.send({ data: text("still here") });
      guest.seq = (guest.seq + 10) >>> 0;
      expect(string(guest.socket.all)).to.equal("still here");
      expect(flags(guest.send({ flags: FIN | ACK }))).to.deep.equal([ACK]);
      expect(guest.network.isOpen).to.equal(false);
      expect(flags(guest.send({ flags: FIN | ACK })), "FIN again").to.deep.equal([ACK]);
      guest.clock.advance(1100 * MS);
      expect(flags(guest.send({ flags: FIN | ACK })), "after TIME-WAIT").to.deep.equal([RST]);
    });

    it("by both at once", () => {
      const guest = new Guest().open();
      guest.socket.hears.socketEnd();
      const fin = guest.take();
      expect(flags(fin)).to.deep.equal([FIN | ACK]);
      expect(flags(guest.send({ flags: FIN | ACK }))).to.deep.equal([ACK]);
      guest.seq = (guest.seq + 1) >>> 0;
      expect(guest.network.isOpen).to.equal(true);
      guest.got(fin).send({});
      expect([guest.network.isOpen, guest.socket.isDestroyed]).to.deep.equal([false, false]);
    });

    it("lets a new call have the ports of one in TIME-WAIT, if its numbers go on", () => {
      const guest = new Guest().open();
      guest.socket.hears.socketEnd();
      guest.got(guest.take()).send({ flags: FIN | ACK });
      guest.seq = (guest.seq + 1) >>> 0;
      expect(flags(guest.send({ flags: SYN, seq: ISS }))).to.deep.equal([ACK]);
      guest.seq = (guest.seq + 1000) >>> 0;
      guest.open();
      expect(guest.sockets.tcp).to.have.length(2);
    });

    it("sends a FIN that gets lost again", () => {
      const guest = new Guest().open();
      guest.socket.hears.socketEnd();
      const fin = guest.take();
      expect(guest.after(1001 * MS)).to.deep.equal(fin);
    });

    it("waits with FIN for data that came too early", () => {
      const guest = new Guest().open();
      guest.send({ seq: (guest.seq + 3) >>> 0, flags: FIN | ACK, data: text("def") });
      expect(guest.socket.isEnded).to.equal(false);
      expect(guest.send({ data: text("abc") }).map((s) => (s.ack - guest.seq) >>> 0)).to.deep.equal([7]);
      expect([guest.socket.isEnded, string(guest.socket.all)]).to.deep.equal([true, "abcdef"]);
    });

    it("at once when the guest resets, or the socket fails", () => {
      const guest = new Guest().open();
      guest.send({ flags: RST });
      expect([guest.socket.isDestroyed, guest.network.isOpen]).to.deep.equal([true, false]);
      const other = new Guest().open();
      other.socket.hears.socketClosed(true);
      expect(other.take().map((s) => [s.flags, s.seq])).to.deep.equal([[RST | ACK, other.ack]]);
      expect(other.network.isOpen).to.equal(false);
    });

    it("is not brought about by RST or SYN that only lies in the window (RFC 5961)", () => {
      const guest = new Guest().open();
      for (const segment of [{ flags: RST, seq: guest.seq + 5 }, { flags: SYN, seq: guest.seq + 5 }, { flags: SYN }]) expect(flags(guest.send(segment))).to.deep.equal([ACK]);
      expect(guest.send({ flags: RST, seq: guest.seq - 1 })).to.be.empty;
      expect(guest.send({ flags: RST, seq: (guest.seq + 100_000) >>> 0 })).to.be.empty;
      expect(guest.network.isOpen).to.equal(true);
    });

    it("drops segments that are damaged, or have no ACK", () => {
      const guest = new Guest().open(), damaged = tcpFrame({ seq: guest.seq, ack: guest.ack, flags: ACK, data: text("abc") });
      damaged[54] ^= 1;
      expect(guest.card.send(damaged, tcpFrame({ seq: guest.seq, flags: 0, data: text("abc") }))).to.be.empty;
      expect(guest.socket.all).to.be.empty;
    });
  });
});
