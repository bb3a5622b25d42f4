/**
 * Which of several variables for the same place of the state file is up to date. A place may be seen as an int32, as a
 * single, and with its neighbour as a double; a variable holds each of these views that is in use, and going over to another
 * leads through the state file. All of it is known statically, along a block.
 */
import type { Global } from "../ir/types.ts";
import { overlaps } from "../ir/types.ts";

/** What happens to one slot's variable in the function. */
export interface Variable {
  readonly global: Global;
  /** Its value on entry is used. */
  needsLoad: boolean;
  /** It may differ from the state file. */
  isSet: boolean;
  /** The views of this slot, if it is used as a float. */
  views: Views | null;
  /** It has no place in the state file: a part of a packed slot. */
  isPart: boolean;
}

/** The places a global takes. */
export function placesOf({ type, index }: Global): readonly number[] {
  return type === "f64" ? [index, index + 1] : [index];
}

/** Variables of which each overlaps another, or all of them one; or a float. */
export class Views {
  readonly variables: Variable[] = [];
  /** Those that hold the state between the blocks of a region. */
  homes: readonly Variable[] = [];
  private readonly places = new Set<number>();
  /** Variables that are up to date, and places where the state file is. Every place is in one of the two. */
  private readonly current = new Set<Variable>();
  private readonly filed = new Set<number>();

  add(v: Variable): void {
    v.views = this;
    this.variables.push(v);
    for (const place of placesOf(v.global)) this.places.add(place);
    this.startInFile();
  }

  /** Everything is up to date; variables are loaded where the function starts, if they are read first. */
  startInFile(): void {
    for (const v of this.variables) this.current.add(v);
    for (const place of this.places) this.filed.add(place);
  }

  startAtHome(): void {
    this.current.clear();
    this.filed.clear();
    for (const v of this.homes) this.current.add(v);
  }

  isCurrent(v: Variable): boolean {
    return this.current.has(v);
  }

  /** What has to be written to the state file for it to be up to date, at the places of one variable or all. */
  unfiled(of?: Variable): Variable[] {
    const found = new Set<Variable>();
    for (const place of of === undefined ? this.places : placesOf(of.global)) {
      if (this.filed.has(place)) continue;
      const covering = [...this.current].filter((v) => placesOf(v.global).includes(place));
      found.add(covering.find((v) => v.global.type === "f64") ?? covering[0]);
    }
    return [...found];
  }

  /** Of a variable about to be set, what has to be written for the places beside it that it shares with others. */
  unfiledBeside(v: Variable): Variable[] {
    const beside = [...this.places].filter((place) => !placesOf(v.global).includes(place) && !this.filed.has(place));
    const kept = [...this.current].filter((w) => !overlaps(w.global, v.global)).flatMap((w) => placesOf(w.global));
    if (beside.every((place) => kept.includes(place))) return [];
    return [...this.current].filter((w) => w.global.type === "f64" && overlaps(w.global, v.global));
  }

  /** The variable has been written to the state file. */
  hasFiled(v: Variable): void {
    for (const place of placesOf(v.global)) this.filed.add(place);
  }

  /** The variable has been given the value that is current. */
  hasLoaded(v: Variable): void {
    this.current.add(v);
  }

  /** The variable has been given another value. */
  hasSet(v: Variable): void {
    for (const w of this.variables) if (overlaps(w.global, v.global)) this.current.delete(w);
    this.current.add(v);
    for (const place of placesOf(v.global)) this.filed.delete(place);
  }

  /** Somebody has written to the state file, which was up to date. */
  hasChanged(touched: (global: Global) => boolean): void {
    for (const v of this.variables) if (touched(v.global)) this.current.delete(v);
  }
}

/** Gives variables that are views of one place what they share. A float that is the only one has it for itself. */
export function findViews(variables: ReadonlyMap<Global, Variable>): readonly Views[] {
  const all = [...variables.values()].toSorted((a, b) => (a.global.type === "f64" ? 0 : 1) - (b.global.type === "f64" ? 0 : 1));
  const found: Views[] = [];
  for (const v of all) {
    if (v.global.type === "i32" || v.views !== null) continue;
    const others = all.filter((w) => w !== v && overlaps(w.global, v.global));
    const views = new Views();
    for (const w of [v, ...others]) views.add(w);
    found.push(views);
  }
  return found;
}
