/** Prints help from the tables that options are parsed by, so that it cannot fall behind. */
import type { CommandSpec } from "./command.ts";
import type { Option, OptionGroup, OptionTable } from "./option-table.ts";

const WIDTH = 100, NAME_COLUMNS = 30;

/** The help of one command. */
export function helpText(spec: Pick<CommandSpec<OptionTable>, "name" | "about" | "images" | "groups" | "examples" | "notes">): string {
  const lines = [
    `usage: tcgjs ${spec.name} [OPTIONS]${operandsText(spec.images)}`, "",
    ...wrap(spec.about, WIDTH), "",
    ...spec.groups.flatMap(groupLines),
    "Other", ...entry("-h, --help", "print this", null), "",
    "Numbers are decimal or start with 0x; K, M and G stand for 1024, 1024² and 1024³.",
    ...spec.notes.flatMap((note) => ["", ...wrap(note, WIDTH)]),
    "", "Examples",
    ...spec.examples.flatMap(({ line, does }) => [`  ${line}`, ...wrap(does, WIDTH - 6).map((l) => `      ${l}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

function operandsText(images: CommandSpec<OptionTable>["images"]): string {
  if (typeof images === "object") return ` ${images.text}`;
  return images === "none" ? "" : ` IMAGE${images === "several" ? "…" : ""}`;
}

function groupLines({ title, note, options }: OptionGroup): string[] {
  const lines = [title, ...(note === undefined ? [] : wrap(note, WIDTH - 2).map((l) => `  ${l}`))];
  for (const [name, option] of Object.entries(options)) lines.push(...optionLines(name, option as Option<unknown>));
  return [...lines, ""];
}

function optionLines(name: string, option: Option<unknown>): string[] {
  const { short, argument, help, defaultText } = option;
  return entry(`${short === null ? "" : `-${short}, `}--${name}${argument === null ? "" : ` ${argument}`}`, help, defaultText);
}

function entry(name: string, help: string, defaultText: string | null): string[] {
  const text = wrap(defaultText === null ? help : `${help} (default ${defaultText})`, WIDTH - NAME_COLUMNS - 2);
  const left = `  ${name}`;
  const margin = " ".repeat(NAME_COLUMNS + 2);
  if (left.length > NAME_COLUMNS) return [left, ...text.map((l) => margin + l)];
  return text.map((l, i) => (i === 0 ? left.padEnd(NAME_COLUMNS + 2) : margin) + l);
}

/** Breaks text at spaces; line feeds in it stay. */
function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(" ")) {
      const last = lines[lines.length - 1];
      if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
    }
    return lines;
  });
}
