// Shrinks a failing block, as text: drops lines, with their value replaced by a constant or an operand, and makes
// operands constant, as long as the block still fails.

const DEFINITION = /^\s*(\w+) = /;
const OPERAND = /\b[vxyzw]\d*\b/g;

/**
 * @param text   a block as printed
 * @param fails  true if a block, as text, fails in the way looked for; false also when it does not parse
 * @returns a smaller text that fails, or `text` itself
 */
export function shrink(text: string, fails: (text: string) => boolean): string {
  let best = text;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const candidate of candidates(best)) {
      if (!fails(candidate)) continue;
      best = candidate;
      shrunk = true;
      break;
    }
  }
  return best;
}

function* candidates(text: string): Generator<string> {
  const lines = text.split("\n");
  for (let i = lines.length - 1; i > 0; i--) {
    const line = lines[i];
    if (!line.startsWith("  ")) continue;
    const others = lines.toSpliced(i, 1);
    const name = DEFINITION.exec(line)?.[1];
    if (name === undefined) {
      yield others.join("\n");
      continue;
    }
    const uses = new RegExp(`\\b${name}\\b`, "g");
    const operands = line.slice(line.indexOf("=")).match(OPERAND) ?? [];
    for (const value of ["0", "1", ...operands]) yield others.join("\n").replace(uses, value);
    for (const operand of operands) {
      for (const value of ["0", "1"]) {
        const [head, tail] = line.split(" = ");
        yield lines.with(i, `${head} = ${tail.replace(new RegExp(`\\b${operand}\\b`), value)}`).join("\n");
      }
    }
  }
}
