#!/usr/bin/env node
/** The `tcgjs` program. */
import { Output } from "../host/output.ts";
import { tuneV8 } from "../host/v8.ts";
import { runCommandLine } from "./command-line.ts";

tuneV8();
process.exitCode = await runCommandLine(process.argv.slice(2), new Output());
