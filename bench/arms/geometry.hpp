// Shapes as data: a convolution and the downsampling after it, one per line of a text file, so that
// benchmarks serve any network's stem. What runs on them is arms.hpp's.
//
//   # comment
//   name  src=CxHxW  conv=OC,kK[,sS][,pP]  [own=max|avg,kK[,sS][,pP]]
//
// `conv=dw,...` is a depthwise convolution. Stride defaults to 1 (own: to its window), padding to 0. `own`
// adds a pooling of this geometry beside the operators of kernels/downsample/downsample.hpp, which all halve
// the image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/onednn/conv.hpp"
#include "kernels/onednn/pool.hpp"

namespace dsx::bench {

struct OwnPool {
  kernels::PoolKind kind = kernels::PoolKind::max;
  int window = 2, stride = 2, padding = 0;
  std::string name() const;  // "own_max_k3s2p1"
};

struct Geometry {
  std::string name;
  int channels = 1, height = 1, width = 1;
  int out_channels = 1;
  bool depthwise = false;
  int kernel = 1, stride = 1, padding = 0;  // of the convolution
  std::optional<OwnPool> own;
};

// The convolution with its stride multiplied by `stride_factor`. A factor of 2 gives floor(H/2) x floor(W/2)
// of the pixels that a factor of 1 gives, as every operator of the table does. Throws ConfigError when it
// does not fit.
kernels::ConvShape geometry_conv(const Geometry& geometry, int batch, int stride_factor);

// Throws ConfigError with `where` and the line number.
std::vector<Geometry> parse_geometries(const std::string& text, const std::string& where);
// A file, or the name of a built-in list: "study", "resnet_stem", "mobilenet_stem".
std::vector<Geometry> load_geometries(const std::string& path_or_name);
std::vector<std::string> builtin_geometry_lists();

}  // namespace dsx::bench
