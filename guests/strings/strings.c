/*
 * memcpy, memset, memcmp, memchr, strlen and strchr, twice: with the string insns (rep movs, rep stos, repe cmps,
 * repne scas, lods) and as plain byte loops. Both must agree; a line of totals is printed for each.
 */
#include "guest.h"

#define SIZE 65536
#define ROUNDS 60

static char from[SIZE], to[SIZE];

struct functions {
    const char *name;
    void (*copy)(char *to, const char *from, size_t count);
    void (*fill)(char *to, char c, size_t count);
    /* The first place where a and b differ, or count. */
    size_t (*differ)(const char *a, const char *b, size_t count);
    /* The first place of c, or count. */
    size_t (*find)(const char *s, char c, size_t count);
    size_t (*length)(const char *s);
    uint32_t (*sum)(const char *s, size_t count);
};

static void rep_copy(char *to, const char *from, size_t count)
{
    size_t words = count / 4;
    size_t rest = count % 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

static void rep_fill(char *to, char c, size_t count)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(c) : "memory");
}

static size_t rep_differ(const char *a, const char *b, size_t count)
{
    size_t left = count;
    char is_equal;
    /* The compare sets ZF for a count of 0. */
    __asm__ volatile("cmpl %%eax, %%eax\n\trepe cmpsb\n\tsete %0"
                     : "=q"(is_equal), "+S"(a), "+D"(b), "+c"(left) : : "cc", "memory");
    return is_equal ? count : count - left - 1;
}

static size_t rep_find(const char *s, char c, size_t count)
{
    size_t left = count;
    char is_found;
    /* The test clears ZF for a count of 0. */
    __asm__ volatile("testl %%esp, %%esp\n\trepne scasb\n\tsete %0"
                     : "=q"(is_found), "+D"(s), "+c"(left) : "a"(c) : "cc", "memory");
    return is_found ? count - left - 1 : count;
}

static size_t rep_length(const char *s)
{
    size_t left = (size_t)-1;
    __asm__ volatile("repne scasb" : "+D"(s), "+c"(left) : "a"(0) : "cc", "memory");
    return (size_t)-2 - left;
}

static uint32_t lods_sum(const char *s, size_t count)
{
    uint32_t sum = 0;
    while (count--) {
        uint8_t c;
        __asm__ volatile("lodsb" : "=a"(c), "+S"(s) : : "memory");
        sum += c;
    }
    return sum;
}

static void loop_copy(char *to, const char *from, size_t count)
{
    while (count--)
        *to++ = *from++;
}

static void loop_fill(char *to, char c, size_t count)
{
    while (count--)
        *to++ = c;
}

static size_t loop_differ(const char *a, const char *b, size_t count)
{
    size_t i = 0;
    while (i < count && a[i] == b[i])
        i++;
    return i;
}

static size_t loop_find(const char *s, char c, size_t count)
{
    size_t i = 0;
    while (i < count && s[i] != c)
        i++;
    return i;
}

static size_t loop_length(const char *s)
{
    size_t i = 0;
    while (s[i])
        i++;
    return i;
}

static uint32_t loop_sum(const char *s, size_t count)
{
    uint32_t sum = 0;
    while (count--)
        sum += (uint8_t)*s++;
    return sum;
}

static const struct functions by_insns = {
    "string insns", rep_copy, rep_fill, rep_differ, rep_find, rep_length, lods_sum,
};
static const struct functions by_loops = {
    "byte loops", loop_copy, loop_fill, loop_differ, loop_find, loop_length, loop_sum,
};

static void work(const struct functions *f)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < SIZE; i++)
        from[i] = (char)(1 + i * 7 % 251);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        /* Odd places and lengths, another each time. */
        uint32_t start = round * 13;
        uint32_t count = SIZE - 1000 - round * 17;

        f->copy(to + start, from, count);
        to[start + count] = 0;
        sum = sum * 31 + f->length(to + start);
        sum = sum * 31 + f->sum(to, SIZE);
        to[start + count / 2] ^= 1;
        sum = sum * 31 + f->differ(to + start, from, count);
        sum = sum * 31 + f->differ(to + start, from, 0);
        f->fill(to + start, 'x', count);
        to[start + count - round] = 'y';
        sum = sum * 31 + f->find(to, 'y', SIZE);
        sum = sum * 31 + f->find(to, 'z', SIZE);

        /* Many short strings: what most programs do. */
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t length = i % 23;
            f->copy(to, from + i, length);
            to[length] = 0;
            sum = sum * 31 + f->length(to);
        }
    }
    put_line_hex32(f->name, sum);
}

int main(void)
{
    work(&by_insns);
    work(&by_loops);
    return 0;
}
