// Which feature each instruction belongs to: against the manual's "CPUID Feature Flag" columns (SDM 2), by opcode.

import { expect } from "chai";
import type { Feature } from "../../../../src/x86/features.ts";
import { X86_OPCODES } from "../../../../src/x86/insns/table.ts";

/** Mnemonics by feature; with `/mmx` only the form for MMX registers. What is with an MMX register and not here is MMX. */
const BY_FEATURE: Readonly<Partial<Record<Feature, string>>> = {
  sse: `addps addss andnps andps cmpps cmpss comiss cvtpi2ps cvtps2pi cvtsi2ss cvtss2si cvttps2pi cvttss2si divps divss ldmxcsr maskmovq maxps
    maxss minps minss movaps movhlps movhps movlhps movlps movmskps movntps movntq movss movups mulps mulss orps pavgb/mmx pavgw/mmx
    pextrw/mmx pinsrw/mmx pmaxsw/mmx pmaxub/mmx pminsw/mmx pminub/mmx pmovmskb/mmx pmulhuw/mmx psadbw/mmx pshufw rcpps rcpss rsqrtps
    rsqrtss sfence shufps sqrtps sqrtss stmxcsr subps subss ucomiss unpckhps unpcklps xorps`,
  sse2: `addpd addsd andnpd andpd cmppd cmpsd comisd cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2pi cvtpd2ps cvtpi2pd cvtps2dq cvtps2pd cvtsd2si
    cvtsd2ss cvtsi2sd cvtss2sd cvttpd2dq cvttpd2pi cvttps2dq cvttsd2si divpd divsd lfence maskmovdqu maxpd maxsd mfence minpd minsd movapd
    movd movdq2q movdqa movdqu movhpd movlpd movmskpd movntdq movnti movntpd movq movq2dq movsd movupd mulpd mulsd orpd packssdw packsswb
    packuswb paddb paddd paddq paddq/mmx paddsb paddsw paddusb paddusw paddw pand pandn pavgb pavgw pcmpeqb pcmpeqd pcmpeqw pcmpgtb pcmpgtd
    pcmpgtw pextrw pinsrw pmaddwd pmaxsw pmaxub pminsw pminub pmovmskb pmulhuw pmulhw pmullw pmuludq pmuludq/mmx por psadbw pshufd pshufhw
    pshuflw pslld pslldq psllq psllw psrad psraw psrld psrldq psrlq psrlw psubb psubd psubq psubq/mmx psubsb psubsw psubusb psubusw psubw
    punpckhbw punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq punpcklqdq punpcklwd pxor shufpd sqrtpd sqrtsd subpd subsd ucomisd unpckhpd
    unpcklpd xorpd`,
  sse3: "addsubpd addsubps fisttp haddpd haddps hsubpd hsubps lddqu movddup movshdup movsldup",
  ssse3: `pabsb pabsd pabsw palignr phaddd phaddsw phaddw phsubd phsubsw phsubw pmaddubsw pmulhrsw pshufb psignb psignd psignw
    pabsb/mmx pabsd/mmx pabsw/mmx palignr/mmx phaddd/mmx phaddsw/mmx phaddw/mmx phsubd/mmx phsubsw/mmx phsubw/mmx pmaddubsw/mmx
    pmulhrsw/mmx pshufb/mmx psignb/mmx psignd/mmx psignw/mmx`,
  "sse4.1": `blendpd blendps blendvpd blendvps dppd dpps extractps insertps movntdqa mpsadbw packusdw pblendvb pblendw pcmpeqq pextrb
    pextrd phminposuw pinsrb pinsrd pmaxsb pmaxsd pmaxud pmaxuw pminsb pminsd pminud pminuw pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd
    pmovsxwq pmovzxbd pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq pmuldq pmulld ptest roundpd roundps roundsd roundss`,
  "sse4.2": "crc32 pcmpestri pcmpestrm pcmpgtq pcmpistri pcmpistrm",
  aes: "aesdec aesdeclast aesenc aesenclast aesimc aeskeygenassist", pclmulqdq: "pclmulqdq",
  cmov: `fcmovb fcmovbe fcmove fcmovnb fcmovnbe fcmovne fcmovnu fcmovu fcomi fcomip fucomi fucomip cmova cmovae cmovb cmovbe cmove cmovg cmovge
    cmovl cmovle cmovne cmovno cmovnp cmovns cmovo cmovp cmovs`,
  popcnt: "popcnt", clflush: "clflush", cx8: "cmpxchg8b", tsc: "rdtsc", msr: "rdmsr wrmsr",
};

const EXPECTED = new Map<string, Feature>();
for (const [feature, names] of Object.entries(BY_FEATURE)) for (const name of names.split(/\s+/)) EXPECTED.set(name, feature as Feature);

/** SSE4.1's PEXTRW has another opcode than the older one; so has nothing else. */
const isPextrwToMemory = (text: string): boolean => text.includes("0f 3a 15");

/** The string insns have names that vector insns have too; names of BY_FEATURE are of opcodes 0f and d8 to df. */
const isTwoByte = (text: string): boolean => /^(np |66 |f2 |f3 )?0f /.test(text) || /^d[89a-f] /.test(text);

describe("features of instructions", () => {
  const forms = X86_OPCODES.forms.filter((f) => isTwoByte(f.text));

  it("are those of the manual", () => {
    const wrong: string[] = [], seen = new Set<string>();
    for (const { def, text, operands, opcode, map } of forms) {
      const isMmx = operands.some((o) => ["P", "Q", "N"].includes(o.kind)) && !operands.some((o) => ["V", "U", "W"].includes(o.kind));
      const isX87 = map === 0 && opcode >= 0xd8 && opcode <= 0xdf;
      const listed = (isMmx ? EXPECTED.get(`${def.name}/mmx`) : undefined) ?? (isMmx && EXPECTED.get(def.name) === "sse2" ? undefined : EXPECTED.get(def.name));
      const expected = isPextrwToMemory(text) ? "sse4.1" : listed ?? (isMmx || def.name === "emms" ? "mmx" : isX87 ? "fpu" : undefined);
      seen.add(def.name);
      // MOVQ2DQ and its like name both kinds of register.
      if (expected !== undefined && def.feature !== expected && !(isMmx && def.feature === EXPECTED.get(def.name) && /2pi|dq2q/.test(def.name))) {
        wrong.push(`${def.name} ${text}: ${def.feature ?? "none"}, should be ${expected}`);
      }
      if (expected === undefined && operands.some((o) => "VWUPQN".includes(o.kind))) wrong.push(`${def.name} ${text}: a vector insn of no known feature`);
    }
    expect(wrong).to.deep.equal([]);
    const unseen = [...EXPECTED.keys()].map((name) => name.replace("/mmx", "")).filter((name) => !seen.has(name));
    expect(unseen, "names in the list that are not in the table").to.deep.equal([]);
  });
});
