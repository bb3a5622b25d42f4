// The package as another project has it: what `npm pack` would ship, with its dependencies and nothing else, used from plain
// JavaScript and from strict TypeScript; and several machines in one process.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { DEFAULT_SETTING, HOSTILE_SETTINGS, INTERPRETER } from "./support/engine-settings.ts";
import { guestPath, TemporaryFolder } from "./support/cli.ts";
import { flatGuests, GuestRun } from "./support/guests.ts";
import { projectRoot, readFixture } from "./support/project.ts";

const PROGRAM = `
  import { BareMachine, openKvm, Pc, VmError } from "tcgjs";
  import { compile, emitBlock, InternalError, IrBuilder, optimize, verify } from "tcgjs/tcg";

  const printed: number[] = [];
  const image = Uint8Array.of(0xb0, 0x41, 0xe6, 0xe9, 0xf4);   // mov al, 'A'; out 0xe9, al; hlt
  const machine = new BareMachine(image, { bits: 32, vm: { engine: "jit", threshold: 1 }, onOutput: (byte: number) => printed.push(byte) });
  const outcome = machine.run({ maxInsns: 100 });
  console.log(outcome.kind, printed.join());

  const vm = openKvm({ engine: "interp" }).createVm();
  vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: 0x10000 });
  vm.writePhys(0x1000, image);
  const vcpu = vm.createVcpu(0), sregs = vcpu.getSregs();
  vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0, selector: 0 } });
  vcpu.setRegs({ rip: 0x1000, rflags: 2 });
  const exit = vcpu.run({ maxInsns: 100 });
  if (exit.reason === "KVM_EXIT_IO") console.log(exit.direction, exit.port.toString(16), exit.data[0]);

  const rom = new Uint8Array(0x10000);
  rom.set([0xb0, 0x42, 0xe6, 0xe9, 0xfa, 0xf4], 0xfff0);        // mov al, 'B'; out 0xe9, al; cli; hlt
  const pc = new Pc({ boot: { bios: rom }, memoryBytes: 4 * 2 ** 20, onDebugByte: (byte: number) => console.log(String.fromCharCode(byte)) });
  console.log(pc.run({ maxInsns: 100 }).kind, pc.screenText(), pc.picture().width);

  try {
    vm.createVcpu(0);
  } catch (e) {
    if (e instanceof VmError) console.log(e.code);
  }

  console.log(new InternalError("ours", { pc: 1 }).context["pc"]);

  const eax = { name: "eax", index: 0, type: "i32" } as const, R = Int32Array.of(7), b = new IrBuilder("times5");
  b.set(eax, b.op("add", b.op("shl", b.get(eax), b.constant(2)), b.get(eax)));
  b.gotoTb(0);
  optimize(b.block, { check: verify });
  const emitted = emitBlock(b.block, { memory: { kind: "none" }, state: { pc: 1, left: 2, budget: 3, way: 4, wayPc: 5 }, packed: null, frames: [] }, 1);
  compile(emitted, { R }, { name: "times5", params: [], sourceUrl: "times5", bound: { tb: { next: null } }, checked: true }).fn();
  console.log(R[0]);
`;
const EXPECTED = "halt 65\nout e9 65\nB\nhalt null 640\nEEXIST\n1\n35\n";

/** Uses of the API that must not compile, each with the part of the message that says why. */
const WRONG: readonly (readonly [code: string, message: string])[] = [
  ['openKvm({ engine: "fast" })', 'Type \'"fast"\' is not assignable'],
  ["openKvm().createVm().createVcpu()", "Expected 1 arguments"],
  ["new BareMachine([1, 2, 3])", "not assignable to parameter of type 'Uint8Array"],
  ['const exit = openKvm().createVm().createVcpu(0).run(); if (exit.reason === "KVM_EXIT_HLT") exit.port', "Property 'port' does not exist"],
];

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A project stricter than most, without node's types and with nobody's declarations taken on trust. */
const COMPILER_OPTIONS = {
  strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true, skipLibCheck: false,
  target: "es2022", lib: ["es2022", "dom"], module: "nodenext", types: [], outDir: "out",
};

describe("the package", () => {
  const files = new TemporaryFolder();

  const manifest = JSON.parse(new TextDecoder().decode(readFixture("package.json"))) as Manifest;
  let packed: readonly string[] = [];

  before(() => {
    const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: projectRoot, encoding: "utf8" });
    packed = (JSON.parse(stdout) as [{ files: { path: string }[] }])[0].files.map(({ path }) => path);
    for (const path of packed) cpSync(join(projectRoot, path), files.path(`node_modules/tcgjs/${path}`));
    mkdirSync(files.path("node_modules/@types"));
    for (const name of Object.keys(manifest.dependencies)) symlinkSync(join(projectRoot, "node_modules", name), files.path(`node_modules/${name}`), "dir");
    files.write("package.json", '{ "type": "module", "private": true }');
  });

  const run = (command: string, ...args: string[]): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: files.path("."), encoding: "utf8" });
    return { status, output: stdout + stderr };
  };
  it("runs from plain JavaScript", () => {
    // The same program without its type annotations.
    files.write("program.mjs", PROGRAM.replace(": number[]", "").replace(" as const", "").replaceAll("byte: number", "byte"));
    expect(run(process.execPath, "program.mjs")).to.deep.equal({ status: 0, output: EXPECTED });
  });

  it("runs from strict TypeScript, with types that refuse wrong use", () => {
    files.write("program.ts", PROGRAM);
    files.write("wrong.ts", `import { BareMachine, openKvm } from "tcgjs";\n${WRONG.map(([code]) => `{ ${code}; }\n`).join("")}`);
    files.write("tsconfig.json", JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["program.ts", "wrong.ts"] }));
    const errors = run(process.execPath, join(projectRoot, "node_modules/typescript/bin/tsc")).output.split("\n").filter((line) => /^\S/.test(line));
    expect(errors.length, errors.join("\n")).to.equal(WRONG.length);
    WRONG.forEach(([code, message], i) => expect(errors.find((line) => line.startsWith(`wrong.ts(${i + 2},`)), code).to.include(message));
    expect(run(process.execPath, "out/program.js")).to.deep.equal({ status: 0, output: EXPECTED });
  });

  it("ships what its package.json names, its types, and no tests", () => {
    const named = [...Object.values(manifest.bin), ...Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))];
    expect(packed).to.include.members(["README.md", "LICENSE", ...named.map((path) => path.replace(/^\.\//, ""))]);
    // npm adds the README of every folder that has something to ship.
    const shipped = ["guests/bios/bios.bin", "guests/bios/README.md", "guests/README.md"];
    expect(packed.filter((path) => /^(src|tcg|test|dist\/test|dist\/bench|bench|guests)\//.test(path) && !shipped.includes(path))).to.deep.equal([]);
  });

  it("has a program that runs by itself", () => {
    const program = files.path(`node_modules/tcgjs/${manifest.bin["tcgjs"]}`);
    expect(run(process.execPath, program, "run", guestPath("hello"))).to.deep.equal({ status: 0, output: "Hello\n" });
    expect(run(process.execPath, program, "--version")).to.deep.equal({ status: 0, output: `tcgjs ${manifest.version}\n` });
  });
});

describe("machines in one process", () => {
  it("do not disturb each other, whatever their engines", () => {
    // Each in small turns, of another length each time; and what each would do alone.
    const names = ["self-modify", "fib", "sieve16", "quicksort"], settings = [DEFAULT_SETTING, INTERPRETER, ...HOSTILE_SETTINGS.slice(0, 2)];
    const guests = flatGuests().filter(({ name }) => names.includes(name));
    expect(guests.length).to.equal(names.length);
    const runs = guests.flatMap((guest, i) => [new GuestRun(guest, settings[i].vm), new GuestRun(guest, settings[(i + 1) % settings.length].vm)]);
    const goals = runs.map(() => 0);
    for (let turn = 0; turn < 300; turn++) {
      runs.forEach((run, i) => {
        goals[i] += 1 + ((turn * 131 + i * 37) % 997);
        run.runTo(goals[i]);
      });
    }
    guests.forEach((guest, i) => {
      for (const n of [2 * i, 2 * i + 1]) {
        const alone = new GuestRun(guest, settings[0].vm);
        alone.runTo(runs[n].machine.insns);
        expect(runs[n].differencesFrom(alone), `${guest.name} ${n}`).to.deep.equal([]);
      }
    });
  });
});
