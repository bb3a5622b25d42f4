// Linux on the network: Debian's kernel gets an address, reaches services of this machine, and is reached by it.

import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { expect } from "chai";
import { NodeSockets } from "../../../src/host/sockets.ts";
import { Pc } from "../../../src/machine/pc.ts";
import type { PcOutcome } from "../../../src/machine/pc.ts";
import { LOOPBACK } from "../../../src/net/addresses.ts";
import { debianFiles } from "../../support/debian.ts";
import { DEBIAN_CMDLINE, ramDisk } from "../../support/ram-disk.ts";

const FILE_BYTES = 4_000_000, GUEST_PORT = 8080;
/** A run that takes longer hangs. */
const MAX_INSNS = 8e9, SLICE = 3e6, MAX_SLEEP_MS = 100;

const LEASE = `#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ifconfig eth0 $ip netmask $subnet; route add default gw $router; echo nameserver $dns > /etc/resolv.conf
echo "lease: $ip $subnet $router $dns"
`;

function script(httpPort: number, uploadPort: number): string {
  return `mount -t proc proc /proc; mount -t devtmpfs dev /dev
ifconfig eth0 up
udhcpc -i eth0 -s /lease -n -q 2> /dev/null | grep lease:
ping -c 3 10.0.2.2 | grep transmitted
ping -c 1 -W 1 1.2.3.4 > /dev/null || echo "outside: no"
nslookup host.internal 2>&1 | grep -o "Address: 10.0.2.2"
wget -q -O /file http://10.0.2.2:${httpPort}/file && md5sum < /file
wget -q -O /dev/null http://10.0.2.2:1/ 2>&1 | grep -o "refused"
nc 10.0.2.2 ${uploadPort} < /modules/virtio_net.ko
echo "from the guest" | nc -l -p ${GUEST_PORT} > /heard &
sleep 1; echo "listening"; wait; echo "heard: $(cat /heard)"
poweroff -f
`;
}

describe("Linux on the network", () => {
  const files = debianFiles();
  if ("missing" in files) {
    it.skip(`has an address (${files.missing})`);
    return;
  }

  const listen = async (server: Server): Promise<number> => {
    await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    return (server.address() as AddressInfo).port;
  };

  it("gets an address by DHCP, pings, brings files both ways, and is called by a port of the host", async () => {
    const file = Uint8Array.from({ length: FILE_BYTES }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24), uploaded: Buffer[] = [], modules = files.modules("virtio_pci", "virtio_net");
    const http = createHttpServer((_request, response) => void response.end(file)), upload = createServer((socket) => socket.on("data", (data: Buffer) => void uploaded.push(data)));
    const [httpPort, uploadPort, free] = [await listen(http), await listen(upload), createServer()], hostPort = await listen(free), sockets = new NodeSockets();
    await new Promise<void>((resolve) => void free.close(() => resolve()));
    const initrd = ramDisk({
      busybox: files.busybox, script: script(httpPort, uploadPort), modules, folders: ["etc"],
      files: [{ kind: "file", path: "lease", bytes: new TextEncoder().encode(LEASE), isExecutable: true }],
    });
    const pc = new Pc({
      boot: { kernel: files.kernel, initrd, cmdline: DEBIAN_CMDLINE },
      network: { sockets, hostNs: () => performance.now() * 1e6, forwards: [{ protocol: "tcp", host: { address: LOOPBACK, port: hostPort }, guest: { address: 0, port: GUEST_PORT } }] },
    });
    let printed = "", answer = "";
    pc.chips.uarts[0].connect({
      roomAgain: () => undefined,
      transmit: (byte) => {
        printed += String.fromCharCode(byte);
        if (!printed.endsWith("listening\r\n")) return;
        const caller = connect(hostPort, "127.0.0.1");
        caller.on("data", (data: Buffer) => { answer += data.toString(); });
        caller.end("from the host");
      },
    });
    try {
      await pc.network?.open();
      const end = await run(pc, sockets);
      expect(end.kind, printed).to.equal("power-off");
    } finally {
      sockets.close();
      http.close();
      upload.close();
    }
    for (const line of [
      "lease: 10.0.2.15 255.255.255.0 10.0.2.2 10.0.2.3", "3 packets transmitted, 3 packets received, 0% packet loss", "outside: no", "Address: 10.0.2.2",
      `${createHash("md5").update(file).digest("hex")}  -`, "refused", "heard: from the host",
    ]) expect(printed.replaceAll("\r", "").split("\n"), printed).to.include(line);
    expect(answer).to.equal("from the guest\n");
    expect(Buffer.compare(Buffer.concat(uploaded), Buffer.from(modules[modules.length - 1].bytes))).to.equal(0);
  });
});

/** Runs to the end, as a program does: lets the event loop turn, and sleeps while the guest is idle. */
async function run(pc: Pc, sockets: NodeSockets): Promise<PcOutcome> {
  for (;;) {
    const outcome = pc.run({ maxInsns: SLICE, maxSteps: 5000 });
    if (outcome.kind === "blocked") await outcome.until;
    else if (outcome.kind === "idle") await pause(sockets, Math.max(0, Math.min(MAX_SLEEP_MS, (outcome.untilNs - pc.clock.nowNs()) / 1e6)));
    else if (outcome.kind !== "budget" || pc.insns > MAX_INSNS) return outcome;
    await new Promise(setImmediate);
  }
}

function pause(sockets: NodeSockets, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    sockets.onActivity = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
