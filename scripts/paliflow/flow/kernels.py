"""The two inner loops of the study in C, training and transport, and how they are compiled and loaded.

The source stands here, in a Python module, so that the digest of the code sees an edit of it.
"""

import ctypes
import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

from paliflow import files, progress

FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math"]

SOURCE = r"""
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Vectors as wide as the machine has: GCC's and Clang's own extension, so that no instruction is named here. No wider, for GCC compares
   what does not fit its registers number by number, ten times as slowly. */
#if defined __AVX512F__
enum { LANES = 16, ACROSS = 4 };  /* floats of a vector; vectors of a tile, whose sums then fill the registers */
#elif defined __AVX2__
enum { LANES = 8, ACROSS = 2 };
#else
enum { LANES = 4, ACROSS = 2 };
#endif
enum { DOWN = 4, PAD = 16, MOST_LAYERS = 8 };
#define INLINE static inline __attribute__((always_inline))
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int ivec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
#define LOAD(place) (*(vec *)(place))
#define PICK(type, mask, yes, no) ((type)(((mask) & (__typeof__(mask))(yes)) | (~(mask) & (__typeof__(mask))(no))))

/* ---- training ------------------------------------------------------------------------------------------------------------------ */

/* A tile of c = a b (+ bias in each row), kept in registers while the inner dimension runs. Element (r, k) of a is a[r a_row + k a_step] */
INLINE void tile(int rows, int vectors, int inner, const float *a, long a_row, long a_step, const float *b, const float *bias,
                 float *c, long width) {
    vec sum[DOWN][ACROSS], right[ACROSS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sum[r][v] = bias ? LOAD(bias + v * LANES) : (vec){0};
    for (int k = 0; k < inner; k++) {
        for (int v = 0; v < vectors; v++) right[v] = LOAD(b + k * width + v * LANES);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) sum[r][v] += a[r * a_row + k * a_step] * right[v];
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) LOAD(c + r * width + v * LANES) = sum[r][v];
}

/* c (rows, width) = a (rows, inner) b (inner, width) + bias, tile by tile. */
static void product(int rows, int width, int inner, const float *a, long a_row, long a_step, const float *b, const float *bias, float *c) {
    for (int column = 0; column < width;) {
        int wide = width - column >= ACROSS * LANES, row = 0;
        const float *right = b + column, *start = bias ? bias + column : 0;
        for (; row + DOWN <= rows; row += DOWN)
            if (wide) tile(DOWN, ACROSS, inner, a + row * a_row, a_row, a_step, right, start, c + row * width + column, width);
            else tile(DOWN, 1, inner, a + row * a_row, a_row, a_step, right, start, c + row * width + column, width);
        for (; row < rows; row++)
            if (wide) tile(1, ACROSS, inner, a + row * a_row, a_row, a_step, right, start, c + row * width + column, width);
            else tile(1, 1, inner, a + row * a_row, a_row, a_step, right, start, c + row * width + column, width);
        column += wide ? ACROSS * LANES : LANES;
    }
}

/* e^x, and e^x - 1 without the loss near 0, to float's precision: 2^n e^r with |r| <= ln 2 / 2, e^r - 1 by Cephes' polynomial. */
INLINE vec exponential(vec x, vec *less_one) {
    x = PICK(vec, x < -87.0f, (vec){0} - 87.0f, x);
    x = PICK(vec, x > 87.0f, (vec){0} + 87.0f, x);
    vec shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;  /* adding 1.5 * 2^23 rounds to a whole number */
    vec r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r + 1.6666665459e-1f) * r;
    p = (p + 5.0000001201e-1f) * r * r + r;
    vec power = (vec)(((ivec)shifted << 23) + (127 << 23));
    *less_one = p * power + (power - 1.0f);
    return p * power + power;
}

/* Replace z by its activation, and leave the activation's derivative in slope. */
static void activate(float *z, float *slope, long count, int selu) {
    const float scale = 1.0507009873554805f, alpha = 1.6732632423543772f;
    for (long n = 0; n < count; n += LANES) {
        vec x = LOAD(z + n), less_one;
        if (selu) {
            vec below = scale * alpha * exponential(x, &less_one);
            ivec positive = x > 0.0f;
            LOAD(slope + n) = PICK(vec, positive, (vec){0} + scale, below);
            LOAD(z + n) = PICK(vec, positive, scale * x, scale * alpha * less_one);
        } else {
            vec sigmoid = 1.0f / (1.0f + exponential(-x, &less_one));
            LOAD(slope + n) = sigmoid * (1.0f + x * (1.0f - sigmoid));
            LOAD(z + n) = x * sigmoid;
        }
    }
}

/* One step of AdamW (Loshchilov and Hutter 2019); with no decay it is Adam. power1 and power2 are the betas to the power of the step. */
static void adam(float *restrict p, float *restrict m, float *restrict v, const float *restrict g, long count, double rate, double decay,
                 double power1, double power2) {
    float keep = 1 - rate * decay, size = rate / (1 - power1), root = 1 / sqrt(1 - power2);
    for (long n = 0; n < count; n++) {
        m[n] += 0.1f * (g[n] - m[n]);
        v[n] += 0.001f * (g[n] * g[n] - v[n]);
        p[n] = keep * p[n] - size * m[n] / (sqrtf(v[n]) * root + 1e-8f);
    }
}

/* Copy one model between the vector of all models (each layer's weights of all, then each layer's biases) and rows padded to PAD. */
static void copy_model(int models, int model, int layers, const int *widths, float *all, float *padded, int back) {
    for (int part = 0; part < 2 * layers; part++) {
        int layer = part % layers, rows = part < layers ? widths[layer] : 1, columns = widths[layer + 1];
        int width = (columns + PAD - 1) / PAD * PAD;
        float *own = all + (long)model * rows * columns;
        for (int row = 0; row < rows; row++, own += columns, padded += width)
            if (back) memcpy(own, padded, columns * sizeof(float));
            else memcpy(padded, own, columns * sizeof(float));
        all += (long)models * rows * columns;
    }
}

/* Train every model on `steps` batches, one model after another, so that its numbers stay in the fast caches.
   inputs (steps, models, batch, widths[0]), targets (steps, models, batch, widths[layers]), losses (steps, models);
   parameters, first and second moments as in copy_model; taken: steps taken before. Returns 0, or 1 where memory is short. */
int train(int models, int steps, int batch, int layers, const int *widths, int selu, double rate, double decay, long taken,
          const float *inputs, const float *targets, float *parameters, float *first, float *second, float *losses) {
    int wide[MOST_LAYERS + 1], widest = 0;
    long size = 0, units = 0, weight[MOST_LAYERS], bias[MOST_LAYERS];
    for (int l = 0; l <= layers; l++) {
        wide[l] = (widths[l] + PAD - 1) / PAD * PAD;
        widest = wide[l] > widest ? wide[l] : widest;
    }
    for (int l = 0; l < layers; l++) weight[l] = size, size += (long)widths[l] * wide[l + 1], units += wide[l + 1];
    for (int l = 0; l < layers; l++) bias[l] = size, size += wide[l + 1];
    size_t floats = 4 * size + 2 * units * batch + 2l * widest * batch + (long)widest * widest;
    float *room = aligned_alloc(64, floats * sizeof(float));
    if (!room) return 1;
    float *p = room, *g = p + size, *m = g + size, *v = m + size, *up = v + size, *down = up + (long)widest * batch;
    float *transposed = down + (long)widest * batch, *z[MOST_LAYERS + 1], *slope[MOST_LAYERS + 1];
    z[1] = transposed + (long)widest * widest;
    slope[1] = z[1] + units * batch;
    for (int l = 1; l < layers; l++) z[l + 1] = z[l] + (long)wide[l] * batch, slope[l + 1] = slope[l] + (long)wide[l] * batch;
    int outputs = widths[layers];

    for (int model = 0; model < models; model++) {
        memset(room, 0, floats * sizeof(float));
        copy_model(models, model, layers, widths, parameters, p, 0);
        copy_model(models, model, layers, widths, first, m, 0);
        copy_model(models, model, layers, widths, second, v, 0);
        double power1 = pow(0.9, taken), power2 = pow(0.999, taken);
        for (int step = 0; step < steps; step++) {
            long number = (long)step * models + model;
            const float *input = inputs + number * batch * widths[0], *target = targets + number * batch * outputs;
            for (int l = 0; l < layers; l++) {
                product(batch, wide[l + 1], widths[l], l ? z[l] : input, l ? wide[l] : widths[0], 1, p + weight[l], p + bias[l], z[l + 1]);
                if (l < layers - 1) activate(z[l + 1], slope[l + 1], (long)batch * wide[l + 1], selu);
            }
            double loss = 0;
            for (int n = 0; n < batch; n++)
                for (int c = 0; c < wide[layers]; c++) {
                    float residual = c < outputs ? z[layers][n * wide[layers] + c] - target[n * outputs + c] : 0;
                    loss += (double)residual * residual;
                    up[n * wide[layers] + c] = residual * (2.0f / (batch * outputs));
                }
            losses[number] = loss / (batch * outputs);
            for (int l = layers - 1; l >= 0; l--) {
                int width = wide[l + 1], before = wide[l];
                product(widths[l], width, batch, l ? z[l] : input, 1, l ? before : widths[0], up, 0, g + weight[l]);
                float *sums = g + bias[l], *w = p + weight[l];
                memset(sums, 0, width * sizeof(float));
                for (int n = 0; n < batch; n++)
                    for (int c = 0; c < width; c++) sums[c] += up[n * width + c];
                if (l == 0) break;
                for (int o = 0; o < widths[l + 1]; o++)
                    for (int i = 0; i < before; i++) transposed[o * before + i] = i < widths[l] ? w[i * width + o] : 0;
                product(batch, before, widths[l + 1], up, width, 1, transposed, 0, down);
                for (long n = 0; n < (long)batch * before; n++) down[n] *= slope[l][n];
                float *swap = up;
                up = down, down = swap;
            }
            adam(p, m, v, g, size, rate, decay, power1 *= 0.9, power2 *= 0.999);
        }
        copy_model(models, model, layers, widths, parameters, p, 1);
        copy_model(models, model, layers, widths, first, m, 1);
        copy_model(models, model, layers, widths, second, v, 1);
    }
    free(room);
    return 0;
}

/* ---- transport ----------------------------------------------------------------------------------------------------------------- */

enum { MOST = 512, WIDE = LANES / 2 };
typedef double dvec __attribute__((vector_size(8 * WIDE), aligned(8), may_alias));
typedef long long lvec __attribute__((vector_size(8 * WIDE), aligned(8), may_alias));
#define AT(place) (*(dvec *)(place))
static const double FAR = 1e300;
static double cost[MOST * MOST], dual[MOST], distance[MOST], level[MOST];  /* dual: of the columns */
static long long from[MOST];
static int row_of[MOST], column_of[MOST], ready[MOST];

/* Fill `cost`, (n, wide), with squared distances, and others, (dimension, wide), with the targets by coordinate.
   The columns beyond n are out of reach. */
static void distances(int n, int wide, int dimension, const float *source, const float *target, double *others) {
    for (int j = 0; j < n; j++)
        for (int k = 0; k < dimension; k++) others[k * wide + j] = target[j * dimension + k];
    for (int i = 0; i < n; i++) {
        double *out = cost + i * wide;
        for (int j = 0; j < wide; j++) out[j] = j < n ? 0 : 1e200;
        for (int k = 0; k < dimension; k++)
            for (int j = 0; j < wide; j++) {
                double gap = source[i * dimension + k] - others[k * wide + j];
                out[j] += gap * gap;
            }
    }
}

/* The cheapest matching under `cost`, from any `dual`: one shortest augmenting path a row (Jonker and Volgenant 1987). */
static int augment(int n, int wide) {
    for (int j = 0; j < wide; j++) row_of[j] = -1;
    for (int start = 0; start < n; start++) {
        int row = start, column, count = 0;
        double offset = 0, least;
        for (int j = 0; j < wide; j++) distance[j] = FAR;
        for (;;) {
            dvec best = (dvec){0} + FAR;
            lvec at = {0}, here = {0};
            for (int l = 1; l < WIDE; l++) here[l] = l;
            for (int j = 0; j < wide; j += WIDE, here += WIDE) {  /* a column already reached is at -2 FAR, and so never nearer */
                dvec through = AT(cost + row * wide + j) - AT(dual + j) - offset, old = AT(distance + j);
                lvec nearer = through < old;
                dvec now = PICK(dvec, nearer, through, old);
                AT(distance + j) = now;
                *(lvec *)(from + j) = PICK(lvec, nearer, (lvec){0} + row, *(lvec *)(from + j));
                lvec better = (now < best) & (now > -FAR);
                best = PICK(dvec, better, now, best);
                at = PICK(lvec, better, here, at);
            }
            least = best[0], column = at[0];
            for (int l = 1; l < WIDE; l++)
                if (best[l] < least) least = best[l], column = at[l];
            if (!(least < FAR)) return 1;  /* costs that are no numbers */
            if (row_of[column] < 0) break;
            distance[column] = -2 * FAR, level[count] = least, ready[count++] = column;
            row = row_of[column], offset = cost[row * wide + column] - dual[column] - least;
        }
        for (int k = 0; k < count; k++) dual[ready[k]] += level[k] - least;
        for (int next; column >= 0; column = row == start ? -1 : next) {
            row = from[column], next = column_of[row];
            row_of[column] = row, column_of[row] = column;
        }
    }
    return 0;
}

/* Match each of `batches` clouds source (n, dimension) with its target at the least squared distance; out (batches, n), total (batches).
   The duals begin as those of an anchor problem, anchors (count, dimension) with their duals, carried over to each target point
   (its c-transform), or at 0 with no anchors; row_dual (n), if given, takes those of the last batch. Returns 1 where no number came in. */
int match(int batches, int n, int dimension, const float *source, const float *target, int count, const float *anchors,
          const double *anchor_dual, int *out, double *total, double *row_dual) {
    int wide = (n + WIDE - 1) / WIDE * WIDE, failed = 0;
    double *others = calloc((long)wide * dimension, sizeof(double));
    if (!others) return 2;
    for (int b = 0; b < batches && !failed; b++, source += n * dimension, target += n * dimension, out += n) {
        distances(n, wide, dimension, source, target, others);
        for (int j = 0; j < wide; j += WIDE) {
            dvec best = (dvec){0} + (count ? FAR : 0);
            for (int a = 0; a < count; a++) {
                dvec here = (dvec){0} - anchor_dual[a];
                for (int k = 0; k < dimension; k++) {
                    dvec gap = AT(others + k * wide + j) - (double)anchors[a * dimension + k];
                    here += gap * gap;
                }
                best = PICK(dvec, here < best, here, best);
            }
            AT(dual + j) = best;
        }
        failed = augment(n, wide);
        total[b] = 0;
        for (int i = 0; i < n && !failed; i++) {
            out[i] = column_of[i], total[b] += cost[i * wide + out[i]];
            if (row_dual) row_dual[i] = cost[i * wide + out[i]] - dual[out[i]];
        }
    }
    free(others);
    return failed;
}

/* Entropic plans by Sinkhorn's scaling (Cuturi 2013) at a strength relative to each batch's mean cost; every source point draws its target
   from its row of the plan by a uniform number, draws (batches, n). Returns 0, or the number of a batch that `limit` rounds leave open. */
int spread(int batches, int n, int dimension, const float *source, const float *target, double relative, double tolerance, int limit,
           const double *draws, int *out, double *total) {
    static double gibbs[MOST * MOST], row[MOST], column[MOST], sums[MOST];
    int wide = (n + WIDE - 1) / WIDE * WIDE, failed = 0;
    double *others = calloc((long)wide * dimension, sizeof(double));
    if (!others) return -1;
    for (int b = 0; b < batches && !failed; b++, source += n * dimension, target += n * dimension, out += n, draws += n) {
        double mean = 0, error = 1;
        distances(n, wide, dimension, source, target, others);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) mean += cost[i * wide + j] / ((double)n * n);
        for (int i = 0; i < n; i++) {
            double least = FAR;
            for (int j = 0; j < n; j++) least = cost[i * wide + j] < least ? cost[i * wide + j] : least;
            for (int j = 0; j < wide; j++) gibbs[i * wide + j] = exp((least - cost[i * wide + j]) / (relative * mean));
        }
        for (int j = 0; j < wide; j++) column[j] = j < n, row[j] = 0;
        for (int round = 0; !(error < tolerance); round++) {
            if (round == limit) { failed = b + 1; break; }
            error = 0;
            memset(sums, 0, sizeof sums);
            for (int i = 0; i < n; i++) {
                dvec weight = {0};
                for (int j = 0; j < wide; j += WIDE) weight += AT(gibbs + i * wide + j) * AT(column + j);
                double whole = 0;
                for (int l = 0; l < WIDE; l++) whole += weight[l];
                error += fabs(row[i] * whole - 1) / n;  /* how far the plan's rows, before this round, were from their share */
                row[i] = 1 / whole;
                for (int j = 0; j < wide; j += WIDE) AT(sums + j) += row[i] * AT(gibbs + i * wide + j);
            }
            for (int j = 0; j < n; j++) column[j] = 1 / sums[j];
        }
        total[b] = 0;
        for (int i = 0; i < n && !failed; i++) {
            double whole = 0, reached = 0;
            for (int j = 0; j < n; j++) whole += gibbs[i * wide + j] * column[j];
            for (out[i] = 0; out[i] < n - 1; out[i]++)
                if ((reached += gibbs[i * wide + out[i]] * column[out[i]]) > draws[i] * whole) break;
            total[b] += cost[i * wide + out[i]];
        }
    }
    free(others);
    return failed;
}
"""


@functools.cache
def load(folder: Path) -> ctypes.CDLL | None:
    """The compiled source, from `folder` if it has been compiled there for this machine; None, which is said, where that cannot be done."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        progress.say("No C compiler (cc, gcc or clang) is found: training and transport take their slower way, through torch and POT.")
        return None
    try:
        macros = _run([compiler, *FLAGS, "-dM", "-E", "-"], "")  # the compiler's version and the machine's instructions are among them
        digest = hashlib.sha256("\0".join([SOURCE, *FLAGS, macros]).encode()).hexdigest()[:16]
        path = Path(folder).resolve() / f"kernels-{digest}.so"
        if not path.exists():
            with files.replacing(path) as temporary:
                _run([compiler, *FLAGS, "-shared", "-fPIC", "-x", "c", "-", "-o", str(temporary), "-lm"], SOURCE)
        return _declared(ctypes.CDLL(str(path)))
    except (subprocess.SubprocessError, OSError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().partition("\n")[0]
        progress.say(
            f"{compiler} gives nothing that runs here ({reason}): training and transport take their slower way, through torch and POT."
        )
        return None


def _run(command: list[str], text: str) -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    number, long, real, address = ctypes.c_int, ctypes.c_long, ctypes.c_double, ctypes.c_void_p
    library.train.argtypes = [*[number] * 4, address, number, real, real, long, *[address] * 6]
    library.spread.argtypes = [*[number] * 3, address, address, real, real, number, *[address] * 3]
    library.match.argtypes = [*[number] * 3, address, address, number, *[address] * 5]
    return library
