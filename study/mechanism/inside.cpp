#include "study/mechanism/inside.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/base/pages.hpp"
#include "net/shapes.hpp"
#include "study/mechanism/windows.hpp"

namespace dsx::mechanism {
namespace {

using dnnl::memory;

// Some layers of a network as a network of its own, on sources of the given shape.
class Part {
 public:
  Part(const net::Network& whole, std::size_t first, std::size_t end, const memory::dims& src, int batch,
       bool gradient)
      : network_(make(whole, first, end, src, gradient)),
        plan_(network_.make_plan(batch, gradient)),
        source_(allocate_pages(plan_.src_count() * sizeof(float))) {
    net::NetworkSpec spec = network_.spec();
    dst_ = net::infer_shapes(spec, network_.options().variant, src, true).back().dst;
    plan_.set_src(reinterpret_cast<float*>(source_.get()));
  }

  const memory::dims& dst() const { return dst_; }
  bool has_statistics() const {  // of BatchNorm2d, which would be taken anew in training
    return std::ranges::any_of(network_.parameters().all, [](const auto& p) { return !p.trainable; });
  }
  // nchw in and out; a short batch is filled up with zeros.
  std::vector<float> forward(std::span<const float> values) {
    auto* source = reinterpret_cast<float*>(source_.get());
    std::copy(values.begin(), values.end(), source);
    std::fill(source + values.size(), source + plan_.src_count(), 0.F);
    plan_.forward();
    return plan_.result();
  }
  // Of the sum of the last forward()'s results, by the source.
  std::vector<float> gradient() {
    plan_.backward();
    return plan_.input_gradient();
  }
  void take_gradient_of_sum() {
    memory::dim count = 1;
    for (const auto d : dst_) count *= d;
    plan_.set_result_gradient(std::vector<float>(static_cast<std::size_t>(count), 1.F));
  }

 private:
  static net::Network make(const net::Network& whole, std::size_t first, std::size_t end,
                           const memory::dims& src, bool gradient) {
    kernels::Context context = whole.context();
    context.fused = false;
    context.layout = kernels::Layout::any;  // takes nchw, computes in what is fastest
    net::NetworkSpec spec{whole.spec().name, {}};
    const auto& layers = whole.spec().layers;
    spec.layers.assign(layers.begin() + static_cast<std::ptrdiff_t>(first),
                       layers.begin() + static_cast<std::ptrdiff_t>(end));
    net::NetworkOptions options = whole.options();
    options.channels = static_cast<int>(src[1]);
    options.height = static_cast<int>(src[2]);
    options.width = static_cast<int>(src[3]);
    options.partial = true;
    options.input_gradient = gradient;
    net::Network part(context, spec, options);
    for (net::Parameter& parameter : part.parameters().all)
      parameter.set(whole.parameters().at(parameter.name).get());
    return part;
  }

  net::Network network_;
  net::Plan plan_;
  AlignedBytes source_;
  memory::dims dst_;
};

std::size_t image_count(const memory::dims& dims) {
  return static_cast<std::size_t>(dims[1] * dims[2] * dims[3]);
}

MapFigures figures_of(const std::vector<float>& maps, const memory::dims& dims, std::size_t image) {
  const std::size_t count = image_count(dims);
  return map_figures({maps.data() + image * count, count}, static_cast<int>(dims[1]),
                     static_cast<int>(dims[2]), static_cast<int>(dims[3]));
}

// Rows and columns 0, 2, 4, ... of each map.
MapFigures figures_of_every_second(const std::vector<float>& maps, const memory::dims& dims,
                                   std::size_t image) {
  const memory::dims half = {1, dims[1], dims[2] / 2, dims[3] / 2};
  std::vector<float> kept;
  kept.reserve(image_count(half));
  const float* from = maps.data() + image * image_count(dims);
  for (memory::dim c = 0; c < half[1]; ++c)
    for (memory::dim row = 0; row < half[2]; ++row)
      for (memory::dim column = 0; column < half[3]; ++column)
        kept.push_back(from[(c * dims[2] + 2 * row) * dims[3] + 2 * column]);
  return figures_of(kept, half, 0);
}

LogitParts parts_of(std::span<const float> activations, std::span<const float> gradient, double logit,
                    const memory::dims& dims) {
  LogitParts parts;
  parts.logit = logit;
  double border = 0;
  const Frame frame(static_cast<int>(dims[2]), static_cast<int>(dims[3]));
  std::size_t i = 0;
  for (memory::dim c = 0; c < dims[1]; ++c)
    for (int row = 0; row < dims[2]; ++row)
      for (int column = 0; column < dims[3]; ++column, ++i) {
        const double term = static_cast<double>(activations[i]) * gradient[i];
        (term > 0 ? parts.positive : parts.negative) += term;
        if (frame.holds(row, column)) border += std::abs(term);
      }
  parts.bias = logit - parts.positive - parts.negative;
  const double all = parts.positive - parts.negative;
  parts.border = all > 0 ? border / all : std::numeric_limits<double>::quiet_NaN();
  return parts;
}

}  // namespace

struct Inside::Impl {
  struct Block {
    Part before, after;
  };
  int batch = 1;
  memory::dims src;
  std::vector<std::string> names;
  std::vector<Block> blocks;
  std::unique_ptr<Part> tail;
  memory::dims tail_src;
  std::string no_parts;

  void run_tail(const std::vector<float>& maps, std::vector<InsideImage>& images) {
    if (!tail) return;
    const std::vector<float> logits = tail->forward(maps);
    tail->take_gradient_of_sum();
    const std::vector<float> gradient = tail->gradient();
    const std::size_t count = image_count(tail_src);
    for (std::size_t n = 0; n < images.size(); ++n)
      images[n].parts = parts_of({maps.data() + n * count, count}, {gradient.data() + n * count, count},
                                 logits[n], tail_src);
  }
};

Inside::Inside(const net::Network& network, int batch) : impl_(std::make_unique<Impl>()) {
  impl_->batch = batch;
  const net::NetworkOptions& options = network.options();
  memory::dims src = impl_->src = {batch, options.channels, options.height, options.width};
  const auto& layers = network.spec().layers;
  std::size_t first = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i].type->downsamples) continue;
    impl_->names.push_back(layers[i].name);
    // Without the Downsample in it, the first part's convolution keeps its own stride.
    impl_->blocks.push_back(
        {Part(network, first, i, src, batch, false), Part(network, first, i + 1, src, batch, false)});
    src = impl_->blocks.back().after.dst();
    first = i + 1;
  }
  impl_->tail_src = src;
  if (impl_->blocks.empty()) {
    impl_->no_parts = "the network has no Downsample";
    return;
  }
  if (first == layers.size()) {
    impl_->no_parts = "nothing comes behind the last Downsample";
    return;
  }
  impl_->tail = std::make_unique<Part>(network, first, layers.size(), src, batch, true);
  if (!impl_->tail->has_statistics()) return;
  impl_->no_parts = "behind the last Downsample stands a BatchNorm2d, which is not linear in training";
  impl_->tail.reset();
}

Inside::~Inside() = default;
Inside::Inside(Inside&&) noexcept = default;
const std::vector<std::string>& Inside::layers() const { return impl_->names; }
const std::string& Inside::no_parts() const { return impl_->no_parts; }
int Inside::batch() const { return impl_->batch; }

std::vector<InsideImage> Inside::run(std::span<const float> chw) {
  const std::size_t count = chw.size() / image_count(impl_->src);
  std::vector<InsideImage> images(count);
  for (InsideImage& image : images) image.layers.resize(impl_->blocks.size());
  std::vector<float> maps(chw.begin(), chw.end());
  for (std::size_t b = 0; b < impl_->blocks.size(); ++b) {
    Impl::Block& block = impl_->blocks[b];
    const std::vector<float> before = block.before.forward(maps);
    maps = block.after.forward(maps);
#pragma omp parallel for
    for (std::size_t n = 0; n < count; ++n)
      images[n].layers[b] = {figures_of(before, block.before.dst(), n),
                             figures_of(maps, block.after.dst(), n),
                             figures_of_every_second(before, block.before.dst(), n)};
    maps.resize(count * image_count(block.after.dst()));
  }
  impl_->run_tail(maps, images);
  return images;
}

}  // namespace dsx::mechanism
