// Crashes at every moment: what was written before is on the disk, the rest is not; or, where the host loses power, any of what was
// written since the last flush. The image then opens, holds what a flush had acknowledged, and its tables do not contradict each
// other before any repair.

import { expect } from "chai";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { VmError } from "../../../tcg/support/errors.ts";
import { testSeed } from "../../support/seed.ts";
import { copyFiles, MemoryHost } from "./memory-host.ts";
import type { Event } from "./memory-host.ts";
import { firstDifference, pattern, randomNumbers } from "./random-disk.ts";

const SEED = testSeed(1), SIZE = 192 * 1024, OPERATIONS = 50, ROUNDS = 25;

/** A moment at which a flush was acknowledged. */
interface Mark {
  /** Events until then. */
  readonly events: number;
  /** What was on the disk. */
  readonly content: Uint8Array;
  /** Changes begun before the flush of the next mark was acknowledged. */
  readonly later: { readonly offset: number; readonly bytes: Uint8Array }[];
}

interface Recording {
  readonly before: ReadonlyMap<string, Uint8Array>;
  readonly events: readonly Event[];
  readonly marks: readonly Mark[];
}

/** Random work on a disk, with all that happened to its files. */
async function record(host: MemoryHost, random: (n: number) => number): Promise<Recording> {
  const before = copyFiles(host.files), content = new Uint8Array(SIZE), events: Event[] = [];
  host.events = events;
  const image = await openImage(host, "disk", { format: null, isReadOnly: false });
  await image.read(0, content);
  const marks: Mark[] = [{ events: 0, content: content.slice(), later: [] }];
  for (let i = 0; i < OPERATIONS; i++) {
    const offset = random(SIZE), length = Math.min(SIZE - offset, random(3) === 0 ? random(40_000) : random(3000)), what = random(10);
    const bytes = what < 6 ? pattern(length, i) : new Uint8Array(length);
    if (what < 8) {
      marks[marks.length - 1].later.push({ offset, bytes });
      content.set(bytes, offset);
      await (what < 6 ? image.write(offset, bytes) : image.writeZeroes(offset, length));
    } else {
      await image.flush();
      marks.push({ events: events.length, content: content.slice(), later: [] });
    }
  }
  await image.close();
  host.events = null;
  return { before, events, marks };
}

/** The files after a crash when `count` events had happened, of which those in `lost` had not reached the disk. */
function crashed({ before, events }: Recording, count: number, lost: (event: Event, index: number) => boolean): MemoryHost {
  const host = new MemoryHost();
  for (const [path, bytes] of copyFiles(before)) host.files.set(path, bytes);
  for (const [i, event] of events.slice(0, count).entries()) if (!lost(event, i)) host.apply(event);
  return host;
}

/** Expects the image to be in order, and every byte to be what was acknowledged or what was written after that. */
async function expectSurvival({ marks }: Recording, host: MemoryHost, count: number, moment: string): Promise<void> {
  const checked = await openImage(host, "disk", { format: null, isReadOnly: true, purpose: "check" }), found = await checked.check?.("none");
  expect(found === undefined || found.corruptions === 0, `${moment}: ${found?.messages[0] ?? ""}`).to.equal(true);
  await checked.close();
  const image = await openImage(host, "disk", { format: null, isReadOnly: false }), bytes = new Uint8Array(SIZE), last = marks.findLastIndex((m) => m.events <= count);
  await image.read(0, bytes);
  const wrong = new Uint8Array(SIZE);
  for (let i = 0; i < SIZE; i++) wrong[i] = bytes[i] === marks[last].content[i] ? 0 : 1;
  for (const { offset, bytes: written } of marks[last].later) for (let i = 0; i < written.length; i++) if (bytes[offset + i] === written[i]) wrong[offset + i] = 0;
  expect(wrong.indexOf(1), `${moment}: the first byte that is neither`).to.equal(-1);
  if (found !== undefined && found.leaks > 0) {
    const repaired = await image.check?.("leaks");
    expect([repaired?.leaks, repaired?.corruptions], moment).to.deep.equal([0, 0]);
  }
  // It goes on.
  await image.write(1000, pattern(30_000, 77));
  await image.close();
}

/** Whether something went well; otherwise it must be the host that could not. */
async function succeeds(action: Promise<void>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (e) {
    if (e instanceof VmError) return false;
    throw e;
  }
}

/** Random work on an image while some of the writes to its file fail. */
async function workOnFullDisk(format: string, options: Readonly<Record<string, string>>, random: (n: number) => number, moment: string): Promise<void> {
  const host = new MemoryHost(), content = new Uint8Array(SIZE), isOpen = new Uint8Array(SIZE), bytes = new Uint8Array(SIZE);
  await createImage(host, "disk", { format, sizeBytes: SIZE, options });
  const image = await openImage(host, "disk", { format: null, isReadOnly: false });
  host.fails = () => random(12) === 0;
  for (let i = 0; i < 60; i++) {
    const what = random(8), offset = random(SIZE), written = pattern(Math.min(SIZE - offset, random(9000)), i);
    if (what === 0) await succeeds(image.flush());
    else if (i === 40 && image.snapshots !== null) await succeeds(image.snapshots.create(`s${i}`, 0));
    else {
      // A write that failed may have been made in part.
      const isDone = await succeeds(image.write(offset, written));
      content.set(written, offset);
      isOpen.fill(isDone ? 0 : 1, offset, offset + written.length);
    }
  }
  host.fails = () => false;
  const wasClosed = await succeeds(image.close()), after = await openImage(host, "disk", { format: null, isReadOnly: false });
  await after.read(0, bytes);
  const lost = bytes.findIndex((b, i) => b !== content[i] && isOpen[i] === 0);
  expect(wasClosed ? lost : -1, `${moment}: the first byte that was lost`).to.equal(-1);
  const found = await after.check?.("all");
  expect([found?.corruptions ?? 0, found?.leaks ?? 0], `${moment}: ${found?.messages[0] ?? ""}`).to.deep.equal([0, 0]);
  await after.close();
}

const SHAPES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["qcow2", { cluster_size: "512" }], ["qcow2", { cluster_size: "4k", refcount_bits: "64" }], ["qcow2", { cluster_size: "512", compat: "0.10" }], ["qcow2", { cluster_size: "4k", lazy_refcounts: "on" }], ["vdi", {}], ["vmdk", {}],
];

describe(`block: crashes, SEED=${SEED}`, () => {
  for (const [format, options] of SHAPES) {
    describe(`${format} ${JSON.stringify(options)}`, () => {
      let recording: Recording;
      const random = randomNumbers(SEED);

      before(async () => {
        const host = new MemoryHost();
        await createImage(host, "disk", { format, sizeBytes: SIZE, options });
        if (format === "qcow2") {
          const image = await openImage(host, "disk", { format, isReadOnly: false });
          await image.write(0, pattern(60_000, 100));
          await image.snapshots?.create("shared", 0);
          await image.close();
        }
        recording = await record(host, random);
        expect(recording.marks.length).to.be.above(3);
      });

      it("survives being killed at any write", async () => {
        const { events } = recording, step = Math.max(1, Math.floor(events.length / ROUNDS));
        for (let count = 0; count <= events.length; count += step) await expectSurvival(recording, crashed(recording, count, () => false), count, `killed after ${count} of ${events.length}`);
      });

      it("survives a loss of power", async () => {
        const { events } = recording;
        for (let round = 0; round < ROUNDS; round++) {
          const count = random(events.length + 1), flushed = events.slice(0, count).findLastIndex((e) => e.kind === "flush"), share = random(4);
          await expectSurvival(recording, crashed(recording, count, (_event, i) => i > flushed && random(4) < share), count, `power lost after ${count} of ${events.length}, round ${round}`);
        }
      });
    });
  }

  for (const [format, options] of SHAPES) {
    it(`${format} ${JSON.stringify(options)} loses nothing but what it says where the host's disk is full now and then`, async () => {
      for (let round = 0; round < 8; round++) await workOnFullDisk(format, options, randomNumbers(SEED * 100 + round), `round ${round}`);
    });
  }

  it("vmdk: a stream-optimised file that was not finished is refused, or holds what it should", async () => {
    const host = new MemoryHost(), content = pattern(SIZE, 3), bytes = new Uint8Array(SIZE);
    await createImage(host, "disk", { format: "vmdk", sizeBytes: SIZE, options: { subformat: "streamOptimized" } });
    const before = copyFiles(host.files), events: Event[] = host.events = [];
    const image = await openImage(host, "disk", { format: null, isReadOnly: false, purpose: "pack" });
    for (let at = 0; at < SIZE; at += 65_536) await image.packed?.write(at, content.subarray(at, at + 65_536));
    await image.close();
    host.events = null;
    let refused = 0;
    for (let count = 1; count <= events.length; count++) {
      try {
        const after = await openImage(crashed({ before, events, marks: [] }, count, () => false), "disk", { format: "vmdk", isReadOnly: true });
        await after.read(0, bytes);
        expect(firstDifference(bytes, content), `killed after ${count} of ${events.length}`).to.equal(-1);
      } catch (e) {
        if (!(e instanceof VmError)) throw e;
        refused++;
      }
    }
    expect(refused).to.be.within(5, events.length - 1);
  });

  it("qcow2: a snapshot that was interrupted is there or is not, and nothing else is lost", async () => {
    for (const what of ["create", "apply", "delete"] as const) {
      const host = new MemoryHost();
      await createImage(host, "disk", { format: "qcow2", sizeBytes: SIZE, options: { cluster_size: "512" } });
      const image = await openImage(host, "disk", { format: null, isReadOnly: false }), old = new Uint8Array(SIZE), now = new Uint8Array(SIZE);
      old.set(pattern(50_000, 1));
      await image.write(0, old.subarray(0, 50_000));
      if (what !== "create") await image.snapshots?.create("one", 0);
      now.set(old);
      now.set(pattern(50_000, 2), 25_000);
      await image.write(25_000, now.subarray(25_000, 75_000));
      await image.flush();
      const before = copyFiles(host.files), events: Event[] = host.events = [];
      if (what === "create") await image.snapshots?.create("one", 0);
      else await image.snapshots?.[what]("one");
      host.events = null;
      for (let count = 0; count <= events.length; count += Math.max(1, Math.floor(events.length / 100))) {
        const crash = crashed({ before, events, marks: [] }, count, () => false), moment = `${what}: killed after ${count} of ${events.length}`;
        const after = await openImage(crash, "disk", { format: null, isReadOnly: false }), bytes = new Uint8Array(SIZE), names = after.snapshots?.list().map((s) => s.name);
        await after.read(0, bytes);
        const isNow = Buffer.compare(bytes, now) === 0, isOld = Buffer.compare(bytes, old) === 0;
        expect(what === "apply" ? isNow || isOld : isNow, moment).to.equal(true);
        if (names?.includes("one") === true && what !== "create") {
          await after.snapshots?.apply("one");
          await after.read(0, bytes);
          expect(Buffer.compare(bytes, old), moment).to.equal(0);
        }
        const found = await after.check?.("leaks");
        expect([found?.corruptions, found?.leaks], `${moment}: ${found?.messages[0] ?? ""}`).to.deep.equal([0, 0]);
        await after.close();
      }
    }
  });
});
