// Settings of any bytes through config.yaml and back: the same bytes, in a file that is UTF-8.
#include "study/settings/yaml_text.hpp"

#include <gmock/gmock.h>

#include <random>

#include "kernels/base/utf8.hpp"
#include "study/settings/settings.hpp"
#include "tests/study/error_of.hpp"

namespace dsx {
namespace {

using ::testing::HasSubstr;

settings::Settings read(const std::string& yaml) {
  settings::Settings settings;
  settings::Sources sources;
  settings::apply_yaml_text(settings, sources, yaml, "x.yaml");
  return settings;
}

std::string through_config(const std::string& data) {
  settings::Settings settings;
  settings.data = data;
  const std::string yaml = settings::to_yaml(settings, "a head of " + data);
  EXPECT_TRUE(is_utf8(yaml)) << as_utf8(yaml);
  return read(yaml).data;
}

TEST(YamlText, GivesTheSameBytesBack) {
  for (const std::string data : {"/tmp/r\xf6ntgen", "/tmp/r\xc3\xb6ntgen", "two\nlines", "cr\rand tab\t",
                                 "\xff", "# no comment", "yes", "", "!!binary AA==", "quote\"s' and \\x41",
                                 "\xef\xbf\xbe", "\xf4\x8f\x9f\xb6", "\xed\xa0\x80", "\xc2\x85\xe2\x80\xa8"})
    EXPECT_EQ(through_config(data), data) << as_utf8(data);
}

TEST(YamlText, GivesRandomBytesBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string data(1 + random() % 12, '\0');
    for (char& c : data) c = static_cast<char>(1 + random() % 255);
    ASSERT_EQ(through_config(data), data) << as_utf8(data);
  }
}

TEST(YamlText, SaysInACommentWhatBinaryHolds) {
  settings::Settings settings;
  settings.data = "/tmp/r\xf6ntgen";
  EXPECT_THAT(settings::to_yaml(settings, ""),
              HasSubstr("data: !!binary L3RtcC9y9m50Z2Vu  # /tmp/r\\xf6ntgen\n"));
}

TEST(YamlText, AFileWrittenInLatin1HoldsItsBytes) {
  EXPECT_EQ(read("# f\xfcr\ndata: /tmp/r\xf6ntgen\n").data, "/tmp/r\xf6ntgen");
  EXPECT_EQ(read("data: \"/tmp/\xe4\xf6\"  # \xfc\n").data, "/tmp/\xe4\xf6");
}

TEST(YamlText, RefusesBinaryThatIsNone) {
  for (const char* text : {"!!binary \"====\"", "!!binary x", "!!binary \"a\xc3\xb6=\"", "!!binary \"\"",
                           "!!binary \"AAAA\"", "!!binary \"L3=t\""})
    EXPECT_THAT(error_of([&] { read(std::string("data: ") + text + "\n"); }),
                HasSubstr("x.yaml:1: data: !!binary"))
        << text;
}

}  // namespace
}  // namespace dsx
