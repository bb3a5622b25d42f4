/** The devices of `tcgjs run` that are there on request. */
import type { BareOptions } from "../../machine/bare.ts";
import type { ValuesOf } from "../option-table.ts";
import { flag, number } from "../option-table.ts";

export const deviceOptions = {
  "isa-debug-exit": flag({ help: "writing V to port 0xf4 ends the run with status (V << 1) | 1, as QEMU's device does" }),
  "post-port": number({
    argument: "PORT", help: "bytes written to this port are POST codes: one line each on stderr", min: 0, max: 0xffff, initial: null, isHex: true,
  }),
};

/** What the machine is to be made with. */
export function devicesOf(values: ValuesOf<typeof deviceOptions>): Pick<BareOptions, "isaDebugExit" | "postPort"> {
  return { isaDebugExit: values["isa-debug-exit"], postPort: values["post-port"] ?? undefined };
}
