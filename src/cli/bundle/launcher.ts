#!/usr/bin/env node
/** The `tcgjs` command as it is shipped: this file becomes dist/bin/main.js, a CommonJS script. */
import { tuneV8 } from "../../host/v8.ts";
import { STATUS_FAILED } from "../command.ts";
import { loadProgram } from "./bundled-program.ts";

tuneV8();
process.exitCode = STATUS_FAILED;   // unless the program comes to its end
void loadProgram(import.meta.dirname, require).program.runProgram(process.argv.slice(2)).then((status) => { process.exitCode = status; });
