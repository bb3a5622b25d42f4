/** Virtio devices of `tcgjs boot` that are no disks: a console, random numbers, folders of the host. */
import { randomFillSync } from "node:crypto";
import { VmError } from "../../../tcg/support/errors.ts";
import type { EntropySource } from "../../devices/virtio/entropy.ts";
import { SeededEntropy } from "../../devices/virtio/entropy.ts";
import { MAX_TAG_BYTES, Virtio9p } from "../../devices/virtio/virtio-9p.ts";
import type { VirtioConsole } from "../../devices/virtio/virtio-console.ts";
import type { VirtioDevice } from "../../devices/virtio/virtio-device.ts";
import { VirtioRng } from "../../devices/virtio/virtio-rng.ts";
import { SharedFolder } from "../../host/shared-folder.ts";
import { flag, value, values } from "../option-table.ts";
import type { ValuesOf } from "../option-table.ts";
import { isOn, parseProperties } from "./properties.ts";
import { parseSerial, SERIAL_ARGUMENT } from "./serial.ts";

/** `--share`, parsed. */
export interface ShareChoice {
  readonly path: string;
  readonly tag: string;
  readonly isReadOnly: boolean;
}

export const virtioOptions = {
  "virtio-console": value(parseSerial, { argument: SERIAL_ARGUMENT, help: "a virtio console (hvc0), and its other end; with stdio the first serial line has none unless --serial says so" }),
  "virtio-rng": flag({ help: "a virtio source of random numbers: the host's in real time, the same ones in each run in virtual time" }),
  share: values(parseShare, {
    argument: "PATH[,tag=NAME][,readonly]", help: "a folder of the host, which Linux mounts by `mount -t 9p -o trans=virtio,version=9p2000.L NAME /mnt`; nothing outside it can be "
      + "reached. The tag is host unless it is given",
  }),
};

/** @throws VmError EINVAL for what is no share */
function parseShare(text: string): ShareChoice {
  const given = parseProperties(text, ["path", "tag", "readonly"], "path"), path = given.get("path") ?? "", tag = given.get("tag") ?? "host", bytes = new TextEncoder().encode(tag).length;
  if (path === "") throw new VmError("EINVAL", "wants the path of a folder");
  if (bytes === 0 || bytes > MAX_TAG_BYTES) throw new VmError("EINVAL", `wants a tag of 1 to ${MAX_TAG_BYTES} bytes, not "${tag}"`);
  return { path, tag, isReadOnly: isOn(given, "readonly") };
}

/** Same numbers in each run. */
const ENTROPY_SEED = 1;
const HOST_ENTROPY: EntropySource = { fill: (bytes) => void randomFillSync(bytes), state: [] };

/**
 * The devices that the options name.
 * @param console  the console, if there is one
 * @throws VmError for folders that cannot be shared
 */
export function virtioDevices(options: ValuesOf<typeof virtioOptions>, isRealTime: boolean, console: VirtioConsole | null): VirtioDevice[] {
  const tags = options.share.map(({ tag }) => tag), twice = tags.find((tag, i) => tags.indexOf(tag) !== i);
  if (twice !== undefined) throw new VmError("EINVAL", `--share: two folders have the tag ${twice}; tag=NAME gives another`);
  return [
    ...(console === null ? [] : [console]), ...(options["virtio-rng"] ? [new VirtioRng(isRealTime ? HOST_ENTROPY : new SeededEntropy(ENTROPY_SEED))] : []),
    ...options.share.map(({ path, tag, isReadOnly }) => new Virtio9p(new SharedFolder(path, isReadOnly), tag)),
  ];
}
