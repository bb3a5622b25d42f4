/** CRC32: the Castagnoli polynomial, reflected (SDM 2A CRC32). */
import { defHelper } from "../define.ts";

const POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

export const crc32 = defHelper("crc32c", {
  params: 3, result: "i32", pure: true,
  doc: "The checksum `crc` continued over the low `size` bytes of `data`.",
  bind: () => (crc, data, size) => {
    let sum = crc;
    for (let i = 0; i < size; i++) sum = (sum >>> 8) ^ TABLE[(sum ^ (data >>> (8 * i))) & 0xff];
    return sum;
  },
});
