/**
 * Runs guests in QEMU and compares what they print with their expected.txt.
 *
 *     node verify.mjs [--json] [--boot disk|rom] NAME...      (names of directories in guests/)
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readDescription } from './make-disk.mjs';
import { runInQemu } from './run.mjs';

const guests = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** A Pentium Pro's insns and nothing later, and the brand string that `tcgjs` gives by default. */
const CPU = 'qemu32,model-id=tcgjs virtual CPU';

const options = { json: { type: 'boolean' }, boot: { type: 'string', default: 'disk' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
if (positionals.length === 0 || !['disk', 'rom'].includes(values.boot)) {
  console.error('usage: verify.mjs [--json] [--boot disk|rom] NAME...');
  process.exit(2);
}
const results = [];
for (const name of positionals) {
  const imageFile = join(guests, name, `${name}.bin`);
  const { bits, load, memory } = readDescription(imageFile);
  const how = { bits, load: Number(load), memory, boot: values.boot, cpu: CPU };
  const run = await runInQemu(readFileSync(imageFile), how);
  const isEqual = run.output.equals(readFileSync(join(guests, name, 'expected.txt')));
  const verdict = !run.halted ? 'did not halt' : isEqual ? 'ok' : 'printed something else';
  results.push({ name, verdict, seconds: run.seconds });
  if (!values.json) console.log(`${name.padEnd(16)} ${verdict.padEnd(24)} ${run.seconds.toFixed(3)} s`);
  if (!isEqual) console.error(run.output.toString('latin1'));
}
if (values.json) console.log(JSON.stringify(results, null, 2));
process.exitCode = results.every(({ verdict }) => verdict === 'ok') ? 0 : 1;
