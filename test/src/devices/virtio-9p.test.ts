// A folder of the host by 9P2000.L: what a client can do in it, and that it cannot get out of it.

import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { FolderError } from "../../../src/bus/host-folder.ts";
import { P9Server } from "../../../src/devices/virtio/p9/p9-server.ts";
import { Virtio9p } from "../../../src/devices/virtio/virtio-9p.ts";
import { SharedFolder } from "../../../src/host/shared-folder.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { P9Client } from "../../support/p9-client.ts";
import { testSeed } from "../../support/seed.ts";
import { DEVICE_CONFIG, STATUS, VirtioBench } from "../../support/virtio-bench.ts";
import { Random } from "../../tcg/support/random.ts";

const O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_EXCL = 0o200, O_TRUNC = 0o1000;
const ENOENT = 2, EBADF = 9, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EMFILE = 24, EROFS = 30, ENOTEMPTY = 39, ELOOP = 40, EOPNOTSUPP = 95;
const EPERM = 1;

describe("P9Server", () => {
  let base: string, shared: string;
  const opened: SharedFolder[] = [], servers: P9Server[] = [];

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "tcgjs-9p-"));
    shared = join(base, "shared");
    mkdirSync(join(shared, "sub", "deep"), { recursive: true });
    writeFileSync(join(shared, "a"), "hello");
    writeFileSync(join(shared, "sub", "b"), "world");
    writeFileSync(join(base, "secret"), "secret");
    mkdirSync(join(base, "outside"));
    writeFileSync(join(base, "outside", "file"), "outside");
    symlinkSync("../secret", join(shared, "link"));
    symlinkSync("../outside", join(shared, "way-out"));
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.reset();
    for (const folder of opened.splice(0)) folder.close();
    rmSync(base, { recursive: true, force: true });
  });

  function folderOf(isReadOnly = false): SharedFolder {
    const folder = new SharedFolder(shared, isReadOnly);
    opened.push(folder);
    return folder;
  }

  function client(isReadOnly = false): P9Client {
    const server = new P9Server(folderOf(isReadOnly));
    servers.push(server);
    return new P9Client(server);
  }

  it("agrees on a version and on the size of messages", () => {
    const c = client(), ask = (size: number, version: string): unknown[] => {
      const r = c.call(100, (w) => w.u32(size).text(version));
      return [r.u32(), r.text()];
    };
    expect([ask(8192, "9P2000.L"), ask(2 ** 30, "9P2000.L"), ask(8192, "9P2000"), ask(100, "9P2000.L")]).to.deep.equal([[8192, "9P2000.L"], [2 ** 19, "9P2000.L"], [8192, "unknown"], [100, "unknown"]]);
  });

  it("reads files and lists folders", () => {
    const c = client();
    expect([c.read(c.open(O_RDONLY, "a"), 0, 100), c.read(c.open(O_RDONLY, "sub", "b"), 2, 2), c.read(c.open(O_RDONLY, "a"), 99, 5)]).to.deep.equal(["hello", "rl", ""]);
    expect(c.list(c.open(O_RDONLY)).sort()).to.deep.equal([".", "..", "a", "link", "sub", "way-out"]);
    expect(c.attributes(c.walk("a"))).to.include({ size: 5 });
    expect([c.walk("sub"), c.walk("a"), c.walk("link")].map((fid) => c.attributes(fid).mode & 0o170000)).to.deep.equal([0o040000, 0o100000, 0o120000]);
  });

  it("lists a folder in pieces, from anywhere, while its files go", () => {
    const c = client();
    for (let i = 0; i < 300; i++) writeFileSync(join(shared, "sub", "deep", `file-${i}`), "");
    expect(new Set(c.list(c.open(O_RDONLY, "sub", "deep"), 200)).size).to.equal(302);
    const fid = c.open(O_RDONLY, "sub", "deep"), folder = c.walk("sub", "deep");
    for (let left = 300; left > 0;) {
      const names = c.list(fid, 500).filter((name) => !name.startsWith("."));
      expect(names).to.have.length(left);
      for (const name of names.slice(0, 100)) c.call(76, (w) => w.u32(folder).text(name).u32(0));
      left -= 100;
    }
    expect(c.list(fid)).to.deep.equal([".", ".."]);
  });

  it("creates, writes, grows, cuts and removes files", () => {
    const c = client(), fid = c.create("new", O_RDWR | O_EXCL, 0o640, "sub");
    expect([c.write(fid, 0, "0123456789"), c.write(fid, 20, "x"), c.read(fid, 5, 5)]).to.deep.equal([10, 1, "56789"]);
    c.call(50, (w) => w.u32(fid).u32(0));
    expect([statSync(join(shared, "sub/new")).size, statSync(join(shared, "sub/new")).mode & 0o777 & ~0o022]).to.deep.equal([21, 0o640]);
    const setattr = (valid: number, mode: number, size: bigint, mtime = 0n): void => {
      c.call(26, (w) => w.u32(fid).u32(valid).u32(mode).u32(0).u32(0).u64(size).u64(0n).u64(0n).u64(mtime).u64(0n));
    };
    setattr(8, 0, 4n);
    setattr(1, 0o4600, 0n);
    setattr(0x120, 0, 0n, 1_000_000n);
    const { size, mode, mtimeMs } = statSync(join(shared, "sub/new"));
    expect([size, mode & 0o7777, mtimeMs]).to.deep.equal([4, 0o600, 1e9]);
    c.write(c.open(O_WRONLY | O_TRUNC, "sub", "new"), 0, "ab");
    expect(readFileSync(join(shared, "sub/new"), "utf8")).to.equal("ab");
    expect(c.errno(14, (w) => w.u32(c.walk("sub")).text("new").u32(O_RDWR | O_EXCL).u32(0o600).u32(0))).to.equal(EEXIST);
    c.call(122, (w) => w.u32(fid));
    expect([existsSync(join(shared, "sub/new")), c.errno(24, (w) => w.u32(fid).u64(1n))]).to.deep.equal([false, EBADF]);
  });

  it("makes folders and links, renames, and fids follow", () => {
    const c = client(), root = c.walk(), sub = c.walk("sub"), b = c.walk("sub", "b");
    c.call(72, (w) => w.u32(root).text("dir").u32(0o755).u32(0));
    c.call(16, (w) => w.u32(root).text("sym").text("/etc/passwd").u32(0));
    c.call(70, (w) => w.u32(root).u32(c.walk("a")).text("hard"));
    c.call(18, (w) => w.u32(root).text("node").u32(0o100644).u32(0).u32(0).u32(0));
    expect([readlinkSync(join(shared, "sym")), statSync(join(shared, "hard")).nlink, lstatSync(join(shared, "node")).isFile()]).to.deep.equal(["/etc/passwd", 2, true]);
    expect(c.call(22, (w) => w.u32(c.walk("sym"))).text()).to.equal("/etc/passwd");
    c.call(74, (w) => w.u32(root).text("sub").u32(c.walk("dir")).text("moved"));
    expect([c.attributes(sub).mode & 0o170000, c.attributes(b).size]).to.deep.equal([0o040000, 5]);
    c.call(20, (w) => w.u32(b).u32(root).text("b2"));
    expect(c.read(c.open(O_RDONLY, "b2"), 0, 9)).to.equal("world");
    const unlink = (name: string, flags: number): number => c.errno(76, (w) => w.u32(root).text(name).u32(flags));
    expect([unlink("dir", 0), unlink("dir", 0x200), unlink("a", 0x200), unlink("a", 0), unlink("a", 0)]).to.deep.equal([EISDIR, ENOTEMPTY, ENOTDIR, 0, ENOENT]);
  });

  it("tells of its space, and locks nothing", () => {
    const c = client(), fid = c.open(O_RDWR, "a"), r = c.call(8, (w) => w.u32(fid));
    expect([r.u32(), r.u32() > 0, r.u64() > 0n]).to.deep.equal([0x01021997, true, true]);
    expect(c.call(52, (w) => w.u32(fid).u8(1).u32(0).u64(0n).u64(0n).u32(1).text("me")).u8()).to.equal(0);
    expect(c.call(54, (w) => w.u32(fid).u8(1).u64(0n).u64(0n).u32(1).text("me")).u8()).to.equal(2);
    expect([30, 32, 102].map((type) => c.errno(type, (w) => w.u32(fid)))).to.deep.equal([EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP]);
  });

  it("does not leave its folder by names", () => {
    const c = client(), walk = (...names: string[]): number => c.errno(110, (w) => {
      w.u32(0).u32(500).u16(names.length);
      for (const name of names) w.text(name);
    });
    expect([walk("../secret"), walk("sub/../../secret"), walk("/etc/passwd"), walk(""), walk("."), walk("nothing")]).to.deep.equal([ENOTDIR, ENOTDIR, ENOTDIR, ENOENT, EINVAL, ENOENT]);
    expect(walk("a\0b")).to.equal(EINVAL);
    // Above the folder is the folder.
    expect(c.list(c.open(O_RDONLY, "..", "..", "sub", "..", "..")).sort()).to.include("way-out");
    for (const name of ["../new", "..", ".", "", "a/b"]) {
      expect(c.errno(72, (w) => w.u32(0).text(name).u32(0o755).u32(0)), name).not.to.equal(0);
      expect(c.errno(14, (w) => w.u32(c.walk()).text(name).u32(O_RDWR).u32(0o600).u32(0)), name).not.to.equal(0);
      expect(c.errno(74, (w) => w.u32(0).text("a").u32(0).text(name)), name).not.to.equal(0);
    }
    expect(existsSync(join(base, "new"))).to.equal(false);
  });

  it("does not follow symbolic links, last or on the way, and changes nothing behind them", () => {
    const c = client(), before = statSync(join(base, "secret"));
    expect(c.errno(12, (w) => w.u32(c.walk("link")).u32(O_RDWR))).to.equal(ELOOP);
    expect(c.errno(14, (w) => w.u32(c.walk()).text("link").u32(O_RDWR | O_TRUNC).u32(0o600).u32(0))).to.equal(ELOOP);
    expect(c.errno(12, (w) => w.u32(c.walk("way-out")).u32(O_RDONLY))).to.equal(ELOOP);
    const out = c.walk("way-out");
    expect(c.errno(72, (w) => w.u32(out).text("new").u32(0o755).u32(0))).to.equal(ENOTDIR);
    expect(c.errno(14, (w) => w.u32(out).text("new").u32(O_RDWR).u32(0o600).u32(0))).to.equal(ENOTDIR);
    expect(c.errno(76, (w) => w.u32(out).text("file").u32(0))).to.equal(ENOTDIR);
    // Two names: the first is found, the second is not.
    const r = c.call(110, (w) => w.u32(0).u32(500).u16(2).text("way-out").text("file"));
    expect([r.u16(), c.errno(24, (w) => w.u32(500).u64(1n))]).to.deep.equal([1, EBADF]);
    expect(c.errno(26, (w) => w.u32(c.walk("link")).u32(9).u32(0o777).u32(0).u32(0).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n))).to.equal(EINVAL);
    expect(c.errno(70, (w) => w.u32(0).u32(c.walk("link")).text("hard"))).to.equal(EPERM);
    const after = statSync(join(base, "secret"));
    expect([after.size, after.mode, after.mtimeMs, existsSync(join(base, "outside/new")), existsSync(join(base, "outside/file"))]).to.deep.equal([before.size, before.mode, before.mtimeMs, false, true]);
  });

  it("does not follow a link that has been put where a folder was", () => {
    const c = client(), deep = c.walk("sub", "deep"), fid = c.walk("sub", "b");
    c.call(74, (w) => w.u32(0).text("sub").u32(0).text("other"));
    const back = c.walk("other");
    // fids have followed; now one goes back to the old name behind the server's back.
    rmSync(join(shared, "other"), { recursive: true });
    symlinkSync(join(base, "outside"), join(shared, "other"));
    expect([deep, fid, back].map((f) => c.errno(24, (w) => w.u32(f).u64(1n)))).to.deep.equal([ENOTDIR, ENOTDIR, 0]);
    expect(c.errno(12, (w) => w.u32(back).u32(O_RDONLY))).to.equal(ELOOP);
  });

  it("does not open pipes, which could keep it waiting, and makes no devices", () => {
    const c = client();
    execFileSync("mkfifo", [join(shared, "pipe")]);
    expect(c.errno(12, (w) => w.u32(c.walk("pipe")).u32(O_RDONLY))).to.equal(EACCES);
    for (const mode of [0o060644, 0o020644, 0o010644, 0o140644]) expect(c.errno(18, (w) => w.u32(0).text("dev").u32(mode).u32(1).u32(3).u32(0))).to.equal(EPERM);
  });

  it("changes nothing in a folder that is shared for reading only", () => {
    const c = client(true), root = c.walk(), a = c.walk("a");
    expect([
      c.errno(12, (w) => w.u32(a).u32(O_RDWR)), c.errno(12, (w) => w.u32(a).u32(O_RDONLY | O_TRUNC)), c.errno(14, (w) => w.u32(root).text("n").u32(O_RDWR).u32(0o600).u32(0)),
      c.errno(72, (w) => w.u32(root).text("n").u32(0o755).u32(0)), c.errno(16, (w) => w.u32(root).text("n").text("x").u32(0)), c.errno(70, (w) => w.u32(root).u32(a).text("n")),
      c.errno(74, (w) => w.u32(root).text("a").u32(root).text("n")), c.errno(76, (w) => w.u32(root).text("a").u32(0)), c.errno(122, (w) => w.u32(c.walk("a"))),
      c.errno(26, (w) => w.u32(a).u32(1).u32(0).u32(0).u32(0).u64(0n).u64(0n).u64(0n).u64(0n).u64(0n)),
    ]).to.deep.equal(new Array<number>(10).fill(EROFS));
    expect(c.read(c.open(O_RDONLY, "a"), 0, 9)).to.equal("hello");
  });

  it("has bounds to what a client can name and open", () => {
    const c = client();
    let errno = 0, count = 0;
    for (; errno === 0 && count < 2000; count++) {
      const fid = c.walk("a");
      errno = c.errno(12, (w) => w.u32(fid).u32(O_RDONLY));
    }
    expect([errno, count]).to.deep.equal([EMFILE, 513]);
    for (errno = 0, count = 0; errno === 0 && count < 100_000; count++) errno = c.errno(110, (w) => w.u32(0).u32(10_000 + count).u16(0));
    expect([errno, count < 70_000]).to.deep.equal([EMFILE, true]);
  });

  it("goes on from a saved state, with files open", () => {
    const one = client(), fid = one.open(O_RDWR, "sub", "b"), list = one.open(O_RDONLY), two = client();
    const before = one.list(list);
    two.server.restore(structuredClone(one.server.save()));
    expect([two.read(fid, 0, 9), two.list(list), two.write(fid, 5, "!")]).to.deep.equal(["world", before, 1]);
    expect(two.server.save()).to.deep.equal(one.server.save());
    refusesBrokenStates(() => ({ device: one.server }));
  });

  it("answers whatever it is sent", () => {
    const random = new Random(testSeed(0x9b)), c = client(), types = [8, 12, 14, 16, 18, 20, 22, 24, 26, 40, 50, 52, 54, 70, 72, 74, 76, 100, 104, 108, 110, 116, 118, 120, 122];
    for (let i = 0; i < 5000; i++) {
      const type = random.below(20) === 0 ? random.below(256) : types[random.below(types.length)];
      c.send(type, (w) => {
        for (let fields = random.below(8); fields > 0; fields--) {
          const kind = random.below(5);
          if (kind === 0) w.u32(random.below(8));
          else if (kind === 1) w.u64(BigInt(random.next()) * BigInt(random.below(3)));
          else if (kind === 2) w.text(["a", "sub", "x", "..", "../secret", "link", "way-out", "\u00e9"][random.below(8)]);
          else if (kind === 3) w.u16(random.below(20));
          else w.u32(random.next() >>> 0);
        }
      }, 11 + random.below(1000));
    }
    chmodSync(shared, 0o755);
    expect([readFileSync(join(base, "secret"), "utf8"), readFileSync(join(base, "outside/file"), "utf8")]).to.deep.equal(["secret", "outside"]);
  });

  it("shares folders only", () => {
    expect(() => new SharedFolder(join(shared, "a"), false)).to.throw(/not a folder/);
    expect(() => new SharedFolder(join(shared, "none"), false)).to.throw(/no such file/);
    expect(() => folderOf().stat(["none"])).to.throw(FolderError);
  });

  it("is behind a virtio queue, with a tag", () => {
    const bench = new VirtioBench(new Virtio9p(folderOf(), "home"));
    bench.start([0]);
    expect([bench.read(DEVICE_CONFIG, 2), bench.read(DEVICE_CONFIG + 2, 4)]).to.deep.equal([4, 0x656d6f68]);
    const version = Uint8Array.of(21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, ...new TextEncoder().encode("9P2000.L"));
    const { written } = bench.add(0, [version.subarray(0, 9), version.subarray(9)], [5, 100]);
    bench.kick(0);
    expect(bench.used(0)).to.deep.equal([{ head: 0, length: 21 }]);
    expect([...bench.bytes(written[0], 5)]).to.deep.equal([21, 0, 0, 0, 101]);
    bench.add(0, [Uint8Array.of(1, 2)], [100]);
    bench.kick(0);
    expect(bench.read(STATUS, 1) & 64).to.equal(64);
  });
});
