// Linux kernels: what goes where, what the zero page says, and everything that is refused.

import { expect } from "chai";
import type { LinuxPlan, LinuxRequest } from "../../../../src/machine/boot/linux.ts";
import { isLinuxKernel, planLinux } from "../../../../src/machine/boot/linux.ts";
import { addressMap } from "../../../../src/machine/memory-map.ts";
import { expectErrno } from "../../kvm/errno.ts";
import { linuxImage } from "../linux-image.ts";

const CODE = new Uint8Array(3000).fill(0x90), MIB = 2 ** 20;

function plan(request: Partial<LinuxRequest> = {}, image = linuxImage(CODE)): LinuxPlan {
  const { memoryBytes = 16 * MIB } = request;
  return planLinux(image, { map: addressMap(memoryBytes), memoryBytes, ...request });
}

function zeroPage({ segments, zeroPage: at }: LinuxPlan): DataView {
  const bytes = segments.find((s) => s.address === at)?.bytes ?? new Uint8Array(0);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

describe("Linux kernels", () => {
  it("go to 1 MiB without their setup code, and start there", () => {
    const made = plan(), kernel = made.segments.find((s) => s.isCode);
    expect([made.entry, kernel?.address, kernel?.sizeBytes, kernel?.bytes[0]]).to.deep.equal([0x100000, 0x100000, 3000, 0x90]);
  });

  it("go where they must if they cannot be moved", () => {
    expect(plan({}, linuxImage(CODE, { relocatable_kernel: 0, pref_address: 0x400000 })).entry).to.equal(0x400000);
  });

  it("take 0 setup sectors for 4", () => {
    expect(plan({}, linuxImage(CODE, { setup_sects: 0 })).segments.find((s) => s.isCode)?.sizeBytes).to.equal(3000);
  });

  it("find their setup header in the zero page, with what a loader has to fill in", () => {
    const made = plan({ cmdline: "quiet", acpiRsdp: 0xe1230 }), page = zeroPage(made), text = page.getUint32(0x228, true);
    expect([page.getUint32(0x202, true), page.getUint8(0x210), page.getUint8(0x211), page.getUint32(0x214, true)]).to.deep.equal([0x53726448, 0xff, 1, 0x100000]);
    expect(Number(page.getBigUint64(0x70, true))).to.equal(0xe1230);
    expect(new TextDecoder().decode(made.segments.find((s) => s.address === text)?.bytes)).to.equal("quiet\0");
  });

  it("find the address map there: memory but for the area of video and firmware", () => {
    const page = zeroPage(plan()), count = page.getUint8(0x1e8);
    const map = Array.from({ length: count }, (_, i) => [page.getBigUint64(0x2d0 + 20 * i, true), page.getBigUint64(0x2d8 + 20 * i, true), page.getUint32(0x2e0 + 20 * i, true)].map(Number));
    expect(map).to.deep.equal([[0, 0x9fc00, 1], [0x9fc00, 0x400, 2], [0xe0000, 0x20000, 2], [0x100000, 15 * MIB, 1]]);
    expect([page.getUint16(2, true), page.getUint32(0x1e0, true)]).to.deep.equal([15 * 1024, 15 * 1024]);
  });

  it("have the initial RAM disk at the end of memory, on a page, below what they can reach", () => {
    const initrd = new Uint8Array(5000).fill(7);
    for (const [max, address] of [[0x7fffffff, 16 * MIB - 8192], [0x7fffff, 8 * MIB - 8192]]) {
      const made = plan({ initrd }, linuxImage(CODE, { initrd_addr_max: max })), page = zeroPage(made);
      expect([page.getUint32(0x218, true), page.getUint32(0x21c, true)]).to.deep.equal([address, 5000]);
      expect(made.segments.find((s) => s.address === address)?.bytes).to.equal(initrd);
    }
  });

  it("are told from other files", () => {
    expect([isLinuxKernel(linuxImage(CODE)), isLinuxKernel(CODE), isLinuxKernel(new Uint8Array(0))]).to.deep.equal([true, false, false]);
  });

  const good = linuxImage(CODE);
  it("of old protocols are taken for what they do not say", () => {
    const initrd = new Uint8Array(4096), place = (version: number): unknown => plan({ initrd }, linuxImage(CODE, { version, initrd_addr_max: 0x7fffff })).segments.at(-1)?.address;
    expect([0x202, 0x203, 0x206].map(place)).to.deep.equal([0xfff000, 0x7ff000, 0x7ff000]);
    expect(plan({}, linuxImage(CODE, { version: 0x209, init_size: 32 * MIB, relocatable_kernel: 0, pref_address: 4 * MIB })).entry).to.equal(MIB);
    expectErrno("EINVAL", /has 256 bytes; this kernel takes 255/, () => plan({ cmdline: "x".repeat(256) }, linuxImage(CODE, { version: 0x205, cmdline_size: 2047 })));
  });

  const refused: readonly (readonly [string, Uint8Array, Partial<LinuxRequest>, RegExp])[] = [
    ["another file", CODE, {}, /no Linux kernel: there is no setup header/],
    ["a file that is cut off", good.subarray(0, 1023), {}, /no Linux kernel/],
    ["a file that ends with its setup code", good.subarray(0, 1024), {}, /its setup code has 1024 bytes, the file only 1024/],
    ["an old protocol", linuxImage(CODE, { version: 0x201 }), {}, /boot protocol 2\.01; 2\.02/],
    ["a zImage", linuxImage(CODE, { loadflags: 0 }), {}, /zImage/],
    ["a kernel that wants more memory", linuxImage(CODE, { init_size: 16 * MIB }), {}, /needs memory up to 0x1100000; there is memory up to 0x1000000/],
    ["a command line that is too long", good, { cmdline: "x".repeat(256) }, /has 256 bytes; this kernel takes 255/],
    ["an initial RAM disk that does not fit", good, { initrd: new Uint8Array(15 * MIB) }, /RAM disk has 15728640 bytes; between the kernel, which ends at 0x110000/],
  ];

  for (const [what, image, request, message] of refused) {
    it(`refuse ${what}`, () => expectErrno("EINVAL", message, () => plan(request, image)));
  }
});
