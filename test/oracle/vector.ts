// One test vector as a line of a vector file: short field names, because a file has tens of thousands of lines.
// README.md describes the same for readers without TypeScript.

/** Bytes at a linear address, in hexadecimal without separators. */
export type Placed = readonly [address: number, hex: string];

/** What an executor needs to run a vector. */
export interface VectorInput {
  readonly id: number;
  /** The code, in hexadecimal. */
  readonly c: string;
  /** Linear address of the first byte of `c`, and EIP at the start. */
  readonly ip: number;
  /** eax ecx edx ebx esp ebp esi edi, unsigned. */
  readonly r: readonly number[];
  readonly f: number;
  /** First 288 bytes of an FXSAVE image; absent: FNINIT and MXCSR 1f80. */
  readonly fx?: string;
  /** Memory that differs from the fill of its region, besides the code. */
  readonly m?: readonly Placed[];
}

/** The state at the first exception, as the CPU had it. */
export interface Expected {
  readonly ip: number;
  readonly r: readonly number[];
  /** EFLAGS, only the bits of `COMPARED_FLAGS`. */
  readonly f: number;
  /** Present if `VectorInput.fx` is. */
  readonly fx?: string;
  /** Bytes that changed, in runs, in the order of the regions. */
  readonly m?: readonly Placed[];
  /** Exception; absent: the INT3 that is the normal end. */
  readonly x?: number;
  /** Error code, for exceptions that have one. */
  readonly err?: number;
  /** Faulting linear address, for #PF. */
  readonly cr2?: number;
}

/** How to compare and what to expect of a vector beyond its states. */
export interface Notes {
  /** Bits of the x87 status word that must match; absent: all. */
  readonly fsw?: number;
  /** ST registers may differ by so many units of the last place. */
  readonly ulp?: number;
  /** Needs CPL 3 and paging. */
  readonly cpl3?: true;
  /** CR2 is not compared: the order of several stores is the CPU's business. */
  readonly nocr2?: true;
  /** Writes into its own code. */
  readonly smc?: true;
  /** About so many instructions run, when it is a loop. */
  readonly steps?: number;
}

export interface Vector extends VectorInput {
  /** Group, see README.md. */
  readonly g: string;
  /** What is tested, for people. */
  readonly n: string;
  /** EFLAGS bits that must match. */
  readonly fm: number;
  readonly e: Expected;
  readonly k?: Notes;
}

/** What an executor reports for one vector. `changed` are all bytes of the regions that differ from their start. */
export interface Outcome {
  readonly id: number;
  /** Exception vector; `DID_NOT_END` (255) if there was none in time. */
  readonly exception: number;
  readonly errorCode: number;
  readonly cr2: number;
  /** As the exception pushes it, but for INT3: the address of the CC byte. */
  readonly eip: number;
  readonly regs: readonly number[];
  readonly eflags: number;
  readonly fx: string;
  readonly changed: readonly Placed[];
}
