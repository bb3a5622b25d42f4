import { expect } from "chai";
import { geometricMean, median, spread } from "../../src/cli/bench/statistics.ts";

describe("statistics of measurements", () => {
  it("takes the middle value of an odd number, however they are ordered", () => {
    expect(median([9, 1, 5])).to.equal(5);
  });

  it("takes the mean of the two middle values of an even number", () => {
    expect(median([10, 1, 2, 4])).to.equal(3);
  });

  it("leaves the values as they are", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });

  it("has a geometric mean that treats twice as fast and half as fast alike", () => {
    expect(geometricMean([0.5, 2])).to.be.closeTo(1, 1e-12);
    expect(geometricMean([2, 4, 8])).to.be.closeTo(4, 1e-12);
  });

  it("has no average of nothing", () => {
    expect(median([])).to.be.NaN;
    expect(geometricMean([])).to.be.NaN;
  });

  it("measures the spread in shares of the median", () => {
    expect(spread([1, 2, 3])).to.equal(1);
    expect(spread([5])).to.equal(0);
  });
});
