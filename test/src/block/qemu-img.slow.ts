// Our images before qemu-img: content and tables after random work in both directions, conversions, and processes killed while they
// write. `SEED=n npm run test:slow`.

import { readFileSync } from "node:fs";
import { expect } from "chai";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { FILE_HOST } from "../../../src/host/storage.ts";
import { tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { testSeed } from "../../support/seed.ts";
import { slowCount } from "../../support/slow.ts";
import { killWriter, survivors } from "./killed-writer.ts";
import { missingQemuImg, run, succeed } from "./qemu-img.ts";
import { expectContent, firstDifference, pattern, randomNumbers, RandomDisk } from "./random-disk.ts";

const SEED = testSeed(1), SIZE = 6 * 2 ** 20 + 512;
const OPERATIONS = slowCount(200), KILLS = slowCount(100);

type Options = Readonly<Record<string, string>>;
interface Shape {
  readonly format: string;
  readonly options: Options;
}

const SHAPES: readonly Shape[] = [
  ...["512", "4096", "65536", "2097152"].flatMap((cluster_size) => ["1", "4", "16", "64"].map((refcount_bits) => ({ format: "qcow2", options: { cluster_size, refcount_bits } }))),
  { format: "qcow2", options: { compat: "0.10" } }, { format: "qcow2", options: { compat: "0.10", cluster_size: "512" } }, { format: "qcow2", options: { lazy_refcounts: "on" } },
  { format: "raw", options: {} }, { format: "vdi", options: {} }, { format: "vdi", options: { static: "on" } },
  { format: "vmdk", options: {} }, { format: "vmdk", options: { subformat: "monolithicFlat" } },
];

/** Formats of which qemu-img can check images. */
function isChecked({ format, options }: Shape): boolean {
  return format !== "raw" && options["subformat"] !== "monolithicFlat";
}

const optionText = (options: Options): string[] => (Object.keys(options).length === 0 ? [] : ["-o", Object.entries(options).map(([k, v]) => `${k}=${v}`).join(",")]);
const nameOf = ({ format, options }: Shape): string => `${format} ${JSON.stringify(options)}`;
/**
 * After a kill space may be lost, which the next check gives back. In the middle of a snapshot's making or deletion refcounts are too high, too, and the
 * flags that say a cluster is used once may differ from them; the image's dirty bit has whoever writes it count anew.
 */
function expectSound(path: string, { format }: Shape, what: string): void {
  const { status, text } = run("qemu-img", "check", "-f", format, path), errors = text.split("\n").filter((line) => line.startsWith("ERROR"));
  expect(status, `${what}: ${text}`).to.be.oneOf([0, 2, 3]);
  if (status === 2) expect(errors, `${what}: ${text}`).to.not.be.empty;
  expect(errors.filter((line) => !line.startsWith("ERROR OFLAG_COPIED ")), what).to.deep.equal([]);
}

/** How many snapshots an image can have: each may refer to a cluster of the disk's, and the references are counted. */
const mostSnapshots = ({ format, options }: Shape): number => (format === "qcow2" ? 2 ** Number(options["refcount_bits"] ?? "16") - 2 : 0);

describe(`block: images before qemu-img, SEED=${SEED}`, () => {
  const files = new TemporaryFolder();
  const random = randomNumbers(SEED);

  before(function () {
    const why = missingQemuImg();
    if (why === null) return;
    console.log(`      skipped: ${why}`);
    this.skip();
  });

  /** What qemu-img reads in an image. */
  function qemuContent(path: string, format: string): Uint8Array {
    succeed("qemu-img", "convert", "-f", format, "-O", "raw", path, files.path("qemu.raw"));
    return readFileSync(files.path("qemu.raw"));
  }

  async function createdBy(who: "qemu" | "tcgjs", path: string, { format, options }: Shape, sizeBytes = SIZE): Promise<void> {
    if (who === "tcgjs") await createImage(FILE_HOST, path, { format, sizeBytes, options });
    else succeed("qemu-img", "create", "-q", "-f", format, ...optionText(options), path, String(sizeBytes));
  }

  for (const shape of SHAPES) {
    it(`find ${OPERATIONS} random operations of ours in place: ${nameOf(shape)}`, async () => {
      for (const who of ["tcgjs", "qemu"] as const) {
        const path = files.path(`disk.${shape.format}`);
        await createdBy(who, path, shape);
        const disk = new RandomDisk(FILE_HOST, path, random, new Uint8Array(SIZE), shape.format);
        await disk.work(OPERATIONS, mostSnapshots(shape) > 0 && shape.options["cluster_size"] !== "2097152");
        await disk.verify();
        if (isChecked(shape)) succeed("qemu-img", "check", "-q", "-f", shape.format, path);
        expect(firstDifference(qemuContent(path, shape.format), disk.content)).to.equal(-1);
        for (const [name, content] of disk.kept) {
          succeed("qemu-img", "convert", "-f", "qcow2", "-l", name, "-O", "raw", path, files.path("kept.raw"));
          expect(firstDifference(readFileSync(files.path("kept.raw")), content), name).to.equal(-1);
        }
      }
    });

    it(`we find ${OPERATIONS} random operations of QEMU in place: ${nameOf(shape)}`, async () => {
      const path = files.path(`disk.${shape.format}`), content = new Uint8Array(SIZE), commands: string[] = [], kept = new Map<string, Uint8Array>();
      await createdBy("tcgjs", path, shape);
      const flush = (): void => {
        if (commands.length > 0) succeed("qemu-io", "-f", shape.format, ...commands.flatMap((c) => ["-c", c]), path);
        commands.length = 0;
      };
      for (let i = 0; i < OPERATIONS; i++) {
        const offset = random(SIZE / 512) * 512, length = Math.min(SIZE - offset, (1 + random(random(4) === 0 ? 400 : 12)) * 512), what = random(20);
        if (what < 16) content.fill(i % 255 + 1, offset, offset + length);
        else if (what < 19) content.fill(0, offset, offset + length);
        if (what < 16) commands.push(`write -P ${i % 255 + 1} ${offset} ${length}`);
        else if (what < 19) commands.push(`write -z ${offset} ${length}`);
        else if (kept.size < mostSnapshots(shape)) {
          flush();
          succeed("qemu-img", "snapshot", "-c", `s${i}`, path);
          kept.set(`s${i}`, content.slice());
        }
      }
      flush();
      await expectContent(FILE_HOST, path, content, shape.format);
      for (const [name, then] of kept) {
        const image = await openImage(FILE_HOST, path, { format: shape.format, isReadOnly: false });
        await image.snapshots?.apply(name);
        await image.close();
        await expectContent(FILE_HOST, path, then, shape.format);
      }
    });
  }

  it("read what we convert, and we what they do", async () => {
    const content = pattern(SIZE, 5).fill(0, 2 ** 20, 4 * 2 ** 20), raw = files.write("source.raw", content);
    for (const { format, options } of [...SHAPES, { format: "vmdk", options: { subformat: "streamOptimized" } }]) {
      for (const compress of format === "qcow2" ? [[], ["-c"]] : [[]]) {
        const ours = files.path(`ours.${format}`), theirs = files.path(`theirs.${format}`);
        expect((await tcgjs("img", "convert", "-q", "-f", "raw", "-O", format, ...compress, ...optionText(options), raw, ours)).status).to.equal(0);
        expect(firstDifference(qemuContent(ours, format), content), `ours: ${format} ${JSON.stringify(options)}`).to.equal(-1);
        succeed("qemu-img", "convert", "-f", "raw", "-O", format, ...compress, ...optionText(options), raw, theirs);
        await expectContent(FILE_HOST, theirs, content, format);
        expect((await tcgjs("img", "compare", "-f", format, "-F", format, ours, theirs)).stdout).to.equal("equal\n");
      }
    }
  });

  it("accept overlays of ours on images of theirs, and the other way", async () => {
    const content = pattern(SIZE, 6);
    files.write("base.raw", content);
    succeed("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", files.path("middle.qcow2"));
    expect((await tcgjs("img", "create", "-q", "-b", "middle.qcow2", "-F", "qcow2", files.path("top.qcow2"))).status).to.equal(0);
    const disk = new RandomDisk(FILE_HOST, files.path("top.qcow2"), random, content.slice());
    await disk.work(OPERATIONS, true);
    await disk.verify();
    succeed("qemu-img", "check", "-q", files.path("top.qcow2"));
    expect(firstDifference(qemuContent(files.path("top.qcow2"), "qcow2"), disk.content)).to.equal(-1);
    expect(firstDifference(readFileSync(files.path("base.raw")), content)).to.equal(-1);
  });

  for (const shape of [
    { format: "qcow2", options: {} }, { format: "qcow2", options: { cluster_size: "512" } }, { format: "qcow2", options: { compat: "0.10", cluster_size: "4096" } },
    { format: "qcow2", options: { lazy_refcounts: "on", cluster_size: "4096" } }, { format: "vdi", options: {} }, { format: "vdi", options: { static: "on" } },
    { format: "vmdk", options: {} }, { format: "vmdk", options: { subformat: "monolithicFlat" } }, { format: "raw", options: {} },
  ]) {
    it(`accept an image whose writer was killed, ${KILLS} times: ${nameOf(shape)}`, async () => {
      const path = files.path(`killed.${shape.format}`);
      await createdBy("tcgjs", path, shape);
      await killTimeAndAgain(path, shape, new Uint8Array(SIZE));
    });
  }

  it(`accept an overlay whose writer was killed, ${KILLS} times, and find what is below as it was`, async () => {
    const content = pattern(SIZE, 8), shape = { format: "qcow2", options: { cluster_size: "4096" } }, path = files.path("top.qcow2");
    const below = ["base.raw", "middle.qcow2"].map((name) => files.path(name));
    files.write("base.raw", content);
    succeed("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", below[1]);
    succeed("qemu-io", "-f", "qcow2", "-c", "write -P 9 1M 1M", below[1]);
    content.fill(9, 2 ** 20, 2 ** 21);
    await createImage(FILE_HOST, path, { ...shape, sizeBytes: null, backing: { name: "middle.qcow2", format: "qcow2" } });
    const before = below.map((each) => readFileSync(each));
    await killTimeAndAgain(path, shape, content);
    for (const [i, each] of below.entries()) expect(Buffer.compare(readFileSync(each), before[i]), each).to.equal(0);
  });

  /** Kills one writer after the other; the image goes on with what the last left. */
  async function killTimeAndAgain(path: string, shape: Shape, initial: Uint8Array): Promise<void> {
    let content = initial;
    for (let n = 0; n < KILLS; n++) {
      const seed = SEED + n, acknowledged = await killWriter(path, shape.format, seed, random);
      if (isChecked(shape)) expectSound(path, shape, `seed ${seed}`);
      content = survivors(qemuContent(path, shape.format), content, seed, acknowledged);
      const image = await openImage(FILE_HOST, path, { format: shape.format, isReadOnly: false }), found = await image.check?.("leaks");
      expect([found?.corruptions ?? 0, found?.leaks ?? 0]).to.deep.equal([0, 0]);
      await image.close();
      if (isChecked(shape)) succeed("qemu-img", "check", "-q", "-f", shape.format, path);
    }
  }
});
