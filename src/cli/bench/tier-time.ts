/**
 * Where a run's time goes: V8's sampling profiler looks at the stack again and again, and the innermost function there that belongs to a
 * tier says which it is: emitted code is known by its names, the engine's loops and the translator by theirs.
 */
import type { Profiler, Runtime } from "node:inspector";
import { Session } from "node:inspector/promises";

/** Microseconds between looks. */
const INTERVAL_US = 500;

/**
 * `dispatch` is what happens between blocks and regions; `translation` everything of ours that makes code; `V8` its own work, compiling
 * what we made above all; `other` devices, exits, events.
 */
export const TIERS = ["interpreter", "blocks", "regions", "dispatch", "decoding", "translation", "V8", "garbage collection", "other"] as const;
export type Tier = (typeof TIERS)[number];

/** Shares of the time; they add up to 1, or are all 0 if nothing was seen. */
export type TierShares = Readonly<Record<Tier, number>>;

/** Names of functions, as the emitters (tcg/js) and src/exec give them; the first that matches counts. */
const NAMES: readonly (readonly [RegExp, Tier])[] = [
  [/^region_/, "regions"], [/^tb_/, "blocks"], [/^h_|^interpretLoop$|^interpretBlockLoop$|^executeSolo$/, "interpreter"],
  [/^jitSlice$/, "dispatch"], [/^undecoded$|^fetchFirst$|^decode$/, "decoding"],
  [/^translate$|^compileBlock$|^compileRegion$|^compile$|^handlerOf$/, "translation"],
  [/^\(program\)$/, "V8"], [/^\(garbage collector\)$/, "garbage collection"],
];

/** Does the work and says where its time went. The profiler slows it by a few per cent. */
export async function profileTiers(work: () => Promise<unknown>): Promise<TierShares> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
    await session.post("Profiler.start");
    await work();
    return sharesOf((await session.post("Profiler.stop")).profile);
  } finally {
    session.disconnect();
  }
}

/** Node is idle, or at work on the profiler: its own function, which comes from no file. */
function isUncounted({ functionName, url }: Runtime.CallFrame): boolean {
  return functionName === "(idle)" || (functionName === "dispatch" && url === "");
}

/** The shares in a profile. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TierShares {
  const tierOf = new Map<number, Tier | null>(), byId = new Map(nodes.map((n) => [n.id, n]));
  const parents = new Map(nodes.flatMap((n) => (n.children ?? []).map((child) => [child, n.id] as const)));
  const find = (id: number): Tier | null => {
    const known = tierOf.get(id);
    if (known !== undefined) return known;
    const frame = byId.get(id)?.callFrame, name = frame?.functionName ?? "", parent = parents.get(id);
    const tier = frame !== undefined && isUncounted(frame) ? null : NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? (parent === undefined ? "other" : find(parent));
    tierOf.set(id, tier);
    return tier;
  };
  const times = Object.fromEntries(TIERS.map((tier) => [tier, 0])) as Record<Tier, number>;
  samples.forEach((id, i) => {
    const tier = find(id);
    if (tier !== null) times[tier] += timeDeltas[i];
  });
  const all = Object.values(times).reduce((sum, t) => sum + t, 0);
  return all === 0 ? times : Object.fromEntries(TIERS.map((tier) => [tier, times[tier] / all])) as Record<Tier, number>;
}
