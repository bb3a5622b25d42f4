import { expect } from "chai";
import { chartSvg } from "../../bench/chart-svg.ts";

const chart = (speeds: readonly (number | null)[]): string => chartSvg({ title: "a < b", note: "", series: ["us", "them"], groups: [{ title: "all", rows: [{ label: "fib", speeds }] }] });

/** Begin and end of each bar. */
function bars(svg: string): number[][] {
  return [...svg.matchAll(/<rect class="s\d" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="6"/g)].map(([, x, width]) => [Number(x), Number(x) + Number(width)]);
}

describe("the chart of the bench", () => {
  it("draws bars to both sides of the line, equally long for equal factors", () => {
    const [[fastFrom, fastTo], [slowFrom, slowTo]] = bars(chart([2, 0.5]));
    expect(fastFrom).to.be.closeTo(slowTo, 0.2);
    expect(fastTo - fastFrom).to.be.closeTo(slowTo - slowFrom, 0.2);
  });

  it("draws nothing for what was not measured", () => {
    expect(bars(chart([2, null]))).to.have.length(1);
  });

  it("has room for all speeds", () => {
    for (const [from, to] of bars(chart([100, 0.01]))) {
      expect(from).to.be.at.least(0);
      expect(to).to.be.at.most(760);
    }
  });

  it("is well-formed whatever the texts", () => {
    expect(chart([1, 1])).to.include("a &lt; b").and.not.to.include("a < b");
  });
});
