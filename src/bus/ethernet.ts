/** A network card and what its cable leads to, as they see each other. */

/** A frame of Ethernet II, from the destination's address to the end of the data; without the frame check sequence. */
export interface EthernetFrame {
  /** Belongs to whoever is given the frame. */
  readonly bytes: Uint8Array;
  /**
   * False: the checksum of the TCP or UDP within is left to the receiver. Its field holds the sum of the pseudo-header, not
   * complemented.
   */
  readonly isSummed: boolean;
  /** More than 0: the TCP segment within is longer than a frame may be, and stands for segments of so many bytes of data. */
  readonly segmentBytes: number;
}

/** A card as the network sees it. */
export interface EthernetCard {
  /** 48 bits: the address that the card has from its maker. */
  readonly mac: number;
  /** Takes frames that are not summed. */
  readonly takesUnsummed: boolean;
  /** The longest frame whose `segmentBytes` is not 0 that it takes, bytes; 0 for none. It takes frames that are not summed then. */
  readonly largestFrame: number;
  /** A frame for the card. False if it has no room now: it is to be offered again after `EthernetNetwork.roomAgain`. */
  receive(frame: EthernetFrame): boolean;
}

/** The network as a card sees it. Takes frames of all kinds. */
export interface EthernetNetwork {
  /** Plugs the card in. There is one. */
  attach(card: EthernetCard): void;
  /** A frame from the card. */
  send(frame: EthernetFrame): void;
  /** The card has nothing more to send for the moment: what would have been answered to each frame is answered to all of them. */
  endBurst(): void;
  /** The card has refused a frame, and takes some now. */
  roomAgain(): void;
}
