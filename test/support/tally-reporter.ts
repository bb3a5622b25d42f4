// Mocha's spec reporter that also writes every result to a file as it happens, for .ci/run to count:
//   mocha --reporter dist/test/support/tally-reporter.js --reporter-option tally=FILE
// One line each: "pass", "fail" or "pending" and the full title; "end" last, so that a run that died is recognised.

import { appendFileSync, writeFileSync } from "node:fs";
import Mocha from "mocha";

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** See the head of this file. Throws when no `tally` option is given or its file cannot be written. */
export default class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const reporterOptions: Readonly<Record<string, unknown>> = options.reporterOptions ?? {};
    const file = reporterOptions["tally"];
    if (typeof file !== "string") throw new Error("tally-reporter needs --reporter-option tally=FILE");
    writeFileSync(file, "");
    const write = (result: string, title: string): void => {
      appendFileSync(file, `${result} ${title.replaceAll(/\s+/g, " ")}\n`);
    };
    runner.on(EVENT_TEST_PASS, (test) => write("pass", test.fullTitle()));
    runner.on(EVENT_TEST_FAIL, (test) => write("fail", test.fullTitle()));
    runner.on(EVENT_TEST_PENDING, (test) => write("pending", test.fullTitle()));
    runner.on(EVENT_RUN_END, () => appendFileSync(file, "end\n"));
  }
}
