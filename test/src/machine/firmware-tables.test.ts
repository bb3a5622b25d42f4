// Tables that firmware places: the ACPI tables by the script of etc/table-loader, SMBIOS structures behind their entry point.

import { expect } from "chai";
import { acpiFiles } from "../../../src/machine/acpi/loader.ts";
import { acpiTables } from "../../../src/machine/acpi/tables.ts";
import { smbiosFiles } from "../../../src/machine/smbios.ts";

const BOARD = { pirqs: [10, 10, 11, 11], hasApic: true }, ENTRY = 128;
/** Where this firmware puts what may lie anywhere, and what has to be below 1 MiB. */
const HIGH = 0x7fe0000, LOW = 0xf1230;

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes).replace(/\0[^]*$/, "");
const sum = (bytes: Uint8Array): number => bytes.reduce((s, b) => (s + b) & 0xff, 0);

interface Placed {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Does what the script says. */
function runLoader(files: ReadonlyMap<string, Uint8Array>): Map<string, Placed> {
  const script = files.get("etc/table-loader") ?? new Uint8Array(0), placed = new Map<string, Placed>();
  expect(script.length % ENTRY).to.equal(0);
  for (let at = 0; at < script.length; at += ENTRY) {
    const entry = script.subarray(at, at + ENTRY), view = new DataView(script.buffer, at, ENTRY), u32 = (i: number): number => view.getUint32(i, true);
    const first = text(entry.subarray(4, 60)), named = (name: string): Placed => placed.get(name) ?? expect.fail(`${name} is not there`);
    switch (u32(0)) {
      case 1: {
        const address = entry[64] === 2 ? LOW : HIGH;
        expect(address % u32(60), first).to.equal(0);
        placed.set(first, { address, bytes: Uint8Array.from(files.get(first) ?? expect.fail(`there is no ${first}`)) });
        break;
      }
      case 2: {
        const { bytes } = named(first), target = new DataView(bytes.buffer), offset = u32(116);
        expect(entry[120]).to.equal(4);
        target.setUint32(offset, target.getUint32(offset, true) + named(text(entry.subarray(60, 116))).address, true);
        break;
      }
      case 3: {
        const { bytes } = named(first);
        bytes[u32(60)] -= sum(bytes.subarray(u32(64), u32(64) + u32(68)));
        break;
      }
      default: expect.fail(`command ${u32(0)}`);
    }
  }
  return placed;
}

describe("tables for firmware", () => {
  it("gives the ACPI tables as the board itself would have put them where firmware puts them", () => {
    const placed = runLoader(acpiFiles(BOARD)), tables = placed.get("etc/acpi/tables"), root = placed.get("etc/acpi/rsdp"), wanted = acpiTables(HIGH, BOARD);
    const split = wanted.rsdp - HIGH;
    expect([...tables?.bytes ?? []]).to.deep.equal([...wanted.bytes.subarray(0, split)]);
    expect([...root?.bytes ?? []]).to.deep.equal([...wanted.bytes.subarray(split)]);
    expect(root?.address).to.equal(LOW);
  });

  it("gives SMBIOS structures that end where the entry point says, each with its texts", () => {
    const files = smbiosFiles(256 << 20), anchor = files.get("etc/smbios/smbios-anchor") ?? new Uint8Array(31), tables = files.get("etc/smbios/smbios-tables") ?? new Uint8Array(0);
    const view = new DataView(anchor.buffer), types: number[] = [];
    expect([text(anchor.subarray(0, 4)), anchor[5], view.getUint16(0x16, true)]).to.deep.equal(["_SM_", anchor.length, tables.length]);
    let at = 0, largest = 0;
    while (at < tables.length) {
      const begin = at;
      types.push(tables[at]);
      at += tables[at + 1];
      while (tables[at] !== 0 || tables[at + 1] !== 0) at++;
      at += 2;
      largest = Math.max(largest, at - begin);
    }
    expect(types).to.deep.equal([0, 1, 3, 4, 16, 17, 19, 32, 127]);
    expect([at, view.getUint16(0x1c, true), view.getUint16(8, true)]).to.deep.equal([tables.length, types.length, largest]);
  });
});
