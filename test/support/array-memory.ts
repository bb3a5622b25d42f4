// Memory for tests of bus masters: an array from address 0 on, and nothing behind it.

import type { BusMemory } from "../../src/bus/host-work.ts";

export function arrayMemory(ram: Uint8Array): BusMemory {
  const has = (address: number, length: number): boolean => address + length <= ram.length;
  return {
    has,
    read: (address, length) => (has(address, length) ? ram.slice(address, address + length) : null),
    write: (address, bytes) => {
      if (has(address, bytes.length)) ram.set(bytes, address);
      return has(address, bytes.length);
    },
  };
}
