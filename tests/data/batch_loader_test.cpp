// The loader's promises: every image once, exact order per epoch, tails, layouts, and errors from its thread.
#include "data/loading/batch_loader.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::Flat;

constexpr data::ImageShape kShape{1, 4, 8};

struct Epoch {
  std::vector<std::size_t> order;
  std::vector<float> first_pixels, labels;
  std::vector<int> valid;
};

Epoch collect(data::BatchLoader& loader, int epoch) {
  Epoch result;
  loader.start_epoch(epoch);
  while (const data::Batch* batch = loader.next()) {
    result.valid.push_back(batch->valid);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->images.data()) % 64, 0U);
    for (int i = 0; i < batch->valid; ++i) {
      const auto at = static_cast<std::size_t>(i);
      result.order.push_back(batch->indices[at]);
      result.labels.push_back(batch->labels[at]);
      result.first_pixels.push_back(batch->images[at * (batch->images.size() / batch->labels.size())]);
    }
  }
  return result;
}

struct Fixture {
  explicit Fixture(std::size_t count, data::LoaderOptions options) : flat(count, kShape) {
    std::vector<std::size_t> indices;
    std::vector<float> labels;
    for (std::size_t i = 0; i < count; ++i)
      indices.push_back(i), labels.push_back(static_cast<float>(i) * 0.01F);
    loader = std::make_unique<data::BatchLoader>(flat, indices, labels, options);
  }
  Flat flat;
  std::unique_ptr<data::BatchLoader> loader;
};

TEST(BatchLoader, EvaluationGoesInOrderAndPadsTheTailWithZeros) {
  Fixture f(10, {.batch = 4});
  const Epoch epoch = collect(*f.loader, 0);
  EXPECT_THAT(epoch.order, ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(epoch.valid, ::testing::ElementsAre(4, 4, 2));
  EXPECT_EQ(f.loader->batches_per_epoch(), 3U);
  EXPECT_EQ(f.loader->images_per_epoch(), 10U);
  f.loader->start_epoch(0);
  const data::Batch* batch = nullptr;
  for (int i = 0; i < 3; ++i) batch = f.loader->next();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->images.size(), 4 * kShape.count());
  EXPECT_EQ(batch->labels.size(), 4U);
  EXPECT_EQ(batch->indices.size(), 2U);
  for (std::size_t i = 2 * kShape.count(); i < batch->images.size(); ++i) ASSERT_EQ(batch->images[i], 0.0F);
  EXPECT_EQ(batch->labels[3], 0.0F);
  EXPECT_EQ(f.loader->next(), nullptr);
  EXPECT_EQ(f.loader->next(), nullptr) << "the end stays the end";
}

TEST(BatchLoader, PixelsAndLabelsBelongToTheIndex) {
  Fixture f(50, {.batch = 8, .shuffle = true, .seed = 5});
  const Epoch epoch = collect(*f.loader, 0);
  ASSERT_EQ(epoch.order.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_NEAR(epoch.first_pixels[i], static_cast<double>(epoch.order[i]) / 255, 1e-6);
    EXPECT_EQ(epoch.labels[i], static_cast<float>(epoch.order[i]) * 0.01F);
  }
  EXPECT_EQ(std::set<std::size_t>(epoch.order.begin(), epoch.order.end()).size(), 50U);
}

TEST(BatchLoader, DropLastLeavesOutOtherImagesEachEpoch) {
  Fixture f(10, {.batch = 4, .shuffle = true, .drop_last = true, .seed = 2});
  EXPECT_EQ(f.loader->batches_per_epoch(), 2U);
  EXPECT_EQ(f.loader->images_per_epoch(), 8U);
  std::set<std::size_t> seen;
  for (int epoch = 0; epoch < 10; ++epoch) {
    const Epoch result = collect(*f.loader, epoch);
    EXPECT_EQ(result.order.size(), 8U);
    seen.insert(result.order.begin(), result.order.end());
  }
  EXPECT_EQ(seen.size(), 10U);
}

TEST(BatchLoader, EpochKIsTheSameWithoutTheEpochsBeforeIt) {
  const data::LoaderOptions options{.batch = 7, .shuffle = true, .seed = 9, .augment = {0.5, 0, 0.3, 0}};
  Fixture from_start(40, options), resumed(40, options);
  Epoch third;
  for (int epoch = 0; epoch < 4; ++epoch) third = collect(*from_start.loader, epoch);
  const Epoch direct = collect(*resumed.loader, 3);
  EXPECT_EQ(direct.order, third.order);
  EXPECT_EQ(direct.first_pixels, third.first_pixels);
  EXPECT_NE(collect(*resumed.loader, 4).order, third.order);
}

TEST(BatchLoader, SeedsGiveDifferentOrders) {
  Fixture a(40, {.batch = 8, .shuffle = true, .seed = 1}), b(40, {.batch = 8, .shuffle = true, .seed = 2});
  EXPECT_NE(collect(*a.loader, 0).order, collect(*b.loader, 0).order);
}

TEST(BatchLoader, AnEpochCanBeAbandonedAnywhere) {
  Fixture f(64, {.batch = 4, .shuffle = true, .seed = 3});
  const Epoch whole = collect(*f.loader, 1);
  for (int taken = 0; taken < 10; ++taken) {
    f.loader->start_epoch(0);
    for (int i = 0; i < taken; ++i) ASSERT_NE(f.loader->next(), nullptr);
    EXPECT_EQ(collect(*f.loader, 1).order, whole.order);
  }
}

TEST(BatchLoader, ABatchStaysValidUntilTheNextCall) {
  Fixture f(40, {.batch = 4, .prefetch = 2});
  f.loader->start_epoch(0);
  for (std::size_t number = 0; number < 10; ++number) {
    const data::Batch* batch = f.loader->next();
    std::this_thread::sleep_for(
        std::chrono::milliseconds(2));  // time for the thread to overwrite what it must not
    for (std::size_t i = 0; i < 4; ++i)
      ASSERT_NEAR(batch->images[i * kShape.count()], static_cast<double>(number * 4 + i) / 255, 1e-6);
  }
}

class Broken : public Flat {
 public:
  using Flat::Flat;
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    if (index == 9) throw DataError("image-9 is damaged");
    Flat::read(index, chw);
  }
};

TEST(BatchLoader, RethrowsTheThreadsErrorAfterTheGoodBatches) {
  const Broken broken(20, kShape);
  std::vector<std::size_t> indices(20);
  for (std::size_t i = 0; i < 20; ++i) indices[i] = i;
  data::BatchLoader loader(broken, indices, std::vector<float>(20), {.batch = 4});
  loader.start_epoch(0);
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_EQ(test::message_of<DataError>([&] { loader.next(); }), "image-9 is damaged");
  loader.start_epoch(1);  // and it can go on
  EXPECT_NE(loader.next(), nullptr);
}

TEST(BatchLoader, CanBeDestroyedAtAnyTime) {
  for (int taken = 0; taken < 4; ++taken) {
    Fixture f(40, {.batch = 4});
    if (taken > 0) f.loader->start_epoch(0);
    for (int i = 1; i < taken; ++i) f.loader->next();
  }
}

TEST(BatchLoader, CountsItsWork) {
  Fixture f(40, {.batch = 4});
  collect(*f.loader, 0);
  EXPECT_GT(f.loader->work_ns(), 0);
  EXPECT_GE(f.loader->waited_ns(), 0);
}

TEST(BatchLoader, RefusesNonsense) {
  const Flat flat(4, kShape);
  EXPECT_THROW(data::BatchLoader(flat, {0, 1}, {0}, {.batch = 2}), ConfigError);
  EXPECT_THROW(data::BatchLoader(flat, {0, 4}, {0, 0}, {.batch = 2}), ConfigError);
  EXPECT_THROW(data::BatchLoader(flat, {0}, {0}, {.batch = 0}), ConfigError);
}

}  // namespace
}  // namespace dsx
