/**
 * Runs system images in bochs and QEMU and compares what fails there with differences.md: the expectations are the
 * manual's, and wherever an emulator has another opinion it must be known and explained.
 *
 *     node verify.mjs [--only bochs|qemu] [--print] NAME...
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const ROM_BYTES = 0x20000, STUB_AT = 0x10000, LENGTH_AT = 0x1ffe0;
/** Far more than any image needs. */
const TIMEOUT_MS = 20_000;

const RUNNERS = { bochs: runBochs, qemu: runQemu };

const { values, positionals } = parseArgs({ options: { only: { type: 'string' }, print: { type: 'boolean' } }, allowPositionals: true });
const known = readDifferences();
let isGood = true;
for (const name of positionals) {
  const rom = makeRom(readFileSync(join(here, `${name}.bin`)));
  for (const [emulator, run] of Object.entries(RUNNERS)) {
    if (values.only !== undefined && values.only !== emulator) continue;
    judge(name, emulator, await run(rom));
  }
}
process.exitCode = isGood ? 0 : 1;

/** Says what one run has shown that was not known, or has not shown that was. */
function judge(name, emulator, text) {
  if (values.print) console.log(text.split('\n').filter((line) => /^(ok|bad|end)/.test(line)).join('\n'));
  const lines = text.split('\n');
  const checks = lines.filter((line) => /^(ok|bad) /.test(line));
  const bad = new Map(lines.filter((line) => line.startsWith('bad ')).map((line) => [line.slice(4).split(': got [')[0], line]));
  if (!lines.includes('end')) bad.set('end', 'end: did not come');
  const expected = known.filter((d) => d.image === name && d.emulator === emulator);
  const news = [...bad].filter(([check]) => !expected.some((d) => describes(d, check))).map(([, line]) => line);
  const stale = expected.filter((d) => ![...bad.keys()].some((check) => describes(d, check))).map((d) => d.check);
  console.log(`${name} in ${emulator}: ${checks.length} checks, ${bad.size} differ`);
  for (const line of news) console.log(`  not in differences.md: ${line}`);
  for (const check of stale) console.log(`  in differences.md, but does not differ: ${check}`);
  if (checks.length === 0 || news.length > 0 || stale.length > 0) isGood = false;
}

/** The rows of differences.md: | image | check | emulator | reason |, where `*` in a check's name stands for anything. */
function readDifferences() {
  const rows = readFileSync(join(here, 'differences.md'), 'utf8').split('\n').filter((line) => /^\| \w+ \| /.test(line));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, image, check, emulator]) => ({ image, check, emulator, pattern: patternOf(check) }))
    .filter(({ emulator }) => emulator in RUNNERS);
}

/** Whether a row is about a check; `end`, the end of the run, must be named. */
function describes(row, check) {
  return check === 'end' ? row.check === check : row.pattern.test(check);
}

function patternOf(check) {
  return new RegExp(`^${check.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&')).join('.*')}$`);
}

/** A ROM of 128 KiB: the image, and the stub that puts it where it runs. */
function makeRom(image) {
  const rom = Buffer.alloc(ROM_BYTES, 0xff);
  image.copy(rom);
  readFileSync(join(here, '../build/system/rom.bin')).copy(rom, STUB_AT);
  rom.writeUInt32LE(image.length, LENGTH_AT);
  return rom;
}

async function runQemu(rom) {
  return inFolder(rom, (folder) => execute('qemu-system-i386', [
    '-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'pc,accel=tcg', '-cpu', 'max', '-m', '16M',
    '-bios', join(folder, 'rom'), '-chardev', `file,id=console,path=${join(folder, 'out')}`,
    '-device', 'isa-debugcon,iobase=0xe9,chardev=console', '-device', 'isa-debug-exit,iobase=0xf4,iosize=1',
  ], folder));
}

async function runBochs(rom) {
  return inFolder(rom, (folder) => {
    writeFileSync(join(folder, 'vgarom'), Buffer.alloc(512));
    writeFileSync(join(folder, 'bochsrc'), `
config_interface: textconfig
display_library: ${process.env.BOCHS_DISPLAY ?? 'rfb, options="timeout=0"'}
plugin_ctrl: unmapped=1, biosdev=0, speaker=0, extfpuirq=0, parallel=0, serial=0, iodebug=0
cpu: model=corei7_icelake_u, ips=50000000, reset_on_triple_fault=1, ignore_bad_msrs=0
memory: guest=16, host=16
romimage: file=${join(folder, 'rom')}
vgaromimage: file=${join(folder, 'vgarom')}
pci: enabled=0
clock: sync=none
log: ${join(folder, 'log')}
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
port_e9_hack: enabled=1
`);
    // Debian's bochs starts in its debugger, and comes back to it after every reset: "c" goes on.
    writeFileSync(join(folder, 'commands'), 'c\n'.repeat(1000));
    return execute('sh', ['-c', 'exec bochs -q -f bochsrc <commands 2>&1'], folder);
  });
}

async function inFolder(rom, run) {
  const folder = mkdtempSync(join(tmpdir(), 'system-'));
  try {
    writeFileSync(join(folder, 'rom'), rom);
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a program prints, or has written to the file `out` in its folder. */
function execute(program, args, folder) {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 1 << 26, cwd: folder }, (error, stdout, stderr) => {
      let text = stdout;
      try {
        text = readFileSync(join(folder, 'out'), 'latin1');
      } catch { /* bochs prints it */ }
      if (process.env.VERIFY_DEBUG) console.error(error, stdout, stderr);
      resolve(text);
    });
  });
}
