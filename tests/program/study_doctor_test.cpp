// `study doctor`: a line for every check, what is missing named with what mends it, and nobody's name.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "study/doctor/check.hpp"
#include "tests/program/run_program.hpp"

namespace dsx {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class StudyDoctor : public ProgramTest {
 protected:
  // The row of one check.
  json row(const std::vector<std::string>& flags, const std::string& name,
           const std::vector<std::pair<const char*, const char*>>& variables = {}) {
    std::vector<std::string> words{"doctor", "--json"};
    words.insert(words.end(), flags.begin(), flags.end());
    end_ = run("study", words, [&] {
      for (const auto& [key, value] : variables) ::setenv(key, value, 1);
    });
    const json page = json::parse(end_.out);
    for (const json& check : page.at("checks"))
      if (check.at("name") == name) return check;
    return {};
  }
  Finished end_;
};

TEST_F(StudyDoctor, HasALineForEveryCheck) {
  const Finished end = run("study", {"doctor"}, [&] { ::setenv("HOME", folder_.c_str(), 1); });
  EXPECT_THAT(end.code, ::testing::AnyOf(0, 5)) << end.err;
  EXPECT_THAT(end.out, ::testing::StartsWith("study "));
  for (const doctor::Check& check : doctor::check_table()) EXPECT_THAT(end.out, HasSubstr(check.name));
  EXPECT_THAT(end.out, Not(HasSubstr(folder_.string() + "/"))) << "a user's folder";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results")) << "it changes nothing";
}

TEST_F(StudyDoctor, AServerThatDoesNotAnswerIsMissing) {
  const json found = row({"--track", "http://me:secret@127.0.0.1:9"}, "tracking");
  EXPECT_EQ(found.at("status"), "missing");
  EXPECT_THAT(found.at("what").get<std::string>(), HasSubstr("127.0.0.1:9"));
  EXPECT_THAT(end_.out, Not(HasSubstr("secret")));
  EXPECT_EQ(end_.code, 5);
}

TEST_F(StudyDoctor, AFileWhereTheFolderShouldBeIsNamed) {
  std::ofstream(folder_ / "file") << "x";
  const json found = row({"--out", "file/results"}, "results");
  EXPECT_EQ(found.at("status"), "missing");
  EXPECT_THAT(found.at("mend").get<std::string>(), HasSubstr("--out"));
}

TEST_F(StudyDoctor, OneDnnHeldDownIsSaid) {
  const json found = row({}, "oneDNN", {{"ONEDNN_MAX_CPU_ISA", "SSE41"}});
  EXPECT_EQ(found.at("status"), "limited");
  EXPECT_THAT(found.at("what").get<std::string>(), HasSubstr("ONEDNN_MAX_CPU_ISA=SSE41"));
}

TEST_F(StudyDoctor, AnotherPythonThatLacksModulesIsNamed) {
  const json found = row({}, "page", {{"DOWNSCALEXR_PYTHON", "/bin/false"}});
  EXPECT_EQ(found.at("status"), "missing");
  EXPECT_THAT(found.at("what").get<std::string>(), HasSubstr("/bin/false"));
}

TEST_F(StudyDoctor, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run("study", {"doctor", "--epochs", "3"}).code, 2);
  EXPECT_EQ(run("study", {"doctor", "now"}).code, 2);
}

}  // namespace
}  // namespace dsx
