// Names of any bytes and any length, where they can occur: every file stays valid UTF-8, the run resumes, and
// a table stays a table. The images are made here.
#include <gmock/gmock.h>

#include "kernels/base/utf8.hpp"
#include "tests/program/field_inputs.hpp"
#include "tests/program/study_images.hpp"
#include "tests/program/study_runs.hpp"

namespace dsx {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class StudyNames : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    ProgramTest::TearDown();
  }
  fs::path images(const std::string& name, const std::string& other, const std::string& image = "i") const {
    write_class_folders(folder_ / name, other, 12, image);
    return folder_ / name;
  }
  static Words quick() {
    return split_words("--size 32 --batch 8 --threads 1 --latency-iterations 5 --progress none");
  }
  // Every text file below, and every text of every HDF5 file, which is the bytes of the file where it is not
  // packed.
  void expect_utf8(const fs::path& folder) const {
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path extension = entry.path().extension();
      if (!entry.is_regular_file() || extension == ".png" || extension == ".log") continue;
      ++files;
      if (extension == ".h5") {
        expect_utf8_texts(entry.path(), "/");
      } else {
        EXPECT_TRUE(is_utf8(slurp(entry.path()))) << as_utf8(entry.path().string());
      }
      if (extension == ".html") {
        const std::string page = slurp(entry.path());
        EXPECT_TRUE(
            std::none_of(page.begin(), page.end(), [](char c) { return c < ' ' && c > 0 && c != '\n'; }));
      }
      if (extension == ".json") {
        EXPECT_TRUE(nlohmann::json::accept(slurp(entry.path()))) << as_utf8(entry.path().string());
      }
    }
    EXPECT_GT(files, 0);
  }
  // With HDF5 alone: our Reader would make them valid.
  static void expect_utf8_texts(const fs::path& path, const std::string& group) {
    const data::h5::Lock lock;
    const H5::H5File file(path.string(), H5F_ACC_RDONLY);
    int texts = 0;
    for (unsigned i = 0; i < static_cast<unsigned>(file.getNumAttrs()); ++i) {
      const H5::Attribute attribute = file.openAttribute(i);
      if (attribute.getTypeClass() != H5T_STRING) continue;
      std::string value(attribute.getInMemDataSize(), '\0');
      attribute.read(attribute.getStrType(), static_cast<void*>(value.data()));
      EXPECT_TRUE(is_utf8(value)) << attribute.getName() << ": " << as_utf8(value);
    }
    const auto visit = [](hid_t id, const char* name, const H5O_info_t* info, void* count) -> herr_t {
      EXPECT_TRUE(is_utf8(name));
      if (info->type != H5O_TYPE_DATASET) return 0;
      const H5::DataSet data(H5Dopen2(id, name, H5P_DEFAULT));
      if (data.getTypeClass() != H5T_STRING || data.getSpace().getSimpleExtentNpoints() == 0) return 0;
      std::string cells(data.getInMemDataSize(), '\0');
      data.read(cells.data(), data.getStrType());
      EXPECT_TRUE(is_utf8(cells)) << name << ": " << as_utf8(cells).substr(0, 300);
      ++*static_cast<int*>(count);
      return 0;
    };
    H5Ovisit(H5Gopen2(file.getId(), group.c_str(), H5P_DEFAULT), H5_INDEX_NAME, H5_ITER_INC, visit, &texts);
    // Shifted images are cached as numbers alone.
    if (path.filename() != "shift.h5") {
      EXPECT_GT(texts, 0) << path;
    }
  }
};

TEST_F(StudyNames, DataThatAreNotUtf8TrainResumeAndCompare) {
  const fs::path data = images("r\xf6ntgen", "st\xf6rung", "\xfc");
  const Words words = quick() + Words{"--data", data.string(), "--epochs", "1"};
  const Finished done = run("study", words + Words{"--name", "f\xfcr", "--out", "aus\xe4"});
  ASSERT_EQ(done.code, 0) << done.err;
  const fs::path folder = folder_ / "aus\xe4" / "f\xfcr";
  expect_utf8(folder_ / "aus\xe4");
  EXPECT_EQ(summary_of(folder)["settings"]["data"], as_utf8(data.string()));
  EXPECT_EQ(summary_of(folder)["data"]["positive_class"], "st\\xf6rung");

  const Finished resumed = run("study", {"--resume", folder.string(), "--epochs", "2", "--progress", "none"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(summary_of(folder)["training"]["epochs_done"], 2);
  expect_utf8(folder);
  const Finished repeated = run("study", {"--config", (folder / "config.yaml").string(), "--name", "again",
                                          "--latency=false", "--progress", "none"});
  ASSERT_EQ(repeated.code, 0) << repeated.err;
  expect_utf8(folder_ / "results" / "runs");

  for (const char* format : {"--csv", "--json"}) {
    const Finished predicted = run("study", {"predict", folder.string(), (data / "test").string(), format});
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    EXPECT_TRUE(is_utf8(predicted.out)) << as_utf8(predicted.out);
  }
  for (const char* format : {"--format=onnx", "--format=safetensors"})
    EXPECT_EQ(
        run("study", {"export", folder.string(), format, "--out", std::string("weights\xff") + format}).code,
        0)
        << format;

  const Finished compared =
      run("study", Words{"compare", "--no-latency", "--resamples", "100", "--variants", "avgpool,strided",
                         "--seeds", "2", "--out", "vergleich\xf6"} +
                       split_words("--size 32 --batch 8 --threads 1 --epochs 1 --progress none --data") +
                       Words{data.string()});
  ASSERT_EQ(compared.code, 0) << compared.err;
  expect_utf8(folder_ / "vergleich\xf6");
}

TEST_F(StudyNames, NamesOfRunsNetworksAndShapesMayBeAnyBytes) {
  const Words quickly = quick() + Words{"--latency-only"};
  std::ofstream(folder_ / "netz\xe9.yaml") << slurp(DOWNSCALEXR_SOURCE_DIR "/net/networks/lenet.yaml");
  const Finished done =
      run("study", quickly + Words{"--name", "f\xfcr", "--out", "\xfftop", "--network", "netz\xe9.yaml"});
  ASSERT_EQ(done.code, 0) << done.err;
  expect_utf8(folder_ / "\xfftop");
  std::ofstream(folder_ / "shapes_\xfc.txt") << "f\xfcr  src=1x16x16  conv=8,k5\n";
  const Finished explained =
      run("study", split_words("explain --experiments factorial --seconds .01 --threads 1 --out e --shapes") +
                       Words{"shapes_\xfc.txt"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  expect_utf8(folder_ / "e");
}

TEST_F(StudyNames, PagesTablesAndListsOfTheDataAreUtf8) {
  const fs::path data = images("set", "st\xf6rung", "b\xfcld\n\x1b[31m");
  const Words here = Words{"--size", "32", "--progress", "none"};
  for (const Words& words :
       {Words{"data", "audit", data.string(), "--html", "out/a.html"},
        Words{"data", "issues", data.string(), "--html", "out/i.html", "--csv", "out/i.csv", "--json",
              "out/i.json", "--save-probabilities", "out/p.csv"},
        Words{"data", "issues", data.string(), "--probabilities", "out/p.csv", "--csv", "out/again.csv"},
        Words{"data", "clean", data.string(), "--out", "out/clean\xe4.h5"}}) {
    const Finished done = run("study", words + here);
    EXPECT_EQ(done.code, 0) << words[1] << ": " << done.err;
  }
  expect_utf8(folder_ / "out");
  const Finished json = run("study", {"data", "audit", data.string(), "--json", "--size", "32"});
  EXPECT_TRUE(is_utf8(json.out));
}

TEST_F(StudyNames, APatientIdOfAnotherEncodingIsShownInUtf8) {
  for (const std::string split : {"train", "test"})
    for (int i = 0; i < 24; ++i) {
      const std::string patient = "P\xe4tient " + split + std::to_string(i / 2);
      field::put(folder_ / "set" / split / (i % 4 < 2 ? "NORMAL" : "OTHER") / std::to_string(i),
                 test::make_dicom(field::picture(i, i % 4 >= 2),
                                  {EXS_LittleEndianExplicit, "MONOCHROME2", 8, {{DCM_PatientID, patient}}}));
    }
  const Words here = split_words("--size 32 --progress none");
  for (const Words& words : {Words{"data", "audit", "set", "--html", "out/a.html"},
                             Words{"data", "issues", "set", "--epochs", "1", "--batch", "4", "--html",
                                   "out/i.html", "--json", "out/i.json"}}) {
    const Finished done = run("study", words + here);
    EXPECT_EQ(done.code, 0) << words[1] << ": " << done.err;
  }
  const Finished done =
      run("study", quick() + Words{"--data", "set", "--epochs", "1", "--out", "out", "--name", "one"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("subjects: 24 on 48 images by PatientID"));
  EXPECT_THAT(data::h5::Reader(folder_ / "out/one/run.h5").strings("predictions/test/subject", 24),
              Each(HasSubstr("P\\xe4tient test")));
  expect_utf8(folder_ / "out");
}

TEST_F(StudyNames, ANewlineInANameBreaksNeitherTableNorMessage) {
  const fs::path data = images("two\nlines", "O\nTHER", "a\nb\x1b[31m");
  const Finished done =
      run("study", quick() + Words{"--data", data.string(), "--epochs", "1", "--name", "new\nline"});
  ASSERT_EQ(done.code, 0) << done.err;
  const Finished list = run("study", {"list", "results/runs", "--columns", "name,data"});
  for (const std::string command : {"show", "audit", "issues"}) {
    Words words{"data", command, data.string(), "--size", "32", "--progress", "none"};
    if (command == "issues") words.insert(words.end(), {"--epochs", "1", "--batch", "4"});
    const Finished seen = run("study", words);
    ASSERT_EQ(seen.code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("O\\nTHER"), Not(HasSubstr("O\nTHER")), Not(HasSubstr("a\nb"))))
        << command;
  }
  EXPECT_THAT(done.out + done.err, AllOf(Not(HasSubstr("O\nTHER")), Not(HasSubstr("new\nline"))));
  EXPECT_THAT(list.out, AllOf(HasSubstr("new\\nline"), HasSubstr("two\\nlines")));
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 3) << list.out;
  const Finished predicted = run("study", {"predict", "results/runs/new\nline", (data / "test").string()});
  EXPECT_THAT(predicted.out, Not(HasSubstr("\x1b[31m")));
  EXPECT_EQ(std::count(predicted.out.begin(), predicted.out.end(), '\n'), 24 + 3) << predicted.out;
  const Finished missing = run("study", {"--data", "not\nthere"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1) << missing.err;
  const Finished resumed =
      run("study", {"--resume", "results/runs/new\nline", "--epochs", "2", "--progress", "none"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST_F(StudyNames, AnyLengthThatTheFileSystemAllowsWorks) {
  for (const std::size_t length : {230U, 255U}) {
    const fs::path data =
        images(std::string(length, 'f'), std::string(length, 'c'), std::string(length - 20, 'i'));
    const Finished shown = run("study", {"data", "show", data.string(), "--size", "32"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    const std::string name(length, 'n'), file = std::string(length - 3, 's') + ".h5";
    EXPECT_EQ(run("study", {"data", "import", data.string(), "--size", "32", "--out", file}).code, 0);
    EXPECT_EQ(run("study", {"data", "clean", file, "--out", std::string(length - 3, 'c') + ".h5"}).code, 0);
    const Finished done = run("study", quick() + Words{"--data", file, "--epochs", "1", "--name", name});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(run("study", {"--resume", "results/runs/" + name, "--epochs", "2", "--progress", "none"}).code,
              0);
  }
}

}  // namespace
}  // namespace dsx
