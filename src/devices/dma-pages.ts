/** The DMA page registers of an AT (74LS612): for each channel the address bits above those of the 8237s. Ports 0x81 to 0x8f. */
import type { BytePorts, Device } from "../bus/device.ts";
import type { Saveable, SavedState } from "./saveable.ts";
import { bytes, restoreFields, saveFields } from "./saveable.ts";

export const DMA_PAGE_PORTS = 15;
/** Offset of each channel's register: 0 to 3 of the first controller, 4 (which is the way to the first one) to 7 of the second. */
const OFFSETS = [6, 2, 0, 1, 14, 10, 8, 9] as const;

export class DmaPages implements Device, Saveable, BytePorts {
  private readonly r: { pages: Uint8Array } = { pages: new Uint8Array(DMA_PAGE_PORTS) };

  /** Bits 16 to 23 of a channel's addresses; channels from 4 on count words and have bit 16 in their own address. */
  base(channel: number): number {
    const page = this.r.pages[OFFSETS[channel]];
    return (channel < 4 ? page : page & ~1) << 16;
  }

  readByte(offset: number): number {
    return this.r.pages[offset];
  }

  writeByte(offset: number, value: number): void {
    this.r.pages[offset] = value;
  }

  reset(): void {
    this.r.pages.fill(0);
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("DMA pages", this.r, { pages: bytes(DMA_PAGE_PORTS) }, state);
  }
}
