/** The text that describes a VMDK disk, in a file of its own or inside one (VMware, "Virtual Disk Format 1.1", "The Descriptor File"). */
import { ImageError, wellFormed } from "../errors.ts";

export const SECTOR_BYTES = 512;

/** How it starts. */
export const DESCRIPTOR_MAGIC = "# Disk DescriptorFile";

const NO_PARENT = 0xffffffff, MAX_EXTENTS = 1024;

export type ExtentKind = "FLAT" | "SPARSE" | "ZERO";

/** A piece of the disk, in the order of the disk. */
export interface ExtentLine {
  readonly kind: ExtentKind;
  readonly isReadOnly: boolean;
  readonly sectors: number;
  /** File in the folder of the descriptor; "" for ZERO. */
  readonly file: string;
  /** Where it starts in the file; FLAT only. */
  readonly startSector: number;
}

export interface Descriptor {
  readonly createType: string;
  readonly cid: string;
  readonly extents: readonly ExtentLine[];
}

/** @throws ImageError if it makes no sense, or needs what is not there */
export function parseDescriptor(path: string, text: string): Descriptor {
  const fields = new Map<string, string>(), extents: ExtentLine[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\0.*$/s, "").trim();
    if (line === "" || line.startsWith("#")) continue;
    const field = /^([A-Za-z0-9_.]+)\s*=\s*"?([^"]*)"?$/.exec(line);
    if (field !== null) fields.set(field[1].toLowerCase(), field[2].trim());
    else extents.push(parseExtent(path, line));
    wellFormed(extents.length <= MAX_EXTENTS, path, `its descriptor has more than ${MAX_EXTENTS} extents`);
  }
  const parent = Number.parseInt(fields.get("parentcid") ?? "ffffffff", 16);
  if (parent !== NO_PARENT) throw new ImageError("unsupported", `${path}: it has a parent image`);
  return { createType: fields.get("createtype") ?? "", cid: fields.get("cid") ?? "", extents };
}

function parseExtent(path: string, line: string): ExtentLine {
  const match = /^(RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+(\w+)(?:\s+"([^"]*)")?(?:\s+(\d{1,15}))?/.exec(line);
  wellFormed(match !== null, path, () => `its descriptor has a line that makes no sense: ${line.slice(0, 80)}`);
  const [, access, sectors, type, file = "", start = "0"] = match, kind = type === "VMFS" ? "FLAT" : type;
  if (kind !== "FLAT" && kind !== "SPARSE" && kind !== "ZERO" || access === "NOACCESS") throw new ImageError("unsupported", `${path}: an extent of type ${access} ${type}`);
  wellFormed((kind === "ZERO") === (file === ""), path, `an extent of type ${kind} with the file "${file}"`);
  // A descriptor is data from somewhere: it has no say over files elsewhere.
  if (/[/\\]/.test(file) || file === "." || file === "..") throw new ImageError("unsupported", `${path}: its extent ${file} is not in the same folder`);
  return { kind, isReadOnly: access === "RDONLY", sectors: Number(sectors), file, startSector: Number(start) };
}

const HEADS = 16, SECTORS_PER_TRACK = 63, MAX_CYLINDERS = 16383;

/** The descriptor of a new disk. @param cid  32 bits that stand for its contents */
export function descriptorText(createType: string, cid: number, sectors: number, extentLine: string): string {
  const cylinders = Math.min(MAX_CYLINDERS, Math.floor(sectors / (HEADS * SECTORS_PER_TRACK)));
  return [
    DESCRIPTOR_MAGIC, "version=1", `CID=${cid.toString(16).padStart(8, "0")}`, "parentCID=ffffffff", `createType="${createType}"`, "",
    "# Extent description", extentLine, "",
    "# The Disk Data Base", "#DDB", "", 'ddb.virtualHWVersion = "4"', `ddb.geometry.cylinders = "${cylinders}"`, `ddb.geometry.heads = "${HEADS}"`,
    `ddb.geometry.sectors = "${SECTORS_PER_TRACK}"`, 'ddb.adapterType = "ide"', "",
  ].join("\n");
}
