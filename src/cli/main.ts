#!/usr/bin/env node
/** The `tcgjs` program. */
import { Output } from "../host/output.ts";
import { runCommandLine } from "./command-line.ts";

process.exitCode = await runCommandLine(process.argv.slice(2), new Output());
