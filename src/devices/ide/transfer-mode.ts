/** SET FEATURES, subcommand "set transfer mode" (ATA/ATAPI-6, §8.46.10): kept so that IDENTIFY can tell; all modes are equally fast. */
import type { TaskFile } from "./task-file.ts";

const SUBCOMMAND = 3, ULTRA_DMA = 0x40;
export const MAX_ULTRA_DMA = 5;

/** Whether the registers ask for a transfer mode that there is. */
export function setsTransferMode({ features, count }: TaskFile): boolean {
  return (features & 0xff) === SUBCOMMAND && (count & 0xff) <= ULTRA_DMA + MAX_ULTRA_DMA;
}

/** The Ultra DMA mode that is asked for, or null for a mode of another kind. */
export function ultraDmaMode({ count }: TaskFile): number | null {
  return (count & 0xff) >= ULTRA_DMA ? (count & 0xff) - ULTRA_DMA : null;
}
