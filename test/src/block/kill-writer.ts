// A process to be killed: random writes and flushes to an image, of which it tells when a flush was acknowledged, and snapshots where it can have them.
// Arguments: image, format, seed, operations. The operations are a function of the seed, so that the killer knows them too.

import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openImage } from "../../../src/block/formats.ts";
import { FILE_HOST } from "../../../src/host/storage.ts";
import { pattern, randomNumbers } from "./random-disk.ts";

/** One of the operations. */
export type Operation = { readonly kind: "flush" } | { readonly kind: "snapshot"; readonly name: string } | { readonly kind: "write" | "zero"; readonly offset: number; readonly bytes: Uint8Array };

/** What the process does to a disk of a size, in order. */
export function* operations(seed: number, count: number, sizeBytes: number): Generator<Operation> {
  const random = randomNumbers(seed);
  for (let i = 0; i < count; i++) {
    const what = random(10), offset = random(sizeBytes), length = Math.min(sizeBytes - offset, 1 + random(random(4) === 0 ? 200_000 : 5000));
    if (what < 2) yield { kind: "flush" };
    else if (random(20) === 0) yield { kind: "snapshot", name: `s${random(3)}` };
    else yield what < 8 ? { kind: "write", offset, bytes: pattern(length, i) } : { kind: "zero", offset, bytes: new Uint8Array(length) };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path, format, seed, count] = process.argv.slice(2), image = await openImage(FILE_HOST, path, { format, isReadOnly: false });
  let done = 0;
  for (const operation of operations(Number(seed), Number(count), image.sizeBytes)) {
    if (operation.kind === "flush") {
      await image.flush();
      writeSync(1, `${done}\n`);
    } else if (operation.kind === "snapshot") {
      const { name } = operation, { snapshots } = image;
      if (snapshots?.list().some((s) => s.name === name) === true) await snapshots.delete(name);
      else await snapshots?.create(name, done);
    } else if (operation.kind === "write") await image.write(operation.offset, operation.bytes);
    else await image.writeZeroes(operation.offset, operation.bytes.length);
    done++;
  }
  // It never closes the image: being killed is what it is for.
  writeSync(1, "end\n");
  setInterval(() => undefined, 1000);
}
