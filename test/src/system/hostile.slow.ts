// Runs the images of guests/system with settings that are as hostile to the translator as can be; a share of the slow tests runs each with one.

import { expect } from "chai";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { isWhole } from "../../support/slow.ts";
import { checkImage, IMAGES } from "./images.ts";

const SETTINGS: Readonly<Record<string, VmOptions>> = {
  "tiers as they come": { engine: "jit" },
  "one insn a block, slices of 7": { engine: "jit", threshold: 1, maxBlockInsns: 1, sliceInsns: 7 },
  "no chaining": { engine: "jit", threshold: 1, chaining: false, maxBlockInsns: 4 },
  "a cache of 64 blocks": { engine: "jit", threshold: 2, maxBlocks: 64 },
  "checked emission": { engine: "jit", threshold: 1, checked: true },
};

describe("system images under hostile settings", () => {
  const all = Object.entries(SETTINGS);
  for (const [i, image] of Object.keys(IMAGES).entries()) {
    for (const [name, options] of isWhole ? all : [all[i % all.length]]) {
      it(`${image}: every check holds (${name})`, () => {
        expect(checkImage(image, options)).to.equal("");
      });
    }
  }
});
