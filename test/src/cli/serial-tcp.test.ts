// `--serial tcp:…`: a service of the test's, and connections that the test makes. The guest sends back what it gets.

import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { parseSerial } from "../../../src/cli/boot/serial.ts";
import { tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { bytesOf } from "../kvm/guest.ts";
import { linuxImage } from "../machine/linux-image.ts";

/** Prints ">", then sends back what comes over COM1; "q" ends it. */
const ECHO = bytesOf(`
  66 ba f8 03  b0 3e  ee
  66 ba fd 03  ec  a8 01  74 f7
  66 ba f8 03  ec  ee
  3c 71  75 ed
  66 ba 04 06  66 b8 00 20  66 ef  eb fe
`);

describe("tcgjs boot --serial tcp:", () => {
  const files = new TemporaryFolder();
  before(() => void files.write("echo", linuxImage(ECHO)));

  const boot = (serial: string, ...more: string[]) => tcgjs("boot", "--kernel", files.path("echo"), "--memory", "4M", "--timeout", "20", "--serial", serial, ...more);

  /** A port that nobody has. */
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }

  /** All that comes until the other end closes. */
  async function textOf(socket: Socket): Promise<string> {
    let text = "";
    for await (const bytes of socket) text += String(bytes);
    return text;
  }

  it("connects to a service, both ways, and ends the connection once all is sent", async () => {
    const server = createServer().listen(0, "127.0.0.1"), text = "0123456789".repeat(100);
    const heard = once(server, "connection").then(([socket]) => {
      (socket as Socket).write(`${text}q`);
      return textOf(socket as Socket);
    });
    await once(server, "listening");
    expect(await boot(`tcp:127.0.0.1:${(server.address() as AddressInfo).port}`)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(await heard).to.equal(`>${text}q`);
    server.close();
  });

  for (const suffix of ["", ",server"]) {
    it(`waits for a connection${suffix === "" ? " where there is no service" : " at once with server"}, which gets what the guest has sent before`, async () => {
      const port = await freePort(), running = boot(`tcp:127.0.0.1:${port}${suffix}`);
      const tryConnect = async (): Promise<Socket> => {
        for (;;) {
          const socket = connect(port, "127.0.0.1");
          if (await once(socket, "connect").then(() => true, () => false)) return socket;
          await delay(20);
        }
      };
      const socket = await tryConnect(), heard = textOf(socket);
      await delay(50);
      socket.write("abcq");
      expect(await heard).to.equal(">abcq");
      expect(await running).to.deep.equal({ status: 0, stdout: "", stderr: `tcgjs boot: a serial line waits for a connection at 127.0.0.1:${port}\n` });
    });
  }

  it("refuses a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo, { status, stderr } = await boot(`tcp:127.0.0.1:${port},server`);
    server.close();
    expect([status, stderr]).to.deep.equal([2, `tcgjs boot: --serial: 127.0.0.1:${port} cannot be had: it is in use\n`]);
  });

  it("goes nowhere but to this machine", () => {
    expect(parseSerial("tcp::7000")).to.deep.equal({ kind: "tcp", host: "127.0.0.1", port: 7000, isServer: false });
    expect(parseSerial("tcp:localhost:1,server")).to.deep.equal({ kind: "tcp", host: "127.0.0.1", port: 1, isServer: true });
    for (const text of ["tcp:10.0.0.1:7000", "tcp:0.0.0.0:7000", "tcp:example.org:7000"]) expect(() => parseSerial(text)).to.throw(/wants an address of this machine, such as 127\.0\.0\.1; not "/);
    for (const text of ["tcp:", "tcp:7000", "tcp::0", "tcp::65536", "tcp::7000,servant", "tcp::7000,server,"]) expect(() => parseSerial(text)).to.throw(/wants tcp:127\.0\.0\.1:PORT or/);
  });
});
