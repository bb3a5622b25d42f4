/** Runs one guest on the bare machine and prints how long it took and what it printed; started by tcgjs.ts with its job as the argument. */
import { readFileSync } from "node:fs";
import { tuneV8 } from "../src/host/v8.ts";
import { BareMachine } from "../src/machine/bare.ts";
import type { ChildJob, ChildResult } from "./guest-child.ts";
import { timeNow, timeSince } from "./guest-child.ts";
import { enablePaging } from "./identity-paging.ts";

const { imageFile, bits, load, memoryBytes, paging } = JSON.parse(process.argv[2] ?? "{}") as ChildJob & { paging: boolean };
tuneV8();
const output: number[] = [];
const machine = new BareMachine(readFileSync(imageFile), { bits, loadAddress: load, memoryBytes, onOutput: (byte) => { output.push(byte); } });
if (paging) enablePaging(machine, memoryBytes);
const began = timeNow(), { kind } = machine.run({});
const result: ChildResult = { ...timeSince(began), output };
if (kind !== "halt") throw new Error(`the guest ended with ${kind}`);
process.stdout.write(JSON.stringify(result));
