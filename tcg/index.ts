/**
 * The public face of the code generator, which knows nothing of x86: what `import … from "tcgjs/tcg"` gives. In the order of
 * use: declare a guest's state, build blocks of ops, verify and optimise them, emit JavaScript and compile it.
 *
 *   const eax = { name: "eax", index: 0, type: "i32" }, R = Int32Array.of(7), b = new IrBuilder("times5");
 *   b.set(eax, b.op("add", b.op("shl", b.get(eax), b.constant(2)), b.get(eax)));
 *   b.gotoTb(0);
 *   optimize(b.block, { check: verify });
 *   const emitted = emitBlock(b.block, { memory: { kind: "none" }, state: { pc: 1, left: 2, budget: 3, way: 4, wayPc: 5 }, packed: null, frames: [] }, 1);
 *   const { text, fn } = compile(emitted, { R }, { name: "times5", params: [], sourceUrl: "times5", bound: { tb: { next: null } }, checked: true });
 *   fn();          // R[0] is 35; `text` is the function
 */

// What a guest declares.
export { CONDS, memOp } from "./ir/types.ts";
export type { Cond, DoubleCond, Fault, Field, Global, GlobalSet, Helper, MemOp, Probe, Type } from "./ir/types.ts";

// Blocks of ops, and regions of blocks.
export { OPS } from "./ir/ops.ts";
export type { AttrKind, Effect, OpDef, OpName, PlainOp } from "./ir/ops.ts";
export { Block, Op } from "./ir/block.ts";
export type { Ref } from "./ir/block.ts";
export { constant, IrBuilder } from "./ir/builder.ts";
export type { IndirectTarget, Region, RegionBlock } from "./ir/region.ts";

// As text, and back.
export { printBlock, printOp } from "./text/print.ts";
export { parseBlock, parseEnv, ParseError } from "./text/parse.ts";
export type { ParseEnv } from "./text/parse.ts";

// Invariants, and what a block means.
export { verify } from "./verify/verify.ts";
export type { VerifyOptions } from "./verify/verify.ts";
export { evaluate, LEAVE } from "./eval/evaluate.ts";
export type { EvalEnv, Outcome } from "./eval/evaluate.ts";

// The optimiser.
export { optimize } from "./opt/pipeline.ts";
export type { OptOptions } from "./opt/pipeline.ts";
export { PASSES } from "./opt/report.ts";
export type { PassName, Report } from "./opt/report.ts";

// JavaScript.
export { emitBlock } from "./js/block-emitter.ts";
export { emitHandler } from "./js/handler-emitter.ts";
export { emitRegion } from "./js/region-emitter.ts";
export { REGION_PARAMS, regionEntrance, regionFunction } from "./js/region-function.ts";
export { compile } from "./js/compile.ts";
export { compileRegion } from "./wasm/compile-region.ts";
export { RUNTIME } from "./js/runtime.ts";
export type { EmittedBlock } from "./js/block-emitter.ts";
export type { EmittedRegion } from "./js/region-emitter.ts";
export type { CompiledRegion, RegionCode } from "./wasm/compile-region.ts";
export type { EmittedFunction } from "./js/emitter.ts";
export type { Compiled, CompileRequest, Environment } from "./js/compile.ts";
export type { EmitTarget, FlatMemory, FrameSlot, MemoryTarget, NoMemory, PackedSlot, StateTarget, TlbMemory } from "./js/target.ts";

// What can go wrong.
export { assert } from "./support/assert.ts";
export type { Invariant } from "./support/assert.ts";
export { InternalError, VmError } from "./support/errors.ts";
export type { ErrorContext, VmErrorCode } from "./support/errors.ts";
