/*
 * A text, byte by byte: words found by a table of classes, made lower-case, hashed, looked up and counted; then the text
 * searched for words by Horspool's method, and lines cut and compared.
 */
#include "guest.h"

#define BYTES 400000
#define BUCKETS 4096
#define WORDS 8000
#define MAX_LENGTH 15

enum { OTHER, LETTER, NEWLINE };

static struct word {
    struct word *next;
    uint32_t count;
    uint8_t length;
    char text[MAX_LENGTH];
} words[WORDS], *buckets[BUCKETS];
static uint32_t word_count;

static char text[BYTES + 1];
static uint8_t classes[256];

/* Syllables make words, words make lines. */
static void write_text(void)
{
    static const char syllables[16][4] = { "the", "ar", "on", "be", "ing", "sto", "re", "lu", "mi", "na", "te", "so", "ra", "ex", "un", "ly" };
    uint32_t random = 2463534242u, column = 0;
    for (uint32_t at = 0; at < BYTES;) {
        uint32_t n = next_random(&random);
        for (uint32_t left = (n >> 30) + (n >> 29 & 1) + 1; left && at < BYTES; left--) {
            const char *s = syllables[next_random(&random) >> 26 & next_random(&random) & 15];
            while (*s && at < BYTES)
                text[at++] = column++ ? *s++ : (char)(*s++ - 'a' + 'A');
        }
        if (at < BYTES)
            text[at++] = column > 60 ? '\n' : n & 0x700 ? ' ' : ',';
        if (column > 60)
            column = 0;
    }
}

static void classify(void)
{
    for (int c = 'a'; c <= 'z'; c++)
        classes[c] = classes[c - 'a' + 'A'] = LETTER;
    classes['\n'] = NEWLINE;
}

static int is_equal(const char *a, const char *b, uint32_t length)
{
    while (length && *a == *b) {
        a++;
        b++;
        length--;
    }
    return length == 0;
}

/* Counts one more of a word of lower-case letters. */
static void count_word(const char *letters, uint32_t length, uint32_t hash)
{
    struct word **bucket = &buckets[hash % BUCKETS];
    for (struct word *w = *bucket; w; w = w->next)
        if (w->length == length && is_equal(w->text, letters, length)) {
            w->count++;
            return;
        }
    if (word_count == WORDS)
        return;
    struct word *w = &words[word_count++];
    w->next = *bucket;
    w->length = (uint8_t)length;
    w->count = 1;
    for (uint32_t i = 0; i < length; i++)
        w->text[i] = letters[i];
    *bucket = w;
}

static uint32_t count_words(void)
{
    uint32_t lines = 0;
    const char *p = text;
    while (*p) {
        if (classes[(uint8_t)*p] != LETTER) {
            lines += classes[(uint8_t)*p++] == NEWLINE;
            continue;
        }
        char letters[MAX_LENGTH];
        uint32_t length = 0, hash = 2166136261u;
        for (; classes[(uint8_t)*p] == LETTER; p++) {
            char c = *p >= 'a' ? *p : (char)(*p - 'A' + 'a');
            hash = (hash ^ (uint8_t)c) * 16777619u;
            if (length < MAX_LENGTH)
                letters[length++] = c;
        }
        count_word(letters, length, hash);
    }
    return lines;
}

static uint32_t occurrences(const char *what)
{
    uint8_t skips[256];
    uint32_t length = 0, found = 0;
    while (what[length])
        length++;
    for (int c = 0; c < 256; c++)
        skips[c] = (uint8_t)length;
    for (uint32_t i = 0; i + 1 < length; i++)
        skips[(uint8_t)what[i]] = (uint8_t)(length - 1 - i);
    for (uint32_t at = 0; at + length <= BYTES; at += skips[(uint8_t)text[at + length - 1]])
        found += is_equal(text + at, what, length);
    return found;
}

int main(void)
{
    classify();
    write_text();
    put_line_u32("lines", count_words());
    put_line_u32("different words", word_count);
    const struct word *most = &words[0];
    uint32_t sum = 0;
    for (uint32_t i = 0; i < word_count; i++) {
        sum = sum * 31 + words[i].count;
        if (words[i].count > most->count)
            most = &words[i];
    }
    put_line_hex32("counts", sum);
    put_str("most often: ");
    for (uint32_t i = 0; i < most->length; i++)
        put_char(most->text[i]);
    put_line_u32(" ", most->count);
    static const char *const sought[] = { "the", "store", "minate", "exunly", "onbeing", "there", "not there" };
    for (uint32_t i = 0; i < sizeof sought / sizeof *sought; i++)
        put_line_u32(sought[i], occurrences(sought[i]));
    return 0;
}
