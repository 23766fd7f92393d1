// Optimizers, schedules, batch normalization and initialisation against PyTorch's figures.
#include "net/optimizer.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/net/network_fixture.hpp"
#include "tests/reference/formula.hpp"

namespace dsx {
namespace {

using nlohmann::json;
using reference::formula_values;

std::vector<float> floats(const json& values) { return values.get<std::vector<float>>(); }

void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], tolerance) << what << "[" << i << "]";
}

net::Parameters parameters_of(const json& shapes) {
  net::Parameters parameters;
  const kernels::Context context;
  for (const auto& [name, shape] : shapes.items()) {
    net::Parameter p;
    p.name = name;
    p.shape = p.dims = shape.get<dnnl::memory::dims>();
    const dnnl::memory::desc md(p.dims, dnnl::memory::data_type::f32,
                                p.dims.size() == 4 ? dnnl::memory::format_tag::nhwc
                                                   : static_cast<dnnl::memory::format_tag>(
                                                         p.dims.size() == 1 ? dnnl::memory::format_tag::a
                                                                            : dnnl::memory::format_tag::ba));
    p.value = dnnl::memory(md, context.engine);
    p.grad = dnnl::memory(md, context.engine);
    p.set(formula_values(name, p.count()));
    parameters.all.push_back(p);
  }
  return parameters;
}

net::OptimizerOptions options_of(const json& c) {
  net::OptimizerOptions options;
  options.name = c["optimizer"];
  const auto& o = c["options"];
  options.weight_decay = o["weight_decay"];
  if (options.name == "sgd") {
    options.momentum = o["momentum"];
    options.nesterov = o["nesterov"];
  } else {
    options.beta1 = o["betas"][0];
    options.beta2 = o["betas"][1];
    options.eps = o["eps"];
  }
  return options;
}

TEST(Optimizer, FollowsPyTorchsTrajectories) {
  const auto fixture = read_fixture("pytorch_optimizers.json");
  for (const auto& c : fixture["cases"]) {
    auto parameters = parameters_of(c["shapes"]);
    const auto optimizer = net::make_optimizer(options_of(c), parameters);
    for (std::size_t step = 0; step < c["lr"].size(); ++step) {
      for (auto& p : parameters.all)
        p.pack(formula_values(p.name + ".grad", p.count(), 1, 20, step * p.count()), p.grad);
      optimizer->step(c["lr"][step]);
      for (const auto& p : parameters.all)
        expect_close(p.get(), floats(c["trajectory"][step][p.name]), 2e-6,
                     c["name"].get<std::string>() + " " + p.name);
    }
    const auto state = optimizer->state();
    for (const auto& [key, values] : c["state"].items())
      expect_close(state.at(key), floats(values), 2e-6, key);
  }
}

TEST(Optimizer, GoesOnFromItsSavedStateBitwise) {
  for (const char* name : {"sgd", "adam"}) {
    net::OptimizerOptions options;
    options.name = name;
    const json shapes = {{"p0", {2, 1, 3, 3}}, {"p1", {4}}};
    auto straight = parameters_of(shapes), resumed = parameters_of(shapes);
    const auto run = [&](net::Parameters& parameters, net::Optimizer& optimizer, int from, int to) {
      for (int step = from; step < to; ++step) {
        for (auto& p : parameters.all)
          p.pack(formula_values(p.name + ".grad", p.count(), 1, 20, step * p.count()), p.grad);
        optimizer.step(0.1);
      }
    };
    const auto whole = net::make_optimizer(options, straight);
    run(straight, *whole, 0, 5);
    const auto before = net::make_optimizer(options, resumed);
    run(resumed, *before, 0, 2);
    const auto after = net::make_optimizer(options, resumed);
    after->load_state(before->state());
    run(resumed, *after, 2, 5);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(straight.all[i].get(), resumed.all[i].get()) << name;
  }
}

TEST(Optimizer, RefusesAStateThatLacksAParameter) {
  auto parameters = parameters_of({{"p0", {2, 1, 3, 3}}});
  EXPECT_THROW(net::make_optimizer({}, parameters)->load_state({}), DataError);
  net::OptimizerOptions unknown;
  unknown.name = "rmsprop";
  EXPECT_THROW(net::make_optimizer(unknown, parameters), ConfigError);
}

TEST(Schedule, FollowsPyTorch) {
  const auto fixture = read_fixture("pytorch_schedules.json");
  for (const auto& c : fixture["cases"]) {
    net::ScheduleOptions schedule;
    schedule.name = c["name"];
    schedule.warmup_epochs = c["warmup_epochs"];
    if (c.contains("step_epochs")) schedule.step_epochs = c["step_epochs"];
    if (c.contains("gamma")) schedule.gamma = c["gamma"];
    for (const auto& row : c["epoch_and_lr"]) {
      EXPECT_NEAR(net::learning_rate(schedule, c["base_lr"], row[0], c["epochs"]), row[1].get<double>(), 1e-9)
          << schedule.name << " at " << row[0];
    }
  }
}

TEST(Init, DrawsPyTorchsUniformBounds) {
  const auto fixture = read_fixture("pytorch_layers.json")["initialisation"];
  net::Network network({}, net::load_network_spec("lenet"), {"avgpool", 1, 320, 320});
  network.init(1);
  for (const auto& p : network.parameters().all) {
    const auto values = p.get();
    const double bound = 1 / std::sqrt(static_cast<double>(p.fan_in));
    if (fixture.contains(p.name)) {
      EXPECT_NEAR(bound, fixture[p.name]["bound"].get<double>(), 1e-9) << p.name;
    }
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    EXPECT_GE(*low, -bound) << p.name;
    EXPECT_LE(*high, bound) << p.name;
    if (values.size() < 1000) continue;
    double square = 0;
    for (const double v : values) square += v * v;
    EXPECT_NEAR(std::sqrt(square / static_cast<double>(values.size())), bound / std::sqrt(3.0), 0.03 * bound)
        << p.name;
  }
}

TEST(Init, GivesEveryVariantTheSameWeightsForASeed) {
  std::vector<float> first;
  for (const auto& variant : operator_names()) {
    net::Network network({}, small_lenet(), {variant, 1, 28, 28});
    network.init(3);
    const auto values = network.parameters().at("conv2.weight").get();
    if (first.empty()) first = values;
    EXPECT_EQ(values, first) << variant;
  }
  net::Network other({}, small_lenet(), {"avgpool", 1, 28, 28});
  other.init(4);
  EXPECT_NE(other.parameters().at("conv2.weight").get(), first);
}

}  // namespace
}  // namespace dsx
