// Reads cases as filetests say them (src/machine/x86-case.ts has the form).

import type { CaseBytes, CaseEvent, CaseInsn, CaseRegion, X86Case } from "../../src/machine/x86-case.ts";
import { DEFAULT_REGIONS } from "../../src/machine/x86-case.ts";
import type { Filetest } from "./filetest.ts";

const EVENT = /^at (\d+): (interrupt|write|set) (.*)$/;

/** The case of a filetest; throws an Error that names the line it cannot read. */
export function parseCase({ path, line, options, text }: Filetest): X86Case {
  const code: CaseInsn[] = [], state = new Map<string, string>(), memory: CaseBytes[] = [], events: CaseEvent[] = [];
  let insns: number | null = null;
  text.trimEnd().split("\n").slice(1, -1).forEach((full, i) => {
    const trimmed = full.trim();
    const ok = readLine(trimmed);
    if (!ok) throw new Error(`${path}:${line + 1 + i}: "${trimmed}" says nothing about a case`);
  });

  function readLine(full: string): boolean {
    const comment = full.indexOf(";"), body = (comment < 0 ? full : full.slice(0, comment)).trim();
    const [word] = body.split(/[ :]/, 1), rest = body.slice(word.length).trim();
    switch (word) {
      case "code":
        code.push(...parseCode(rest, comment < 0 ? "" : full.slice(comment + 1).trim()));
        return true;
      case "in":
        for (const field of rest.slice(1).trim().split(/\s+/)) {
          const [name, value] = field.split("=");
          state.set(name, value);
        }
        return true;
      case "memory":
        memory.push(parseBytes(rest));
        return true;
      case "at": {
        const event = parseEvent(body);
        if (event !== null) events.push(event);
        return event !== null;
      }
      case "run":
        insns = Number(rest);
        return Number.isInteger(insns);
      default:
        return body === "";
    }
  }

  const bits = options.get("bits") === "16" ? 16 : 32;
  return { bits, regions: parseRegions(options.get("memory")), code, state, memory, events, insns: insns ?? code.length };
}

/** `0x1000: 01 d8 | 11 d1`: insns one behind the other. */
function parseCode(text: string, comment: string): CaseInsn[] {
  const { address, bytes } = parseBytes(text.replaceAll("|", " "));
  const lengths = text.slice(text.indexOf(":") + 1).split("|").map((part) => part.trim().split(/\s+/).length);
  const texts = lengths.length === 1 ? [comment] : comment.split("|").map((one) => one.trim());
  let at = 0;
  return lengths.map((length, i) => {
    const insn = { address: address + at, bytes: bytes.subarray(at, at + length), text: texts[i] ?? "" };
    at += length;
    return insn;
  });
}

function parseBytes(text: string): CaseBytes {
  const [address, bytes] = text.split(":");
  return { address: Number(address), bytes: Uint8Array.from(bytes.trim().split(/\s+/), (byte) => parseInt(byte, 16)) };
}

function parseEvent(text: string): CaseEvent | null {
  const parts = EVENT.exec(text);
  if (parts === null) return null;
  const insns = Number(parts[1]), rest = parts[3];
  switch (parts[2]) {
    case "interrupt": return { kind: "interrupt", insns, vector: Number(rest) };
    case "write": return { kind: "write", insns, ...parseBytes(rest) };
    default: {
      const [name, value] = rest.split("=");
      return { kind: "set", insns, name, value };
    }
  }
}

function parseRegions(text: string | undefined): readonly CaseRegion[] {
  if (text === undefined) return DEFAULT_REGIONS;
  return text.split(",").map((region) => {
    const [base, size, mode] = region.split(":");
    return { base: Number(base), size: Number(size), isReadOnly: mode === "ro" };
  });
}
