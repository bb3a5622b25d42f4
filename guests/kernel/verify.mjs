/**
 * Runs the processes of processes.txt on the kernel in QEMU, which has no timer that counts insns (timer=0), with each way
 * to call the system, and compares what is printed with expected.txt.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const TIME_LIMIT_MS = 60_000;
const LAST_LINE = /^kernel.*still in use.*\n/m;

const processes = readFileSync(join(here, 'processes.txt'), 'utf8').trim().split('\n');
const expected = readFileSync(join(here, 'expected.txt'), 'utf8');

/** What the kernel prints; it ends with a HLT that QEMU waits in for ever. */
function run(folder, cmdline) {
  // QEMU tells a module its file's name and what follows it, so each program needs a file of its name.
  for (const process of processes) copyFileSync(join(here, 'programs.bin'), join(folder, process.split(' ')[0]));
  const args = [
    '-cpu', 'pentium3', '-m', '16', '-display', 'none', '-kernel', join(here, 'kernel.elf'), '-initrd', processes.join(','), '-append', cmdline,
    '-chardev', 'stdio,id=console', '-device', 'isa-debugcon,iobase=0xe9,chardev=console',
  ];
  return new Promise((resolve, reject) => {
    const qemu = spawn('qemu-system-i386', args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = setTimeout(() => qemu.kill(), TIME_LIMIT_MS);
    let text = '';
    qemu.stdout.setEncoding('utf8').on('data', (data) => {
      text += data;
      if (LAST_LINE.test(text) || text.includes('kernel panic')) qemu.kill();
    });
    qemu.on('error', reject).on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'tcgjs-kernel-'));
let isGood = true;
for (const [way, name] of [['int', 'INT 0x80'], ['sysenter', 'SYSENTER']]) {
  const text = await run(folder, `timer=0 syscall=${way}`);
  const isEqual = text.replace(`system calls by ${name}`, 'system calls by INT 0x80') === expected;
  console.log(`kernel with ${name}: ${isEqual ? 'ok' : 'printed something else'}`);
  if (!isEqual) console.error(text);
  isGood &&= isEqual;
}
rmSync(folder, { recursive: true });
process.exitCode = isGood ? 0 : 1;
