/*
 * A boot sector that starts a guest image on a PC the way `tcgjs run` does: loads it from the sectors behind its own,
 * enters real mode or flat 32-bit protected mode, clears the registers and jumps. make-disk.mjs fills in the last
 * words of the sector and joins it with the image.
 *
 * The BIOS puts this at 0x7c00, where the image may have to go; so it moves to 0x80000 first and reads to below
 * that: an image may take 508 KiB, loaded at 0x1000.
 */
        .include "lib/qemu/enter.inc"

        .code16
        .section .text.start, "ax"
        .globl  _start

        .set    HOME, 0x8000            /* the segment to move to */
        .set    CHUNK, 64               /* sectors to read at a time */

_start:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        movw    %sp, %si
        movw    $HOME, %ax
        movw    %ax, %es
        xorw    %di, %di
        movw    $256, %cx
        rep movsw
        ljmp    $HOME, $(moved - _start)

moved:
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0xfff0, %sp            /* a stack above the code */

        movw    load - _start, %ax      /* the load address as a segment: it is a multiple of 16 */
        movw    load - _start + 2, %dx
        movw    $16, %cx
        divw    %cx
        movw    %ax, packet_segment - _start
read:
        movw    sectors - _start, %ax
        testw   %ax, %ax
        jz      loaded
        cmpw    $CHUNK, %ax
        jbe     1f
        movw    $CHUNK, %ax
1:      movw    %ax, packet_count - _start
        subw    %ax, sectors - _start
        movw    $packet - _start, %si
        movb    $0x42, %ah              /* extended read, first hard disk */
        movb    $0x80, %dl
        sti
        int     $0x13
        cli
        jc      failed
        movw    packet_count - _start, %ax
        addw    %ax, packet_sector - _start
        shlw    $5, %ax                 /* 512 bytes are 32 paragraphs */
        addw    %ax, packet_segment - _start
        jmp     read
failed:
        hlt
        jmp     failed

loaded:
        enter   HOME

/* A disk address packet of INT 13h function 42h: what to read and where to. */
packet: .byte   16, 0
packet_count:
        .word   0
        .word   0                       /* offset */
packet_segment:
        .word   0
packet_sector:
        .quad   1

/* Filled in by make-disk.mjs. */
        .org    0x1f4
load:   .long   0
sectors:
        .word   0
bits:   .byte   0
paged:  .byte   0
        .org    0x1fe
        .word   0xaa55

        .section .note.GNU-stack, "", @progbits
