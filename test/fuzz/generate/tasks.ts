// Task-state segments of a fuzz case: the running task's, with stacks for the inner levels, and some to switch to.

import { F_IF, F_NT, F_VM } from "../../../src/x86/state.ts";
import type { Random } from "../../oracle/random.ts";
import type { Descriptors } from "./descriptors.ts";
import { LDT_SELECTOR, TSS_SELECTOR } from "./descriptors.ts";
import type { Image } from "./image.ts";
import { CODE, CODE_OTHER, SLOT_BYTES, stackTop, STACKS, STACK_BYTES, TSS_16, TSS_FAULT, TSS_MAIN, TSS_OTHER, TSS_V86 } from "./layout.ts";

/** Offsets in a 386 TSS (SDM 3A figure 7-2), in dwords from the given one on; and the I/O map's base. */
const ESP0 = 0x04, CR3 = 0x1c, EIP = 0x20, EFLAGS = 0x24, EAX = 0x28, ES = 0x48, LDT = 0x60, TRAP = 0x64, IO_MAP_BASE = 0x66, IO_MAP = 0x68;
/** Of a 286 TSS (figure 7-10). */
const SP0_16 = 0x02, IP_16 = 0x0e, FLAGS_16 = 0x10, AX_16 = 0x12, ES_16 = 0x22, LDT_16 = 0x2a;
const ESP_INDEX = 4;
/** Ports 0 to 0x100. */
const IO_MAP_BYTES = 0x20;

/** Stacks of the levels 0 to 2. */
function putInnerStacks(image: Image, random: Random, tss: number, descriptors: Descriptors, chaos: number): void {
  for (let level = 0; level < 3; level++) {
    const data = descriptors.data(level, random.chance(0.85));
    image.put32(tss + ESP0 + 8 * level, (stackTop(level) - data.base) >>> 0);
    image.put16(tss + ESP0 + 4 + 8 * level, random.chance(chaos * 0.1) ? random.pick(descriptors.selectors) : data.selector);
  }
}

function putIoMap(image: Image, random: Random, tss: number): void {
  image.put16(tss + IO_MAP_BASE, random.pick([IO_MAP, IO_MAP, IO_MAP, 0x200, 0]));
  image.put(tss + IO_MAP, Array.from({ length: IO_MAP_BYTES }, () => (random.chance(0.6) ? 0 : random.byte())));
  image.put(tss + IO_MAP + IO_MAP_BYTES, [0xff]);
}

/** A 386 task that is not running: where it starts, at which level, with which flags. */
function putTask(image: Image, random: Random, tss: number, descriptors: Descriptors, task: { level: number; eip: number; eflags: number; cr3: number }): void {
  const code = descriptors.code(task.level, true), data = descriptors.data(task.level, true), isV86 = (task.eflags & F_VM) !== 0;
  putInnerStacks(image, random, tss, descriptors, 0);
  image.put32(tss + CR3, task.cr3);
  image.put32(tss + EIP, isV86 ? task.eip : (task.eip - code.base) >>> 0);
  image.put32(tss + EFLAGS, task.eflags | 2);
  for (let r = 0; r < 8; r++) image.put32(tss + EAX + 4 * r, random.value());
  image.put32(tss + EAX + 4 * ESP_INDEX, isV86 ? 0xfff0 : (stackTop(4) - data.base) >>> 0);
  [data, code, data, data, data, data].forEach(({ selector }, s) => image.put16(tss + ES + 4 * s, isV86 ? (s === 1 ? 0 : STACKS >> 4) : selector));
  image.put16(tss + LDT, random.pick([LDT_SELECTOR, 0]));
  image.put16(tss + TRAP, random.chance(0.1) ? 1 : 0);
  image.put16(tss + IO_MAP_BASE, 0x68);
}

function putTask16(image: Image, random: Random, descriptors: Descriptors): void {
  const code = descriptors.code(0, false), data = descriptors.data(0, false);
  for (let level = 0; level < 3; level++) {
    const stack = descriptors.data(level, false);
    image.put16(TSS_16 + SP0_16 + 4 * level, 0xfff0 - level * STACK_BYTES);
    image.put16(TSS_16 + SP0_16 + 2 + 4 * level, stack.selector);
  }
  image.put16(TSS_16 + IP_16, CODE_OTHER - code.base);
  image.put16(TSS_16 + FLAGS_16, 2);
  for (let r = 0; r < 8; r++) image.put16(TSS_16 + AX_16 + 2 * r, random.u32());
  image.put16(TSS_16 + AX_16 + 2 * ESP_INDEX, 0xfff0);
  [data, code, data, data].forEach(({ selector }, s) => image.put16(TSS_16 + ES_16 + 2 * s, selector));
  image.put16(TSS_16 + LDT_16, LDT_SELECTOR);
}

/** @param cr3  what all tasks have */
export function putTasks(image: Image, random: Random, descriptors: Descriptors, chaos: number, cr3: number): void {
  putInnerStacks(image, random, TSS_MAIN, descriptors, chaos);
  image.put32(TSS_MAIN + CR3, cr3);
  image.put16(TSS_MAIN, TSS_SELECTOR);
  putIoMap(image, random, TSS_MAIN);
  const flags = (): number => (random.chance(0.3) ? F_IF : 0) | (random.chance(0.1) ? F_NT : 0) | (random.below(4) << 12);
  putTask(image, random, TSS_OTHER, descriptors, { level: random.pick([0, 3]), eip: CODE_OTHER, eflags: flags(), cr3 });
  putTask(image, random, TSS_FAULT, descriptors, { level: 0, eip: CODE + SLOT_BYTES * random.below(8), eflags: 0, cr3 });
  putTask(image, random, TSS_V86, descriptors, { level: 3, eip: CODE_OTHER, eflags: F_VM | flags(), cr3 });
  putTask16(image, random, descriptors);
}
