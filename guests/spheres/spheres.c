/*
 * Spheres seen through a pinhole, in floats by SSE's scalar insns: for each pixel a ray, the nearest sphere it meets, light
 * from one side and the shadows of the others. Square roots, divisions, comparisons, conversions to integers.
 */
#include "guest.h"

#define WIDTH 160
#define HEIGHT 120
#define SPHERES 6
#define FAR 1e9f

struct vector {
    float x, y, z;
};

static struct sphere {
    struct vector centre;
    float radius;
    float brightness;
} spheres[SPHERES];

static const struct vector light = { 0.48f, 0.6f, -0.64f };

static struct vector sum(struct vector a, struct vector b)
{
    return (struct vector) { a.x + b.x, a.y + b.y, a.z + b.z };
}

static struct vector scaled(struct vector a, float by)
{
    return (struct vector) { a.x * by, a.y * by, a.z * by };
}

static float dot(struct vector a, struct vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

/* How far along the ray (direction of length 1) it meets the sphere, or FAR. */
static float distance(const struct sphere *s, struct vector start, struct vector direction)
{
    struct vector to = sum(s->centre, scaled(start, -1.0f));
    float along = dot(to, direction);
    float square = s->radius * s->radius - dot(to, to) + along * along;
    if (square < 0.0f)
        return FAR;
    float t = along - __builtin_sqrtf(square);
    return t > 0.001f ? t : FAR;
}

static const struct sphere *nearest(struct vector start, struct vector direction, float *t)
{
    const struct sphere *found = 0;
    *t = FAR;
    for (int i = 0; i < SPHERES; i++) {
        float d = distance(&spheres[i], start, direction);
        if (d < *t) {
            *t = d;
            found = &spheres[i];
        }
    }
    return found;
}

/* 0 to 255. */
static int32_t shade(struct vector direction)
{
    const struct vector eye = { 0.0f, 0.0f, 0.0f };
    float t;
    const struct sphere *s = nearest(eye, direction, &t);
    if (!s)
        return (int32_t)(40.0f + 30.0f * direction.y);
    struct vector point = scaled(direction, t);
    struct vector normal = scaled(sum(point, scaled(s->centre, -1.0f)), 1.0f / s->radius);
    float lit = dot(normal, light);
    if (lit <= 0.0f || nearest(point, light, &t))
        lit = 0.0f;
    return (int32_t)(255.0f * s->brightness * (0.15f + 0.85f * lit));
}

int main(void)
{
    enable_sse();
    uint32_t random = 2463534242u;
    for (int i = 0; i < SPHERES; i++) {
        struct sphere *s = &spheres[i];
        s->centre.x = (float)(int32_t)(next_random(&random) >> 24) / 64.0f - 2.0f;
        s->centre.y = (float)(int32_t)(next_random(&random) >> 24) / 64.0f - 2.0f;
        s->centre.z = 4.0f + (float)i;
        s->radius = 0.7f + (float)i / 8.0f;
        s->brightness = 1.0f - (float)i / 10.0f;
    }
    uint32_t total = 0;
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) {
            struct vector d = { (float)(column - WIDTH / 2) / HEIGHT, (float)(HEIGHT / 2 - row) / HEIGHT, 1.0f };
            total = total * 31 + (uint32_t)shade(scaled(d, 1.0f / __builtin_sqrtf(dot(d, d))));
        }
    put_line_hex32("picture", total);
    return 0;
}
