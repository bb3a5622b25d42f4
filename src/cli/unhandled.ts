/** Reports accesses to ports and memory that are not there: one line the first time, a count at the end. */
import type { UnhandledAccess } from "../machine/bare.ts";

const PAGE_SHIFT = 12;
/** Lines before the rest is only counted: a guest may sweep the whole port space. */
const MAX_LINES = 32;

const hex = (n: number): string => `0x${n.toString(16)}`;

/** How often one port, or one page of addresses, was accessed. */
export interface UnhandledCount {
  readonly kind: "port" | "memory";
  /** Port; address of the page. */
  readonly address: number;
  reads: number;
  writes: number;
}

export class UnhandledReport {
  private readonly byPlace = new Map<string, UnhandledCount>();
  private readonly say: (line: string) => void;
  private lines = 0;

  /** `say` takes a line of text. */
  constructor(say: (line: string) => void) {
    this.say = say;
  }

  readonly note = (access: UnhandledAccess): void => {
    const { kind, isWrite } = access, address = kind === "port" ? access.address : (access.address >>> PAGE_SHIFT) * 2 ** PAGE_SHIFT;
    const place = `${kind} ${address}`;
    let count = this.byPlace.get(place);
    if (count === undefined) {
      count = { kind, address, reads: 0, writes: 0 };
      this.byPlace.set(place, count);
      this.tell(access);
    }
    if (isWrite) count.writes++;
    else count.reads++;
  };

  private tell({ kind, address, isWrite, size, value }: UnhandledAccess): void {
    this.lines++;
    if (this.lines > MAX_LINES) {
      if (this.lines === MAX_LINES + 1) this.say("more such accesses are only counted (--stats)");
      return;
    }
    const bits = `${8 * size} bits`;
    const what = isWrite ? `wrote ${hex(value)} (${bits}) to` : `read ${bits} from`;
    const nothing = kind === "port" ? `port ${hex(address)}, where there is no device` : `address ${hex(address)}, where there is no memory`;
    this.say(`the guest ${what} ${nothing}${isWrite ? "" : `; it gets ${hex(value)}`}`);
  }

  /** By kind and address. */
  get counts(): readonly UnhandledCount[] {
    return [...this.byPlace.values()].sort((a, b) => a.kind.localeCompare(b.kind) * -1 || a.address - b.address);
  }
}
