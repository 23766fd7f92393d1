// The test split plays no part in any choice: with other test labels, the checkpoints, the history, the
// stopping and the threshold are the same bit by bit. And label noise touches the training labels only.
#include <opencv2/imgcodecs.hpp>

#include "data/sources/phantom.hpp"
#include "tests/program/study_compare_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;

constexpr int kSize = 64;

class StudyTestSplit : public CompareTest {
 protected:
  // Built-in images as a folder of class folders; in the splits of `swapped` each class has the other's.
  fs::path write_folder(const std::string& name, const std::set<std::string>& swapped) const {
    std::size_t number = 0;
    for (const auto& [split, count] : {std::pair("train", 64), std::pair("val", 24), std::pair("test", 24)})
      for (int i = 0; i < count; ++i, ++number) {
        const bool pneumonia = i % 2 == 1, said = pneumonia != (swapped.count(split) != 0);
        cv::Mat1b image(kSize, kSize);
        data::draw_phantom(3, number, pneumonia, kSize, {image.data, image.total()});
        const fs::path file = folder_ / name / split / (said ? "PNEUMONIA" : "NORMAL") /
                              ("person" + std::to_string(number) + "_" + std::to_string(i) + ".png");
        fs::create_directories(file.parent_path());
        EXPECT_TRUE(cv::imwrite(file.string(), image)) << file;
      }
    return folder_ / name;
  }
  Words settings(const fs::path& data) const {
    return split_words(
               "--size 64 --batch 16 --epochs 30 --patience 3 --lr .02 --threads 1 --progress none "
               "--variants avgpool --seeds 1 --cache-dir cache") +
           Words{"--data", data.string()};
  }
};

TEST_F(StudyTestSplit, PlaysNoPartInAnyChoice) {
  const std::string name = "avgpool-seed1-clean";
  for (const auto& [folder, swapped] : {std::pair<std::string, std::set<std::string>>("as_is", {}),
                                        {"test_swapped", {"test"}},
                                        {"val_swapped", {"val"}}}) {
    const Finished done = compare(settings(write_folder("data_" + folder, swapped)) + Words{"--out", folder});
    ASSERT_EQ(done.code, 0) << done.err;
  }
  const fs::path as_is = cell("as_is", name), other = cell("test_swapped", name);
  EXPECT_EQ(weights_of(as_is / "best.h5"), weights_of(other / "best.h5")) << "the chosen checkpoint";
  EXPECT_EQ(weights_of(as_is / "last.h5"), weights_of(other / "last.h5"));
  EXPECT_EQ(history_of(as_is), history_of(other)) << "epochs, and so where it stopped";
  const nlohmann::json a = summary_of(as_is), b = summary_of(other);
  EXPECT_EQ(a["best"]["logit_threshold"], b["best"]["logit_threshold"]);
  EXPECT_EQ(a["best"]["epoch"], b["best"]["epoch"]);
  EXPECT_EQ(a["training"]["stopped_early"], b["training"]["stopped_early"]);
  EXPECT_EQ(a["best"]["val"], b["best"]["val"]);
  // What test says does change, so the labels were other ones: the AUC is mirrored.
  const double auc = a["best"]["test"]["at_half"]["auc"], mirrored = b["best"]["test"]["at_half"]["auc"];
  EXPECT_NEAR(auc, 1 - mirrored, 1e-12);
  EXPECT_NE(auc, 0.5) << "says nothing: choose other images";
  // The same change to val does change the choices, so this test could have failed.
  const fs::path control = cell("val_swapped", name);
  EXPECT_NE(history_of(as_is), history_of(control));
  EXPECT_NE(a["best"]["logit_threshold"], summary_of(control)["best"]["logit_threshold"]);
}

TEST_F(StudyTestSplit, NoiseTouchesTrainingLabelsOnlyAndIsRecorded) {
  const Finished done =
      compare(small() + split_words("--variants avgpool,maxpool --seeds 1 --out s "
                                    "--label-noise 0,0.4 --noise-kinds symmetric,instance"));
  ASSERT_EQ(done.code, 0) << done.err;
  for (const std::string kind : {"symmetric", "instance"}) {
    const data::h5::Reader clean(cell("s", "avgpool-seed1-clean") / "run.h5");
    const data::h5::Reader noisy(cell("s", "avgpool-seed1-" + kind + "0.4") / "run.h5");
    const data::h5::Reader twin(cell("s", "maxpool-seed1-" + kind + "0.4") / "run.h5");
    for (const std::string split : {"train", "val", "test"}) {
      const std::string group = "predictions/" + split;
      EXPECT_EQ(noisy.numbers<float>(group + "/label"), clean.numbers<float>(group + "/label"))
          << "predictions are judged by the true labels";
      EXPECT_EQ(noisy.strings(group + "/name"), clean.strings(group + "/name"));
    }
    const std::vector<std::string> flipped = noisy.strings("label_noise/flipped_name");
    EXPECT_GT(flipped.size(), 10U);  // of 64
    EXPECT_LT(flipped.size(), 45U);
    EXPECT_EQ(flipped, twin.strings("label_noise/flipped_name")) << "variants of a seed share the noise";
    const std::vector<std::string> train = noisy.strings("predictions/train/name");
    for (const std::string& name : flipped)
      EXPECT_EQ(std::count(train.begin(), train.end(), name), 1) << name << " is no training image";
    const nlohmann::json summary = summary_of(cell("s", "avgpool-seed1-" + kind + "0.4"));
    EXPECT_EQ(summary["label_noise"]["flipped"], flipped.size());
    EXPECT_EQ(summary["label_noise"]["digest"], noisy.attribute_string("flipped_digest"));
    EXPECT_FALSE(clean.has("label_noise"));
    EXPECT_NE(history_of(cell("s", "avgpool-seed1-clean")),
              history_of(cell("s", "avgpool-seed1-" + kind + "0.4")))
        << "the wrong labels were not learned";
  }
}

TEST_F(StudyTestSplit, OneClassOnlyIsRefused) {
  const fs::path data = write_folder("data", {});
  fs::remove_all(data / "val" / "NORMAL");
  expect_error(settings(data) + Words{"--out", "s"}, 3, "val");
  EXPECT_FALSE(fs::exists(sweep("s")));
}

}  // namespace
}  // namespace dsx
