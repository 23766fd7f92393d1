// Checkpoints: what goes in comes out bit by bit, and whatever is damaged or of another network is refused
// with its name, never a crash and never half a network.
#include "study/training/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "kernels/base/error.hpp"
#include "net/optimizer.hpp"
#include "study/run/make_network.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

settings::Settings small(const std::string& variant = "avgpool", int size = 24) {
  settings::Settings settings;
  settings.variant = variant;
  settings.size = size;
  return settings;
}

class CheckpointFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("checkpoint_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path file(const std::string& name) const { return folder_ / name; }
  fs::path folder_;
};

std::vector<std::vector<float>> values_of(const net::Network& network) {
  std::vector<std::vector<float>> values;
  for (const net::Parameter& p : network.parameters().all) values.push_back(p.get());
  return values;
}

std::string data_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "(no DataError)";
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

training::TrainingSnapshot some_training() {
  training::TrainingSnapshot snapshot;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    training::EpochRecord record;
    record.epoch = epoch;
    record.lr = 0.1 / epoch;
    record.train.loss = 1.0 / 3 / epoch;
    record.val.auc = epoch == 2 ? 0.9 : 0.8;
    record.val.precision = NAN;
    record.val.confusion = {4, 3, 2, 1};
    training::add_epoch(snapshot.state, record, 7);
  }
  snapshot.optimizer = "sgd";
  snapshot.optimizer_state = {{"momentum_buffer/conv1.weight", {1.5F, -0.F, 1e-38F}}, {"step", {3}}};
  snapshot.data_digest = "abc";
  snapshot.threads = 2;
  return snapshot;
}

TEST_F(CheckpointFile, GivesBackEveryWeightBitByBit) {
  const net::Network network = run::make_network(small());
  training::write_weights(file("best.h5"), network, 4, "seed: 1\n");
  settings::Settings other_seed = small();
  other_seed.seed = 99;
  net::Network back = run::make_network(other_seed);
  ASSERT_NE(values_of(back), values_of(network));
  EXPECT_EQ(training::load_weights(file("best.h5"), back), 4);
  EXPECT_EQ(values_of(back), values_of(network));
}

TEST_F(CheckpointFile, GivesBackTheStateOfTraining) {
  net::Network network = run::make_network(small());
  const training::TrainingSnapshot snapshot = some_training();
  training::write_training(file("last.h5"), network, snapshot, "");
  const training::TrainingSnapshot back = training::load_training(file("last.h5"), network);
  EXPECT_EQ(back.optimizer_state, snapshot.optimizer_state);
  EXPECT_EQ(back.data_digest, "abc");
  EXPECT_EQ(back.threads, 2);
  EXPECT_EQ(back.state.best_epoch, 2);
  EXPECT_EQ(back.state.best_auc, 0.9);
  EXPECT_EQ(back.state.epochs_since_best_auc, 1);
  ASSERT_EQ(back.state.epochs_done(), 3);
  const training::EpochRecord& third = back.state.history[2];
  EXPECT_EQ(third.lr, snapshot.state.history[2].lr);
  EXPECT_EQ(third.train.loss, snapshot.state.history[2].train.loss);
  EXPECT_TRUE(std::isnan(third.val.precision));
  EXPECT_EQ(third.val.confusion.fp, 3U);
  EXPECT_EQ(third.val.count, 10U);
}

TEST_F(CheckpointFile, WeightsAloneDoNotResume) {
  net::Network network = run::make_network(small());
  training::write_weights(file("best.h5"), network, 1, "");
  EXPECT_THAT(data_error([&] { training::load_training(file("best.h5"), network); }),
              HasSubstr("weights only"));
}

TEST_F(CheckpointFile, OfAnotherNetworkIsRefusedByItsFirstDifference) {
  training::write_weights(file("best.h5"), run::make_network(small("avgpool")), 1, "");
  const auto error_into = [&](const settings::Settings& settings) {
    net::Network network = run::make_network(settings);
    return data_error([&] { training::load_weights(file("best.h5"), network); });
  };
  EXPECT_THAT(error_into(small("maxpool")),
              AllOf(HasSubstr("best.h5"), HasSubstr("variant is avgpool there and maxpool here")));
  EXPECT_THAT(error_into(small("avgpool", 32)), HasSubstr("input is 1x24x24 there and 1x32x32 here"));
  settings::Settings other = small();
  other.network = file("other.yaml").string();
  spill(other.network,
        "name: lenet\nlayers:\n  - Conv2d: {name: conv1, out_channels: 6, kernel_size: 3}\n"
        "  - Downsample\n  - Flatten\n  - Linear: {out_features: 1}\n");
  EXPECT_THAT(error_into(other),
              AllOf(HasSubstr("layer 1"), HasSubstr("kernel_size=5"), HasSubstr("kernel_size=3")));
}

TEST_F(CheckpointFile, MissingEmptyOrForeignFilesAreRefused) {
  net::Network network = run::make_network(small());
  const auto error_of = [&](const fs::path& path) {
    return data_error([&] { training::load_weights(path, network); });
  };
  EXPECT_THAT(error_of(file("nowhere.h5")), HasSubstr("nowhere.h5: cannot be read"));
  spill(file("empty.h5"), "");
  EXPECT_THAT(error_of(file("empty.h5")), HasSubstr("empty.h5: damaged or truncated"));
  spill(file("text.h5"), std::string(5000, 'x'));
  EXPECT_THAT(error_of(file("text.h5")), HasSubstr("damaged"));
  EXPECT_THAT(error_of(folder_), HasSubstr("cannot be read"));
}

TEST_F(CheckpointFile, DamageAnywhereIsFoundAndLeavesTheNetworkAlone) {
  net::Network network = run::make_network(small());
  training::write_training(file("last.h5"), network, some_training(), "");
  const std::string good = slurp(file("last.h5"));
  const auto before = values_of(network);
  const std::size_t stride = good.size() / 97 + 1;
  int tried = 0;
  for (std::size_t at = 0; at < good.size(); at += stride, ++tried) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    spill(file("bad.h5"), bad);
    ASSERT_THAT(data_error([&] { training::load_training(file("bad.h5"), network); }),
                HasSubstr("bad.h5: damaged"))
        << "byte " << at;
    spill(file("short.h5"), good.substr(0, at));
    ASSERT_THAT(data_error([&] { training::load_training(file("short.h5"), network); }),
                HasSubstr("short.h5: damaged"))
        << at;
  }
  spill(file("long.h5"), good + "x");
  EXPECT_THAT(data_error([&] { training::load_training(file("long.h5"), network); }), HasSubstr("damaged"));
  EXPECT_GT(tried, 90);
  EXPECT_EQ(values_of(network), before);
}

TEST_F(CheckpointFile, AFailedWriteLeavesTheOldFile) {
  net::Network network = run::make_network(small());
  training::write_weights(file("best.h5"), network, 1, "");
  const std::string before = slurp(file("best.h5"));
  EXPECT_THROW(training::write_weights("/proc/nowhere/best.h5", network, 2, ""), OutputError);
  EXPECT_EQ(slurp(file("best.h5")), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a temporary was left behind";
}

TEST(History, HigherAucIsBestAndEqualAucNeedsALowerLoss) {
  training::TrainState state;
  const auto add = [&](double auc, double loss) {
    training::EpochRecord record;
    record.epoch = state.epochs_done() + 1;
    record.val.auc = auc;
    record.val.loss = loss;
    return training::add_epoch(state, record, 2);
  };
  EXPECT_TRUE(add(0.8, 1));
  EXPECT_FALSE(add(0.8, 1));
  EXPECT_TRUE(add(0.8, 0.5));
  EXPECT_EQ(state.best_epoch, 3);
  EXPECT_TRUE(state.stopped_early) << "two epochs without a higher AUC";
  EXPECT_TRUE(add(0.9, 2));
  EXPECT_FALSE(state.stopped_early);
  EXPECT_EQ(state.best_epoch, 4);
}

TEST(History, UndefinedAucNeverStopsEarly) {
  training::TrainState state;
  for (int epoch = 1; epoch <= 5; ++epoch) {
    training::EpochRecord record;
    record.epoch = epoch;
    record.val.auc = NAN;
    EXPECT_TRUE(training::add_epoch(state, record, 1));
  }
  EXPECT_FALSE(state.stopped_early);
  EXPECT_EQ(state.best_epoch, 5);
}

}  // namespace
}  // namespace dsx
