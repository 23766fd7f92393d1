// Splits made where there are none: by subject, stratified, by seed.
#include "data/sources/dataset.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::Flat;
using ::testing::HasSubstr;

// 200 images, 3 of 4 with label 1, up to 4 images per subject.
Flat many() {
  Flat flat(200, {1, 4, 4});
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t subject = i / (1 + i % 4);
    flat.mutable_items()[i].label = subject % 4 == 0 ? 0 : 1;
    flat.mutable_items()[i].subject = "s" + std::to_string(subject);
  }
  return flat;
}

std::map<data::Split, std::set<std::string>> subjects_by_split(const Flat& flat,
                                                               const std::vector<data::Split>& splits) {
  std::map<data::Split, std::set<std::string>> result;
  for (std::size_t i = 0; i < splits.size(); ++i) result[splits[i]].insert(flat.items()[i].subject);
  return result;
}

bool disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::none_of(a.begin(), a.end(), [&](const std::string& name) { return b.contains(name); });
}

TEST(CompleteSplits, ShareNoSubjectAndKeepTheFractionsPerLabel) {
  const Flat flat = many();
  const std::vector<data::Split> splits = data::complete_splits(flat, {0.2, 0.25, 3});
  auto subjects = subjects_by_split(flat, splits);
  EXPECT_TRUE(disjoint(subjects[data::Split::train], subjects[data::Split::val]));
  EXPECT_TRUE(disjoint(subjects[data::Split::train], subjects[data::Split::test]));
  EXPECT_TRUE(disjoint(subjects[data::Split::val], subjects[data::Split::test]));
  for (const int label : {0, 1}) {
    std::map<data::Split, double> count;
    double total = 0;
    for (std::size_t i = 0; i < splits.size(); ++i)
      if (flat.items()[i].label == label) ++count[splits[i]], ++total;
    EXPECT_NEAR(count[data::Split::test] / total, 0.25, 0.05) << label;
    EXPECT_NEAR(count[data::Split::val] / (total - count[data::Split::test]), 0.2, 0.05) << label;
  }
}

TEST(CompleteSplits, FollowTheSeed) {
  const Flat flat = many();
  EXPECT_EQ(data::complete_splits(flat, {0.1, 0.2, 3}), data::complete_splits(flat, {0.1, 0.2, 3}));
  EXPECT_NE(data::complete_splits(flat, {0.1, 0.2, 3}), data::complete_splits(flat, {0.1, 0.2, 4}));
}

TEST(CompleteSplits, LeaveExistingOnesAlone) {
  Flat flat = many();
  for (std::size_t i = 0; i < 40; ++i)
    flat.mutable_items()[i].split = i % 2 == 0 ? data::Split::val : data::Split::test;
  std::vector<data::Split> before;
  for (const data::Item& item : flat.items()) before.push_back(item.split);
  EXPECT_EQ(data::complete_splits(flat, {}), before);
}

TEST(CompleteSplits, ValSharesNoSubjectWithAnExistingTest) {
  Flat flat = many();
  std::vector<data::Split> before;
  for (std::size_t i = 0; i < 200; ++i)
    flat.mutable_items()[i].split = i % 5 == 0 ? data::Split::test : data::Split::train;  // leaks on purpose
  const std::vector<data::Split> splits = data::complete_splits(flat, {0.2, 0.2, 1});
  auto subjects = subjects_by_split(flat, splits);
  EXPECT_FALSE(subjects[data::Split::val].empty());
  EXPECT_TRUE(disjoint(subjects[data::Split::val], subjects[data::Split::test]));
  EXPECT_TRUE(disjoint(subjects[data::Split::val], subjects[data::Split::train]));
}

TEST(CompleteSplits, RefuseWhatCannotBeSplit) {
  Flat one(2, {1, 4, 4});
  EXPECT_THAT(test::message_of<DataError>([&] { data::complete_splits(one, {}); }),
              HasSubstr("too few subjects"));
  EXPECT_THROW(data::complete_splits(many(), {0, 0.2, 1}), ConfigError);
  EXPECT_THROW(data::complete_splits(many(), {0.1, 1, 1}), ConfigError);
}

TEST(Dataset, DigestCoversNamesLabelsSplitsAndShape) {
  Flat flat(3, {1, 4, 4});
  const std::string digest = flat.digest();
  EXPECT_EQ(Flat(3, {1, 4, 4}).digest(), digest);
  EXPECT_NE(Flat(3, {1, 4, 5}).digest(), digest);
  flat.mutable_items()[1].label = 0;
  EXPECT_NE(flat.digest(), digest);
}

TEST(Dataset, SplitNamesGoBothWays) {
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test})
    EXPECT_EQ(data::split_from_string(data::to_string(split)), split);
  EXPECT_THROW(data::split_from_string("tset"), DataError);
}

}  // namespace
}  // namespace dsx
