// Kernels of our own that are timed beside oneDNN's compute the operator, whatever the order of their reads,
// and write nothing beside their rows.
#include "study/explain/operator_reads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace dsx::explain {

void PrintTo(const PooledImages& i, std::ostream* out) {
  *out << i.batch << "x" << i.height << "x" << i.width << "x" << i.channels;
}

}  // namespace dsx::explain

namespace dsx {
namespace {

using explain::PooledImages;
using explain::PoolOf;

float value_at(std::size_t i) { return static_cast<float>((i * 2654435761U) % 1000) / 8 - 60; }

float pooled(PoolOf what, const PooledImages& images, const std::vector<float>& source, int row, int x,
             int c) {
  const int image = row / images.out_height(), y = row % images.out_height();
  float most = -1e9F, sum = 0;
  for (const int dy : {0, 1}) {
    for (const int dx : {0, 1}) {
      const std::size_t at =
          ((static_cast<std::size_t>(image) * images.height + 2 * y + dy) * images.width + 2 * x + dx) *
              images.channels +
          c;
      most = std::max(most, source[at]);
      sum += source[at];
    }
  }
  return what == PoolOf::maximum ? most : sum / 4;
}

class OperatorReads : public ::testing::TestWithParam<PooledImages> {};

TEST_P(OperatorReads, GiveTheOperatorInEveryOrderAndWriteNothingElse) {
  const auto& images = GetParam();
  std::vector<float> source(images.source_floats() + explain::kReadBehind, NAN);
  for (std::size_t i = 0; i < images.source_floats(); ++i) source[i] = value_at(i);
  for (const auto what : {PoolOf::maximum, PoolOf::average}) {
    for (const explain::ReadOrder order : {explain::ReadOrder{1, 0}, {3, 0}, {16, 0}, {1, 512}, {4, 1024}}) {
      const int first = images.out_rows() / 3;
      std::vector<float> got(images.destination_floats(), -777);
      explain::pool_rows(what, images, source.data(), got.data(), first, images.out_rows(), order);
      std::size_t i = 0;
      for (int row = 0; row < images.out_rows(); ++row)
        for (int x = 0; x < images.out_width(); ++x)
          for (int c = 0; c < images.channels; ++c, ++i)
            ASSERT_FLOAT_EQ(got[i], row < first ? -777 : pooled(what, images, source, row, x, c))
                << "row " << row << " x " << x << " c " << c << ", " << order.streams << " streams";
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Shapes, OperatorReads,
                         ::testing::Values(PooledImages{1, 2, 2, 1}, PooledImages{2, 7, 9, 6},
                                           PooledImages{3, 8, 8, 16}, PooledImages{1, 5, 6, 17},
                                           PooledImages{2, 6, 4, 3}),
                         [](const auto& tested) {
                           const auto& i = tested.param;
                           return "n" + std::to_string(i.batch) + "h" + std::to_string(i.height) + "w" +
                                  std::to_string(i.width) + "c" + std::to_string(i.channels);
                         });

TEST(OperatorReads, APlainReadSeesEveryFloat) {
  std::vector<float> source(64 * 16, 0.0F);
  for (const int streams : {1, 4}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{17}, std::size_t{500}, source.size() - 1}) {
      source[at] = 5;
      EXPECT_EQ(explain::read_floats(source.data(), source.size(), streams), 5) << at;
      source[at] = 0;
    }
  }
}

}  // namespace
}  // namespace dsx
