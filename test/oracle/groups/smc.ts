// Self-modifying loops: each round changes an opcode, an immediate or a displacement of code that has run or is about to,
// in its own block, behind a jump, across a page, or in a copy of itself elsewhere.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { CODE, DATA, EAX, EBX, ECX, EDI, EDX, ESI } from "../machine-model.ts";
import type { Random } from "../random.ts";

export const smc: Group = {
  name: "smc",
  weight: 2,
  make(random) {
    const c = new Case(random, "smc");
    const count = random.pick([10, 200, 2000]);
    const body = new PatchedCode();
    c.placeValue(COUNTER, 4, count);
    c.set(EBX, random.u32() | 1);
    c.isSingleInsn = false;
    for (let i = random.below(3); i > 0; i--) body.add(0x40 | random.pick([ECX, EDX, ESI])); // inc
    random.pick(KINDS)(c, random, body);
    body.add(0xff, 0x0d, ...le(COUNTER, 4)); // dec [counter]
    body.add(0x75, ...le(-(body.length + 2), 1)); // jnz to the start
    c.ip = CODE.base + (random.chance(0.4) ? 0x1000 - random.between(1, body.length - 1) : random.below(0xc00));
    c.emit(body.linked(c.ip));
    c.notes.smc = true;
    c.notes.steps = count * 10;
    return c;
  },
};

type Kind = (c: Case, random: Random, body: PatchedCode) => void;

const COUNTER = DATA.base + 0x880;
const JMP_NEXT = [0xeb, 0x00];

/** Code with absolute addresses of places in itself, which are only known when the code has found its own place. */
class PatchedCode {
  readonly #bytes: number[] = [];
  readonly #fixups: { readonly at: number; readonly label: { offset: number } }[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  add(...bytes: readonly number[]): void {
    this.#bytes.push(...bytes);
  }

  /** A place in the code, here unless it is moved later. */
  label(): { offset: number } {
    return { offset: this.length };
  }

  /** Four bytes that will hold the address of a label. */
  addAddress(label: { offset: number }): void {
    this.#fixups.push({ at: this.length, label });
    this.add(0, 0, 0, 0);
  }

  linked(base: number): number[] {
    const bytes = [...this.#bytes];
    for (const { at, label } of this.#fixups) bytes.splice(at, 4, ...le(base + label.offset, 4));
    return bytes;
  }
}

/** The patched code is the next instruction, or behind a jump that ends the block. */
function maybeEndBlock(random: Random, body: PatchedCode): void {
  if (random.bool()) body.add(...JMP_NEXT);
}

const laterImmediate: Kind = (c, random, body) => {
  c.name = "patch imm32 of a later add";
  const target = body.label();
  body.add(0x01, 0x1d); // add [target], ebx
  body.addAddress(target);
  maybeEndBlock(random, body);
  target.offset = body.length + 1;
  body.add(0x05, ...random.bytes(4)); // add eax, imm32
};

const earlierImmediate: Kind = (c, random, body) => {
  c.name = "patch imm32 of an earlier add";
  const target = { offset: body.length + 1 };
  body.add(0x05, ...random.bytes(4)); // add eax, imm32
  body.add(0x31, 0x1d); // xor [target], ebx
  body.addAddress(target);
  body.add(0xc1, 0xc3, 3); // rol ebx, 3
};

/** One byte in the middle of an instruction changes; the store neither starts nor ends with it. */
const partOfImmediate: Kind = (c, random, body) => {
  c.name = "patch one byte of an imm32";
  const target = body.label();
  body.add(0x00, 0x3d); // add [target], bh
  body.addAddress(target);
  maybeEndBlock(random, body);
  target.offset = body.length + random.between(1, 4);
  body.add(0x2d, ...random.bytes(4)); // sub eax, imm32
  body.add(0x01, 0xc3); // add ebx, eax
};

const opcode: Kind = (c, random, body) => {
  c.name = "toggle inc/dec opcode";
  const target = body.label();
  body.add(0x80, 0x35); // xor byte [target], 8
  body.addAddress(target);
  body.add(0x08);
  maybeEndBlock(random, body);
  target.offset = body.length;
  body.add(0x40 | random.pick([ECX, EDX, ESI, EDI])); // inc or dec
  body.add(0x01, 0xc8); // add eax, ecx
};

const displacement: Kind = (c, _random, body) => {
  c.name = "patch jump displacement";
  const target = body.label();
  body.add(0x80, 0x35); // xor byte [target], 1
  body.addAddress(target);
  body.add(0x01);
  target.offset = body.length + 1;
  body.add(...JMP_NEXT);
  body.add(0x46, 0x47); // inc esi; inc edi
};

/** The store changes its own instruction's immediate, which must count from the next round on. */
const itself: Kind = (c, random, body) => {
  c.name = "an instruction patches itself";
  const target = { offset: body.length + 6 };
  body.add(0x81, 0x05); // add dword [target], imm32
  body.addAddress(target);
  body.add(...le(random.value() | 1, 4));
};

/** A string store writes over the following instructions: a run of INC or DEC. */
const byStringStore: Kind = (c, random, body) => {
  c.name = "rep stosb over code";
  const target = body.label();
  const run = random.between(2, 6);
  body.add(0xbf); // mov edi, target
  body.addAddress(target);
  body.add(0xb9, ...le(run, 4)); // mov ecx, run
  body.add(0x34, 0x08); // xor al, 8
  body.add(0xf3, 0xaa); // rep stosb
  maybeEndBlock(random, body);
  target.offset = body.length;
  for (let i = 0; i < run; i++) body.add(0x42); // inc edx
  c.set(EAX, (random.u32() & ~0xff) | 0x42);
};

/** A routine is copied to the data region, called there, and one of its bytes is changed after the call. */
const copiedRoutine: Kind = (c, random, body) => {
  c.name = "call a copied routine, then patch it";
  const home = DATA.base + 0x300, copy = DATA.base + (random.bool() ? 0x400 : 0x1000 - random.between(1, 6));
  const routine = [0x05, ...random.bytes(4), 0x81, 0xf2, ...random.bytes(4), 0xc3]; // add eax; xor edx; ret
  c.place(home, routine);
  body.add(0xbe, ...le(home, 4), 0xbf, ...le(copy, 4), 0xb9, ...le(routine.length, 4)); // mov esi; mov edi; mov ecx
  body.add(0xf3, 0xa4); // rep movsb
  body.add(0xbf, ...le(copy, 4), 0xff, 0xd7); // mov edi, copy; call edi
  body.add(0x30, 0x05, ...le(home + random.between(1, 4), 4)); // xor [home+n], al
};

const KINDS: readonly Kind[] = [laterImmediate, earlierImmediate, partOfImmediate, opcode, displacement, itself, byStringStore, copiedRoutine];
