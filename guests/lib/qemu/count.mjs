/**
 * Has QEMU count the insns that guests retire, from the first to `hlt`, both included.
 *
 *     node count.mjs NAME...      (names of directories in guests/)
 *
 * QEMU counts every insn when it records an execution (-icount rr=record). Booted from the ROM nothing but the guest
 * and a fixed prologue runs, whose length a guest of a single `hlt` tells.
 *
 * QEMU counts each turn of a rep insn, and one more for its end; and an insn that faults does not count. So the
 * number is exact in everybody's sense only for guests that have neither.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDescription } from './make-disk.mjs';
import { runInQemu } from './run.mjs';

const guests = join(dirname(fileURLToPath(import.meta.url)), '../..');
const HLT = Buffer.from([0xf4]);

const names = process.argv.slice(2);
if (names.length === 0) {
  console.error('usage: count.mjs NAME...');
  process.exit(2);
}
for (const name of names) {
  const imageFile = join(guests, name, `${name}.bin`);
  const description = readDescription(imageFile);
  const retired = (await countFromReset(readFileSync(imageFile), description)) - (await countFromReset(HLT, description)) + 1;
  const { retiredInsns } = description;
  const verdict = retiredInsns === undefined ? '' : retiredInsns === retired ? 'as guest.json says' : `guest.json says ${retiredInsns}`;
  console.log(`${name.padEnd(16)} ${String(retired).padStart(12)} ${verdict}`);
  if (retiredInsns !== undefined && retiredInsns !== retired) process.exitCode = 1;
}

async function countFromReset(image, { bits, load, memory }) {
  const folder = mkdtempSync(join(tmpdir(), 'count-'));
  try {
    const args = ['-icount', `shift=0,rr=record,rrfile=${join(folder, 'record')}`];
    const how = { bits, load: Number(load), memory, boot: 'rom', args, ask: 'info replay', timeoutS: 600 };
    const { halted, answer } = await runInQemu(image, how);
    if (!halted) throw new Error('the guest did not halt');
    return Number(/instruction count = (\d+)/.exec(answer)[1]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
