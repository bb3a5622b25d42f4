/* PAE paging: permissions with NX, directory pointers, reserved bits, pages of 2 MiB (SDM 3A §4.4, §4.6, §4.7). */
        .set    RESET_MORE, 1
        .include "kernel.inc"
        .include "kernel/paging.inc"
        .include "kernel/probe.inc"

/* Tables in place of those of paging.inc; the linear addresses are the same. */
        .set    PDPT, 0x110020
        .set    PD, 0x111000
        .set    PAE_KERNEL, 0x112000
        .set    PAE_PAGES, 0x113000
        .set    PAE_ALIAS, 0x114000
        .set    PD_PAGES, PD + 8 * (PAGES_AT >> 21)
        .set    PAE_PTE, PAE_PAGES
        .set    PAE_PTE1, PAE_PAGES + 8
        .set    NX, 0x80000000          /* in the upper half of an entry */
        .set    MSR_EFER, 0xc0000080
        .set    EFER_NXE, 0x800

        .macro  PAGING_PAE
        call    pae_on
        .endm
        .macro  ENABLE_NX
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_NXE, %eax
        wrmsr
        .endm
        .macro  SET_ENTRY at, low, high=0
        movl    $(\low), \at
        movl    $(\high), \at + 4
        FLUSH
        .endm
        .macro  SET_PTE low, high=0
        SET_ENTRY PAE_PTE, \low, \high
        .endm
/* Another control of the permission checks (probe.inc). */
        .set    C_NXE, 16
/* Probes a page of every kind: PDE.NX, PDE.U, PDE.W, PTE.NX, PTE.U, PTE.W, in this order from the highest bit: 64 in all. */
        .macro  MATRIX kind, level
        movb    $0xc3, PAGE_PHYS
        PAGING_PAE
        movl    PARAM, %eax
        call    set_controls
        call    probe_on
        xorl    %esi, %esi
1:      movl    %esi, %eax
        movl    $PAGE_PHYS | PG_P, %edx
        movl    $PAE_PTE, %edi
        call    set_kind
        movl    %esi, %eax
        shrl    $3, %eax
        movl    $PAE_PAGES | PG_P, %edx
        movl    $PD_PAGES, %edi
        call    set_kind
        FLUSH
        PROBE   \kind, PAGES_AT, \level, DATA
        incl    %esi
        cmpl    $64, %esi
        jb      1b
        .endm

checks:
/* ======== permissions; the parameter: WP 1, SMAP 2, SMEP 4, EFLAGS.AC 8, NXE 10 */
EACH "read at level 0"
ROW "................................................................", 0x10, 0x11, 0x14, 0x1a
ROW "..................11..11..11..11..................11..11..11..11", 0x12, 0x13
ROW "....9999....9999....9999....999999999999999999999999999999999999", 0, 1, 4
DO
        MATRIX  READ, 0
E
EACH "write at level 0"
ROW "................................................................", 0x10, 0x14, 0x1a
ROW "333333333.3.3.3.333333333.3.3.3.333333333.3.3.3.333333333.3.3.3.", 0x11, 0x1b
ROW "..................33..33..33..33..................33..33..33..33", 0x12
ROW "333333333.3.3.3.333333333.333.33333333333.3.3.3.333333333.333.33", 0x13
DO
        MATRIX  WRITE, 0
E
EACH "fetch at level 0"
ROW "....hhhh....hhhh....hhhh....hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", 0x10, 0x13
ROW "....hhhh....hhhh..hhhhhh..hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", 0x14, 0x17, 0x1e
ROW "....9999....9999....9999....999999999999999999999999999999999999", 0
DO
        MATRIX  FETCH, 0
E
EACH "read at level 3"
ROW "555555555555555555..55..55..55..555555555555555555..55..55..55..", 0x10, 0x17
ROW "5555dddd5555dddd55..dddd55..dddddddddddddddddddddddddddddddddddd", 0
DO
        MATRIX  READ, 3
E
EACH "write at level 3"
ROW "777777777777777777777777777.777.777777777777777777777777777.777.", 0x10, 0x17
ROW "7777ffff7777ffff7777ffff777.ffffffffffffffffffffffffffffffffffff", 0
DO
        MATRIX  WRITE, 3
E
EACH "fetch at level 3"
ROW "llllllllllllllllll..llllll..llllllllllllllllllllllllllllllllllll", 0x10, 0x14
ROW "5555dddd5555dddd55..dddd55..dddddddddddddddddddddddddddddddddddd", 0
ROW "llllttttllllttttll..ttttll..tttttttttttttttttttttttttttttttttttt", 4
DO
        MATRIX  FETCH, 3
E
T "absent: read, write, fetch at levels 0 and 3; NX 0", "020464"
        PAGING_PAE
        call    probe_on
        SET_PTE 0
        PROBE_EACH
E
T "absent: a fetch is told with NXE", "02g46k"
        ENABLE_NX
        PAGING_PAE
        call    probe_on
        SET_PTE 0, NX
        PROBE_EACH
E
T "no execution: EIP is there", "#PF(11,400000) 400000"
        movl    $0, shows_place
        ENABLE_NX
        PAGING_PAE
        SET_PTE PAGE_PHYS | PWU, NX
        ljmp    $KCS, $PAGES_AT
A
        V       f_eip
E
T "an insn over two pages, the next not executable", "#PF(11,401000) 400fff"
        movl    $0, shows_place
        movb    $0xb8, PAGE_PHYS + 0xfff
        ENABLE_NX
        PAGING_PAE
        SET_ENTRY PAE_PTE1, PHYS1 | PWU, NX
        ljmp    $KCS, $PAGES_AT + 0xfff
A
        V       f_eip
E
T "a page that is executed becomes not executable", ".h"
        movb    $0xc3, PAGE_PHYS
        ENABLE_NX
        PAGING_PAE
        call    probe_on
        PROBE   FETCH
        SET_PTE PAGE_PHYS | PWU, NX
        PROBE   FETCH
E

/* ======== directory pointers */
EACH "a directory pointer with bits, loaded by CR3"
ROW "!", PG_P, 0x9, 0x11, 0xe01, 0, 0x1e6
ROW "#GP(0)", 3, 5, 0x21, 0x41, 0x81, 0x101
DO
        PAGING_PAE
        movl    PARAM, %eax
        orl     $PD, %eax
        movl    %eax, PDPT + 16
        movl    %cr3, %eax
7:      movl    %eax, %cr3
        PASSED
E
T "a directory pointer with a bit of 52 to 63", "#GP(0)"
        PAGING_PAE
        movl    $PD | PG_P, PDPT + 16
        movl    $0x100000, PDPT + 20
        movl    %cr3, %eax
7:      movl    %eax, %cr3
E
T "a bad CR3 leaves CR3 and the old translations", "#GP(0) 110020 1234"
        movl    $0x1234, PAGE_PHYS
        PAGING_PAE
        movl    $0x1ff, PDPT + 0x40
        movl    $PDPT + 0x40, %eax
7:      movl    %eax, %cr3
A
        movl    %cr3, %eax
        V       %eax, PAGES_AT
E
T "a bad directory pointer when paging is turned on", "#GP(0) 31"
        PAGING_PAE
        WRITE_CR0 0
        movl    $3, PDPT + 8
        WRITE_CR0 0
        movl    $CR0_PG | 0x31, %eax
7:      movl    %eax, %cr0
A
        movl    %cr0, %eax
        V       %eax
E
T "an absent directory pointer", "#PF(0,40000000)"
        PAGING_PAE
7:      movl    0x40000000, %eax
E
T "an absent directory pointer: write, level 3", "#PF(6,c0000000)"
        PAGING_PAE
        USER_PAGED
7:      movl    %eax, 0xc0000000
E
T "directory pointers are read when CR3 is loaded, not later", "1234 1234 5678"
        movl    $0x1234, PAGE_PHYS
        movl    $0x5678, PHYS1
        PAGING_PAE
        movl    $PD | PG_P, PDPT + 8
        FLUSH
        V       PAGES_AT+0x40000000
        movl    $PD, %esi
        movl    $PD + 0x8000, %edi
        movl    $0x400, %ecx
        rep movsl
        movl    $PD + 0x9000 | PWU, PD + 0x8000 + 8 * (PAGES_AT >> 21)
        movl    $PHYS1 | PWU, PD + 0x9000
        movl    $0, PD + 0x9004
        movl    $PD + 0x8000 | PG_P, PDPT + 8
        invlpg  PAGES_AT+0x40000000
        V       PAGES_AT+0x40000000
        FLUSH
        V       PAGES_AT+0x40000000
E
T "CR3: bits 0 to 4 are no part of the address", "1234"
        movl    $0x1234, PAGE_PHYS
        PAGING_PAE
        movl    $PDPT | 0x18, %eax
        movl    %eax, %cr3
        V       PAGES_AT
E
/* ======== reserved bits */
EACH "a page with bit 32 + n set, n"
ROW "9", 19, 20, 25, 30
DO
        movb    %al, %cl
        movl    $1, %edi
        shll    %cl, %edi
        PAGING_PAE
        call    probe_on
        movl    %edi, PAE_PTE + 4
        FLUSH
        PROBE   READ
E
EACH "a directory entry with bit 32 + n set, n"
ROW "b", 19, 20, 30
DO
        movb    %al, %cl
        movl    $1, %edi
        shll    %cl, %edi
        PAGING_PAE
        call    probe_on
        movl    %edi, PD_PAGES + 4
        FLUSH
        PROBE   WRITE
E
T "reserved bits of an absent page do not count", "0"
        PAGING_PAE
        call    probe_on
        SET_PTE PAGE_PHYS, 0x100000
        PROBE   READ
E
T "a reserved bit at level 3: write", "f"
        PAGING_PAE
        call    probe_on
        SET_PTE PAGE_PHYS | PWU, 0x100000
        PROBE   WRITE, PAGES_AT, 3
E
T "a reserved bit goes before permission", "d"
        PAGING_PAE
        call    probe_on
        SET_PTE PAGE_PHYS | PG_P, 0x100000
        PROBE   READ, PAGES_AT, 3
E

/* ======== pages of 2 MiB */
T "2 MiB: without CR4.PSE", "1234 abcd"
        movl    $0x1234, 0x601000
        PAGING_PAE
        SET_ENTRY PD_PAGES, 0x600000 | PG_PS | PWU
        V       PAGES_AT+0x1000
        movl    $0xabcd, PAGES_AT + 0x1ffffc
        WRITE_CR0 0
        V       0x7ffffc
E
EACH "2 MiB: bits of the entry"
ROW ".", 0, 0x18, 0x1e00
ROW "9", 0x2000, 0x4000, 0x8000
DO
        movl    %eax, %edi
        PAGING_PAE
        call    probe_on
        movl    $0x600000 | PG_PS | PWU, PD_PAGES
        orl     %edi, PD_PAGES
        FLUSH
        PROBE   READ
E
T "2 MiB: bit 20", "9"
        PAGING_PAE
        call    probe_on
        SET_ENTRY PD_PAGES, 0x700000 | PG_PS | PWU
        PROBE   READ
E
T "2 MiB: A and D", "20 60"
        PAGING_PAE
        SET_ENTRY PD_PAGES, 0x600000 | PG_PS | PWU
        movl    PAGES_AT, %eax
        SHOW_AD PD_PAGES
        movl    %eax, PAGES_AT
        SHOW_AD PD_PAGES
E
T "2 MiB: permissions with NX", ".h.hl57"
        ENABLE_NX
        movb    $0xc3, 0x600000
        PAGING_PAE
        call    probe_on
        SET_ENTRY PD_PAGES, 0x600000 | PG_PS | PWU, NX
        PROBE   READ
        PROBE   FETCH
        PROBE   WRITE, PAGES_AT, 3
        PROBE   FETCH
        SET_ENTRY PD_PAGES, 0x600000 | PG_PS | PG_P
        PROBE   FETCH, PAGES_AT, 3
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE, PAGES_AT, 3
E
T "2 MiB: next to a table", "12345678"
        movl    $0x5678ffff, 0x7ffffc
        movw    $0x1234, PHYS1
        PAGING_PAE
        SET_ENTRY PD_PAGES, 0x600000 | PG_PS | PWU
        SET_ENTRY PD_PAGES+8, PAE_PAGES+0x8000 | PWU
        SET_ENTRY PAE_PAGES+0x8000, PHYS1 | PWU
        V       PAGES_AT+0x1ffffe
E

/* ======== accessed and dirty bits, two pages */
T "A and D: read, then write", "20 20 20 60"
        PAGING_PAE
        SET_ENTRY PD_PAGES, PAE_PAGES | PWU
        SET_PTE PAGE_PHYS | PWU
        movl    PAGES_AT, %eax
        SHOW_AD PD_PAGES
        SHOW_AD PAE_PTE
        movl    %eax, PAGES_AT
        SHOW_AD PD_PAGES
        SHOW_AD PAE_PTE
E
T "A and D: a directory pointer has none", "110001"
        PAGING_PAE
        movl    %eax, PAGES_AT
        movl    PDPT, %eax
        subl    $0x1000, %eax
        V       %eax
E
T "A and D: bits 62 to 52 stay, with NX", "80000000 200e67"
        ENABLE_NX
        PAGING_PAE
        SET_PTE PAGE_PHYS | 0xe00 | PWU, NX
        movl    %eax, PAGES_AT
        V       PAE_PTE+4, PAE_PTE
E
T "the next page absent: write", "#PF(2,401000) 11112222"
        movl    $0x11112222, PAGE_PHYS + 0xffc
        PAGING_PAE
        SET_ENTRY PAE_PTE1, 0
7:      movl    %eax, PAGES_AT + 0xffe
A
        V       PAGES_AT+0xffc
E
T "pages that are apart in memory", "44443333 55552222 66667777"
        movl    $0x33332222, PAGE_PHYS + 0xffc
        movl    $0x66664444, PAGE_PHYS + 0x5000
        PAGING_PAE
        SET_ENTRY PAE_PTE1, PAGE_PHYS+0x5000 | PWU
        V       PAGES_AT+0xffe
        movl    $0x77775555, %eax
        movl    %eax, PAGES_AT + 0xffe
        V       PAGES_AT+0xffc, PAGES_AT+0x1000
E
T "invlpg: another page", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        PAGING_PAE
        V       PAGES_AT
        movl    $PHYS1 | PWU, PAE_PTE
        invlpg  PAGES_AT
        V       PAGES_AT
E
T "EFER.NXE at level 3", "#GP(0)"
        movl    $MSR_EFER, %ecx
        USER
7:      wrmsr
E
T "EFER reads back", "800 0"
        ENABLE_NX
        movl    $MSR_EFER, %ecx
        rdmsr
        V       %eax, %edx
E
T "EFER: reserved bits", "#GP(0)"
        movl    $MSR_EFER, %ecx
        movl    $0x2, %eax
7:      wrmsr
E
        jmp     all_done

/* EFER as after RESET. */
reset_more:
        movl    $MSR_EFER, %ecx
        xorl    %eax, %eax
        xorl    %edx, %edx
        wrmsr
        ret

/* An entry at EDI: EDX with U, W and NX from bits 1, 0 and 2 of EAX. Changes EAX. */
set_kind:
        pushl   %eax
        andl    $3, %eax
        leal    (%edx, %eax, 2), %eax
        movl    %eax, (%edi)
        popl    %eax
        shll    $29, %eax
        andl    $NX, %eax
        movl    %eax, 4(%edi)
        ret

/* From the parameter in EAX: EFER.NXE, CR0.WP, CR4.SMAP and SMEP; the flags for the probes in DATA. Changes EAX to EDX. */
set_controls:
        movl    $2, DATA
        testb   $C_AC, %al
        jz      1f
        orl     $AC, DATA
1:      movl    $CR4_PAE, %ebx
        testb   $C_SMAP, %al
        jz      1f
        orl     $CR4_SMAP, %ebx
1:      testb   $C_SMEP, %al
        jz      1f
        orl     $CR4_SMEP, %ebx
1:      movl    %ebx, %cr4
        movl    %cr0, %ebx
        testb   $C_WP, %al
        jz      1f
        orl     $CR0_WP, %ebx
1:      movl    %ebx, %cr0
        testb   $C_NXE, %al
        jz      1f
        ENABLE_NX
1:      ret

/* PAE and paging on; the registers stay. */
pae_on:
        pushal
        call    pae_tables
        movl    $PDPT, %eax
        movl    %eax, %cr3
        movl    %cr4, %eax
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    %cr0, %eax
        orl     $CR0_PG, %eax
        movl    %eax, %cr0
        popal
        ret
pae_tables:
        cld
        movl    $PDPT, %edi
        xorl    %eax, %eax
        movl    $8, %ecx
        rep stosl
        movl    $PD | PG_P, PDPT
        movl    $PD, %edi
        movl    $0x400, %ecx
        rep stosl
        movl    $PAE_KERNEL | PWU, PD
        movl    $PAE_PAGES | PWU, PD_PAGES
        movl    $PAE_ALIAS | PWU, PD + 8 * (USER_ALIAS >> 21)
        movl    $PAE_KERNEL, %edi
        movl    $PG_P | PG_W, %ebx
        movl    $0x200, %ecx
        call    map_pae
        movl    $PAE_PAGES, %edi
        movl    $PAGE_PHYS | PWU, %ebx
        movl    $0x10, %ecx
        call    map_pae
        movl    $PAE_ALIAS, %edi
        movl    $PWU, %ebx
        movl    $0x100, %ecx
map_pae:
        movl    %ebx, %eax
        stosl
        xorl    %eax, %eax
        stosl
        addl    $0x1000, %ebx
        loop    map_pae
        ret
