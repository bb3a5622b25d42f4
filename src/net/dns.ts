/**
 * Names: DNS (RFC 1035), as much of it as a stub resolver asks for. The host has a name of its own; others are the host's resolver's
 * business, and only asked for where the guest may go outside.
 */
import { GATEWAY, NAME_SERVER } from "./addresses.ts";
import type { Ipv4Address } from "./addresses.ts";
import { get16, put16, put32 } from "./network-order.ts";

export const DNS_PORT = 53;
/** The domain of the virtual network, reserved for such. */
export const DOMAIN = "internal";
const OWN_NAMES: ReadonlyMap<string, Ipv4Address> = new Map([[`host.${DOMAIN}`, GATEWAY], [`dns.${DOMAIN}`, NAME_SERVER]]);

/** Offsets and bits of the header (§4.1.1). */
const ID = 0, FLAGS = 2, QUESTIONS = 4, ANSWERS = 6, HEADER_BYTES = 12;
const RESPONSE = 0x8000, OPCODE = 0x7800, RECURSION_DESIRED = 0x0100, RECURSION_AVAILABLE = 0x0080;
const RCODE = { ok: 0, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
const TYPE_A = 1, TYPE_ANY = 255, CLASS_IN = 1;
/** A label's length takes six bits; two more would be a pointer, which a question has none of. */
const MAX_LABEL = 63, MAX_NAME = 253;
/** Behind the question: its name (a pointer to offset 12), type, class, seconds to live, length. */
const NAME_POINTER = 0xc000 | HEADER_BYTES, RECORD_BYTES = 16, TTL_SECONDS = 60;
/** What fits into 512 bytes behind the longest name. */
const MAX_ADDRESSES = 14;

/** How names outside are looked up: all IPv4 addresses of a name; none if it does not exist. Rejects where nobody can tell. */
export type Resolver = (name: string) => Promise<readonly Ipv4Address[]>;

interface Question {
  /** In lower case. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where it ends in the message. */
  readonly end: number;
}

/**
 * Answers a query.
 * @param resolve  null: only names of our own are known
 * @returns null for what is no query; else the answer, now or later. It does not reject.
 */
export function answerDns(query: Uint8Array, resolve: Resolver | null): Uint8Array | Promise<Uint8Array> | null {
  if (query.length < HEADER_BYTES || (get16(query, FLAGS) & RESPONSE) !== 0) return null;
  const question = get16(query, QUESTIONS) === 1 ? parseQuestion(query) : null;
  if ((get16(query, FLAGS) & OPCODE) !== 0 || question === null) return answer(query, HEADER_BYTES, RCODE.notImplemented);
  const { name, type, end } = question, own = OWN_NAMES.get(name);
  const wantsAddress = question.class === CLASS_IN && (type === TYPE_A || type === TYPE_ANY);
  if (own !== undefined) return answer(query, end, RCODE.ok, wantsAddress ? [own] : []);
  if (name.endsWith(`.${DOMAIN}`)) return answer(query, end, RCODE.noSuchName);
  if (resolve === null) return answer(query, end, RCODE.refused);
  if (!wantsAddress) return answer(query, end, RCODE.ok);
  return resolve(name).then((found) => answer(query, end, found.length > 0 ? RCODE.ok : RCODE.noSuchName, found), () => answer(query, end, RCODE.serverFailure));
}

/** The one question; null if it is malformed, or a name that is not made of what host names are. */
function parseQuestion(query: Uint8Array): Question | null {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = at < query.length ? query[at] : MAX_LABEL + 1;
    if (length > MAX_LABEL || at + 1 + length > query.length) return null;
    if (length === 0) break;
    labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + length)).toLowerCase());
    at += 1 + length;
  }
  const name = labels.join("."), end = at + 5;
  if (end > query.length || name.length > MAX_NAME || !labels.every((label) => /^[a-z0-9_-]+$/.test(label))) return null;
  return { name, type: get16(query, at + 1), class: get16(query, at + 3), end };
}

/** @param end  up to where the query is repeated: behind its question, or behind its header if that could not be read */
function answer(query: Uint8Array, end: number, code: number, addresses: readonly Ipv4Address[] = []): Uint8Array {
  const told = addresses.slice(0, MAX_ADDRESSES), message = new Uint8Array(end + told.length * RECORD_BYTES);
  message.set(query.subarray(0, end));
  put16(message, ID, get16(query, ID));
  put16(message, FLAGS, RESPONSE | RECURSION_AVAILABLE | (get16(query, FLAGS) & (OPCODE | RECURSION_DESIRED)) | code);
  put16(message, QUESTIONS, end > HEADER_BYTES ? 1 : 0);
  put16(message, ANSWERS, told.length);
  message.fill(0, ANSWERS + 2, HEADER_BYTES);
  told.forEach((address, i) => {
    const at = end + i * RECORD_BYTES;
    put16(message, at, NAME_POINTER);
    put16(message, at + 2, TYPE_A);
    put16(message, at + 4, CLASS_IN);
    put32(message, at + 6, TTL_SECONDS);
    put16(message, at + 10, 4);
    put32(message, at + 12, address);
  });
  return message;
}
