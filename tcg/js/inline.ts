/** Pure functions given as expressions (`Helper.inline`): the function itself, made of them. */
import type { Inline } from "../ir/types.ts";

export function inlineFunction({ params, steps }: Inline): (...args: number[]) => number {
  const names = Array.from({ length: params }, (_, i) => `$${i}`), last = steps.length - 1;
  const lets = steps.slice(0, last).map((source, i) => `const $${params + i} = ${source};`);
  return new Function(...names, `${lets.join(" ")} return ${steps[last]};`) as (...args: number[]) => number;
}
