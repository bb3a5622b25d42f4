/*
 * The system image in a ROM of 128 KiB, as bochs and QEMU start it: from the reset vector into the state in which
 * `tcgjs run --bits 32` enters a guest, without any BIOS. A processor that was reset by a triple fault enters the image
 * that is in memory again.
 */
        .code16
        .text
        .globl  _start
        .set    MAGIC, 0x600df00d
        .set    MAGIC_AT, 0xffc         /* in front of the image; the same number is never there by itself */
_start:
        cli
        cld
        movb    $0xff, %al              /* all interrupts of the PC off */
        outb    %al, $0x21
        outb    %al, $0xa1
        inb     $0x92, %al              /* A20 on */
        orb     $2, %al
        andb    $0xfe, %al
        outb    %al, $0x92
        lgdtl   %cs:gdt_pointer
        movl    %cr0, %eax
        andl    $0x9fffffff, %eax       /* caches on */
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $8, $flat + 0xf0000
        .code32
flat:
        movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        cmpl    $MAGIC, MAGIC_AT
        je      1f
        movl    $MAGIC, MAGIC_AT
        movl    $0xe0000, %esi
        movl    $0x1000, %edi
        movl    0xf0000 + length, %ecx
        rep movsb
1:      xorl    %eax, %eax
        movl    %eax, %ebx
        movl    %eax, %ecx
        movl    %eax, %edx
        movl    %eax, %esi
        movl    %eax, %edi
        movl    %eax, %ebp
        movl    $0x80000, %esp
        pushl   %eax
        popfl
        movl    %eax, %esp
        ljmp    $8, $0x1000

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff
gdt_pointer:
        .word   23
        .long   gdt + 0xf0000
        .globl  length
        .org    0xffe0
length: .long   0                       /* of the image; make-rom fills it in */
        .org    0xfff0
        .code16
        ljmp    $0xf000, $_start
        .org    0x10000

        .section .note.GNU-stack, "", @progbits
