// Runs the images of guests/system, which check themselves, in the interpreter and with everything translated at once.

import { expect } from "chai";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { checkImage, IMAGES } from "./images.ts";

const ENGINES: Readonly<Record<string, VmOptions>> = {
  "interp": { engine: "interp" },
  "jit, threshold 1": { engine: "jit", threshold: 1 },
};

describe("system images", () => {
  for (const image of Object.keys(IMAGES)) {
    for (const [name, options] of Object.entries(ENGINES)) {
      it(`${image}: every check holds (${name})`, () => {
        expect(checkImage(image, options)).to.equal("");
      });
    }
  }
});
