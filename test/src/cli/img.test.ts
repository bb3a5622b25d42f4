// `tcgjs img`: what each command does and prints, its statuses, and what it says to wrong use.

import { readFileSync, statSync } from "node:fs";
import { expect } from "chai";
import { tcgjs, TemporaryFolder } from "../../support/cli.ts";
import { pattern } from "../block/random-disk.ts";

describe("tcgjs img", () => {
  const files = new TemporaryFolder();

  /** Runs a command that should succeed. */
  async function img(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await tcgjs("img", ...args);
    expect(status, stderr).to.equal(0);
    return stdout;
  }

  /** Runs one that should not, and returns what it says. */
  async function complaint(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await tcgjs("img", ...args);
    expect([status, stdout], stderr).to.deep.equal([2, ""]);
    return stderr.replace(/^tcgjs img: /, "").trimEnd();
  }

  const CONTENT = pattern(300_032, 1);

  it("has help with examples for every command", async () => {
    const overview = await img("--help"), names = [...overview.matchAll(/^ {2}(\w+) +\S.*$/gm)].map(([, name]) => name).slice(0, 7);
    expect(names).to.deep.equal(["info", "create", "convert", "check", "snapshot", "resize", "compare"]);
    for (const name of names) expect(await img(name, "--help")).to.match(new RegExp(`^usage: tcgjs img ${name} \\[OPTIONS\\] FILE|SOURCE`)).and.include("\nExamples\n  tcgjs img ");
  });

  it("converts there and back without a difference, and info tells what came out", async () => {
    const raw = files.write("disk.raw", CONTENT);
    for (const [name, ...options] of [
      ["a.qcow2"], ["b.qcow2", "-c", "-o", "cluster_size=4k"], ["c.qcow2", "-o", "compat=0.10"], ["d.vdi"], ["e.vdi", "-o", "static=on"], ["f.vmdk"],
      ["g.vmdk", "-o", "subformat=monolithicFlat"], ["h.vmdk", "-o", "subformat=streamOptimized"], ["i.img"],
    ]) {
      const path = files.path(name);
      await img("convert", ...options, raw, path);
      expect(await img("compare", raw, path), name).to.equal("equal\n");
      await img("convert", "-O", "raw", path, files.path("back"));
      expect(new Uint8Array(readFileSync(files.path("back"))), name).to.deep.equal(CONTENT);
      const info = JSON.parse(await img("info", "--json", path)) as Record<string, unknown>;
      expect(info, name).to.include({ "filename": path, "format": /\.(\w+)$/.exec(name)?.[1].replace("img", "raw"), "virtual-size": CONTENT.length });
    }
    expect(statSync(files.path("b.qcow2")).size).to.be.below(CONTENT.length / 2);
  });

  it("prints info for people", async () => {
    const path = files.path("people.qcow2");
    await img("create", "-q", path, "8G");
    expect(await img("info", path)).to.match(new RegExp(`^image: ${path}\nfile format: qcow2\nvirtual size: 8 GiB \\(8589934592 bytes\\)\ndisk size: \\d.* KiB\ncluster size: 65536\nformat specific:\n    compat: 1.1\n`));
  });

  it("makes overlays, whose size is that of what they read through to", async () => {
    files.write("base.raw", CONTENT);
    await img("create", "-q", "-b", "base.raw", "-F", "raw", files.path("over.qcow2"));
    expect(await img("compare", files.path("base.raw"), files.path("over.qcow2"))).to.equal("equal\n");
    expect(await img("info", files.path("over.qcow2"))).to.include("\nbacking file: base.raw\nbacking file format: raw\n");
    expect(await complaint("create", "-b", "missing.raw", files.path("over.qcow2"))).to.match(/missing\.raw cannot be opened: there is no such file$/);
    expect(await complaint("convert", "-f", "qcow2", files.path("over.qcow2"), files.path("base.raw"))).to.match(/base\.raw is the backing file of .*over\.qcow2$/);
  });

  it("takes snapshots and goes back to them", async () => {
    const path = files.path("snap.qcow2"), raw = files.write("snap.raw", CONTENT);
    await img("convert", raw, path);
    await img("snapshot", "-c", "first", path);
    expect(JSON.parse(await img("snapshot", "--json", path))).to.have.length(1).and.have.nested.property("[0].name", "first");
    expect(await img("snapshot", "-l", path)).to.match(/^ID +NAME +DISK +VM STATE +TAKEN \(UTC\)\n1 +first +293 KiB +0 B +20\d\d-/);
    await img("resize", "-q", "--shrink", path, "-100k");
    expect((await tcgjs("img", "compare", raw, path)).stdout).to.equal("different from byte 197632 on\n");
    await img("snapshot", "-a", "first", path);
    expect(await img("compare", "--json", raw, path)).to.equal(`{"equal":true,"first-difference":null,"sizes":[300032,300032]}\n`);
    await img("snapshot", "-d", "1", path);
    expect(await img("snapshot", path)).to.equal("");
    expect(await img("check", path)).to.match(/^no errors\n/);
    expect(await complaint("snapshot", "-a", "first", path)).to.match(/there is no snapshot first$/);
    expect(await complaint("snapshot", "-c", "a", "-d", "b", path)).to.match(/^does one thing at a time/);
    expect(await complaint("snapshot", "-l", raw)).to.match(/a raw image has no snapshots$/);
  });

  it("resizes, and shrinks only when told to", async () => {
    const path = files.path("size.qcow2"), size = async (): Promise<unknown> => (JSON.parse(await img("info", "--json", path)) as Record<string, unknown>)["virtual-size"];
    await img("create", "-q", path, "1M");
    await img("resize", "-q", path, "+512k");
    expect(await size()).to.equal(1_572_864);
    expect(await complaint("resize", path, "1M")).to.match(/--shrink allows that$/);
    expect(await complaint("resize", path, "-2M")).to.match(/which cannot be changed by -2M$/);
    await img("resize", "-q", "--shrink", path, "-512k");
    expect(await size()).to.equal(1_048_576);
  });

  it("check tells corruption from lost space by its status, and repairs", async () => {
    const path = files.path("check.qcow2"), raw = files.write("check.raw", CONTENT);
    await img("convert", raw, path);
    const bytes = new Uint8Array(readFileSync(path)), block = new DataView(bytes.buffer).getUint32(65536 + 4);
    bytes[block + 2 * 12 + 1] = 1;
    files.write("check.qcow2", bytes);
    const leak = await tcgjs("img", "check", path);
    expect([leak.status, leak.stdout]).to.deep.equal([3, "cluster 12 has refcount 1, but is named 0 times\n1 leaked cluster: space is lost, data is not\n5 of 5 clusters in use (100.00 %), 0 of them compressed\n"]);
    expect(await img("check", "-r", "leaks", path)).to.include("repaired: 0 corruptions, 1 leaked cluster\nno errors\n");
    bytes[block + 2 * 12 + 1] = 0;
    bytes[block + 2 * 5 + 1] = 0;
    files.write("check.qcow2", bytes);
    expect((await tcgjs("img", "check", "--json", path)).status).to.equal(2);
    expect(await complaint("resize", path, "+1M")).to.match(/cluster 5 has refcount 0, but is named 1 times \(tcgjs img check --repair all may help\)$/);
    await img("check", "-r", "all", path);
    expect(await img("compare", "-q", raw, path)).to.equal("");
    expect((await tcgjs("img", "check", raw)).status).to.equal(63);
    expect((await tcgjs("img", "check", files.path("missing"))).status).to.equal(1);
  });

  it("says what is wrong with its arguments", async () => {
    expect(await complaint()).to.match(/^which command\? There are info, create,/);
    expect(await complaint("covnert")).to.equal("there is no command covnert; did you mean convert?");
    expect(await complaint("info")).to.equal("takes FILE; nothing was given (tcgjs img info --help)");
    expect(await complaint("convert", "a")).to.equal("takes SOURCE TARGET; given was a (tcgjs img convert --help)");
    expect(await complaint("info", files.path("missing"))).to.match(/missing cannot be opened: there is no such file$/);
    expect(await complaint("info", files.path("."))).to.match(/: it is a directory$/);
    expect(await complaint("create", "-f", "vhd", "x", "1M")).to.equal('-f knows qcow2, vdi, vmdk, raw; not "vhd"');
    expect(await complaint("create", "-o", "cluster_size", "x", "1M")).to.equal('-o wants NAME=VALUE, not "cluster_size"');
    expect(await complaint("create", files.path("x.qcow2"))).to.match(/how large\?/);
    expect(await complaint("create", files.path("x.qcow2"), "big")).to.match(/not "big"$/);
    expect(await complaint("convert", files.write("same", "x"), files.path("./same"))).to.match(/is the source itself$/);
  });
});
