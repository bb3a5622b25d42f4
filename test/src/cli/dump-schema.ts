// The schema of `tcgjs dump --format json`, as the head of src/inspect/json.ts documents it: what must be there, of which
// type, and that there is nothing else.

type Check = (value: unknown, path: string) => void;

export interface DumpedBlock {
  readonly number: number;
  readonly address: number;
  readonly sizeBytes: number;
  readonly executions: number | null;
  readonly insns: readonly { readonly address: number; readonly bytes: string; readonly text: string }[];
  readonly javascript: string;
  readonly successors: readonly { readonly kind: string; readonly address: number | null; readonly chainedTo: number | null }[];
}

export interface DumpedRegion {
  readonly address: number;
  readonly blocks: readonly number[];
  readonly entries: readonly number[];
  readonly insnCount: number;
  readonly javascript: string;
}

export interface Dump {
  readonly blocks: readonly DumpedBlock[];
  readonly regions: readonly DumpedRegion[];
}

function fail(path: string, wanted: string, value: unknown): never {
  throw new Error(`${path} should be ${wanted}, is ${JSON.stringify(value)}`);
}

const such = (wanted: string, accepts: (value: unknown) => boolean): Check => (value, path) => {
  if (!accepts(value)) fail(path, wanted, value);
};
const exactly = (wanted: unknown): Check => such(JSON.stringify(wanted), (value) => value === wanted);
const count = such("a count", (value) => Number.isSafeInteger(value) && Number(value) >= 0);
const address = such("an unsigned 32-bit number", (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32);
const boolean = such("a boolean", (value) => typeof value === "boolean");
const text = such("text", (value) => typeof value === "string" && value !== "");
const hexBytes = such("bytes in hexadecimal", (value) => typeof value === "string" && /^([0-9a-f]{2}){1,15}$/.test(value));
const oneOf = (...values: readonly unknown[]): Check => such(`one of ${JSON.stringify(values)}`, (value) => values.includes(value));
const orNull = (check: Check): Check => (value, path) => { if (value !== null) check(value, path); };
const list = (check: Check): Check => (value, path) => {
  if (!Array.isArray(value)) fail(path, "a list", value);
  value.forEach((item, i) => check(item, `${path}[${i}]`));
};
const object = (fields: Readonly<Record<string, Check>>): Check => (value, path) => {
  if (typeof value !== "object" || value === null) fail(path, "an object", value);
  const unknown = Object.keys(value).filter((name) => !(name in fields));
  if (unknown.length > 0) fail(path, `an object without ${unknown.join(", ")}`, value);
  for (const [name, check] of Object.entries(fields)) check((value as Readonly<Record<string, unknown>>)[name], `${path}.${name}`);
};

const DUMP = object({
  format: exactly("tcgjs-dump"),
  version: exactly(1),
  capacityBlocks: count,
  blocks: list(object({
    number: count, address, physicalAddress: address, csBase: address, sizeBytes: count,
    mode: object({ bits: oneOf(16, 32), isProtected: boolean, isV86: boolean, cpl: oneOf(0, 1, 2, 3) }),
    executions: orNull(count), sideExits: count,
    insns: list(object({ address, bytes: hexBytes, text, ir: orNull(list(text)), optimizedIr: orNull(list(text)) })),
    javascript: text,
    successors: list(object({ kind: oneOf("next", "taken", "indirect", "anew"), address: orNull(address), chainedTo: orNull(count) })),
  })),
  regions: list(object({
    number: count, address, blocks: list(count), entries: list(count), insnCount: count, sideExits: count, optimizedIr: orNull(list(text)), javascript: text, wasmBytes: count,
    exits: list(object({ block: count, kind: oneOf("next", "taken", "budget"), count })),
  })),
});

/** The value as a dump. @throws Error that says what is not as it should be */
export function checkDump(value: unknown): Dump {
  DUMP(value, "dump");
  return value as Dump;
}
