/** `--save` and `--restore` of `tcgjs boot`: the files, and which options of a saved machine hold again when it is restored. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { SavedState } from "../../devices/saveable.ts";
import { list, StateError, text } from "../../devices/saveable.ts";
import { sha256 } from "../../host/digest.ts";
import { readImage, replaceFile } from "../../host/files.ts";
import { ZLIB } from "../../host/zlib.ts";
import type { Pc } from "../../machine/pc.ts";
import type { StartOptions } from "../../machine/snapshot/boot-state.ts";
import { readStart, saveStart } from "../../machine/snapshot/boot-state.ts";
import { readSection, restorePc, savePc, stateHash } from "../../machine/snapshot/pc-snapshot.ts";
import { SnapshotFile } from "../../machine/snapshot/snapshot-file.ts";
import type { ParsedArguments } from "../options.ts";
import { parseOptions } from "../options.ts";
import type { OptionGroup, OptionTable } from "../option-table.ts";

/** Options that are a machine's own. Others reach out to the host, and hold only where the command line says so. */
const OWN_OPTIONS: readonly string[] = ["memory", "cpu", "cpuid", "model-id", "clock-shift", "isa-debug-exit"];
/** Sections besides the machine's. */
const BOOT = "boot", OPTIONS = "options";
const MAX_FILE_BYTES = 2 ** 32, MAX_OCCURRENCES = 1024, MAX_TEXT = 65_536;

/** A machine that was read from a file. */
export class SavedMachine {
  private readonly file: SnapshotFile;
  private readonly path: string;

  /** @throws VmError for a file that cannot be read, or is no saved machine */
  constructor(path: string) {
    this.path = path;
    this.file = this.named(() => new SnapshotFile(readImage(path, MAX_FILE_BYTES, "the most a saved machine may have"), ZLIB));
  }

  /**
   * The options of the command line with those that the machine had. @param given  by name, as they were written
   * @throws VmError if one is given otherwise than it was
   */
  async optionsWith<O extends OptionTable>(given: ReadonlyMap<string, readonly string[]>, groups: readonly OptionGroup[]): Promise<ParsedArguments<O>> {
    const saved = await this.savedOptions();
    const args = [...given, ...[...saved].filter(([name]) => OWN_OPTIONS.includes(name) && !given.has(name))];
    return parseOptions<O>(args.flatMap(([name, texts]) => (texts.length === 0 ? [`--${name}`] : texts.map((each) => `--${name}=${each}`))), groups);
  }

  /** What it was started with. @throws VmError */
  async start(): Promise<StartOptions> {
    return this.awaited(readSection(this.file, BOOT).then(readStart));
  }

  /** Brings a machine into the saved state. @throws VmError that says what the machine was made with, if it is another */
  async restore(pc: Pc): Promise<void> {
    const saved = await this.savedOptions(), words = [...saved].flatMap(([name, texts]) => (texts.length === 0 ? [`--${name}`] : texts.map((each) => `--${name} ${each}`)));
    try {
      await restorePc(pc, this.file, [BOOT, OPTIONS]);
    } catch (e) {
      if (!(e instanceof VmError)) throw e;
      throw new VmError(e.code, `${this.path}: ${e.message}${words.length === 0 ? "" : ` (it was saved with ${words.join(" ")})`}`, { cause: e });
    }
  }

  private async savedOptions(): Promise<ReadonlyMap<string, readonly string[]>> {
    const state = await this.awaited(readSection(this.file, OPTIONS)), texts = list(MAX_OCCURRENCES, text(MAX_TEXT));
    return this.named(() => new Map(Object.entries(state).map(([name, value]) => {
      if (!/^[a-z0-9-]+$/.test(name)) throw new StateError(`${OPTIONS}.${name}`, "is no option");
      return [name, texts.read(value, `${OPTIONS}.${name}`)];
    })));
  }

  private async awaited<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (e) {
      return this.named(() => { throw e; });
    }
  }

  /** Does something that may find the file wrong; errors name it. */
  private named<T>(action: () => T): T {
    try {
      return action();
    } catch (e) {
      throw e instanceof VmError && !e.message.startsWith(this.path) ? new VmError(e.code, `${this.path}: ${e.message}`, { cause: e }) : e;
    }
  }
}

/**
 * Saves a machine; the file is there altogether or not at all.
 * @param options  by name, as they were written
 * @throws VmError if the file cannot be written, EBUSY if the processor cannot be stopped where it is
 */
export async function saveMachine(path: string, pc: Pc, start: StartOptions, options: ReadonlyMap<string, readonly string[]>): Promise<void> {
  if (!await pc.settle()) throw new VmError("EBUSY", `${path}: the machine is in the middle of something that does not end; nothing was saved`);
  const extra = new Map<string, SavedState>([[BOOT, saveStart(start)], [OPTIONS, Object.fromEntries(options)]]);
  replaceFile(path, await savePc(pc, extra, ZLIB));
}

/** A hash of all that the guest can see of a machine. */
export function hashMachine(pc: Pc): string {
  return stateHash(pc, sha256());
}
