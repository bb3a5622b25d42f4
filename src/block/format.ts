/** What an image format is to the table in `formats.ts`: one object per format. */
import type { Image } from "./device.ts";
import type { Storage, StorageHost } from "./storage.ts";

/** What `create` makes. */
export interface CreateRequest {
  readonly sizeBytes: number;
  readonly host: StorageHost;
  /** A value for each of the format's `createOptions`. */
  readonly options: Readonly<Record<string, string>>;
  /** The file to read through to, as the image will name it. */
  readonly backing: { readonly name: string; readonly format: string } | null;
}

/** What `open` gets besides the file. */
export interface OpenContext {
  readonly host: StorageHost;
  /** Opens what the image reads through to, for reading. `name` is as the image has it. */
  openBacking(name: string, format: string | null): Promise<Image>;
  /**
   * `use` refuses images whose tables contradict each other; `salvage` reads from them what can be read; `check` opens them to be
   * repaired, without what they read through to; `pack` opens one that was made just now, to be packed.
   */
  readonly purpose: "use" | "salvage" | "check" | "pack";
  /** Whether a file that starts like this would be taken for another format the next time; null if the format was named. */
  readonly wouldBeMistaken: ((start: Uint8Array) => boolean) | null;
}

/** An option of `create`, given as text. */
export interface CreateOption {
  readonly help: string;
  readonly initial: string;
  /** What it may be: words, or sizes in bytes. */
  readonly allowed: readonly string[] | readonly number[];
}

export interface ImageFormat {
  readonly name: string;
  /** Of file names, without the dot. */
  readonly extensions: readonly string[];
  /** A few words for help. */
  readonly about: string;
  readonly createOptions: Readonly<Record<string, CreateOption>>;
  /** Images of it can read through to others. */
  readonly hasBacking?: boolean;
  /** Whether a file that starts with these bytes, at most `PROBE_BYTES`, is one. */
  probe(start: Uint8Array): boolean;
  /** @throws ImageError; `storage` is then still the caller's to close */
  open(storage: Storage, context: OpenContext): Promise<Image>;
  /** Writes a new image, over what was there. */
  create(path: string, request: CreateRequest): Promise<void>;
}

/** What `probe` gets to see. */
export const PROBE_BYTES = 4096;
