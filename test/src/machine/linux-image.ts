// Kernels as Linux's boot protocol wants them, around a few bytes of 32-bit code.

/** Fields of the setup header, by their names in Documentation/arch/x86/boot.rst. */
export interface SetupHeader {
  readonly setup_sects?: number;
  readonly version?: number;
  readonly loadflags?: number;
  readonly relocatable_kernel?: number;
  readonly initrd_addr_max?: number;
  readonly cmdline_size?: number;
  readonly pref_address?: number;
  readonly init_size?: number;
}

/** Where the code is loaded, and starts. */
const KERNEL_ENTRY = 0x100000;
const SECTOR = 512, HEADER_END = 0x268;

export function linuxImage(code: Uint8Array, header: SetupHeader = {}): Uint8Array {
  const { setup_sects = 1, version = 0x20f, loadflags = 1, relocatable_kernel = 1, initrd_addr_max = 0x7fffffff, cmdline_size = 255 } = header;
  const { pref_address = KERNEL_ENTRY, init_size = 0x10000 } = header;
  const setup = ((setup_sects || 4) + 1) * SECTOR, image = new Uint8Array(setup + code.length), view = new DataView(image.buffer);
  image[0x1f1] = setup_sects;
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint16(0x200, 0xeb | ((HEADER_END - 0x202) << 8), true);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, version, true);
  image[0x211] = loadflags;
  image[0x234] = relocatable_kernel;
  view.setUint32(0x22c, initrd_addr_max, true);
  view.setUint32(0x238, cmdline_size, true);
  view.setBigUint64(0x258, BigInt(pref_address), true);
  view.setUint32(0x260, init_size, true);
  image.set(code, setup);
  return image;
}
