// The comparison of vectors: what it must notice, and what the masks of a vector let pass.

import { expect } from "chai";
import { toHex } from "../oracle/bytes.ts";
import { CF, FX_FSW, FX_FTW, FX_ST, FX_XMM, PF_FAULT, resetFxImage, ZF } from "../oracle/machine-model.ts";
import type { Outcome, Vector } from "../oracle/vector.ts";
import { differences } from "./compare.ts";

const REGISTERS = [1, 2, 3, 4, 5, 6, 7, 8];

function vector(changes: Partial<Vector> = {}, expected: Partial<Vector["e"]> = {}): Vector {
  const e = { ip: 0x100001, r: REGISTERS, f: 0, ...expected };
  return { id: 1, g: "alu", n: "x", c: "90", ip: 0x100000, r: REGISTERS, f: 0x202, fm: CF, e, ...changes };
}

function outcome(changes: Partial<Outcome> = {}): Outcome {
  const usual = { id: 1, exception: 3, errorCode: 0, cr2: 0, eip: 0x100001, regs: REGISTERS, eflags: 0x202, fx: toHex(resetFxImage()), changed: [] };
  return { ...usual, ...changes };
}

function image(edit: (bytes: Uint8Array) => void): string {
  const bytes = resetFxImage();
  edit(bytes);
  return toHex(bytes);
}

describe("differences of an outcome from a vector", () => {
  it("are none where everything matches", () => {
    expect(differences(vector(), outcome())).to.deep.equal([]);
  });

  it("tell of a missing outcome", () => {
    expect(differences(vector(), undefined)).to.deep.equal(["no result"]);
  });

  it("tell of another exception, and nothing beyond it", () => {
    const told = differences(vector(), outcome({ exception: 13, eip: 0x100000, eflags: 0 }));
    expect(told).to.deep.equal(["ends with exception 13 at 100000, expected exception 3"]);
  });

  it("name registers, whatever their sign", () => {
    const negative = [-1, 2, 3, 4, 5, 6, 7, 8];
    expect(differences(vector({}, { r: [0xffffffff, 2, 3, 4, 5, 6, 7, 8] }), outcome({ regs: negative }))).to.deep.equal([]);
    expect(differences(vector(), outcome({ regs: negative }))).to.deep.equal(["eax ffffffff, expected 1"]);
  });

  it("see only the flags of the mask", () => {
    expect(differences(vector(), outcome({ eflags: 0x202 | ZF }))).to.deep.equal([]);
    expect(differences(vector(), outcome({ eflags: 0x202 | CF }))).to.have.length(1);
  });

  it("see a byte that should not have changed, and one that should have", () => {
    expect(differences(vector(), outcome({ changed: [[0x200000, "ff"]] }))).to.deep.equal(["[200000] ff, expected unchanged"]);
    expect(differences(vector({}, { m: [[0x200000, "ff"]] }), outcome())).to.deep.equal(["[200000] unchanged, expected ff"]);
  });

  it("do not depend on how changed bytes are split into runs", () => {
    expect(differences(vector({}, { m: [[0x200000, "0102"]] }), outcome({ changed: [[0x200001, "02"], [0x200000, "01"]] }))).to.deep.equal([]);
  });

  it("see P and W of a page-fault error code, and CR2 unless the vector says not to", () => {
    const fault = vector({}, { x: PF_FAULT, err: 6, cr2: 0x1234 });
    const at = (errorCode: number, cr2: number) => outcome({ exception: PF_FAULT, errorCode, cr2 });
    expect(differences(fault, at(0x16, 0x1234))).to.deep.equal([]);
    expect(differences(fault, at(4, 0x1234))).to.have.length(1);
    expect(differences(fault, at(6, 0x1235))).to.have.length(1);
    expect(differences({ ...fault, k: { nocr2: true } }, at(6, 0x1235))).to.deep.equal([]);
  });

  it("see status bits within the mask of the vector", () => {
    const withFsw = (fsw: number) => image((bytes) => new DataView(bytes.buffer).setUint16(FX_FSW, fsw, true));
    const masked = vector({ k: { fsw: 0xffff & ~0x4500 } }, { fx: withFsw(0) });
    expect(differences(masked, outcome({ fx: withFsw(0x4100) }))).to.deep.equal([]);
    expect(differences(masked, outcome({ fx: withFsw(0x20) }))).to.have.length(1);
  });

  it("see ST registers that are in use, within the tolerance", () => {
    const withSt0 = (lowByte: number, isUsed: boolean) => image((bytes) => {
      bytes[FX_FTW] = isUsed ? 1 : 0;
      bytes.set([lowByte, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f], FX_ST);
    });
    expect(differences(vector({}, { fx: withSt0(0, false) }), outcome({ fx: withSt0(1, false) }))).to.deep.equal([]);
    expect(differences(vector({}, { fx: withSt0(0, true) }), outcome({ fx: withSt0(1, true) }))).to.have.length(1);
    expect(differences(vector({ k: { ulp: 4 } }, { fx: withSt0(0, true) }), outcome({ fx: withSt0(4, true) }))).to.deep.equal([]);
    expect(differences(vector({ k: { ulp: 4 } }, { fx: withSt0(0, true) }), outcome({ fx: withSt0(5, true) }))).to.have.length(1);
  });

  it("see every XMM register", () => {
    const changed = image((bytes) => { bytes[FX_XMM + 16 * 7 + 15] = 1; });
    expect(differences(vector({}, { fx: toHex(resetFxImage()) }), outcome({ fx: changed }))).to.have.length(1);
  });
});
