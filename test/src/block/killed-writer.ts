// A process that is killed while it writes to an image, and what must be left of its work.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { operations } from "./kill-writer.ts";

const KILL_OPERATIONS = 400, KILL_WRITER = fileURLToPath(new URL("kill-writer.js", import.meta.url));

/** Starts a writer and kills it, at a moment of its work. @returns how many of its operations a flush has acknowledged */
export async function killWriter(path: string, format: string, seed: number, random: (n: number) => number): Promise<number> {
  const child = spawn(process.execPath, [KILL_WRITER, path, format, String(seed), String(KILL_OPERATIONS)], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "", timer: NodeJS.Timeout | null = null;
  const flushes = random(20), delayMs = random(8);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (timer === null && (printed.split("\n").length > flushes || printed.includes("end"))) timer = setTimeout(() => child.kill("SIGKILL"), delayMs);
  });
  await once(child, "close");
  expect(child.signalCode, "the writer ended by itself").to.equal("SIGKILL");
  const last = printed.split("\n").filter((line) => /^\d+$/.test(line)).at(-1);
  return last === undefined ? 0 : Number(last);
}

/** Expects that every byte is as it was acknowledged, or as it was written after that. @returns what is there */
export function survivors(now: Uint8Array, before: Uint8Array, seed: number, acknowledged: number): Uint8Array<ArrayBuffer> {
  const content = before.slice(), isWrong = new Uint8Array(content.length), later: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  let i = 0;
  for (const operation of operations(seed, KILL_OPERATIONS, content.length)) {
    if ("bytes" in operation) {
      if (i < acknowledged) content.set(operation.bytes, operation.offset);
      else later.push(operation);
    }
    // Nothing after the next flush has begun before that one was told of.
    if (operation.kind === "flush" && i > acknowledged) break;
    i++;
  }
  for (let at = 0; at < content.length; at++) isWrong[at] = now[at] === content[at] ? 0 : 1;
  for (const { offset, bytes } of later) for (let at = 0; at < bytes.length; at++) if (now[offset + at] === bytes[at]) isWrong[offset + at] = 0;
  expect(isWrong.indexOf(1), `seed ${seed}: the first byte that was lost`).to.equal(-1);
  return new Uint8Array(now);
}
