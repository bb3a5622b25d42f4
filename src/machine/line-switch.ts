/** A line that one of two outputs drives, such as the timer's request: by the 8254, or by the HPET where that stands in for it. */
import type { Line } from "../bus/device.ts";

export class LineSwitch {
  private readonly line: Line;
  private readonly levels: [boolean, boolean] = [false, false];
  private chosen: 0 | 1 = 0;

  constructor(line: Line) {
    this.line = line;
  }

  /** What the first output, or the second, is connected to. */
  input(which: 0 | 1): Line {
    return (isHigh) => {
      this.levels[which] = isHigh;
      this.drive();
    };
  }

  /** The second output drives the line. */
  set usesSecond(isSecond: boolean) {
    this.chosen = isSecond ? 1 : 0;
    this.drive();
  }

  private drive(): void {
    this.line(this.levels[this.chosen]);
  }
}
