/** The ISA bus's DMA, as a device with a channel sees it. */

/** What came of a transfer. */
export interface DmaResult {
  /** Bytes that were moved: fewer than asked for if the channel is masked or its count has ended. */
  readonly count: number;
  /** The channel's count has ended with the last of them (TC). */
  readonly isTerminal: boolean;
}

/** A request line and its acknowledge. */
export interface DmaChannel {
  /** Bytes of the device for memory. */
  toMemory(bytes: Uint8Array): DmaResult;
  /** Fills `bytes` for the device from memory. */
  fromMemory(bytes: Uint8Array): DmaResult;
}
