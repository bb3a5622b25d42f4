// Loops that run long enough for a translator to compile, chain and fuse their blocks, some of them across a page
// boundary: plain ones, with a subroutine, with an alternating indirect jump, and one loop inside another.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { CF, CODE, DATA, ECX } from "../machine-model.ts";
import type { Random } from "../random.ts";
import { GENERAL_REGISTERS, StraightLine } from "./straight-line.ts";

export const hot: Group = {
  name: "hot",
  weight: 2,
  make(random) {
    const c = new Case(random, "hot");
    c.ip = CODE.base + (random.chance(0.3) ? 0xf80 + random.below(0x70) : random.below(0xa00));
    StraightLine.prepare(c);
    random.weighted(SHAPES)(c, random);
    return c;
  },
};

type Shape = (c: Case, random: Random) => void;

/** Loop counters and jump tables: behind the memory that the bodies work on. */
const COUNTER = DATA.base + 0xa00, INNER_COUNTER = COUNTER + 4, JUMP_TABLE = COUNTER + 16;
const JMP_REL8 = 0xeb, CALL_REL32 = 0xe8, RET = 0xc3;

function iterations(random: Random): number {
  return random.pick([100, 1000, random.between(3000, 6000)]);
}

/** DEC [counter]; leaves CF as it was. */
function countDown(counter: number): number[] {
  return [0xff, 0x0d, ...le(counter, 4)];
}

/** JNZ back over `length` bytes and itself. */
function jnzBack(length: number): number[] {
  return length + 2 <= 128 ? [0x75, ...le(-(length + 2), 1)] : [0x0f, 0x85, ...le(-(length + 6), 4)];
}

/** A piece of loop body. A loop's second round starts with the flags that the first one left: the body sets them first. */
function body(random: Random, steps: number, registers = GENERAL_REGISTERS): StraightLine {
  const code = new StraightLine(random, registers, 0);
  code.bytes.push(0x39, 0xc3); // cmp ebx, eax
  return code.append(steps).balanceStack();
}

function finish(c: Case, loop: readonly number[], undefinedFlags: number, count: number, stepsPerRound: number): void {
  c.emit(loop);
  c.undefinedFlags = undefinedFlags;
  c.notes.steps = count * stepsPerRound;
}

const plain: Shape = (c, random) => {
  c.name = "loop";
  const count = iterations(random), steps = random.between(5, 24);
  c.placeValue(COUNTER, 4, count);
  const code = body(random, steps);
  const loop = [...code.bytes, ...countDown(COUNTER)];
  finish(c, [...loop, ...jnzBack(loop.length)], code.undefinedFlags & CF, count, steps + 3);
};

/** LOOP counts in ECX, which the body therefore leaves alone. */
const loopInsn: Shape = (c, random) => {
  c.name = "loop by LOOP";
  const count = iterations(random), steps = random.between(3, 8);
  c.set(ECX, count);
  const code = body(random, steps, GENERAL_REGISTERS.filter((register) => register !== ECX));
  if (code.bytes.length > 120) return plain(c, random);
  finish(c, [...code.bytes, 0xe2, ...le(-(code.bytes.length + 2), 1)], code.undefinedFlags, count, steps + 2);
};

/** loop: body; call sub; dec counter; jnz loop; jmp end; sub: body; ret; end: */
const withSubroutine: Shape = (c, random) => {
  c.name = "loop with a subroutine";
  const count = iterations(random), steps = random.between(3, 12);
  c.placeValue(COUNTER, 4, count);
  const first = body(random, steps), second = body(random, steps);
  const sub = [...second.bytes, RET];
  const callBytes = 5, jmpBytes = 5;
  const upToCall = first.bytes.length + callBytes;
  const tail = [...countDown(COUNTER), ...jnzBack(upToCall + countDown(COUNTER).length), 0xe9, ...le(sub.length, 4)];
  const call = [CALL_REL32, ...le(tail.length, 4)];
  finish(c, [...first.bytes, ...call, ...tail, ...sub], second.undefinedFlags & CF, count, 2 * steps + jmpBytes);
};

/** loop: body; mov ecx,[counter]; and ecx,1; jmp [table+ecx*4]; even: …; jmp on; odd: …; on: dec counter; jnz loop */
const withIndirectJump: Shape = (c, random) => {
  c.name = "loop with an indirect jump";
  const count = iterations(random), steps = random.between(2, 8);
  c.placeValue(COUNTER, 4, count);
  const first = body(random, steps), even = body(random, steps), odd = body(random, steps);
  if (odd.bytes.length > 120) return plain(c, random);
  const select = [0x8b, 0x0d, ...le(COUNTER, 4), 0x83, 0xe1, 1, 0xff, 0x24, 0x8d, ...le(JUMP_TABLE, 4)];
  const evenAt = c.ip + first.bytes.length + select.length;
  const oddAt = evenAt + even.bytes.length + 2;
  c.place(JUMP_TABLE, [...le(evenAt, 4), ...le(oddAt, 4)]);
  const skipOdd = [JMP_REL8, odd.bytes.length];
  const loop = [...first.bytes, ...select, ...even.bytes, ...skipOdd, ...odd.bytes, ...countDown(COUNTER)];
  const undefinedFlags = (even.undefinedFlags | odd.undefinedFlags) & CF;
  finish(c, [...loop, ...jnzBack(loop.length)], undefinedFlags, count, 2 * steps + 8);
};

const nested: Shape = (c, random) => {
  c.name = "loop in a loop";
  const outer = random.pick([10, 100]), inner = random.between(2, 40), steps = random.between(3, 10);
  c.placeValue(COUNTER, 4, outer);
  const first = body(random, steps), second = body(random, steps);
  const setInner = [0xc7, 0x05, ...le(INNER_COUNTER, 4), ...le(inner, 4)];
  const innerLoop = [...second.bytes, ...countDown(INNER_COUNTER)];
  const loop = [...first.bytes, ...setInner, ...innerLoop, ...jnzBack(innerLoop.length), ...countDown(COUNTER)];
  finish(c, [...loop, ...jnzBack(loop.length)], second.undefinedFlags & CF, outer * inner, steps + 3);
};

const SHAPES: readonly (readonly [number, Shape])[] = [
  [4, plain],
  [1, loopInsn],
  [2, withSubroutine],
  [2, withIndirectJump],
  [2, nested],
];
