/**
 * A bar chart of speeds relative to one contender, as plain SVG: a row per guest, a bar per contender to the left or right of
 * the line that says "as fast", on a logarithmic scale. Readable on light and on dark ground.
 */
export interface ChartRow {
  readonly label: string;
  /** Speed over that of the contender compared with, by series; null if not measured. All above 0. */
  readonly speeds: readonly (number | null)[];
}

/** Rows under a heading. */
export interface ChartGroup {
  readonly title: string;
  readonly rows: readonly ChartRow[];
}

export interface Chart {
  readonly title: string;
  /** A line below it. */
  readonly note: string;
  /** Names of the bars, 1 to 3. */
  readonly series: readonly string[];
  readonly groups: readonly ChartGroup[];
}

/** Pixels. */
const WIDTH = 760, LABELS = 110, RIGHT = 52, TOP = 78, BAR = 7, ROW_GAP = 5, GROUP_HEAD = 22, BOTTOM = 14;
const PLOT = WIDTH - LABELS - RIGHT;
/** The scale ends here at least; powers of 2. */
const LEAST_RANGE = 2;

const STYLE = [
  "text{font:12px system-ui,sans-serif;fill:#24292f}", ".title{font-size:15px;font-weight:600}", ".small{font-size:11px;fill:#57606a}", ".group{font-weight:600}",
  ".grid{stroke:#d0d7de}", ".even{stroke:#57606a;stroke-width:1.5}", ".s0{fill:#0969da}", ".s1{fill:#bf8700}", ".s2{fill:#8c959f}",
  "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#3d444d}.even{stroke:#9198a1}.s0{fill:#4493f8}.s1{fill:#d29922}.s2{fill:#656c76}}",
].join("");

/** The file's text. */
export function chartSvg({ title, note, series, groups }: Chart): string {
  const steps = range(groups), left = -steps.down, right = steps.up;
  const x = (speed: number): number => LABELS + PLOT * (Math.log2(speed) - left) / (right - left);
  const rowHeight = series.length * BAR + ROW_GAP, parts: string[] = [];
  let y = TOP;
  for (const group of groups) {
    parts.push(text(4, y + 14, group.title, "group"));
    y += GROUP_HEAD;
    for (const { label, speeds } of group.rows) {
      parts.push(text(LABELS - 6, y + series.length * BAR / 2 + 4, label, "", "end"));
      speeds.forEach((speed, i) => { if (speed !== null) parts.push(bar(x(1), x(speed), y + i * BAR, i)); });
      parts.push(text(WIDTH - 6, y + series.length * BAR / 2 + 4, factorText(speeds[0] ?? null), "small", "end"));
      y += rowHeight;
    }
  }
  const height = y + BOTTOM, grid: string[] = [];
  for (let power = left; power <= right; power++) {
    const at = x(2 ** power).toFixed(1);
    grid.push(`<path class="${power === 0 ? "even" : "grid"}" d="M${at} ${TOP - 6}V${y}"/>`, text(Number(at), TOP - 12, power < 0 ? `1/${2 ** -power}` : `${2 ** power}`, "small", "middle"));
  }
  const legend = series.map((name, i) => `<rect class="s${i}" x="${4 + i * 110}" y="44" width="10" height="10"/>${text(19 + i * 110, 53, name, "")}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`, `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`, text(4, 18, title, "title"), text(4, 35, note, "small"), ...legend, ...grid, ...parts, "</svg>", "",
  ].join("\n");
}

/** How many powers of 2 the scale reaches to either side of 1. */
function range(groups: readonly ChartGroup[]): { down: number; up: number } {
  const logs = groups.flatMap((g) => g.rows.flatMap((row) => row.speeds.filter((s) => s !== null).map(Math.log2)));
  return { down: Math.max(LEAST_RANGE, Math.ceil(-Math.min(...logs))), up: Math.max(LEAST_RANGE, Math.ceil(Math.max(...logs))) };
}

function bar(from: number, to: number, y: number, series: number): string {
  return `<rect class="s${series}" x="${Math.min(from, to).toFixed(1)}" y="${y}" width="${Math.abs(to - from).toFixed(1)}" height="${BAR - 1}"/>`;
}

/** The first bar's speed, at the end of the row. */
function factorText(speed: number | null): string {
  return speed === null ? "" : `${speed >= 10 ? speed.toFixed(0) : speed.toPrecision(2)}×`;
}

function text(x: number, y: number, content: string, style: string, anchor = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${style === "" ? "" : ` class="${style}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
