/*
 * Page faults in the middle: repeated string insns that run into a page, with the registers as of the fault (SDM 2B REP), and
 * operands of every unit over two pages of which the second refuses.
 */
        .include "kernel.inc"
        .include "kernel/paging.inc"

        .set    SECOND, PAGES_AT + 0x1000
        .set    THIRD, PAGES_AT + 0x2000
        .set    APART, PAGES_AT + 0x8000
        .set    PTE1, PTE + 4           /* of the second page: what it may be */
        .set    PHYS1, PAGE_PHYS + 0x1000
        .set    NONE, 0
        .set    READ_ONLY, PHYS1 | PG_P | PG_U
        .set    PRIVATE, PHYS1 | PG_P | PG_W

        .macro  SECOND_PAGE value
        movl    $\value, PTE1
        movl    %cr3, %eax
        movl    %eax, %cr3
        .endm
/* Reports ECX, and how far ESI and EDI have moved. */
        .macro  MOVED si, di
        subl    $\si, f_esi
        subl    $\di, f_edi
        V       f_ecx, f_esi, f_edi
        .endm
        .macro  STRING_CASE name, result, page, si, di, count, first, insn:vararg
T "\name", "\result"
        PAGING
        SECOND_PAGE \page
        movl    $\si, %esi
        movl    $\di, %edi
        movl    $\count, %ecx
        \first
7:      \insn
8:      STOP
A
        MOVED   \si, \di
E
        .endm

checks:
/* ======== upwards */
        STRING_CASE "rep stosb into an absent page", "#PF(2,401000) 3 0 5", NONE, 0, SECOND-5, 8, , rep stosb
        STRING_CASE "rep stosw into an absent page", "#PF(2,401000) 3 0 a", NONE, 0, SECOND-10, 8, , rep stosw
        STRING_CASE "rep stosl into an absent page", "#PF(2,401000) 3 0 14", NONE, 0, SECOND-20, 8, , rep stosl
        STRING_CASE "rep movsb into an absent page", "#PF(2,401000) 3 5 5", NONE, APART, SECOND-5, 8, , rep movsb
        STRING_CASE "rep movsl into an absent page", "#PF(2,401000) 3 14 14", NONE, APART, SECOND-20, 8, , rep movsl
        STRING_CASE "rep movsb out of an absent page", "#PF(0,401000) 3 5 5", NONE, SECOND-5, APART, 8, , rep movsb
        STRING_CASE "rep movsl out of an absent page", "#PF(0,401000) 3 14 14", NONE, SECOND-20, APART, 8, , rep movsl
        STRING_CASE "rep movsb, the source comes to it first", "#PF(0,401000) 6 2 2", NONE, SECOND-2, SECOND-3, 8, , rep movsb
        STRING_CASE "rep movsb, the destination comes to it first", "#PF(2,401000) 6 2 2", NONE, SECOND-3, SECOND-2, 8, , rep movsb
        STRING_CASE "rep movsb, both at once: the source", "#PF(0,401000) 6 2 2", NONE, SECOND-2, SECOND-2, 8, , rep movsb
        STRING_CASE "rep lodsb", "#PF(0,401000) 3 5 0", NONE, SECOND-5, 0, 8, , rep lodsb
        STRING_CASE "rep lodsl", "#PF(0,401000) 3 14 0", NONE, SECOND-20, 0, 8, , rep lodsl
        STRING_CASE "repe scasb", "#PF(0,401000) 3 0 5", NONE, 0, SECOND-5, 8, "xorl %eax, %eax", repe scasb
        STRING_CASE "repne scasl", "#PF(0,401000) 3 0 14", NONE, 0, SECOND-20, 8, "movl $1, %eax", repne scasl
        STRING_CASE "repe cmpsb, the second operand", "#PF(0,401000) 3 5 5", NONE, APART, SECOND-5, 8, , repe cmpsb
        STRING_CASE "repe cmpsb, the first operand", "#PF(0,401000) 3 5 5", NONE, SECOND-5, APART, 8, , repe cmpsb
        STRING_CASE "repe cmpsl", "#PF(0,401000) 3 14 14", NONE, SECOND-20, APART, 8, , repe cmpsl
        STRING_CASE "rep outsb", "#PF(0,401000) 3 5 0", NONE, SECOND-5, 0, 8, "movl $0x80, %edx", rep outsb
        STRING_CASE "rep insb", "#PF(2,401000) 3 0 5", NONE, 0, SECOND-5, 8, "movl $0x80, %edx", rep insb
        STRING_CASE "rep stosb that ends with its page", "0 0 5", NONE, 0, SECOND-5, 5, , rep stosb
        STRING_CASE "rep stosb of count 0 in an absent page", "0 0 0", NONE, 0, SECOND, 0, , rep stosb
        STRING_CASE "rep stosb that begins in an absent page", "#PF(2,401007) 8 0 0", NONE, 0, SECOND+7, 8, , rep stosb

/* ======== an element over both pages is not stored at all */
        STRING_CASE "rep stosl, an element over both pages", "#PF(2,401000) 3 0 4", NONE, 0, SECOND-6, 4, , rep stosl
        STRING_CASE "rep movsl, an element over both pages", "#PF(2,401000) 3 4 4", NONE, APART, SECOND-7, 4, , rep movsl
        STRING_CASE "rep movsl from over both pages", "#PF(0,401000) 3 4 4", NONE, SECOND-5, APART, 4, , rep movsl
T "rep stosw, an element over both pages: memory", "#PF(2,401000) 11443344"
        movl    $0x11223344, PAGE_PHYS + 0xffc
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - 5, %edi
        movl    $4, %ecx
        movl    $0x4433, %eax
7:      rep stosw
A
        V       SECOND-4
E

/* ======== downwards, into the page below */
        STRING_CASE "std, rep stosb", "#PF(2,401fff) 5 0 fffffffd", NONE, 0, THIRD+2, 8, std, rep stosb
        STRING_CASE "std, rep stosw", "#PF(2,401ffe) 5 0 fffffffa", NONE, 0, THIRD+4, 8, std, rep stosw
        STRING_CASE "std, rep stosl", "#PF(2,401ffc) 5 0 fffffff4", NONE, 0, THIRD+8, 8, std, rep stosl
        STRING_CASE "std, rep movsl into it", "#PF(2,401ffc) 5 fffffff4 fffffff4", NONE, APART+0x100, THIRD+8, 8, std, rep movsl
        STRING_CASE "std, rep movsb out of it", "#PF(0,401fff) 5 fffffffd fffffffd", NONE, THIRD+2, APART+0x100, 8, std, rep movsb
        STRING_CASE "std, rep lodsl", "#PF(0,401ffc) 5 fffffff4 0", NONE, THIRD+8, 0, 8, std, rep lodsl
        STRING_CASE "std, repe cmpsb", "#PF(0,401fff) 5 fffffffd fffffffd", NONE, APART+0x100, THIRD+2, 8, std, repe cmpsb
        STRING_CASE "std, rep stosl, an element over both pages", "#PF(2,401ffe) 5 0 fffffff4", NONE, 0, THIRD+10, 8, std, rep stosl

/* ======== at level 3 */
        STRING_CASE "level 3, read-only: rep stosb", "#PF(7,401000) 3 0 5", READ_ONLY, 0, SECOND-5, 8, USER_PAGED, rep stosb
        STRING_CASE "level 3, read-only: rep movsl into it", "#PF(7,401000) 3 14 14", READ_ONLY, APART, SECOND-20, 8, USER_PAGED, rep movsl
        STRING_CASE "level 3, read-only: rep movsl out of it", "0 20 20", READ_ONLY, SECOND-20, APART, 8, USER_PAGED, rep movsl
        STRING_CASE "level 3, a page of level 0: rep lodsb", "#PF(5,401000) 3 5 0", PRIVATE, SECOND-5, 0, 8, USER_PAGED, rep lodsb
        STRING_CASE "level 3, a page of level 0: rep stosl", "#PF(7,401000) 3 0 14", PRIVATE, 0, SECOND-20, 8, USER_PAGED, rep stosl
        STRING_CASE "level 3, absent: rep stosl", "#PF(6,401000) 3 0 14", NONE, 0, SECOND-20, 8, USER_PAGED, rep stosl
        STRING_CASE "level 0 with WP, read-only: rep stosb", "#PF(3,401000) 3 0 5", READ_ONLY, 0, SECOND-5, 8, "call set_wp", rep stosb
        STRING_CASE "level 0 without WP, read-only: rep stosb", "0 0 8", READ_ONLY, 0, SECOND-5, 8, , rep stosb

/* ======== other registers, and flags */
T "rep lodsl: EAX is the last that came", "#PF(0,401000) 33334444"
        movl    $0x11112222, PAGE_PHYS + 0xff8
        movl    $0x33334444, PAGE_PHYS + 0xffc
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - 8, %esi
        movl    $4, %ecx
7:      rep lodsl
A
        V       f_eax
E
T "repe cmpsb: the flags are those of before", "#PF(0,401000) 895"
        movl    $0, PAGE_PHYS + 0xff8
        movl    $0, PAGE_PHYS + 0xffc
        movl    $0, PAGE_PHYS + 0x8000
        movl    $0, PAGE_PHYS + 0x8004
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - 5, %esi
        movl    $APART, %edi
        movl    $8, %ecx
        pushl   $0x897
        popfl
7:      repe cmpsb
A
        MASKED  f_eflags, 0x8d5
E
T "repne scasl: the flags are those of before", "#PF(0,401000) 44"
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - 8, %edi
        movl    $8, %ecx
        movl    $1, %eax
        pushl   $0x46
        popfl
7:      repne scasl
A
        MASKED  f_eflags, 0x8d5
E
T "16-bit addresses: the upper halves stay", "#PF(2,401000) 56780004 abcd0010"
        GDESC   S0, SECOND-0x10, 0xffff, DATA_RW
        PAGING
        SECOND_PAGE NONE
        movl    $S0, %eax
        movw    %ax, %es
        movl    $0xabcd0008, %edi
        movl    $0x5678000c, %ecx
7:      addr16 rep stosb
A
        V       f_ecx, f_edi
E
T "RF is pushed as 1", "#PF(2,401000) 10000"
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - 8, %edi
        movl    $8, %ecx
7:      rep stosl
A
        MASKED  f_eflags, RF
E
T "it goes on when the page comes", "1 0 10 77777777"
        PAGING
        SECOND_PAGE NONE
        movl    $0, DATA
        INTGATE 14, KCS, bring_page, INT32
        movl    $SECOND - 8, %edi
        movl    $4, %ecx
        movl    $0x77777777, %eax
        rep stosl
        subl    $SECOND - 8, %edi
        V       DATA, %ecx, %edi, SECOND+4
E

/* ======== operands over two pages, the second absent; memory, EBX and the x87 unit stay as they were */
        .macro  OVER name, result, bytes, insn:vararg
T "over two pages: \name", "\result 11112222 3800"
        movl    $0x11112222, PAGE_PHYS + 0xffc
        movl    $0x600, %eax            /* OSFXSR, OSXMMEXCPT */
        movl    %eax, %cr4
        PAGING
        SECOND_PAGE NONE
        fninit
        fld1
        movl    $-1, %eax
        movl    $SECOND - (\bytes), %ebx
7:      \insn
8:      STOP
A
        V       PAGES_AT+0xffc
        fnstsw  %ax
        W       %eax
E
        .endm
        .macro  READS bytes, insn:vararg
        OVER    "\insn", "#PF(0,401000)", \bytes, \insn
        .endm
        .macro  WRITES bytes, insn:vararg
        OVER    "\insn", "#PF(2,401000)", \bytes, \insn
        .endm
        READS   1, movw (%ebx), %cx
        READS   3, movl (%ebx), %ecx
        READS   1, movzwl (%ebx), %ecx
        READS   2, cmpl %eax, (%ebx)
        READS   2, imull (%ebx), %ecx
        READS   2, pushl (%ebx)
        READS   2, jmp *(%ebx)
        READS   2, call *(%ebx)
        READS   2, btl $5, (%ebx)
        READS   1, movw (%ebx), %es
        READS   1, verr (%ebx)
        READS   2, flds (%ebx)
        READS   4, fldl (%ebx)
        READS   4, fildll (%ebx)
        READS   9, fldt (%ebx)
        READS   2, fbld (%ebx)
        READS   4, faddl (%ebx)
        READS   4, fldenv (%ebx)
        READS   4, frstor (%ebx)
        READS   1, fldcw (%ebx)
        READS   4, movq (%ebx), %mm0
        READS   2, movd (%ebx), %mm0
        READS   4, paddb (%ebx), %mm0
        READS   2, movss (%ebx), %xmm0
        READS   4, movsd (%ebx), %xmm0
        READS   4, movups (%ebx), %xmm0
        READS   15, movdqu (%ebx), %xmm0
        READS   4, movlps (%ebx), %xmm0
        READS   4, movhpd (%ebx), %xmm0
        READS   4, addsd (%ebx), %xmm0
        READS   4, cvtps2pd (%ebx), %xmm0
        READS   2, cvtsi2sdl (%ebx), %xmm0
        READS   2, ldmxcsr (%ebx)
        READS   16, fxrstor (%ebx)
        WRITES  1, movw %ax, (%ebx)
        WRITES  1, movl %eax, (%ebx)
        WRITES  3, movl $5, (%ebx)
        WRITES  2, incl (%ebx)
        WRITES  2, notl (%ebx)
        WRITES  2, shll $3, (%ebx)
        WRITES  2, shldl $3, %eax, (%ebx)
        WRITES  2, btsl $5, (%ebx)
        WRITES  2, xaddl %eax, (%ebx)
        WRITES  2, lock decl (%ebx)
        WRITES  1, movw %ds, (%ebx)
        WRITES  2, popl (%ebx)
        WRITES  2, movntil %eax, (%ebx)
        WRITES  2, fsts (%ebx)
        WRITES  2, fstps (%ebx)
        WRITES  4, fstl (%ebx)
        WRITES  4, fstpl (%ebx)
        WRITES  8, fstpt (%ebx)
        WRITES  4, fistpll (%ebx)
        WRITES  4, fisttpll (%ebx)
        WRITES  4, fbstp (%ebx)
        WRITES  1, fnstcw (%ebx)
        WRITES  1, fnstsw (%ebx)
        WRITES  4, movq %mm0, (%ebx)
        WRITES  4, movntq %mm0, (%ebx)
        WRITES  2, movss %xmm0, (%ebx)
        WRITES  4, movsd %xmm0, (%ebx)
        WRITES  4, movups %xmm0, (%ebx)
        WRITES  15, movdqu %xmm0, (%ebx)
        WRITES  4, movhps %xmm0, (%ebx)
        WRITES  4, movlpd %xmm0, (%ebx)
        WRITES  2, stmxcsr (%ebx)

/* What is stored of long images in front of the fault is not defined: the x87 unit must be as it was. */
        .macro  IMAGE insn:vararg
T "over two pages: \insn", "#PF(2,401000) 3800"
        movl    $0x600, %eax
        movl    %eax, %cr4
        PAGING
        SECOND_PAGE NONE
        fninit
        fld1
        movl    $SECOND - 16, %ebx
7:      \insn
A
        fnstsw  %ax
        W       %eax
E
        .endm
        IMAGE   fnstenv (%ebx)
        IMAGE   fnsave (%ebx)
        IMAGE   fxsave (%ebx)
        .macro  TABLE bytes, insn
T "over two pages: \insn", "#PF(2,401000)"
        PAGING
        SECOND_PAGE NONE
        movl    $SECOND - \bytes, %ebx
7:      \insn  (%ebx)
E
        .endm
        TABLE   4, sgdtl
        TABLE   2, sidtl
        jmp     all_done

set_wp: pushl   %eax
        movl    %cr0, %eax
        orl     $CR0_WP, %eax
        movl    %eax, %cr0
        popl    %eax
        ret

/* Makes the second page present. */
bring_page:
        incl    DATA
        movl    $PHYS1 | PWU, PTE1
        invlpg  SECOND
        addl    $4, %esp
        iretl
