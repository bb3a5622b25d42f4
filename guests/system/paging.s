/* 32-bit paging: permissions, accessed and dirty bits, large and global pages, accesses over two pages (SDM 3A chapter 4). */
        .include "kernel.inc"
        .include "kernel/paging.inc"
        .include "kernel/probe.inc"

/* The entry of the page behind a check's. */
        .set    PTE1, PTE + 4
        .set    NOWHERE, PAGES_AT + 0x20000

        .macro  SET_PTE value, at=PTE
        movl    $(\value), \at
        FLUSH
        .endm
/*
 * Probes a page of every kind: 16 combinations of PDE.U, PDE.W, PTE.U and PTE.W, in this order from the highest bit. Only
 * pages that are of level 3 in both entries are so, and only those that are writable in both.
 */
        .macro  MATRIX kind, level
        movb    $0xc3, PAGE_PHYS
        PAGING
        movl    PARAM, %eax
        call    set_controls
        call    probe_on
        xorl    %esi, %esi
1:      movl    %esi, %eax
        andl    $3, %eax
        leal    PAGE_PHYS+PG_P(%eax, %eax), %eax
        movl    %eax, PTE
        movl    %esi, %eax
        shrl    $2, %eax
        leal    PT_PAGES+PG_P(%eax, %eax), %eax
        movl    %eax, PDE
        FLUSH
        PROBE   \kind, PAGES_AT, \level, DATA
        incl    %esi
        cmpl    $16, %esi
        jb      1b
        .endm
/* A page of level 3 with bits A and D clear in both entries; then an insn with EBX at it, at level 0. */
        .macro  AD_CASE name, result, first, second, insn:vararg
T "A and D: \name", "\result"
        movl    $0, PAGE_PHYS
        movb    $0xc3, PAGE_PHYS + 8
        PAGING
        SET_PTE PT_PAGES | PWU, PDE
        SET_PTE PAGE_PHYS | PWU
        movl    $PAGES_AT, %ebx
        movl    %ebx, %esi
        movl    $DATA, %edi
        xorl    %eax, %eax
        \first
        \second
        \insn
        SHOW_AD PDE
        SHOW_AD
E
        .endm
/* An insn over the end of a page, at PAGES_AT + 0xffe; the next page is absent, read-only (for level 3) or present elsewhere. */
        .macro  CROSS name, result, first, second, insn:vararg
T "the next page absent: \name", "\result"
        movl    $0x11112222, PAGE_PHYS + 0xffc
        PAGING
        SET_PTE 0, PTE1
        movl    $PAGES_AT + 0xffe, %ebx
        movl    %ebx, %esi
        movl    $DATA, %edi
        movl    $-1, %eax
        \first
        \second
7:      \insn
8:      STOP
A
        V       PAGES_AT+0xffc
E
        .endm

checks:
/* ======== permissions; the parameter: WP 1, SMAP 2, SMEP 4, EFLAGS.AC 8 */
EACH "read at level 0"
ROW "................", 0, 1, 4, 5, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf
ROW "..........11..11", 2, 3, 6, 7
DO
        MATRIX  READ, 0
E
EACH "write at level 0"
ROW "................", 0, 4, 8, 0xa, 0xc, 0xe
ROW "33333.3.33333.3.", 1, 5, 9, 0xb, 0xd, 0xf
ROW "..........33..33", 2, 6
ROW "33333.3.33333.33", 3, 7
DO
        MATRIX  WRITE, 0
E
EACH "fetch at level 0"
ROW "................", 0, 1, 2, 3, 8, 9, 0xa, 0xb
ROW "..........hh..hh", 4, 5, 6, 7, 0xc, 0xd, 0xe, 0xf
DO
        MATRIX  FETCH, 0
E
EACH "read at level 3"
ROW "5555555555..55..", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf
DO
        MATRIX  READ, 3
E
EACH "write at level 3"
ROW "777777777777777.", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf
DO
        MATRIX  WRITE, 3
E
EACH "fetch at level 3"
ROW "5555555555..55..", 0, 1, 2, 3, 8, 9, 0xa, 0xb
ROW "llllllllll..ll..", 4, 5, 6, 7, 0xc, 0xd, 0xe, 0xf
DO
        MATRIX  FETCH, 3
E
T "absent: read, write, fetch at levels 0 and 3", "020464"
        PAGING
        call    probe_on
        SET_PTE PAGE_PHYS | PG_W | PG_U
        PROBE_EACH
E
T "absent, with SMEP: a fetch is told", "02g46k"
        PAGING
        WRITE_CR4 CR4_SMEP
        call    probe_on
        SET_PTE 0
        PROBE_EACH
E
T "the directory entry absent: read, write, fetch at levels 0 and 3", "020464"
        PAGING
        call    probe_on
        SET_PTE PT_PAGES | PG_W | PG_U, PDE
        PROBE_EACH
E
T "levels 1 and 2 are like 0", "12345678 12345678"
        movl    $0x12345678, PAGE_PHYS
        PAGING
        SET_PTE PAGE_PHYS | PG_P
        RING1
        V       PAGES_AT
        STOP
A
        pushl   $DS2
        pushl   $STACK2-0x100
        pushl   $2
        pushl   $CS2
        pushl   $1f
        iretl
1:      movl    $DS2, %eax
        movw    %ax, %ds
        V       PAGES_AT
E
T "WP 1: level 1 cannot write either", "#PF(3,400000)"
        PAGING
        SET_PTE PAGE_PHYS | PG_P
        WRITE_CR0 CR0_PG+CR0_WP
        RING1
7:      movl    %eax, PAGES_AT
E
T "CR0.WP counts at once", ".3."
        PAGING
        call    probe_on
        SET_PTE PAGE_PHYS | PG_P
        PROBE   WRITE
        WRITE_CR0 CR0_PG+CR0_WP
        PROBE   WRITE
        WRITE_CR0 CR0_PG
        PROBE   WRITE
E
T "CR4.SMAP counts at once", ".1."
        PAGING
        call    probe_on
        PROBE   READ
        WRITE_CR4 CR4_SMAP
        PROBE   READ
        WRITE_CR4 0
        PROBE   READ
E
T "CR4.SMEP counts at once", ".h."
        movb    $0xc3, PAGE_PHYS
        PAGING
        call    probe_on
        PROBE   FETCH
        WRITE_CR4 CR4_SMEP
        PROBE   FETCH
        WRITE_CR4 0
        PROBE   FETCH
E
T "EFLAGS.AC counts at once", "1.1"
        PAGING
        WRITE_CR4 CR4_SMAP
        call    probe_on
        PROBE   READ
        PROBE   READ, PAGES_AT, 0, $AC|2
        PROBE   READ
E
T "a page that level 0 has used is checked for level 3", ".5.7"
        PAGING
        call    probe_on
        SET_PTE PAGE_PHYS | PG_P | PG_W
        PROBE   READ
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE
        PROBE   WRITE, PAGES_AT, 3
E
T "a page that was read is checked when written", ".7.3"
        PAGING
        WRITE_CR0 CR0_PG+CR0_WP
        call    probe_on
        SET_PTE PAGE_PHYS | PG_P | PG_U
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE, PAGES_AT, 3
        PROBE   READ
        PROBE   WRITE
E
T "stac and clac", "!"
        PAGING
        WRITE_CR4 CR4_SMAP
        stac
        movl    PAGES_AT, %eax
        clac
        PASSED
E
T "behind clac", "#PF(1,400000)"
        PAGING
        WRITE_CR4 CR4_SMAP
        stac
        clac
7:      movl    PAGES_AT, %eax
E
        .irp    insn, stac, clac
T "\insn at level 3", "#UD"
        USER
7:      \insn
E
        .endr
T "SMAP: the LDT in a page of level 3, AC set: an implicit access", "#PF(1,400008)"
        GDESC   KLDT, PAGES_AT, 0xf, LOCAL_TABLE, 0
        PAGING
        movl    $KLDT, %eax
        lldt    %ax
        WRITE_CR4 CR4_SMAP
        pushl   $AC | 2
        popfl
        movl    $12, %eax
7:      movw    %ax, %es
E
T "SMAP, level 3: the LDT in a page of level 3", "#PF(1,400008)"
        GDESC   KLDT, PAGES_AT, 0xf, LOCAL_TABLE, 0
        PAGING
        movl    $KLDT, %eax
        lldt    %ax
        WRITE_CR4 CR4_SMAP
        USER_PAGED
        movl    $15, %eax
7:      movw    %ax, %es
E
T "level 3 loads a segment: the GDT is read at level 0", "83"
        GDESC   S0, 0, 0xfffff, DATA_RW+DPL3, 12
        PAGING
        USER_PAGED
        movl    $S0+3, %eax
        movw    %ax, %es
        movw    %es, %bx
        STOP
A
        W       f_ebx
E
T "WP, a read-only LDT: the accessed bit cannot be set", "#PF(3,40000d)"
        DESC    PAGE_PHYS, 8, 0, 0xfffff, DATA_RW, 12
        GDESC   KLDT, PAGES_AT, 0xf, LOCAL_TABLE, 0
        PAGING
        movl    $KLDT, %eax
        lldt    %ax
        WRITE_CR0 CR0_PG+CR0_WP
        SET_PTE PAGE_PHYS | PG_P
        movl    $12, %eax
7:      movw    %ax, %es
A
        andl    $~3, f_cr2
E
/* ======== accessed and dirty bits: of the directory entry, of the page's */
        AD_CASE "nothing", "0 0", , , nop
        AD_CASE "read", "20 20", , , movl (%ebx), %eax
        AD_CASE "write", "20 60", , , movl %eax, (%ebx)
        AD_CASE "read and write", "20 60", , , addl %eax, (%ebx)
        AD_CASE "read, then write", "20 60", "movl (%ebx), %eax", , movl %eax, (%ebx)
        AD_CASE "cmpxchg that fails", "20 60", , , cmpxchgl %ebx, (%ebx)
        AD_CASE "bt", "20 20", , , btl %eax, (%ebx)
        AD_CASE "bts", "20 60", , , btsl %eax, (%ebx)
        AD_CASE "lodsb", "20 20", , , lodsb
        AD_CASE "movsb from it", "20 20", , , movsb
        AD_CASE "rep movsb of count 0", "0 0", "xorl %ecx, %ecx", , rep movsb
        AD_CASE "lea", "0 0", , , leal (%ebx), %eax
        AD_CASE "invlpg", "0 0", , , invlpg (%ebx)
        AD_CASE "a long nop", "0 0", , , nopl (%ebx)
T "A and D: fetch", "20 20"
        movb    $0xc3, PAGE_PHYS
        PAGING
        SET_PTE PT_PAGES | PWU, PDE
        SET_PTE PAGE_PHYS | PWU
        movl    $PAGES_AT, %ebx
        call    *%ebx
        SHOW_AD PDE
        SHOW_AD
E
T "A and D: push to it", "20 60"
        PAGING
        SET_PTE PT_PAGES | PWU, PDE
        SET_PTE PAGE_PHYS | PWU
        movl    $PAGES_AT + 0x800, %esp
        pushl   %eax
        movl    $KSTACK, %esp
        SHOW_AD PDE
        SHOW_AD
E
T "A and D: write at level 0 to a read-only page", "20 60"
        PAGING
        SET_PTE PT_PAGES | PWU, PDE
        SET_PTE PAGE_PHYS | PG_P
        movl    %eax, PAGES_AT
        SHOW_AD PDE
        SHOW_AD
E
T "A and D: a refused write does not set D", "#PF(3,400000) 0"
        PAGING
        WRITE_CR0 CR0_PG+CR0_WP
        SET_PTE PAGE_PHYS | PG_P
7:      movl    %eax, PAGES_AT
A
        MASKED  PTE, PG_D
E
T "A and D: cleared and flushed, set again", "60 60"
        PAGING
        movl    %eax, PAGES_AT
        SHOW_AD
        andl    $~(PG_A+PG_D), PTE
        invlpg  PAGES_AT
        movl    %eax, PAGES_AT
        SHOW_AD
E
T "A and D: a write over two pages", "60 60"
        PAGING
        SET_PTE PAGE_PHYS | PWU
        SET_PTE PHYS1 | PWU, PTE1
        movl    %eax, PAGES_AT + 0xffe
        SHOW_AD
        SHOW_AD PTE1
E
T "A and D: a read over two pages", "20 20"
        PAGING
        SET_PTE PAGE_PHYS | PWU
        SET_PTE PHYS1 | PWU, PTE1
        movl    PAGES_AT + 0xffe, %eax
        SHOW_AD
        SHOW_AD PTE1
E
T "A and D: bits of all others stay", "200e67"
        PAGING
        SET_PTE PAGE_PHYS | 0xe00 | PWU
        movl    %eax, PAGES_AT
        V       PTE
E
T "A and D at level 3", "20 60"
        PAGING
        SET_PTE PT_PAGES | PWU, PDE
        SET_PTE PAGE_PHYS | PWU
        USER_PAGED
        movl    %eax, PAGES_AT
        STOP
A
        SHOW_AD PDE
        SHOW_AD
E

/* ======== accesses over two pages */
        CROSS   "read", "#PF(0,401000) 11112222", , , movl (%ebx), %eax
        CROSS   "write", "#PF(2,401000) 11112222", , , movl %eax, (%ebx)
        CROSS   "word that fits", "ffff2222", , , movw %ax, (%ebx)
        CROSS   "add", "#PF(2,401000) 11112222", , , addl %eax, (%ebx)
        CROSS   "xchg", "#PF(2,401000) 11112222", , , xchgl %eax, (%ebx)
        CROSS   "cmpxchg8b", "#PF(2,401000) 11112222", , , cmpxchg8b -4(%ebx)
        CROSS   "far pointer", "#PF(0,401000) 11112222", , , lfs (%ebx), %eax
        CROSS   "movsl", "#PF(0,401000) 11112222", , , movsl
        CROSS   "fldt", "#PF(0,401000) 11112222", , , fldt (%ebx)
        CROSS   "fstpt", "#PF(2,401000) 11112222", "fninit", "fld1", fstpt (%ebx)
        CROSS   "fnstenv", "#PF(2,401000) 11112222", , , fnstenv (%ebx)
        CROSS   "lgdt", "#PF(0,401000) 11112222", , , lgdtl (%ebx)
        CROSS   "bound", "#PF(0,401000) 11112222", , , boundl %eax, -2(%ebx)
T "the next page absent: push, level 3", "#PF(6,401000) 401002 0"
        movl    $0, PAGE_PHYS + 0xffc
        PAGING
        SET_PTE 0, PTE1
        USER_PAGED
        movl    $-1, %eax
        movl    $PAGES_AT + 0x1002, %esp
7:      pushl   %eax
A
        V       f_esp, PAGES_AT+0xffc
E
T "the first page absent: read", "#PF(0,400ffe)"
        PAGING
        SET_PTE 0
7:      movl    PAGES_AT + 0xffe, %eax
E
T "the first page absent: write", "#PF(2,400ffe)"
        PAGING
        SET_PTE 0
7:      movl    %eax, PAGES_AT + 0xffe
E
T "both pages absent: write", "#PF(2,400ffe)"
        PAGING
        SET_PTE 0
        SET_PTE 0, PTE1
7:      movl    %eax, PAGES_AT + 0xffe
E
T "the next page read-only, level 3: write", "#PF(7,401000) 11112222"
        movl    $0x11112222, PAGE_PHYS + 0xffc
        PAGING
        SET_PTE PHYS1 | PG_P | PG_U, PTE1
        USER_PAGED
7:      movl    %eax, PAGES_AT + 0xffe
A
        V       PAGES_AT+0xffc
E
T "the next page of level 0, level 3: read", "#PF(5,401000)"
        PAGING
        SET_PTE PHYS1 | PG_P | PG_W, PTE1
        USER_PAGED
7:      movl    PAGES_AT + 0xffe, %eax
E
T "pages that are apart in memory", "44443333 55552222 66667777 77775555 88882222 66669999"
        movl    $0x33332222, PAGE_PHYS + 0xffc
        movl    $0x66664444, PAGE_PHYS + 0x5000
        PAGING
        SET_PTE PAGE_PHYS + 0x5000 | PWU, PTE1
        V       PAGES_AT+0xffe
        movl    $0x77775555, %eax
        movl    %eax, PAGES_AT + 0xffe
        V       PAGES_AT+0xffc, PAGES_AT+0x1000
        movl    $0x99998888, %eax
        xchgl   %eax, PAGES_AT + 0xffe
        V       %eax, PAGES_AT+0xffc, PAGES_AT+0x1000
E
T "an insn over two pages, the next absent", "#PF(0,401000) 400ffd"
        movl    $0, shows_place
        movb    $0xb8, PAGE_PHYS + 0xffd
        PAGING
        SET_PTE 0, PTE1
        ljmp    $KCS, $PAGES_AT + 0xffd
A
        V       f_eip
E
T "an insn over two pages that are apart", "55332211"
        movl    $0x2211b8 << 8, PAGE_PHYS + 0xffc
        movl    $0xc35533, PAGE_PHYS + 0x5000
        PAGING
        SET_PTE PAGE_PHYS + 0x5000 | PWU, PTE1
        movl    $PAGES_AT + 0xffd, %ebx
        call    *%ebx
        V       %eax
E
T "an insn that ends with its page does not touch the next", "1"
        movl    $0xc3409090, PAGE_PHYS + 0xffc
        PAGING
        SET_PTE 0, PTE1
        movl    $PAGES_AT + 0xffc, %ebx
        xorl    %eax, %eax
        call    *%ebx
        V       %eax
E
T "runs into an absent page", "#PF(0,401000) 401000 2"
        movl    $0x90404090, PAGE_PHYS + 0xffc
        movl    $0, shows_place
        PAGING
        SET_PTE 0, PTE1
        xorl    %eax, %eax
        ljmp    $KCS, $PAGES_AT + 0xffc
A
        V       f_eip, f_eax
E

/* ======== a fault leaves registers as they were */
T "pushal into an absent page, level 3", "#PF(6,400ffc) 401010"
        PAGING
        SET_PTE 0
        USER_PAGED
        movl    $PAGES_AT + 0x1010, %esp
7:      pushal
A
        V       f_esp
E
T "popal out of an absent page leaves all, level 3", "#PF(4,401000) 77 400ff0"
        PAGING
        SET_PTE 0, PTE1
        USER_PAGED
        movl    $0x77, %edi
        movl    $PAGES_AT + 0xff0, %esp
7:      popal
A
        V       f_edi, f_esp
E
T "enter whose frame is absent leaves EBP, level 3", "#PF(6,400f04) 77 401008"
        PAGING
        SET_PTE 0
        USER_PAGED
        movl    $0x77, %ebp
        movl    $PAGES_AT + 0x1008, %esp
7:      enter   $0x100, $0
A
        V       f_ebp, f_esp
E
T "xadd to an absent page leaves the register", "#PF(2,420000) 55"
        PAGING
        movl    $0x55, %eax
7:      xaddl   %eax, NOWHERE
A
        V       f_eax
E
T "cmpxchg to an absent page leaves EAX and ZF", "#PF(2,420000) 55 0"
        PAGING
        movl    $0x55, %eax
7:      cmpxchgl %ecx, NOWHERE
A
        V       f_eax
        MASKED  f_eflags, ZF
E
T "shl of an absent page leaves the flags", "#PF(2,420000) 45"
        PAGING
        xorl    %eax, %eax
        stc
7:      shll    $1, NOWHERE
A
        MASKED  f_eflags, 0x8d5-0x10
E
T "pop to an absent page leaves ESP", "#PF(2,420000) 23ffc"
        PAGING
        pushl   $1
7:      popl    NOWHERE
A
        V       f_esp
E
T "call through an absent page leaves ESP", "#PF(0,420000) 24000"
        PAGING
7:      call    *NOWHERE
A
        V       f_esp
E
T "call to an absent page has happened", "#PF(0,420000) 420000 23ffc"
        movl    $0, shows_place
        PAGING
        movl    $NOWHERE, %eax
        call    *%eax
A
        V       f_eip, f_esp
E
T "leave from an absent page leaves EBP and ESP", "#PF(0,420000) 420000 24000"
        PAGING
        movl    $NOWHERE, %ebp
7:      leave
A
        V       f_ebp, f_esp
E
T "a far return by an absent page leaves all, level 3", "#PF(4,401000) a3 400ffc"
        PAGING
        SET_PTE 0, PTE1
        USER_PAGED
        movl    $PAGES_AT + 0xffc, %esp
7:      lret
A
        V       f_cs, f_esp
E

/* ======== translations that are to be forgotten */
T "invlpg: another page", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        PAGING
        V       PAGES_AT
        movl    $PHYS1 | PWU, PTE
        invlpg  PAGES_AT + 0x123
        V       PAGES_AT
E
T "CR3: another page", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        PAGING
        V       PAGES_AT
        SET_PTE PHYS1 | PWU
        V       PAGES_AT
E
T "CR3: another directory", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        PAGING
        V       PAGES_AT
        movl    $PAGE_DIR, %esi
        movl    $PAGE_DIR + 0x4000, %edi
        movl    $0x400, %ecx
        rep movsl
        movl    $PAGE_DIR + 0x5000 | PWU, PAGE_DIR + 0x4004
        movl    $PHYS1 | PWU, PAGE_DIR + 0x5000
        movl    $PAGE_DIR + 0x4000, %eax
        movl    %eax, %cr3
        V       PAGES_AT
E
T "a global page: invlpg forgets it", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        WRITE_CR4 CR4_PGE
        PAGING
        SET_PTE PAGE_PHYS | PWU | PG_G
        V       PAGES_AT
        movl    $PHYS1 | PWU | PG_G, PTE
        invlpg  PAGES_AT
        V       PAGES_AT
E
T "a global page: changing CR4.PGE forgets it", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        WRITE_CR4 CR4_PGE
        PAGING
        SET_PTE PAGE_PHYS | PWU | PG_G
        V       PAGES_AT
        movl    $PHYS1 | PWU | PG_G, PTE
        WRITE_CR4 0
        V       PAGES_AT
E
T "a page that is not global is forgotten by CR3 with PGE", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        WRITE_CR4 CR4_PGE
        PAGING
        SET_PTE PAGE_PHYS | PWU
        V       PAGES_AT
        SET_PTE PHYS1 | PWU
        V       PAGES_AT
E
T "paging off and on", "1111 2222"
        movl    $0x1111, PAGE_PHYS
        movl    $0x2222, PHYS1
        PAGING
        V       PAGES_AT
        WRITE_CR0 0
        movl    $PHYS1 | PWU, PTE
        WRITE_CR0 CR0_PG
        V       PAGES_AT
E
T "an absent page that comes", "#PF(0,420000) 7777"
        movl    $0x7777, PAGE_PHYS
        PAGING
7:      movl    NOWHERE, %eax
A
        movl    $PAGE_PHYS | PWU, PT_PAGES + 0x80
        V       NOWHERE
E
T "CR3 keeps PWT and PCD", "100018"
        PAGING
        movl    $PAGE_DIR | 0x18, %eax
        movl    %eax, %cr3
        movl    %cr3, %ebx
        V       %ebx
E
T "two linear pages of one page: data", "1234"
        PAGING
        SET_PTE PAGE_PHYS | PWU, PTE1
        movl    $0x1234, PAGES_AT + 8
        V       PAGES_AT+0x1008
E
T "two linear pages of one page: code that is rewritten", "1 2"
        movl    $0x000001b8, PAGE_PHYS
        movw    $0xc300, PAGE_PHYS + 4
        PAGING
        SET_PTE PAGE_PHYS | PWU, PTE1
        movl    $PAGES_AT, %ebx
        call    *%ebx
        V       %eax
        movb    $2, PAGES_AT + 0x1001
        call    *%ebx
        V       %eax
E
T "one linear page, two pages of code", "1 2 1"
        movl    $0x000001b8, PAGE_PHYS
        movw    $0xc300, PAGE_PHYS + 4
        movl    $0x000002b8, PHYS1
        movw    $0xc300, PHYS1 + 4
        PAGING
        movl    $PAGES_AT, %ebx
        call    *%ebx
        V       %eax
        SET_PTE PHYS1 | PWU
        call    *%ebx
        V       %eax
        SET_PTE PAGE_PHYS | PWU
        call    *%ebx
        V       %eax
E

/* ======== pages of 4 MiB */
T "4 MiB: read and write", "1234 abcd"
        movl    $0x1234, 0x401000
        PAGING
        WRITE_CR4 CR4_PSE
        SET_PTE 0x400000 | PG_PS | PWU, PDE
        V       PAGES_AT+0x1000
        movl    $0xabcd, PAGES_AT + 0x3ffffc
        WRITE_CR0 0
        V       0x7ffffc
E
T "4 MiB: A and D", "20 60"
        PAGING
        WRITE_CR4 CR4_PSE
        SET_PTE 0x400000 | PG_PS | PWU, PDE
        movl    PAGES_AT, %eax
        SHOW_AD PDE
        movl    %eax, PAGES_AT
        SHOW_AD PDE
E
T "4 MiB: permissions", ".5.7..57"
        PAGING
        WRITE_CR4 CR4_PSE
        call    probe_on
        SET_PTE 0x400000 | PG_PS | PG_P | PG_W, PDE
        PROBE   READ
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE
        PROBE   WRITE, PAGES_AT, 3
        SET_PTE 0x400000 | PG_PS | PG_P | PG_U, PDE
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE
        SET_PTE 0x400000 | PG_PS | PG_P, PDE
        PROBE   READ, PAGES_AT, 3
        PROBE   WRITE, PAGES_AT, 3
E
T "4 MiB: bit 21 is reserved", "9"
        PAGING
        WRITE_CR4 CR4_PSE
        call    probe_on
        SET_PTE 0x600000 | PG_PS | PWU, PDE
        PROBE   READ
E
T "4 MiB: bit 21 of an absent one is not looked at", "0"
        PAGING
        WRITE_CR4 CR4_PSE
        call    probe_on
        SET_PTE 0x600000 | PG_PS | PG_W | PG_U, PDE
        PROBE   READ
E
T "without CR4.PSE bit 7 of a directory entry means nothing", "1234"
        movl    $0x1234, PAGE_PHYS
        PAGING
        SET_PTE PT_PAGES | PG_PS | PWU, PDE
        V       PAGES_AT
E
T "4 MiB: next to a table", "12345678"
        movl    $0x5678ffff, 0x7ffffc   /* the last of the large page, the first of what is at 8 MiB */
        movw    $0x1234, 0
        PAGING
        WRITE_CR4 CR4_PSE
        SET_PTE 0x400000 | PG_PS | PWU, PDE
        V       PAGES_AT+0x3ffffe
        movl    $REAL_STUBS, 0
E
        jmp     all_done

/* From the parameter in EAX: CR0.WP, CR4.SMAP, CR4.SMEP; the flags for the probes in DATA. Changes EAX and EBX. */
set_controls:
        movl    $2, DATA
        testb   $C_AC, %al
        jz      1f
        orl     $AC, DATA
1:      xorl    %ebx, %ebx
        testb   $C_SMAP, %al
        jz      1f
        orl     $CR4_SMAP, %ebx
1:      testb   $C_SMEP, %al
        jz      1f
        orl     $CR4_SMEP, %ebx
1:      movl    %ebx, %cr4
        testb   $C_WP, %al
        jz      1f
        movl    %cr0, %eax
        orl     $CR0_WP, %eax
        movl    %eax, %cr0
1:      ret
