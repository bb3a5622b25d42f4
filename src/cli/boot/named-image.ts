/** An image that a command line names without an option: its content says which it would have been. */
import { VmError } from "../../../tcg/support/errors.ts";
import { isFloppySize } from "../../devices/floppy/disk-format.ts";
import { readBeginning } from "../../host/files.ts";
import { isLinuxKernel } from "../../machine/boot/linux.ts";
import { findMultibootHeader } from "../../machine/boot/multiboot-header.ts";
import { isSnapshot } from "../../machine/snapshot/snapshot-file.ts";

export type NamedImageOption = "kernel" | "restore" | "cdrom" | "fda" | "hda";

export const NAMED_IMAGE_HELP = "IMAGE is taken for what it is: a kernel as by --kernel, a saved machine as by --restore, a CD as by --cdrom, a floppy disk by its size as by --fda, anything else as by --hda.";

/** The first volume descriptor's identifier (ECMA-119 §8.1). */
const CD_MAGIC_AT = 0x8001, CD_MAGIC = "CD001";
const BOOT_SIGNATURE_AT = 510;

/** @throws VmError for a file that cannot be read, or is empty */
export function optionForImage(path: string): NamedImageOption {
  const { bytes, sizeBytes } = readBeginning(path, CD_MAGIC_AT + CD_MAGIC.length);
  if (bytes.length === 0) throw new VmError("EINVAL", `${path}: the file is empty, there is nothing to boot`);
  if (isLinuxKernel(bytes)) return "kernel";
  if (isSnapshot(bytes)) return "restore";
  if (String.fromCharCode(...bytes.subarray(CD_MAGIC_AT)) === CD_MAGIC) return "cdrom";
  if (isFloppySize(sizeBytes)) return "fda";
  // GRUB's own image has a multiboot header, and on a disk it follows the boot sector.
  const isBootSector = bytes[BOOT_SIGNATURE_AT] === 0x55 && bytes[BOOT_SIGNATURE_AT + 1] === 0xaa;
  return !isBootSector && findMultibootHeader(bytes) !== null ? "kernel" : "hda";
}
