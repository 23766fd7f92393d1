// Fewer training images: nested, by subject, stratified, and the same for all variants of a seed.
#include "study/training/train_subset.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernels/base/error.hpp"
#include "study/training/learning_check.hpp"

namespace dsx {
namespace {

// Subjects of one to five images, three quarters of them positive; every tenth has both classes.
class Hospital : public data::Dataset {
 public:
  Hospital() {
    for (int subject = 0; subject < 90; ++subject)
      for (int image = 0; image <= subject % 5; ++image) {
        const bool both = subject % 10 == 0, positive = both ? image % 2 == 0 : subject % 4 != 1;
        items_.push_back({"image" + std::to_string(items_.size()), "person" + std::to_string(subject), "",
                          positive ? 1 : 0, data::Split::train});
      }
    items_.push_back({"elsewhere", "person9999", "", 1, data::Split::test});
  }
  const std::vector<data::Item>& items() const override { return items_; }
  data::ImageShape shape() const override { return {1, 8, 8}; }
  const std::vector<std::string>& class_names() const override { return names_; }
  void read(std::size_t, std::span<std::uint8_t> chw) const override { std::fill(chw.begin(), chw.end(), 0); }
  std::string description() const override { return "a hospital"; }

 private:
  std::vector<data::Item> items_;
  std::vector<std::string> names_ = {"NORMAL", "PNEUMONIA"};
};

settings::Settings settings_of(const std::string& train_images, std::uint64_t seed = 1) {
  settings::Settings settings;
  settings.train_images = train_images;
  settings.seed = seed;
  settings.batch = 8;
  return settings;
}

std::set<std::size_t> chosen(const std::string& train_images, std::uint64_t seed = 1) {
  const auto subset = training::choose_train_subset(Hospital(), settings_of(train_images, seed));
  return {subset.images.indices.begin(), subset.images.indices.end()};
}

TEST(TrainSubset, IsNestedAtEverySize) {
  std::set<std::size_t> smaller;
  for (int count = 8; count <= 270; ++count) {
    const std::set<std::size_t> now = chosen(std::to_string(count));
    ASSERT_EQ(now.size(), static_cast<std::size_t>(count));
    ASSERT_TRUE(std::includes(now.begin(), now.end(), smaller.begin(), smaller.end())) << count;
    smaller = now;
  }
}

TEST(TrainSubset, HoldsWholeSubjectsButForTheLastOfEachKind) {
  const Hospital hospital;
  std::map<std::string, int> all, kept;
  for (const auto& item : hospital.items()) ++all[item.subject];
  for (const std::size_t index : chosen("100")) ++kept[hospital.items()[index].subject];
  const auto partial =
      std::count_if(kept.begin(), kept.end(), [&](const auto& one) { return one.second < all[one.first]; });
  EXPECT_LE(partial, 3);
}

TEST(TrainSubset, KeepsTheSharesOfTheClasses) {
  const Hospital hospital;
  const auto whole = training::choose_train_subset(hospital, settings_of("all"));
  const auto share_of = [](const settings::SplitData& data) {
    return static_cast<double>(std::count(data.labels.begin(), data.labels.end(), 1.F)) /
           static_cast<double>(data.labels.size());
  };
  for (const char* size : {"40", "100", "0.5"}) {
    const auto subset = training::choose_train_subset(hospital, settings_of(size));
    const double images = static_cast<double>(subset.images.labels.size());
    EXPECT_NEAR(share_of(subset.images), share_of(whole.images), 3 / images) << size;
    for (std::size_t i = 0; i < subset.images.indices.size(); ++i)
      EXPECT_EQ(subset.images.labels[i],
                static_cast<float>(hospital.items()[subset.images.indices[i]].label));
  }
}

TEST(TrainSubset, FollowsTheSeedAndNothingElse) {
  EXPECT_EQ(chosen("60"), chosen("60"));
  EXPECT_NE(chosen("60", 1), chosen("60", 2));
  settings::Settings other = settings_of("60");
  other.variant = "strided";
  other.epochs = 50;
  const auto subset = training::choose_train_subset(Hospital(), other);
  EXPECT_EQ(std::set<std::size_t>(subset.images.indices.begin(), subset.images.indices.end()), chosen("60"));
  other.seed = 7;
  other.seed_subset = 1;
  EXPECT_EQ(training::choose_train_subset(Hospital(), other).images.indices, subset.images.indices);
}

TEST(TrainSubset, AnEpochTakesAsManyStepsAsAllImagesWould) {
  const auto passes = [](const std::string& size, int given = 0) {
    settings::Settings settings = settings_of(size);
    settings.train_passes = given;
    return training::choose_train_subset(Hospital(), settings).passes;
  };
  EXPECT_EQ(passes("all"), 1);
  EXPECT_EQ(passes("100"), 2) << "270 images";
  EXPECT_EQ(passes("0.1"), 10);
  EXPECT_EQ(passes("0.1", 3), 3);
  EXPECT_THAT(training::subset_text(training::choose_train_subset(Hospital(), settings_of("27"))),
              testing::HasSubstr(
                  "27 of 270 training images, whole patients, nested and stratified; an epoch is 10 passes"));
  EXPECT_EQ(training::subset_text(training::choose_train_subset(Hospital(), settings_of("all"))), "");
}

TEST(TrainSubset, RefusesWhatCannotBeTrainedOn) {
  EXPECT_THROW(chosen("271"), ConfigError);
  EXPECT_THROW(chosen("7"), ConfigError) << "less than a batch";
}

std::vector<training::EpochRecord> history_of(const std::vector<double>& losses) {
  std::vector<training::EpochRecord> history;
  for (const double loss : losses) {
    training::EpochRecord epoch;
    epoch.epoch = static_cast<int>(history.size()) + 1;
    epoch.train.loss = loss;
    history.push_back(epoch);
  }
  return history;
}

// ln 2 = .693 is the loss of a guess with as many positives as negatives.
TEST(LearningCheck, SeesALossNearChance) {
  EXPECT_FALSE(training::check_learning(history_of({0.693, 0.691, 0.689}), 3, 400, 200, 0).learnt);
  EXPECT_FALSE(training::check_learning(history_of({0.693, 0.691, 0.64}), 2, 400, 200, 0).learnt);
  EXPECT_FALSE(training::check_learning(history_of({0.69, 0.6, 0.52}), 3, 400, 200, 0).learnt)
      << "still falling";
  EXPECT_TRUE(training::check_learning(history_of({0.69, 0.6, 0.52}), 2, 400, 200, 0).learnt);
  EXPECT_TRUE(training::check_learning(history_of({0.69, 0.4, 0.1}), 3, 400, 200, 0).learnt);
}

// A loss of .5 is a guess where four fifths are positive.
TEST(LearningCheck, KnowsTheClassesShares) {
  EXPECT_FALSE(training::check_learning(history_of({0.5}), 1, 100, 80, 0).learnt);
  EXPECT_TRUE(training::check_learning(history_of({0.5, 0.3}), 1, 100, 80, 0).learnt);
}

// With 40% wrong labels one who knows the truth has a loss of .673: that is not near chance.
TEST(LearningCheck, KnowsWhatWrongLabelsLeaveToLearn) {
  EXPECT_TRUE(training::check_learning(history_of({0.69, 0.675}), 1, 1000, 500, 400).learnt);
  EXPECT_FALSE(training::check_learning(history_of({0.69, 0.6925}), 1, 1000, 500, 400).learnt);
}

TEST(LearningCheck, SaysWhatToDoInOneLine) {
  const auto text = training::not_learnt_text(training::check_learning(history_of({0.689}), 1, 400, 200, 0));
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("0.689"), testing::HasSubstr("chance (0.693)"),
                                   testing::HasSubstr("the best epoch was the last"),
                                   testing::HasSubstr("--epochs")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0);
  EXPECT_EQ(training::not_learnt_text({}), "");
}

}  // namespace
}  // namespace dsx
