// Processes killed while they write to an image, a few; qemu-img.slow.ts has more, and asks qemu-img what it thinks of them.

import { expect } from "chai";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { FILE_HOST } from "../../../src/host/storage.ts";
import { TemporaryFolder } from "../../support/cli.ts";
import { testSeed } from "../../support/seed.ts";
import { killWriter, survivors } from "./killed-writer.ts";
import { randomNumbers } from "./random-disk.ts";

const SEED = testSeed(1), SIZE = 2 ** 21 + 512, KILLS = 2;

describe(`block: killed processes, SEED=${SEED}`, () => {
  const files = new TemporaryFolder();

  for (const [format, options] of [["qcow2", { lazy_refcounts: "on" }], ["qcow2", { compat: "0.10", cluster_size: "512" }], ["vdi", {}], ["vmdk", {}], ["raw", {}]] as const) {
    it(`lose nothing that a flush had acknowledged: ${format} ${JSON.stringify(options)}`, async () => {
      const path = files.path(`disk.${format}`), random = randomNumbers(SEED);
      let content = new Uint8Array(SIZE);
      await createImage(FILE_HOST, path, { format, sizeBytes: SIZE, options });
      for (let n = 0; n < KILLS; n++) {
        const seed = SEED + n, acknowledged = await killWriter(path, format, seed, random), image = await openImage(FILE_HOST, path, { format, isReadOnly: false }), now = new Uint8Array(SIZE);
        expect((await image.check?.("none"))?.corruptions ?? 0).to.equal(0);
        await image.read(0, now);
        content = survivors(now, content, seed, acknowledged);
        await image.check?.("leaks");
        await image.close();
      }
    });
  }
});
