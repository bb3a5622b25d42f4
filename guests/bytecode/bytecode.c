/*
 * An interpreter of a byte code for a stack machine, one switch in a loop: an indirect jump through a table for every
 * byte-code insn, to targets that change all the time. It runs two programs: the greatest common divisors of all
 * pairs of numbers below a limit by Euclid's algorithm, and the longest Collatz sequence that starts below a limit.
 */
#include "guest.h"

enum {
    PUSH,           /* PUSH n: pushes its operand */
    LOAD, STORE,    /* LOAD v, STORE v: pushes, pops variable v */
    ADD, SUB, MUL, DIV, REM, AND,
    LESS,           /* pops b, then a; pushes a < b (unsigned) */
    DUP, SWAP, DROP,
    JUMP,           /* JUMP to */
    JUMP_ZERO,      /* JUMP_ZERO to: pops, jumps if it was 0 */
    CALL, RETURN,   /* CALL to: return addresses have a stack of their own */
    PRINT,          /* pops, prints in decimal with a newline */
    HALT,
};

#define STACK 64
#define VARIABLES 8

/* One byte of opcode, and two of operand, the lower first, where there is one. */
static void run(const uint8_t *code)
{
    uint32_t stack[STACK];
    uint32_t variables[VARIABLES] = { 0 };
    const uint8_t *returns[STACK];
    uint32_t *top = stack - 1;
    const uint8_t **return_top = returns;
    const uint8_t *pc = code;

    for (;;) {
        switch (*pc++) {
        case PUSH:
            *++top = pc[0] | (uint32_t)pc[1] << 8;
            pc += 2;
            break;
        case LOAD:
            *++top = variables[pc[0]];
            pc += 2;
            break;
        case STORE:
            variables[pc[0]] = *top--;
            pc += 2;
            break;
        case ADD:
            top--;
            top[0] += top[1];
            break;
        case SUB:
            top--;
            top[0] -= top[1];
            break;
        case MUL:
            top--;
            top[0] *= top[1];
            break;
        case DIV:
            top--;
            top[0] /= top[1];
            break;
        case REM:
            top--;
            top[0] %= top[1];
            break;
        case AND:
            top--;
            top[0] &= top[1];
            break;
        case LESS:
            top--;
            top[0] = top[0] < top[1];
            break;
        case DUP:
            top++;
            top[0] = top[-1];
            break;
        case SWAP: {
            uint32_t n = top[0];
            top[0] = top[-1];
            top[-1] = n;
            break;
        }
        case DROP:
            top--;
            break;
        case JUMP:
            pc = code + (pc[0] | (uint32_t)pc[1] << 8);
            break;
        case JUMP_ZERO:
            pc = *top-- ? pc + 2 : code + (pc[0] | (uint32_t)pc[1] << 8);
            break;
        case CALL:
            *return_top++ = pc + 2;
            pc = code + (pc[0] | (uint32_t)pc[1] << 8);
            break;
        case RETURN:
            pc = *--return_top;
            break;
        case PRINT:
            put_u32(*top--);
            put_char('\n');
            break;
        case HALT:
            return;
        }
    }
}

/* The assembler: the programs are put together below, insn by insn. */
static uint8_t code[256];
static uint32_t here;

static void op(uint8_t opcode)
{
    code[here++] = opcode;
}

static void op_n(uint8_t opcode, uint32_t operand)
{
    code[here++] = opcode;
    code[here++] = (uint8_t)operand;
    code[here++] = (uint8_t)(operand >> 8);
}

/* A jump to a place not known yet, and the place once it is reached. */
static uint32_t op_ahead(uint8_t opcode)
{
    op_n(opcode, 0);
    return here;
}

static void land(uint32_t jump)
{
    code[jump - 2] = (uint8_t)here;
    code[jump - 1] = (uint8_t)(here >> 8);
}

/* variable++ */
static void op_increment(uint32_t variable)
{
    op_n(LOAD, variable);
    op_n(PUSH, 1);
    op(ADD);
    op_n(STORE, variable);
}

/* for i below limit: for j below limit: sum += gcd(i, j). Prints sum. */
static void assemble_gcd(uint32_t limit)
{
    enum { I, J, SUM };
    here = 0;
    uint32_t start = op_ahead(JUMP);

    uint32_t gcd = here;                            /* a b -- gcd */
    op(DUP);
    uint32_t ready = op_ahead(JUMP_ZERO);
    op(SWAP);                                       /* b a */
    op_n(STORE, 7);
    op(DUP);
    op_n(LOAD, 7);
    op(SWAP);
    op(REM);                                        /* b (a rem b) */
    op_n(JUMP, gcd);
    land(ready);
    op(DROP);
    op(RETURN);

    land(start);
    uint32_t rows = here;
    op_n(PUSH, 0);
    op_n(STORE, J);
    uint32_t columns = here;
    op_n(LOAD, SUM);
    op_n(LOAD, I);
    op_n(LOAD, J);
    op_n(CALL, gcd);
    op(ADD);
    op_n(STORE, SUM);
    op_increment(J);
    op_n(LOAD, J);
    op_n(PUSH, limit);
    op(LESS);
    uint32_t row_done = op_ahead(JUMP_ZERO);
    op_n(JUMP, columns);
    land(row_done);
    op_increment(I);
    op_n(LOAD, I);
    op_n(PUSH, limit);
    op(LESS);
    uint32_t all_done = op_ahead(JUMP_ZERO);
    op_n(JUMP, rows);
    land(all_done);
    op_n(LOAD, SUM);
    op(PRINT);
    op(HALT);
}

/* Of all numbers from 1 to limit - 1, prints the one whose Collatz sequence is longest, and its length. */
static void assemble_collatz(uint32_t limit)
{
    enum { N, BEST, BEST_LENGTH, LENGTH };
    here = 0;
    op_n(PUSH, 1);
    op_n(STORE, N);

    uint32_t numbers = here;
    op_n(PUSH, 1);
    op_n(STORE, LENGTH);
    op_n(LOAD, N);
    uint32_t steps = here;                          /* n */
    op(DUP);
    op_n(PUSH, 1);
    op(SUB);
    uint32_t ended = op_ahead(JUMP_ZERO);
    op_increment(LENGTH);
    op(DUP);
    op_n(PUSH, 1);
    op(AND);
    uint32_t even = op_ahead(JUMP_ZERO);
    op_n(PUSH, 3);
    op(MUL);
    op_n(PUSH, 1);
    op(ADD);
    op_n(JUMP, steps);
    land(even);
    op_n(PUSH, 2);
    op(DIV);
    op_n(JUMP, steps);
    land(ended);
    op(DROP);

    op_n(LOAD, BEST_LENGTH);
    op_n(LOAD, LENGTH);
    op(LESS);
    uint32_t not_longer = op_ahead(JUMP_ZERO);
    op_n(LOAD, LENGTH);
    op_n(STORE, BEST_LENGTH);
    op_n(LOAD, N);
    op_n(STORE, BEST);
    land(not_longer);

    op_increment(N);
    op_n(LOAD, N);
    op_n(PUSH, limit);
    op(LESS);
    uint32_t all_done = op_ahead(JUMP_ZERO);
    op_n(JUMP, numbers);
    land(all_done);
    op_n(LOAD, BEST);
    op(PRINT);
    op_n(LOAD, BEST_LENGTH);
    op(PRINT);
    op(HALT);
}

int main(void)
{
    put_str("sum of gcds below 400: ");
    assemble_gcd(400);
    run(code);
    put_str("longest Collatz sequence below 10000, and its length:\n");
    assemble_collatz(10000);
    run(code);
    return 0;
}
