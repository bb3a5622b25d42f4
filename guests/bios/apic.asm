; The local APIC, if the processor has one: it starts with its inputs masked, and so keeps the 8259's interrupts away (SDM 3A §11.4.7.1). "Virtual wire":
; LINT0 is the 8259's output, LINT1 NMI.

APIC            equ 0fee00000h
APIC_SPURIOUS   equ 0f0h
APIC_LINT0      equ 350h
APIC_LINT1      equ 360h
EXTINT          equ 700h
NMI             equ 400h
APIC_ON         equ 1ffh                ; and the vector of spurious interrupts
EFLAGS_ID       equ 200000h
CPUID_APIC      equ 200h                ; of CPUID 1, EDX

set_up_apic:
        pushfd                          ; a processor with CPUID lets EFLAGS.ID change
        pop     eax
        mov     ecx, eax
        xor     eax, EFLAGS_ID
        push    eax
        popfd
        pushfd
        pop     eax
        xor     eax, ecx
        test    eax, EFLAGS_ID
        jz      .none
        mov     eax, 1
        cpuid
        test    edx, CPUID_APIC
        jz      .none
        es mov  dword [dword APIC + APIC_SPURIOUS], APIC_ON
        es mov  dword [dword APIC + APIC_LINT0], EXTINT
        es mov  dword [dword APIC + APIC_LINT1], NMI
.none:  ret
