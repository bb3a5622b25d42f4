// A 9P2000.L client for tests: builds requests, takes answers apart.

import type { P9Server } from "../../src/devices/virtio/p9/p9-server.ts";
import { P9Reader, P9Writer } from "../../src/devices/virtio/p9/p9-message.ts";

const ROOM = 1 << 17, RLERROR = 7;
const NOFID = 0xffffffff;

/** An answer: its fields, or the error number. */
export type Answer = { readonly errno: number } | { readonly fields: P9Reader };

export class P9Client {
  readonly server: P9Server;
  private nextFid = 1;

  /** Begins a session; fid 0 is the folder. */
  constructor(server: P9Server) {
    this.server = server;
    this.call(100, (w) => w.u32(ROOM).text("9P2000.L"));
    this.call(104, (w) => w.u32(0).u32(NOFID).text("root").text("").u32(0));
  }

  send(type: number, build: (w: P9Writer) => unknown, room = ROOM): Answer {
    const writer = new P9Writer();
    build(writer);
    const answer = new P9Reader(this.server.answer(writer.finish(type, 0x1234), room)), size = answer.u32(), kind = answer.u8(), tag = answer.u16();
    if (tag !== 0x1234 || size > room || (kind !== RLERROR && kind !== type + 1)) throw new Error(`answer ${kind} of ${size} bytes to ${type}`);
    return kind === RLERROR ? { errno: answer.u32() } : { fields: answer };
  }

  /** The fields of an answer that is no error. */
  call(type: number, build: (w: P9Writer) => unknown): P9Reader {
    const answer = this.send(type, build);
    if ("errno" in answer) throw new Error(`request ${type} fails with ${answer.errno}`);
    return answer.fields;
  }

  /** The error number that a request gets. */
  errno(type: number, build: (w: P9Writer) => unknown): number {
    const answer = this.send(type, build);
    return "errno" in answer ? answer.errno : 0;
  }

  /** A fid for a path; throws if it is not there. */
  walk(...names: readonly string[]): number {
    const fid = this.nextFid++;
    this.call(110, (w) => {
      w.u32(0).u32(fid).u16(names.length);
      for (const name of names) w.text(name);
    });
    return fid;
  }

  /** A fid of a file that is open. */
  open(flags: number, ...names: readonly string[]): number {
    const fid = this.walk(...names);
    this.call(12, (w) => w.u32(fid).u32(flags));
    return fid;
  }

  create(name: string, flags: number, mode: number, ...folder: readonly string[]): number {
    const fid = this.walk(...folder);
    this.call(14, (w) => w.u32(fid).text(name).u32(flags).u32(mode).u32(0));
    return fid;
  }

  read(fid: number, offset: number, count: number): string {
    const r = this.call(116, (w) => w.u32(fid).u64(BigInt(offset)).u32(count));
    return Buffer.from(r.take(r.u32())).toString();
  }

  write(fid: number, offset: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    return this.call(118, (w) => w.u32(fid).u64(BigInt(offset)).u32(bytes.length).put(bytes)).u32();
  }

  /** Kinds of a path's mode, permissions and size. */
  attributes(fid: number): { readonly mode: number; readonly size: number } {
    const r = this.call(24, (w) => w.u32(fid).u64(0x7ffn));
    r.take(8 + 13);
    const mode = r.u32();
    r.take(4 + 4 + 8 + 8);
    return { mode, size: Number(r.u64()) };
  }

  /** Names in a folder, with so many bytes an answer. */
  list(fid: number, count = 8192): string[] {
    const names: string[] = [];
    for (let offset = 0n; ;) {
      const at = offset, r = this.call(40, (w) => w.u32(fid).u64(at).u32(count)), bytes = r.take(r.u32()), entries = new P9Reader(bytes);
      if (bytes.length === 0) return names;
      for (let left = bytes.length; left > 0;) {
        entries.take(13);
        offset = entries.u64();
        entries.u8();
        const name = entries.text();
        names.push(name);
        left -= 24 + Buffer.byteLength(name);
      }
    }
  }
}
