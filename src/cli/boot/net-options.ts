/** `--net` and `--hostfwd`: the network that a guest of `tcgjs boot` is on. */
import { VmError } from "../../../tcg/support/errors.ts";
import { NodeSockets } from "../../host/sockets.ts";
import { nowMs } from "../../host/time.ts";
import type { PcNetworkOptions } from "../../machine/pc.ts";
import { isLoopback, LOOPBACK, parseIpv4, UNSPECIFIED } from "../../net/addresses.ts";
import type { Ipv4Address } from "../../net/addresses.ts";
import type { PortForward } from "../../net/user-network.ts";
import { value, values } from "../option-table.ts";
import type { ValuesOf } from "../option-table.ts";
import { isOn, parseProperties } from "./properties.ts";

/** `--net`, parsed; null for none. */
export interface NetChoice {
  readonly isOutsideAllowed: boolean;
  readonly mac: number | undefined;
  readonly forwards: readonly PortForward[];
}

const FORWARD_ARGUMENT = "tcp|udp:[HOST]:PORT-[GUEST]:PORT";

export const netOptions = {
  net: value(parseNet, {
    argument: "user[,outside=on][,mac=MAC][,hostfwd=…]|none", defaultText: "none",
    help: "a virtio network card, and a network in user mode: the guest gets 10.0.2.15 by DHCP, and reaches services on the host's loopback at 10.0.2.2, or host.internal; "
      + "with outside=on it reaches everything that the host does",
  }),
  hostfwd: values(parseForward, {
    argument: FORWARD_ARGUMENT, help: "a port of the host that leads to one of the guest, such as tcp::8080-:80; the host's address is 127.0.0.1, or any with outside=on. It implies --net user",
  }),
};

/** @throws VmError EINVAL for what is no network */
function parseNet(text: string): NetChoice | "none" {
  if (text === "none") return text;
  const [kind, ...rest] = text.split(",");
  if (kind !== "user") throw new VmError("EINVAL", `wants user or none, not "${kind}"`);
  if (rest.length === 0) return { isOutsideAllowed: false, mac: undefined, forwards: [] };
  const given = parseProperties(rest.join(","), ["outside", "mac", "hostfwd"]), mac = given.get("mac"), forward = given.get("hostfwd");
  return { isOutsideAllowed: isOn(given, "outside"), mac: mac === undefined ? undefined : parseMac(mac), forwards: forward === undefined ? [] : [parseForward(forward)] };
}

function parseMac(text: string): number {
  const mac = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? parseInt(text.replaceAll(":", ""), 16) : NaN;
  // Bit 0 of the first byte marks groups.
  if (Number.isNaN(mac) || Math.floor(mac / 2 ** 40) % 2 !== 0 || mac === 0) throw new VmError("EINVAL", `wants mac= and an address of a single card, such as 52:54:00:12:34:56; not "${text}"`);
  return mac;
}

/** @throws VmError EINVAL for what is no rule */
function parseForward(text: string): PortForward {
  const [, protocol, host, hostPort, guest, guestPort] = /^(tcp|udp):([^:]*):(\d+)-([^:]*):(\d+)$/.exec(text) ?? [];
  const forward: PortForward = {
    protocol: protocol === "udp" ? "udp" : "tcp", host: { address: addressOr(host, LOOPBACK), port: Number(hostPort) }, guest: { address: addressOr(guest, UNSPECIFIED), port: Number(guestPort) },
  };
  const isPort = (port: number): boolean => port >= 1 && port <= 0xffff;
  if (protocol !== undefined && isPort(forward.host.port) && isPort(forward.guest.port)) return forward;
  throw new VmError("EINVAL", `wants ${FORWARD_ARGUMENT}, ports from 1 to 65535; not "${text}"`);
}

function addressOr(text: string | undefined, fallback: Ipv4Address): Ipv4Address {
  if (text === undefined || text === "") return fallback;
  const address = parseIpv4(text);
  if (address === null) throw new VmError("EINVAL", `wants an IPv4 address such as 127.0.0.1, not "${text}"`);
  return address;
}

/** What the machine is given for its network, and the sockets that are to be closed at the end. */
export interface BootNetwork {
  readonly options: PcNetworkOptions;
  readonly sockets: NodeSockets;
}

/** @returns null for no network  @throws VmError EINVAL for options that contradict each other */
export function bootNetwork({ net, hostfwd }: ValuesOf<typeof netOptions>): BootNetwork | null {
  if (hostfwd.length === 0 && (net === null || net === "none")) return null;
  if (net === "none") throw new VmError("EINVAL", "--hostfwd wants a network, and --net none says there is none");
  const sockets = new NodeSockets(), forwards = [...(net?.forwards ?? []), ...hostfwd], isOutsideAllowed = net?.isOutsideAllowed ?? false;
  if (!isOutsideAllowed && forwards.some(({ host }) => !isLoopback(host.address))) {
    throw new VmError("EINVAL", "--hostfwd: an address of the host that others can reach is only used with --net user,outside=on");
  }
  return { sockets, options: { sockets, forwards, isOutsideAllowed, mac: net?.mac, hostNs: () => nowMs() * 1e6 } };
}
