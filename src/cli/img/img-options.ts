/** What the commands of `tcgjs img` have in common: options, sizes, and images opened for as long as something takes. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Image } from "../../block/device.ts";
import { formatNamed, FORMATS, openImage } from "../../block/formats.ts";
import type { OpenOptions } from "../../block/formats.ts";
import { FILE_HOST } from "../../host/storage.ts";
import type { Option } from "../option-table.ts";
import { flag, value, values } from "../option-table.ts";

const NAMES = FORMATS.map((f) => f.name).join(", ");

/** An option whose argument is a format. */
export function formatOption(short: string, help: string): Option<string | null> {
  return value((text) => {
    if (!FORMATS.some((f) => f.name === text)) throw new VmError("EINVAL", `knows ${NAMES}; not "${text}"`);
    return text;
  }, { argument: "FORMAT", short, help });
}

export const jsonOption = flag({ help: "print one JSON object" });

/** Options of a new image, `name=value` separated by commas. */
export const createOptions = values(parsePairs, { argument: "NAME=VALUE,…", short: "o", help: "options of the format, see below; several add up" });

/** Options of all commands that are quiet when told to. @param help  what is not said */
export function quietOption(help: string): Option<boolean> {
  return flag({ short: "q", help });
}

/** The options that say what a new image is like, as values. */
export function createValues(given: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.fromEntries(given.flatMap((pairs) => Object.entries(pairs)));
}

/** What `-o` can be, for help. */
export const CREATE_NOTES: readonly string[] = [[
  "Options of the formats (-o):",
  ...FORMATS.flatMap(({ name, createOptions: options }) => Object.entries(options).map(([key, { help, initial, allowed }]) =>
    `${name} ${key}: ${help}; ${typeof allowed[0] === "number" ? `${allowed[0]} to ${allowed[allowed.length - 1]}` : allowed.join(", ")} (default ${initial})`)),
].join("\n")];

function parsePairs(text: string): Record<string, string> {
  return Object.fromEntries(text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    if (at <= 0) throw new VmError("EINVAL", `wants NAME=VALUE, not "${pair}"`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A disk's size in bytes: `512M`, `1.5G`, `2T`. @throws VmError if it is none */
export function parseDiskSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(text), bytes = match === null ? NaN : Number(match[1]) * UNITS[match[2].toLowerCase()];
  if (!Number.isSafeInteger(bytes)) throw new VmError("EINVAL", `a size is a number of bytes, or of K, M, G or T (1024 of the one before), below 8192T; not "${text}"`);
  return bytes;
}

/** `8 GiB`, `1.5 MiB`, `700 B`. */
export function sizeInWords(bytes: number): string {
  const unit = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** unit).toPrecision(3))} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

/** The format for a file by its extension; raw if that says nothing. */
export function formatFor(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? "";
  return FORMATS.find((f) => f.extensions.includes(extension))?.name ?? formatNamed("raw").name;
}

/** Opens an image of the host's files, and closes it after `action`. */
export async function withImage<T>(path: string, options: OpenOptions, action: (image: Image) => Promise<T>): Promise<T> {
  const image = await openImage(FILE_HOST, path, options);
  let result: T;
  try {
    result = await action(image);
  } catch (e) {
    // What went wrong first is what counts.
    await image.close().catch(() => null);
    throw e;
  }
  await image.close();
  return result;
}
