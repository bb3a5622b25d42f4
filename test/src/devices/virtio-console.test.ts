// Virtio console: bytes both ways, sizes, and buffers that are not there (Virtio 1.2, §5.3).

import { expect } from "chai";
import { VirtioConsole } from "../../../src/devices/virtio/virtio-console.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { DEVICE_CONFIG, ISR, VirtioBench } from "../../support/virtio-bench.ts";

const F_SIZE = 0, F_EMERG_WRITE = 2;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function made() {
  const device = new VirtioConsole(), bench = new VirtioBench(device), seen = { text: "", rooms: 0 };
  device.connectPeer({
    transmit: (bytes) => { seen.text += Buffer.from(bytes).toString("latin1"); },
    roomAgain: () => { seen.rooms++; },
  });
  bench.start([F_SIZE, F_EMERG_WRITE]);
  return { device, bench, seen };
}

describe("VirtioConsole", () => {
  it("passes on what the driver sends", () => {
    const { bench, seen } = made();
    bench.add(1, [bytesOf("hel"), bytesOf("lo ")], []);
    bench.add(1, [bytesOf("x".repeat(5000))], []);
    bench.kick(1);
    expect([seen.text, bench.used(1).length]).to.deep.equal([`hello ${"x".repeat(5000)}`, 2]);
  });

  it("gives the driver as many bytes as it has room for, and says when there is room again", () => {
    const { device, bench, seen } = made(), before = seen.rooms;
    expect(device.receive(bytesOf("early"))).to.equal(0);
    const { written } = bench.add(0, [], [3]);
    bench.add(0, [], [100]);
    bench.kick(0);
    expect(seen.rooms).to.equal(before + 1);
    expect([device.receive(bytesOf("hello")), device.receive(bytesOf("!"))]).to.deep.equal([5, 0]);
    expect([Buffer.from(bench.bytes(written[0], 3)).toString(), bench.used(0).map(({ length }) => length), bench.isInterrupting]).to.deep.equal(["hel", [3, 2], true]);
  });

  it("tells the size of the screen, and of a new one", () => {
    const { device, bench } = made();
    expect([bench.read(DEVICE_CONFIG, 2), bench.read(DEVICE_CONFIG + 2, 2)]).to.deep.equal([80, 25]);
    device.resize(132, 50);
    expect([bench.read(DEVICE_CONFIG, 2), bench.read(DEVICE_CONFIG + 2, 2), bench.read(ISR, 1)]).to.deep.equal([132, 50, 2]);
  });

  it("takes a character without a queue", () => {
    const { bench, seen } = made();
    bench.write(DEVICE_CONFIG + 8, 4, 0x41);
    expect(seen.text[0]).to.equal("A");
  });

  it("goes on from a saved state, and refuses broken ones", () => {
    const { device } = made(), other = made().device;
    device.resize(7, 8);
    other.restore(device.save());
    expect(other.save()).to.deep.equal({ columns: 7, rows: 8 });
    refusesBrokenStates(made);
  });
});
