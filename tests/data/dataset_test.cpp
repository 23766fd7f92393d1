// Splits made where there are none: by subject, stratified, by seed.
#include "data/dataset.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "kernels/error.hpp"
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

std::map<Split, std::set<std::string>> subjects_by_split(const Flat& flat, const std::vector<Split>& splits) {
  std::map<Split, std::set<std::string>> result;
  for (std::size_t i = 0; i < splits.size(); ++i) result[splits[i]].insert(flat.items()[i].subject);
  return result;
}

bool disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::none_of(a.begin(), a.end(), [&](const std::string& name) { return b.contains(name); });
}

TEST(CompleteSplits, ShareNoSubjectAndKeepTheFractionsPerLabel) {
  const Flat flat = many();
  const std::vector<Split> splits = complete_splits(flat, {0.2, 0.25, 3});
  auto subjects = subjects_by_split(flat, splits);
  EXPECT_TRUE(disjoint(subjects[Split::train], subjects[Split::val]));
  EXPECT_TRUE(disjoint(subjects[Split::train], subjects[Split::test]));
  EXPECT_TRUE(disjoint(subjects[Split::val], subjects[Split::test]));
  for (const int label : {0, 1}) {
    std::map<Split, double> count;
    double total = 0;
    for (std::size_t i = 0; i < splits.size(); ++i)
      if (flat.items()[i].label == label) ++count[splits[i]], ++total;
    EXPECT_NEAR(count[Split::test] / total, 0.25, 0.05) << label;
    EXPECT_NEAR(count[Split::val] / (total - count[Split::test]), 0.2, 0.05) << label;
  }
}

TEST(CompleteSplits, FollowTheSeed) {
  const Flat flat = many();
  EXPECT_EQ(complete_splits(flat, {0.1, 0.2, 3}), complete_splits(flat, {0.1, 0.2, 3}));
  EXPECT_NE(complete_splits(flat, {0.1, 0.2, 3}), complete_splits(flat, {0.1, 0.2, 4}));
}

TEST(CompleteSplits, LeaveExistingOnesAlone) {
  Flat flat = many();
  for (std::size_t i = 0; i < 40; ++i) flat.mutable_items()[i].split = i % 2 == 0 ? Split::val : Split::test;
  std::vector<Split> before;
  for (const Item& item : flat.items()) before.push_back(item.split);
  EXPECT_EQ(complete_splits(flat, {}), before);
}

TEST(CompleteSplits, ValSharesNoSubjectWithAnExistingTest) {
  Flat flat = many();
  std::vector<Split> before;
  for (std::size_t i = 0; i < 200; ++i)
    flat.mutable_items()[i].split = i % 5 == 0 ? Split::test : Split::train;  // leaks on purpose
  const std::vector<Split> splits = complete_splits(flat, {0.2, 0.2, 1});
  auto subjects = subjects_by_split(flat, splits);
  EXPECT_FALSE(subjects[Split::val].empty());
  EXPECT_TRUE(disjoint(subjects[Split::val], subjects[Split::test]));
  EXPECT_TRUE(disjoint(subjects[Split::val], subjects[Split::train]));
}

TEST(CompleteSplits, RefuseWhatCannotBeSplit) {
  Flat one(2, {1, 4, 4});
  EXPECT_THAT(test::message_of<DataError>([&] { complete_splits(one, {}); }), HasSubstr("too few subjects"));
  EXPECT_THROW(complete_splits(many(), {0, 0.2, 1}), ConfigError);
  EXPECT_THROW(complete_splits(many(), {0.1, 1, 1}), ConfigError);
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
  for (const Split split : {Split::train, Split::val, Split::test})
    EXPECT_EQ(split_from_string(to_string(split)), split);
  EXPECT_THROW(split_from_string("tset"), DataError);
}

}  // namespace
}  // namespace dsx
