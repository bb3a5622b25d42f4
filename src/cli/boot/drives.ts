/** `--drive`: what it says, and its image. */
import { resolve } from "node:path";
import { VmError } from "../../../tcg/support/errors.ts";
import type { Image } from "../../block/device.ts";
import { createImage, FORMATS, openImage } from "../../block/formats.ts";
import { FILE_HOST } from "../../host/storage.ts";
import { withTemporaryFile } from "../../host/temporary.ts";
import { isOn, parseProperties } from "./properties.ts";

const INTERFACES = ["ide", "virtio"] as const;

/** `--drive`, parsed. */
export interface DriveChoice {
  readonly path: string;
  readonly bus: (typeof INTERFACES)[number];
  /** Null: recognised by the file's start. */
  readonly format: string | null;
  readonly isReadOnly: boolean;
  /** What is written is thrown away. */
  readonly isSnapshot: boolean;
}

export const DRIVE_ARGUMENT = "file=IMAGE[,if=ide|virtio][,format=F][,readonly=on][,snapshot=on]";

/** @throws VmError EINVAL for what is no drive */
export function parseDrive(text: string): DriveChoice {
  const given = parseProperties(text, ["file", "if", "format", "readonly", "snapshot"]), path = given.get("file") ?? "", bus = given.get("if") ?? "ide", format = given.get("format") ?? null;
  const found = INTERFACES.find((i) => i === bus), formats = FORMATS.map((f) => f.name);
  if (path === "") throw new VmError("EINVAL", "wants file=IMAGE");
  if (found === undefined) throw new VmError("EINVAL", `wants if=${INTERFACES.join(" or if=")}, not "${bus}"`);
  if (format !== null && !formats.includes(format)) throw new VmError("EINVAL", `knows the formats ${formats.join(", ")}; not "${format}"`);
  return { path, bus: found, format, isReadOnly: isOn(given, "readonly"), isSnapshot: isOn(given, "snapshot") };
}

/** Opens the image of a drive. @throws VmError for one that cannot be opened */
export async function openDrive({ path, format, isReadOnly, isSnapshot }: Omit<DriveChoice, "bus">): Promise<Image> {
  if (isReadOnly || !isSnapshot) return openImage(FILE_HOST, path, { format, isReadOnly });
  return withTemporaryFile(async (overlay) => {
    await createImage(FILE_HOST, overlay, { format: "qcow2", sizeBytes: null, backing: { name: `file:${resolve(path)}`, format } });
    return openImage(FILE_HOST, overlay, { format: "qcow2", isReadOnly: false });
  });
}
