// An unmodified Debian kernel with a busybox of its own: boots, works, and switches the machine off.

import { expect } from "chai";
import type { PcOptions } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { debianFiles } from "../../support/debian.ts";
import { DEBIAN_CMDLINE, ramDisk } from "../../support/ram-disk.ts";

const FORKS = 100, LINES = 2000;
/** Files, pipes, forks, compression; ends with the machine off. */
const SCRIPT = `mount -t proc proc /proc
echo "kernel: $(uname -s) $(uname -m)"
i=0; while [ $i -lt ${FORKS} ]; do /bin/true || echo "fork $i failed"; i=$((i+1)); done; echo "forks: $i"
seq 1 ${LINES} | sort -r | md5sum
seq 1 ${LINES} > /a; gzip /a; gunzip /a.gz; md5sum < /a
mkdir -p /d/e; cp /a /d/e/b; cmp /a /d/e/b && echo "files: same"
awk 'BEGIN { printf "awk: %.6f\\n", 2 / 3 * 1.5e3 + 0.1 }'
sleep 1; echo "slept"
mknod /dev/tty0 c 4 0; echo "on the screen" > /dev/tty0
for by in IO-APIC XT-PIC LOC; do echo "interrupts by $by: $(grep $by /proc/interrupts | grep -c [1-9])"; done
dmesg | grep -o 'TSC deadline timer available'
dmesg | grep -i -E 'APIC error|MP-BIOS|spurious (8259A )?(APIC )?interrupt|irq.*nobody'
poweroff -f
`;
/** Made by coreutils. */
const SORTED_MD5 = "2e9c29a3e64ec8303dcda875708e6884", PLAIN_MD5 = "ea4d0a24dabcaa11f9aa979b872d162b";

/** A run that takes longer hangs. */
const MAX_INSNS = 6e9, SLICE = 50e6;

describe("Debian's i386 kernel", function () {
  const files = debianFiles();
  if ("missing" in files) {
    it.skip(`boots (${files.missing})`);
    return;
  }
  const { kernel, busybox } = files;
  const initrd = ramDisk({ busybox, script: SCRIPT });

  /** What comes over the first serial line up to the end. */
  function boot(options: Partial<PcOptions> = {}): { readonly end: string; readonly text: string; readonly insns: number; readonly screen: readonly string[] } {
    let text = "";
    const pc = new Pc({ boot: { kernel, initrd, cmdline: DEBIAN_CMDLINE }, ...options });
    pc.chips.uarts[0].connect({ transmit: (byte) => { text += String.fromCharCode(byte); }, roomAgain: () => undefined });
    let outcome = pc.run({ maxInsns: SLICE });
    while (outcome.kind === "budget" && pc.insns < MAX_INSNS) outcome = pc.run({ maxInsns: SLICE });
    return { end: outcome.kind, text: text.replaceAll("\r", ""), insns: pc.insns, screen: pc.screenText() ?? [] };
  }

  it("comes up on the serial line, runs a script, and is switched off by ACPI", () => {
    const { end, text, screen } = boot();
    expect(end, text).to.equal("power-off");
    for (const line of ["kernel: Linux i686", `forks: ${FORKS}`, `${SORTED_MD5}  -`, `${PLAIN_MD5}  -`, "files: same", "awk: 1000.100000", "slept", "TSC deadline timer available"]) {
      expect(text.split("\n")).to.include(line);
    }
    expect(screen).to.include("on the screen");
    expect(text).to.match(/interrupts by IO-APIC: [1-9]/).and.match(/interrupts by XT-PIC: 0\n/).and.match(/interrupts by LOC: 1\n/);
    expect(text).not.to.match(/APIC error|MP-BIOS|spurious|nobody/i);
  });
});
