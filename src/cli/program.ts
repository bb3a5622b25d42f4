/** The program behind its starters, `main.ts` and `bundle/launcher.ts`. */
import { Output } from "../host/output.ts";
import { runCommandLine } from "./command-line.ts";

/**
 * Runs a command line to its end.
 * @param args    without the program's own name
 * @param stdout  a descriptor, as is `stderr`
 * @returns the exit status
 */
export function runProgram(args: readonly string[], stdout = 1, stderr = 2): Promise<number> {
  return runCommandLine(args, new Output(stdout, stderr));
}
