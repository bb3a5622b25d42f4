/**
 * Runs a guest image in qemu-system-i386 and says what it printed and how long it took: the second opinion for every
 * expected.txt, and the other side of speed comparisons.
 *
 * A guest ends by `hlt` with interrupts off, which leaves QEMU waiting for ever; so the processor is looked at through
 * QEMU's monitor (QMP) every few milliseconds, and QEMU is stopped once it is halted.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDisk, makeRom, PAGED_TABLES_BYTES } from './make-disk.mjs';

const POLL_MS = 5;
/** enter.inc writes a byte here when it enters the guest. */
const MARK_PORT = 0xe8;
const CONSOLE_PORTS = [0xe9, 0xf1];

/**
 * @param {Buffer} image
 * @param {{bits: 16 | 32, load: number, memory?: string, boot?: 'disk' | 'rom', cpu?: string, timeoutS?: number,
 *   args?: string[], ask?: string, pagedBytes?: number}} how  `pagedBytes` as for makeRom (boot `rom`; QEMU gets memory for
 *   the tables besides); `cpu` is QEMU's -cpu, `args` are further arguments for QEMU; `ask` is a command
 *   for its human monitor, given after the guest has halted
 * @returns {Promise<{output: Buffer, seconds: number, cpuSeconds: number, halted: boolean, answer?: string}>} what the guest
 *   wrote to the console ports; the time from its first insn to `hlt`, too long by POLL_MS at most, and the processor's time
 *   (NaN where there is no /proc); whether it did halt in time
 */
export async function runInQemu(image, how) {
  const { bits, load, memory = '16M', boot = 'disk', cpu = 'qemu32', timeoutS = 120, args = [], ask, pagedBytes = 0 } = how;
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  const markSocket = join(folder, 'mark');
  const qmpSocket = join(folder, 'qmp');

  let startedNs, startedCpuNs;
  const markServer = createServer((socket) => socket.once('data', () => {
    startedNs = process.hrtime.bigint();
    startedCpuNs = cpuTimeNs(qemu.pid);
  }));
  await new Promise((resolve) => markServer.listen(markSocket, resolve));

  const qemu = spawn('qemu-system-i386', [
    '-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'pc,accel=tcg', '-cpu', cpu, '-m', pagedBytes === 0 ? memory : `${(pagedBytes + PAGED_TABLES_BYTES) / 2 ** 20}M`,
    ...(boot === 'disk' ? diskArgs(folder, image, { bits, load }) : romArgs(folder, image, { bits, load, pagedBytes })),
    '-chardev', 'stdio,id=console,mux=on',
    ...CONSOLE_PORTS.flatMap((port) => ['-device', `isa-debugcon,iobase=${port},chardev=console`]),
    '-chardev', `socket,id=mark,path=${markSocket}`, '-device', `isa-debugcon,iobase=${MARK_PORT},chardev=mark`,
    '-qmp', `unix:${qmpSocket},server=on,wait=off`,
    ...args,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = [];
  qemu.stdout.on('data', (chunk) => chunks.push(chunk));
  const closed = new Promise((resolve, reject) => qemu.on('close', resolve).on('error', reject));

  const stop = () => {
    qemu.kill('SIGKILL');
    return closed;
  };
  try {
    const monitor = await connectMonitor(qmpSocket, closed);
    const { halted, endedNs } = await waitUntilHalted(monitor, () => startedNs, timeoutS);
    const cpuSeconds = (cpuTimeNs(qemu.pid) - startedCpuNs) / 1e9;
    const answer = ask && (await monitor(ask));
    await stop();
    return { output: Buffer.concat(chunks), seconds: Number(endedNs - (startedNs ?? endedNs)) / 1e9, cpuSeconds, halted, answer };
  } finally {
    await stop();
    markServer.close();
    rmSync(folder, { recursive: true });
  }
}

/** The processor's time that all threads of a process have taken (Linux: the first word of each schedstat), or NaN. */
function cpuTimeNs(pid) {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return NaN;
  return readdirSync(folder).reduce((sum, task) => sum + Number(readFileSync(join(folder, task, 'schedstat'), 'utf8').split(' ')[0]), 0);
}

/** The image on a hard disk, behind the boot sector. */
function diskArgs(folder, image, how) {
  const diskFile = join(folder, 'disk.img');
  writeFileSync(diskFile, makeDisk(image, how));
  return ['-drive', `file=${diskFile},format=raw,if=ide`];
}

/** The image put into memory by QEMU, and a ROM in place of the BIOS that enters it. */
function romArgs(folder, image, how) {
  const imageFile = join(folder, 'image');
  const romFile = join(folder, 'rom');
  writeFileSync(imageFile, image);
  writeFileSync(romFile, makeRom(image, how));
  return ['-bios', romFile, '-device', `loader,file=${imageFile},addr=${how.load},force-raw=on`];
}

/** Asks QEMU's monitor again and again whether the guest has been entered and the processor is halted. */
async function waitUntilHalted(monitor, startedNs, timeoutS) {
  const deadlineMs = Date.now() + timeoutS * 1000;
  for (;;) {
    // Entered, halted, and IF, bit 9 of EFLAGS, clear.
    const entered = startedNs() !== undefined;
    const registers = await monitor('info registers');
    const endedNs = process.hrtime.bigint();
    if (entered && /HLT=1/.test(registers) && !/EFL=.{5}[2367abef]/.test(registers)) return { halted: true, endedNs };
    if (Date.now() > deadlineMs) return { halted: false, endedNs };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @returns {Promise<(command: string) => Promise<string>>} a function that runs one command of the human monitor */
async function connectMonitor(qmpSocket, closed) {
  const socket = await connect(qmpSocket);
  let text = '';
  const waiting = [];
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const message = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      if ('return' in message) waiting.shift()(message.return);
    }
  });
  const died = closed.then(() => { throw new Error('QEMU ended by itself'); });
  died.catch(() => {});
  const execute = (execute, args) => {
    socket.write(JSON.stringify({ execute, arguments: args }));
    return Promise.race([died, new Promise((resolve) => waiting.push(resolve))]);
  };
  await execute('qmp_capabilities');
  return (command) => execute('human-monitor-command', { 'command-line': command });
}

/** QEMU makes its socket a moment after it was started. */
async function connect(path) {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = createConnection(path, () => resolve(socket)).on('error', reject);
      });
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
