; INT 10h: the screen (IBM VGA XGA Technical Reference). DS is the BDA in all of this.

; Kinds of modes.
VIDEO_TEXT      equ 0
VIDEO_CGA       equ 1                   ; lines in two banks, 1 or 2 bits a pixel
VIDEO_PLANAR    equ 2                   ; four planes, 1 bit of a pixel in each
VIDEO_LINEAR    equ 3                   ; 8 bits a pixel
VIDEO_VBE       equ 4                   ; set by VBE: no characters

SEQUENCER       equ 3c4h
GRAPHICS        equ 3ceh
ATTRIBUTES      equ 3c0h
MISC_OUTPUT     equ 3c2h
DAC_MASK        equ 3c6h
DAC_READ        equ 3c7h
DAC_WRITE       equ 3c8h
DAC_DATA        equ 3c9h
CRTC_START      equ 0ch
CRTC_CURSOR     equ 0eh
CRTC_CURSOR_FORM equ 0ah

VGA_FLAGS       equ 51h                 ; 400 lines, VGA active, the palette is loaded with each mode
VIDEO_CONTROL   equ 60h                 ; 256 KiB, cursor emulation
VIDEO_SWITCHES  equ 0f9h
DCC_VGA_COLOUR  equ 8

video_functions:
        on      00h, set_mode
        on      01h, set_cursor_form
        on      02h, set_cursor
        on      03h, get_cursor
        on      05h, set_page
        on      06h, scroll_up
        on      07h, scroll_down
        on      08h, read_cell
        on      09h, write_cells
        on      0ah, write_characters
        on      0bh, set_cga_palette
        on      0ch, put_pixel
        on      0dh, get_pixel
        on      0eh, teletype
        on      0fh, get_mode
        on      10h, palette_service
        on      11h, font_service
        on      12h, alternate_service
        on      13h, write_string
        on      1ah, display_service
        on      4fh, vbe_service
        otherwise video_nothing

int10:  enter_service
        mov     si, video_functions
        call    dispatch
        leave_service

video_nothing:
        ret

set_up_video:
        mov     byte [bda_video_flags], VGA_FLAGS
        mov     byte [bda_video], VIDEO_CONTROL
        mov     byte [bda_video_sw], VIDEO_SWITCHES
        mov     byte [bda_dcc], DCC_VGA_COLOUR
        mov     word [bda_crtc], 3d4h
        call    find_vbe
        mov     ax, 3
        int     10h
        ret

; What kind of mode is set: AH.
video_kind:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     ah, [ebda_video_kind]
        pop     ds
        ret

; AL index, AH value: registers with an index port at DX and their data behind it.
%macro outw 2
        mov     dx, %1
        mov     ax, %2
        out     dx, ax
%endmacro

; 0fh: AH columns, AL mode, BH page.
get_mode:
        mov     al, [bda_video]
        and     al, 80h
        or      al, [bda_mode]
        mov     ah, [bda_columns]
        mov     [bp + frame.eax], ax
        mov     al, [bda_page]
        mov     [bp + frame.ebx + 1], al
        ret

; 1ah: AL 0 reads, 1 sets which displays there are.
display_service:
        cmp     al, 1
        ja      video_nothing
        je      .set
        mov     al, [bda_dcc]
        xor     ah, ah
        mov     [bp + frame.ebx], ax
        jmp     .done
.set:   mov     [bda_dcc], bl
.done:  mov     byte [bp + frame.eax], 1ah
        ret

; 12h: BL 10h tells of the adapter; 30h text lines, 31h to 36h switches, which are taken as they are.
alternate_service:
        cmp     bl, 10h
        je      .adapter
        cmp     bl, 30h
        jb      video_nothing
        cmp     bl, 36h
        ja      video_nothing
        mov     byte [bp + frame.eax], 12h
        ret
.adapter:
        xor     ax, ax
        cmp     word [bda_crtc], 3d4h
        je      .colour
        inc     ax
.colour:
        mov     ah, 3                   ; BH colour or not, BL 256 KiB
        xchg    al, ah
        mov     [bp + frame.ebx], ax
        mov     word [bp + frame.ecx], VIDEO_SWITCHES & 0fh
        ret
