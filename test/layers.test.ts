// Holds the folders to the layers of ARCHITECTURE.md: what each may import, no cycles between files, no package where
// none belongs. The rules are the tables below; the checker is a function from source texts to complaints, so that the
// last part of this file can test the checker itself.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { projectRoot } from "./support/project.ts";

const TCG = ["tcg/support", "tcg/ir", "tcg/text", "tcg/verify", "tcg/eval", "tcg/opt", "tcg/js", "tcg/wasm"];

/** What each layer may import besides itself. A layer is a folder with all below it, or one file. */
const LAYERS: Readonly<Record<string, readonly string[] | "anything">> = {
  "tcg/support": [],
  "tcg/ir": ["tcg/support"],
  "tcg/text": ["tcg/support", "tcg/ir"],
  "tcg/verify": ["tcg/support", "tcg/ir", "tcg/text"],
  "tcg/eval": ["tcg/support", "tcg/ir"],
  "tcg/opt": ["tcg/support", "tcg/ir", "tcg/eval", "tcg/verify", "tcg/text"],
  "tcg/js": ["tcg/support", "tcg/ir", "tcg/text"],
  "tcg/wasm": ["tcg/support", "tcg/ir", "tcg/text", "tcg/js"],
  "tcg/index.ts": TCG,
  "src/bus": ["tcg/support"],
  "src/mem": ["tcg/support", "src/bus"],
  "src/block": ["tcg/support"],
  "src/net": ["tcg/support", "src/bus"],
  "src/devices": ["tcg/support", "src/bus", "src/block"],
  "src/x86": [...TCG, "tcg/index.ts", "src/mem", "src/bus"],
  "src/exec": [...TCG, "tcg/index.ts", "src/mem", "src/bus", "src/x86"],
  "src/kvm": ["tcg/support", "src/bus", "src/mem", "src/x86", "src/exec"],
  "src/machine": ["tcg/support", "src/bus", "src/mem", "src/block", "src/net", "src/devices", "src/kvm"],
  "src/inspect": [...TCG, "tcg/index.ts", "src/x86", "src/exec", "src/kvm"],
  "src/host": ["tcg/support", "src/bus", "src/block", "src/net"],
  "src/cli": "anything",
  "src/index.ts": ["src/kvm", "src/machine", "src/inspect"],
};

/** Packages a layer may import; `node:` stands for every module of Node. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "tcg/js": ["acorn", "astring", "estree"],
  "tcg/wasm": ["estree"],
  "src/host": ["node:"],
  "src/cli": ["node:"],
};

/** The references in test/oracle judge our code, so they may not share any of it. */
const ORACLE = "test/oracle";

/** Fewer files than this in src/ and tcg/ means that the walk looked in the wrong place. */
const MIN_FILES = 100;

/** Source texts by path from the project root, with `/`. */
type Sources = ReadonlyMap<string, string>;

interface Import {
  /** As written. */
  readonly specifier: string;
  /** Erased by tsc, so that it cannot close a cycle at run time. */
  readonly isTypeOnly: boolean;
  /** From 1. */
  readonly line: number;
}

describe("layers", () => {
  const product = readSources("src", "tcg");
  const oracle = readSources(ORACLE);

  it("saw the source files", () => {
    expect(product.size).to.be.at.least(MIN_FILES);
  });

  it("lets a folder import only itself and its row of the table", () => {
    expect(layerComplaints(product)).to.deep.equal([]);
  });

  it("has no cycle between files", () => {
    expect(cycles(valueGraph(product))).to.deep.equal([]);
  });

  it("keeps test/oracle free of our own code", () => {
    expect(oracleComplaints(oracle)).to.deep.equal([]);
  });
});

describe("the layer table", () => {
  it("names only layers that it has a row for", () => {
    const named = Object.values(LAYERS).flatMap((row) => (row === "anything" ? [] : row));
    expect(named.filter((layer) => !(layer in LAYERS))).to.deep.equal([]);
    expect(Object.keys(PACKAGES).filter((layer) => !(layer in LAYERS))).to.deep.equal([]);
  });

  it("has no cycle", () => {
    const graph = new Map(Object.entries(LAYERS).map(([layer, row]) => [layer, row === "anything" ? [] : row]));
    expect(cycles(graph)).to.deep.equal([]);
  });
});

describe("the layer checker", () => {
  const complaintsAbout = (path: string, text: string): readonly string[] => layerComplaints(new Map([[path, text]]));

  it("accepts a folder's own files and its row", () => {
    expect(complaintsAbout("src/mem/ram.ts", `import { a } from "./map.ts"; import { b } from "../bus/mmio.ts";`)).to.be.empty;
    expect(complaintsAbout("src/x86/insns/alu.ts", `import { b } from "../../../tcg/index.ts";`)).to.be.empty;
  });

  it("reports a value import, a type import, a re-export, a dynamic import and an import type from a forbidden layer", () => {
    for (const text of [
      `import { a } from "../kvm/vm.ts";`,
      `import "../kvm/vm.ts";`,
      `import type { A } from "../kvm/vm.ts";`,
      `export * from "../kvm/vm.ts";`,
      `export type { A } from "../kvm/vm.ts";`,
      `const a = await import("../kvm/vm.ts");`,
      `const a: import("../kvm/vm.ts").A = 0;`,
    ]) {
      expect(complaintsAbout("src/devices/ide.ts", text), text).to.deep.equal([
        "src/devices/ide.ts:1 imports src/kvm/vm.ts: src/devices may not use src/kvm",
      ]);
    }
  });

  it("ignores imports in comments and strings", () => {
    expect(complaintsAbout("src/devices/ide.ts", `// import "../kvm/vm.ts"\nconst s = 'import "../kvm/vm.ts"';`)).to.be.empty;
  });

  it("reports a file whose folder has no row", () => {
    expect(complaintsAbout("src/misc/a.ts", "")).to.deep.equal(["src/misc/a.ts: its folder has no row in the layer table"]);
    expect(complaintsAbout("src/extra.ts", "")).to.deep.equal(["src/extra.ts: its folder has no row in the layer table"]);
  });

  it("reports an import that leaves src/ and tcg/, and a package where it does not belong", () => {
    expect(complaintsAbout("src/cli/main.ts", `import "../../test/support/project.ts";`)).to.have.length(1);
    expect(complaintsAbout("tcg/ir/op.ts", `import { parse } from "acorn";`)).to.have.length(1);
    expect(complaintsAbout("src/exec/loop.ts", `import "node:fs";`)).to.have.length(1);
    expect(complaintsAbout("tcg/js/emit.ts", `import { parse } from "acorn";`)).to.be.empty;
    expect(complaintsAbout("src/host/files.ts", `import "node:fs";`)).to.be.empty;
  });

  it("finds a cycle of value imports, and none where one link is a type import", () => {
    const b = `import { a } from "./a.ts";`;
    expect(cycles(valueGraph(new Map([["tcg/ir/a.ts", `import { b } from "./b.ts";`], ["tcg/ir/b.ts", b]])))).to.have.length(1);
    expect(cycles(valueGraph(new Map([["tcg/ir/a.ts", `import type { B } from "./b.ts";`], ["tcg/ir/b.ts", b]])))).to.be.empty;
  });

  it("reports an oracle that imports our code", () => {
    expect(oracleComplaints(new Map([["test/oracle/flags.ts", `import "../../tcg/index.ts";`]]))).to.have.length(1);
    expect(oracleComplaints(new Map([["test/oracle/flags.ts", `import "./bits.ts"; import "node:fs";`]]))).to.be.empty;
  });
});

function layerComplaints(sources: Sources): string[] {
  const complaints: string[] = [];
  for (const [path, text] of sources) {
    const layer = layerOf(path);
    if (layer === undefined) {
      complaints.push(`${path}: its folder has no row in the layer table`);
      continue;
    }
    for (const { specifier, line } of importsOf(path, text)) {
      const why = isRelative(specifier) ? whyNotFile(layer, resolve(path, specifier)) : whyNotPackage(layer, specifier);
      if (why !== undefined) complaints.push(`${path}:${line} imports ${why}`);
    }
  }
  return complaints;
}

function whyNotFile(layer: string, target: string): string | undefined {
  const targetLayer = layerOf(target);
  if (targetLayer === undefined) return `${target}: it is in no layer`;
  const row = LAYERS[layer];
  if (targetLayer === layer || row === "anything" || row?.includes(targetLayer) === true) return undefined;
  return `${target}: ${layer} may not use ${targetLayer}`;
}

function whyNotPackage(layer: string, specifier: string): string | undefined {
  const name = specifier.startsWith("node:") ? "node:" : specifier;
  return PACKAGES[layer]?.includes(name) === true ? undefined : `${specifier}: ${layer} may not use this package`;
}

function oracleComplaints(sources: Sources): string[] {
  const complaints: string[] = [];
  for (const [path, text] of sources) {
    for (const { specifier, line } of importsOf(path, text)) {
      const isOurs = isRelative(specifier) ? !resolve(path, specifier).startsWith(`${ORACLE}/`) : specifier.startsWith("tcgjs");
      if (isOurs) complaints.push(`${path}:${line} imports ${specifier}: an oracle may use nothing of ours`);
    }
  }
  return complaints;
}

/** The row for a path: its first two parts, which name a folder (`src/x86`) or a file with a row of its own. */
function layerOf(path: string): string | undefined {
  const layer = path.split("/").slice(0, 2).join("/");
  return Object.hasOwn(LAYERS, layer) ? layer : undefined;
}

function valueGraph(sources: Sources): Map<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>();
  for (const [path, text] of sources) {
    const values = importsOf(path, text).filter((found) => !found.isTypeOnly && isRelative(found.specifier));
    graph.set(path, values.map((found) => resolve(path, found.specifier)));
  }
  return graph;
}

/** One line for every edge that closes a cycle in a depth-first walk; empty exactly when the graph has no cycle. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (node: string): void => {
    const start = trail.indexOf(node);
    if (start >= 0) found.push([...trail.slice(start), node].join(" -> "));
    if (start >= 0 || done.has(node)) return;
    trail.push(node);
    graph.get(node)?.forEach(visit);
    trail.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

/** Every module a file names, by TypeScript's own parser: `import`, `export … from`, `import()`, `import("…").Type`. */
function importsOf(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  const imports: Import[] = [];
  const add = (specifier: ts.Node, isTypeOnly: boolean): void => {
    if (!ts.isStringLiteralLike(specifier)) throw new Error(`${path}: an import of something that is not a literal`);
    const line = file.getLineAndCharacterOfPosition(specifier.getStart(file)).line + 1;
    imports.push({ specifier: specifier.text, isTypeOnly, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // `import { type A }` stays an import at run time (verbatimModuleSyntax): only `import type` is erased.
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined) add(argument, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return imports;
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** Every .ts file below the given folders; a folder that does not exist has none. */
function readSources(...folders: readonly string[]): Sources {
  const sources = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(projectRoot, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".ts")) sources.set(path, readFileSync(join(projectRoot, path), "utf8"));
    }
  };
  for (const folder of folders) {
    const [parent, name] = [posix.dirname(folder), posix.basename(folder)];
    if (readdirSync(join(projectRoot, parent)).includes(name)) walk(folder);
  }
  return sources;
}
