// Parts of a network (one block, one operator) without a loss: what benchmarks and peers run.
#include "tests/net/network_fixture.hpp"
#include "tests/reference/operators.hpp"

namespace dsx {
namespace {

using namespace reference;

TEST(PartialNetwork, GivesItsResultAndTheGradientOfItsInput) {
  const auto spec = net::parse_network_spec(
      "layers:\n  - Conv2d: {name: conv1, out_channels: 4, kernel_size: 3}\n  - ReLU\n  - Downsample",
      "block");
  for (const auto& variant : operator_names()) {
    for (const auto layout : {kernels::Layout::nhwc, kernels::Layout::nchw, kernels::Layout::any}) {
      kernels::Context context;
      context.layout = layout;
      context.allow_ref = true;
      net::NetworkOptions options{variant, 1, 12, 12};
      options.partial = options.input_gradient = true;
      net::Network network(context, spec, options);
      network.init(1);
      auto plan = network.make_plan(2, true);
      Array x(2, 1, 12, 12);
      std::vector<float> pixels(x.v.size());
      for (std::size_t i = 0; i < x.v.size(); ++i)
        x.v[i] = pixels[i] = static_cast<float>(i * 37 % 101) / 100;
      const Images images(pixels);
      plan.set_src(images.data.get());
      plan.poison();
      const std::vector<float> ones(2 * 4 * 5 * 5, 1);
      plan.set_result_gradient(ones);
      plan.forward();
      plan.backward();

      Array weights(4, 1, 3, 3);
      const auto w = network.parameters().at("conv1.weight").get(),
                 b = network.parameters().at("conv1.bias").get();
      weights.v.assign(w.begin(), w.end());
      const std::vector<double> bias(b.begin(), b.end());
      const int stride = downsample::downsample_op(variant).conv_stride, side = stride == 2 ? 5 : 10;
      const auto forward = [&](const Array& input) {
        return downsampled(variant, relu(conv(input, weights, bias, stride, 0, side, side)));
      };
      const auto expected = forward(x);
      const auto result = plan.result();
      ASSERT_EQ(result.size(), expected.v.size());
      for (std::size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], expected.v[i], 1e-6) << variant;
      const auto gradient = plan.input_gradient();
      for (std::size_t i = 0; i < gradient.size(); i += 5) {
        auto moved = x;
        moved.v[i] += 1e-7;
        const auto after = forward(moved);
        double derivative = 0;
        for (std::size_t j = 0; j < after.v.size(); ++j) derivative += (after.v[j] - expected.v[j]) / 1e-7;
        ASSERT_NEAR(gradient[i], derivative, 1e-5)
            << variant << " " << kernels::to_string(layout) << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace dsx
