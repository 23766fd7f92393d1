// Every row of the table of layer types, by what it says of itself: a new type is tested without being named.
#include "net/layers/layer_table.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/base/error.hpp"
#include "net/onnx_nodes.hpp"
#include "net/shapes.hpp"
#include "tests/net/network_fixture.hpp"

namespace dsx {
namespace {

using testing::ElementsAre;

// The type as YAML, with 2 for each whole number that must be given.
std::string as_yaml(const net::LayerType& type) {
  std::string keys;
  for (const net::LayerKey& key : type.keys) {
    if (key.required) keys += (keys.empty() ? "" : ", ") + key.name + ": 2";
  }
  return "  - " + type.name + ": {name: tested, " + keys + "}\n";
}

// In the middle of a network that ends with a logit.
net::NetworkSpec network_with(const net::LayerType& type) {
  std::string yaml = "layers:\n  - Conv2d: {name: before, out_channels: 4, kernel_size: 3, padding: 1}\n";
  const bool flat = type.takes_flat && !type.is_relu;
  if (flat) yaml += "  - Flatten\n";
  yaml += as_yaml(type);
  if (!flat && !type.flattens) yaml += "  - Flatten\n";
  return net::parse_network_spec(yaml + "  - Linear: {name: last, out_features: 1}\n", type.name);
}

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const net::LayerType& type : net::layer_table()) names.push_back(type.name);
  return names;
}

class Layer : public testing::TestWithParam<std::string> {
 protected:
  static const net::LayerType& type() {
    const auto& table = net::layer_table();
    return *std::find_if(table.begin(), table.end(), [](const auto& row) { return row.name == GetParam(); });
  }
};

TEST_P(Layer, IsReadFromYamlWithDefaultsForTheRest) {
  const auto spec = net::parse_network_spec("layers:\n" + as_yaml(type()), "net.yaml");
  const net::LayerSpec& layer = spec.layers.at(0);
  EXPECT_EQ(layer.type, &type());
  for (const net::LayerKey& key : type().keys) {
    ASSERT_TRUE(layer.values.contains(key.name)) << key.name;
    EXPECT_EQ(layer.values.at(key.name).index(), key.value.index()) << key.name << " changed its type";
    if (key.required) {
      EXPECT_EQ(layer.integer(key.name), 2);
    }
  }
  for (const net::LayerKey& key : type().keys) {
    const std::string wrong = "layers:\n  - " + type().name + ": {" + key.name + ": [1]}\n";
    EXPECT_THROW(net::parse_network_spec(wrong, "net.yaml"), ConfigError) << key.name;
  }
}

TEST_P(Layer, TrainsAndDeclaresWhatItTrains) {
  const net::NetworkSpec spec = network_with(type());
  for (const auto& variant : operator_names()) {
    kernels::Context context;
    context.allow_ref = true;
    net::Network network(context, spec, {variant, 1, 8, 8});
    network.init(3);
    auto plan = network.make_plan(2, true);
    std::vector<float> pixels(plan.src_count());
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 37 % 101) / 100;
    const Images images(pixels);
    plan.set_src(images.data.get());
    plan.set_labels(std::vector<float>{0, 1});
    plan.poison();
    plan.forward();
    EXPECT_TRUE(std::isfinite(plan.loss())) << variant;
    plan.backward();
    for (const auto& p : network.parameters().all) {
      if (!p.trainable) continue;
      for (const float g : p.get_grad()) ASSERT_TRUE(std::isfinite(g)) << variant << " " << p.name;
    }
  }
}

TEST_P(Layer, IsSaidInOnnxWithItsParameters) {
  const net::NetworkSpec spec = network_with(type());
  net::Network network({}, spec, {"avgpool", 1, 8, 8});
  network.init(3);
  std::size_t nodes = 0, constants = 0, declared = 0;
  for (const auto& [layer, node] : net::onnx_nodes(network)) {
    if (layer != "tested") continue;
    ++nodes;
    constants += node.constants.size();
  }
  for (const auto& p : network.parameters().all) declared += p.name.starts_with("tested.") ? 1 : 0;
  EXPECT_GE(nodes, 1u);
  EXPECT_EQ(constants, declared);
}

INSTANTIATE_TEST_SUITE_P(Each, Layer, testing::ValuesIn(type_names()),
                         [](const auto& tested) { return tested.param; });

TEST(LayerTable, HasEachNameOnce) {
  std::set<std::string> names, short_names;
  for (const net::LayerType& type : net::layer_table()) {
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_TRUE(short_names.insert(type.short_name).second) << type.short_name;
  }
}

// What checkpoints of earlier versions hold: a network with other lines is another network to them.
TEST(LayerSpec, SaysItsKeysAsCheckpointsHoldThem) {
  const auto spec = net::parse_network_spec(R"(
layers:
  - Conv2d: {out_channels: 6, kernel_size: 5, bias: false}
  - BatchNorm2d: {momentum: 0.25}
  - ReLU
  - AvgPool2d: {kernel_size: 3, padding: 1}
  - MaxPool2d: {kernel_size: 2, stride: 1}
  - AdaptiveAvgPool2d
  - Downsample: {name: pool}
  - Flatten
  - Linear: {out_features: 1}
)",
                                            "all");
  std::vector<std::string> lines;
  for (const auto& layer : spec.layers) lines.push_back(to_string(layer));
  EXPECT_THAT(lines, ElementsAre("Conv2d conv1 out_channels=6 kernel_size=5 stride=1 padding=0 bias=false",
                                 "BatchNorm2d bn1 eps=1e-05 momentum=0.25", "ReLU relu1",
                                 "AvgPool2d avgpool1 kernel_size=3 stride=3 padding=1 count_include_pad=true",
                                 "MaxPool2d maxpool1 kernel_size=2 stride=1 padding=0",
                                 "AdaptiveAvgPool2d adaptive_pool1 output_size=1", "Downsample pool",
                                 "Flatten flatten1", "Linear fc1 out_features=1 bias=true"));
}

TEST(LayerPlace, KnowsWhatIsBehindAReLU) {
  const auto spec = net::parse_network_spec(R"(
layers:
  - Conv2d: {out_channels: 2, kernel_size: 3}
  - ReLU
  - Downsample
  - MaxPool2d: {kernel_size: 2}
  - Flatten
  - Linear: {out_features: 4}
  - Linear: {out_features: 1}
)",
                                            "network");
  std::vector<bool> behind;
  for (const auto& place : net::place_layers(spec, "avgpool", {1, 1, 16, 16}, false))
    behind.push_back(place.behind_relu());
  EXPECT_THAT(behind, ElementsAre(false, false, true, true, true, true, false));
}

TEST(Parameters, HavePyTorchsNamesAndShapes) {
  const auto spec = net::parse_network_spec(
      "layers:\n  - Conv2d: {out_channels: 4, kernel_size: 3}\n  - BatchNorm2d\n  - Flatten\n"
      "  - Linear: {out_features: 1}\n",
      "network");
  net::Network network({}, spec, {"avgpool", 2, 8, 8});
  network.init(1);
  using Shape = dnnl::memory::dims;
  const std::vector<std::pair<std::string, Shape>> expected{
      {"conv1.weight", {4, 2, 3, 3}}, {"conv1.bias", {4}},      {"bn1.weight", {4}},      {"bn1.bias", {4}},
      {"bn1.running_mean", {4}},      {"bn1.running_var", {4}}, {"fc1.weight", {1, 144}}, {"fc1.bias", {1}}};
  ASSERT_EQ(network.parameters().all.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(network.parameters().all[i].name, expected[i].first);
    EXPECT_EQ(network.parameters().all[i].shape, expected[i].second) << expected[i].first;
  }
  EXPECT_EQ(network.parameters().at("bn1.weight").get(), std::vector<float>(4, 1));
  EXPECT_EQ(network.parameters().at("bn1.running_mean").get(), std::vector<float>(4, 0));
  EXPECT_EQ(network.parameters().trainable_count(), 4u * 18 + 4 + 8 + 145);
}

}  // namespace
}  // namespace dsx
