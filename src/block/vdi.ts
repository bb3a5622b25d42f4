/**
 * VirtualBox's VDI, version 1.1: a header, a map with 32 bits for each block of the disk, and the blocks in the order they were
 * written first (the structure VDIHEADER1PLUS of VirtualBox's VDICore.h; QEMU, block/vdi.c).
 *
 * The header counts the blocks that the map has, so both go to the disk in one write, which a killed process either makes or does
 * not (it could be cut where it crosses a page; a check puts the count right).
 */
import { readU64, roundUp, viewOf, writeU64 } from "./bytes.ts";
import { ClusterImage } from "./cluster-image.ts";
import type { Placement } from "./cluster-image.ts";
import type { CheckResult, Repair } from "./device.ts";
import { ImageError, wellFormed } from "./errors.ts";
import type { CreateRequest, ImageFormat } from "./format.ts";
import type { Storage } from "./storage.ts";

const SIGNATURE = 0xbeda107f, VERSION = 0x00010001, DYNAMIC = 1, FIXED = 2;
/** Offsets of the header's fields; all are little-endian. */
const TEXT = 0, MAGIC = 0x40, HEADER_SIZE = 0x48, TYPE = 0x4c, MAP_AT = 0x154, DATA_AT = 0x158, SECTOR_SIZE = 0x168, DISK_SIZE = 0x170;
const BLOCK_SIZE = 0x178, BLOCK_EXTRA = 0x17c, BLOCKS = 0x180, ALLOCATED = 0x184, UUID = 0x188, LAST_SNAPSHOT = 0x198, LINK = 0x1a8, PARENT = 0x1b8;
const HEADER_BYTES = 0x200, UUID_BYTES = 16, SECTOR_BYTES = 512;
/** Map entries from here on are no blocks: never written; written as zeroes. */
const ABSENT = 0xffffffff, ZERO = 0xfffffffe;

const DEFAULT_BLOCK_BYTES = 2 ** 20, MIN_BLOCK_BYTES = 4096, MAX_BLOCK_BYTES = 16 * 2 ** 20;
/** The map is kept in memory. */
const MAX_BLOCKS = 4 * 2 ** 20, MAX_RUN = 4096, MAX_MESSAGES = 20;

export const VDI: ImageFormat = {
  name: "vdi",
  extensions: ["vdi"],
  about: "VirtualBox's: grows as it is filled",
  createOptions: { static: { help: "all blocks there from the start", initial: "off", allowed: ["off", "on"] } },
  probe: (start) => start.length >= MAGIC + 4 && viewOf(start).getUint32(MAGIC, true) === SIGNATURE,
  async open(storage, { purpose }) {
    const image = new VdiImage(storage, await readHead(storage));
    if (purpose !== "check" && purpose !== "salvage") image.checkMap();
    return image;
  },
  create: createVdi,
};

/** The header and the map. */
async function readHead(storage: Storage): Promise<Uint8Array> {
  const { path, sizeBytes } = storage, start = new Uint8Array(HEADER_BYTES);
  await storage.read(0, start);
  const view = viewOf(start), field = (at: number): number => view.getUint32(at, true);
  wellFormed(field(MAGIC) === SIGNATURE, path, "not a VDI image");
  const blocks = field(BLOCKS), blockBytes = field(BLOCK_SIZE), diskBytes = readU64(view, DISK_SIZE, true);
  const unsupported = (what: string): never => {
    throw new ImageError("unsupported", `${path}: ${what}`);
  };
  if (field(MAGIC + 4) !== VERSION) unsupported(`version 0x${field(MAGIC + 4).toString(16)} of VDI; 0x10001 is known`);
  if (field(TYPE) !== DYNAMIC && field(TYPE) !== FIXED) unsupported(`a VDI image of type ${field(TYPE)}; 1 (dynamic) and 2 (fixed) are known`);
  if (field(BLOCK_EXTRA) !== 0) unsupported("its blocks have extra data");
  if (start.subarray(LINK, PARENT + UUID_BYTES).some((b) => b !== 0)) unsupported("it has a parent image");
  wellFormed(field(SECTOR_SIZE) === SECTOR_BYTES, path, `sectors of ${field(SECTOR_SIZE)} bytes`);
  wellFormed(blockBytes >= MIN_BLOCK_BYTES && blockBytes <= MAX_BLOCK_BYTES && Number.isInteger(Math.log2(blockBytes)), path, `blocks of ${blockBytes} bytes`);
  if (blocks > MAX_BLOCKS) unsupported(`${blocks} blocks; ${MAX_BLOCKS} are possible`);
  wellFormed(diskBytes <= blocks * blockBytes, path, `a disk of ${diskBytes} bytes in ${blocks} blocks of ${blockBytes}`);
  const mapAt = field(MAP_AT), mapEnd = mapAt + blocks * 4, dataAt = field(DATA_AT);
  wellFormed(mapAt >= HEADER_BYTES && mapAt % SECTOR_BYTES === 0 && mapEnd <= sizeBytes && mapAt <= MAX_BLOCKS, path, `its map (${blocks} entries at ${mapAt}) is not inside the file of ${sizeBytes} bytes`);
  wellFormed(dataAt >= mapEnd && dataAt % SECTOR_BYTES === 0, path, `its blocks begin at ${dataAt}, its map ends at ${mapEnd}`);
  const head = new Uint8Array(mapEnd);
  await storage.read(0, head);
  return head;
}

class VdiImage extends ClusterImage {
  readonly format = "vdi";
  readonly clusterBytes: number;
  readonly sizeBytes: number;
  protected readonly clearsDiscarded = false;
  private readonly head: Uint8Array;
  private readonly view: DataView;
  private readonly blocks: number;
  private readonly mapAt: number;
  private readonly dataAt: number;
  /** Blocks of the file in use, a bit each. */
  private used = new Uint8Array(0);
  /** All blocks below are in use. */
  private firstFree = 0;
  /** End of what has changed in `head`; 0 if nothing has. */
  private dirtyEnd = 0;

  /** @param head  header and map, checked */
  constructor(storage: Storage, head: Uint8Array) {
    super(storage, null);
    const view = viewOf(head);
    this.head = head;
    this.view = view;
    this.clusterBytes = view.getUint32(BLOCK_SIZE, true);
    this.sizeBytes = readU64(view, DISK_SIZE, true);
    this.blocks = view.getUint32(BLOCKS, true);
    this.mapAt = view.getUint32(MAP_AT, true);
    this.dataAt = view.getUint32(DATA_AT, true);
  }

  get details(): Readonly<Record<string, string | number | boolean>> {
    return { type: this.view.getUint32(TYPE, true) === FIXED ? "fixed" : "dynamic" };
  }

  private entry(index: number): number {
    return this.view.getUint32(this.mapAt + index * 4, true);
  }

  private blockAt(block: number): number {
    return this.dataAt + block * this.clusterBytes;
  }

  /** What is wrong with the map: entry by entry, then the count in the header. */
  private* faults(used: Uint8Array): Generator<{ readonly message: string; readonly isCount: boolean }> {
    let allocated = 0;
    for (let i = 0; i < this.blocks; i++) {
      const block = this.entry(i);
      if (block >= ZERO) continue;
      allocated++;
      if (block >= this.blocks || this.blockAt(block) >= this.storage.sizeBytes) yield { message: `block ${i} is at ${block}, which is not in the file`, isCount: false };
      else if ((used[block >> 3] & 1 << (block & 7)) !== 0) yield { message: `block ${i} is at ${block}, like another`, isCount: false };
      else used[block >> 3] |= 1 << (block & 7);
    }
    const count = this.view.getUint32(ALLOCATED, true);
    if (count !== allocated) yield { message: `${allocated} blocks are in use, not ${count}`, isCount: true };
  }

  /** @throws ImageError if the map contradicts itself: then reading may be wrong, and writing do harm */
  checkMap(): void {
    const used = new Uint8Array(Math.ceil(this.blocks / 8));
    for (const { message } of this.faults(used)) throw new ImageError("malformed", `${this.path}: ${message} (tcgjs img check --repair all may help)`);
    this.used = used;
  }

  private recount(): void {
    let allocated = 0;
    for (let i = 0; i < this.blocks; i++) if (this.entry(i) < ZERO) allocated++;
    if (this.view.getUint32(ALLOCATED, true) !== allocated) this.setCount(allocated);
  }

  private setCount(count: number): void {
    this.view.setUint32(ALLOCATED, count, true);
    this.dirtyEnd = Math.max(this.dirtyEnd, ALLOCATED + 4);
  }

  protected async find(index: number): Promise<Placement> {
    const block = this.entry(index);
    if (block === ZERO) return { kind: "zero" };
    if (block === ABSENT) {
      let run = 1;
      while (run < MAX_RUN && index + run < this.blocks && this.entry(index + run) === ABSENT) run++;
      return { kind: "absent", run };
    }
    wellFormed(block < this.blocks && this.blockAt(block) < this.storage.sizeBytes, this.path, () => `block ${index} is at ${block}, which is not in the file`);
    return { kind: "data", at: this.blockAt(block), isOwn: true };
  }

  protected reserve(): Promise<number> {
    while ((this.used[this.firstFree >> 3] & 1 << (this.firstFree & 7)) !== 0) this.firstFree++;
    if (this.firstFree >= this.blocks) throw new ImageError("failed", `${this.path} has no free block`);
    return Promise.resolve(this.blockAt(this.firstFree));
  }

  protected assign(index: number, at: number): Promise<void> {
    const block = (at - this.dataAt) / this.clusterBytes, position = this.mapAt + index * 4;
    this.used[block >> 3] |= 1 << (block & 7);
    this.view.setUint32(position, block, true);
    this.setCount(this.view.getUint32(ALLOCATED, true) + 1);
    this.dirtyEnd = Math.max(this.dirtyEnd, position + 4);
    return Promise.resolve();
  }

  protected clear(): Promise<boolean> {
    return Promise.resolve(false);
  }

  protected settle(): Promise<void> {
    return Promise.resolve();
  }

  protected async commit(): Promise<void> {
    await this.storage.flush();
    if (this.dirtyEnd === 0) return;
    await this.storage.write(ALLOCATED, this.head.subarray(ALLOCATED, this.dirtyEnd));
    this.dirtyEnd = 0;
    await this.storage.flush();
  }

  override readonly check = (repair: Repair): Promise<CheckResult> => this.lock.alone(async () => {
    const messages: string[] = [];
    let corruptions = 0, repairedCorruptions = 0;
    for (const { message, isCount } of this.faults(new Uint8Array(Math.ceil(this.blocks / 8)))) {
      if (messages.length < MAX_MESSAGES) messages.push(message);
      if (isCount && repair === "all") repairedCorruptions++;
      else corruptions++;
    }
    if (repairedCorruptions > 0) {
      this.recount();
      await this.commit();
    }
    let allocatedClusters = 0;
    for (let i = 0; i < this.blocks; i++) if (this.entry(i) < ZERO) allocatedClusters++;
    return { corruptions, leaks: 0, repairedCorruptions, repairedLeaks: 0, messages, totalClusters: this.blocks, allocatedClusters, compressedClusters: 0 };
  });
}

async function createVdi(path: string, { sizeBytes, host, options }: CreateRequest): Promise<void> {
  const blockBytes = DEFAULT_BLOCK_BYTES, blocks = Math.ceil(sizeBytes / blockBytes), isFixed = options["static"] === "on";
  if (blocks > MAX_BLOCKS) throw new ImageError("unsupported", `${path}: a disk of ${sizeBytes} bytes; a VDI image can have ${MAX_BLOCKS * blockBytes}`);
  const dataAt = HEADER_BYTES + roundUp(blocks * 4, SECTOR_BYTES), head = new Uint8Array(dataAt).fill(0xff, HEADER_BYTES), view = viewOf(head);
  head.set(new TextEncoder().encode("<<< tcgjs VDI disk image >>>\n"), TEXT);
  const fields: readonly (readonly [number, number])[] = [
    [MAGIC, SIGNATURE], [MAGIC + 4, VERSION], [HEADER_SIZE, 0x180], [TYPE, isFixed ? FIXED : DYNAMIC], [MAP_AT, HEADER_BYTES], [DATA_AT, dataAt],
    [SECTOR_SIZE, SECTOR_BYTES], [BLOCK_SIZE, blockBytes], [BLOCKS, blocks], [ALLOCATED, isFixed ? blocks : 0],
  ];
  for (const [at, value] of fields) view.setUint32(at, value, true);
  writeU64(view, DISK_SIZE, roundUp(sizeBytes, SECTOR_BYTES), true);
  head.set(host.randomBytes(UUID_BYTES), UUID);
  head.set(host.randomBytes(UUID_BYTES), LAST_SNAPSHOT);
  if (isFixed) for (let i = 0; i < blocks; i++) view.setUint32(HEADER_BYTES + i * 4, i, true);
  const storage = await host.create(path);
  try {
    await storage.truncate(dataAt + (isFixed ? blocks * blockBytes : 0));
    await storage.write(0, head);
    await storage.flush();
  } finally {
    await storage.close();
  }
}
