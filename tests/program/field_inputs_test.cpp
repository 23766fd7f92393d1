// What the field throws at the program, at its command line: the picture that every viewer shows, patients on
// one side of a split, the positive class said, what is left out named, and true reasons for what is refused.
#include "tests/program/field_inputs.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "data/sources/hdf5_dataset.hpp"
#include "study/exchange/safetensors.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class FieldInputs : public ProgramTest {
 protected:
  // Classes A and B of `count` images each: `name` gets the class's name and a number.
  void put_set(const std::string& set, const char* negative, const char* positive, int count,
               const std::string& extension,
               const std::function<field::Bytes(const cv::Mat&)>& encode = field::png) {
    field::put_classes(
        [&](int label, int i) {
          return folder_ / set / (label == 0 ? negative : positive) / ("i" + std::to_string(i) + extension);
        },
        count, encode);
  }
  Finished show(const std::string& set) {
    return run("study", {"data", "show", set, "--size", "32", "--cache-dir", "cache", "--progress", "none"});
  }
  Finished study(const std::string& set) {
    return run("study", with(with(tiny(), "--epochs", "1"), "--batch", "4") +
                            Words{"--data", set, "--cache-dir", "cache", "--latency=false", "--out", "runs",
                                  "--name", "one"});
  }
};

TEST_F(FieldInputs, OnePictureInManyFilesIsOnePicture) {
  for (const auto& [name, bytes] : field::same_picture())
    for (const char* label : {"A", "B"}) field::put(folder_ / "set" / label / name, bytes);
  const Finished done =
      run("study", {"data", "import", "set", "--size", "64", "--skip-bad-images", "--out", "s.h5"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("values of DICOM16: 0 to 4095 used by 2 images; black 0, white 4095"),
                              HasSubstr("a DICOM window that would show a flat image is ignored: 2 images")));
  const data::Hdf5Dataset set(folder_ / "s.h5");
  EXPECT_EQ(set.items().size(), 2 * field::same_picture().size()) << done.err;
  const cv::Mat expected = field::picture(1);
  for (std::size_t i = 0; i < set.items().size(); ++i) {
    cv::Mat image(64, 64, CV_8U);
    set.read(i, {image.data, image.total()});
    const double loss = set.items()[i].name.ends_with(".jpg") ? 12 : 1;
    EXPECT_LE(cv::norm(image, expected, cv::NORM_INF), loss) << set.items()[i].name;
  }
}

// Six patients of each class, four images each; ids begin anew in each class, or do not.
TEST_F(FieldInputs, PatientsOfPublicNamesAreInOneSplit) {
  const std::function<std::string(int, int, int)> names[] = {
      [](int label, int patient, int image) {
        const std::string word = label == 0 ? "NORMAL" : "OTHER";
        return word + "/" + word + "-" + std::to_string(7000 + 37 * patient) + "-000" +
               std::to_string(image + 1) + ".png";
      },
      [](int label, int patient, int image) {
        return std::string(label == 0 ? "NORMAL" : "OTHER") + "/000000" +
               std::to_string(10 + patient + 50 * label) + "_00" + std::to_string(image) + ".png";
      },
      [](int label, int patient, int image) {
        return std::string(label == 0 ? "NORMAL" : "OTHER") + "/patient0" +
               std::to_string(patient + 20 * label) + "/study1/view" + std::to_string(image) + "_frontal.png";
      }};
  int set = 0;
  for (const auto& name : names) {
    const std::string folder = "set" + std::to_string(set++);
    field::put_classes([&](int label, int i) { return folder_ / folder / name(label, i / 4, i % 4); }, 24,
                       field::png);
    const Finished shown = show(folder);
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_THAT(shown.out,
                AllOf(ContainsRegex("train +24 +24 +48 +12\n"), HasSubstr("subjects: 12 on 48 images")));
    fs::remove_all(folder_ / "runs");
    const Finished done = study(folder);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("subjects: 12 on 48 images by "));
    const data::h5::Reader in(folder_ / "runs/one/run.h5");
    std::map<std::string, std::set<std::string>> splits;
    for (const std::string split : {"train", "val", "test"})
      for (const std::string& subject : in.strings("predictions/" + split + "/subject", 48))
        splits[subject].insert(split);
    EXPECT_EQ(splits.size(), 12U);
    for (const auto& [subject, where] : splits) EXPECT_EQ(where.size(), 1U) << subject;
  }
}

TEST_F(FieldInputs, OtherNamesTakeAPattern) {
  field::put_classes(
      [&](int label, int i) {
        return folder_ / "set" / (label == 0 ? "A" : "B") /
               ("x" + std::to_string(i) + "q" + std::to_string(i / 3 + 9 * label) + "z.png");
      },
      12, field::png);
  EXPECT_THAT(show("set").out, HasSubstr("names tell none, so each image is its own; --subject REGEX"));
  const Finished shown = run(
      "study", {"data", "show", "set", "--size", "32", "--cache-dir", "cache", "--subject", "q([0-9]+)z"});
  EXPECT_THAT(shown.out,
              AllOf(ContainsRegex("train +12 +12 +24 +8\n"), HasSubstr("subjects: 8 on 24 images")));
  EXPECT_EQ(run("study", {"data", "show", "set", "--subject", "(["}).code, 2);
}

TEST_F(FieldInputs, TwelveBitsInSixteenAreFoundSaidAndKept) {
  put_set("set", "NORMAL", "OTHER", 12, ".png",
          [](const cv::Mat& image) { return field::png(field::wide(image, 16)); });
  const Finished done = study("set");
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("values of PNG16: 0 to 4080 used by 24 images; black 0, white 4095"));
  EXPECT_THAT(slurp(folder_ / "runs/one/config.yaml"), HasSubstr("PNG16=0,4095"));
  const Finished stored = run("study", {"data", "show", "set", "--size", "32", "--cache-dir", "cache",
                                        "--intensity-range", "stored"});
  EXPECT_THAT(stored.out, AllOf(HasSubstr("a quarter of black to white"), HasSubstr("--intensity-range")));
}

TEST_F(FieldInputs, MasksBesideImagesAreLeftOutAndNamed) {
  for (const char* label : {"NORMAL", "OTHER"})
    for (int i = 0; i < 6; ++i) {
      const std::string name = std::string(label) + "-" + std::to_string(i) + ".png";
      field::put(folder_ / "set" / label / "images" / name, field::png(field::picture(i)));
      field::put(folder_ / "set" / label / "masks" / name, field::png(field::picture(i) > 120));
    }
  const Finished shown = show("set");
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out,
              AllOf(ContainsRegex("train +6 +6 +12 +12\n"),
                    HasSubstr("left out: 12 files as masks or annotations, e.g. NORMAL/masks/NORMAL-0.png")));
}

TEST_F(FieldInputs, ANegatedNameIsTheNegativeClass) {
  for (const char* negative : {"non-FINDING", "no_FINDING", "normal"}) {
    const std::string set = std::string("set_") + negative;
    put_set(set, negative, "FINDING", 12, ".png");
    fs::remove_all(folder_ / "runs");
    const Finished done = study(set);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, AllOf(HasSubstr(std::string("positive class: FINDING; negative: ") + negative),
                                HasSubstr("(highest val AUC); positive class: FINDING")));
    EXPECT_EQ(summary_of(folder_ / "runs/one")["data"]["positive_class"], "FINDING");
    EXPECT_THAT(run("study", {"list", "runs"}).out, AllOf(HasSubstr("positive_class"), HasSubstr("FINDING")));
    EXPECT_THAT(show(set).out, HasSubstr("positive class: FINDING"));
  }
}

TEST_F(FieldInputs, PredictTakesTheFilesThatTrainingTakes) {
  put_set("set", "NORMAL", "OTHER", 12, ".png");
  ASSERT_EQ(study("set").code, 0);
  for (int i = 0; i < 3; ++i)
    field::put(folder_ / "plain" / ("i" + std::to_string(i) + ".png"), field::png(field::picture(i)));
  field::put(folder_ / "plain/._i0.png", std::string("\0\5\x16\7\0\2\0\0Mac OS X", 16));
  field::put(folder_ / "plain/.ipynb_checkpoints/i0-checkpoint.png", field::png(field::picture(0)));
  field::put(folder_ / "plain/IM000001", test::make_dicom(field::picture(5), {}));
  fs::create_directory_symlink(".", folder_ / "plain/loop");
  field::put(folder_ / "store/s0.png", field::png(field::picture(9)));
  fs::create_directory(folder_ / "links");
  fs::create_directory_symlink("../store", folder_ / "links/linked");
  const Finished plain = run("study", {"predict", "runs/one", "plain", "--json", "--threads", "1"});
  ASSERT_EQ(plain.code, 0) << plain.err;
  const auto json = nlohmann::json::parse(plain.out);
  EXPECT_EQ(json["images"].size(), 4U);
  EXPECT_EQ(json["positive_class"], "OTHER");
  EXPECT_THAT(plain.err, AllOf(HasSubstr("left out: 2 files hidden"), HasSubstr("linked back")));
  const Finished links = run("study", {"predict", "runs/one", "links", "--threads", "1"});
  EXPECT_EQ(links.code, 0) << links.err;
  EXPECT_THAT(links.out, AllOf(HasSubstr("linked/s0.png"), HasSubstr("positive class: OTHER")));
}

TEST_F(FieldInputs, DicomFilesNeedNoExtensionAndASharedPatientIdIsNobody) {
  for (const bool shared : {false, true}) {
    const std::string set = shared ? "shared" : "own";
    int number = 0;
    put_set(set, "NORMAL", "OTHER", 8, shared ? ".dcm" : "", [&](const cv::Mat& image) {
      const std::string patient = shared ? "ANONYMOUS" : "p" + std::to_string(number++);
      return test::make_dicom(image,
                              {EXS_LittleEndianExplicit, "MONOCHROME2", 8, {{DCM_PatientID, patient}}});
    });
    fs::remove_all(folder_ / "runs");
    const Finished done = study(set);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("subjects: 16 on 16 images"));
    EXPECT_EQ(done.out.find("PatientID 'ANONYMOUS' is shared by 16 of 16 files") != std::string::npos,
              shared);
    EXPECT_EQ(done.out.find("--subject image") != std::string::npos, shared);
  }
}

TEST_F(FieldInputs, OtherKindsAreReadOrNamed) {
  put_set("set", "A", "B", 3, ".png");
  for (const char* label : {"A", "B"}) {
    const fs::path folder = folder_ / "set" / label;
    field::put(folder / "scan.bmp", field::encoded(field::picture(7), ".bmp"));
    field::put(folder / "scan.webp", field::encoded(field::picture(8), ".webp"));
    field::put(folder / "scan.jfif", field::encoded(field::picture(9), ".jpg"));
    field::put(folder / "without_extension", field::png(field::picture(10)));
    field::put(folder / "notes.txt", std::string("nothing"));
    field::put(folder / "anim.gif", std::string("GIF89a"));
  }
  const Finished shown = show("set");
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(ContainsRegex("train +7 +7 +14 +14\n"),
                               HasSubstr("left out: 4 files of other kinds, e.g. A/anim.gif")));
}

TEST_F(FieldInputs, ArraysAreUsedOrNamedAndOtherFilesSayWhatTheyAre) {
  field::put(folder_ / "page.npz", std::string("<!DOCTYPE html><title>too many requests</title>"));
  field::put(folder_ / "pointer.npz",
             std::string("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"));
  const std::pair<const char*, const char*> wrong[] = {{"page.npz", "an HTML page"},
                                                       {"pointer.npz", "git lfs pull"}};
  for (const auto& [name, reason] : wrong) {
    const Finished done = show(name);
    EXPECT_EQ(done.code, 3);
    EXPECT_THAT(done.err, AllOf(HasSubstr(name), HasSubstr(reason), Not(HasSubstr("not an HDF5"))));
  }
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) GTEST_SKIP() << "no NumPy";
  const std::string script =
      "import numpy as np, zipfile; r = np.random.default_rng(1); y = np.arange(48) % 2; "
      "x = (r.normal(90, 20, (48, 32, 32)) + 60 * y[:, None, None]).clip(0, 255).astype(np.uint8); "
      "np.savez_compressed('valid.npz', X_train=x, y_train=y, X_valid=x[:16], y_valid=y[:16], X_test=x[16:], "
      "y_test=y[16:], extra=y); "
      "np.savez_compressed('two.npz', X_train=x, y_train=y, test_images=x[:16], test_labels=y[:16]); "
      "np.savez_compressed('wide.npz', train_images=x.astype(np.int32) * 16, train_labels=y); "
      "np.savez_compressed('text.npz', train_images=x, train_labels=np.where(y, 'ill', 'well')); "
      "np.save('single.npy', x); z = zipfile.ZipFile('images.zip', 'w'); z.writestr('A/1.png', b'x'); "
      "z.close()";
  ASSERT_EQ(std::system(("cd '" + folder_.string() + "' && /usr/bin/python3 -c \"" + script + "\"").c_str()),
            0);
  EXPECT_THAT(show("valid.npz").out,
              AllOf(ContainsRegex("val +8 +8 +16 +16\n"), ContainsRegex("test +16 +16 +32"),
                    HasSubstr("left out: 1 array that no split uses, e.g. extra")));
  EXPECT_THAT(show("two.npz").out,
              AllOf(ContainsRegex("train +24 +24 +48"), ContainsRegex("test +8 +8 +16")));
  EXPECT_THAT(show("wide.npz").out, HasSubstr("black 0, white 4095"));
  EXPECT_THAT(show("text.npz").err, HasSubstr("an array of texts; save numbers"));
  EXPECT_THAT(show("single.npy").err, HasSubstr("a single NumPy array"));
  EXPECT_THAT(show("images.zip").err, HasSubstr("a zip archive of images; unpack it"));
}

// Weights of a tiny run, with names or values changed as others have them.
TEST_F(FieldInputs, WeightsBehindAPrefixAreTakenAndBrokenOnesRefused) {
  put_set("set", "NORMAL", "OTHER", 12, ".png");
  ASSERT_EQ(study("set").code, 0);
  ASSERT_EQ(run("study", {"export", "runs/one", "--format", "safetensors", "--out", "w.safetensors"}).code,
            0);
  const std::string text = slurp(folder_ / "w.safetensors");
  const field::Bytes bytes(text.begin(), text.end());
  const exchange::SafetensorsHeader header = exchange::parse_safetensors(bytes);
  const auto write = [&](const std::string& file, const std::string& prefix, bool broken) {
    std::vector<exchange::NamedTensor> tensors;
    for (const exchange::SafeTensor& tensor : header.tensors)
      tensors.push_back({prefix + tensor.name, tensor.shape, exchange::safetensor_values(bytes, tensor)});
    if (broken) tensors[1].values[0] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<std::pair<std::string, std::string>> metadata(header.metadata.begin(),
                                                                    header.metadata.end());
    field::put(folder_ / file, exchange::safetensors_file(tensors, metadata));
    return tensors[1].name;
  };
  write("prefixed.safetensors", "module._orig_mod.", false);
  const Finished taken = run("study", {"import", "prefixed.safetensors", "--out", "runs/two"});
  EXPECT_EQ(taken.code, 0) << taken.err;
  EXPECT_THAT(taken.out, HasSubstr("'module._orig_mod.' stands before all of them, and is taken off"));
  EXPECT_EQ(weights_of(folder_ / "runs/two/best.h5"), weights_of(folder_ / "runs/one/best.h5"));
  const std::string name = write("broken.safetensors", "", true);
  const Finished refused = run("study", {"import", "broken.safetensors", "--out", "runs/three"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("tensor '" + name + "'"), HasSubstr("is NaN")));
  EXPECT_FALSE(fs::exists(folder_ / "runs/three"));
  field::put(folder_ / "model.safetensors.index.json",
             std::string(R"({"weight_map": {"a": "x.safetensors"}})"));
  EXPECT_THAT(
      run("study", {"import", "model.safetensors.index.json", "--variant", "avgpool", "--out", "x"}).err,
      HasSubstr("give the file that it names: 'x.safetensors'"));
}

}  // namespace
}  // namespace dsx
