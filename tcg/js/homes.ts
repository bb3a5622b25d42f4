/**
 * Which view of a place holds the state between the blocks of a region (views.ts): the double, the single, or the word.
 *
 * A double is a home although words are written too, since two words stored are read again as a double only after a stall. A
 * single is one only where nothing else is written: it could not hold what a NaN carries.
 */
import type { Block } from "../ir/block.ts";
import { globalOf, isGet, isSet } from "../ir/block.ts";
import type { Global, GlobalSet } from "../ir/types.ts";
import { overlaps } from "../ir/types.ts";
import { isZero, touches } from "./state-emitter.ts";
import type { Variable, Views } from "./views.ts";
import { placesOf } from "./views.ts";

/** Words used so much oftener than the double that they make up are homes. */
const WORDS_PER_DOUBLE = 4;

/** How often a region's blocks name each global but to set it to 0, which does for all views; and which they set. */
export class Usage {
  private readonly uses = new Map<Global, number>();
  private readonly sets = new Set<Global>();

  constructor(blocks: readonly Block[]) {
    for (const { ops } of blocks) {
      for (const op of ops) {
        if (!isGet(op) && !isSet(op)) continue;
        const global = globalOf(op);
        if (isSet(op) && isZero(op.args[0])) continue;
        this.uses.set(global, this.usesOf(global) + 1);
        if (isSet(op)) this.sets.add(global);
      }
    }
  }

  usesOf(global: Global): number {
    return this.uses.get(global) ?? 0;
  }

  isSet(global: Global): boolean {
    return this.sets.has(global);
  }
}

/** True if `variable` of all that are there (and no call) is the only one to change its place, but for clearing it. */
export function isOnlyWriter({ global }: Variable, all: Iterable<Variable>, usage: Usage, written: readonly GlobalSet[]): boolean {
  if (written.some((set) => touches(set, global))) return false;
  for (const other of all) if (other.global !== global && overlaps(other.global, global) && usage.isSet(other.global)) return false;
  return true;
}

/**
 * Chooses the homes of `views`.
 * @param written  what calls of the region write
 * @param make     makes the variable of a global
 */
export function chooseHomes(views: Views, usage: Usage, written: readonly GlobalSet[], make: (global: Global) => Variable): void {
  const { variables } = views, double = variables.find((v) => v.global.type === "f64");
  if (double !== undefined) {
    const words = variables.reduce((sum, v) => (v === double ? sum : sum + usage.usesOf(v.global)), 0);
    if (words === 0 || words <= WORDS_PER_DOUBLE * usage.usesOf(double.global)) {
      views.homes = [double];
      return;
    }
  }
  const places = new Set(variables.flatMap((v) => placesOf(v.global)));
  views.homes = [...places].map((index) => {
    const isSafe = (v: Variable): boolean => v.global.type === "f32" && v.global.index === index && isOnlyWriter(v, variables, usage, written);
    const isWord = ({ global }: Variable): boolean => global.type === "i32" && global.index === index;
    const found = variables.find(isSafe) ?? variables.find(isWord);
    if (found !== undefined) return found;
    const word = make({ name: `word${index}`, index, type: "i32" });
    views.add(word);
    return word;
  });
}
