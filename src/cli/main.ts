#!/usr/bin/env node
/** The `tcgjs` program, module by module; what is shipped is bundled (`bundle/`). */
import { tuneV8 } from "../host/v8.ts";
import { runProgram } from "./program.ts";

tuneV8();
process.exitCode = await runProgram(process.argv.slice(2));
