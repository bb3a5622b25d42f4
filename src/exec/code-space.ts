/**
 * Everything decoded and translated for one mode and code segment: the same bytes mean the same insns throughout a space.
 * Insns are found by linear address, blocks by their offset in CS.
 */
import type { Handler, Insn } from "../x86/isa/insn.ts";
import { Insn as InsnObject } from "../x86/isa/insn.ts";
import type { Mode } from "../x86/isa/mode.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** The insns that start in one linear page. */
export class InsnPage {
  /** By page offset: place in `list`, 0 for none. */
  readonly index = new Uint16Array(4096);
  readonly list: Insn[];
  /** Physical address of the page. */
  readonly phys: number;

  constructor(phys: number, nil: Insn) {
    this.phys = phys;
    this.list = [nil];
  }
}

export class CodeSpace {
  readonly mode: Mode;
  readonly csBase: number;
  /** CS limit, as int32. */
  readonly csLimit: number;
  /** Blocks by offset in CS. */
  readonly blocks = new Map<number, TranslationBlock>();
  /** Insn pages by linear page number: 1024 tables of 1024. */
  private readonly tables = new Array<(InsnPage | null)[] | null>(1024).fill(null);
  private readonly undecoded: Handler;
  private readonly nil: Insn;
  private readonly openPage: (linear: number) => InsnPage;

  /**
   * @param undecoded  handler of an insn that has not been decoded yet
   * @param nil        what links of an undecoded insn point at
   * @param openPage   translates a linear address and makes the page's object; may raise a fault
   */
  constructor(mode: Mode, csBase: number, csLimit: number, undecoded: Handler, nil: Insn, openPage: (linear: number) => InsnPage) {
    this.mode = mode;
    this.csBase = csBase;
    this.csLimit = csLimit;
    this.undecoded = undecoded;
    this.nil = nil;
    this.openPage = openPage;
  }

  /** The page that holds a linear address; made if need be. */
  page(linear: number): InsnPage {
    const table = this.tables[linear >>> 22];
    if (table !== null) {
      const page = table[(linear >>> 12) & 1023];
      if (page !== null) return page;
    }
    return this.addPage(linear);
  }

  private addPage(linear: number): InsnPage {
    const page = this.openPage(linear);
    let table = this.tables[linear >>> 22];
    if (table === null) {
      table = new Array<InsnPage | null>(1024).fill(null);
      this.tables[linear >>> 22] = table;
    }
    table[(linear >>> 12) & 1023] = page;
    return page;
  }

  /** The insn object at an offset in CS; it decodes itself when run. */
  find(eip: number): Insn {
    const linear = (this.csBase + eip) | 0;
    const page = this.page(linear);
    const at = page.index[linear & 4095];
    return at !== 0 ? page.list[at] : this.add(page, eip, linear);
  }

  private add(page: InsnPage, eip: number, linear: number): Insn {
    const insn = new InsnObject(this.mode, eip, linear, this.undecoded, this.nil);
    page.index[linear & 4095] = page.list.length;
    page.list.push(insn);
    return insn;
  }

  /** The insn at a linear address if there is an object for it. */
  existing(page: InsnPage, offset: number): Insn | null {
    const at = page.index[offset];
    return at !== 0 ? page.list[at] : null;
  }
}
