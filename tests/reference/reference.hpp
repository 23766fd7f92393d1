// Naive double-precision definitions of every operator, written from their formulas and independent of
// kernels/. Arrays are plain row-major [N, C, H, W]. They are slow on purpose: nothing here is clever.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace dsx::reference {

struct Array {
  int n = 1, c = 1, h = 1, w = 1;
  std::vector<double> v;
  Array() = default;
  Array(int n_, int c_, int h_, int w_)
      : n(n_), c(c_), h(h_), w(w_), v(std::size_t(n_) * c_ * h_ * w_, 0.0) {}
  std::size_t at(int in, int ic, int ih, int iw) const {
    return ((std::size_t(in) * c + ic) * h + ih) * w + iw;
  }
  double& operator()(int in, int ic, int ih, int iw) { return v[at(in, ic, ih, iw)]; }
  double operator()(int in, int ic, int ih, int iw) const { return v[at(in, ic, ih, iw)]; }
  bool inside(int ih, int iw) const { return ih >= 0 && ih < h && iw >= 0 && iw < w; }
};

inline Array relu(Array x) {
  for (auto& value : x.v) value = std::max(value, 0.0);
  return x;
}

// weights [OC, IC, K, K]; the caller gives the output size, so any right padding is allowed.
inline Array conv(const Array& x, const Array& weights, const std::vector<double>& bias, int stride,
                  int padding_l, int oh, int ow) {
  Array y(x.n, weights.n, oh, ow);
  for (int n = 0; n < x.n; ++n)
    for (int oc = 0; oc < weights.n; ++oc)
      for (int i = 0; i < oh; ++i)
        for (int j = 0; j < ow; ++j) {
          double sum = bias.empty() ? 0 : bias[oc];
          for (int ic = 0; ic < x.c; ++ic)
            for (int a = 0; a < weights.h; ++a)
              for (int b = 0; b < weights.w; ++b) {
                const int h = i * stride - padding_l + a, w = j * stride - padding_l + b;
                if (x.inside(h, w)) sum += x(n, ic, h, w) * weights(oc, ic, a, b);
              }
          y(n, oc, i, j) = sum;
        }
  return y;
}

struct ConvGradients {
  Array src, weights;
  std::vector<double> bias;
};
inline ConvGradients conv_backward(const Array& x, const Array& weights, const Array& dy, int stride,
                                   int padding_l) {
  ConvGradients g{Array(x.n, x.c, x.h, x.w), Array(weights.n, weights.c, weights.h, weights.w),
                  std::vector<double>(weights.n, 0)};
  for (int n = 0; n < x.n; ++n)
    for (int oc = 0; oc < weights.n; ++oc)
      for (int i = 0; i < dy.h; ++i)
        for (int j = 0; j < dy.w; ++j) {
          const double d = dy(n, oc, i, j);
          g.bias[oc] += d;
          for (int ic = 0; ic < x.c; ++ic)
            for (int a = 0; a < weights.h; ++a)
              for (int b = 0; b < weights.w; ++b) {
                const int h = i * stride - padding_l + a, w = j * stride - padding_l + b;
                if (!x.inside(h, w)) continue;
                g.src(n, ic, h, w) += d * weights(oc, ic, a, b);
                g.weights(oc, ic, a, b) += d * x(n, ic, h, w);
              }
        }
  return g;
}

enum class Pool { max, avg_exclude, avg_include };

// Calls visit(output index, input index, weight) for each contribution; max has the one winner (the first of
// equals).
inline void pool_contributions(const Array& x, Pool kind, int kernel, int stride, int padding, int oh, int ow,
                               const std::function<void(std::size_t, std::size_t, double)>& visit) {
  Array y(x.n, x.c, oh, ow);
  for (int n = 0; n < x.n; ++n)
    for (int c = 0; c < x.c; ++c)
      for (int i = 0; i < oh; ++i)
        for (int j = 0; j < ow; ++j) {
          std::vector<std::size_t> inputs;
          for (int a = 0; a < kernel; ++a)
            for (int b = 0; b < kernel; ++b) {
              const int h = i * stride - padding + a, w = j * stride - padding + b;
              if (x.inside(h, w)) inputs.push_back(x.at(n, c, h, w));
            }
          if (kind == Pool::max) {
            const auto best = *std::max_element(inputs.begin(), inputs.end(),
                                                [&](auto p, auto q) { return x.v[p] < x.v[q]; });
            visit(y.at(n, c, i, j), best, 1);
          } else {
            const double count = kind == Pool::avg_include ? double(kernel) * kernel : double(inputs.size());
            for (const auto input : inputs) visit(y.at(n, c, i, j), input, 1 / count);
          }
        }
}
inline Array pool(const Array& x, Pool kind, int kernel, int stride, int padding, int oh, int ow) {
  Array y(x.n, x.c, oh, ow);
  pool_contributions(x, kind, kernel, stride, padding, oh, ow,
                     [&](std::size_t out, std::size_t in, double weight) { y.v[out] += weight * x.v[in]; });
  return y;
}
inline Array pool_backward(const Array& x, const Array& dy, Pool kind, int kernel, int stride, int padding) {
  Array dx(x.n, x.c, x.h, x.w);
  pool_contributions(x, kind, kernel, stride, padding, dy.h, dy.w,
                     [&](std::size_t out, std::size_t in, double weight) { dx.v[in] += weight * dy.v[out]; });
  return dx;
}

// x [N, I] (any 4-D array is read flat, channel-major), weights [O, I].
inline Array linear(const Array& x, const std::vector<double>& weights, const std::vector<double>& bias,
                    int out) {
  const std::size_t in = x.v.size() / x.n;
  Array y(x.n, out, 1, 1);
  for (int n = 0; n < x.n; ++n)
    for (int o = 0; o < out; ++o) {
      double sum = bias.empty() ? 0 : bias[o];
      for (std::size_t i = 0; i < in; ++i) sum += x.v[n * in + i] * weights[o * in + i];
      y(n, o, 0, 0) = sum;
    }
  return y;
}

inline double bce(const std::vector<double>& logits, const std::vector<double>& labels) {
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double p = 1 / (1 + std::exp(-logits[i]));
    sum -= labels[i] * std::log(p) + (1 - labels[i]) * std::log(1 - p);
  }
  return sum / double(logits.size());
}

}  // namespace dsx::reference
