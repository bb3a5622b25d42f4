// The memory of a test's guest as emitted code reaches it with paging: in another order, which helpers change.

import type { Helper } from "../../../tcg/ir/types.ts";
import type { Environment } from "../../../tcg/js/compile.ts";
import type { EmitTarget } from "../../../tcg/js/target.ts";
import { global } from "./guest.ts";
import type { Guest } from "./memory-guest.ts";
import { environment, TARGET } from "./memory-guest.ts";
import { TestArena } from "./test-arena.ts";

const PAGE_BYTES = 4096, PAGES = 2 ** 20;

export const PAGED_TARGET: EmitTarget = {
  ...TARGET, memory: { kind: "tlb", read: "tlbReadKernel", write: "tlbWriteKernel" }, frames: [{ slot: global("esp"), linkBytes: 0 }, { slot: global("ebp"), linkBytes: 8 }],
};

/** The pages of one guest after the other, each somewhere else than its address says. */
export class PagedWindow {
  private guest: Guest;
  private readonly u8: Uint8Array;
  private readonly read: Int32Array;
  private readonly write: Int32Array;
  private shift = 0;

  constructor(guest: Guest, arena = new TestArena(null)) {
    const table = (): Int32Array => {
      const { buffer, byteOffset } = arena.allocate(4 * PAGES);
      return new Int32Array(buffer, byteOffset, PAGES);
    };
    this.guest = guest;
    this.u8 = arena.allocate(guest.bytes.length);
    this.read = table();
    this.write = table();
    for (const table of [this.read, this.write]) table.fill(0x80000000 | 0, 0, PAGES / 2);
  }

  /** Takes in another guest's memory, which is as large. */
  hold(guest: Guest): this {
    this.guest = guest;
    this.moveIn();
    return this;
  }

  /** What emitted code needs: a helper that may fault leaves every page in another place. */
  environment(helpers: Iterable<Helper>, more: Environment): Environment {
    const env = environment(this.guest, helpers, {
      u8: this.u8, dv: new DataView(this.u8.buffer, this.u8.byteOffset), tlbReadKernel: this.read, tlbWriteKernel: this.write, ...more,
    });
    for (const { name, mayFault } of helpers) {
      const helper = env[name] as (...args: number[]) => number;
      if (mayFault) env[name] = (...args: number[]) => { this.moveOut(); this.moveIn(); return helper(...args); };
    }
    return env;
  }

  /** Puts what emitted code has written where it belongs. */
  moveOut(): void {
    const { guest: { bytes }, u8 } = this;
    for (let at = 0; at < bytes.length; at += PAGE_BYTES) bytes.set(u8.subarray(this.placeOf(at), this.placeOf(at) + PAGE_BYTES), at);
  }

  private moveIn(): void {
    const { guest: { bytes, pageFlags }, u8 } = this;
    this.shift += PAGE_BYTES;
    for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
      const page = at / PAGE_BYTES, place = this.placeOf(at);
      u8.set(bytes.subarray(at, at + PAGE_BYTES), place);
      this.read[page] = place ^ at;
      if (pageFlags[page] === 0) this.write[page] = place ^ at;
    }
  }

  private placeOf(at: number): number {
    return (at + this.shift) % this.guest.bytes.length;
  }
}
