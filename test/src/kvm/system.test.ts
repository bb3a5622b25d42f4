// openKvm: versions, capabilities, options, and what is refused.

import { expect } from "chai";
import * as tcgjs from "../../../src/index.ts";
import type { VmOptions } from "../../../src/index.ts";
import { openKvm } from "../../../src/index.ts";
import { expectErrno } from "./errno.ts";

describe("openKvm", () => {
  it("has API version 12", () => {
    expect(openKvm().getApiVersion()).to.equal(12);
  });

  it("offers the capabilities it has and answers 0 for all others", () => {
    const kvm = openKvm(), offered = [...Array(256).keys()].filter((cap) => kvm.checkExtension(cap) > 0);
    expect(offered).to.deep.equal([
      tcgjs.KVM_CAP_HLT, tcgjs.KVM_CAP_USER_MEMORY, tcgjs.KVM_CAP_EXT_CPUID, tcgjs.KVM_CAP_NR_VCPUS, tcgjs.KVM_CAP_NR_MEMSLOTS, tcgjs.KVM_CAP_SYNC_MMU,
      tcgjs.KVM_CAP_DESTROY_MEMORY_REGION_WORKS, tcgjs.KVM_CAP_USER_NMI, tcgjs.KVM_CAP_SET_GUEST_DEBUG, tcgjs.KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
      tcgjs.KVM_CAP_VCPU_EVENTS, tcgjs.KVM_CAP_DEBUGREGS,
      tcgjs.KVM_CAP_MAX_VCPUS, tcgjs.KVM_CAP_READONLY_MEM, tcgjs.KVM_CAP_CHECK_EXTENSION_VM, tcgjs.KVM_CAP_GUEST_DEBUG_HW_BPS,
      tcgjs.KVM_CAP_MAX_VCPU_ID,
    ]);
    expect(kvm.checkExtension(tcgjs.KVM_CAP_GUEST_DEBUG_HW_BPS)).to.equal(4);
    expect(kvm.checkExtension(tcgjs.KVM_CAP_NR_MEMSLOTS)).to.equal(32);
    expect(kvm.createVm().checkExtension(tcgjs.KVM_CAP_USER_MEMORY)).to.equal(1);
    expectErrno("EINVAL", /capability is "HLT"/, () => kvm.checkExtension("HLT" as unknown as number));
  });

  it("supports CPUID leaves whose brand string is the caller's", () => {
    const leaves = openKvm().getSupportedCpuid("a test"), brand = leaves.find((leaf) => leaf.function === 0x80000002);
    expect(brand).to.include({ eax: 0x65742061, ebx: 0x7473 });
    expectErrno("EINVAL", /at most 47/, () => openKvm().getSupportedCpuid("x".repeat(48)));
  });

  it("takes options for all VMs or for one, and refuses those it does not know", () => {
    expect(openKvm({ engine: "interp", threshold: 1 }).createVm({ threshold: 2 })).to.be.an("object");
    expectErrno("EINVAL", /no option trheshold/, () => openKvm({ trheshold: 1 } as VmOptions));
    expectErrno("EINVAL", /engine is "tcg"/, () => openKvm().createVm({ engine: "tcg" as "jit" }));
    expectErrno("EINVAL", /threshold is 0; allowed are integers from 1/, () => openKvm().createVm({ threshold: 0 }));
    expectErrno("EINVAL", /maxBlockInsns is 1.5/, () => openKvm().createVm({ maxBlockInsns: 1.5 }));
    expectErrno("EINVAL", /checked is 1/, () => openKvm().createVm({ checked: 1 as unknown as boolean }));
  });

  it("makes one vCPU, with the errno KVM has for a second", () => {
    const vm = openKvm().createVm();
    expect(vm.createVcpu(0).id).to.equal(0);
    expectErrno("EEXIST", /vCPU 0 has been made/, () => vm.createVcpu(0));
    expectErrno("EINVAL", /id is 1; allowed are integers from 0 to 0/, () => vm.createVcpu(1));
  });

  it("says what to do instead of the calls it does not offer", () => {
    const vm = openKvm().createVm();
    expectErrno("ENXIO", /not needed/, () => vm.setTssAddr(0xfffbd000));
    expectErrno("ENXIO", /Vcpu\.interrupt/, () => vm.createIrqchip());
  });
});
