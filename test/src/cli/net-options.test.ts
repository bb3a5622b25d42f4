// `tcgjs boot --net` and `--hostfwd`: what they say, and what is wrong with what they say.

import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { bootNetwork, netOptions } from "../../../src/cli/boot/net-options.ts";
import type { PortForward } from "../../../src/net/user-network.ts";
import { tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { linuxImage } from "../machine/linux-image.ts";

/** Options as given: `--net` first, then `--hostfwd`. */
function network(net: string | null, ...rules: readonly string[]) {
  let forwards: readonly PortForward[] = [];
  for (const rule of rules) forwards = netOptions.hostfwd.accept(rule, forwards);
  return bootNetwork({ net: net === null ? null : netOptions.net.accept(net, null), hostfwd: forwards })?.options;
}

const LOOPBACK = 0x7f000001;

describe("tcgjs boot --net", () => {
  const files = new TemporaryFolder();

  it("is none unless it is asked for, or a port leads into the guest", () => {
    expect([network(null), network("none")]).to.deep.equal([undefined, undefined]);
    expect(network("user")).to.deep.include({ isOutsideAllowed: false, forwards: [], mac: undefined });
    expect(network(null, "tcp::8080-:80")?.forwards).to.deep.equal([{ protocol: "tcp", host: { address: LOOPBACK, port: 8080 }, guest: { address: 0, port: 80 } }]);
  });

  it("says whether the guest may go outside, what its card's address is, and which ports lead into it", () => {
    expect(network("user,outside=on,mac=52:54:00:AB:cd:ef,hostfwd=udp:127.0.0.1:53-10.0.2.16:5353", "tcp:0.0.0.0:1-:2")).to.deep.include({
      isOutsideAllowed: true, mac: 0x525400abcdef,
      forwards: [
        { protocol: "udp", host: { address: LOOPBACK, port: 53 }, guest: { address: 0x0a000210, port: 5353 } }, { protocol: "tcp", host: { address: 0, port: 1 }, guest: { address: 0, port: 2 } },
      ],
    });
  });

  it("opens no port to others than this machine, unless the guest may go outside", () => {
    expect(() => network(null, "tcp:0.0.0.0:8080-:80")).to.throw("outside=on");
    expect(() => network("none", "tcp::8080-:80")).to.throw("--net none");
  });

  it("refuses what it does not understand", () => {
    for (const bad of ["tap", "user,", "user,outside=maybe", "user,restrict=on", "user,mac=1", "user,mac=53:00:00:00:00:01", "user,mac=00:00:00:00:00:00"]) expect(() => network(bad), bad).to.throw("wants");
    for (const bad of ["", "tcp:80", "tcp::80-:", "sctp::1-:2", "tcp::0-:1", "tcp::1-:65536", "tcp:300.1.1.1:1-:2", "tcp:localhost:1-:2", "tcp::1-:2 "]) expect(() => network(null, bad), bad).to.throw("wants");
  });

  it("ends with 2 when a port of the host is in use", async () => {
    const server = createServer();
    files.write("halt", linuxImage(Uint8Array.of(0xfa, 0xf4)));
    await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    const { port } = server.address() as AddressInfo, result = await tcgjs("boot", "--kernel", files.path("halt"), "--memory", "4M", "--hostfwd", `tcp::${port}-:80`);
    server.close();
    expect(result).to.deep.equal({ status: 2, stdout: "", stderr: `tcgjs boot: tcp port ${port} of 127.0.0.1 cannot be opened: it is in use\n` });
  });
});
