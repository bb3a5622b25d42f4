// CPU models: what their text form means, and that their leaves agree with each other.

import { expect } from "chai";
import { cpuidOfModel, defaultCpuid, MODEL_NAMES, parseCpu } from "../../../src/x86/cpu-models.ts";
import type { CpuidLeaf } from "../../../src/x86/cpuid.ts";
import { CpuidTable } from "../../../src/x86/cpuid.ts";
import { ALL_FEATURES, NAMED_FEATURES } from "../../../src/x86/features.ts";
import { VmError } from "../../../tcg/support/errors.ts";

const EXTENDED = 0x80000000 | 0;

function tableOf(text: string): CpuidTable {
  const table = new CpuidTable();
  table.setEntries(cpuidOfModel(text));
  return table;
}

const featuresOf = (text: string): string[] => NAMED_FEATURES.filter((f) => parseCpu(text).features.has(f));
const text = ({ eax, ebx, ecx, edx }: CpuidLeaf): string => Buffer.from(Int32Array.of(eax, ebx, ecx, edx).buffer).toString("latin1");
const brandOf = (table: CpuidTable): string => [2, 3, 4].map((n) => text(table.lookup(EXTENDED + n, 0))).join("").replace(/\0.*/s, "");

function complaint(spec: string): string {
  try {
    cpuidOfModel(spec);
  } catch (e) {
    if (e instanceof VmError && e.code === "EINVAL") return e.message;
    throw e;
  }
  return "";
}

describe("CPU models", () => {
  it("report exactly the features they have", () => {
    for (const name of MODEL_NAMES) {
      const table = tableOf(name);
      expect(NAMED_FEATURES.filter((f) => table.has(f)), name).to.deep.equal(featuresOf(name));
    }
  });

  it("have the family, model and stepping of QEMU's models, and the vendor Intel", () => {
    expect(MODEL_NAMES.map((name) => tableOf(name).lookup(1, 0).eax.toString(16))).to.deep.equal(["480", "543", "673", "6e8", "663"]);
    for (const name of MODEL_NAMES) {
      const { ebx, edx, ecx } = tableOf(name).lookup(0, 0);
      expect(text({ eax: ebx, ebx: edx, ecx, edx: 0 }).slice(0, 12)).to.equal("GenuineIntel");
    }
  });

  it("grow with the years", () => {
    const growing = ["486", "pentium", "pentium3"].map((name) => featuresOf(name));
    expect(growing[1]).to.include.members(growing[0]);
    expect(growing[2]).to.include.members(growing[1]);
    expect(featuresOf("pentium")).to.include("mmx").and.not.include("sep").and.not.include("cmov");
    expect(featuresOf("pentium3")).to.include("sse").and.not.include("sse2").and.not.include("nx");
    expect(featuresOf("core")).to.include.members(["sse3", "nx"]).and.not.include("ssse3");
    expect(featuresOf("max")).to.deep.equal(NAMED_FEATURES.filter((f) => f !== "apic" && f !== "tsc-deadline"));
    expect(featuresOf("max,+apic")).to.deep.equal(NAMED_FEATURES);
  });

  it("know by the family what has no bit", () => {
    expect(MODEL_NAMES.filter((name) => tableOf(name).has("p6"))).to.deep.equal(["pentium3", "core", "max"]);
  });

  it("answer every leaf up to the highest, and above it as the highest basic one", () => {
    for (const name of MODEL_NAMES) {
      const table = tableOf(name), highest = table.lookup(0, 0).eax, leaves = table.getEntries().map((e) => e.leaf);
      for (let leaf = 0; leaf <= highest; leaf++) expect(leaves, `${name}, leaf ${leaf}`).to.include(leaf);
      expect(table.lookup(highest + 1, 0)).to.deep.equal(table.lookup(highest, 0));
      const extended = table.lookup(EXTENDED, 0).eax;
      for (let leaf = EXTENDED; extended < 0 && leaf <= extended; leaf++) expect(leaves, `${name}, leaf ${leaf >>> 0}`).to.include(leaf);
    }
    expect(tableOf("pentium3").lookup(EXTENDED, 0), "no extended leaves").to.deep.equal(tableOf("pentium3").lookup(3, 0));
  });

  it("describe caches and address sizes where they have the leaves", () => {
    const table = tableOf("max"), sizeOf = ({ ebx, ecx }: CpuidLeaf): number => ((ebx >>> 22) + 1) * ((ebx & 0xfff) + 1) * (ecx + 1);
    expect([0, 1, 2].map((n) => sizeOf(table.lookup(4, n)) >> 10)).to.deep.equal([32, 32, 2048]);
    expect(table.lookup(4, 3), "the end of the list").to.deep.equal({ eax: 0, ebx: 0, ecx: 0, edx: 0 });
    expect(table.lookup(EXTENDED + 8, 0).eax).to.equal(0x2020);
  });

  it("take features away, with what needs them, and bring them, with what they need", () => {
    expect(featuresOf("max,-sse4.1")).to.deep.equal(featuresOf("max").filter((f) => !["sse4.1", "sse4.2"].includes(f)));
    expect(featuresOf("max,-mmx")).to.not.include.members(["sse"]);
    expect(featuresOf("pentium3,+ssse3")).to.include.members(["sse2", "sse3", "ssse3"]);
    expect(featuresOf("486,+nx")).to.include.members(["nx", "pae", "msr"]);
    expect(featuresOf("max,-sse,+sse2"), "in their order").to.include.members(["sse", "sse2"]).and.not.include("sse3");
    expect(tableOf("486,+smep").lookup(0, 0).eax, "leaf 7 comes along").to.equal(7);
    expect(tableOf("pentium3,+nx").lookup(EXTENDED, 0).eax).to.equal(EXTENDED + 1);
  });

  it("take features in other spellings", () => {
    expect(featuresOf("486,+SSE4_1")).to.deep.equal(featuresOf("486,+sse4.1"));
    expect(featuresOf("core,+tsc_deadline")).to.include.members(["apic", "tsc-deadline"]);
    expect(featuresOf("486,+sse4-1")).to.deep.equal(featuresOf("486,+sse4.1"));
  });

  it("take a brand string, with two commas for one", () => {
    expect(brandOf(tableOf("max"))).to.equal("tcgjs virtual CPU");
    expect(brandOf(tableOf("486,model-id=made here,, today"))).to.equal("made here, today");
    expect(brandOf(tableOf("max,model-id=,-sse"))).to.equal("");
  });

  it("say what there is when they are asked for something else", () => {
    expect(complaint("586")).to.equal('knows no CPU model "586"; models are 486 pentium pentium3 core max');
    expect(complaint("")).to.match(/knows no CPU model ""/);
    expect(complaint("max,+avx")).to.match(/knows no feature "avx"; features are fpu vme .* rdtscp$/);
    expect(complaint("max,-p6"), "not a feature of CPUID").to.match(/knows no feature "p6"/);
    expect(complaint("max,sse2")).to.equal('wants +FEATURE, -FEATURE or model-id=TEXT after the model; not "sse2"');
    expect(complaint("max,")).to.match(/not ""/);
    expect(complaint(`max,model-id=${"x".repeat(48)}`)).to.match(/48 bytes long; at most 47/);
    for (const name of ["constructor", "toString", "__proto__"]) expect(complaint(name)).to.match(/knows no CPU model/);
  });
});

describe("CpuidTable", () => {
  it("has every feature while nobody has said what the CPU is", () => {
    const table = new CpuidTable();
    expect([...ALL_FEATURES].filter((f) => !table.has(f))).to.deep.equal([]);
    table.setEntries(defaultCpuid());
    expect(table.has("apic")).to.equal(false);
    table.setEntries([]);
    expect(table.has("apic")).to.equal(true);
  });

  it("takes no feature from a leaf that is beyond the highest", () => {
    const table = new CpuidTable(), zero = { ebx: 0, ecx: 0, edx: 0 };
    table.setEntries([{ ...zero, leaf: 0, eax: 1 }, { leaf: 1, eax: 0x600, ebx: -1, ecx: 0, edx: 0 }, { leaf: 7, eax: 0, ebx: -1, ecx: -1, edx: 0 }]);
    expect(NAMED_FEATURES.filter((f) => table.has(f))).to.deep.equal([]);
    expect(table.has("p6")).to.equal(true);
  });
});
