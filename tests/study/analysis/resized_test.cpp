// Two sweeps that differ in --resize: a planted effect is found with its size, a planted null is none, and
// sweeps that differ in anything else are refused.
#include "study/analysis/resized.hpp"

#include <gmock/gmock.h>

#include "kernels/base/error.hpp"
#include "tests/study/analysis/planted_cells.hpp"

namespace dsx {
namespace {

// Area's positives lie `lift` above bilinear's; each image is as hard for both.
std::vector<analysis::Cell> resized_cells(const std::string& resize, double lift) {
  Planted planted;
  planted.per_class = 1000;
  planted.mean = [](const std::string&, bool positive, double) { return positive ? 0.5 : -0.5; };
  planted.lift = [lift](const std::string&, double) { return lift; };
  std::vector<analysis::Cell> cells = planted_cells(planted);
  for (analysis::Cell& cell : cells) cell.settings.resize = resize;
  return cells;
}

analysis::ResultTable resized_table(const std::vector<analysis::Cell>& ours,
                                    const std::vector<analysis::Cell>& theirs) {
  analysis::CompareOptions options;
  options.resamples = 200;
  const analysis::Comparison comparison = analysis::make_comparison(ours, options);
  analysis::Analysis analysis(comparison);
  analysis::add_resized_table(analysis, theirs);
  return analysis.results.table("resized");
}

TEST(Resized, IsBilinearMinusAreaWhicheverSweepIsAsked) {
  const auto area = resized_cells("area", 1), bilinear = resized_cells("bilinear", 0);
  const analysis::ResultTable table = resized_table(area, bilinear), turned = resized_table(bilinear, area);
  ASSERT_EQ(table.rows.size(), 6U) << "all, avgpool and maxpool, AUC and gap";
  EXPECT_EQ(table.text(0, "variant"), "all");
  EXPECT_EQ(table.text(0, "metric"), "auc");
  // AUC of two normals of unit variance (.7^2 + .7^2 = .98) that lie 1 and 2 apart: .7625 and .9234.
  EXPECT_LT(table.number(0, "low"), 0.7625 - 0.9234);
  EXPECT_GT(table.number(0, "high"), 0.7625 - 0.9234);
  EXPECT_LT(table.number(0, "high"), 0);
  EXPECT_NEAR(table.number(0, "value"), turned.number(0, "value"), 1e-12);
}

TEST(Resized, EqualImagesShowNoEffect) {
  const analysis::ResultTable table = resized_table(resized_cells("area", 0), resized_cells("bilinear", 0));
  EXPECT_EQ(table.number(0, "lowest"), 0);
  EXPECT_EQ(table.number(0, "highest"), 0);
}

TEST(Resized, RefusesWhatDiffersInMoreOrNotInResizing) {
  const auto area = resized_cells("area", 0);
  EXPECT_THROW(resized_table(area, area), DataError);
  auto other = resized_cells("bilinear", 0);
  for (analysis::Cell& cell : other) cell.settings.epochs = 99;
  EXPECT_THROW(resized_table(area, other), DataError);
  for (analysis::Cell& cell : other) cell.seed += 100;
  EXPECT_THROW(resized_table(area, other), DataError) << "no cell in common";
  EXPECT_TRUE(resized_table(area, {}).rows.empty());
}

}  // namespace
}  // namespace dsx
