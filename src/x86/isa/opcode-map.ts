/** From opcode bytes to forms: built once from the instruction table. */
import { InternalError } from "../../../tcg/support/errors.ts";
import type { InsnDef } from "./define.ts";
import type { Form, PrefixSelect } from "./forms.ts";
import { parseForm, parseOpcode } from "./forms.ts";

/** Mandatory prefixes by number (0 none, 1 66, 2 F3, 3 F2), which `OpcodeEntry.select` is indexed by. */
const PREFIX_NUMBERS: Readonly<Record<PrefixSelect, readonly number[]>> = { any: [0, 1, 2, 3], np: [0], 66: [1], f3: [2], f2: [3] };

/** Everything that starts with one opcode. All its forms have a ModRM byte or none has. */
export class OpcodeEntry {
  modrm = false;
  /** MOV to and from control and debug registers ignore the mod field: the operand is a register (SDM 2B MOV). */
  modIgnored = false;
  /** Forms by prefix number * 16 + (register ? 8 : 0) + ModRM reg field; without ModRM only the multiples of 16 are used. */
  readonly select: (Form | null)[] = new Array<Form | null>(64).fill(null);
  /** Forms that name the whole ModRM byte, by prefix number * 64 + byte - c0; null if there are none. They come first. */
  exact: (Form | null)[] | null = null;

  insert(form: Form): void {
    this.modrm ||= form.modrm;
    if (form.modrmByte >= 0) return this.insertExact(form);
    this.modIgnored ||= form.operands.some((o) => o.kind === "C" || o.kind === "D");
    for (const prefix of PREFIX_NUMBERS[form.prefix]) {
      for (let kind = 0; kind < 2; kind++) {
        if (kind === 0 && form.modrmIs === "register") continue;
        if (kind === 1 && form.modrmIs === "memory") continue;
        for (let reg = 0; reg < 8; reg++) {
          if (form.regField >= 0 && reg !== form.regField) continue;
          const at = prefix * 16 + kind * 8 + reg, taken = this.select[at];
          if (taken !== null && taken !== undefined && rank(taken) <= rank(form)) {
            if (rank(taken) === rank(form)) throw new InternalError(`encodings "${taken.text}" and "${form.text}" overlap`);
            continue;
          }
          this.select[at] = form;
        }
      }
    }
  }

  private insertExact(form: Form): void {
    this.exact ??= new Array<Form | null>(4 * 64).fill(null);
    for (const prefix of PREFIX_NUMBERS[form.prefix]) {
      const at = prefix * 64 + form.modrmByte - 0xc0, taken = this.exact[at];
      if (taken !== null && taken !== undefined) throw new InternalError(`encodings "${taken.text}" and "${form.text}" overlap`);
      this.exact[at] = form;
    }
  }

  /** The form for a mandatory-prefix number and ModRM byte (without ModRM, any); null if there is none. */
  find(prefix: number, modrm: number): Form | null {
    const isRegister = modrm >= 0xc0;
    if (this.exact !== null && isRegister) {
      const exact = this.exact[prefix * 64 + modrm - 0xc0] ?? null;
      if (exact !== null) return exact;
    }
    if (!this.modrm) return this.select[prefix * 16] ?? null;
    return this.select[prefix * 16 + (isRegister || this.modIgnored ? 8 : 0) + ((modrm >> 3) & 7)] ?? null;
  }
}

/** A form that asks for more wins over one that asks for less. */
function rank(form: Form): number {
  return (form.prefix === "any" ? 1 : 0) + (form.regField < 0 ? 2 : 0);
}

/** An encoding, which is parsed when its opcode is first asked for: programs use few of all. */
interface Encoding {
  readonly def: InsnDef;
  readonly text: string;
  readonly id: number;
}

export class OpcodeMap {
  private readonly encodings: Encoding[] = [];
  /** By map * 256 + opcode. */
  private readonly encodingsOf: (Encoding[] | null)[] = new Array<Encoding[] | null>(4 * 256).fill(null);
  private readonly entries: (OpcodeEntry | null)[] = new Array<OpcodeEntry | null>(4 * 256).fill(null);
  /** By id. */
  private readonly parsed: Form[] = [];

  constructor(defs: readonly InsnDef[]) {
    for (const def of defs) for (const text of def.forms) this.add({ def, text, id: this.encodings.length });
  }

  private add(encoding: Encoding): void {
    this.encodings.push(encoding);
    const { map, opcode, opcodeReg } = parseOpcode(encoding.text);
    for (let i = 0; i < (opcodeReg ? 8 : 1); i++) (this.encodingsOf[map * 256 + opcode + i] ??= []).push(encoding);
  }

  /** Every form; the index is its id. */
  get forms(): readonly Form[] {
    return this.encodings.map((encoding) => this.formOf(encoding));
  }

  /** The entry of an opcode in map 0 (one byte), 1 (0f), 2 (0f 38) or 3 (0f 3a); null if undefined. */
  entry(map: number, opcode: number): OpcodeEntry | null {
    const at = map * 256 + opcode, encodings = this.encodingsOf[at];
    if (encodings === null || encodings === undefined) return null;
    return this.entries[at] ??= entryOf(encodings.map((encoding) => this.formOf(encoding)));
  }

  private formOf({ def, text, id }: Encoding): Form {
    return this.parsed[id] ??= parseForm(def, text, id);
  }
}

function entryOf(forms: readonly Form[]): OpcodeEntry {
  const entry = new OpcodeEntry();
  for (const form of forms) entry.insert(form);
  return entry;
}
